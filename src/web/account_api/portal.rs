//! `/account_api/v1/portal_link`: where users find their account.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::bearer::Bearer;
use crate::web::api::error::ApiError;
use crate::web::api::extract::Query;
use crate::web::extract::Now;
use crate::web::site::Site;

/// What was asked for. Which section (`subnav`, `sub_nav`) makes no difference: there is one, the profile.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    return_url: Option<String>,
}

/// A link to the account.
#[derive(Debug, Serialize)]
pub struct Link {
    url: String,
}

/// The account's page, with a way back to the application if that is one of its own.
///
/// The link proves nothing: who opens it is asked by the session of their browser, and the way back is checked
/// again when the page is shown.
pub async fn link(
    State(site): State<Site>,
    Now(now): Now,
    bearer: Bearer,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Link>, ApiError> {
    let app = &site.app;
    let mut url = app.config.server.issuer.join("/");
    if let Some(back) = wanted.return_url.filter(|back| !back.is_empty()) {
        let client = app
            .clients
            .find(&app.db, &bearer.grant.client_id, now)
            .await?;
        let is_own = client.is_some_and(|client| client.leads_back(&back).is_some());
        if !is_own {
            let what = "is a redirect or logout address that the application has registered, or at the origin of one";
            return Err(ApiError::field("return_url", what));
        }
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", bearer.grant.client_id.as_str())
            .append_pair("return_url", &back)
            .finish();
        url = format!("{url}?{query}");
    }
    Ok(Json(Link { url }))
}
