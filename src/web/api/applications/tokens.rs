//! The tokens of an application: how long they live, and what they say.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{find, find_to_change};
use crate::access::scopes::{ReadApplications, UpdateApplicationTokens};
use crate::clients;
use crate::clients::lifetimes::{self, LONGEST_IDLE, SHORTEST};
use crate::clock::Seconds;
use crate::store::clients::{ClaimSwitches, Client};
use crate::store::{Tx, properties};
use crate::web::api::answer::{Answer, Done};
use crate::web::api::caller::May;
use crate::web::api::error::{ApiError, Errors};
use crate::web::api::extract::{Body, Edit, Path, at_most};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The most bytes of permissions, flags or properties that may be allowed in a token.
const LONGEST_LIST: i64 = 100_000;

/// How many properties a token may be told to say.
const MOST_PROPERTIES: usize = 100;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(read, update))
}

/// The tokens of an application.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApplicationTokens)]
pub struct Shown {
    /// Seconds.
    access_token_lifetime: i64,
    /// Seconds that one may lie unused.
    refresh_token_lifetime: i64,
    /// Seconds.
    id_token_lifetime: i64,
    /// Seconds after which people prove anew who they are; null: when their session ends.
    authenticated_session_lifetime: Option<i64>,
    /// Whether claims are named as Hasura reads them (`x-hasura-permissions` and so on).
    is_hasura_mapping_enabled: bool,
    claims: ShownClaims,
}

/// What tokens say beyond the usual.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each switch stands for a claim of its own"
)]
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApplicationClaims)]
pub struct ShownClaims {
    /// The granted scopes of APIs, among `permissions` in the access token.
    api_scopes_in_permissions: bool,
    /// `email` in the access token.
    email: bool,
    /// `external_organization_id` in the access token.
    external_organization_id: bool,
    /// `feature_flags` in the access token of a machine; in those of users they always are.
    feature_flags: bool,
    /// How many bytes of feature flags an access token may hold; beyond, it says `feature_flags_omitted` instead.
    longest_feature_flags: usize,
    /// How many bytes of permissions an access token may hold; beyond, it says `permissions_omitted` instead.
    longest_permissions: usize,
    /// How many bytes of properties a token may hold; beyond, it says `properties_omitted` instead.
    longest_properties: usize,
    /// `organizations`, with names, in the ID token.
    organizations: bool,
    /// `org_name` in the access token.
    organization_name: bool,
    /// The keys of the properties in the access token.
    properties_in_access_token: Vec<String>,
    /// The keys of the properties in the ID token.
    properties_in_id_token: Vec<String>,
    /// `roles` in the access token.
    roles: bool,
}

impl From<&Client> for Shown {
    fn from(client: &Client) -> Self {
        let ClaimSwitches {
            api_scopes_in_permissions,
            email,
            external_organization_id,
            feature_flags,
            longest_feature_flags,
            longest_permissions,
            longest_properties,
            organizations,
            organization_name,
            properties_in_access_token,
            properties_in_id_token,
            roles,
        } = client.claim_switches.0.clone();
        let session = client.session_lifetime_seconds;
        Self {
            access_token_lifetime: client.access_token_lifetime_seconds.as_i64(),
            refresh_token_lifetime: client.refresh_token_lifetime_seconds.as_i64(),
            id_token_lifetime: client.id_token_lifetime_seconds.as_i64(),
            authenticated_session_lifetime: session.map(Seconds::as_i64),
            is_hasura_mapping_enabled: client.maps_hasura_claims,
            claims: ShownClaims {
                api_scopes_in_permissions,
                email,
                external_organization_id,
                feature_flags,
                longest_feature_flags,
                longest_permissions,
                longest_properties,
                organizations,
                organization_name,
                properties_in_access_token,
                properties_in_id_token,
                roles,
            },
        }
    }
}

/// The tokens that were asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OneApplicationTokens)]
pub struct One {
    tokens: Shown,
}

/// Shows how long the tokens of an application live, and what they say.
#[utoipa::path(
    get, path = "/applications/{application_id}/tokens", tag = "Applications",
    operation_id = "getApplicationTokens",
    security(("management" = ["read:applications"])),
    params(("application_id" = String, Path)),
    responses((status = 200, body = Answer<One>), (status = "4XX", body = Errors)),
)]
pub async fn read(
    _may: May<ReadApplications>,
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<Answer<One>, ApiError> {
    let client = find(&mut site.app.db.read().await?, &id).await?;
    let tokens = Shown::from(&client);
    Ok(Answer::of(One { tokens }))
}

/// What to change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TokensChange {
    /// Seconds; at most as long as signing keys stay published.
    #[schema(minimum = 60, maximum = 31_536_000)]
    access_token_lifetime: Option<i64>,
    /// Seconds that one may lie unused.
    #[schema(minimum = 60, maximum = 31_536_000)]
    refresh_token_lifetime: Option<i64>,
    /// Seconds; at most as long as signing keys stay published.
    #[schema(minimum = 60, maximum = 31_536_000)]
    id_token_lifetime: Option<i64>,
    /// Seconds after which people prove anew who they are, if their session has not ended before; null: when it ends.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 60, maximum = 31_536_000)]
    authenticated_session_lifetime: Edit<i64>,
    is_hasura_mapping_enabled: Option<bool>,
    claims: Option<ClaimsChange>,
}

/// What tokens shall say beyond the usual.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ClaimsChange {
    api_scopes_in_permissions: Option<bool>,
    email: Option<bool>,
    external_organization_id: Option<bool>,
    feature_flags: Option<bool>,
    #[schema(minimum = 0, maximum = 100_000)]
    longest_feature_flags: Option<i64>,
    #[schema(minimum = 0, maximum = 100_000)]
    longest_permissions: Option<i64>,
    #[schema(minimum = 0, maximum = 100_000)]
    longest_properties: Option<i64>,
    organizations: Option<bool>,
    organization_name: Option<bool>,
    /// Keys of public properties.
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    properties_in_access_token: Option<Vec<String>>,
    /// Keys of public properties.
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    properties_in_id_token: Option<Vec<String>>,
    roles: Option<bool>,
}

/// Changes how long the tokens of an application live, and what they say, from the next ones on.
#[utoipa::path(
    patch, path = "/applications/{application_id}/tokens", tag = "Applications",
    operation_id = "updateApplicationTokens",
    security(("management" = ["update:application_tokens"])),
    params(("application_id" = String, Path)),
    request_body = TokensChange,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn update(
    may: May<UpdateApplicationTokens>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Body(wanted): Body<TokensChange>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let before = find_to_change(&mut tx, &id).await?;
    let mut after = before.clone();
    wanted.apply_to(&mut after, site.app.config.keys.retain)?;
    if after.claim_switches != before.claim_switches {
        confirm_properties(&mut tx, &after.claim_switches.0).await?;
    }
    clients::change(&mut tx, may.actor(), &before, after, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying("Application tokens updated"))
}

impl TokensChange {
    /// A key must not leave the JWKS before the last token that it signed has ended, hence `longest_signed`.
    fn apply_to(self, client: &mut Client, longest_signed: Seconds) -> Result<(), ApiError> {
        let check = |field, longest, seconds| {
            lifetimes::within(SHORTEST..=longest, seconds)
                .map_err(|reason| ApiError::field(field, reason))
        };
        for (field, wanted, longest, target) in [
            (
                "access_token_lifetime",
                self.access_token_lifetime,
                longest_signed,
                &mut client.access_token_lifetime_seconds,
            ),
            (
                "id_token_lifetime",
                self.id_token_lifetime,
                longest_signed,
                &mut client.id_token_lifetime_seconds,
            ),
            (
                "refresh_token_lifetime",
                self.refresh_token_lifetime,
                LONGEST_IDLE,
                &mut client.refresh_token_lifetime_seconds,
            ),
        ] {
            if let Some(seconds) = wanted {
                *target = check(field, longest, seconds)?;
            }
        }
        let field = "authenticated_session_lifetime";
        self.authenticated_session_lifetime
            .try_map(|seconds| check(field, LONGEST_IDLE, seconds))?
            .apply_to(&mut client.session_lifetime_seconds);
        if let Some(is_on) = self.is_hasura_mapping_enabled {
            client.maps_hasura_claims = is_on;
        }
        match self.claims {
            Some(claims) => claims.apply_to(&mut client.claim_switches.0),
            None => Ok(()),
        }
    }
}

impl ClaimsChange {
    fn apply_to(self, switches: &mut ClaimSwitches) -> Result<(), ApiError> {
        for (wanted, target) in [
            (
                self.api_scopes_in_permissions,
                &mut switches.api_scopes_in_permissions,
            ),
            (self.email, &mut switches.email),
            (
                self.external_organization_id,
                &mut switches.external_organization_id,
            ),
            (self.feature_flags, &mut switches.feature_flags),
            (self.organizations, &mut switches.organizations),
            (self.organization_name, &mut switches.organization_name),
            (self.roles, &mut switches.roles),
        ] {
            *target = wanted.unwrap_or(*target);
        }
        for (field, wanted, target) in [
            (
                "claims.longest_feature_flags",
                self.longest_feature_flags,
                &mut switches.longest_feature_flags,
            ),
            (
                "claims.longest_permissions",
                self.longest_permissions,
                &mut switches.longest_permissions,
            ),
            (
                "claims.longest_properties",
                self.longest_properties,
                &mut switches.longest_properties,
            ),
        ] {
            let Some(wanted) = wanted else { continue };
            let read = usize::try_from(wanted).ok();
            *target = read
                .filter(|_| wanted <= LONGEST_LIST)
                .ok_or_else(|| ApiError::field(field, format!("is 0 to {LONGEST_LIST} bytes")))?;
        }
        for (wanted, target) in [
            (
                self.properties_in_access_token,
                &mut switches.properties_in_access_token,
            ),
            (
                self.properties_in_id_token,
                &mut switches.properties_in_id_token,
            ),
        ] {
            if let Some(keys) = wanted {
                at_most(MOST_PROPERTIES, "claims", &keys)?;
                *target = keys;
            }
        }
        Ok(())
    }
}

/// Confirms that the properties which tokens shall say are defined, and not private.
async fn confirm_properties(tx: &mut Tx, switches: &ClaimSwitches) -> Result<(), ApiError> {
    let in_access_token = switches.properties_in_access_token.iter();
    for key in in_access_token.chain(&switches.properties_in_id_token) {
        let found = properties::find_by_key(tx, key).await?;
        if found.is_none_or(|property| property.is_private) {
            let why = format!("names no public property {key}");
            return Err(ApiError::field("claims", why));
        }
    }
    Ok(())
}
