//! The database goes away, and comes back.
//!
//! A relay stands between server and database; closing it cuts all connections and refuses new ones.

use std::net::SocketAddr;

use reqwest::StatusCode;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

use super::binary::eventually;
use crate::support::{Engine, PASSWORD, World};

struct Relay {
    here: SocketAddr,
    there: String,
    /// While it is open.
    task: Option<JoinHandle<()>>,
}

impl Relay {
    async fn to(database: &Url) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("there are free ports");
        let host = database.host_str().expect("the server has a host");
        let mut relay = Self {
            here: listener.local_addr().expect("it is bound"),
            there: format!("{host}:{}", database.port().unwrap_or(5432)),
            task: None,
        };
        relay.listen(listener);
        relay
    }

    fn listen(&mut self, listener: TcpListener) {
        let there = self.there.clone();
        self.task = Some(tokio::spawn(async move {
            // Dropped with this task, and with it all connections.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((mut from, _)) = listener.accept().await {
                let there = there.clone();
                connections.spawn(async move {
                    let Ok(mut to) = TcpStream::connect(there).await else {
                        return;
                    };
                    let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                });
            }
        }));
    }

    async fn close(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            let _ = task.await;
        }
    }

    async fn open(&mut self) {
        let listener = TcpListener::bind(self.here).await;
        self.listen(listener.expect("the port is still ours"));
    }
}

async fn status_of(world: &World, path: &str) -> (StatusCode, Option<String>) {
    let answer = World::http().get(world.url(path)).send().await;
    let answer = answer.expect("the server answers");
    let wait = answer.headers().get("retry-after");
    let wait = wait
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    (answer.status(), wait)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn without_the_database_the_server_says_so_and_recovers_with_it() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let mut url = Url::parse(&Engine::Postgres.url(folder.path()).await).expect("an address");
    let mut relay = Relay::to(&url).await;
    url.set_port(Some(relay.here.port()))
        .expect("the address has a host");
    let settings = [
        ("DATABASE__URL", url.as_str()),
        ("DATABASE__ACQUIRE_TIMEOUT_SECONDS", "1"),
    ];
    let world = World::on_with(Engine::Postgres, &settings).await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let (mut browser, tokens) = world.signed_in(&client, "ada@example.test").await;
    let refresh_token = tokens.refresh_token.clone().expect("offline");

    relay.close().await;
    // More requests than there are connections, so that each is found dead once.
    for _ in 0..8 {
        let (status, _) = status_of(&world, "/readyz").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let (status, wait) = status_of(&world, "/").await;
        // Without a cookie the home page asks for nobody, but it looks.
        assert_eq!(
            (status, wait.as_deref()),
            (StatusCode::SERVICE_UNAVAILABLE, Some("5"))
        );
    }
    assert_eq!(status_of(&world, "/healthz").await.0, StatusCode::OK);
    let keys = status_of(&world, "/.well-known/jwks.json").await.0;
    assert_eq!(keys, StatusCode::OK, "keys are in memory");
    world.pass(1); // The copy of the client is too old now.
    let answer = client.refresh(&refresh_token).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers["retry-after"], "5");
    assert_eq!(answer.error(), "temporarily_unavailable");
    let answer = client.userinfo(&tokens.access_token).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let page = browser.open(&client.authorize_url(&[])).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(page.id(), "page-error");
    assert!(
        !page.html.contains("postgres"),
        "no internal detail is shown"
    );

    relay.open().await;
    eventually("ready", || async {
        status_of(&world, "/readyz").await.0 == StatusCode::OK
    })
    .await;
    // By itself, and all of it at once.
    for _ in 0..8 {
        assert_eq!(status_of(&world, "/").await.0, StatusCode::OK);
    }
    assert_eq!(client.refresh(&refresh_token).await.status, StatusCode::OK);
    browser.open(&client.authorize_url(&[])).await;
    client.redeem(browser.arrived()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn connections_that_died_unnoticed_fail_no_request() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let mut url = Url::parse(&Engine::Postgres.url(folder.path()).await).expect("an address");
    let mut relay = Relay::to(&url).await;
    url.set_port(Some(relay.here.port()))
        .expect("the address has a host");
    let world = World::on_with(Engine::Postgres, &[("DATABASE__URL", url.as_str())]).await;
    // Five connections, at rest.
    let held: Vec<_> = [(); 5].map(|()| world.app.db.read()).into_iter().collect();
    for transaction in held {
        drop(transaction.await.expect("it can be read"));
    }
    relay.close().await;
    relay.open().await;
    let mut failures = 0;
    for _ in 0..10 {
        failures += u32::from(status_of(&world, "/").await.0 != StatusCode::OK);
    }
    assert!(
        failures <= 5,
        "each dead connection costs one request at most: {failures}"
    );
    assert_eq!(status_of(&world, "/").await.0, StatusCode::OK);
}
