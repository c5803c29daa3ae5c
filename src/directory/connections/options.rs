//! What can be said of a connection, in the words of the management API, which documents share.
//!
//! Some words say the same as others, because published clients send them: [`read`] knows them. Members that mean
//! nothing here are passed over by the API, and refused in a document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Refused;
use crate::federation::mapping::Mapping;
use crate::federation::settings::{Settings, Sync};
use crate::secret::Secret;
use crate::store::connections::Connection;

/// How a connection works. What is left out of a new one has its default; an empty text or list is none.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ConnectionOptions)]
#[serde(default)]
pub struct Options {
    /// `entra_id`: the origin of the service, where it is not Microsoft's public cloud.
    pub authority: Option<String>,
    /// `oauth2`: the authorization endpoint (RFC 6749 §3.1).
    pub authorization_endpoint: Option<String>,
    /// Our client id there.
    pub client_id: String,
    /// `oauth2`: the claim that says whether the mail address is proven.
    pub email_verified_claim: Option<String>,
    /// `oauth2`: the endpoint that lists mail addresses, in the form of GitHub's.
    pub emails_endpoint: Option<String>,
    /// All but `oauth2`: the provider's endpoint for signing out (OpenID Connect RP-Initiated Logout 1.0), where its
    /// metadata name none.
    pub end_session_endpoint: Option<String>,
    /// Certificates that are trusted besides those of the system: PEM.
    pub extra_roots: Option<String>,
    /// Parameters of an authorization request that are passed on when an application sends them.
    pub forwarded_parameters: Vec<String>,
    /// `entra_id`: the origin of Microsoft Graph, where it is not that of the public cloud.
    pub graph: Option<String>,
    /// Roles that groups of the provider give, each in one organization.
    pub group_roles: Vec<GroupRoleOption>,
    /// `oidc`: the claim that lists groups.
    pub groups_claim: Option<String>,
    /// The domains whose mail addresses lead to it, with or without a leading `@`. A domain leads to one connection.
    pub home_realm_domains: Vec<String>,
    /// `google`: the Workspace domains whose members may sign in; anybody when there are none.
    pub hosted_domains: Vec<String>,
    /// Whether tokens repeat what the provider says of how people proved to it who they are: its `acr`, and its `amr`
    /// beside our `fed`. Otherwise they say `fed` and our own `acr`. The provider's `auth_time` is repeated in either
    /// case, when it tells one.
    pub is_authentication_trusted: bool,
    /// Whether whoever signs in joins the organization whose it is.
    pub is_auto_join_organization_enabled: bool,
    /// Whether whoever is unknown gets an account, where the policies of the business permit it. True when left out.
    pub is_create_missing_user: bool,
    /// Whether it can be used. True when left out.
    pub is_enabled: bool,
    /// Whether its button is shown also when it has domains that lead to it.
    pub is_force_show_sso_button: bool,
    /// All but `oauth2`: whether signing out here goes on to the provider. `/logout/callback` is to be registered there
    /// as a post-logout redirect URI.
    pub is_provider_sign_out_enabled: bool,
    /// `entra_id`: whether the people's groups are read.
    pub is_retrieve_provider_user_groups: bool,
    /// Whether a proven address leads to the account that has proven it here.
    pub is_trusted: bool,
    /// The issuer: of `oidc`, and of `google` where it is not Google's own.
    pub issuer: Option<String>,
    /// Which claim gives which attribute, by attribute: `{"email": {"claim": "mail", "mode": "follow",
    /// "clear_when_empty": false}}`. The modes are `fill`, `follow`, `follow_unless_edited`, `import` and `never`.
    /// The usual claims when left out.
    #[schema(value_type = Object)]
    pub mapping: Mapping,
    /// `oauth2`: the endpoint that describes whom a token is of.
    pub profile_endpoint: Option<String>,
    /// The scopes that are asked for; the usual ones when there are none.
    pub scopes: Vec<String>,
    /// `oauth2`: the claim that names people for ever.
    pub subject_claim: Option<String>,
    /// Whether profiles are brought up to date at each sign-in: as the business does, when left out.
    #[schema(value_type = String, pattern = "^(inherit|off|on)$")]
    pub sync: Sync,
    /// `entra_id`: the tenants whose people may sign in, by id (a GUID); a single one by a domain name, too. Any when
    /// there are none.
    pub tenants: Vec<String>,
    /// `oauth2`: the token endpoint (RFC 6749 §3.2).
    pub token_endpoint: Option<String>,
    /// Parameters that each request carries: a text for each, or `{"value": "text"}`.
    #[schema(value_type = Object)]
    pub upstream_params: BTreeMap<String, Parameter>,
}

/// A role that a group of the provider gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ConnectionGroupRole)]
pub struct GroupRoleOption {
    /// The group, as the provider names it.
    #[schema(min_length = 1, max_length = 255)]
    pub group: String,
    /// In which organization; in that of the connection when left out.
    #[serde(default)]
    pub organization_code: Option<String>,
    /// The role, by its key or its id.
    pub role: String,
}

/// The value of a parameter, in either form in which it is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Parameter {
    /// By itself.
    Text(String),
    /// As published clients send it.
    Valued {
        /// The value.
        value: String,
    },
}

impl Parameter {
    /// The value.
    pub fn value(&self) -> &str {
        match self {
            Self::Text(value) | Self::Valued { value } => value,
        }
    }
}

impl Serialize for Parameter {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.value())
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            authority: None,
            authorization_endpoint: None,
            client_id: String::new(),
            email_verified_claim: None,
            emails_endpoint: None,
            end_session_endpoint: None,
            extra_roots: None,
            forwarded_parameters: Vec::new(),
            graph: None,
            group_roles: Vec::new(),
            groups_claim: None,
            home_realm_domains: Vec::new(),
            hosted_domains: Vec::new(),
            is_authentication_trusted: false,
            is_auto_join_organization_enabled: false,
            is_create_missing_user: true,
            is_enabled: true,
            is_force_show_sso_button: false,
            is_provider_sign_out_enabled: false,
            is_retrieve_provider_user_groups: false,
            is_trusted: false,
            issuer: None,
            mapping: Mapping::default(),
            profile_endpoint: None,
            scopes: Vec::new(),
            subject_claim: None,
            sync: Sync::Inherit,
            tenants: Vec::new(),
            token_endpoint: None,
            upstream_params: BTreeMap::new(),
        }
    }
}

impl Options {
    /// How a connection works, but for its domains and what groups give.
    pub(super) fn of(connection: &Connection) -> Self {
        let client = connection.settings.0.client();
        let parameters = client.parameters.iter();
        let shared = Self {
            client_id: client.client_id.clone(),
            end_session_endpoint: client.end_session_endpoint.clone(),
            extra_roots: client.extra_roots.clone(),
            forwarded_parameters: client.forwarded_parameters.clone(),
            is_authentication_trusted: connection.trusts_authentication,
            is_auto_join_organization_enabled: connection.joins_organization,
            is_create_missing_user: connection.creates_users,
            is_enabled: connection.is_enabled,
            is_force_show_sso_button: connection.shows_button,
            is_provider_sign_out_enabled: client.ends_session,
            is_trusted: connection.trusts_emails,
            mapping: connection.mapping.0.clone(),
            scopes: client.scopes.clone(),
            sync: connection.sync.0,
            upstream_params: parameters
                .map(|(name, value)| (name.clone(), Parameter::Text(value.clone())))
                .collect(),
            ..Self::default()
        };
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        match &connection.settings.0 {
            Settings::EntraId(settings) => Self {
                authority: settings.authority.clone(),
                graph: settings.graph.clone(),
                is_retrieve_provider_user_groups: settings.reads_groups,
                tenants: settings.tenants.clone(),
                ..shared
            },
            Settings::Google(settings) => Self {
                hosted_domains: settings.hosted_domains.clone(),
                issuer: settings.issuer.clone(),
                ..shared
            },
            Settings::OAuth2(settings) => Self {
                authorization_endpoint: given(&settings.authorization_endpoint),
                email_verified_claim: settings.email_verified_claim.clone(),
                emails_endpoint: settings.emails_endpoint.clone(),
                profile_endpoint: given(&settings.profile_endpoint),
                subject_claim: given(&settings.subject_claim),
                token_endpoint: given(&settings.token_endpoint),
                ..shared
            },
            Settings::Oidc(settings) => Self {
                groups_claim: settings.groups_claim.clone(),
                issuer: given(&settings.issuer),
                ..shared
            },
        }
    }
}

/// What becomes of our secret there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SecretChange {
    /// It goes.
    Clear,
    /// It stays as it is.
    #[default]
    Keep,
    /// It is this one.
    Set(Secret),
}

/// The longest secret of ours at an upstream. Bytes.
const LONGEST_SECRET: usize = 4096;

/// Puts what is written in place of what was said before; null stands for the default. The secret comes apart.
///
/// # Errors
///
/// The first member that has no value that it may have.
pub fn read(
    mut written: Map<String, Value>,
    before: &Options,
) -> Result<(Options, SecretChange), Refused> {
    let secret = match written.remove("client_secret") {
        None => SecretChange::Keep,
        Some(Value::Null) => SecretChange::Clear,
        Some(Value::String(text)) if text.is_empty() => SecretChange::Clear,
        Some(Value::String(text)) if text.len() <= LONGEST_SECRET => {
            SecretChange::Set(Secret::from(text))
        }
        Some(_) => {
            let reason = format!("is a text of at most {LONGEST_SECRET} characters");
            return Err(Refused::option("client_secret", reason));
        }
    };
    say_in_our_words(&mut written)?;
    let Ok(Value::Object(mut members)) = serde_json::to_value(before) else {
        return Err(Refused::option("mapping", "can't be read"));
    };
    for (name, value) in written {
        let Some((name, _)) = members.get_key_value(&name) else {
            continue;
        };
        let name = name.clone();
        if value.is_null() {
            members.remove(&name);
            continue;
        }
        let alone = Map::from_iter([(name.clone(), value.clone())]);
        if let Err(error) = serde_json::from_value::<Options>(Value::Object(alone)) {
            return Err(Refused::option(&name, format!("can't be read: {error}")));
        }
        members.insert(name, value);
    }
    let options = serde_json::from_value(Value::Object(members));
    let options = options.map_err(|error| Refused::invalid("options", error.to_string()))?;
    Ok((options, secret))
}

/// Says in our words what published clients say in theirs. Where both are there, ours count.
fn say_in_our_words(written: &mut Map<String, Value>) -> Result<(), Refused> {
    match written.remove("is_sync_user_profile_on_login") {
        None => {}
        Some(Value::Null) => say(written, "sync", Sync::Inherit.as_str().into()),
        Some(Value::Bool(true)) => say(written, "sync", Sync::On.as_str().into()),
        Some(Value::Bool(false)) => say(written, "sync", Sync::Off.as_str().into()),
        Some(_) => {
            let reason = "is true or false";
            return Err(Refused::option("is_sync_user_profile_on_login", reason));
        }
    }
    let domain = match written.remove("entra_id_domain") {
        None => None,
        Some(Value::Null) => Some(String::new()),
        Some(Value::String(domain)) => Some(domain),
        Some(_) => return Err(Refused::option("entra_id_domain", "is a text")),
    };
    let is_common = match written.remove("is_use_common_endpoint") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(is_common)) => is_common,
        Some(_) => {
            let reason = "is true or false";
            return Err(Refused::option("is_use_common_endpoint", reason));
        }
    };
    match domain {
        _ if is_common => say(written, "tenants", Value::Array(Vec::new())),
        Some(domain) if domain.is_empty() => say(written, "tenants", Value::Array(Vec::new())),
        Some(domain) => say(written, "tenants", Value::Array(vec![domain.into()])),
        None => {}
    }
    Ok(())
}

fn say(written: &mut Map<String, Value>, name: &str, value: Value) {
    written.entry(name).or_insert(value);
}

/// Whether an option of that name is known.
pub fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
        || [
            "entra_id_domain",
            "is_sync_user_profile_on_login",
            "is_use_common_endpoint",
        ]
        .contains(&name)
}

/// The names of all options, in their order.
pub const NAMES: &[&str] = &[
    "authority",
    "authorization_endpoint",
    "client_id",
    "email_verified_claim",
    "emails_endpoint",
    "end_session_endpoint",
    "extra_roots",
    "forwarded_parameters",
    "graph",
    "group_roles",
    "groups_claim",
    "home_realm_domains",
    "hosted_domains",
    "is_authentication_trusted",
    "is_auto_join_organization_enabled",
    "is_create_missing_user",
    "is_enabled",
    "is_force_show_sso_button",
    "is_provider_sign_out_enabled",
    "is_retrieve_provider_user_groups",
    "is_trusted",
    "issuer",
    "mapping",
    "profile_endpoint",
    "scopes",
    "subject_claim",
    "sync",
    "tenants",
    "token_endpoint",
    "upstream_params",
];

#[cfg(test)]
mod tests;
