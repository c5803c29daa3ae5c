//! Registers clients.

use rand::CryptoRng;

use super::lifetimes::USUAL_GRANT;
use super::secrets::rotate_secret;
use crate::audit::{self, Actor};
use crate::clock::{Seconds, Timestamp};
use crate::config::Tokens;
use crate::id::{ClientId, ClientSecretId, OrganizationId};
use crate::protocol::algorithm::SigningAlgorithm;
use crate::protocol::client::ApplicationKind;
use crate::protocol::scope::{self, Scope};
use crate::secret::{ClientSecret, HashKey, Secret};
use crate::store::clients::{self, Client};
use crate::store::types::{Json, Text};
use crate::store::{Tx, organizations};

/// The scopes that have a meaning without an API.
pub const STANDARD_SCOPES: [&str; 7] = [
    scope::OPENID,
    scope::PROFILE,
    scope::EMAIL,
    scope::ADDRESS,
    scope::PHONE,
    scope::OFFLINE,
    scope::OFFLINE_ACCESS,
];

/// Those of them that a client may ask for where nothing else is said.
pub const DEFAULT_SCOPES: [&str; 5] = [
    scope::OPENID,
    scope::PROFILE,
    scope::EMAIL,
    scope::OFFLINE,
    scope::OFFLINE_ACCESS,
];

/// A client to register.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The name shown to people, checked by [`crate::naming`].
    pub name: String,
    /// What it is.
    pub kind: ApplicationKind,
    /// The one organization in which it acts.
    pub organization: Option<OrganizationId>,
}

/// Why a client can't be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegisterRefusal {
    /// Only machines act in one organization.
    #[error("only a machine acts in one organization: leave the organization out")]
    NoMachine,
    /// There is no such organization.
    #[error("there is no organization of that code")]
    UnknownOrganization,
}

/// A client of which nothing is known but its name and kind: everything else is as usual.
pub fn fresh(
    id: ClientId,
    name: impl Into<String>,
    kind: ApplicationKind,
    tokens: &Tokens,
    now: Timestamp,
) -> Client {
    let is_machine = kind == ApplicationKind::Machine;
    let scopes: &[&str] = if is_machine { &[] } else { &DEFAULT_SCOPES };
    Client {
        id,
        name: name.into(),
        kind: Text(kind),
        auth_methods: Text(kind.default_auth_methods()),
        scopes: Text(
            scopes
                .iter()
                .filter_map(|name| Scope::parse(name))
                .collect(),
        ),
        // RFC 9700 §2.1.1.
        requires_pkce: !kind.is_confidential(),
        requires_consent: false,
        signing_algorithm: Text(SigningAlgorithm::Rs256),
        types_access_tokens: false,
        profile_in_id_token: true,
        access_token_lifetime_seconds: if is_machine {
            tokens.machine_lifetime
        } else {
            tokens.access_lifetime
        },
        id_token_lifetime_seconds: tokens.id_lifetime,
        refresh_token_lifetime_seconds: tokens.refresh_lifetime,
        grant_lifetime_seconds: USUAL_GRANT,
        claim_switches: Json::default(),
        page_options: Json::default(),
        maps_hasura_claims: false,
        session_lifetime_seconds: None,
        is_access_controlled: false,
        organization_id: None,
        login_uri: None,
        homepage_uri: None,
        logo_uri: None,
        policy_uri: None,
        terms_uri: None,
        disabled_at: None,
        created_at: now,
        updated_at: now,
    }
}

/// Registers a client. Returns it with its secret, if it is of a kind that can keep one; that is never shown again.
pub async fn register(
    tx: &mut Tx,
    actor: Actor<'_>,
    new: Registration,
    (tokens, key): (&Tokens, &HashKey),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(Client, Option<Secret>), RegisterRefusal>> {
    if let Some(organization) = &new.organization {
        if new.kind != ApplicationKind::Machine {
            return Ok(Err(RegisterRefusal::NoMachine));
        }
        if organizations::find(tx, organization).await?.is_none() {
            return Ok(Err(RegisterRefusal::UnknownOrganization));
        }
    }
    let client = Client {
        organization_id: new.organization,
        ..fresh(ClientId::generate(rng), new.name, new.kind, tokens, now)
    };
    clients::upsert(tx, &client).await?;
    let secret = if new.kind.is_confidential() {
        let (secret, id) = (ClientSecret::generate(rng), ClientSecretId::generate(rng));
        let overlap = Seconds::new(0);
        Some(rotate_secret(tx, &client.id, secret, key, overlap, id, now).await?)
    } else {
        None
    };
    let details = audit::difference(None, Some(&client));
    let id = client.id.as_str();
    audit::record(tx, actor, "application.created", id, details, now, rng).await?;
    Ok(Ok((client, secret)))
}
