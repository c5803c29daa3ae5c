//! The page that shows the tokens, and the buttons on it.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Redirect, Response};
use axum_extra::extract::CookieJar;
use openidconnect::{JsonWebKey, SubjectIdentifier};
use serde::Deserialize;
use serde_json::Value;

use super::Playground;
use super::inspection::{self, Check, Expected, Inspection, Sent};
use super::json::{self, Piece};
use super::problem::{Problem, not_signed_in, render};
use super::provider::{Answer, Metadata, ProviderError};
use super::session::SignedIn;
use super::sign_in::{session_id, tokens};
use super::words;
use crate::clock::Timestamp;

#[derive(Template)]
#[template(path = "playground/tokens.html")]
struct TokensPage<'a> {
    name: String,
    verified: bool,
    issuer: &'a str,
    scope: &'a str,
    received: String,
    refreshes: u32,
    cards: Vec<TokenCard>,
    refresh_token: Option<&'a str>,
    answers: Vec<AnswerCard>,
    confidential: bool,
}

/// A token as the page shows it.
struct TokenCard {
    id: &'static str,
    title: &'static str,
    purpose: &'static str,
    /// Absent when the token is opaque.
    contents: Option<Contents>,
    raw: String,
}

struct Contents {
    verified: bool,
    checks: Vec<Check>,
    header: Vec<Piece>,
    claims: Vec<Piece>,
}

/// A response of an endpoint as the page shows it.
struct AnswerCard {
    endpoint: &'static str,
    status: String,
    good: bool,
    objection: Option<String>,
    /// The body as JSON, or as text in one piece; nothing when it is empty.
    body: Vec<Piece>,
}

/// Shows the tokens, verified as of now.
pub(super) async fn show(
    State(playground): State<Arc<Playground>>,
    jar: CookieJar,
) -> Result<Response, Problem> {
    let signed_in = signed_in(&playground, &jar)?;
    let now = playground.clock.now();
    let metadata = playground.provider.metadata().await?;
    let (id_token, access_token) = inspect(&playground, &metadata, &signed_in, now);
    let tokens = &signed_in.tokens;
    let page = TokensPage {
        name: name(id_token.as_ref()),
        verified: id_token.as_ref().is_some_and(Inspection::passed),
        issuer: playground.provider.issuer.as_str(),
        scope: tokens.scope.as_deref().unwrap_or("as requested"),
        received: words::relative(tokens.received_at, now),
        refreshes: signed_in.refreshes,
        cards: vec![
            TokenCard {
                id: "id-token",
                title: "ID token",
                purpose: "For this application: who signed in, when and how.",
                contents: id_token.map(|inspection| contents(inspection, now)),
                raw: tokens.id_token.to_string(),
            },
            TokenCard {
                id: "access-token",
                title: "Access token",
                purpose: "For APIs: what this application may do for that person.",
                contents: access_token.map(|inspection| contents(inspection, now)),
                raw: tokens.access_token.secret().clone(),
            },
        ],
        refresh_token: tokens.refresh_token.as_ref().map(|token| &**token.secret()),
        answers: signed_in
            .answers
            .iter()
            .map(|(endpoint, answer)| answer_card(endpoint, answer, now))
            .collect(),
        confidential: playground.provider.is_confidential(),
    };
    Ok(render(StatusCode::OK, &page))
}

fn signed_in(playground: &Playground, jar: &CookieJar) -> Result<SignedIn, Problem> {
    playground
        .sessions
        .with(session_id(jar), |session| session.signed_in.clone())
        .flatten()
        .ok_or_else(not_signed_in)
}

fn inspect(
    playground: &Playground,
    metadata: &Metadata,
    signed_in: &SignedIn,
    now: Timestamp,
) -> (Option<Inspection>, Option<Inspection>) {
    let expected = Expected {
        issuer: &playground.provider.issuer,
        client_id: &playground.provider.client_id,
        keys: metadata.jwks(),
        algorithms: metadata.id_token_signing_alg_values_supported(),
        now,
    };
    let sent = Sent {
        nonce: &signed_in.nonce,
        max_age: signed_in.max_age,
        answered_at: signed_in.answered_at,
        refreshed: signed_in.refreshes > 0,
    };
    let tokens = &signed_in.tokens;
    (
        inspection::id_token(&tokens.id_token, &tokens.access_token, sent, &expected),
        inspection::access_token(&tokens.access_token, &expected),
    )
}

fn name(id_token: Option<&Inspection>) -> String {
    ["name", "email", "preferred_username", "sub"]
        .iter()
        .find_map(|claim| id_token?.text(claim))
        .unwrap_or("somebody")
        .to_owned()
}

fn contents(inspection: Inspection, now: Timestamp) -> Contents {
    Contents {
        verified: inspection.passed(),
        header: json::pieces(&inspection.header, now),
        claims: json::pieces(&inspection.claims, now),
        checks: inspection.checks,
    }
}

fn answer_card(endpoint: &'static str, answer: &Answer, now: Timestamp) -> AnswerCard {
    let body = match serde_json::from_slice::<Value>(&answer.body) {
        Ok(document) => json::pieces(&document, now),
        Err(_) if answer.body.is_empty() => Vec::new(),
        Err(_) => vec![Piece {
            style: "mark",
            text: String::from_utf8_lossy(&answer.body).into_owned(),
        }],
    };
    AnswerCard {
        endpoint,
        status: answer.status.to_string(),
        good: answer.status.is_success() && answer.objection.is_none(),
        objection: answer.objection.clone(),
        body,
    }
}

/// Fetches the keys anew when a token is signed with one that was published since.
pub(super) async fn know_keys(playground: &Playground, signed_in: &SignedIn) {
    let Ok(metadata) = playground.provider.metadata().await else {
        return;
    };
    let (id_token, access_token) =
        inspect(playground, &metadata, signed_in, playground.clock.now());
    let unknown = [id_token, access_token].into_iter().flatten().any(|token| {
        let named = token.header["kid"].as_str();
        let mut keys = metadata.jwks().keys().iter();
        named.is_some() && keys.all(|key| key.key_id().map(|id| id.as_str()) != named)
    });
    if unknown && let Err(error) = playground.provider.discover().await {
        tracing::warn!(%error, "the keys of the issuer cannot be fetched");
    }
}

/// Asks for new tokens.
pub(super) async fn refresh(
    State(playground): State<Arc<Playground>>,
    jar: CookieJar,
) -> Result<Redirect, Problem> {
    let mut signed_in = signed_in(&playground, &jar)?;
    let Some(token) = &signed_in.tokens.refresh_token else {
        return Err(no_refresh_token());
    };
    let response = playground.provider.refresh(token).await;
    let response = response.map_err(|error| Problem::from(error).while_signed_in())?;
    let now = playground.clock.now();
    if let Some(tokens) = tokens(&response, Some(&signed_in.tokens), now) {
        signed_in.tokens = tokens;
    }
    signed_in.refreshes += 1;
    know_keys(&playground, &signed_in).await;
    playground.sessions.with(session_id(&jar), |session| {
        session.signed_in = Some(signed_in);
    });
    Ok(Redirect::to("/tokens"))
}

fn no_refresh_token() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "There is no refresh token",
        "The provider gives one when the scope offline is asked for and permitted.",
    )
    .advise("Sign in again with “Stay signed in” on the start page.")
    .while_signed_in()
}

/// Asks the UserInfo endpoint.
pub(super) async fn userinfo(
    State(playground): State<Arc<Playground>>,
    jar: CookieJar,
) -> Result<Redirect, Problem> {
    let signed_in = signed_in(&playground, &jar)?;
    let metadata = playground.provider.metadata().await?;
    let (id_token, _) = inspect(&playground, &metadata, &signed_in, playground.clock.now());
    let subject = id_token
        .as_ref()
        .and_then(|token| token.text("sub"))
        .unwrap_or_default();
    let subject = SubjectIdentifier::new(subject.to_owned());
    let access_token = &signed_in.tokens.access_token;
    let answer = playground.provider.userinfo(access_token, &subject).await;
    keep(&playground, &jar, "UserInfo", answer)
}

/// Which token a button is about.
#[derive(Deserialize)]
pub(super) struct Which {
    token: WhichToken,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WhichToken {
    AccessToken,
    RefreshToken,
}

/// Asks the introspection endpoint.
pub(super) async fn introspect(
    State(playground): State<Arc<Playground>>,
    jar: CookieJar,
    Form(which): Form<Which>,
) -> Result<Redirect, Problem> {
    let endpoint = match which.token {
        WhichToken::AccessToken => "Introspection of the access token",
        WhichToken::RefreshToken => "Introspection of the refresh token",
    };
    let token = chosen(&signed_in(&playground, &jar)?, which.token)?;
    let answer = playground.provider.introspect(&token).await;
    keep(&playground, &jar, endpoint, answer)
}

/// Revokes a token.
pub(super) async fn revoke(
    State(playground): State<Arc<Playground>>,
    jar: CookieJar,
    Form(which): Form<Which>,
) -> Result<Redirect, Problem> {
    let endpoint = match which.token {
        WhichToken::AccessToken => "Revocation of the access token",
        WhichToken::RefreshToken => "Revocation of the refresh token",
    };
    let token = chosen(&signed_in(&playground, &jar)?, which.token)?;
    let answer = playground.provider.revoke(&token).await;
    keep(&playground, &jar, endpoint, answer)
}

fn chosen(signed_in: &SignedIn, which: WhichToken) -> Result<String, Problem> {
    let tokens = &signed_in.tokens;
    match which {
        WhichToken::AccessToken => Ok(tokens.access_token.secret().clone()),
        WhichToken::RefreshToken => tokens
            .refresh_token
            .as_ref()
            .map(|token| token.secret().clone())
            .ok_or_else(no_refresh_token),
    }
}

fn keep(
    playground: &Playground,
    jar: &CookieJar,
    endpoint: &'static str,
    answer: Result<Answer, ProviderError>,
) -> Result<Redirect, Problem> {
    let answer = answer.map_err(|error| Problem::from(error).while_signed_in())?;
    playground.sessions.with(session_id(jar), |session| {
        if let Some(signed_in) = &mut session.signed_in {
            signed_in.keep(endpoint, answer);
        }
    });
    Ok(Redirect::to("/tokens#answers"))
}
