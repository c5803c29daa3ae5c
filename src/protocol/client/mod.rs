//! What a client is and may do (RFC 6749 §2).
//!
//! Owns the kinds of client, how they authenticate and which grants they may use. What a client
//! presented is read in [`authentication`], redirect URIs are judged in [`redirect_uri`].

pub mod authentication;
pub mod redirect_uri;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use authentication::{Credential, PresentedClient};
pub use redirect_uri::{
    check_page_uri, check_post_logout_redirect_uri, check_redirect_uri, redirect_uri_matches,
    way_back,
};

use super::words;
use crate::words::UnknownWord;

words! {
    /// What kind of application a client is.
    pub enum ApplicationKind {
        /// A machine that acts for itself (`client_credentials`); confidential.
        Machine = "m2m",
        /// An application on the End-User's device (RFC 8252); public.
        Native = "native",
        /// An application that lives in the browser; public.
        Spa = "spa",
        /// A web application with a server of its own; confidential.
        Web = "web",
    }
}

impl ApplicationKind {
    /// Gives Kinde's word for it, `application.type` in the management API.
    ///
    /// A native application is `spa`, "Front-end and mobile": `device` stands for devices without a browser, which
    /// sign in by a flow that is not ours.
    pub const fn kinde_type(self) -> &'static str {
        match self {
            Self::Machine => "m2m",
            Self::Native | Self::Spa => "spa",
            Self::Web => "reg",
        }
    }

    /// Gives the words for it that Kinde shows to people.
    pub const fn kinde_description(self) -> &'static str {
        match self {
            Self::Machine => "Machine to machine (M2M)",
            Self::Native | Self::Spa => "Front-end and mobile",
            Self::Web => "Back-end web",
        }
    }

    /// Reads Kinde's word for it, or ours for a native application.
    pub fn from_kinde_type(word: &str) -> Option<Self> {
        match word {
            "m2m" => Some(Self::Machine),
            "native" => Some(Self::Native),
            "reg" => Some(Self::Web),
            "spa" => Some(Self::Spa),
            _ => None,
        }
    }

    /// Whether it can keep a secret (RFC 6749 §2.1).
    pub const fn is_confidential(self) -> bool {
        matches!(self, Self::Machine | Self::Web)
    }

    /// Gives the ways of authentication that are its default.
    pub fn default_auth_methods(self) -> AuthMethods {
        if self.is_confidential() {
            [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost]
                .into_iter()
                .collect()
        } else {
            [AuthMethod::None].into_iter().collect()
        }
    }

    /// Gives the grants that are its default.
    pub const fn default_grant_types(self) -> &'static [GrantType] {
        match self {
            Self::Machine => &[GrantType::ClientCredentials],
            Self::Native | Self::Spa | Self::Web => {
                &[GrantType::AuthorizationCode, GrantType::RefreshToken]
            }
        }
    }
}

words! {
    /// A way in which a client authenticates (OpenID Connect Core 1.0 §9).
    pub enum AuthMethod {
        /// The secret in the `Authorization` header.
        ClientSecretBasic = "client_secret_basic",
        /// The secret in the body.
        ClientSecretPost = "client_secret_post",
        /// Not at all: a public client.
        None = "none",
    }
}

/// The ways in which a client may authenticate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuthMethods(BTreeSet<AuthMethod>);

impl AuthMethods {
    /// Whether this way is among them.
    pub fn contains(&self, method: AuthMethod) -> bool {
        self.0.contains(&method)
    }

    /// Lists them.
    pub fn iter(&self) -> impl Iterator<Item = AuthMethod> {
        self.0.iter().copied()
    }
}

/// Space-delimited, as sets are written in metadata.
impl fmt::Display for AuthMethods {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.iter().map(AuthMethod::as_str).collect();
        formatter.write_str(&words.join(" "))
    }
}

impl FromStr for AuthMethods {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        text.split_whitespace().map(str::parse).collect()
    }
}

impl FromIterator<AuthMethod> for AuthMethods {
    fn from_iter<I: IntoIterator<Item = AuthMethod>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

words! {
    /// A grant type (RFC 6749 §1.3, §6).
    pub enum GrantType {
        /// RFC 6749 §4.1.
        AuthorizationCode = "authorization_code",
        /// RFC 6749 §4.4.
        ClientCredentials = "client_credentials",
        /// RFC 6749 §6.
        RefreshToken = "refresh_token",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_of_client() {
        use ApplicationKind::{Machine, Native, Spa, Web};
        for (kind, word, kinde_type, confidential) in [
            (Web, "web", "reg", true),
            (Spa, "spa", "spa", false),
            (Native, "native", "spa", false),
            (Machine, "m2m", "m2m", true),
        ] {
            assert_eq!(kind.as_str(), word);
            assert_eq!(ApplicationKind::parse(word), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), word);
            assert_eq!(kind.kinde_type(), kinde_type);
            let read =
                ApplicationKind::from_kinde_type(if kind == Native { word } else { kinde_type });
            assert_eq!(read, Some(kind));
            assert_eq!(kind.is_confidential(), confidential);
            assert_eq!(
                kind.default_auth_methods().contains(AuthMethod::None),
                !confidential
            );
        }
    }

    #[test]
    fn devices_without_a_browser_are_none_of_them() {
        assert_eq!(ApplicationKind::from_kinde_type("device"), None);
        assert_eq!(ApplicationKind::from_kinde_type("web"), None);
    }

    #[test]
    fn authentication_methods_are_a_json_array() {
        let methods = ApplicationKind::Web.default_auth_methods();
        let json = r#"["client_secret_basic","client_secret_post"]"#;
        assert_eq!(serde_json::to_string(&methods).unwrap(), json);
        assert_eq!(serde_json::from_str::<AuthMethods>(json).unwrap(), methods);
    }
}
