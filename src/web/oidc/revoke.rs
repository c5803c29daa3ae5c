//! The revocation endpoint (RFC 7009).

use axum::extract::State;
use axum::http::StatusCode;

use super::by_client::ByClient;
use crate::protocol::token::RevocationRequest;
use crate::tokens::revoke;
use crate::web::error::JsonError;
use crate::web::extract::Now;
use crate::web::site::Site;

/// Revokes a token. A token that is unknown is as good as revoked: 200.
pub async fn revoke(
    State(site): State<Site>,
    Now(now): Now,
    ByClient { client, params }: ByClient,
) -> Result<StatusCode, JsonError> {
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
    outcome?;
    Ok(StatusCode::OK)
}
