//! The pages about a password: entering it, and replacing a forgotten one.

use askama::Template;

use crate::web::page::{Problems, Shell};

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
