//! `/users/{id}/explain`: what tokens would say of a user, and why.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Instant};
use super::caller::{May, no_organization};
use super::error::{ApiError, Errors};
use super::extract::{Path, Query};
use super::users::unknown as unknown_user;
use crate::access::scopes::ReadUsers;
use crate::access::{Chain, Explanation, Missing, Reason, Via};
use crate::clients::RegisteredClient;
use crate::clock::Timestamp;
use crate::id::{ClientId, OrganizationId, RoleId, UserId};
use crate::interaction::ACR;
use crate::protocol::client::ApplicationKind;
use crate::store::assignments::Source;
use crate::store::{Tx, organizations, users};
use crate::tokens::explain::{self as tokens, Explained, HYPOTHETICAL, Preview, Question};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(explain))
}

/// How many permissions can be expected at once.
const MOST_EXPECTED: usize = 100;

/// Where, for which application, and what is expected there.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Where {
    /// The organization that the tokens would be for; for none when left out.
    org_code: Option<String>,
    /// The application that would get them; without it no claims are shown.
    client_id: Option<String>,
    /// The keys of permissions, separated by commas; of those that the token lacks it is told why. At most 100.
    expect: Option<String>,
}

/// What tokens would say of a user, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserExplanation)]
pub struct Shown {
    user_id: String,
    org_code: Option<String>,
    client_id: Option<String>,
    /// What keeps any token from the user: `client_disabled`, `joins_at_sign_in` (not a member yet, but the
    /// organization admits who signs in there), `not_a_member`, `not_admitted` (the application lets in only those
    /// who hold one of its roles there), `organization_suspended`, `user_suspended`.
    #[schema(value_type = Vec<String>)]
    obstacles: Vec<Reason>,
    /// The claims of the tokens; null when there would be none, or no application was named.
    tokens: Option<Tokens>,
    /// The roles that the user has in the organization, expired ones included.
    roles: Vec<HeldRole>,
    /// The permissions that the user has there, or had until they expired.
    permissions: Vec<HeldPermission>,
    /// Which of the expected permissions the token lacks.
    missing: Vec<MissingPermission>,
}

/// The claims of tokens that nobody has minted, with everything that the application may ask for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HypotheticalTokens)]
pub struct Tokens {
    #[schema(value_type = Object)]
    access_token: Map<String, Value>,
    /// But for `at_hash`; null when the application may not ask for `openid`.
    #[schema(value_type = Option<Object>)]
    id_token: Option<Map<String, Value>>,
    /// Which claims a real token would have with other values.
    hypothetical_claims: &'static [&'static str],
}

impl From<Preview> for Tokens {
    fn from(preview: Preview) -> Self {
        Self {
            access_token: preview.access_token,
            id_token: preview.id_token,
            hypothetical_claims: HYPOTHETICAL,
        }
    }
}

/// A role that the user has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExplainedRole)]
pub struct HeldRole {
    #[schema(value_type = String, format = Uuid)]
    id: RoleId,
    key: String,
    name: String,
    /// Where the assignment comes from: `api`, `default`, `group`, `import`, `invitation`, `operator` or `person`.
    #[schema(value_type = String)]
    source: Source,
    /// Until when it counts.
    expires_on: Option<Instant>,
    /// Whether it still counts.
    counts: bool,
}

/// A permission that the user has, or had.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExplainedPermission)]
pub struct HeldPermission {
    /// Its key.
    permission: String,
    /// Whether the user has it.
    granted: bool,
    /// Every way by which it comes, or came.
    chains: Vec<Way>,
}

impl From<Explanation> for HeldPermission {
    fn from(explanation: Explanation) -> Self {
        Self {
            permission: explanation.permission,
            granted: explanation.granted,
            chains: explanation.chains.into_iter().map(Way::from).collect(),
        }
    }
}

/// One way by which a permission comes to a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PermissionChain)]
pub struct Way {
    #[schema(pattern = "^(direct|role)$")]
    via: &'static str,
    /// The key of the role, if it comes by one.
    role: Option<String>,
    /// Where the assignment comes from: `api`, `default`, `group`, `import`, `invitation`, `operator` or `person`.
    #[schema(value_type = String)]
    source: Source,
    /// Until when it counts.
    expires_on: Option<Instant>,
    /// Whether it still counts.
    counts: bool,
}

impl From<Chain> for Way {
    fn from(chain: Chain) -> Self {
        let (via, role) = match chain.via {
            Via::Direct => ("direct", None),
            Via::Role { role } => ("role", Some(role)),
        };
        Self {
            via,
            role,
            source: chain.source,
            expires_on: chain.expires_at.map(Instant),
            counts: chain.counts,
        }
    }
}

/// A permission that the token lacks, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct MissingPermission {
    /// Its key.
    permission: String,
    /// Everything that keeps it away: the obstacles, `expired`, `no_organization`, `no_such_permission`,
    /// `not_assigned`, `omitted_from_token`.
    #[schema(value_type = Vec<String>)]
    reasons: Vec<Reason>,
    /// The keys of the roles that would give it.
    roles: Vec<String>,
}

impl From<Missing> for MissingPermission {
    fn from(missing: Missing) -> Self {
        Self {
            permission: missing.permission,
            reasons: missing.reasons,
            roles: missing.roles,
        }
    }
}

/// Shows what tokens would say of a user in an organization, where each permission comes from, and why an
/// expected one is missing. Nothing is signed, and nobody signed in.
#[utoipa::path(
    get, path = "/users/{user_id}/explain", tag = "Users",
    operation_id = "explainUser",
    security(("management" = ["read:users"])),
    params(("user_id" = String, Path), Where),
    responses((status = 200, body = Answer<Shown>), (status = "4XX", body = Errors)),
)]
pub async fn explain(
    _may: May<ReadUsers>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Query(place): Query<Where>,
) -> Result<Answer<Shown>, ApiError> {
    let expected = expected(place.expect.as_deref())?;
    let id = UserId::parse(&id).ok_or_else(unknown_user)?;
    let app = &site.app;
    let mut tx = app.db.read().await?;
    let subject = users::find_subject(&mut tx, &id)
        .await?
        .ok_or_else(unknown_user)?;
    let client = find_client(&mut tx, place.client_id.as_deref(), now).await?;
    let question = Question {
        subject,
        organization: find_organization(&mut tx, place.org_code.as_deref()).await?,
        client: client.as_ref(),
        expected: &expected,
        acr: ACR,
    };
    let (issuer, mut rng) = (&app.config.server.issuer, app.random.generator());
    let explained =
        tokens::explain(&mut tx, &app.catalogues, issuer, question, now, &mut rng).await?;
    Ok(Answer::of(shown(&id, place, explained, now)))
}

fn shown(id: &UserId, place: Where, explained: Explained, now: Timestamp) -> Shown {
    let catalogue = &explained.catalogue;
    let roles = explained.roles.into_iter().filter_map(|assignment| {
        let (role, _) = catalogue.role(&assignment.role_id)?;
        Some(HeldRole {
            id: role.id.clone(),
            key: role.key.clone(),
            name: role.name.clone(),
            source: assignment.source.0,
            expires_on: assignment.expires_at.map(Instant),
            counts: assignment.expires_at.is_none_or(|at| at > now),
        })
    });
    let mut roles: Vec<HeldRole> = roles.collect();
    roles.sort_by(|one, other| one.key.cmp(&other.key));
    Shown {
        user_id: id.to_string(),
        org_code: place.org_code.filter(|code| !code.is_empty()),
        client_id: place.client_id.filter(|id| !id.is_empty()),
        obstacles: explained.obstacles,
        tokens: explained.tokens.map(Tokens::from),
        roles,
        permissions: explained
            .permissions
            .into_iter()
            .map(HeldPermission::from)
            .collect(),
        missing: explained
            .missing
            .into_iter()
            .map(MissingPermission::from)
            .collect(),
    }
}

/// The keys that are expected, each once.
fn expected(text: Option<&str>) -> Result<Vec<String>, ApiError> {
    let mut keys: Vec<String> = Vec::new();
    for key in text.unwrap_or_default().split(',').map(str::trim) {
        if !key.is_empty() && !keys.iter().any(|known| known == key) {
            keys.push(key.to_owned());
        }
    }
    if keys.len() > MOST_EXPECTED {
        let message = format!("expect names at most {MOST_EXPECTED} permissions");
        return Err(ApiError::refused("TOO_MANY_PARAMETERS", message));
    }
    Ok(keys)
}

pub(super) async fn find_organization(
    tx: &mut Tx,
    code: Option<&str>,
) -> Result<Option<organizations::Organization>, ApiError> {
    let Some(code) = code.filter(|code| !code.is_empty()) else {
        return Ok(None);
    };
    let code = OrganizationId::parse(code).ok_or_else(no_organization)?;
    let found = organizations::find(tx, &code).await?;
    found.map(Some).ok_or_else(no_organization)
}

/// The application, disabled or not, which must be one that signs people in.
pub(super) async fn find_client(
    tx: &mut Tx,
    id: Option<&str>,
    now: Timestamp,
) -> Result<Option<RegisteredClient>, ApiError> {
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        return Ok(None);
    };
    let unknown = || {
        ApiError::not_found(
            "APPLICATION_NOT_FOUND",
            "there is no application of that client_id",
        )
    };
    let id = ClientId::parse(id).ok_or_else(unknown)?;
    let client = RegisteredClient::load(tx, &id, now)
        .await?
        .ok_or_else(unknown)?;
    if client.client.kind.0 == ApplicationKind::Machine {
        return Err(ApiError::refused(
            "APPLICATION_TYPE_NOT_SUPPORTED",
            "this application acts for itself: its tokens say nothing of users",
        ));
    }
    Ok(Some(client))
}
