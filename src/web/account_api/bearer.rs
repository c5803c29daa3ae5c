//! Whose token a request carries, and what its user has now in the organization it is for.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::clock::Timestamp;
use crate::id::{OrganizationId, UserId};
use crate::protocol::OAuthError;
use crate::protocol::token::presented_token;
use crate::store::grants::Grant;
use crate::tokens::membership::{self, Current};
use crate::tokens::verify::{self, verify};
use crate::web::api::error::ApiError;
use crate::web::extract::Now;
use crate::web::oidc::by_client::authorization;
use crate::web::site::Site;

/// A user, by an access token of theirs that is good now.
#[derive(Debug)]
pub struct Bearer {
    /// What the token stands on.
    pub grant: Grant,
    /// What the user has in the organization that the token is for, if it is for one.
    pub current: Option<Current>,
}

impl Bearer {
    /// The user.
    pub fn user(&self) -> &UserId {
        &self.grant.user_id
    }

    /// The organization that the token is for.
    pub fn organization(&self) -> Option<&OrganizationId> {
        self.current
            .as_ref()
            .map(|current| &current.organization.id)
    }
}

impl FromRequestParts<Site> for Bearer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, ApiError> {
        let Ok(Now(now)) = Now::from_request_parts(parts, site).await;
        let unauthenticated = |error: OAuthError| ApiError::unauthenticated(Some(&error));
        let header = authorization(&parts.headers);
        let token = presented_token(header, None).map_err(unauthenticated)?;
        let token = token.ok_or_else(|| ApiError::unauthenticated(None))?;
        find(site, token.expose(), now).await
    }
}

async fn find(site: &Site, token: &str, now: Timestamp) -> Result<Bearer, ApiError> {
    let app = &site.app;
    let issuer = &app.config.server.issuer;
    let mut tx = app.db.read().await?;
    let active = verify(&mut tx, &app.keys.current(), issuer, token, now).await?;
    let Some(verify::Bearer::User(grant)) = active.map(|active| active.bearer) else {
        let why = "the access token is unknown, expired or revoked, or it is no user's";
        let error = OAuthError::invalid_token(why);
        return Err(ApiError::unauthenticated(Some(&error)));
    };
    let grant = *grant;
    let found = membership::find_current(&mut tx, &app.catalogues, &grant, now).await?;
    let current = found
        .map_err(|refusal| ApiError::forbidden("NO_ACCESS", refusal.description().to_owned()))?;
    Ok(Bearer { grant, current })
}
