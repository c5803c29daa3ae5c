//! What goes wrong at the management and the account API, as JSON.
//!
//! # Decision
//!
//! The form is `{"errors": [{"code", "message"}]}`, because published clients of this API read it; Problem
//! Details (RFC 9457) they would not.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::protocol::OAuthError;
use crate::protocol::token::{bearer_challenge, www_authenticate};
use crate::web::REALM;
use crate::web::error::PageError;

/// Seconds after which it is worth trying again when the database is down.
const RETRY_AFTER: &str = "5";

/// Why a request was refused; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    field: Option<Cow<'static, str>>,
    challenge: Option<String>,
}

/// The body of an error.
#[derive(Debug, Serialize, ToSchema)]
pub struct Errors {
    errors: Vec<OneError>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct OneError {
    /// Names the error to programs.
    code: &'static str,
    /// Says what to do.
    message: String,
    /// Which member or parameter it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            field: None,
            challenge: None,
        }
    }

    /// The request can't be done as it stands: 400.
    pub fn refused(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// A member or parameter has no value that it may have: 400 `INVALID_FIELD`.
    pub fn field(
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let field = field.into();
        let message = format!("{field} {}", message.into());
        Self {
            field: Some(field),
            ..Self::refused("INVALID_FIELD", message)
        }
    }

    /// The same, about a member or parameter.
    #[must_use]
    pub fn about(self, field: impl Into<Cow<'static, str>>) -> Self {
        Self {
            field: Some(field.into()),
            ..self
        }
    }

    /// The caller may not: 403.
    pub fn forbidden(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// What is asked for does not exist, or not for this caller: 404.
    pub fn not_found(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// There is no such route: 404.
    pub fn no_route() -> Self {
        Self::not_found(
            "ROUTE_NOT_FOUND",
            "there is no such route: see the API's description",
        )
    }

    /// The route knows other methods: 405.
    pub fn no_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            "this route does not know the method: see the API's description",
        )
    }

    /// The body is larger than any that makes sense here: 413.
    pub fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "BODY_TOO_LARGE",
            "the body is too large: send less at once",
        )
    }

    /// The client has asked too often: 429.
    pub fn too_many() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_REQUESTS",
            "too many requests: wait for as many seconds as Retry-After says, and call less often",
        )
    }

    /// A request without a token, or with one that is no good: 401 (RFC 6750 §3).
    pub fn unauthenticated(error: Option<&OAuthError>) -> Self {
        let challenge = error.map_or_else(
            || bearer_challenge(REALM),
            |error| www_authenticate(error, REALM),
        );
        let message = error.map_or_else(
            || "an access token is needed as Authorization: Bearer".into(),
            |error| error.description().to_owned(),
        );
        Self {
            challenge: Some(challenge),
            ..Self::new(StatusCode::UNAUTHORIZED, "INVALID_TOKEN", message)
        }
    }

    /// An error that is ours.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL_ERROR",
            "the server failed; the log says why, by the X-Request-Id of this answer",
        )
    }

    /// An error that is ours and will pass.
    pub fn later() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "UNAVAILABLE",
            "too much is going on, or the database is out of reach; try again",
        )
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        let is_taken = error
            .as_database_error()
            .is_some_and(sqlx::error::DatabaseError::is_unique_violation);
        if is_taken {
            // Each operation looks for what is taken before it writes, so that this is a race.
            return Self::refused(
                "CONFLICT",
                "somebody else has just stored a value that must be unique; read again, then repeat",
            );
        }
        if is_undercut(&error) {
            return Self::refused(
                "CONFLICT",
                "something that this refers to has just been changed or removed; read again, then repeat",
            );
        }
        match PageError::from(error) {
            PageError::Unavailable => Self::later(),
            _ => Self::internal(),
        }
    }
}

/// Whether what a statement names was removed at the same time, or two transactions waited for each other
/// (`PostgreSQL`'s `deadlock_detected`, of which it ends one).
fn is_undercut(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        error.is_foreign_key_violation() || error.code().as_deref() == Some("40P01")
    })
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let errors = vec![OneError {
            code: self.code,
            message: self.message.into_owned(),
            field: self.field.map(Cow::into_owned),
        }];
        let mut response = (self.status, Json(Errors { errors })).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        if let Some(challenge) = self.challenge
            && let Ok(challenge) = HeaderValue::from_str(&challenge)
        {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// A text of the request as it is stored; what is against it is said of its member.
pub fn checked(
    field: &'static str,
    text: &str,
    check: impl FnOnce(&str) -> Result<String, String>,
) -> Result<String, ApiError> {
    check(text).map_err(|reason| ApiError::field(field, reason))
}
