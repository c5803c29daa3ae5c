//! The limits, tried over loopback sockets.

use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::*;

const LIMITS: ServerLimits = ServerLimits {
    max_connections: 8,
    header_timeout: Duration::from_millis(150),
    keep_alive: Duration::from_millis(300),
    close_timeout: Duration::from_millis(150),
    shutdown_grace: Duration::from_secs(10),
};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// The same with RFC 9113 §3.4's preface: an empty SETTINGS frame and, on stream 1, HEADERS.
const HTTP2_REQUEST: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\
    \x00\x00\x00\x04\x00\x00\x00\x00\x00\
    \x00\x00\x0e\x01\x05\x00\x00\x00\x01\x82\x86\x84\x41\x09localhost";

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(10);

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

impl Running {
    async fn start(router: Router, limits: ServerLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(async move {
            let shutdown = async { stopped.await.unwrap_or_default() };
            serve(listener, router, &limits, shutdown).await
        });
        Self {
            address,
            stop,
            server,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        timeout(PATIENCE, self.server)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
}

fn hello() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

/// A route that answers when it is told to, and says when it was asked.
fn patient() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (asked, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (asked_here, go_on_here) = (Arc::clone(&asked), Arc::clone(&go_on));
    let handler = move || async move {
        asked_here.notify_one();
        go_on_here.notified().await;
        "patience"
    };
    (Router::new().route("/", get(handler)), asked, go_on)
}

/// What the server sends until it closes the connection.
async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A connection closed with bytes unread is reset, which is an end as well.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes))
        .await
        .expect("closes");
    String::from_utf8(bytes).unwrap()
}

async fn read_until(stream: &mut TcpStream, end: &str) {
    let mut text = String::new();
    while !text.ends_with(end) {
        let mut byte = [0];
        timeout(PATIENCE, stream.read_exact(&mut byte))
            .await
            .unwrap()
            .unwrap();
        text.push(char::from(byte[0]));
    }
}

#[tokio::test]
async fn a_client_that_never_finishes_asking_is_sent_away() {
    let running = Running::start(hello(), LIMITS).await;
    for beginning in ["", "P", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nhost: loc"] {
        let mut stream = running.connect().await;
        stream.write_all(beginning.as_bytes()).await.unwrap();
        assert!(
            !read_to_end(&mut stream).await.contains("hello"),
            "{beginning}"
        );
    }
    running.stop().await;
}

#[tokio::test]
async fn a_connection_that_rests_too_long_is_closed() {
    let running = Running::start(hello(), LIMITS).await;
    let mut stream = running.connect().await;
    for _ in 0..2 {
        stream.write_all(REQUEST).await.unwrap();
        read_until(&mut stream, "hello").await;
    }
    assert_eq!(read_to_end(&mut stream).await, "");
    running.stop().await;
}

#[tokio::test]
async fn a_client_that_never_finishes_asking_again_is_sent_away() {
    let running = Running::start(hello(), LIMITS).await;
    let mut stream = running.connect().await;
    stream.write_all(REQUEST).await.unwrap();
    read_until(&mut stream, "hello").await;
    // Bytes keep coming until the connection is closed, and never make a request.
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    while stream.write_all(b"a: b\r\n").await.is_ok() {
        sleep(LIMITS.keep_alive / 10).await;
    }
    running.stop().await;
}

#[tokio::test]
async fn a_request_may_take_longer_than_its_head() {
    let (router, asked, go_on) = patient();
    let running = Running::start(router, LIMITS).await;
    let mut stream = running.connect().await;
    stream.write_all(REQUEST).await.unwrap();
    asked.notified().await;
    sleep(LIMITS.keep_alive * 2).await;
    go_on.notify_one();
    read_until(&mut stream, "patience").await;
    running.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_sent_away() {
    let large = Router::new().route("/", get(|| async { vec![b'x'; 64 * 1024 * 1024] }));
    let limits = ServerLimits {
        max_connections: 1,
        ..LIMITS
    };
    let running = Running::start(large, limits).await;
    let mut silent = running.connect().await;
    silent.write_all(REQUEST).await.unwrap();
    let mut next = running.connect().await;
    next.write_all(REQUEST).await.unwrap();
    read_until(&mut next, "200 OK").await;
    drop((silent, next));
    running.stop().await;
}

#[tokio::test]
async fn requests_in_flight_are_finished_at_shutdown_and_no_others_begun() {
    let (router, asked, go_on) = patient();
    let limits = ServerLimits {
        close_timeout: PATIENCE,
        ..LIMITS
    };
    let running = Running::start(router, limits).await;
    let mut resting = running.connect().await;
    let mut busy = running.connect().await;
    busy.write_all(REQUEST).await.unwrap();
    asked.notified().await;
    let address = running.address;
    let stopping = tokio::spawn(running.stop());
    assert_eq!(read_to_end(&mut resting).await, "");
    assert!(TcpStream::connect(address).await.is_err());
    go_on.notify_one();
    assert!(read_to_end(&mut busy).await.ends_with("patience"));
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_request_on_its_way_when_the_server_stops_is_answered_as_the_last_one() {
    let running = Running::start(hello(), LIMITS).await;
    let mut resting = running.connect().await;
    resting.write_all(REQUEST).await.unwrap();
    read_until(&mut resting, "hello").await;
    let mut fresh = running.connect().await;
    running.stop.send(()).unwrap();
    sleep(LATE_REQUESTS / 5).await;
    for stream in [&mut resting, &mut fresh] {
        stream.write_all(REQUEST).await.unwrap();
        let answer = read_to_end(stream).await;
        assert!(
            answer.contains("connection: close") && answer.ends_with("hello"),
            "{answer}"
        );
    }
    timeout(PATIENCE, running.server)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn the_shutdown_does_not_wait_for_ever() {
    let (router, asked, _go_on) = patient();
    let limits = ServerLimits {
        close_timeout: PATIENCE,
        shutdown_grace: Duration::from_millis(100),
        ..LIMITS
    };
    let running = Running::start(router, limits).await;
    let mut stream = running.connect().await;
    stream.write_all(REQUEST).await.unwrap();
    asked.notified().await;
    running.stop().await;
    assert_eq!(read_to_end(&mut stream).await, "");
}

#[tokio::test]
async fn connections_above_the_cap_wait() {
    let (router, asked, go_on) = patient();
    let limits = ServerLimits {
        max_connections: 1,
        ..LIMITS
    };
    let running = Running::start(router, limits).await;
    let mut first = running.connect().await;
    first.write_all(REQUEST).await.unwrap();
    asked.notified().await;
    let mut second = running.connect().await;
    second.write_all(REQUEST).await.unwrap();
    let early = timeout(LIMITS.keep_alive / 3, asked.notified()).await;
    assert!(early.is_err(), "the second is served beside the first");
    go_on.notify_one();
    read_until(&mut first, "patience").await;
    drop(first);
    timeout(PATIENCE, asked.notified())
        .await
        .expect("the second is served after the first");
    go_on.notify_one();
    read_until(&mut second, "patience").await;
    running.stop().await;
}

#[tokio::test]
async fn handlers_know_their_peer_over_http_1_and_2() {
    let whoami = get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() });
    let running = Running::start(Router::new().route("/", whoami), LIMITS).await;
    let mut stream = running.connect().await;
    let own = stream.local_addr().unwrap().to_string();
    stream.write_all(REQUEST).await.unwrap();
    read_until(&mut stream, &own).await;

    let mut stream = running.connect().await;
    let own = stream.local_addr().unwrap().to_string();
    stream.write_all(HTTP2_REQUEST).await.unwrap();
    read_until(&mut stream, &own).await;
    running.stop().await;
}
