//! Consent: what the client asks for, in words.

use askama::Template;

use crate::web::page::{Person, Shell};
use crate::web::text::Text;

/// Asks whether the client may have what it asks for (OpenID Connect Core 1.0 §3.1.2.4).
#[derive(Template)]
#[template(path = "signin/consent.html")]
pub struct ConsentPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    pub person: Person,
    /// One sentence for each scope.
    pub scopes: Vec<String>,
    /// Host of the redirect URI, or its scheme in a native app.
    pub destination: &'a str,
}

/// What a scope gives, in words; none where it needs no mention.
///
/// `registered` is the description of a scope of an API.
pub fn describe(text: Text, scope: &str, registered: Option<&str>) -> String {
    match scope {
        "offline" => text.t("scope-offline_access"),
        _ => text
            .find(&format!("scope-{scope}"))
            .or_else(|| registered.map(str::to_owned))
            .unwrap_or_else(|| scope.to_owned()),
    }
}
