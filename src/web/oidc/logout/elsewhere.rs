//! Signing out at the upstream as well, and the way back (OpenID Connect RP-Initiated Logout 1.0 §2, §3).

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;
use url::Url;

use super::{Situation, browser_app, signed_out};
use crate::clock::Timestamp;
use crate::interaction::upstream_logout::{self, Onward};
use crate::protocol::Params;
use crate::secret::Secret;
use crate::store::sessions::Session;
use crate::web::cookies::Ours;
use crate::web::error::PageError;
use crate::web::extract::{Browser, Now};
use crate::web::page::{Shell, page};
use crate::web::signin::{LeavingPage, upstreams};
use crate::web::site::Site;

/// A browser that goes on to an upstream, to sign out there.
pub(super) struct Elsewhere {
    address: Url,
    jar: CookieJar,
    shell: Shell,
}

/// Finds the address at the upstream that the ended session came through, where its connection says so. Gives the
/// browser back when there is none, or when the upstream is of no use: it is signed out here in any case.
pub(super) async fn lead_on(
    site: &Site,
    browser: Browser,
    situation: &Situation,
    session: &Session,
    now: Timestamp,
) -> Result<Elsewhere, Browser> {
    let mut rng = site.app.random.generator();
    let known = browser.secret.clone();
    let secret = known.unwrap_or_else(|| Secret::generate(&mut rng));
    let onward = Onward {
        browser: &secret,
        client: situation.client.as_deref().map(|client| &client.client.id),
        destination: situation.destination(),
    };
    let at = (&site.app.db, upstreams(site));
    match upstream_logout::lead_on(at, session, onward, now, &mut rng).await {
        Ok(Some(address)) => {
            let issuer = &site.app.config.server.issuer;
            let jar = Ours::Session.clear(browser.jar, issuer);
            Ok(Elsewhere {
                address,
                jar: Ours::Browser.set(jar, issuer, &secret),
                shell: site.page_shell(&browser.headers, None).await,
            })
        }
        Ok(None) => Err(browser),
        Err(error) => {
            tracing::warn!(%error, "nobody can be signed out at an upstream; signed out here alone");
            Err(browser)
        }
    }
}

impl Elsewhere {
    /// Sends the browser there.
    pub(super) fn respond(self, site: &Site, situation: &Situation, is_posted: bool) -> Response {
        let server = &site.app.config.server;
        let cookies = browser_app::forget(server, situation.browser_apps.iter());
        let address = self.address.as_str();
        if !is_posted {
            return (cookies, self.jar, Redirect::to(address)).into_response();
        }
        // Browsers hold a form to where its page says that it leads: a page of its own breaks the chain.
        let template = LeavingPage {
            shell: &self.shell,
            address,
            name: "",
        };
        (cookies, self.jar, page(StatusCode::OK, &template)).into_response()
    }
}

/// `GET /logout/callback`: the browser is back, and goes on to where its client wanted it.
pub async fn back(
    State(site): State<Site>,
    Now(now): Now,
    RawQuery(query): RawQuery,
    browser: Browser,
) -> Result<Response, PageError> {
    let lost = || PageError::ExpiredLink { back: None };
    let params = Params::parse(query.unwrap_or_default()).map_err(|_| lost())?;
    let state = params.get("state").ok().flatten().map(Secret::from);
    let (Some(state), Some(secret)) = (state, &browser.secret) else {
        return Err(lost());
    };
    let noted = upstream_logout::back(&site.app.db, (&state, secret), now).await?;
    let noted = noted.ok_or_else(lost)?;
    if let Some(destination) = &noted.destination {
        return Ok(Redirect::to(destination).into_response());
    }
    let app = &site.app;
    let client = match &noted.client_id {
        None => None,
        Some(id) => app.clients.find(&app.db, id, now).await?,
    };
    let client = client.filter(|client| client.is_enabled());
    Ok(signed_out(&site, &browser.headers, client.as_deref()).await)
}
