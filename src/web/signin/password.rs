//! Who it is, and the password that proves it: entering it, and replacing a forgotten one.

use askama::Template;

use super::choices;
use super::outcome::{self, Answer};
use super::scene::{Posted, Scene};
use super::upstream;
use crate::directory::identifier;
use crate::interaction::local::SignInError;
use crate::interaction::{Choice, Letter, Step, local, recovery, registration};
use crate::secret::Secret;
use crate::store::connections::Offered;
use crate::store::interactions::{Interaction, Screen, Setback};
use crate::web::account::check_new_password;
use crate::web::page::{Fields, Message, Problems, Shell};

/// Asks for the email address or username.
#[derive(Template)]
#[template(path = "signin/identify.html")]
pub struct IdentifyPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    pub identifier: &'a str,
    pub problems: Problems,
    pub can_register: bool,
    pub connections: Vec<&'a Offered>,
    pub setback: Option<&'a Setback>,
}

/// Asks for the password.
#[derive(Template)]
#[template(path = "signin/password.html")]
pub struct PasswordPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    pub identifier: &'a str,
    pub problems: Problems,
}

/// Asks for the address of an account whose password is forgotten.
#[derive(Template)]
#[template(path = "signin/forgot_password.html")]
pub struct ForgotPasswordPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    pub email: &'a str,
    pub problems: Problems,
}

/// Asks for a new password, twice.
#[derive(Template)]
#[template(path = "signin/choose_password.html")]
pub struct ChoosePasswordPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    pub identifier: &'a str,
    /// Where another identifier is entered: `register` or `forgot_password`.
    pub change_screen: &'a str,
    /// Characters that a password has at least.
    pub minimum_length: usize,
    pub problems: Problems,
}

/// `POST …/identifier`
///
/// Whether there is such an account shows only with the password, so that nobody can ask.
pub(super) async fn identify(posted: Posted) -> Answer {
    let Posted {
        interaction,
        scene,
        fields,
    } = posted;
    let identifier = fields.get("p_email").trim();
    if identifier.is_empty() || identifier.len() > identifier::LONGEST_EMAIL {
        let problems = Problems::field("p_email", Message::new("identifier-missing"));
        return outcome::again(&scene, &interaction, &Step::Identify, &fields, problems).await;
    }
    // An address at the domain of a business leads to where its people sign in.
    if let Some(connection) = upstream::of_domain(&scene, identifier).await? {
        let browser = (scene.browser_secret(), true);
        let hint = Some(identifier);
        return upstream::connect(&scene, &interaction, &connection, browser, hint).await;
    }
    let choice = Choice::Identifier(identifier.to_owned());
    choices::record(&scene, interaction, choice).await
}

/// `POST …/password`
pub(super) async fn sign_in(posted: Posted) -> Answer {
    let Posted {
        mut interaction,
        scene,
        fields,
    } = posted;
    let password = fields.get("p_password");
    if password.is_empty() {
        let problems = Problems::field("p_password", Message::new("password-missing"));
        return outcome::again(&scene, &interaction, &Step::Password, &fields, problems).await;
    }
    let at = scene.circumstances();
    let mut rng = scene.site.app.random.generator();
    match local::sign_in(&mut interaction, password, &at, &mut rng).await {
        Ok(Some(session)) => Ok(outcome::signed_in(&scene, &interaction, &session)),
        Ok(None) => Ok(outcome::onward(&interaction)),
        Err(error) => outcome::refused(&scene, &interaction, &Step::Password, &fields, error).await,
    }
}

/// `POST …/forgot`
pub(super) async fn forgot(posted: Posted) -> Answer {
    let Posted {
        mut interaction,
        scene,
        fields,
    } = posted;
    let step = Step::ForgotPassword;
    let Some(email) = identifier::email(fields.get("p_email")) else {
        let problems = Problems::field("p_email", Message::new("email-invalid"));
        return outcome::again(&scene, &interaction, &step, &fields, problems).await;
    };
    let at = scene.circumstances();
    let mut rng = scene.site.app.random.generator();
    match recovery::request(&mut interaction, email, &at, &mut rng).await {
        Ok(letter) => sent(&scene, &interaction, &step, &fields, &letter).await,
        Err(error) => outcome::refused(&scene, &interaction, &step, &fields, error).await,
    }
}

/// `POST …/new-password`
pub(super) async fn choose(posted: Posted) -> Answer {
    let Posted {
        mut interaction,
        scene,
        fields,
    } = posted;
    let step = Step::ChoosePassword;
    if !matches!(scene.next(&interaction), Ok(Step::ChoosePassword)) {
        return Ok(outcome::onward(&interaction));
    }
    let known = known_words(&scene, &interaction);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    match check_new_password(&scene.site.app.hasher, &fields, &known).await {
        Ok(problems) if problems.is_empty() => {}
        Ok(problems) => {
            return outcome::again(&scene, &interaction, &step, &fields, problems).await;
        }
        Err(error) => {
            let error = SignInError::from(error);
            return outcome::refused(&scene, &interaction, &step, &fields, error).await;
        }
    }
    match choose_for(&scene, &mut interaction, fields.get("p_first_password")).await {
        Ok((Some(session), letter)) => {
            // The password is changed, whether or not its owner can be told.
            if let Some(letter) = letter {
                outcome::send(&scene, &letter).await?;
            }
            Ok(outcome::signed_in(&scene, &interaction, &session))
        }
        Ok((None, Some(letter))) => sent(&scene, &interaction, &step, &fields, &letter).await,
        Ok((None, None)) => Ok(outcome::onward(&interaction)),
        Err(error) => outcome::refused(&scene, &interaction, &step, &fields, error).await,
    }
}

/// Records the password of the account to be, or replaces a forgotten one, which signs in.
async fn choose_for(
    scene: &Scene,
    interaction: &mut Interaction,
    password: &str,
) -> Result<(Option<Secret>, Option<Letter>), SignInError> {
    let at = scene.circumstances();
    let mut rng = scene.site.app.random.generator();
    if interaction.progress.0.screen == Screen::Register {
        let letter = registration::choose_password(interaction, password, &at, &mut rng).await?;
        Ok((None, Some(letter)))
    } else {
        let (session, letter) =
            recovery::choose_password(interaction, password, &at, &mut rng).await?;
        Ok((Some(session), letter))
    }
}

/// Onward once the letter is on its way.
async fn sent(
    scene: &Scene,
    interaction: &Interaction,
    step: &Step,
    fields: &Fields,
    letter: &Letter,
) -> Answer {
    if outcome::send(scene, letter).await? {
        return Ok(outcome::onward(interaction));
    }
    let problems = Problems::form(Message::new("mail-failed"));
    outcome::again(scene, interaction, step, fields, problems).await
}

/// Words that a password of this person should not be made of.
fn known_words(scene: &Scene, interaction: &Interaction) -> Vec<String> {
    let progress = &interaction.progress.0;
    let mut words = vec![
        scene.shell.brand.name.clone(),
        scene.shell.name().to_owned(),
    ];
    words.extend(
        progress
            .reset_proof
            .as_ref()
            .map(|proof| proof.identifier.clone()),
    );
    if let Some(registration) = &progress.registration {
        words.push(registration.email.clone());
        words.extend(registration.given_name.clone());
        words.extend(registration.family_name.clone());
    }
    words
}
