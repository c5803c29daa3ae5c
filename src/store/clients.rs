//! Clients (RFC 6749 §2), with their addresses, secrets and APIs.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::Tx;
use super::types::{Json, Text};
use crate::clock::{Seconds, Timestamp};
use crate::id::{ApiId, ClientId, ClientSecretId, OrganizationId};
use crate::protocol::algorithm::SigningAlgorithm;
use crate::protocol::client::{ApplicationKind, AuthMethods, redirect_uri};
use crate::protocol::scope::Scopes;
use crate::secret::SecretHash;
use crate::words::words;

/// A registered client.
#[expect(
    clippy::struct_excessive_bools,
    reason = "a row has the flags that its table has"
)]
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct Client {
    /// The `client_id`.
    pub id: ClientId,
    /// The name shown to people.
    pub name: String,
    /// What it is, which decides what it can keep secret.
    pub kind: Text<ApplicationKind>,
    /// How it may authenticate.
    pub auth_methods: Text<AuthMethods>,
    /// The scopes it may ask for, those of APIs apart.
    pub scopes: Text<Scopes>,
    /// Whether an authorization request without a code challenge is refused.
    pub requires_pkce: bool,
    /// Whether the End-User is asked before it receives anything.
    pub requires_consent: bool,
    /// How its tokens are signed.
    pub signing_algorithm: Text<SigningAlgorithm>,
    /// Whether its access tokens carry `typ: at+jwt` (RFC 9068 §2.1).
    pub types_access_tokens: bool,
    /// Whether its ID Tokens carry the profile that its scopes allow, or leave it to the UserInfo endpoint.
    pub profile_in_id_token: bool,
    /// How long its access tokens live.
    pub access_token_lifetime_seconds: Seconds,
    /// How long its ID Tokens live.
    pub id_token_lifetime_seconds: Seconds,
    /// How long a refresh token may lie unused.
    pub refresh_token_lifetime_seconds: Seconds,
    /// How long an authorization can be refreshed at all.
    pub grant_lifetime_seconds: Seconds,
    /// What its tokens carry beyond the usual.
    pub claim_switches: Json<ClaimSwitches>,
    /// What the pages of a sign-in to it show.
    pub page_options: Json<PageOptions>,
    /// Whether its tokens name claims as Hasura reads them.
    pub maps_hasura_claims: bool,
    /// The longest age of the proof of who somebody is, when it is not that of a session.
    pub session_lifetime_seconds: Option<Seconds>,
    /// Whether only those may sign in to it who hold one of its access roles.
    pub is_access_controlled: bool,
    /// The organization it acts in, when it is a machine of one.
    pub organization_id: Option<OrganizationId>,
    /// Where a sign-in can be started anew.
    pub login_uri: Option<String>,
    /// Its home page.
    pub homepage_uri: Option<String>,
    /// Its logo.
    pub logo_uri: Option<String>,
    /// Its privacy policy.
    pub policy_uri: Option<String>,
    /// Its terms of service.
    pub terms_uri: Option<String>,
    /// Since when it is refused everywhere.
    pub disabled_at: Option<Timestamp>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

words! {
    /// Which addresses of a client.
    pub enum UriKind {
        /// Where signed-out browsers may be sent.
        PostLogout = "post_logout",
        /// Where authorization responses may be sent.
        Redirect = "redirect",
    }
}

/// What a client's tokens carry beyond the usual; off, as tokens travel in every request.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each switch stands for a claim of its own"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClaimSwitches {
    /// The scopes of APIs that were granted, among `permissions` in the access token.
    pub api_scopes_in_permissions: bool,
    /// `email` in the access token.
    pub email: bool,
    /// `external_organization_id` in the access token.
    pub external_organization_id: bool,
    /// `org_name` in the access token.
    pub organization_name: bool,
    /// `organizations`, with names, in the ID Token.
    pub organizations: bool,
    /// `feature_flags` in the access token of a machine; in those of users they always are.
    pub feature_flags: bool,
    /// How many bytes of feature flags an access token may hold; beyond, it says `feature_flags_omitted` instead.
    pub longest_feature_flags: usize,
    /// How many bytes of permissions an access token may hold; beyond, it says `permissions_omitted` instead.
    pub longest_permissions: usize,
    /// How many bytes of properties a token may hold; beyond, it says `properties_omitted` instead.
    pub longest_properties: usize,
    /// The keys of the properties in the access token.
    pub properties_in_access_token: Vec<String>,
    /// The keys of the properties in the ID Token.
    pub properties_in_id_token: Vec<String>,
    /// `roles` in the access token.
    pub roles: bool,
}

impl Default for ClaimSwitches {
    fn default() -> Self {
        Self {
            api_scopes_in_permissions: false,
            email: false,
            external_organization_id: false,
            feature_flags: false,
            longest_feature_flags: 4000,
            organization_name: false,
            organizations: false,
            // Room for some two hundred permissions, within the header limits of common servers (8 KiB).
            longest_permissions: 5000,
            longest_properties: 4000,
            properties_in_access_token: Vec::new(),
            properties_in_id_token: Vec::new(),
            roles: false,
        }
    }
}

words! {
    /// A language of the pages.
    pub enum Language {
        /// English.
        English = "en",
        /// German.
        German = "de",
    }
}

/// What the pages of a sign-in to a client show.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each stands for a part of the pages"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PageOptions {
    /// Whether registering asks for names.
    pub asks_for_name: bool,
    /// Whether there is a way back to the application.
    pub has_cancel_button: bool,
    /// Whether signing in leads to registering.
    pub has_register_link: bool,
    /// Whether registering leads to signing in.
    pub has_sign_in_link: bool,
    /// The language where a request asks for none.
    pub language: Option<Language>,
}

impl Default for PageOptions {
    fn default() -> Self {
        Self {
            asks_for_name: true,
            has_cancel_button: true,
            has_register_link: true,
            has_sign_in_link: true,
            language: None,
        }
    }
}

/// A secret of a client, as its hash.
#[derive(Debug, Clone, FromRow)]
pub struct StoredSecret {
    /// Its name.
    pub id: ClientSecretId,
    /// The keyed hash.
    pub secret_hash: SecretHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is taken beside a newer one.
    pub expires_at: Option<Timestamp>,
}

/// An API that a client may call.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ClientApi {
    /// The API.
    pub api_id: ApiId,
    /// Its identifier in `aud` (RFC 8707 §2).
    pub audience: String,
    /// Which of its scopes the client may have.
    pub scopes: Text<Scopes>,
}

/// The client of that id.
pub async fn find(tx: &mut Tx, id: &ClientId) -> sqlx::Result<Option<Client>> {
    tx.optional("SELECT * FROM clients WHERE id = $1", (id,))
        .await
}

/// The client of that id, which nobody else changes until this transaction ends.
pub async fn find_to_change(tx: &mut Tx, id: &ClientId) -> sqlx::Result<Option<Client>> {
    tx.optional(
        "UPDATE clients SET updated_at = updated_at WHERE id = $1 RETURNING *",
        (id,),
    )
    .await
}

/// At most `limit` clients after a name and an id, or before them in the list that descends.
pub async fn list_by_name(
    tx: &mut Tx,
    (name, id): (&str, &str),
    descends: bool,
    limit: i64,
) -> sqlx::Result<Vec<Client>> {
    let sql = if descends {
        "SELECT * FROM clients WHERE (name, id) < ($1, $2) ORDER BY name DESC, id DESC LIMIT $3"
    } else {
        "SELECT * FROM clients WHERE (name, id) > ($1, $2) ORDER BY name, id LIMIT $3"
    };
    tx.all(sql, (name, id, limit)).await
}

/// At most `limit` clients after an id, or before it in the list that descends.
pub async fn list_by_id(
    tx: &mut Tx,
    id: &str,
    descends: bool,
    limit: i64,
) -> sqlx::Result<Vec<Client>> {
    let sql = if descends {
        "SELECT * FROM clients WHERE id < $1 ORDER BY id DESC LIMIT $2"
    } else {
        "SELECT * FROM clients WHERE id > $1 ORDER BY id LIMIT $2"
    };
    tx.all(sql, (id, limit)).await
}

/// All clients, by name.
pub async fn list(tx: &mut Tx) -> sqlx::Result<Vec<Client>> {
    tx.all("SELECT * FROM clients ORDER BY name, id", ()).await
}

/// The oldest client that people sign in to and that is not disabled.
pub async fn find_interactive(tx: &mut Tx) -> sqlx::Result<Option<Client>> {
    tx.optional(
        "SELECT * FROM clients
         WHERE kind <> 'm2m' AND disabled_at IS NULL AND EXISTS (
            SELECT 1 FROM client_uris WHERE client_uris.client_id = clients.id AND client_uris.kind = 'redirect')
         ORDER BY created_at, id LIMIT 1",
        (),
    )
    .await
}

/// The oldest client with a page where people start to sign in that is not disabled.
pub async fn find_entrance(tx: &mut Tx) -> sqlx::Result<Option<Client>> {
    tx.optional(
        "SELECT * FROM clients WHERE kind <> 'm2m' AND login_uri IS NOT NULL AND disabled_at IS NULL
         ORDER BY created_at, id LIMIT 1",
        (),
    )
    .await
}

/// Registers a client, or writes the whole record of one that is registered.
pub async fn upsert(tx: &mut Tx, client: &Client) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO clients (
            id, name, kind, auth_methods, scopes, requires_pkce, requires_consent, signing_algorithm, types_access_tokens,
            profile_in_id_token, access_token_lifetime_seconds, id_token_lifetime_seconds, refresh_token_lifetime_seconds, grant_lifetime_seconds,
            claim_switches, page_options, maps_hasura_claims, session_lifetime_seconds, is_access_controlled,
            organization_id, login_uri, homepage_uri, logo_uri, policy_uri, terms_uri, disabled_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
            $25, $26, $27, $28)
         ON CONFLICT (id) DO UPDATE SET
            name = excluded.name, kind = excluded.kind, auth_methods = excluded.auth_methods, scopes = excluded.scopes,
            requires_pkce = excluded.requires_pkce, requires_consent = excluded.requires_consent,
            signing_algorithm = excluded.signing_algorithm, types_access_tokens = excluded.types_access_tokens,
            profile_in_id_token = excluded.profile_in_id_token,
            access_token_lifetime_seconds = excluded.access_token_lifetime_seconds,
            id_token_lifetime_seconds = excluded.id_token_lifetime_seconds,
            refresh_token_lifetime_seconds = excluded.refresh_token_lifetime_seconds,
            grant_lifetime_seconds = excluded.grant_lifetime_seconds,
            claim_switches = excluded.claim_switches, page_options = excluded.page_options,
            maps_hasura_claims = excluded.maps_hasura_claims,
            session_lifetime_seconds = excluded.session_lifetime_seconds,
            is_access_controlled = excluded.is_access_controlled, organization_id = excluded.organization_id,
            login_uri = excluded.login_uri, homepage_uri = excluded.homepage_uri, logo_uri = excluded.logo_uri,
            policy_uri = excluded.policy_uri, terms_uri = excluded.terms_uri,
            disabled_at = excluded.disabled_at, updated_at = excluded.updated_at",
        (
            &client.id,
            &client.name,
            &client.kind,
            &client.auth_methods,
            &client.scopes,
            client.requires_pkce,
            client.requires_consent,
            &client.signing_algorithm,
            client.types_access_tokens,
            client.profile_in_id_token,
            client.access_token_lifetime_seconds,
            client.id_token_lifetime_seconds,
            client.refresh_token_lifetime_seconds,
            client.grant_lifetime_seconds,
            &client.claim_switches,
            &client.page_options,
            client.maps_hasura_claims,
            client.session_lifetime_seconds,
            client.is_access_controlled,
            &client.organization_id,
            &client.login_uri,
            &client.homepage_uri,
            &client.logo_uri,
            &client.policy_uri,
            &client.terms_uri,
            client.disabled_at,
            client.created_at,
            client.updated_at,
        ),
    )
    .await?;
    Ok(())
}

/// Removes a client and everything that was granted to it.
pub async fn remove(tx: &mut Tx, id: &ClientId) -> sqlx::Result<()> {
    tx.execute("DELETE FROM clients WHERE id = $1", (id,))
        .await?;
    Ok(())
}

/// The addresses of a client, in the order of the alphabet.
pub async fn list_uris(tx: &mut Tx, id: &ClientId, kind: UriKind) -> sqlx::Result<Vec<String>> {
    let rows: Vec<(String,)> = tx
        .all(
            "SELECT uri FROM client_uris WHERE client_id = $1 AND kind = $2 ORDER BY uri",
            (id, kind.as_str()),
        )
        .await?;
    Ok(rows.into_iter().map(|(uri,)| uri).collect())
}

/// Whether any client that is not disabled has a redirect URI at that origin (RFC 6454 §6.1).
pub async fn has_redirect_uri_at(tx: &mut Tx, origin: &str) -> sqlx::Result<bool> {
    let found: Option<(ClientId,)> = tx
        .optional(
            "SELECT clients.id FROM client_uris JOIN clients ON clients.id = client_uris.client_id
             WHERE client_uris.origin = $1 AND client_uris.kind = 'redirect' AND clients.disabled_at IS NULL
             LIMIT 1",
            (origin,),
        )
        .await?;
    Ok(found.is_some())
}

/// Gives a client these addresses in place of all others of the kind.
pub async fn replace_uris(
    tx: &mut Tx,
    id: &ClientId,
    kind: UriKind,
    uris: &[String],
) -> sqlx::Result<()> {
    tx.execute(
        "DELETE FROM client_uris WHERE client_id = $1 AND kind = $2",
        (id, kind.as_str()),
    )
    .await?;
    for uri in uris {
        tx.execute(
            "INSERT INTO client_uris (client_id, kind, uri, origin) VALUES ($1, $2, $3, $4)",
            (id, kind.as_str(), uri, redirect_uri::origin(uri)),
        )
        .await?;
    }
    Ok(())
}

/// The secrets of a client that are taken at `now`, youngest first.
pub async fn list_secrets(
    tx: &mut Tx,
    id: &ClientId,
    now: Timestamp,
) -> sqlx::Result<Vec<StoredSecret>> {
    tx.all(
        "SELECT id, secret_hash, created_at, expires_at FROM client_secrets
         WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2)
         ORDER BY created_at DESC, id",
        (id, now),
    )
    .await
}

/// Adds a secret to a client.
pub async fn insert_secret(
    tx: &mut Tx,
    client: &ClientId,
    secret: &StoredSecret,
) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO client_secrets (id, client_id, secret_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        (&secret.id, client, &secret.secret_hash, secret.created_at, secret.expires_at),
    )
    .await?;
    Ok(())
}

/// Lets all secrets of a client end at `at`, those that end sooner excepted.
pub async fn expire_secrets(tx: &mut Tx, client: &ClientId, at: Timestamp) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE client_secrets SET expires_at = $2 WHERE client_id = $1 AND (expires_at IS NULL OR expires_at > $2)",
        (client, at),
    )
    .await?;
    Ok(())
}

/// The APIs that a client may call, by audience.
pub async fn list_apis(tx: &mut Tx, id: &ClientId) -> sqlx::Result<Vec<ClientApi>> {
    tx.all(
        "SELECT apis.id AS api_id, apis.audience, client_apis.scopes
         FROM client_apis JOIN apis ON apis.id = client_apis.api_id
         WHERE client_apis.client_id = $1 ORDER BY apis.audience",
        (id,),
    )
    .await
}

/// Lets a client call these APIs and no others.
pub async fn replace_apis(tx: &mut Tx, id: &ClientId, apis: &[ClientApi]) -> sqlx::Result<()> {
    tx.execute("DELETE FROM client_apis WHERE client_id = $1", (id,))
        .await?;
    for api in apis {
        tx.execute(
            "INSERT INTO client_apis (client_id, api_id, scopes) VALUES ($1, $2, $3)",
            (id, &api.api_id, &api.scopes),
        )
        .await?;
    }
    Ok(())
}

/// Removes secrets that have ended, at most a thousand. Returns how many those were.
pub async fn purge_secrets(tx: &mut Tx, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        "DELETE FROM client_secrets WHERE expires_at <= $1
            AND id IN (SELECT id FROM client_secrets WHERE expires_at <= $1 LIMIT 1000)",
        (now,),
    )
    .await
}
