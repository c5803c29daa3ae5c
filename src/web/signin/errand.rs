//! Errands from the page of one's account: proving anew who one is, and linking an identity.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::outcome::{self, Answer};
use super::pages;
use super::scene::{Posted, Scene};
use crate::clock::Timestamp;
use crate::id::ConnectionId;
use crate::interaction::local::SignInError;
use crate::interaction::{SignedIn, Step, errand};
use crate::store::connections::Offered;
use crate::store::interactions::{Interaction, Setback};
use crate::store::passwords;
use crate::web::account::person;
use crate::web::error::PageError;
use crate::web::page::{Message, Person, Problems, Shell, page};
use crate::web::site::Site;

/// Asks whoever is signed in to prove anew who they are.
#[derive(Template)]
#[template(path = "signin/confirm.html")]
pub struct ConfirmPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    pub person: Person,
    pub problems: Problems,
    pub has_password: bool,
    pub connections: Vec<&'a Offered>,
    pub setback: Option<&'a Setback>,
}

/// Says why an identity was not linked.
#[derive(Template)]
#[template(path = "signin/not_linked.html")]
pub struct NotLinkedPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    pub setback: &'a Setback,
}

/// Begins an errand, and leads there: to link an identity at a connection, or only to prove who is signed in.
/// `returns_to` is the page of ours that it ends at.
pub async fn begin(
    site: &Site,
    signed_in: &SignedIn,
    (links, returns_to): (Option<ConnectionId>, String),
    now: Timestamp,
) -> Result<Response, PageError> {
    let parameters = [("prompt", "login")];
    let request = super::here::request(site, &parameters, now).await?;
    // Whoever is signed in has signed in to something.
    let request = request.ok_or(PageError::Unknown)?;
    let app = &site.app;
    let (lifetime, mut rng) = (
        app.config.sign_in.interaction_lifetime,
        app.random.generator(),
    );
    let purpose = (links, returns_to);
    let mut tx = app.db.write().await?;
    let begun = errand::begin(
        &mut tx, request, signed_in, purpose, lifetime, now, &mut rng,
    )
    .await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/interaction/{}", begun.id)).into_response())
}

/// The page that asks for the proof.
pub(super) async fn show(scene: &Scene, interaction: &Interaction, problems: Problems) -> Answer {
    let Some(signed_in) = &scene.facts.signed_in else {
        return Ok(outcome::onward(interaction));
    };
    let mut tx = scene.site.app.db.read().await?;
    let password = passwords::find(&mut tx, &signed_in.user.id).await?;
    let template = ConfirmPage {
        shell: &scene.shell,
        interaction: interaction.id.as_str(),
        person: person(&mut tx, &signed_in.user).await?,
        problems,
        has_password: password.is_some(),
        connections: scene.facts.connections.iter().collect(),
        setback: interaction.progress.0.setback.as_ref(),
    };
    Ok(page(StatusCode::OK, &template))
}

/// The page that says why an identity was not linked.
pub(super) fn show_not_linked(scene: &Scene, interaction: &Interaction) -> Response {
    let Some(setback) = &interaction.progress.0.setback else {
        return outcome::onward(interaction);
    };
    let template = NotLinkedPage {
        shell: &scene.shell,
        interaction: interaction.id.as_str(),
        setback,
    };
    page(StatusCode::OK, &template)
}

/// `POST …/confirm`
pub(super) async fn confirm(posted: Posted) -> Answer {
    let Posted {
        mut interaction,
        scene,
        fields,
    } = posted;
    let step = Step::Confirm;
    let (Ok(Step::Confirm), Some(signed_in)) = (scene.next(&interaction), &scene.facts.signed_in)
    else {
        return Ok(outcome::onward(&interaction));
    };
    let password = fields.get("p_password");
    if password.is_empty() {
        let problems = Problems::field("p_password", Message::new("password-missing"));
        return outcome::again(&scene, &interaction, &step, &fields, problems).await;
    }
    let at = scene.circumstances();
    let mut rng = scene.site.app.random.generator();
    match errand::confirm(&mut interaction, signed_in, password, &at, &mut rng).await {
        Ok(session) => Ok(outcome::signed_in(&scene, &interaction, &session)),
        Err(SignInError::Wrong) => {
            let problems = Problems::field("p_password", Message::new("password-wrong"));
            let response = pages::show(&scene, &interaction, &step, &fields, problems).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, response).into_response())
        }
        Err(error) => outcome::refused(&scene, &interaction, &step, &fields, error).await,
    }
}
