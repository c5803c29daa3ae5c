//! The first pages of an interaction: who is it?

use askama::Template;

use crate::web::page::{Person, Problems, Shell};

/// Asks for the email address or username.
#[derive(Template)]
#[template(path = "signin/identify.html")]
pub struct IdentifyPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    pub identifier: &'a str,
    pub problems: Problems,
    pub can_register: bool,
}

/// Asks which account to go on with (`prompt=select_account`, OpenID Connect Core 1.0 §3.1.2.1).
#[derive(Template)]
#[template(path = "signin/select_account.html")]
pub struct SelectAccountPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    pub person: Person,
}
