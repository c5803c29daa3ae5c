//! The code that was sent by mail.

use askama::Template;

use super::outcome::{self, Answer};
use super::scene::Posted;
use crate::interaction::Step;
use crate::interaction::email_code::{self, Entered};
use crate::web::page::{Fields, Message, Problems, Shell};

/// Asks for the code sent by mail.
#[derive(Template)]
#[template(path = "signin/code.html")]
pub struct CodePage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    pub email: &'a str,
    /// Where another address is entered: `register` or `forgot_password`.
    pub change_screen: &'a str,
    /// Whether the code was just sent once more.
    pub sent_again: bool,
    pub problems: Problems,
}

/// `POST …/code`
pub(super) async fn enter(posted: Posted) -> Answer {
    let Posted {
        mut interaction,
        scene,
        fields,
    } = posted;
    if !matches!(scene.next(&interaction), Ok(Step::EnterCode)) {
        return Ok(outcome::onward(&interaction));
    }
    let typed = fields.get("p_confirmation_code").trim();
    if typed.is_empty() {
        let problems = Problems::field("p_confirmation_code", Message::new("code-missing"));
        return outcome::again(&scene, &interaction, &Step::EnterCode, &fields, problems).await;
    }
    let at = scene.circumstances();
    let mut rng = scene.site.app.random.generator();
    match email_code::enter(&mut interaction, typed, &at, &mut rng).await {
        Ok(Entered::Proven) => Ok(outcome::onward(&interaction)),
        Ok(Entered::SignedIn(session)) => Ok(outcome::signed_in(&scene, &interaction, &session)),
        Err(error) => outcome::code_refused(&scene, &interaction, &fields, error).await,
    }
}

/// `POST …/resend`
pub(super) async fn resend(posted: Posted) -> Answer {
    let Posted {
        mut interaction,
        scene,
        ..
    } = posted;
    if !matches!(scene.next(&interaction), Ok(Step::EnterCode)) {
        return Ok(outcome::onward(&interaction));
    }
    let (at, fields) = (scene.circumstances(), Fields::default());
    let mut rng = scene.site.app.random.generator();
    match email_code::resend(&mut interaction, &at, &mut rng).await {
        Ok(letter) => {
            if outcome::send(&scene, &letter).await? {
                Ok(outcome::onward_sent_again(&interaction))
            } else {
                let problems = Problems::form(Message::new("mail-failed"));
                outcome::again(&scene, &interaction, &Step::EnterCode, &fields, problems).await
            }
        }
        Err(error) => {
            outcome::refused(&scene, &interaction, &Step::EnterCode, &fields, error).await
        }
    }
}
