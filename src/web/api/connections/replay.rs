//! What the recorded sign-ins through a connection would do, if it were changed.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::rehearsed::{AccessOutcome, AttributeOutcome, NamedRole, attributes};
use super::{NewConnectionOptions, unknown};
use crate::access::Catalogue;
use crate::access::scopes::{ReadUsers, TestConnections};
use crate::clock::{Seconds, Timestamp};
use crate::directory::connections;
use crate::directory::reconcile::{Rule, Upstream};
use crate::directory::upstream::rehearsal::imagine;
use crate::directory::upstream::replay::{self, Balance, Replayed, Sum};
use crate::federation::mapping::Attribute;
use crate::id::{ConnectionId, OrganizationId, UpstreamSignInId, UserId};
use crate::web::api::answer::{Answer, Instant};
use crate::web::api::caller::May;
use crate::web::api::error::{ApiError, Errors};
use crate::web::api::extract::{Body, Path, Query};
use crate::web::api::paging::{Paging, Position};
use crate::web::api::sync_records::{GroupRole, group_roles};
use crate::web::extract::Now;
use crate::web::site::Site;

/// Recorded sign-ins are kept for so long.
const MOST_DAYS: i64 = 30;
const USUAL_DAYS: i64 = 7;

/// What to replay.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewReplay {
    /// The sign-ins of how many days; of 7 when left out.
    #[schema(minimum = 1, maximum = 30)]
    days: Option<i64>,
    /// How the connection might be: what is left out is as it is. Nothing of it is saved.
    #[schema(value_type = Option<NewConnectionOptions>)]
    options: Option<Map<String, Value>>,
}

/// What would come of the recorded sign-ins. Nothing has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionReplay)]
pub struct Shown {
    /// Since when sign-ins were read.
    since: Instant,
    /// Whether these were all. If not, the latest were read, up to 500 people and 5000 records.
    is_complete: bool,
    /// How many sign-ins were read. Of each person, the latest counts.
    records: usize,
    /// How many people those were.
    people_count: usize,
    summary: Summary,
    /// The people for whom something would change or who would be refused, whoever came last first.
    people: Vec<Person>,
    /// The cursor to the next page; null on the last.
    next_token: Option<String>,
}

/// What would change, in sum.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplaySummary)]
pub struct Summary {
    /// How many were signed in and would be refused.
    refused: usize,
    /// How many were refused and would be signed in.
    admitted: usize,
    /// How many would get an account.
    created: usize,
    /// Of how many the withdrawals would be held, because so many at once are likely to be a mistake. They are counted as
    /// withdrawn below.
    held: usize,
    /// How many would join an organization.
    joining: Vec<Joining>,
    /// Each role that somebody would gain or lose.
    roles: Vec<RoleBalance>,
    /// Each permission that somebody would gain or lose.
    permissions: Vec<PermissionBalance>,
    /// Each attribute that would be written in some profile, or where the two sides contradict each other.
    attributes: Vec<AttributeBalance>,
}

/// How many would join an organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplayJoining)]
pub struct Joining {
    #[schema(value_type = String)]
    org_code: OrganizationId,
    people: usize,
}

/// How many would gain and lose something.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplayBalance)]
pub struct People {
    /// How many would have it, and do not now.
    gained: usize,
    /// The ids of the first of them, at most ten; who has no account yet has none.
    #[schema(value_type = Vec<String>)]
    gained_by: Vec<UserId>,
    /// How many have it now, and would not any more.
    lost: usize,
    /// The ids of the first of them, at most ten.
    #[schema(value_type = Vec<String>)]
    lost_by: Vec<UserId>,
}

impl From<Balance> for People {
    fn from(balance: Balance) -> Self {
        Self {
            gained: balance.gained,
            gained_by: balance.gained_by,
            lost: balance.lost,
            lost_by: balance.lost_by,
        }
    }
}

/// How many would gain and lose a role in an organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplayRole)]
pub struct RoleBalance {
    #[schema(value_type = String)]
    org_code: OrganizationId,
    role: NamedRole,
    #[serde(flatten)]
    people: People,
}

/// How many would gain and lose a permission in an organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplayPermission)]
pub struct PermissionBalance {
    #[schema(value_type = String)]
    org_code: OrganizationId,
    /// Its key.
    permission: String,
    #[serde(flatten)]
    people: People,
}

/// What would become of an attribute, in how many profiles.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplayAttribute)]
pub struct AttributeBalance {
    #[schema(value_type = String)]
    attribute: Attribute,
    /// In how many it would be written.
    written: usize,
    /// In how many the two sides contradict each other.
    conflicts: usize,
}

impl Summary {
    fn of(sum: Sum, catalogue: &Catalogue) -> Self {
        let roles = sum.roles.into_iter().filter_map(|((place, role), people)| {
            Some(RoleBalance {
                org_code: place,
                role: NamedRole::of(&role, catalogue)?,
                people: people.into(),
            })
        });
        let permissions = sum.permissions.into_iter();
        let permissions = permissions.map(|((place, permission), people)| PermissionBalance {
            org_code: place,
            permission,
            people: people.into(),
        });
        let joining = sum.joining.into_iter();
        let joining = joining.map(|(org_code, people)| Joining { org_code, people });
        let attributes = sum.attributes.into_iter();
        let attributes = attributes.map(|(attribute, counted)| AttributeBalance {
            attribute,
            written: counted.written,
            conflicts: counted.conflicts,
        });
        Self {
            refused: sum.refused,
            admitted: sum.admitted,
            created: sum.created,
            held: sum.held,
            joining: joining.collect(),
            roles: roles.collect(),
            permissions: permissions.collect(),
            attributes: attributes.collect(),
        }
    }
}

/// What would change for somebody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplayedUser)]
pub struct Person {
    /// The recorded sign-in, which a dry run can look at more closely.
    #[schema(value_type = String, pattern = "^upstream_[0-9a-f]{32}$")]
    sign_in_id: UpstreamSignInId,
    occurred_on: Instant,
    /// What came of it then: `signed_in`, or why nobody was.
    recorded_outcome: String,
    /// What would come of it: `signed_in`, or why nobody would be.
    outcome: String,
    /// What would be wrong, in words; null when somebody would be signed in.
    reason: Option<String>,
    /// Whose account it is; null when there is none.
    #[schema(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// Why the identity would be theirs, as in a dry run; null when nobody would be signed in.
    #[schema(value_type = Option<String>, pattern = "^(known|asked|waiting|verified_email|new)$")]
    rule: Option<Rule>,
    /// The attributes that would be written or are in conflict.
    attributes: Vec<AttributeOutcome>,
    /// The roles that groups would give no more, and that would stay because so many at once are likely to be a mistake.
    roles_held: Vec<GroupRole>,
    /// What would change of their roles and permissions, by organization, if nothing were held.
    access: Vec<AccessOutcome>,
}

impl Person {
    fn of(replayed: &Replayed, upstream: &Upstream, catalogue: &Catalogue) -> Self {
        let refusal = replayed.refusal();
        let decided = replayed.reconciled();
        let stated = replayed.rehearsal.stated.as_ref();
        let mapping = &upstream.connection.mapping.0;
        let attributes = stated.map(|stated| attributes(mapping, stated));
        let attributes = attributes.unwrap_or_default().into_iter();
        let access = replayed.access().iter().cloned();
        Self {
            sign_in_id: replayed.sign_in.id.clone(),
            occurred_on: Instant(replayed.sign_in.occurred_at),
            recorded_outcome: replayed.sign_in.outcome.clone(),
            outcome: refusal
                .as_ref()
                .map_or("signed_in", |(word, _)| word)
                .to_owned(),
            reason: refusal.map(|(_, reason)| reason),
            user_id: replayed.user().cloned(),
            rule: decided.map(|decided| decided.who.rule()),
            attributes: attributes.filter(AttributeOutcome::is_notable).collect(),
            roles_held: decided
                .map(|decided| group_roles(decided.membership.held.clone()))
                .unwrap_or_default(),
            access: access
                .map(|outlook| AccessOutcome::of(outlook, catalogue))
                .collect(),
        }
    }
}

/// Tells what the sign-ins of the last days would do, under the connection as it is or as it might be: who would gain
/// and lose which role and permission, which attributes would be written, who would be refused. Of each person, the
/// latest recorded sign-in is compared with how they are now. Nothing is changed, and nobody is signed in.
///
/// People are always sorted by `occurred_on_desc`. It needs the scope `read:users` besides, as it shows people's
/// profiles.
#[utoipa::path(
    post, path = "/connections/{connection_id}/replay", tag = "Connections",
    operation_id = "replayConnection",
    security(("management" = ["test:connections", "read:users"])),
    params(("connection_id" = String, Path), Paging),
    request_body = NewReplay,
    responses((status = 200, body = Answer<Shown>), (status = "4XX", body = Errors)),
)]
pub async fn replay(
    may: May<TestConnections>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
    Body(new): Body<NewReplay>,
) -> Result<Answer<Shown>, ApiError> {
    let wanted = paging.check(&["occurred_on_desc"])?;
    wanted.before("next_token")?;
    let since = since(new.days, now)?;
    let id = ConnectionId::parse(&id).ok_or_else(unknown)?;
    let app = &site.app;
    let mut tx = app.db.read().await?;
    let before = connections::find(&mut tx, &id).await?;
    let before = before.ok_or_else(unknown)?;
    may.check_also::<ReadUsers>()?;
    let upstream = imagine(&mut tx, &before, new.options, now).await?;
    let catalogue = app.catalogues.current(&mut tx, now).await?;
    let replay = replay::replay(&mut tx, &catalogue, &upstream, since, now).await?;
    let sum = replay.sum();
    let people_count = replay.people.len();
    let people = replay.people.iter().filter(|person| person.has_effect());
    let (people, next_token) = wanted.select(people, |person| {
        Position::at(person.sign_in.occurred_at, person.sign_in.id.as_str())
    });
    let people = people.into_iter();
    Ok(Answer::of(Shown {
        since: Instant(since),
        is_complete: replay.is_complete,
        records: replay.records,
        people_count,
        summary: Summary::of(sum, &catalogue),
        people: people
            .map(|person| Person::of(person, &upstream, &catalogue))
            .collect(),
        next_token,
    }))
}

fn since(days: Option<i64>, now: Timestamp) -> Result<Timestamp, ApiError> {
    let days = days.unwrap_or(USUAL_DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        let reason = format!("is a number from 1 to {MOST_DAYS}");
        return Err(ApiError::field("days", reason));
    }
    Ok(now.minus(Seconds::new(days * 86_400)))
}
