//! The HTTP client through which the playground speaks to the OpenID Provider.
//!
//! Implements `oauth2::AsyncHttpClient` on reqwest. It follows no redirect: an endpoint that
//! answers with one is misconfigured, and a token request must not travel further. A response
//! larger than 1 MiB or slower than ten seconds is an error.

use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use thiserror::Error;

const MAX_BODY_BYTES: usize = 1 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends requests, each within its limits.
#[derive(Clone, Debug)]
pub(super) struct HttpClient(reqwest::Client);

/// Why no usable response arrived.
#[derive(Debug, Error)]
pub(super) enum HttpError {
    #[error("the response is larger than 1 MiB")]
    TooLarge,
    #[error(transparent)]
    Transport(#[from] reqwest::Error),
    #[error(transparent)]
    Unreadable(#[from] http::Error),
}

impl HttpClient {
    /// Builds the client, with ring as the cryptography of TLS.
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        // Refused when the process has a provider already, which is then used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("vestibule-playground/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self(client))
    }

    /// Sends one request and reads the whole response.
    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut received = self.0.execute(request.try_into()?).await?;
        let mut response = http::Response::builder().status(received.status());
        for (name, value) in received.headers() {
            response = response.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(chunk) = received.chunk().await? {
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
