//! Signing in and out: start page, authorization request, its answer, RP-initiated logout.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use openidconnect::core::CoreTokenResponse;
use openidconnect::{
    CsrfToken, LogoutRequest, OAuth2TokenResponse, PostLogoutRedirectUrl, TokenResponse,
};
use serde::Deserialize;

use super::Playground;
use super::problem::{Problem, not_signed_in, render};
use super::provider::{Metadata, Wishes};
use super::session::{Session, SignedIn, Tokens};
use crate::clock::Timestamp;

const COOKIE: &str = "vestibule_playground";

/// The value of the session cookie.
pub(super) fn session_id(jar: &CookieJar) -> &str {
    jar.get(COOKIE).map_or("", Cookie::value)
}

#[derive(Template)]
#[template(path = "playground/start.html")]
struct StartPage<'a> {
    issuer: &'a str,
    client_id: &'a str,
    confidential: bool,
    callback: String,
    signed_out: String,
    scopes: String,
    signed_in: bool,
    trouble: Option<Problem>,
}

/// Shows the start page, and whether the provider answers.
pub(super) async fn start(State(playground): State<Arc<Playground>>, jar: CookieJar) -> Response {
    let provider = &playground.provider;
    let signed_in = playground
        .sessions
        .with(session_id(&jar), |session| session.signed_in.is_some());
    let page = StartPage {
        issuer: provider.issuer.as_str(),
        client_id: provider.client_id.as_str(),
        confidential: provider.is_confidential(),
        callback: playground.at("/callback").to_string(),
        signed_out: playground.at("/signed-out").to_string(),
        scopes: playground.scopes.join(" "),
        signed_in: signed_in.unwrap_or(false),
        trouble: provider.discover().await.err().map(Problem::from),
    };
    render(StatusCode::OK, &page)
}

/// The form of the start page; an empty field is one that was left alone.
#[derive(Deserialize)]
pub(super) struct SignInForm {
    #[serde(default)]
    audience: String,
    #[serde(default)]
    login_hint: String,
    #[serde(default)]
    max_age: String,
    #[serde(default)]
    offline: String,
    #[serde(default)]
    prompt: String,
    #[serde(default)]
    register: String,
}

impl SignInForm {
    fn wishes(self, scopes: &[String]) -> Result<Wishes, Problem> {
        let filled = |value: String| Some(value).filter(|value| !value.is_empty());
        let max_age = match self.max_age.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| {
                Problem::new(
                    StatusCode::BAD_REQUEST,
                    "max_age is a number of seconds",
                    "It says how long ago the End-User may have signed in at most.",
                )
                .advise("Write a whole number, or leave the field empty.")
            })?),
        };
        let mut scopes: Vec<_> = scopes.to_vec();
        if !self.offline.is_empty() {
            scopes.push("offline".to_owned());
        }
        // `openid` is sent by the crate; a scope is a set (RFC 6749 §3.3).
        scopes.retain(|scope| scope != "openid");
        scopes.dedup();
        Ok(Wishes {
            audience: filled(self.audience),
            login_hint: filled(self.login_hint),
            max_age,
            prompt: if self.register.is_empty() {
                filled(self.prompt)
            } else {
                Some("create".to_owned())
            },
            scopes,
        })
    }
}

/// Sends the browser to the authorization endpoint.
pub(super) async fn begin(
    State(playground): State<Arc<Playground>>,
    jar: CookieJar,
    Query(form): Query<SignInForm>,
) -> Result<Response, Problem> {
    let wishes = form.wishes(&playground.scopes)?;
    let (url, state, attempt) = playground.provider.authorize(wishes).await?;
    let sessions = &playground.sessions;
    let mut attempt = Some(attempt);
    let mut remember = |session: &mut Session| {
        if let Some(attempt) = attempt.take() {
            session.begin(&state, attempt);
        }
    };
    let jar = if sessions.with(session_id(&jar), &mut remember).is_some() {
        jar
    } else {
        let mut session = Session::default();
        remember(&mut session);
        jar.add(cookie(&playground, sessions.open(session)))
    };
    Ok((jar, Redirect::to(url.as_str())).into_response())
}

fn cookie(playground: &Playground, value: String) -> Cookie<'static> {
    Cookie::build((COOKIE, value))
        .http_only(true)
        .path("/")
        .same_site(SameSite::Lax)
        .secure(playground.base.scheme() == "https")
        .build()
}

/// An authorization response (RFC 6749 §4.1.2, RFC 9207 §2).
#[derive(Deserialize)]
pub(super) struct Answer {
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    iss: Option<String>,
    state: Option<String>,
}

/// Receives the authorization response and redeems the code.
pub(super) async fn callback(
    State(playground): State<Arc<Playground>>,
    jar: CookieJar,
    Query(answer): Query<Answer>,
) -> Result<Response, Problem> {
    let state = answer.state.as_deref().unwrap_or_default();
    let attempt = playground
        .sessions
        .with(session_id(&jar), |session| session.take(state))
        .flatten()
        .ok_or_else(unknown_state)?;
    let metadata = playground.provider.metadata().await?;
    check_issuer(&playground, &metadata, answer.iss.as_deref())?;
    if let Some(error) = answer.error {
        return Err(refused(&error, answer.error_description));
    }
    let code = answer.code.ok_or_else(no_code)?;
    let response = playground.provider.redeem(code, attempt.verifier).await?;
    let now = playground.clock.now();
    let signed_in = SignedIn {
        tokens: tokens(&response, None, now).ok_or_else(no_id_token)?,
        nonce: attempt.nonce,
        max_age: attempt.max_age,
        answered_at: now,
        refreshes: 0,
        answers: Vec::new(),
    };
    super::token_page::know_keys(&playground, &signed_in).await;
    // A new value at sign-in: one that was planted before is of no use after.
    let mut session = playground
        .sessions
        .close(session_id(&jar))
        .unwrap_or_default();
    session.signed_in = Some(signed_in);
    let jar = jar.add(cookie(&playground, playground.sessions.open(session)));
    Ok((jar, Redirect::to("/tokens")).into_response())
}

/// The tokens of a response; what a refresh leaves out stays as it was.
pub(super) fn tokens(
    response: &CoreTokenResponse,
    before: Option<&Tokens>,
    now: Timestamp,
) -> Option<Tokens> {
    let id_token = response
        .id_token()
        .or(before.map(|tokens| &tokens.id_token))?;
    let refresh_token = response
        .refresh_token()
        .or(before.and_then(|tokens| tokens.refresh_token.as_ref()));
    let scope = response.scopes().map(|scopes| {
        let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
        scopes.join(" ")
    });
    Some(Tokens {
        id_token: id_token.clone(),
        access_token: response.access_token().clone(),
        refresh_token: refresh_token.cloned(),
        scope: scope.or_else(|| before.and_then(|tokens| tokens.scope.clone())),
        received_at: now,
    })
}

/// RFC 9207 §2.4.
fn check_issuer(
    playground: &Playground,
    metadata: &Metadata,
    found: Option<&str>,
) -> Result<(), Problem> {
    let expected = playground.provider.issuer.as_str();
    let promised = metadata
        .additional_metadata()
        .authorization_response_iss_parameter_supported;
    let detail = match found {
        Some(found) if found == expected => return Ok(()),
        Some(found) => format!("iss is {found}, expected {expected}"),
        None if promised => "iss is missing, though the provider promises it".to_owned(),
        None => return Ok(()),
    };
    Err(Problem::new(
        StatusCode::BAD_REQUEST,
        "The answer came from another issuer",
        "The authorization response does not name the issuer that was asked (RFC 9207). It was \
         not used.",
    )
    .advise("Start again from the start page.")
    .detail(detail))
}

fn unknown_state() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "This answer belongs to no sign-in",
        "Its state is not one that this browser was given, or it was used before. The page may \
         have been reloaded, or the playground restarted.",
    )
    .advise("Sign in again from the start page.")
}

fn no_code() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "The answer has neither a code nor an error",
        "An authorization response carries one of them (RFC 6749 §4.1.2).",
    )
    .advise("Look at the provider's log.")
}

/// A token response without an ID token is not one of OpenID Connect.
fn no_id_token() -> Problem {
    Problem::new(
        StatusCode::BAD_GATEWAY,
        "There is no ID token",
        "The token response is complete for OAuth 2.0, but it says nothing of who signed in.",
    )
    .advise("Permit the scope openid to the application in the provider's configuration.")
}

/// What an error in the authorization response means (OpenID Connect Core 1.0 §3.1.2.6).
fn refused(code: &str, description: Option<String>) -> Problem {
    let advice = match code {
        "access_denied" => "Somebody chose not to continue. Sign in again when you like.",
        "consent_required" | "interaction_required" | "login_required" => {
            "With prompt=none the provider may not show a page, and it would have to. Sign in \
             without it."
        }
        "invalid_scope" => "Permit the scopes to the application, or ask for others with --scopes.",
        "server_error" | "temporarily_unavailable" => "Look at the provider's log and try again.",
        "unauthorized_client" | "unsupported_response_type" => {
            "Permit the authorization code grant to the application."
        }
        _ => "The description says what the provider did not like.",
    };
    Problem::new(
        StatusCode::BAD_REQUEST,
        "The provider did not sign anybody in",
        format!("It answered with the error {code}."),
    )
    .advise(advice)
    .detail(description)
}

/// Forgets the tokens and sends the browser to the provider's logout (RP-Initiated Logout §2).
pub(super) async fn sign_out(
    State(playground): State<Arc<Playground>>,
    jar: CookieJar,
) -> Result<Response, Problem> {
    let id = session_id(&jar);
    let metadata = playground.provider.metadata().await?;
    let signed_in = playground
        .sessions
        .with(id, |session| session.signed_in.take())
        .flatten()
        .ok_or_else(not_signed_in)?;
    let Some(endpoint) = metadata.additional_metadata().end_session_endpoint.clone() else {
        return Ok(Redirect::to("/signed-out").into_response());
    };
    let state = CsrfToken::new_random();
    playground
        .sessions
        .with(id, |session| session.signing_out = Some(state.clone()));
    let url = LogoutRequest::from(endpoint)
        .set_id_token_hint(&signed_in.tokens.id_token)
        .set_post_logout_redirect_uri(PostLogoutRedirectUrl::from_url(
            playground.at("/signed-out"),
        ))
        .set_state(state)
        .http_get_url();
    Ok(Redirect::to(url.as_str()).into_response())
}

#[derive(Deserialize)]
pub(super) struct SignedOut {
    state: Option<String>,
}

#[derive(Template)]
#[template(path = "playground/signed_out.html")]
struct SignedOutPage {
    /// Whether the provider sent the browser back, with the `state` of this sign-out.
    confirmed: bool,
}

/// Shows that the End-User is signed out.
pub(super) async fn signed_out(
    State(playground): State<Arc<Playground>>,
    jar: CookieJar,
    Query(answer): Query<SignedOut>,
) -> Response {
    let expected = playground
        .sessions
        .with(session_id(&jar), |session| session.signing_out.take())
        .flatten();
    let confirmed = expected.is_some_and(|state| answer.state.as_ref() == Some(state.secret()));
    render(StatusCode::OK, &SignedOutPage { confirmed })
}
