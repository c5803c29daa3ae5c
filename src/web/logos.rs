//! `/logo/{address}`: the pictures that pages of organizations bear, for everybody who knows where they are.
//!
//! A picture never changes at its address, so that it may be kept for good. It is served as what its first bytes say,
//! and under a policy that lets nothing in it act, whatever a browser takes it for.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::error::PageError;
use super::headers::PagePolicy;
use super::site::Site;
use crate::directory::logos;

/// The path of the picture at an address.
pub fn path(address: &str) -> String {
    format!("/logo/{address}")
}

/// `GET /logo/{address}`
pub async fn show(
    State(site): State<Site>,
    Path(address): Path<String>,
) -> Result<Response, PageError> {
    // PostgreSQL takes no NUL.
    if address.contains('\0') {
        return Err(PageError::Unknown);
    }
    let mut tx = site.app.db.read().await?;
    let found = logos::read(&mut tx, &address).await?;
    let (media_type, content) = found.ok_or(PageError::Unknown)?;
    let headers = [
        (header::CONTENT_TYPE, media_type.as_str()),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok(PagePolicy::picture().apply((headers, content).into_response()))
}
