//! `/team_invitation`: where the link of an invitation leads, and from there to an application.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use url::Url;

use super::error::PageError;
use super::extract::{Browser, Now};
use super::faces;
use super::page::{Message, Shell, page};
use super::site::Site;
use crate::clock::Timestamp;
use crate::directory::invitations;
use crate::id::InvitationCode;
use crate::interaction;
use crate::interaction::invitation::{Closed, Invited, look_at};
use crate::protocol::{Issuer, Params};
use crate::store::interactions::Interaction;
use crate::store::invitations as stored;
use crate::web::signin;

/// The path of the link.
const PATH: &str = "/team_invitation";

/// Says that an invitation can't be accepted, or not yet.
#[derive(Template)]
#[template(path = "invitation.html")]
pub struct InvitationPage<'a> {
    pub shell: &'a Shell,
    pub heading: Message,
    pub explanation: Message,
    /// The application, where whoever has an account can sign in.
    pub back: Option<&'a str>,
}

/// The link of an invitation.
pub fn link(issuer: &Issuer, code: &InvitationCode) -> String {
    format!("{}?code={code}", issuer.join(PATH))
}

/// What is said of an invitation that can't be accepted, and the status of the page that says it.
pub(super) fn closed(reason: Closed) -> (StatusCode, Message) {
    match reason {
        Closed::Accepted => (StatusCode::GONE, Message::new("invitation-accepted")),
        Closed::Expired => (StatusCode::GONE, Message::new("invitation-expired")),
        Closed::OrganizationSuspended => (
            StatusCode::FORBIDDEN,
            Message::new("organization-suspended"),
        ),
        Closed::Revoked => (StatusCode::GONE, Message::new("invitation-revoked")),
        Closed::Unknown => (StatusCode::NOT_FOUND, Message::new("invitation-unknown")),
    }
}

/// Leads to the application, which starts the sign-in with the code; says why, when that would lead nowhere.
///
/// Nothing is accepted here: whoever has the link may be anybody.
pub async fn follow(
    State(site): State<Site>,
    Now(now): Now,
    RawQuery(query): RawQuery,
    browser: Browser,
) -> Result<Response, PageError> {
    let params = Params::parse(query.unwrap_or_default()).unwrap_or_default();
    let code = params.get("code").ok().flatten();
    let mut tx = site.app.db.read().await?;
    let invitation = match code.and_then(InvitationCode::parse) {
        Some(code) => stored::find(&mut tx, &code).await?,
        None => None,
    };
    let entrance = match &invitation {
        Some(invitation) => invitations::entrance(&mut tx, invitation).await?,
        None => None,
    };
    let code = invitation
        .as_ref()
        .map(|invitation| invitation.code.clone());
    let organization = match &invitation {
        Some(invitation) => {
            faces::organization(&mut tx, &invitation.organization_id, &site.brand).await?
        }
        None => None,
    };
    let invited = look_at(&mut tx, invitation, None, now).await?;
    drop(tx);
    let login_uri = entrance
        .as_ref()
        .and_then(|client| client.login_uri.as_deref());
    let (status, heading, explanation) = match (invited, login_uri.zip(code.as_ref())) {
        (Invited::Open(_), Some((login_uri, code))) => {
            let target = with_code(login_uri, code);
            return Ok(Redirect::to(&target).into_response());
        }
        (Invited::Closed(reason), _) => {
            let (status, explanation) = closed(reason);
            (status, Message::new("invitation-closed-title"), explanation)
        }
        (Invited::Open(_) | Invited::Joined(_), _) => {
            if let Some(interaction) = sign_in_here(&site, code.as_ref(), now).await? {
                let target = format!("/interaction/{}", interaction.id);
                return Ok(Redirect::to(&target).into_response());
            }
            (
                StatusCode::OK,
                Message::new("invitation-nowhere-title"),
                Message::new("invitation-nowhere"),
            )
        }
    };
    let shell = Shell {
        client: entrance.as_ref().map(faces::client),
        organization,
        ..site.page_shell(&browser.headers, None).await
    };
    let template = InvitationPage {
        shell: &shell,
        heading,
        explanation,
        back: login_uri,
    };
    Ok(page(status, &template))
}

/// Begins a sign-in that ends at our own page, where no application has a page that starts one. None when there is no
/// application at all that people could sign in to.
async fn sign_in_here(
    site: &Site,
    code: Option<&InvitationCode>,
    now: Timestamp,
) -> Result<Option<Interaction>, PageError> {
    let Some(code) = code else {
        return Ok(None);
    };
    let parameters = [("invitation_code", code.as_str())];
    let Some(request) = signin::here::request(site, &parameters, now).await? else {
        return Ok(None);
    };
    let app = &site.app;
    let (lifetime, mut rng) = (
        app.config.sign_in.interaction_lifetime,
        app.random.generator(),
    );
    let mut tx = app.db.write().await?;
    let interaction = interaction::begin_here(&mut tx, request, lifetime, now, &mut rng).await?;
    tx.commit().await?;
    Ok(Some(interaction))
}

/// The page where a sign-in starts, told which invitation it is for, as published clients expect it.
fn with_code(login_uri: &str, code: &InvitationCode) -> String {
    let Ok(mut url) = Url::parse(login_uri) else {
        // It was one when it was stored.
        return login_uri.to_owned();
    };
    url.query_pairs_mut()
        .append_pair("invitation_code", code.as_str())
        .append_pair("is_invitation", "true");
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_added_to_what_the_address_has() {
        let code = InvitationCode::parse("inv_00000000000000000000000000000001").unwrap();
        let added = "invitation_code=inv_00000000000000000000000000000001&is_invitation=true";
        for (login_uri, before) in [
            (
                "https://app.acme.test/login",
                "https://app.acme.test/login?",
            ),
            ("https://app.acme.test/?a=1", "https://app.acme.test/?a=1&"),
        ] {
            assert_eq!(with_code(login_uri, &code), format!("{before}{added}"));
        }
    }
}
