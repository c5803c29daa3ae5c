//! What goes wrong, as a response: a page for people, JSON for clients.
//!
//! An internal failure is logged once, here, where it becomes a response. The page shows the request's
//! reference, which stands in the log; it never shows the failure itself.
//!
//! A [`PageError`] knows no language and no brand, so it travels as an extension of its response, and
//! [`render`], a middleware, makes the page of it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::faces::Meant;
use super::page::{ErrorPage, Message, page};
use super::request_id::RequestId;
use super::site::Site;
use crate::passwords::PasswordError;
use crate::protocol::token::{basic_challenge, www_authenticate};
use crate::protocol::{ErrorCode, OAuthError};

/// Seconds after which it is worth trying again when the database is down or too much is going on.
const RETRY_AFTER: &str = "5";

/// Why an End-User sees a page that they didn't ask for.
#[derive(Debug, Clone)]
pub enum PageError {
    /// Too much is going on.
    Busy,
    /// The sign-in took too long, or its link was opened elsewhere.
    ExpiredLink {
        /// Where it can start anew.
        back: Option<String>,
    },
    /// A form that no page of ours has made, or one that is too old.
    ForeignForm,
    /// Something of ours failed; it is logged already.
    Internal,
    /// The request of a client that can't be answered to the client.
    Rejected {
        /// The error code.
        code: ErrorCode,
        /// What a developer can act on.
        description: String,
        /// Where the application is.
        back: Option<String>,
    },
    /// The user may not sign in.
    Suspended {
        /// Where the application is.
        back: Option<String>,
    },
    /// The database is down.
    Unavailable,
    /// There is no such page.
    Unknown,
}

impl PageError {
    /// The page for an error that has no redirect URI to go to (RFC 6749 §4.1.2.1).
    pub fn bad_request(error: &OAuthError) -> Self {
        Self::rejected(error, None)
    }

    /// The same, with a way back to the application.
    pub fn rejected(error: &OAuthError, back: Option<&str>) -> Self {
        Self::Rejected {
            code: error.code,
            description: error.description().to_owned(),
            back: back.map(str::to_owned),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Busy | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::ExpiredLink { .. } | Self::Rejected { .. } => StatusCode::BAD_REQUEST,
            Self::ForeignForm | Self::Suspended { .. } => StatusCode::FORBIDDEN,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unknown => StatusCode::NOT_FOUND,
        }
    }

    /// The name of the page's texts in the catalogue.
    fn texts(&self) -> (&'static str, &'static str) {
        match self {
            Self::Busy | Self::Unavailable => ("error-busy-title", "error-busy-explanation"),
            Self::ExpiredLink { .. } => ("error-expired-title", "error-expired-explanation"),
            Self::ForeignForm => ("error-form-title", "error-form-explanation"),
            Self::Internal => ("error-internal-title", "error-internal-explanation"),
            Self::Rejected { .. } => ("error-request-title", "error-request-explanation"),
            Self::Suspended { .. } => ("error-suspended-title", "error-suspended-explanation"),
            Self::Unknown => ("error-not-found-title", "error-not-found-explanation"),
        }
    }
}

impl From<sqlx::Error> for PageError {
    fn from(error: sqlx::Error) -> Self {
        if is_outage(&error) {
            tracing::warn!(%error, "the database is out of reach");
            Self::Unavailable
        } else {
            tracing::error!(%error, "the database refused");
            Self::Internal
        }
    }
}

impl From<crate::tokens::keyring::KeyError> for PageError {
    fn from(error: crate::tokens::keyring::KeyError) -> Self {
        tracing::error!(%error, "the signing keys failed");
        Self::Internal
    }
}

impl From<PasswordError> for PageError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy,
            PasswordError::Failed(_) => {
                tracing::error!(%error, "a password could not be hashed");
                Self::Internal
            }
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Whether a failure is the database's absence rather than a refusal.
fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolClosed
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::Tls(_) => true,
        // PostgreSQL: class 08, connection exceptions; class 57, the operator shut it down; 53300, too many connections.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            code.starts_with("08") || code.starts_with("57P") || code == "53300"
        }),
        _ => false,
    }
}

/// Makes the page of a [`PageError`] that passes by.
///
/// It is in the look of the organization that is meant, as far as serving the request has shown which one that is.
pub async fn render(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let meant = Meant::default();
    request.extensions_mut().insert(meant.clone());
    let language = request.headers().get(header::ACCEPT_LANGUAGE).cloned();
    let reference = request.extensions().get::<RequestId>().copied();
    let response = next.run(request).await;
    let Some(error) = response.extensions().get::<Arc<PageError>>().cloned() else {
        return response;
    };
    let language = language.map(|value| (header::ACCEPT_LANGUAGE, value));
    let headers: HeaderMap = language.into_iter().collect();
    let mut shell = match *error {
        PageError::Busy | PageError::Unavailable => site.shell(&headers, None),
        _ => site.page_shell(&headers, None).await,
    };
    shell.organization = meant.organization().cloned();
    let reference = reference.map(|id| id.to_string());
    let (heading, explanation) = error.texts();
    let (code, description) = match &*error {
        PageError::Rejected {
            code, description, ..
        } => (Some(code.as_str()), Some(description.as_str())),
        _ => (None, None),
    };
    let back = match &*error {
        PageError::ExpiredLink { back }
        | PageError::Rejected { back, .. }
        | PageError::Suspended { back } => back.as_deref(),
        _ => None,
    };
    let mut rendered = page(
        error.status(),
        &ErrorPage {
            shell: &shell,
            heading: Message::new(heading),
            explanation: Message::new(explanation),
            code,
            description,
            reference: reference.as_deref(),
            back,
        },
    );
    if error.status() == StatusCode::SERVICE_UNAVAILABLE {
        rendered
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
    }
    rendered
}

/// An error at an endpoint that answers in JSON (RFC 6749 §5.2).
#[derive(Debug)]
pub struct JsonError {
    error: OAuthError,
    retry: bool,
    by_header: bool,
}

impl JsonError {
    /// What kind of error it is.
    pub fn code(&self) -> ErrorCode {
        self.error.code
    }

    /// The error of a client that authenticated by header: a failure of that is a challenge (RFC 6749 §5.2).
    #[must_use]
    pub fn by_header(self, by_header: bool) -> Self {
        Self { by_header, ..self }
    }
}

impl From<OAuthError> for JsonError {
    fn from(error: OAuthError) -> Self {
        if let Some(source) = std::error::Error::source(&error) {
            tracing::error!(source, "a request failed");
        }
        Self {
            error,
            retry: false,
            by_header: false,
        }
    }
}

impl From<sqlx::Error> for JsonError {
    fn from(error: sqlx::Error) -> Self {
        match PageError::from(error) {
            PageError::Unavailable => Self::later("the database is out of reach; try again"),
            _ => Self::internal(),
        }
    }
}

impl From<crate::tokens::keyring::KeyError> for JsonError {
    fn from(error: crate::tokens::keyring::KeyError) -> Self {
        tracing::error!(%error, "the signing keys failed");
        Self::internal()
    }
}

impl JsonError {
    /// An error that is ours and will pass.
    pub fn later(description: &'static str) -> Self {
        Self {
            error: OAuthError::new(ErrorCode::TemporarilyUnavailable, description),
            retry: true,
            by_header: false,
        }
    }

    /// An error that is ours.
    pub fn internal() -> Self {
        let error = OAuthError::new(
            ErrorCode::ServerError,
            "the server failed; the log says why",
        );
        Self {
            error,
            retry: false,
            by_header: false,
        }
    }
}

impl JsonError {
    /// How to come again: in reply to credentials in the header (RFC 6749 §5.2), or to a token (RFC 6750 §3).
    fn challenge(&self) -> Option<String> {
        match self.error.code {
            ErrorCode::InvalidClient if self.by_header => Some(basic_challenge(super::REALM)),
            ErrorCode::InvalidToken => Some(www_authenticate(&self.error, super::REALM)),
            _ => None,
        }
    }
}

impl IntoResponse for JsonError {
    fn into_response(self) -> Response {
        let status = match self.error.code {
            _ if self.retry => StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::from_u16(self.error.status()).unwrap_or(StatusCode::BAD_REQUEST),
        };
        let mut response = (
            status,
            [(header::CACHE_CONTROL, "no-store")],
            Json(&self.error),
        )
            .into_response();
        if self.retry {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        if let Some(challenge) = self.challenge()
            && let Ok(challenge) = HeaderValue::from_str(&challenge)
        {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
