//! The revocation endpoint (RFC 7009).

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::browser_app::BrowserApp;
use super::by_client::ByClient;
use crate::protocol::token::RevocationRequest;
use crate::tokens::revoke::{self, Revoked};
use crate::web::error::JsonError;
use crate::web::extract::Now;
use crate::web::site::Site;

/// Revokes a token. A token that is unknown is as good as revoked: 200.
pub async fn revoke(
    State(site): State<Site>,
    Now(now): Now,
    headers: HeaderMap,
    ByClient { client, params }: ByClient,
) -> Result<Response, JsonError> {
    let app = &site.app;
    let request = RevocationRequest::parse(&params)?;
    let issuer = &app.config.server.issuer;
    let mut tx = app.db.write().await?;
    let outcome = revoke::revoke(
        &mut tx,
        &app.keys.current(),
        issuer,
        &client.client,
        &request.token,
        now,
        &mut app.random.generator(),
    )
    .await?;
    tx.commit().await?;
    let revoked = outcome?;
    let page = BrowserApp::of(&app.config.server, &client, &headers);
    let page = page.filter(|_| revoked == Revoked::RefreshToken);
    Ok((page.map(|page| page.forget()), StatusCode::OK).into_response())
}
