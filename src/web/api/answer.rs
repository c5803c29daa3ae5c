//! What the APIs answer: an envelope of `code` and `message` around the content.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;

use crate::clock::Timestamp;

/// Something that was read or done, in its envelope.
#[derive(Debug, Serialize, ToSchema)]
pub struct Answer<T> {
    /// `OK`, or what else was done: refusals have another form.
    code: &'static str,
    /// What was done, in words.
    message: String,
    #[serde(flatten)]
    content: T,
}

impl<T> Answer<T> {
    /// An answer to a question.
    pub fn of(content: T) -> Self {
        Self::saying("Success", content)
    }

    /// An answer that has something to say besides.
    pub fn saying(message: impl Into<String>, content: T) -> Self {
        Self {
            code: "OK",
            message: message.into(),
            content,
        }
    }

    /// The same answer, with the code that published clients know for it.
    #[must_use]
    pub fn coded(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    /// The answer to a request that has created something: 201.
    pub fn created(self) -> Created<T> {
        Created(self)
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// An answer with the status 201.
#[derive(Debug)]
pub struct Created<T>(Answer<T>);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, self.0).into_response()
    }
}

/// The answer that something was done, when there is nothing to show.
#[derive(Debug, Serialize, ToSchema)]
pub struct Done {
    /// Always `OK`: refusals have another form.
    code: &'static str,
    /// What was done, in words.
    message: String,
}

impl Done {
    /// Says what was done.
    pub fn saying(message: impl Into<String>) -> Self {
        Self {
            code: "OK",
            message: message.into(),
        }
    }

    /// The answer to a request that has created something: 201.
    pub fn created(self) -> (StatusCode, Self) {
        (StatusCode::CREATED, self)
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// An instant as the APIs write it (RFC 3339).
#[derive(Debug, Clone, Copy, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Instant(pub Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let instant = OffsetDateTime::from_unix_timestamp(self.0.as_i64()).ok();
        instant
            .and_then(|instant| instant.format(&Rfc3339).ok())
            .serialize(serializer)
    }
}

impl Instant {
    /// The instant that a request names, if it names one.
    pub fn parse(text: &str) -> Option<Timestamp> {
        let instant = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        Some(Timestamp::from_unix(instant.unix_timestamp()))
    }
}
