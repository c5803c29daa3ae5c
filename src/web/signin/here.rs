//! Requests of ours, for sign-ins that begin and end at our own pages.

use url::form_urlencoded;

use crate::clock::Timestamp;
use crate::protocol::authorization::{self, AuthorizationRequest, ClientPolicy};
use crate::protocol::scope::OPENID;
use crate::protocol::{Params, Scopes};
use crate::store::clients;
use crate::web::error::PageError;
use crate::web::site::Site;

/// A request of ours with these parameters, in the name of an application, whose terms hold. None when there is no
/// application at all that people could sign in to.
pub async fn request(
    site: &Site,
    parameters: &[(&str, &str)],
    now: Timestamp,
) -> Result<Option<AuthorizationRequest>, PageError> {
    let app = &site.app;
    let Some(found) = clients::find_interactive(&mut app.db.read().await?).await? else {
        return Ok(None);
    };
    let Some(client) = app.clients.find(&app.db, &found.id, now).await? else {
        return Ok(None);
    };
    let scopes = Scopes::parse(OPENID).unwrap_or_default();
    let policy = ClientPolicy {
        client_id: &client.client.id,
        redirect_uris: &client.redirect_uris,
        grant_types: client.client.kind.0.default_grant_types(),
        allowed_scopes: &scopes,
        resources: &[],
        // Nothing is ever redeemed.
        pkce_required: false,
    };
    let redirect_uri = client.redirect_uris.first().map_or("", String::as_str);
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", client.client.id.as_str())
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("response_type", "code")
        .append_pair("scope", OPENID)
        .extend_pairs(parameters)
        .finish();
    let params = Params::parse(query).unwrap_or_default();
    Ok(authorization::parse(&params, &policy, now).ok())
}
