//! The page at `/`: nobody is sent here, but people look.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::account::person;
use super::error::PageError;
use super::extract::{Browser, Now};
use super::page::{HomePage, WayBack, page};
use super::site::Site;
use crate::clock::Timestamp;
use crate::id::ClientId;
use crate::interaction::session;
use crate::protocol::Params;

/// Says what this is, and who is signed in.
pub async fn home(
    State(site): State<Site>,
    Now(now): Now,
    RawQuery(query): RawQuery,
    browser: Browser,
) -> Result<Response, PageError> {
    let back = way_back(&site, query.as_deref(), now).await?;
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
    drop(tx);
    let shell = site.page_shell(&browser.headers, None).await;
    Ok(page(
        StatusCode::OK,
        &HomePage {
            shell: &shell,
            person,
            back,
        },
    ))
}

/// The way back that a link to the account names (`/account_api/v1/portal_link`), if it leads to an application of
/// ours: whoever made the link up, it leads nowhere else.
async fn way_back(
    site: &Site,
    query: Option<&str>,
    now: Timestamp,
) -> sqlx::Result<Option<WayBack>> {
    let Some(params) = query.and_then(|query| Params::parse(query).ok()) else {
        return Ok(None);
    };
    let parameter = |name: &str| params.get(name).ok().flatten();
    let client = parameter("client_id").and_then(ClientId::parse);
    let (Some(client), Some(url)) = (client, parameter("return_url")) else {
        return Ok(None);
    };
    let client = site.app.clients.find(&site.app.db, &client, now).await?;
    Ok(client
        .filter(|client| client.is_enabled())
        .and_then(|client| {
            Some(WayBack {
                url: client.leads_back(url)?,
                application: client.client.name.clone(),
            })
        }))
}
