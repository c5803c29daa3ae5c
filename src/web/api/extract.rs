//! What handlers of the APIs take from a request: its body, query and path, refused in our own words.
//!
//! A NUL character is refused wherever it stands: no name, key or address has one, and PostgreSQL can't
//! store it.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::error::ApiError;
use crate::web::site::Site;

/// The body of a request: JSON, of whatever content type, as some clients leave that out.
///
/// Members that we do not know are passed over, since clients of other versions send them.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Site> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, site: &Site) -> Result<Self, ApiError> {
        read(request, site)
            .await
            .and_then(|body| parse(&body))
            .map(Self)
    }
}

impl<T: DeserializeOwned> OptionalFromRequest<Site> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, site: &Site) -> Result<Option<Self>, ApiError> {
        let body = read(request, site).await?;
        if body.is_empty() {
            return Ok(None);
        }
        parse(&body).map(Self).map(Some)
    }
}

async fn read(request: Request, site: &Site) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, site)
        .await
        .map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                ApiError::too_large()
            } else {
                ApiError::refused("INVALID_BODY", "the body broke off")
            }
        })
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let refused = |reason: String| ApiError::refused("INVALID_BODY", reason);
    if body.windows(6).any(|part| part == br"\u0000") {
        return Err(refused("the body holds a NUL character: remove it".into()));
    }
    serde_json::from_slice(body)
        .map_err(|error| refused(format!("the body is not the JSON expected here: {error}")))
}

/// The parameters of the query.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Site> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _site: &Site) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        if query.contains("%00") {
            return Err(ApiError::refused(
                "INVALID_QUERY",
                "the query holds a NUL character: remove it",
            ));
        }
        let axum::extract::Query(value) = axum::extract::Query::try_from_uri(&parts.uri)
            .map_err(|error| ApiError::refused("INVALID_QUERY", error.body_text()))?;
        Ok(Self(value))
    }
}

/// The variable parts of the path. An id that has not the form of one names nothing: [`crate::id`] parses it.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Site> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, ApiError> {
        if parts.uri.path().contains("%00") {
            return Err(ApiError::no_route());
        }
        axum::extract::Path::from_request_parts(parts, site)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|_| ApiError::no_route())
    }
}

/// Refuses a list of more entries than one call may have.
pub fn at_most<T>(most: usize, name: &'static str, list: &[T]) -> Result<(), ApiError> {
    if list.len() <= most {
        return Ok(());
    }
    Err(ApiError::refused(
        "TOO_MANY_PARAMETERS",
        format!("{name} has more than {most} entries: send them in several calls"),
    ))
}

/// A member of a request that changes something: left out, it stays; null clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Edit<T> {
    /// As it is.
    #[default]
    Keep,
    /// To be without a value.
    Clear,
    /// To have this value.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Edit<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Clear, Self::Set))
    }
}

impl<T> Edit<Option<T>> {
    /// Changes a value that can be absent, where a value given can turn out to be none.
    pub fn apply_flat(self, target: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *target = None,
            Self::Set(value) => *target = value,
        }
    }
}

impl<T> Edit<T> {
    /// Checks the value, if there is one.
    pub fn try_map<U, E>(self, check: impl FnOnce(T) -> Result<U, E>) -> Result<Edit<U>, E> {
        Ok(match self {
            Self::Keep => Edit::Keep,
            Self::Clear => Edit::Clear,
            Self::Set(value) => Edit::Set(check(value)?),
        })
    }

    /// Changes a value that can be absent.
    pub fn apply_to(self, target: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *target = None,
            Self::Set(value) => *target = Some(value),
        }
    }

    /// Changes a value that is always there; without one it is `cleared`.
    pub fn apply_or(self, target: &mut T, cleared: T) {
        match self {
            Self::Keep => {}
            Self::Clear => *target = cleared,
            Self::Set(value) => *target = value,
        }
    }

    /// Whether it changes nothing.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}
