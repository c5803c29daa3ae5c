//! The password of one's own account.

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;

use super::visit::Visit;
use crate::interaction::local::SignInError;
use crate::interaction::{Circumstances, Letter, password_change};
use crate::passwords::{PasswordError, PasswordHasher, Weakness};
use crate::web::cookies::Ours;
use crate::web::error::PageError;
use crate::web::extract::{Browser, Now, SignedForm};
use crate::web::page::{Fields, Message, Person, Problems, Shell, page};
use crate::web::signin::write_letter;
use crate::web::site::Site;

/// Changes the password of who is signed in.
#[derive(Template)]
#[template(path = "account/password.html")]
pub struct AccountPasswordPage<'a> {
    pub shell: &'a Shell,
    pub person: Person,
    /// Whether it was just done.
    pub changed: bool,
    /// Characters that a password has at least.
    pub minimum_length: usize,
    pub problems: Problems,
}

/// The page, with what is wrong.
fn show_page(visit: &Visit, status: StatusCode, changed: bool, problems: Problems) -> Response {
    let (shell, jar) = visit.shell();
    let template = AccountPasswordPage {
        shell: &shell,
        person: visit.person.clone(),
        changed,
        minimum_length: visit.site.app.config.passwords.minimum_length,
        problems,
    };
    (jar, page(status, &template)).into_response()
}

/// `GET /account/password`
pub(super) async fn show(
    State(site): State<Site>,
    Now(now): Now,
    browser: Browser,
) -> Result<Response, PageError> {
    Ok(match Visit::open(site, browser, now).await? {
        Some(visit) => show_page(&visit, StatusCode::OK, false, Problems::none()),
        None => Redirect::to("/").into_response(),
    })
}

/// `POST /account/password`
pub(super) async fn change(
    State(site): State<Site>,
    Now(now): Now,
    browser: Browser,
    SignedForm(params): SignedForm,
) -> Result<Response, PageError> {
    let Some(visit) = Visit::open(site, browser, now).await? else {
        return Ok(Redirect::to("/").into_response());
    };
    let fields = Fields::from(params);
    let wrong = StatusCode::UNPROCESSABLE_ENTITY;
    if fields.get("p_password").is_empty() {
        let problems = Problems::field("p_password", Message::new("password-missing"));
        return Ok(show_page(&visit, wrong, false, problems));
    }
    let known = [visit.person.name.as_str(), &visit.person.identifier];
    let problems = check_new_password(&visit.site.app.hasher, &fields, &known).await?;
    if !problems.is_empty() {
        return Ok(show_page(&visit, wrong, false, problems));
    }
    let (app, signed_in) = (&visit.site.app, &visit.signed_in);
    let at = Circumstances {
        db: &app.db,
        hasher: &app.hasher,
        hash_key: &app.hash_key,
        limits: &app.config.sign_in,
        lifetimes: &app.config.sessions,
        present: Some(&signed_in.session),
        visitor: &visit.browser.visitor,
        now,
    };
    let (present, chosen) = (fields.get("p_password"), fields.get("p_first_password"));
    let mut rng = app.random.generator();
    match password_change::change_password(signed_in, present, chosen, &at, &mut rng).await {
        Ok(cookie) => {
            tell(&visit).await;
            let page = show_page(&visit, StatusCode::OK, true, Problems::none());
            let issuer = &app.config.server.issuer;
            Ok((Ours::Session.set(CookieJar::new(), issuer, &cookie), page).into_response())
        }
        Err(SignInError::Throttled(throttled)) => {
            let problems = Problems::form(Message::new("too-many-attempts"));
            let page = show_page(&visit, StatusCode::TOO_MANY_REQUESTS, false, problems);
            let seconds = throttled.0.as_i64().max(1).to_string();
            Ok(([(header::RETRY_AFTER, seconds)], page).into_response())
        }
        Err(SignInError::Wrong) => {
            let problems = Problems::field("p_password", Message::new("password-wrong"));
            Ok(show_page(&visit, wrong, false, problems))
        }
        Err(SignInError::Busy(error)) => Err(error.into()),
        Err(SignInError::Sql(error)) => Err(error.into()),
        // A suspended user has no session.
        Err(SignInError::AddressNotAdmitted | SignInError::Changed | SignInError::Suspended) => {
            Ok(Redirect::to("/").into_response())
        }
    }
}

/// Tells the owner by mail; the password is changed, whether or not that works.
async fn tell(visit: &Visit) {
    let to = visit.person.identifier.clone();
    if !to.contains('@') {
        return; // A user name: there is no address to write to.
    }
    let (shell, _) = visit.shell();
    let letter = Letter::PasswordChanged { to };
    let message = match write_letter(&letter, &shell, &shell.brand.name, visit.now) {
        Ok(message) => message,
        Err(error) => return tracing::error!(%error, "a mail could not be worded"),
    };
    if let Err(error) = visit.site.app.mailer.send(message, visit.now).await {
        tracing::error!(%error, "a mail could not be sent");
    }
}

/// What is wrong with a new password that was typed twice. `known` are words that others know of its
/// owner.
///
/// # Errors
///
/// [`PasswordError::Busy`] when too many passwords are being looked at.
pub async fn check_new_password(
    hasher: &PasswordHasher,
    fields: &Fields,
    known: &[&str],
) -> Result<Problems, PasswordError> {
    let password = fields.get("p_first_password");
    if password.is_empty() {
        let message = Message::new("new-password-missing");
        return Ok(Problems::field("p_first_password", message));
    }
    // What costs nothing comes first: estimating a password's strength takes the time of several hashes.
    if password != fields.get("p_second_password") {
        let message = Message::new("password-mismatch");
        return Ok(Problems::field("p_second_password", message));
    }
    if let Some(weakness) = hasher.weakness(password, known).await? {
        return Ok(Problems::field("p_first_password", word(weakness)));
    }
    Ok(Problems::none())
}

fn word(weakness: Weakness) -> Message {
    match weakness {
        Weakness::Guessable => Message::new("password-common"),
        Weakness::TooLong { maximum } => {
            Message::with("password-long", vec![("maximum", maximum.to_string())])
        }
        Weakness::TooShort { minimum } => {
            Message::with("password-short", vec![("minimum", minimum.to_string())])
        }
    }
}
