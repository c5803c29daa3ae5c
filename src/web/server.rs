//! Accepts connections and serves them, within limits.
//!
//! `axum::serve` knows neither a timeout nor a cap: whoever opens connections and stays silent takes
//! the server down. Here a connection is closed that does not ask its first question soon, whether it
//! is silent or sends it byte by byte, or that then rests too long, or does not read its answer; and
//! above the cap, connections wait to be accepted. HTTP/1.1 (RFC 9112) and HTTP/2
//! with prior knowledge (RFC 9113 §3.3); TLS ends at the proxy before it.
//!
//! How long a request may take and how large it may be is decided by layers of the router.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{CONNECTION, HeaderValue};
use axum::http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tower::Service as _;

use crate::config::Server;

/// What connections may cost.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Connections served at once.
    pub max_connections: usize,
    /// For the head of the first request.
    pub header_timeout: Duration,
    /// For the rest between two requests, and for the head of a later one.
    pub keep_alive: Duration,
    /// For the end of what is under way when a connection is told to close.
    pub close_timeout: Duration,
    /// For the end of all that is under way when the server is told to stop.
    pub shutdown_grace: Duration,
}

impl From<&Server> for ServerLimits {
    fn from(settings: &Server) -> Self {
        Self {
            max_connections: settings.max_connections,
            header_timeout: settings.header_timeout.to_std(),
            keep_alive: settings.keep_alive.to_std(),
            close_timeout: settings.request_timeout.to_std(),
            shutdown_grace: settings.shutdown_grace.to_std(),
        }
    }
}

/// Serves `router` until `shutdown` is ready, then finishes the requests in flight.
///
/// Handlers find the peer's address as `ConnectInfo<SocketAddr>`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &ServerLimits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(limits.max_connections));
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let begin = |connections: &mut JoinSet<()>, (stream, peer, place)| {
        let connection = serve_connection(stream, peer, router.clone(), *limits, stopped.clone());
        connections.spawn(async move {
            connection.await;
            drop::<OwnedSemaphorePermit>(place);
        });
    };
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = shutdown.as_mut() => break,
            Some(_) = connections.join_next() => {}
            accepted = accept(&listener, &places) => begin(&mut connections, accepted?),
        }
    }
    // Those that the system has already accepted for us would otherwise be reset.
    let listener = listener.into_std()?;
    for _ in 0..MAX_LATE_CONNECTIONS {
        match accept_late(&listener, &places) {
            Some(accepted) => begin(&mut connections, accepted),
            None => break,
        }
    }
    drop(listener);
    stop.send_replace(true);
    let finished = async { while connections.join_next().await.is_some() {} };
    if timeout(limits.shutdown_grace, finished).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "closed before they had finished"
        );
    }
    Ok(())
}

/// Takes the next connection as soon as there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return Ok((stream, peer, place)),
            Err(error) if belongs_to_connection(&error) => {}
            Err(error) => {
                // Most likely the limit of open files: it passes when connections end.
                tracing::error!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

/// Takes a connection that waits already, if there is a place for it.
///
/// The system is asked, and not the runtime, which may not have heard of it yet.
fn accept_late(
    listener: &std::net::TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).try_acquire_owned().ok()?;
    loop {
        match listener.accept() {
            Ok((stream, peer)) => {
                stream.set_nonblocking(true).ok()?;
                return Some((TcpStream::from_std(stream).ok()?, peer, place));
            }
            Err(error) if belongs_to_connection(&error) => {}
            Err(_) => return None,
        }
    }
}

fn belongs_to_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: ServerLimits,
    mut stopped: watch::Receiver<bool>,
) {
    // Answers are small and complete: waiting for more to send would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let shared = Arc::new(Shared {
        router,
        peer,
        stopped: stopped.clone(),
        activity: Activity::new(),
    });
    let service = {
        let shared = Arc::clone(&shared);
        service_fn(move |request| answer(InFlight::new(&shared), request))
    };
    let protocol = protocol();
    let mut connection = pin!(protocol.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        biased;
        outcome = connection.as_mut() => return log_end(outcome),
        () = stop_and_rest(&mut stopped) => {}
        () = shared.activity.silent(limits.header_timeout) => return,
        () = shared.activity.rested(limits.keep_alive) => {}
    }
    connection.as_mut().graceful_shutdown();
    if let Ok(outcome) = timeout(limits.close_timeout, connection).await {
        log_end(outcome);
    } else {
        tracing::debug!(%peer, "closed a connection that did not come to its end");
    }
}

fn protocol() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // `Activity` sees a head that takes too long, and costs no timer for each request.
        .header_read_timeout(None)
        .max_buf_size(MAX_HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HTTP2_HEAD_BYTES);
    builder
}

const LATE_REQUESTS: Duration = Duration::from_millis(250);
const MAX_LATE_CONNECTIONS: usize = 1024;
const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_HTTP2_HEAD_BYTES: u32 = 64 * 1024;
const MAX_STREAMS: u32 = 100;

/// What the requests of one connection have in common.
struct Shared {
    router: Router,
    peer: SocketAddr,
    stopped: watch::Receiver<bool>,
    activity: Activity,
}

async fn answer(
    in_flight: InFlight,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let InFlight(shared) = &in_flight;
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(shared.peer));
    let version = request.version();
    // A router is always ready.
    let mut response = shared.router.clone().call(request).await?;
    if *shared.stopped.borrow() && version <= Version::HTTP_11 {
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// Ready a moment after the server is told to stop.
///
/// In that moment requests that are on their way still arrive, and the answer to each tells an
/// HTTP/1.1 client that it is the last one (RFC 9112 §9.6).
async fn stop_and_rest(stopped: &mut watch::Receiver<bool>) {
    // An error means that `serve` is gone, which is a stop as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
    sleep(LATE_REQUESTS).await;
}

fn log_end<E: AsRef<dyn std::error::Error + Send + Sync>>(outcome: Result<(), E>) {
    if let Err(error) = outcome {
        tracing::debug!(error = error.as_ref(), "a connection ended early");
    }
}

/// Whether a connection has requests in flight, and since when it has none.
struct Activity {
    start: Instant,
    in_flight: AtomicUsize,
    /// Milliseconds since the start; [`NEVER`] before the first request has been answered.
    resting_since: AtomicU64,
}

const NEVER: u64 = u64::MAX;

impl Activity {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            in_flight: AtomicUsize::new(0),
            resting_since: AtomicU64::new(NEVER),
        }
    }

    /// Ready when no request has arrived in that time, and never otherwise.
    async fn silent(&self, duration: Duration) {
        sleep(duration).await;
        if self.is_busy() || self.resting_since.load(Ordering::Relaxed) != NEVER {
            std::future::pending::<()>().await;
        }
    }

    /// Ready when no request has been in flight for that long after the first.
    async fn rested(&self, duration: Duration) {
        let mut wait = duration;
        while !wait.is_zero() {
            sleep(wait).await;
            wait = match (self.is_busy(), self.resting_since.load(Ordering::Relaxed)) {
                (true, _) | (_, NEVER) => duration,
                (false, since) => {
                    (Duration::from_millis(since) + duration).saturating_sub(self.start.elapsed())
                }
            };
        }
    }

    fn is_busy(&self) -> bool {
        self.in_flight.load(Ordering::Acquire) > 0
    }
}

/// A request in flight, until it is dropped.
struct InFlight(Arc<Shared>);

impl InFlight {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.activity.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(shared))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let activity = &self.0.activity;
        let elapsed = u64::try_from(activity.start.elapsed().as_millis()).unwrap_or(NEVER - 1);
        activity.resting_since.store(elapsed, Ordering::Relaxed);
        activity.in_flight.fetch_sub(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests;
