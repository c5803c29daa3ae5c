//! The page at `/`: nobody is sent here, but people look.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::account::person;
use super::error::PageError;
use super::extract::{Browser, Now};
use super::page::{HomePage, page};
use super::site::Site;
use crate::interaction::session;

/// Says what this is, and who is signed in.
pub async fn home(
    State(site): State<Site>,
    Now(now): Now,
    browser: Browser,
) -> Result<Response, PageError> {
    let mut tx = site.app.db.read().await?;
    let signed_in = session::find(
        &mut tx,
        browser.session.as_ref(),
        &site.app.config.sessions,
        now,
    )
    .await?;
    let person = match signed_in {
        None => None,
        Some(signed_in) => Some(person(&mut tx, &signed_in.user).await?),
    };
    let shell = site.shell(&browser.headers, None);
    Ok(page(
        StatusCode::OK,
        &HomePage {
            shell: &shell,
            person,
        },
    ))
}
