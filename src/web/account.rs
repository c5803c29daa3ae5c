//! What people do with their own account.

use askama::Template;

use crate::web::page::{Person, Problems, Shell};

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
