//! What our tokens say (OpenID Connect Core 1.0 §2, RFC 9068 §2.2). Pure.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};

use super::Entitlement;
use super::attributes::{self, Attributes};
use super::keyring::Claims;
use super::membership::Current;
use crate::clock::Timestamp;
use crate::protocol::Issuer;
use crate::protocol::algorithm::SigningAlgorithm;
use crate::protocol::claims::{self, StandardClaims};
use crate::protocol::scope::Scopes;
use crate::store::clients::{ClaimSwitches, Client};
use crate::store::roles::Role;
use crate::store::users::Subject;

/// Names the grant that an access token stands on. Ours, and by it a user's access token is told from an ID Token.
pub const GRANT_ID: &str = "grant_id";

/// Says that the permissions are too many for the token.
pub const PERMISSIONS_OMITTED: &str = "permissions_omitted";

/// Marks the access token of a machine (`gty`), in the shape that existing clients read.
pub const GRANT_TYPES: &str = "gty";

/// The claims of a user's access token.
pub fn access_token(
    issuer: &Issuer,
    client: &Client,
    entitlement: &Entitlement,
    jti: &str,
    now: Timestamp,
) -> Claims {
    let audiences = &entitlement.grant.audiences.0;
    let mut claims = object(json!({
        "iss": issuer.as_str(),
        "sub": entitlement.subject.user.id,
        "aud": audiences,
        "azp": client.id,
        "iat": now,
        "exp": now.plus(client.access_token_lifetime_seconds),
        "jti": jti,
        "scp": entitlement.scopes.iter().collect::<Vec<_>>(),
        GRANT_ID: entitlement.grant.id,
    }));
    if let Some(current) = &entitlement.memberships.current {
        add_organization(&mut claims, current, &client.claim_switches.0);
    }
    let (attributes, switches) = (
        &entitlement.memberships.attributes,
        &client.claim_switches.0,
    );
    attributes::add_flags(&mut claims, attributes, switches);
    let selected = &switches.properties_in_access_token;
    attributes::add_properties(
        &mut claims,
        attributes,
        selected,
        switches.longest_properties,
    );
    if client.claim_switches.0.email
        && let Some(email) = &entitlement.subject.email
    {
        claims.insert("email".into(), json!(email));
    }
    add_permissions(&mut claims, client, entitlement);
    if client.types_access_tokens {
        add_rfc9068(&mut claims, issuer, client, &entitlement.scopes);
    }
    named_for(client, claims)
}

/// What the user has in the organization that the token is for; nothing of any other.
fn add_organization(claims: &mut Claims, current: &Current, switches: &ClaimSwitches) {
    let organization = &current.organization;
    claims.insert("org_code".into(), json!(organization.id));
    // Clients take its absence for true.
    if organization.sessions_end_with_browser {
        claims.insert("ksp".into(), json!({ "persistent": false }));
    }
    if switches.organization_name {
        claims.insert("org_name".into(), json!(organization.name));
    }
    if switches.external_organization_id
        && let Some(external_id) = &organization.external_id
    {
        claims.insert("external_organization_id".into(), json!(external_id));
    }
    if switches.roles && !current.roles.is_empty() {
        claims.insert("roles".into(), roles(&current.roles));
    }
}

/// What the user may in that organization; and, if the client wants it so, what they allow it at APIs.
fn add_permissions(claims: &mut Claims, client: &Client, entitlement: &Entitlement) {
    let current = entitlement.memberships.current.as_ref();
    let of_user = current.map_or(&[][..], |current| &current.permissions);
    let mut permissions: Vec<&str> = of_user.iter().map(String::as_str).collect();
    let switches = &client.claim_switches.0;
    let of_apis = entitlement.scopes.difference(&client.scopes.0);
    if switches.api_scopes_in_permissions {
        permissions.extend(of_apis.iter());
        permissions.sort_unstable();
        permissions.dedup();
    }
    // Two quotes and a comma for each.
    let length: usize = permissions.iter().map(|key| key.len() + 3).sum();
    if length > switches.longest_permissions {
        claims.insert(PERMISSIONS_OMITTED.into(), json!(true));
    } else if !permissions.is_empty() {
        claims.insert("permissions".into(), json!(permissions));
    }
}

/// Roles as tokens write them.
pub fn roles(roles: &[Role]) -> Value {
    roles
        .iter()
        .map(|role| json!({ "id": role.id, "key": role.key, "name": role.name }))
        .collect()
}

/// Claims with another name in Hasura, which reads those that begin with `x-hasura-`.
const HASURA_NAMES: [(&str, &str); 9] = [
    ("feature_flags", "x-hasura-feature-flags"),
    ("org_code", "x-hasura-org-code"),
    ("org_codes", "x-hasura-org-codes"),
    ("org_name", "x-hasura-org-name"),
    (
        "organization_properties",
        "x-hasura-organization_properties",
    ),
    ("organizations", "x-hasura-organizations"),
    ("permissions", "x-hasura-permissions"),
    ("roles", "x-hasura-roles"),
    ("user_properties", "x-hasura-user_properties"),
];

/// The claims under the names that the client's readers know. None of them is read by ourselves.
fn named_for(client: &Client, mut claims: Claims) -> Claims {
    if client.maps_hasura_claims {
        for (usual, mapped) in HASURA_NAMES {
            if let Some(value) = claims.remove(usual) {
                claims.insert(mapped.into(), value);
            }
        }
    }
    claims
}

/// The claims of a machine's access token, which has no user.
#[expect(
    clippy::too_many_arguments,
    reason = "what such a token says, each from another place"
)]
pub fn machine_token(
    issuer: &Issuer,
    client: &Client,
    audiences: &[String],
    granted: &Scopes,
    requested: &Scopes,
    attributes: &Attributes,
    jti: &str,
    now: Timestamp,
) -> Claims {
    let mut claims = object(json!({
        "iss": issuer.as_str(),
        "sub": client.id,
        "aud": audiences,
        "azp": client.id,
        "iat": now,
        "exp": now.plus(client.access_token_lifetime_seconds),
        "jti": jti,
        GRANT_TYPES: ["client_credentials"],
        "scope": granted.to_string(),
        "scp": requested.iter().collect::<Vec<_>>(),
        "v": "2",
    }));
    if let Some(organization) = &client.organization_id {
        claims.insert("org_code".into(), json!(organization));
    }
    let switches = &client.claim_switches.0;
    attributes::add_flags(&mut claims, attributes, switches);
    let selected = &switches.properties_in_access_token;
    attributes::add_properties(
        &mut claims,
        attributes,
        selected,
        switches.longest_properties,
    );
    if client.types_access_tokens {
        add_rfc9068(&mut claims, issuer, client, granted);
    }
    named_for(client, claims)
}

/// What RFC 9068 §2.2 wants beside: `client_id`, `scope`, and an audience, which is ourselves when none was asked for.
fn add_rfc9068(claims: &mut Claims, issuer: &Issuer, client: &Client, scopes: &Scopes) {
    claims.insert("client_id".into(), json!(client.id));
    claims.insert("scope".into(), json!(scopes.to_string()));
    if claims["aud"].as_array().is_none_or(Vec::is_empty) {
        claims.insert("aud".into(), json!([issuer.as_str()]));
    }
}

/// The claims of an ID Token that accompanies `access_token`.
pub fn id_token(
    issuer: &Issuer,
    client: &Client,
    entitlement: &Entitlement,
    access_token: &str,
    jti: &str,
    now: Timestamp,
) -> Claims {
    let grant = &entitlement.grant;
    let mut claims = object(json!({
        "iss": issuer.as_str(),
        "sub": entitlement.subject.user.id,
        "aud": [client.id],
        "azp": client.id,
        "iat": now,
        "exp": now.plus(client.id_token_lifetime_seconds),
        "auth_time": grant.auth_time,
        "rat": grant.requested_at,
        "jti": jti,
        "sid": grant.session_id,
        "acr": grant.acr,
        "amr": grant.methods.split(' ').collect::<Vec<_>>(),
        "at_hash": access_token_hash(client.signing_algorithm.0, access_token),
    }));
    if let Some(nonce) = &entitlement.nonce {
        claims.insert("nonce".into(), json!(nonce));
    }
    let memberships = &entitlement.memberships;
    if !memberships.all.is_empty() {
        claims.insert("org_codes".into(), json!(memberships.all));
    }
    if client.claim_switches.0.organizations && !memberships.named.is_empty() {
        claims.insert("organizations".into(), json!(memberships.named));
    }
    let (attributes, switches) = (
        &entitlement.memberships.attributes,
        &client.claim_switches.0,
    );
    let selected = &switches.properties_in_id_token;
    attributes::add_properties(
        &mut claims,
        attributes,
        selected,
        switches.longest_properties,
    );
    let about_user = standard_claims(&entitlement.subject);
    let with_profile = client.profile_in_id_token;
    claims.extend(claims::for_id_token(
        &about_user,
        &entitlement.scopes,
        &grant.claims.0,
        with_profile,
    ));
    named_for(client, claims)
}

/// Everything we know of a user, in the standard's words (OpenID Connect Core 1.0 §5.1). The number that they
/// sign in with comes before one that is only a part of their profile.
pub fn standard_claims(subject: &Subject) -> StandardClaims {
    let user = &subject.user;
    let attributes = &user.attributes.0;
    StandardClaims {
        name: user.full_name(),
        given_name: user.given_name.clone(),
        family_name: user.family_name.clone(),
        picture: user.picture.clone(),
        preferred_username: subject.username.clone(),
        email: subject.email.clone(),
        email_verified: subject
            .email
            .as_ref()
            .map(|_| subject.email_verified_at.is_some()),
        phone_number: subject
            .phone
            .clone()
            .or_else(|| attributes.phone_number.clone()),
        phone_number_verified: match subject.phone {
            Some(_) => Some(subject.phone_verified_at.is_some()),
            None => attributes.phone_number_verified,
        },
        updated_at: Some(user.updated_at),
        ..attributes.clone()
    }
}

/// The left half of the access token's hash (OpenID Connect Core 1.0 §3.1.3.6).
fn access_token_hash(algorithm: SigningAlgorithm, access_token: &str) -> String {
    match algorithm {
        // Ed25519 signs with SHA-512 inside.
        SigningAlgorithm::EdDsa => {
            BASE64_URL_SAFE_NO_PAD.encode(&Sha512::digest(access_token)[..32])
        }
        SigningAlgorithm::Es256 | SigningAlgorithm::Rs256 => {
            BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(access_token)[..16])
        }
    }
}

fn object(value: Value) -> Claims {
    match value {
        Value::Object(claims) => claims,
        _ => unreachable!("written as an object above"),
    }
}
