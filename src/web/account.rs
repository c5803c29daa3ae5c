//! What people do with their own account.

use askama::Template;

use crate::passwords::{PasswordError, PasswordHasher, Weakness};
use crate::store::users::User;
use crate::store::{Tx, identities};
use crate::web::page::{Fields, Message, Person, Problems, Shell};

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

/// How a user is shown: by name, and by the primary identity.
pub async fn person(tx: &mut Tx, user: &User) -> sqlx::Result<Person> {
    let identities = identities::list_for_user(tx, &user.id).await?;
    let primary = identities.iter().find(|identity| identity.is_primary);
    let shown = primary.or(identities.first());
    let identifier = shown.map_or(String::new(), |identity| identity.value.clone());
    Ok(Person {
        name: user.full_name().unwrap_or_else(|| identifier.clone()),
        identifier,
    })
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
    if let Some(weakness) = hasher.weakness(password, known).await? {
        return Ok(Problems::field("p_first_password", word(weakness)));
    }
    if password != fields.get("p_second_password") {
        let message = Message::new("password-mismatch");
        return Ok(Problems::field("p_second_password", message));
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
