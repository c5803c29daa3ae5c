//! The pages about an invitation that can't be accepted as things are.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::choices;
use super::outcome::{self, Answer};
use super::scene::{Posted, Scene};
use crate::interaction::invitation::OpenInvitation;
use crate::interaction::{Choice, Step};
use crate::web::invitation::closed;
use crate::web::page::{Message, Shell, page};

/// Says why an invitation is not accepted, and what can be done.
#[derive(Template)]
#[template(path = "signin/invitation.html")]
pub struct InvitationPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    pub heading: Message,
    pub explanation: Message,
    /// What makes it possible to accept, in words.
    pub offer: Option<Message>,
}

/// The page of one of the steps about an invitation. `person` is who is signed in, by address or name.
pub(super) fn show(scene: &Scene, id: &str, step: &Step, person: &str) -> Response {
    let (status, heading, explanation, offer) = match (step, scene.facts.open_invitation()) {
        (Step::InvitationClosed(reason), _) => {
            let (status, explanation) = closed(*reason);
            let heading = Message::new("invitation-closed-title");
            (status, heading, explanation, None)
        }
        (Step::InvitationUnproven, Some(open)) => {
            let heading = Message::new("invitation-unproven-title");
            let offer = Message::new("invitation-prove");
            (StatusCode::OK, heading, unproven(open), Some(offer))
        }
        (_, open) => {
            let email = open.map(|open| open.invitation.email.clone());
            let email = email.unwrap_or_default();
            let heading = Message::new("invitation-another-title");
            let offer = Message::with("invitation-sign-in", vec![("email", email.clone())]);
            let explanation = Message::with(
                "invitation-another-lead",
                vec![("email", email), ("person", person.to_owned())],
            );
            (StatusCode::OK, heading, explanation, Some(offer))
        }
    };
    let template = InvitationPage {
        shell: &scene.shell,
        interaction: id,
        heading,
        explanation,
        offer,
    };
    page(status, &template)
}

fn unproven(open: &OpenInvitation) -> Message {
    Message::with(
        "invitation-unproven-lead",
        vec![
            ("email", open.invitation.email.clone()),
            ("organization", open.organization.name.clone()),
        ],
    )
}

/// `POST …/invitation`
///
/// Accepting means to be whom the invitation is for: to sign in as they, or to prove the address.
pub(super) async fn choose(posted: Posted) -> Answer {
    let Posted {
        interaction,
        scene,
        fields,
    } = posted;
    let door = match (scene.next(&interaction), scene.facts.open_invitation()) {
        (Ok(Step::InvitationForAnother), Some(open)) => Some(open.door()),
        (Ok(Step::InvitationUnproven), Some(open)) => Some(open.proof()),
        (Ok(Step::InvitationClosed(_)), _) => None,
        _ => return Ok(outcome::onward(&interaction)),
    };
    let choice = match (fields.get("choice"), door) {
        ("accept", Some(door)) => Choice::AnotherAccount(Box::new(door)),
        ("decline", _) => Choice::WithoutInvitation,
        _ => return Ok(outcome::onward(&interaction)),
    };
    choices::record(&scene, interaction, choice).await
}
