//! How a handler of an interaction ends: back to the interaction, a page, or the client's answer.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;

use super::letter;
use super::pages;
use super::scene::Scene;
use crate::clock::Seconds;
use crate::interaction::email_code::CodeError;
use crate::interaction::local::SignInError;
use crate::interaction::{Letter, Step};
use crate::secret::Secret;
use crate::store::interactions::Interaction;
use crate::web::cookies::Ours;
use crate::web::error::PageError;
use crate::web::page::{Fields, Message, Problems};

pub(super) type Answer = Result<Response, PageError>;

/// Back to where it is decided what comes next.
pub(super) fn onward(interaction: &Interaction) -> Response {
    Redirect::to(&format!("/interaction/{}", interaction.id)).into_response()
}

/// What is added to the address when a code was sent once more.
pub(super) const SENT_AGAIN: &str = "sent=again";

/// Back to where it is decided what comes next, to say that a code was sent once more.
pub(super) fn onward_sent_again(interaction: &Interaction) -> Response {
    Redirect::to(&format!("/interaction/{}?{SENT_AGAIN}", interaction.id)).into_response()
}

/// Back to where it is decided what comes next, signed in.
pub(super) fn signed_in(scene: &Scene, interaction: &Interaction, session: &Secret) -> Response {
    let issuer = &scene.site.app.config.server.issuer;
    let cookie = Ours::Session.set(CookieJar::new(), issuer, session);
    (cookie, onward(interaction)).into_response()
}

/// The same page again, with what was typed and what is wrong with it.
pub(super) async fn again(
    scene: &Scene,
    interaction: &Interaction,
    step: &Step,
    fields: &Fields,
    problems: Problems,
) -> Answer {
    let response = pages::show(scene, interaction, step, fields, problems).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, response).into_response())
}

/// Sends a letter. Returns whether it is on its way: the End-User waits, and learns when it is not.
pub(super) async fn send(scene: &Scene, letter: &Letter) -> Result<bool, PageError> {
    let (shell, now) = (&scene.shell, scene.facts.now);
    let organization = shell.organization.as_ref();
    let sender_name = organization.and_then(|organization| organization.sender_name.clone());
    let name = sender_name.as_deref().unwrap_or(&shell.brand.name);
    let mut message = letter::write(letter, shell, name, now).map_err(|error| {
        tracing::error!(%error, "a mail could not be worded");
        PageError::Internal
    })?;
    message.reply_to = organization.and_then(|organization| organization.sender_email.clone());
    message.sender_name = sender_name;
    let sent = scene.site.app.mailer.send(message, now).await;
    if let Err(error) = &sent {
        tracing::error!(%error, "a mail could not be sent");
    }
    Ok(sent.is_ok())
}

/// What the End-User is told when nobody could be signed in.
pub(super) async fn refused(
    scene: &Scene,
    interaction: &Interaction,
    step: &Step,
    fields: &Fields,
    error: SignInError,
) -> Answer {
    match error {
        SignInError::AddressNotAdmitted => {
            let message = Message::new("email-not-admitted");
            let problems = match step {
                Step::Register => Problems::field("p_email", message),
                _ => Problems::form(message),
            };
            again(scene, interaction, step, fields, problems).await
        }
        SignInError::Busy(error) => Err(error.into()),
        SignInError::Changed => Ok(onward(interaction)),
        SignInError::Sql(error) => Err(error.into()),
        // Told here and not to the client, which would only ask again.
        SignInError::Suspended => Err(PageError::Suspended {
            back: scene.way_back(),
        }),
        SignInError::Throttled(throttled) => {
            let problems = Problems::form(Message::new("too-many-attempts"));
            let page = pages::show(scene, interaction, step, fields, problems).await?;
            let seconds = throttled.0.max(Seconds::new(1)).as_i64().to_string();
            let wait = [(header::RETRY_AFTER, seconds)];
            Ok((StatusCode::TOO_MANY_REQUESTS, wait, page).into_response())
        }
        SignInError::Wrong => {
            let problems = Problems::field("p_password", Message::new("sign-in-refused"));
            again(scene, interaction, step, fields, problems).await
        }
    }
}

/// What the End-User is told when a code was not taken.
pub(super) async fn code_refused(
    scene: &Scene,
    interaction: &Interaction,
    fields: &Fields,
    error: CodeError,
) -> Answer {
    let message = match error {
        CodeError::SignIn(error) => {
            return refused(scene, interaction, &Step::EnterCode, fields, error).await;
        }
        CodeError::Spent => Message::new("code-expired"),
        CodeError::Taken => Message::new("address-taken"),
        CodeError::Wrong => Message::new("code-wrong"),
    };
    let problems = Problems::field("p_confirmation_code", message);
    again(scene, interaction, &Step::EnterCode, fields, problems).await
}
