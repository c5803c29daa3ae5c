//! The pages of self sign-up, and the code that proves an address.

use askama::Template;

use crate::web::page::{Problems, Shell};

/// Asks for name and email address.
#[derive(Template)]
#[template(path = "signin/register.html")]
pub struct RegisterPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub email: &'a str,
    /// Whether the terms are accepted, where the installation has any.
    pub terms_accepted: bool,
    pub problems: Problems,
}

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
