//! `[[connections]]`: the providers elsewhere that people sign in through.
//!
//! A connection is known by its id, and keeps its kind. How it works is written in the words of the management API,
//! which are many and change with the kinds: they are read by `directory::connections`, not here. What the document
//! leaves out has its default, so that the document alone says what a connection is; so it must be complete.

use std::collections::BTreeMap;

use rand::CryptoRng;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use toml::Spanned;

use super::change::{Change, Fields, Noun, Subject};
use super::error::{ApplyError, Refusal};
use super::references::{Reference, References};
use super::{Hashing, record};
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::directory::connections::brake::withdrawals;
use crate::directory::connections::options::{self, SecretChange};
use crate::directory::connections::{
    self, Configured, ConnectionError, Said, changes_secret, design, options_of, strategy,
};
use crate::id::{ClientId, ConnectionId, OrganizationId};
use crate::secret::Secret;
use crate::store::Tx;

/// An entry as the document writes it.
#[derive(Debug, Deserialize)]
pub(super) struct Written {
    #[serde(deserialize_with = "connection_id")]
    pub(super) id: ConnectionId,
    name: Option<String>,
    display_name: Option<String>,
    strategy: Option<String>,
    /// Whose it is.
    organization: Option<String>,
    /// The ids of the applications that offer it.
    #[serde(default)]
    applications: Vec<String>,
    /// The codes of the organizations that may use it besides.
    #[serde(default)]
    organizations: Vec<String>,
    client_secret: Option<Reference>,
    #[serde(default)]
    remove: bool,
    #[serde(flatten)]
    options: BTreeMap<String, toml::Value>,
}

fn connection_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ConnectionId, D::Error> {
    let text = String::deserialize(deserializer)?;
    ConnectionId::parse(&text).ok_or_else(|| {
        let reason = "a connection's id is conn_ and 32 lower-case hexadecimal digits, which never change: make the digits with `openssl rand -hex 16`";
        D::Error::custom(reason)
    })
}

/// What a document wants of the connection of an id.
#[derive(Debug)]
pub(super) struct Desired {
    id: ConnectionId,
    /// How it shall be; none, when it shall be gone.
    connection: Option<Wanted>,
}

/// A connection as the document wants it.
#[derive(Debug)]
struct Wanted {
    name: String,
    display_name: Option<String>,
    strategy: String,
    organization: Option<OrganizationId>,
    clients: Vec<ClientId>,
    organizations: Vec<OrganizationId>,
    secret: Option<Secret>,
    options: Map<String, Value>,
}

impl Written {
    /// What the entry asks for, as far as it can be known without the database.
    pub(super) fn check(
        entry: Spanned<Self>,
        references: &References<'_>,
    ) -> Result<Desired, Refusal> {
        let span = entry.span();
        let written = entry.into_inner();
        let id = written.id.clone();
        if written.remove {
            return Ok(Desired {
                id,
                connection: None,
            });
        }
        let name = written.name.clone().unwrap_or_else(|| id.to_string());
        let wanted = written.wanted(references);
        let connection = wanted
            .map_err(|reason| Refusal::at(span, reason).about(Subject(Noun::Connection, &name)))?;
        Ok(Desired {
            id,
            connection: Some(connection),
        })
    }

    fn wanted(self, references: &References<'_>) -> Result<Wanted, String> {
        if let Some(unknown) = self.options.keys().find(|name| !options::is_known(name)) {
            return Err(format!("unknown field `{unknown}`: correct or remove it"));
        }
        let options = self.options.into_iter().map(|(name, value)| {
            let value = serde_json::to_value(value);
            value
                .map(|value| (name, value))
                .map_err(|error| error.to_string())
        });
        let clients = self.applications.iter().map(|id| {
            ClientId::parse(id).ok_or_else(|| format!("applications: {id:?} is no id of one"))
        });
        let organizations = self.organizations.iter().map(|code| organization(code));
        let secret = self.client_secret.map(|secret| references.resolve(&secret));
        Ok(Wanted {
            name: self.name.ok_or("name is missing: add one")?,
            strategy: self.strategy.ok_or(
                "strategy is missing: \"oidc\", \"oauth2\", \"oauth2:google\", \"oauth2:azure_ad\" or \"oauth2:github\"",
            )?,
            display_name: self.display_name,
            organization: self.organization.as_deref().map(organization).transpose()?,
            clients: clients.collect::<Result<_, _>>()?,
            organizations: organizations.collect::<Result<_, _>>()?,
            secret: secret
                .transpose()
                .map_err(|reason| format!("client_secret: {reason}"))?,
            options: options.collect::<Result<_, _>>()?,
        })
    }
}

fn organization(code: &str) -> Result<OrganizationId, String> {
    OrganizationId::parse(code).ok_or_else(|| format!("{code:?} is no code of an organization"))
}

/// `confirmed` is how many roles that groups give may be withdrawn from each connection, whatever the brake says.
pub(super) async fn apply(
    tx: &mut Tx,
    (desired, confirmed): (&Desired, Option<i64>),
    hashing: &Hashing<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Change, ApplyError> {
    let found = connections::find_to_change(tx, &desired.id).await?;
    match (&desired.connection, found) {
        (Some(wanted), found) => {
            let found = (found, confirmed);
            write(tx, (&desired.id, wanted), found, hashing, now, rng).await
        }
        (None, None) => Ok(Change::removal(
            Noun::Connection,
            desired.id.as_str(),
            false,
        )),
        (None, Some(found)) => {
            connections::remove(tx, Actor::Operator, &found, now, rng).await?;
            Ok(Change::removal(
                Noun::Connection,
                found.connection.name,
                true,
            ))
        }
    }
}

async fn write(
    tx: &mut Tx,
    (id, wanted): (&ConnectionId, &Wanted),
    (before, confirmed): (Option<Configured>, Option<i64>),
    hashing: &Hashing<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Change, ApplyError> {
    let subject = Subject(Noun::Connection, &wanted.name);
    let refused = |error| refused(subject, error);
    let designed = design(tx, id.clone(), &wanted.strategy, wanted.said(), now).await;
    let (mut after, _) = designed.map_err(refused)?;
    let connection = &mut after.connection;
    let missing = connection.settings.0.missing(wanted.secret.is_some());
    if !missing.is_empty() {
        let reason = format!("it is not complete: say {}", missing.join(", "));
        return Err(ApplyError::refused(subject, reason));
    }
    if let Some(before) = &before {
        if before.connection.kind != connection.kind {
            let kind = before.connection.kind.0;
            let reason =
                format!("is {kind}, which never changes: give the other one an id of its own");
            return Err(ApplyError::refused(subject, reason));
        }
        connection.created_at = before.connection.created_at;
        let withdrawals = withdrawals(tx, before, &after).await?;
        if withdrawals.is_held(confirmed) {
            return Err(ApplyError::Held {
                subject: subject.to_string(),
                connection: id.clone(),
                withdrawals,
            });
        }
    }
    let fields_before = match &before {
        Some(before) => Some(fields(tx, before).await?),
        None => None,
    };
    let fields_after = fields(tx, &after).await?;
    let (noun, name) = (Noun::Connection, wanted.name.as_str());
    let mut change = Change::between(noun, name, fields_before.as_ref(), &fields_after);
    let secret = wanted.secret.clone();
    let secret = secret.map_or(SecretChange::Clear, SecretChange::Set);
    if changes_secret(hashing.vault, before.as_ref(), &secret)? {
        change.note_secret("client_secret");
    }
    if !change.is_unchanged() {
        let stored = connections::store(tx, hashing.vault, before.as_ref(), after, secret).await;
        stored.map_err(refused)?;
        record(tx, &change, id.as_str(), now, rng).await?;
    }
    Ok(change)
}

impl Wanted {
    fn said(&self) -> Said {
        Said {
            name: Some(self.name.clone()),
            display_name: self.display_name.clone(),
            organization: Some(self.organization.clone()),
            clients: Some(self.clients.clone()),
            organizations: Some(self.organizations.clone()),
            options: Some(self.options.clone()),
            ..Said::default()
        }
    }
}

fn refused(subject: Subject<'_>, error: ConnectionError) -> ApplyError {
    match error {
        ConnectionError::Refused(refused) => {
            // A document has no `options` around them.
            let reason = refused.to_string();
            let reason = reason.strip_prefix("options.").unwrap_or(&reason);
            ApplyError::refused(subject, reason)
        }
        ConnectionError::Sql(error) => error.into(),
        ConnectionError::Vault(error) => error.into(),
    }
}

async fn fields(tx: &mut Tx, configured: &Configured) -> sqlx::Result<Fields> {
    let said = options_of(tx, configured).await?;
    let said = serde_json::to_value(said).unwrap_or_default();
    let connection = &configured.connection;
    let mut fields = Fields::default()
        .with("name", &connection.name)
        .with("display_name", &connection.display_name)
        .with("strategy", strategy::name(&connection.settings.0))
        .with_optional("organization", connection.organization_id.as_ref())
        .with_set("applications", &configured.clients)
        .with_set("organizations", &configured.organizations);
    for name in options::NAMES {
        fields = fields.with_optional(name, told(&said[*name]));
    }
    Ok(fields)
}

/// A value as a field shows it; nothing, when it says nothing.
fn told(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Array(entries) if entries.iter().all(Value::is_string) => {
            let words: Vec<&str> = entries.iter().filter_map(Value::as_str).collect();
            words.join(" ")
        }
        Value::Object(members) if members.is_empty() => return None,
        other => other.to_string(),
    };
    Some(text).filter(|text| !text.is_empty())
}
