//! Signing in somewhere else: the way to an upstream, its answer, and what becomes of it.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect};

use super::outcome::{self, Answer};
use super::scene::{Posted, Scene, upstreams};
use crate::federation::answer::Callback;
use crate::federation::wishes::Wishes;
use crate::id::ConnectionId;
use crate::interaction::upstream::{self, UpstreamError};
use crate::naming;
use crate::protocol::Params;
use crate::protocol::authorization::Prompt;
use crate::secret::Secret;
use crate::store::connections;
use crate::store::interactions::Interaction;
use crate::web::error::PageError;
use crate::web::extract::{Browser, Now};
use crate::web::page::{Shell, page};
use crate::web::site::Site;

/// The sentence that says why an upstream did not sign somebody in.
pub fn setback_key(outcome: &str) -> &'static str {
    match outcome {
        "another_person" => "upstream-another-person",
        "connection_disabled" | "not_set_up" | "unavailable" => "upstream-unavailable",
        "declined" => "upstream-declined",
        "domain_not_allowed" | "no_account" => "upstream-no-account",
        "identity_taken" => "upstream-taken",
        "organization_suspended" => "organization-suspended",
        "user_suspended" => "upstream-suspended",
        _ => "upstream-unproven",
    }
}

/// Leads on to an upstream.
#[derive(Template)]
#[template(path = "signin/leaving.html")]
pub struct LeavingPage<'a> {
    pub shell: &'a Shell,
    pub address: &'a str,
    pub name: &'a str,
}

/// What the button of a connection says; nothing of one that has none here.
fn offered_name(scene: &Scene, connection: &ConnectionId) -> String {
    let mut offered = scene.facts.connections.iter();
    let offered = offered.find(|offered| offered.id == *connection);
    offered.map_or_else(String::new, |offered| offered.display_name.clone())
}

/// `POST …/connection`
pub(super) async fn choose(posted: Posted) -> Answer {
    let Posted {
        interaction,
        scene,
        fields,
    } = posted;
    let chosen = ConnectionId::parse(fields.get("connection_id"));
    let offered = scene.facts.connections.iter();
    let errand = interaction.progress.0.errand.as_ref();
    let linking = errand.and_then(|errand| errand.links.as_ref());
    let is_linked = |id: &ConnectionId| linking.is_some_and(|linking| linking.connection == *id);
    let is_offered =
        |id: &ConnectionId| offered.clone().any(|offered| offered.id == *id) || is_linked(id);
    match chosen.filter(is_offered) {
        Some(id) => {
            connect(
                &scene,
                &interaction,
                &id,
                (scene.browser_secret(), true),
                None,
            )
            .await
        }
        None => Ok(outcome::onward(&interaction)),
    }
}

/// The connection that an address leads to, by its domain.
pub(super) async fn of_domain(
    scene: &Scene,
    identifier: &str,
) -> Result<Option<ConnectionId>, PageError> {
    let domain = identifier.rsplit_once('@').map(|(_, domain)| domain);
    let Some(domain) = domain.and_then(|domain| naming::domain(domain).ok()) else {
        return Ok(None);
    };
    let mut tx = scene.site.app.db.read().await?;
    let client = &scene.facts.client.client.id;
    Ok(connections::find_by_domain(&mut tx, &domain, client).await?)
}

/// Sends the browser to an upstream; back to our pages when that can't be asked.
pub(super) async fn connect(
    scene: &Scene,
    interaction: &Interaction,
    connection: &ConnectionId,
    (browser, is_posted): (Option<&Secret>, bool),
    typed: Option<&str>,
) -> Answer {
    let Some(browser) = browser else {
        return Err(PageError::ForeignForm);
    };
    let request = &interaction.request.0;
    let hint = typed.or(request.hinted_identifier());
    let wishes = Wishes {
        login_hint: hint.map(str::to_owned),
        login_again: request.prompts.contains(Prompt::Login),
        max_age: request.max_age,
        ui_locales: request.ui_locales.clone(),
        forwarded: request.others.clone(),
    };
    let at = scene.circumstances();
    let mut rng = scene.site.app.random.generator();
    let wanted = (browser, &wishes);
    let begun = upstream::begin(
        &at,
        scene.upstreams(),
        interaction,
        connection,
        wanted,
        &mut rng,
    );
    match begun.await {
        // Browsers hold a form to where its page says that it leads, wherever it is redirected to. Upstreams are not
        // known there: a page of its own breaks the chain.
        Ok(address)
            if interaction.version > 0 || is_posted || interaction.progress.0.errand.is_some() =>
        {
            let template = LeavingPage {
                shell: &scene.shell,
                address: address.as_str(),
                name: &offered_name(scene, connection),
            };
            Ok(page(StatusCode::OK, &template))
        }
        Ok(address) => Ok(Redirect::to(address.as_str()).into_response()),
        Err(UpstreamError::Federation(error)) => {
            let mut interaction = interaction.clone();
            upstream::set_back(&at, &mut interaction, connection, &error, &mut rng).await?;
            Ok(outcome::onward(&interaction))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /login/callback`, and below for connections of organizations
pub(super) async fn callback(
    State(site): State<Site>,
    browser: Browser,
    uri: Uri,
    Now(now): Now,
    RawQuery(query): RawQuery,
) -> Answer {
    let lost = || PageError::ExpiredLink { back: None };
    let params = Params::parse(query.unwrap_or_default()).map_err(|_| lost())?;
    let text = |name: &str| params.get(name).ok().flatten().map(str::to_owned);
    let (Some(state), Some(secret)) = (text("state"), &browser.secret) else {
        return Err(lost());
    };
    let answer = Callback {
        code: text("code").map(Secret::from),
        error: text("error"),
        error_description: text("error_description"),
        iss: text("iss"),
    };
    let mut rng = site.app.random.generator();
    let at = (&site.app.db, upstreams(&site));
    let state = Secret::from(state);
    let received = upstream::receive(at, (&state, secret), (uri.path(), answer), now, &mut rng);
    match received.await {
        Ok(id) => Ok(Redirect::to(&format!("/interaction/{id}")).into_response()),
        Err(UpstreamError::Unknown) => Err(lost()),
        Err(error) => Err(error.into()),
    }
}

/// Signs in whom an upstream has stated; then it is asked anew what comes next.
pub(super) async fn adopt(scene: &Scene, mut interaction: Interaction) -> Answer {
    let at = scene.circumstances();
    let mut rng = scene.site.app.random.generator();
    let adopted = upstream::adopt(&at, &mut interaction, &mut rng).await;
    Ok(match adopted {
        Ok(Some(session)) => outcome::signed_in(scene, &interaction, &session),
        Ok(None) | Err(UpstreamError::Changed) => outcome::onward(&interaction),
        Err(error) => return Err(error.into()),
    })
}

impl From<UpstreamError> for PageError {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Sql(error) => error.into(),
            UpstreamError::Changed | UpstreamError::Unknown => Self::ExpiredLink { back: None },
            UpstreamError::Federation(_) | UpstreamError::Vault(_) => {
                tracing::error!(%error, "an upstream can't be asked");
                Self::Internal
            }
        }
    }
}
