//! `vestibule playground`: a small relying party for development.
//!
//! Signs in at an OpenID Provider with the authorization code flow (OpenID Connect Core 1.0
//! §3.1, PKCE, RFC 9207), shows both tokens taken apart and verified, and offers a button for
//! each endpoint. It is a client like any other: it knows nothing of the server beside it and
//! would work with another provider.
//!
//! # Decision
//!
//! This module is a surface and a federation in one, so it names axum as `web` does and
//! openidconnect as `federation` does. Keeping it away from both shows that the server can be
//! used through its specification alone. State, nonce and cookie values come from the crate's
//! own generator; nothing here is meant for production.

mod guard;
mod http;
mod inspection;
mod json;
mod problem;
mod provider;
mod session;
mod sign_in;
mod token_page;
mod words;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use clap::Args;
use openidconnect::{ClientId, ClientSecret, IssuerUrl, RedirectUrl};
use thiserror::Error;
use tokio::net::TcpListener;
use url::Url;

use self::http::HttpClient;
use self::provider::Provider;
use self::session::Sessions;
use crate::clock::Clock;

/// How the playground is started.
#[derive(Args, Clone)]
pub struct Options {
    /// The issuer of the OpenID Provider, exactly as it names itself
    #[arg(
        long,
        env = "VESTIBULE_PLAYGROUND_ISSUER",
        default_value = "http://localhost:8080",
        value_name = "URL"
    )]
    pub issuer: String,

    /// The client id under which the playground is registered
    #[arg(long, env = "VESTIBULE_PLAYGROUND_CLIENT_ID", value_name = "ID")]
    pub client_id: String,

    /// The client secret; leave it out for a public client
    ///
    /// Other users of the machine can read the command line: prefer the environment variable.
    #[arg(
        long,
        env = "VESTIBULE_PLAYGROUND_CLIENT_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub client_secret: Option<String>,

    /// Where to listen
    #[arg(
        long,
        env = "VESTIBULE_PLAYGROUND_LISTEN",
        default_value = "127.0.0.1:8090",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,

    /// The URL under which browsers reach the playground [default: http:// and where it listens]
    ///
    /// The application needs URL/callback as a redirect URI and URL/signed-out as a logout URI.
    #[arg(long, env = "VESTIBULE_PLAYGROUND_URL", value_name = "URL")]
    pub url: Option<String>,

    /// The scopes to ask for, separated by spaces
    #[arg(
        long,
        env = "VESTIBULE_PLAYGROUND_SCOPES",
        default_value = "openid profile email",
        value_name = "SCOPES"
    )]
    pub scopes: String,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret.as_ref().map(|_| "…"))
            .field("listen", &self.listen)
            .field("url", &self.url)
            .field("scopes", &self.scopes)
            .finish()
    }
}

/// Why the playground did not start, or stopped.
#[derive(Debug, Error)]
pub enum PlaygroundError {
    #[error("cannot listen on {address}; choose another address with --listen")]
    Bind {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("cannot set up the HTTP client")]
    HttpClient(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the issuer {issuer} is not a URL; give it as the provider names itself")]
    Issuer {
        issuer: String,
        source: url::ParseError,
    },
    #[error("the server of the playground failed")]
    Serve(#[source] io::Error),
    #[error("{url} is not a URL of the form http://host:port; correct --url")]
    Url { url: String },
}

/// What every handler shares.
struct Playground {
    /// Where browsers reach the playground: an origin, without a path.
    base: Url,
    clock: Clock,
    provider: Provider,
    scopes: Vec<String>,
    sessions: Sessions,
}

/// Serves the playground until `shutdown` resolves.
pub async fn run(
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), PlaygroundError> {
    let address = options.listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| PlaygroundError::Bind { address, source })?;
    serve(options, listener, Clock::System, shutdown).await
}

async fn serve(
    options: Options,
    listener: TcpListener,
    clock: Clock,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), PlaygroundError> {
    let address = listener.local_addr().map_err(PlaygroundError::Serve)?;
    let playground = Arc::new(Playground::new(options, address, clock)?);
    println!("The playground is at {}", playground.base);
    if let Err(error) = playground.provider.discover().await {
        tracing::warn!(%error, "the issuer does not answer yet; it is asked again at sign-in");
    }
    axum::serve(listener, routes(playground))
        .with_graceful_shutdown(shutdown)
        .await
        .map_err(PlaygroundError::Serve)
}

fn routes(playground: Arc<Playground>) -> Router {
    Router::new()
        .route("/", get(sign_in::start))
        .route("/sign-in", get(sign_in::begin))
        .route("/callback", get(sign_in::callback))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/signed-out", get(sign_in::signed_out))
        .route("/tokens", get(token_page::show))
        .route("/refresh", post(token_page::refresh))
        .route("/userinfo", post(token_page::userinfo))
        .route("/introspect", post(token_page::introspect))
        .route("/revoke", post(token_page::revoke))
        .fallback(problem::no_such_page)
        .layer(from_fn_with_state(
            Arc::clone(&playground),
            guard::same_site,
        ))
        .route("/playground.css", get(guard::stylesheet))
        .layer(from_fn(guard::headers))
        .with_state(playground)
}

impl Playground {
    fn new(options: Options, address: SocketAddr, clock: Clock) -> Result<Self, PlaygroundError> {
        let base = base(options.url, address)?;
        let issuer =
            IssuerUrl::new(options.issuer.clone()).map_err(|source| PlaygroundError::Issuer {
                issuer: options.issuer,
                source,
            })?;
        let http = HttpClient::new().map_err(|error| PlaygroundError::HttpClient(error.into()))?;
        let mut callback = base.clone();
        callback.set_path("/callback");
        Ok(Self {
            base,
            clock,
            provider: Provider::new(
                issuer,
                ClientId::new(options.client_id),
                options.client_secret.map(ClientSecret::new),
                RedirectUrl::from_url(callback),
                http,
            ),
            scopes: options
                .scopes
                .split_ascii_whitespace()
                .map(ToOwned::to_owned)
                .collect(),
            sessions: Sessions::default(),
        })
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }
}

/// The URL of the playground: as configured, or where it listens.
fn base(configured: Option<String>, address: SocketAddr) -> Result<Url, PlaygroundError> {
    let url = configured.unwrap_or_else(|| {
        // 0.0.0.0 is an address to listen on, not one to visit.
        let visible = if address.ip().is_unspecified() {
            SocketAddr::from((Ipv4Addr::LOCALHOST, address.port()))
        } else {
            address
        };
        format!("http://{visible}")
    });
    match Url::parse(&url) {
        Ok(base) if base.has_host() && base.path() == "/" && base.query().is_none() => Ok(base),
        _ => Err(PlaygroundError::Url { url }),
    }
}
