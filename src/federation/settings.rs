//! What a connection has to know of its upstream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::words::words;

words! {
    /// The kind of an upstream.
    pub enum Kind {
        /// Microsoft Entra ID.
        EntraId = "entra_id",
        /// Google.
        Google = "google",
        /// A provider of OAuth 2.0 with a profile endpoint, and no ID Token.
        OAuth2 = "oauth2",
        /// Any OpenID Provider.
        Oidc = "oidc",
    }
}

words! {
    /// Whether a connection brings profiles up to date.
    pub enum Sync {
        /// As the business does.
        Inherit = "inherit",
        /// It does not, whatever the business says.
        Off = "off",
        /// It does, whatever the business says.
        On = "on",
    }
}

impl Sync {
    /// Whether profiles are brought up to date, where the business says `environment`.
    pub fn decides(self, environment: bool) -> bool {
        match self {
            Self::Inherit => environment,
            Self::Off => false,
            Self::On => true,
        }
    }
}

/// How an upstream is spoken to, by its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Settings {
    /// Microsoft Entra ID.
    EntraId(EntraId),
    /// Google.
    Google(Google),
    /// OAuth 2.0.
    #[serde(rename = "oauth2")]
    OAuth2(OAuth2),
    /// Any OpenID Provider.
    Oidc(Oidc),
}

impl Settings {
    /// The kind of the upstream.
    pub fn kind(&self) -> Kind {
        match self {
            Self::EntraId(_) => Kind::EntraId,
            Self::Google(_) => Kind::Google,
            Self::OAuth2(_) => Kind::OAuth2,
            Self::Oidc(_) => Kind::Oidc,
        }
    }

    /// What has to be said before anybody can sign in, by the names of the options.
    pub fn missing(&self, has_secret: bool) -> Vec<&'static str> {
        let mut missing = Vec::new();
        let mut need = |name, is_there: bool| {
            if !is_there {
                missing.push(name);
            }
        };
        need("client_id", !self.client().client_id.is_empty());
        match self {
            Self::EntraId(_) | Self::Google(_) => need("client_secret", has_secret),
            Self::OAuth2(settings) => {
                need("client_secret", has_secret);
                for (name, text) in [
                    ("authorization_endpoint", &settings.authorization_endpoint),
                    ("token_endpoint", &settings.token_endpoint),
                    ("profile_endpoint", &settings.profile_endpoint),
                    ("subject_claim", &settings.subject_claim),
                ] {
                    need(name, !text.is_empty());
                }
            }
            Self::Oidc(settings) => need("issuer", !settings.issuer.is_empty()),
        }
        missing
    }

    /// What all kinds have.
    pub fn client(&self) -> &Registration {
        match self {
            Self::EntraId(settings) => &settings.client,
            Self::Google(settings) => &settings.client,
            Self::OAuth2(settings) => &settings.client,
            Self::Oidc(settings) => &settings.client,
        }
    }
}

/// Whether a tenant of Entra ID is named by its id, a GUID: then nobody else can come to have that name.
pub fn is_tenant_id(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

/// How we are registered as a client there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Registration {
    /// Our client id.
    pub client_id: String,
    /// The scopes that we ask for; the usual ones when there are none.
    pub scopes: Vec<String>,
    /// Parameters that each authorization request carries.
    pub parameters: BTreeMap<String, String>,
    /// Parameters that are passed on when a client of ours sends them.
    pub forwarded_parameters: Vec<String>,
    /// Certificates that are trusted besides those of the system: PEM.
    pub extra_roots: Option<String>,
    /// Whether signing out here goes on to the upstream.
    pub ends_session: bool,
    /// Where its sign-out is, where its metadata do not say.
    pub end_session_endpoint: Option<String>,
}

/// Any OpenID Provider.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Oidc {
    /// How we are registered.
    #[serde(flatten)]
    pub client: Registration,
    /// Its issuer, where its metadata is discovered (OpenID Connect Discovery 1.0 §4).
    pub issuer: String,
    /// The claim that lists groups.
    pub groups_claim: Option<String>,
}

/// Google.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Google {
    /// How we are registered.
    #[serde(flatten)]
    pub client: Registration,
    /// The Workspace domains whose members may sign in (`hd`); anybody when there are none.
    pub hosted_domains: Vec<String>,
    /// The issuer, where it is not Google's own.
    pub issuer: Option<String>,
}

/// Microsoft Entra ID.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EntraId {
    /// How we are registered.
    #[serde(flatten)]
    pub client: Registration,
    /// The tenants whose people may sign in, by id. One is asked for by itself, and may be named by a domain of its; of
    /// several, or any when there are none, the common endpoint is used.
    pub tenants: Vec<String>,
    /// Whether the people's groups are read.
    pub reads_groups: bool,
    /// The origin of the service, where it is not Microsoft's public cloud.
    pub authority: Option<String>,
    /// The origin of Microsoft Graph, where it is not that of the public cloud.
    pub graph: Option<String>,
}

/// A provider of OAuth 2.0 with a profile endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OAuth2 {
    /// How we are registered.
    #[serde(flatten)]
    pub client: Registration,
    /// The authorization endpoint (RFC 6749 §3.1).
    pub authorization_endpoint: String,
    /// The token endpoint (RFC 6749 §3.2).
    pub token_endpoint: String,
    /// The endpoint that describes whom a token is of.
    pub profile_endpoint: String,
    /// The endpoint that lists their mail addresses, in the form of GitHub's.
    pub emails_endpoint: Option<String>,
    /// The claim that names them for ever.
    pub subject_claim: String,
    /// The claim that says whether their mail address is proven.
    pub email_verified_claim: Option<String>,
}
