//! `[[applications]]`: clients, with their addresses, secrets and APIs.
//!
//! An application is known by its id. What the document leaves out has its default, so that the
//! document alone says what an application is.

mod secrets;
mod written;

use rand::CryptoRng;

pub(super) use written::Written;

use super::change::{Change, Fields, Noun, Subject};
use super::error::ApplyError;
use super::{Hashing, record};
use crate::clients::{CallableApi, RegisteredClient};
use crate::clock::{Seconds, Timestamp};
use crate::id::ClientId;
use crate::protocol::scope::Scopes;
use crate::secret::{ClientSecret, Secret};
use crate::store::clients::{self, ClaimSwitches, Client, ClientApi, PageOptions, UriKind};
use crate::store::types::Text;
use crate::store::{Tx, apis, grants, properties};
use secrets::Plan;

/// What a document wants of an application.
#[derive(Debug)]
pub(super) enum Desired {
    /// That it is gone.
    Absent(ClientId),
    /// That it is so.
    Present(Box<Application>),
}

/// An application as the document wants it.
#[derive(Debug)]
pub(super) struct Application {
    /// The record, but for its times.
    client: Client,
    redirect_uris: Vec<String>,
    post_logout_uris: Vec<String>,
    apis: Vec<WantedApi>,
    is_enabled: bool,
    secrets: Vec<Secret>,
    secret_overlap: Seconds,
}

/// An API that an application may call.
#[derive(Debug)]
struct WantedApi {
    audience: String,
    scopes: Scopes,
}

pub(super) async fn apply(
    tx: &mut Tx,
    desired: &Desired,
    hashing: &Hashing<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Change, ApplyError> {
    match desired {
        Desired::Absent(id) => Ok(remove(tx, id, now, rng).await?),
        Desired::Present(application) => write(tx, application, hashing, now, rng).await,
    }
}

async fn remove(
    tx: &mut Tx,
    id: &ClientId,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Change> {
    let found = clients::find(tx, id).await?;
    let name = found.as_ref().map_or(id.as_str(), |client| &client.name);
    let change = Change::removal(Noun::Application, name, found.is_some());
    if !change.is_unchanged() {
        clients::remove(tx, id).await?;
        record(tx, &change, id.as_str(), now, rng).await?;
    }
    Ok(change)
}

async fn write(
    tx: &mut Tx,
    wanted: &Application,
    hashing: &Hashing<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Change, ApplyError> {
    let id = &wanted.client.id;
    let before = RegisteredClient::load(tx, id, now).await?;
    let apis = resolve_apis(tx, wanted).await?;
    confirm_properties(tx, &wanted.client).await?;
    let client = wanted.record(before.as_ref().map(|before| &before.client), now);
    let fields_before = before.as_ref().map(|before| {
        fields(
            &before.client,
            &before.redirect_uris,
            &before.post_logout_uris,
            &before
                .apis
                .iter()
                .map(CallableApi::stored)
                .collect::<Vec<_>>(),
        )
    });
    let fields_after = fields(
        &client,
        &wanted.redirect_uris,
        &wanted.post_logout_uris,
        &apis,
    );
    let mut change = Change::between(
        Noun::Application,
        &client.name,
        fields_before.as_ref(),
        &fields_after,
    );
    if !change.is_unchanged() {
        clients::upsert(tx, &client).await?;
        clients::replace_uris(tx, id, UriKind::Redirect, &wanted.redirect_uris).await?;
        clients::replace_uris(tx, id, UriKind::PostLogout, &wanted.post_logout_uris).await?;
        clients::replace_apis(tx, id, &apis).await?;
        if !wanted.is_enabled {
            grants::revoke_for_client(tx, id, now).await?;
        }
    }
    let hashes: Vec<_> = wanted
        .secrets
        .iter()
        .map(|secret| ClientSecret::hash(hashing.key, secret))
        .collect();
    let plan = Plan::between(&clients::list_secrets(tx, id, now).await?, &hashes);
    if !plan.is_empty() {
        change.note_secret("secrets");
        plan.carry_out(tx, id, wanted.secret_overlap, now, rng)
            .await?;
    }
    record(tx, &change, id.as_str(), now, rng).await?;
    Ok(change)
}

impl Application {
    /// The record to be stored in place of `before`.
    fn record(&self, before: Option<&Client>, now: Timestamp) -> Client {
        let disabled_at = before.and_then(|before| before.disabled_at).unwrap_or(now);
        Client {
            disabled_at: (!self.is_enabled).then_some(disabled_at),
            // A document says nothing of these.
            is_access_controlled: before.is_some_and(|before| before.is_access_controlled),
            organization_id: before.and_then(|before| before.organization_id.clone()),
            created_at: before.map_or(now, |before| before.created_at),
            updated_at: now,
            ..self.client.clone()
        }
    }
}

/// The APIs that an application is to call, which must be registered by now.
async fn resolve_apis(tx: &mut Tx, wanted: &Application) -> Result<Vec<ClientApi>, ApplyError> {
    let subject = Subject(Noun::Application, &wanted.client.name);
    let mut resolved = Vec::new();
    for WantedApi { audience, scopes } in &wanted.apis {
        let Some(api) = apis::find_by_audience(tx, audience).await? else {
            return Err(ApplyError::refused(
                subject,
                format!("there is no API {audience}: describe it in [[apis]]"),
            ));
        };
        let known = apis::list_scopes(tx, &api.id).await?;
        let unknown = scopes.filter(|name| known.iter().all(|scope| scope.name != name));
        if !unknown.is_empty() {
            return Err(ApplyError::refused(
                subject,
                format!("the API {audience} has no scope {unknown}: add it there in [[apis]]"),
            ));
        }
        resolved.push(ClientApi {
            api_id: api.id,
            audience: api.audience,
            scopes: Text(scopes.clone()),
        });
    }
    Ok(resolved)
}

/// Confirms that the properties which tokens shall say are defined by now, and not private.
async fn confirm_properties(tx: &mut Tx, client: &Client) -> Result<(), ApplyError> {
    let switches = &client.claim_switches.0;
    let selected = [
        switches.properties_in_access_token.as_slice(),
        &switches.properties_in_id_token,
    ]
    .concat();
    for key in selected {
        let found = properties::find_by_key(tx, &key).await?;
        let reason = match found {
            None => format!("there is no property {key}: describe it in [[properties]]"),
            Some(property) if property.is_private => {
                format!("the property {key} is private, so that tokens never say it")
            }
            Some(_) => continue,
        };
        let subject = Subject(Noun::Application, &client.name);
        return Err(ApplyError::refused(subject, reason));
    }
    Ok(())
}

fn fields(
    client: &Client,
    redirect_uris: &[String],
    post_logout_uris: &[String],
    apis: &[ClientApi],
) -> Fields {
    let seconds = |duration: Seconds| duration.as_i64();
    Fields::default()
        .with("name", &client.name)
        .with("kind", client.kind.0)
        .with_set("redirect_uris", redirect_uris)
        .with_set("post_logout_redirect_uris", post_logout_uris)
        .with_set("auth_methods", client.auth_methods.0.iter())
        .with_set("scopes", client.scopes.0.iter())
        .with("requires_pkce", client.requires_pkce)
        .with("requires_consent", client.requires_consent)
        .with("signing_algorithm", client.signing_algorithm.0)
        .with("types_access_tokens", client.types_access_tokens)
        .with("profile_in_id_token", client.profile_in_id_token)
        .with_set("claim_switches", switched_on(&client.claim_switches.0))
        .with_set("page_options", page_options(&client.page_options.0))
        .with("maps_hasura_claims", client.maps_hasura_claims)
        .with_optional(
            "session_lifetime_seconds",
            client.session_lifetime_seconds.map(seconds).as_ref(),
        )
        .with(
            "access_token_lifetime_seconds",
            seconds(client.access_token_lifetime_seconds),
        )
        .with(
            "id_token_lifetime_seconds",
            seconds(client.id_token_lifetime_seconds),
        )
        .with(
            "refresh_token_lifetime_seconds",
            seconds(client.refresh_token_lifetime_seconds),
        )
        .with(
            "grant_lifetime_seconds",
            seconds(client.grant_lifetime_seconds),
        )
        .with_optional("login_uri", client.login_uri.as_ref())
        .with_optional("homepage_uri", client.homepage_uri.as_ref())
        .with_optional("logo_uri", client.logo_uri.as_ref())
        .with_optional("policy_uri", client.policy_uri.as_ref())
        .with_optional("terms_uri", client.terms_uri.as_ref())
        .with("enabled", client.disabled_at.is_none())
        .with_set("apis", apis.iter().map(describe_api))
}

/// The switches that are not as they are by default.
fn switched_on(switches: &ClaimSwitches) -> Vec<String> {
    let usual = ClaimSwitches::default();
    let flags = [
        (
            "api_scopes_in_permissions",
            switches.api_scopes_in_permissions,
        ),
        ("email", switches.email),
        (
            "external_organization_id",
            switches.external_organization_id,
        ),
        ("feature_flags", switches.feature_flags),
        ("organization_name", switches.organization_name),
        ("organizations", switches.organizations),
        ("roles", switches.roles),
    ];
    let mut named: Vec<String> = flags
        .iter()
        .filter(|(_, on)| *on)
        .map(|(name, _)| (*name).to_owned())
        .collect();
    for (name, longest, usual) in [
        (
            "longest_feature_flags",
            switches.longest_feature_flags,
            usual.longest_feature_flags,
        ),
        (
            "longest_permissions",
            switches.longest_permissions,
            usual.longest_permissions,
        ),
        (
            "longest_properties",
            switches.longest_properties,
            usual.longest_properties,
        ),
    ] {
        if longest != usual {
            named.push(format!("{name}={longest}"));
        }
    }
    for (name, keys) in [
        (
            "properties_in_access_token",
            &switches.properties_in_access_token,
        ),
        ("properties_in_id_token", &switches.properties_in_id_token),
    ] {
        named.extend(keys.iter().map(|key| format!("{name}={key}")));
    }
    named
}

/// The options of pages that are not as they are by default.
fn page_options(options: &PageOptions) -> Vec<String> {
    let flags = [
        ("asks_for_name", options.asks_for_name),
        ("has_cancel_button", options.has_cancel_button),
        ("has_register_link", options.has_register_link),
        ("has_sign_in_link", options.has_sign_in_link),
    ];
    let off = flags.iter().filter(|(_, on)| !on);
    let mut named: Vec<String> = off.map(|(name, _)| format!("{name}=false")).collect();
    named.extend(
        options
            .language
            .map(|language| format!("language={language}")),
    );
    named
}

fn describe_api(api: &ClientApi) -> String {
    if api.scopes.0.is_empty() {
        return api.audience.clone();
    }
    let mut scopes: Vec<&str> = api.scopes.0.iter().collect();
    scopes.sort_unstable();
    format!("{} ({})", api.audience, scopes.join(" "))
}
