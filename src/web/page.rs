//! What every page has in common: its shell, the messages beside its fields, its headers.
//!
//! The pages themselves are in the files of their handlers. Security headers are set for all
//! responses in one place, not here.

use std::fmt;
use std::sync::Arc;

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::config::Branding;
use crate::protocol::Params;
use crate::store::branding::Theme;
use crate::web::assets::Assets;
use crate::web::faces::Logos;
use crate::web::look::{Buttons, Look};
use crate::web::text::{Locale, Text};

/// What surrounds every page.
#[derive(Clone, Debug)]
pub struct Shell {
    pub text: Text,
    pub brand: Arc<Branding>,
    pub assets: Arc<Assets>,
    /// Proves that a form came from a page of ours; empty on pages without forms.
    pub csrf: String,
    /// The application the End-User is on the way to, once it is known.
    pub client: Option<ClientFace>,
    /// The organization they are on the way to, once it is known.
    pub organization: Option<OrganizationFace>,
    /// The logos of the environment.
    pub logos: Logos,
}

/// How an organization shows itself to people.
#[derive(Clone, Debug)]
pub struct OrganizationFace {
    pub name: String,
    /// Its logos, which its pages bear in place of the environment's.
    pub logos: Logos,
    /// How its pages look; like all others, when there is none.
    pub look: Option<Look>,
    /// Who its mails seem to be from.
    pub sender_name: Option<String>,
    /// Where answers to its mails go.
    pub sender_email: Option<String>,
}

/// Where the logo for a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogoFace<'a> {
    pub usual: &'a str,
    /// The one for dark pages, where they can be light and dark, and there is another one.
    pub dark: Option<&'a str>,
}

/// What the End-User may see of a client (OpenID Connect Dynamic Registration 1.0 §2).
#[derive(Clone, Debug, Default)]
pub struct ClientFace {
    pub name: String,
    pub logo_uri: Option<String>,
    pub policy_uri: Option<String>,
    pub terms_uri: Option<String>,
    /// Whether pages that have something else to do offer the way back to it.
    pub has_cancel_button: bool,
}

/// The fields of a form, as they were posted.
#[derive(Debug, Default)]
pub struct Fields(Params);

impl Fields {
    /// The value of a field, empty when there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).ok().flatten().unwrap_or_default()
    }
}

impl From<Params> for Fields {
    fn from(params: Params) -> Self {
        Self(params)
    }
}

impl Shell {
    /// A shell without forms and client.
    pub fn new(locale: Locale, brand: Arc<Branding>, assets: Arc<Assets>) -> Self {
        Self {
            text: Text::new(locale),
            brand,
            assets,
            csrf: String::new(),
            client: None,
            organization: None,
            logos: Logos::default(),
        }
    }

    /// The schemes that the page can be shown in, in the words of CSS.
    pub fn scheme(&self) -> &'static str {
        match self.theme() {
            Theme::Dark => "dark",
            Theme::Light => "light",
            Theme::UserPreference => "light dark",
        }
    }

    /// The address of the organization's own stylesheet, if it has one.
    pub fn look_path(&self) -> Option<String> {
        self.look().map(Look::path)
    }

    /// The logo of the organization, if it has one.
    pub fn logo(&self) -> Option<LogoFace<'_>> {
        self.organization.as_ref()?.logos.on(self.theme())
    }

    /// The logo of the environment, if it has one; else there is the configuration's.
    pub fn environment_logo(&self) -> Option<LogoFace<'_>> {
        self.logos.on(self.theme())
    }

    /// What the organization is called; nothing, when there is none.
    pub fn organization_name(&self) -> &str {
        let organization = self.organization.as_ref();
        organization.map_or("", |organization| &organization.name)
    }

    /// The buttons of mails to the End-User.
    pub fn buttons(&self) -> Buttons {
        Buttons::of(self.look(), &self.brand)
    }

    fn theme(&self) -> Theme {
        self.look().map_or(Theme::UserPreference, Look::theme)
    }

    fn look(&self) -> Option<&Look> {
        self.organization.as_ref()?.look.as_ref()
    }

    /// The text of `key`.
    pub fn t(&self, key: &str) -> String {
        self.text.t(key)
    }

    /// The text of `key`, with its places filled.
    pub fn with<V: fmt::Display>(&self, key: &str, places: &[(&'static str, V)]) -> String {
        self.text.with(key, places)
    }

    /// The text of a message.
    pub fn say(&self, message: &Message) -> String {
        self.text.with(message.key, &message.places)
    }

    /// Whether the page offers the way back to the application.
    pub fn has_cancel_button(&self) -> bool {
        self.client
            .as_ref()
            .is_none_or(|client| client.has_cancel_button)
    }

    /// Whom the page speaks for: the client, or else the brand.
    pub fn name(&self) -> &str {
        match &self.client {
            Some(client) => &client.name,
            None => &self.brand.name,
        }
    }
}

/// A sentence for the End-User: a key of the catalogue and what fills its places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    key: &'static str,
    places: Vec<(&'static str, String)>,
}

impl Message {
    /// A sentence without places.
    pub fn new(key: &'static str) -> Self {
        Self::with(key, Vec::new())
    }

    /// A sentence with its places filled.
    pub fn with(key: &'static str, places: Vec<(&'static str, String)>) -> Self {
        Self { key, places }
    }
}

/// What was wrong with a form, beside its fields and above them all.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    /// About no field in particular.
    pub form: Option<Message>,
    fields: Vec<(&'static str, Message)>,
}

impl Problems {
    /// Nothing is wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// Something is wrong that no field can be blamed for.
    pub fn form(message: Message) -> Self {
        Self {
            form: Some(message),
            fields: Vec::new(),
        }
    }

    /// One field, by its `name`, is wrong.
    pub fn field(name: &'static str, message: Message) -> Self {
        let mut problems = Self::none();
        problems.add(name, message);
        problems
    }

    /// Notes that a field is wrong. Its first message stays.
    pub fn add(&mut self, name: &'static str, message: Message) {
        if self.of(name).is_none() {
            self.fields.push((name, message));
        }
    }

    /// What is wrong with a field.
    pub fn of(&self, name: &str) -> Option<&Message> {
        self.fields
            .iter()
            .find(|(field, _)| *field == name)
            .map(|(_, message)| message)
    }

    /// Whether the form may be acted upon.
    pub fn is_empty(&self) -> bool {
        self.form.is_none() && self.fields.is_empty()
    }

    /// Whether a summary above the form helps: one wrong field speaks for itself.
    pub fn need_summary(&self) -> bool {
        self.form.is_some() || self.fields.len() > 1
    }

    /// The wrong fields by name, in the order of the form.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &Message)> {
        self.fields.iter().map(|(name, message)| (*name, message))
    }

    /// Whether this field is where the End-User should go on: the first that is wrong or, when
    /// none is, the form's first.
    pub fn focus(&self, name: &str, first: bool) -> bool {
        match self.fields.first() {
            Some((field, _)) => *field == name,
            None => first,
        }
    }
}

/// The `id` of a field, by its name.
///
/// `username` and `password` are what test clients of the `OpenID` Foundation look for.
pub fn field_id(name: &str) -> &str {
    match name {
        "p_confirmation_code" => "code",
        "p_email" => "username",
        "p_first_name" => "first-name",
        "p_first_password" => "new-password",
        "p_has_clickwrap_accepted" => "terms-accepted",
        "p_last_name" => "last-name",
        "p_password" => "password",
        "p_second_password" => "repeat-password",
        other => other,
    }
}

/// Somebody who is signed in.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// Full name; the email address or username where there is none.
    pub name: String,
    /// Email address or username.
    pub identifier: String,
}

impl Person {
    /// The letters in the circle beside the name.
    pub fn initials(&self) -> String {
        self.name
            .split_whitespace()
            .filter_map(|word| word.chars().find(|c| c.is_alphanumeric()))
            .take(2)
            .flat_map(char::to_uppercase)
            .collect()
    }
}

/// Tells the End-User that it cannot go on, and what to do.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    pub shell: &'a Shell,
    pub heading: Message,
    pub explanation: Message,
    /// `error` of RFC 6749 §4.1.2.1, when there is one.
    pub code: Option<&'a str>,
    /// What a developer can act on; reveals nothing of this server.
    pub description: Option<&'a str>,
    /// To be quoted; stands in the log.
    pub reference: Option<&'a str>,
    /// A way out: usually the application.
    pub back: Option<&'a str>,
}

/// Carries an authorization response to the client (OAuth 2.0 Form Post Response Mode §2).
#[derive(Template)]
#[template(path = "form_post.html")]
pub struct FormPostPage<'a> {
    pub shell: &'a Shell,
    /// The redirect URI.
    pub action: &'a str,
    pub parameters: &'a [(String, String)],
}

/// The source that `script-src` allows: the only script there is, which submits [`FormPostPage`].
pub const FORM_POST_SCRIPT: &str = "'sha256-kJd/po0ibbDkLAGT/xICQiAx79nz37e4AzVx9nhNBsY='";

/// The page at `/`.
#[derive(Template)]
#[template(path = "home.html")]
pub struct HomePage<'a> {
    pub shell: &'a Shell,
    pub person: Option<Person>,
    /// The application that has sent the visitor, and where it wants them back.
    pub back: Option<WayBack>,
}

/// The way back to an application.
#[derive(Debug, Clone)]
pub struct WayBack {
    /// The name of the application.
    pub application: String,
    /// One of its own addresses.
    pub url: String,
}

/// Asks whether to sign out (OpenID Connect RP-Initiated Logout 1.0 §2).
#[derive(Template)]
#[template(path = "logout/confirm.html")]
pub struct LogoutPage<'a> {
    pub shell: &'a Shell,
    pub person: Option<Person>,
    /// Parameters of the logout request, carried through the form.
    pub parameters: &'a [(String, String)],
}

/// Says that the End-User is signed out.
#[derive(Template)]
#[template(path = "logout/signed_out.html")]
pub struct SignedOutPage<'a> {
    pub shell: &'a Shell,
    /// Where the application is.
    pub back: Option<&'a str>,
}

/// Renders a page: never stored, as it may hold a token of a form.
pub fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::config::Colour;

    fn shell() -> Shell {
        let accent = Colour {
            red: 0,
            green: 0,
            blue: 200,
        };
        let brand = Branding {
            name: "Acme".to_owned(),
            logo_url: None,
            accent_light: accent,
            accent_dark: accent,
            terms_url: None,
            privacy_url: None,
        };
        let assets = Arc::new(Assets::new(&brand));
        Shell::new(Locale::English, Arc::new(brand), assets)
    }

    #[test]
    fn the_policy_allows_the_script_of_the_form_post_page() {
        let shell = shell();
        let page = FormPostPage {
            shell: &shell,
            action: "https://client.test/callback",
            parameters: &[("state".to_owned(), "\"><script>".to_owned())],
        };
        let html = page.render().unwrap();
        let scripts: Vec<&str> = html.split("<script>").skip(1).collect();
        assert_eq!(scripts.len(), 1);
        let script = scripts[0].split("</script>").next().unwrap();
        let hash = STANDARD.encode(Sha256::digest(script));
        assert_eq!(FORM_POST_SCRIPT, format!("'sha256-{hash}'"));
    }

    #[test]
    fn one_wrong_field_speaks_for_itself() {
        let message = || Message::new("email-missing");
        let mut problems = Problems::field("p_email", message());
        assert!(!problems.need_summary());
        problems.add("p_email", Message::new("email-invalid"));
        assert_eq!(problems.of("p_email"), Some(&message()));
        problems.add("p_first_name", Message::new("first-name-missing"));
        assert!(problems.need_summary());
    }

    #[test]
    fn initials_are_two_letters_at_most() {
        for (name, expected) in [
            ("Alice Appleton", "AA"),
            ("alice@acme.test", "A"),
            ("(ä) von Berg", "ÄV"),
            ("", ""),
        ] {
            let (name, identifier) = (name.to_owned(), String::new());
            assert_eq!(Person { name, identifier }.initials(), expected);
        }
    }
}
