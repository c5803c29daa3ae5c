//! Self sign-up: who will it be?

use askama::Template;

use super::outcome::{self, Answer};
use super::scene::{Posted, Scene};
use crate::directory::identifier;
use crate::interaction::{Step, registration};
use crate::store::connections::Offered;
use crate::store::interactions::Registration;
use crate::store::invitations::Invitation;
use crate::web::page::{Fields, Message, Problems, Shell};

/// Asks for name and email address.
#[derive(Template)]
#[template(path = "signin/register.html")]
pub struct RegisterPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    /// The organization that an invitation is to, whose address can't be changed.
    pub joins: Option<&'a str>,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub email: &'a str,
    /// Whether it asks for names.
    pub asks_for_name: bool,
    /// Whether it leads to signing in.
    pub can_sign_in: bool,
    /// Whether the terms are accepted, where the installation has any.
    pub terms_accepted: bool,
    pub problems: Problems,
    pub connections: Vec<&'a Offered>,
}

/// Says that self sign-up is off.
#[derive(Template)]
#[template(path = "signin/registration_closed.html")]
pub struct RegistrationClosedPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
}

/// `POST …/register`
pub(super) async fn register(posted: Posted) -> Answer {
    let Posted {
        mut interaction,
        scene,
        fields,
    } = posted;
    if !scene.facts.may_register() {
        return Ok(outcome::onward(&interaction));
    }
    let registration = match parse(&scene, &fields) {
        Ok(registration) => registration,
        Err(problems) => {
            return outcome::again(&scene, &interaction, &Step::Register, &fields, problems).await;
        }
    };
    let mut tx = scene.site.app.db.write().await?;
    match registration::begin(&mut tx, &mut interaction, registration, scene.facts.now).await {
        Ok(()) => {
            tx.commit().await?;
            Ok(outcome::onward(&interaction))
        }
        Err(error) => {
            drop(tx);
            outcome::refused(&scene, &interaction, &Step::Register, &fields, error).await
        }
    }
}

fn parse(scene: &Scene, fields: &Fields) -> Result<Registration, Problems> {
    let mut problems = Problems::none();
    let asks_for_name = scene.page_options().asks_for_name;
    let invitation = scene.facts.open_invitation().map(|open| &open.invitation);
    let invited =
        |known: fn(&Invitation) -> &Option<String>| invitation.and_then(|it| known(it).clone());
    // A page that asks for no name takes none; whoever invites may have told it.
    let name = |field, known| {
        if asks_for_name {
            identifier::name(fields.get(field))
        } else {
            invited(known)
        }
    };
    let given_name = name("p_first_name", |it| &it.given_name);
    if asks_for_name && given_name.is_none() {
        problems.add("p_first_name", Message::new("first-name-missing"));
    }
    // By an invitation nobody else registers than whom it is for, whatever the browser sends.
    let typed = invitation.map_or(fields.get("p_email"), |it| it.email.as_str());
    let email = identifier::email(typed);
    if typed.trim().is_empty() {
        problems.add("p_email", Message::new("email-missing"));
    } else if email.is_none() {
        problems.add("p_email", Message::new("email-invalid"));
    }
    let has_terms = scene.shell.brand.terms_url.is_some();
    if has_terms && fields.get("p_has_clickwrap_accepted").is_empty() {
        problems.add("p_has_clickwrap_accepted", Message::new("terms-missing"));
    }
    match email {
        Some(email) if problems.is_empty() => Ok(Registration {
            email: email.to_owned(),
            given_name,
            family_name: name("p_last_name", |it| &it.family_name),
            password_hash: None,
        }),
        _ => Err(problems),
    }
}
