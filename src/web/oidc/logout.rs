//! Signing out (OpenID Connect RP-Initiated Logout 1.0).
//!
//! # Decision
//!
//! Two traditions meet at this address. OpenID Connect sends `post_logout_redirect_uri` and a hint that
//! proves who asks; without that proof, the End-User is asked first. Applications of the other tradition send
//! `redirect`, often with nothing else, and expect the session to be over; they get that when the target is
//! a registered one. Either way, nobody is sent to an address that no client has registered.

pub mod elsewhere;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde_json::json;

use super::browser_app;
use crate::audit::{self, Actor};
use crate::clients::RegisteredClient;
use crate::clock::Timestamp;
use crate::id::ClientId;
use crate::interaction::SignedIn;
use crate::interaction::session;
use crate::protocol::client::ApplicationKind;
use crate::protocol::logout::LogoutRequest;
use crate::protocol::{OAuthError, Params};
use crate::store::sessions::Session;
use crate::store::{Tx, grants, sessions};
use crate::tokens::verify::{IdTokenHint, id_token_hint};
use crate::web::account;
use crate::web::cookies::Ours;
use crate::web::error::PageError;
use crate::web::extract::{Browser, Now, Parameters, csrf_token};
use crate::web::faces;
use crate::web::headers::PagePolicy;
use crate::web::page::{LogoutPage, SignedOutPage, page};
use crate::web::site::Site;

/// Signs the End-User out, or asks whether to.
pub async fn logout(
    State(site): State<Site>,
    Now(now): Now,
    browser: Browser,
    request: Request,
) -> Result<Response, PageError> {
    let method = request.method().clone();
    let Parameters(params) = Parameters::read(request, &site)
        .await
        .map_err(|error| PageError::bad_request(&error))?;
    let answer =
        answer_to_question(&params, &browser).map_err(|error| PageError::bad_request(&error))?;
    if method == Method::POST && answer.is_none() {
        // A client's form from another site comes without our cookies; a GET of the same brings them.
        return Ok(Redirect::to(&format!("/logout?{}", params.encode())).into_response());
    }
    let request = LogoutRequest::parse(&params).map_err(|error| PageError::bad_request(&error))?;
    let situation = Situation::find(&site, &browser, &request, &params, now).await?;
    match (&situation.signed_in, answer) {
        (Some(_), Some(Answer::Stay)) => Ok(Redirect::to("/").into_response()),
        (Some(signed_in), None) if !situation.is_proven() => {
            ask(&site, &browser, signed_in, &situation, &params).await
        }
        (Some(signed_in), _) => {
            // Published SDKs ask for this without a hint. Whoever else leads a browser here signs its user out
            // of their own account, and reaches nothing.
            let everywhere = request.all_sessions;
            end(&site, &signed_in.session, everywhere, now).await?;
            let is_posted = method == Method::POST;
            match elsewhere::lead_on(&site, browser, &situation, &signed_in.session, now).await {
                Ok(elsewhere) => Ok(elsewhere.respond(&site, &situation, is_posted)),
                Err(browser) => Ok(leave(&site, browser, &situation).await),
            }
        }
        (None, _) => {
            if let Some(session) = hinted_session(&site, situation.hint.as_ref()).await? {
                end(&site, &session, false, now).await?;
            }
            Ok(leave(&site, browser, &situation).await)
        }
    }
}

/// What the End-User said when asked whether to sign out.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    SignOut,
    Stay,
}

/// The answer, if this is our own form.
fn answer_to_question(params: &Params, browser: &Browser) -> Result<Option<Answer>, OAuthError> {
    let (Some(sent), Some(secret)) = (params.get("csrf")?, &browser.secret) else {
        return Ok(None);
    };
    if !csrf_token(secret)
        .hash()
        .matches(&crate::secret::Secret::from(sent).hash())
    {
        return Ok(None);
    }
    Ok(params.get("decision")?.map(|decision| {
        if decision == "stay" {
            Answer::Stay
        } else {
            Answer::SignOut
        }
    }))
}

/// Who asks for what, and what of it is proven.
struct Situation {
    signed_in: Option<SignedIn>,
    hint: Option<IdTokenHint>,
    /// Where to go afterwards: registered by a client concerned.
    target: Option<String>,
    /// The same with the client's `state`.
    destination: Option<String>,
    /// Whether the request spells the target as OpenID Connect does, which asks for proof.
    is_openid: bool,
    client: Option<Arc<RegisteredClient>>,
    /// The browser applications concerned, whose cookies go.
    browser_apps: Vec<ClientId>,
}

impl Situation {
    async fn find(
        site: &Site,
        browser: &Browser,
        request: &LogoutRequest,
        params: &Params,
        now: Timestamp,
    ) -> Result<Self, PageError> {
        let app = &site.app;
        let hint = request.id_token_hint.as_ref().and_then(|hint| {
            id_token_hint(
                &app.keys.current(),
                &app.config.server.issuer,
                hint.expose(),
            )
        });
        if let (Some(hint), Some(client_id)) = (&hint, &request.client_id)
            && hint.client_id != *client_id
        {
            let error = OAuthError::invalid_request(
                "id_token_hint was issued to another client than client_id names",
            );
            return Err(PageError::bad_request(&error));
        }
        let mut tx = app.db.read().await?;
        let signed_in =
            session::find(&mut tx, browser.session.as_ref(), &app.config.sessions, now).await?;
        let named = hint
            .as_ref()
            .map(|hint| &hint.client_id)
            .or(request.client_id.as_ref());
        let of_session = participants(&mut tx, signed_in.as_ref(), hint.as_ref()).await?;
        // A client that is not named must have taken part in the session.
        let concerned = match (named, &signed_in) {
            (Some(client), _) => vec![client.clone()],
            (None, Some(_)) => of_session.clone(),
            (None, None) => Vec::new(),
        };
        drop(tx);
        let mut clients = Vec::new();
        for id in &concerned {
            clients.extend(
                app.clients
                    .find(&app.db, id, now)
                    .await?
                    .filter(|client| client.is_enabled()),
            );
        }
        let participants = of_session.into_iter().chain(named.cloned());
        let browser_apps = browser_apps(site, participants, now).await?;
        let mut registered = clients
            .iter()
            .flat_map(|client| client.post_logout_uris.iter().map(String::as_str));
        let target = request.proven_target(&mut registered).map(str::to_owned);
        Ok(Self {
            destination: target
                .as_deref()
                .map(|target| with_state(target, request.state.as_deref())),
            target,
            is_openid: params
                .get("post_logout_redirect_uri")
                .is_ok_and(|value| value.is_some()),
            client: named.and_then(|_| clients.first().cloned()),
            browser_apps,
            signed_in,
            hint,
        })
    }

    /// Whether the hint speaks of who is signed in.
    fn hint_fits(&self) -> bool {
        match (&self.hint, &self.signed_in) {
            (Some(hint), Some(signed_in)) => hint.subject == signed_in.user.id,
            _ => false,
        }
    }

    /// Whether the request needs no confirmation by the End-User.
    fn is_proven(&self) -> bool {
        self.hint_fits() || (self.target.is_some() && !self.is_openid)
    }

    /// Where the browser may be sent: with proof of who asks, or to a target of the other tradition.
    fn destination(&self) -> Option<&str> {
        let may_redirect = self.hint.is_some() || !self.is_openid;
        self.destination.as_deref().filter(|_| may_redirect)
    }
}

/// The clients of the session that ends, which may be known by the hint alone.
async fn participants(
    tx: &mut Tx,
    signed_in: Option<&SignedIn>,
    hint: Option<&IdTokenHint>,
) -> sqlx::Result<Vec<ClientId>> {
    let session = match signed_in {
        Some(signed_in) => Some(&signed_in.session.id),
        None => hint.and_then(|hint| hint.session_id.as_ref()),
    };
    match session {
        Some(session) => grants::list_clients_of_session(tx, session).await,
        None => Ok(Vec::new()),
    }
}

/// Those of some clients that keep refresh tokens in cookies.
async fn browser_apps(
    site: &Site,
    clients: impl Iterator<Item = ClientId>,
    now: Timestamp,
) -> sqlx::Result<Vec<ClientId>> {
    let mut apps = Vec::new();
    for id in clients {
        let found = site.app.clients.find(&site.app.db, &id, now).await?;
        let is_app = found.is_some_and(|client| client.client.kind.0 == ApplicationKind::Spa);
        if is_app && !apps.contains(&id) {
            apps.push(id);
        }
    }
    Ok(apps)
}

/// The session that a hint speaks of, when the browser knows it no more: its clients may still hold tokens.
async fn hinted_session(site: &Site, hint: Option<&IdTokenHint>) -> sqlx::Result<Option<Session>> {
    let Some((hint, id)) = hint.and_then(|hint| Some((hint, hint.session_id.as_ref()?))) else {
        return Ok(None);
    };
    let found = sessions::find(&mut site.app.db.read().await?, id).await?;
    Ok(found.filter(|session| session.user_id == hint.subject && session.ended_at.is_none()))
}

/// Asks the End-User, and keeps the request's parameters in the form.
async fn ask(
    site: &Site,
    browser: &Browser,
    signed_in: &SignedIn,
    situation: &Situation,
    params: &Params,
) -> Result<Response, PageError> {
    let person = Some(account::person(&mut site.app.db.read().await?, &signed_in.user).await?);
    let mut shell = site.page_shell(&browser.headers, None).await;
    shell.client = situation
        .client
        .as_deref()
        .map(|client| faces::client(&client.client));
    let secret = browser
        .secret
        .clone()
        .unwrap_or_else(|| crate::secret::Secret::generate(&mut site.app.random.generator()));
    csrf_token(&secret).expose().clone_into(&mut shell.csrf);
    let parameters: Vec<(String, String)> = params
        .iter()
        .filter(|(name, _)| !matches!(*name, "csrf" | "decision"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let form = LogoutPage {
        shell: &shell,
        person,
        parameters: &parameters,
    };
    let jar = Ours::Browser.set(browser.jar.clone(), &site.app.config.server.issuer, &secret);
    let policy = situation
        .target
        .as_deref()
        .map(PagePolicy::leading_to)
        .unwrap_or_default();
    Ok(policy.apply((jar, page(StatusCode::OK, &form)).into_response()))
}

async fn end(
    site: &Site,
    session: &Session,
    everywhere: bool,
    now: Timestamp,
) -> Result<(), PageError> {
    let app = &site.app;
    let user = &session.user_id;
    let mut tx = app.db.write().await?;
    if everywhere {
        session::end_all(&mut tx, user, now).await?;
    } else {
        session::end(&mut tx, session, now).await?;
    }
    let details = json!({ "session": session.id, "everywhere": everywhere });
    let mut rng = app.random.generator();
    audit::record(
        &mut tx,
        Actor::User(user),
        "user.signed_out",
        user.as_str(),
        details,
        now,
        &mut rng,
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Sends the browser on, or says that it is signed out.
async fn leave(site: &Site, browser: Browser, situation: &Situation) -> Response {
    let server = &site.app.config.server;
    let jar = Ours::Session.clear(browser.jar, &server.issuer);
    let cookies = browser_app::forget(server, situation.browser_apps.iter());
    if let Some(destination) = situation.destination() {
        return (cookies, jar, Redirect::to(destination)).into_response();
    }
    let said = signed_out(site, &browser.headers, situation.client.as_deref()).await;
    (cookies, jar, said).into_response()
}

/// Says that nobody is signed in any more.
async fn signed_out(
    site: &Site,
    headers: &HeaderMap,
    client: Option<&RegisteredClient>,
) -> Response {
    let mut shell = site.page_shell(headers, None).await;
    shell.client = client.map(|client| faces::client(&client.client));
    let back = client.and_then(RegisteredClient::way_back);
    let signed_out = SignedOutPage {
        shell: &shell,
        back,
    };
    page(StatusCode::OK, &signed_out)
}

/// The target with the client's `state` and nothing else (RP-Initiated Logout 1.0 §3).
fn with_state(target: &str, state: Option<&str>) -> String {
    match state {
        None => target.to_owned(),
        Some(state) => {
            let separator = if target.contains('?') { '&' } else { '?' };
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("state", state)
                .finish();
            format!("{target}{separator}{query}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_is_added_to_whatever_query_the_target_has() {
        for (target, state, expected) in [
            ("https://app.test/out", None, "https://app.test/out"),
            (
                "https://app.test/out",
                Some("a b"),
                "https://app.test/out?state=a+b",
            ),
            (
                "https://app.test/out?x=1",
                Some("s"),
                "https://app.test/out?x=1&state=s",
            ),
        ] {
            assert_eq!(with_state(target, state), expected);
        }
    }
}
