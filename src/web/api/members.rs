//! `/organizations/{org_code}/users`: who belongs to an organization.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Done, Instant};
use super::caller::{MayIn, check_organization};
use super::error::{ApiError, Errors};
use super::extract::{Body, Path, Query, at_most};
use super::paging::{Paging, Position};
use crate::access::Catalogue;
use crate::access::evaluate;
use crate::access::members::{self, NotAMember, Wanted};
use crate::access::scopes::{
    CreateOrganizationUsers, DeleteOrganizationUsers, ReadOrganizationUsers,
    UpdateOrganizationUsers,
};
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::id::{OrganizationId, PermissionId, RoleId, UserId};
use crate::store::members::{self as stored, Holding, Member, Order};
use crate::store::{Tx, assignments, memberships, users};
use crate::web::extract::Now;
use crate::web::site::Site;

/// How many users one call may name.
const MOST_USERS: usize = 100;

/// How many keys a filter, or an entry of a list, may name.
const MOST_KEYS: usize = 100;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, add, change))
        .routes(routes!(remove))
}

/// A member of an organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationUser {
    #[schema(value_type = String)]
    id: UserId,
    email: Option<String>,
    full_name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    picture: Option<String>,
    joined_on: Instant,
    /// When they last signed in to this organization.
    last_accessed_on: Option<Instant>,
    is_suspended: bool,
    /// The keys of their roles here.
    roles: Vec<String>,
}

/// A page of members.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationUsers {
    organization_users: Vec<OrganizationUser>,
    /// The cursor to the next page; null on the last.
    next_token: Option<String>,
}

/// Which members.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Keys of permissions, separated by commas: only those who have all of them.
    permissions: Option<String>,
    /// Keys of roles, separated by commas: only those who have all of them.
    roles: Option<String>,
}

impl Filter {
    fn holding(&self) -> Result<Holding, ApiError> {
        fn keys(list: Option<&String>) -> Vec<&str> {
            let list = list.map(String::as_str).unwrap_or_default().split(',');
            list.map(str::trim).filter(|key| !key.is_empty()).collect()
        }
        let (roles, permissions) = (keys(self.roles.as_ref()), keys(self.permissions.as_ref()));
        at_most(MOST_KEYS, "roles", &roles)?;
        at_most(MOST_KEYS, "permissions", &permissions)?;
        Ok(Holding::new(roles.into_iter(), permissions.into_iter()))
    }
}

/// Lists the members of an organization.
#[utoipa::path(
    get, path = "/organizations/{org_code}/users", tag = "Members",
    operation_id = "listMembers",
    security(("management" = ["read:organization_users"])),
    params(("org_code" = String, Path), Paging, Filter),
    responses((status = 200, body = Answer<OrganizationUsers>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    may: MayIn<ReadOrganizationUsers>,
    State(site): State<Site>,
    Now(now): Now,
    Query(paging): Query<Paging>,
    Query(filter): Query<Filter>,
) -> Result<Answer<OrganizationUsers>, ApiError> {
    let wanted = paging.check(&[
        "id_asc",
        "id_desc",
        "name_asc",
        "name_desc",
        "email_asc",
        "email_desc",
    ])?;
    let order = match (wanted.sort.by, wanted.sort.descends) {
        ("email", false) => Order::Email,
        ("email", true) => Order::EmailDescending,
        ("name", false) => Order::Name,
        ("name", true) => Order::NameDescending,
        (_, false) => Order::Id,
        (_, true) => Order::IdDescending,
    };
    let holding = filter.holding()?;
    let Position(value, id) = &wanted.after;
    let mut tx = site.app.db.read().await?;
    let organization = &may.organization;
    check_organization(&mut tx, organization).await?;
    let (after, limit) = ((value.as_str(), id.as_str()), wanted.limit());
    let rows = stored::list(&mut tx, organization, &holding, order, after, limit, now).await?;
    let (rows, next_token) = wanted.cut(rows, |member| {
        Position(member.position.clone(), member.user_id.to_string())
    });
    let catalogue = site.app.catalogues.latest(&mut tx, now).await?;
    let users: Vec<UserId> = rows.iter().map(|member| member.user_id.clone()).collect();
    let mut held = assignments::list_roles_for_users(&mut tx, organization, &users).await?;
    let organization_users = rows.into_iter().map(|member| {
        let held = held.remove(&member.user_id).unwrap_or_default();
        let access = evaluate(&catalogue, &held, &[], now);
        let roles = access.roles.iter().map(|role| role.key.clone());
        shown(member, roles.collect())
    });
    Ok(Answer::of(OrganizationUsers {
        organization_users: organization_users.collect(),
        next_token,
    }))
}

fn shown(member: Member, roles: Vec<String>) -> OrganizationUser {
    let names = [&member.given_name, &member.family_name];
    let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
    OrganizationUser {
        id: member.user_id,
        email: member.email,
        full_name: (!names.is_empty()).then(|| names.join(" ")),
        first_name: member.given_name,
        last_name: member.family_name,
        picture: member.picture,
        joined_on: Instant(member.joined_at),
        last_accessed_on: member.last_sign_in_at.map(Instant),
        is_suspended: member.suspended_at.is_some(),
        roles,
    }
}

/// Users to add.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewMembers {
    /// At most 100.
    #[schema(max_items = 100)]
    users: Vec<NewMember>,
}

/// A user to add, who exists already.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewMember {
    id: String,
    /// The keys of roles to give them here, besides the default ones.
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    roles: Option<Vec<String>>,
    /// The keys of permissions to give them here.
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    permissions: Option<Vec<String>>,
}

/// Who was added.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsersAdded {
    /// Those who did not belong to the organization before.
    #[schema(value_type = Vec<String>)]
    users_added: Vec<UserId>,
}

/// Adds users to an organization, all of them or none. Those who belong to it already stay as they are.
#[utoipa::path(
    post, path = "/organizations/{org_code}/users", tag = "Members",
    operation_id = "addMembers",
    security(("management" = ["create:organization_users"])),
    params(("org_code" = String, Path)),
    request_body = NewMembers,
    responses((status = 200, body = Answer<UsersAdded>), (status = "4XX", body = Errors)),
)]
pub async fn add(
    may: MayIn<CreateOrganizationUsers>,
    State(site): State<Site>,
    Now(now): Now,
    Body(mut new): Body<NewMembers>,
) -> Result<Answer<UsersAdded>, ApiError> {
    at_most(MOST_USERS, "users", &new.users)?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    check_organization(&mut tx, &may.organization).await?;
    let catalogue = Catalogue::load(&mut tx).await?;
    let (actor, mut users_added) = (may.actor(), Vec::new());
    let named = in_order(&mut new.users, |user| &user.id);
    for NewMember {
        id,
        roles,
        permissions,
    } in new.users
    {
        let user = existing_user(&mut tx, &id).await?;
        let given = Given::parse(&catalogue, roles, permissions)?;
        if members::join(&mut tx, actor, &may.organization, &user, now, &mut rng).await? {
            let member = (&may.organization, &user);
            given.give(&mut tx, actor, member, now, &mut rng).await?;
            users_added.push(user);
        }
    }
    tx.commit().await?;
    as_named(&named, &mut users_added);
    let message = "Users added to organization";
    Ok(Answer::saying(message, UsersAdded { users_added }))
}

/// Members to change.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MembersChange {
    /// At most 100.
    #[schema(max_items = 100)]
    users: Vec<MemberChange>,
}

/// What to change of a member. A user who does not belong to the organization is added.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MemberChange {
    id: String,
    /// `delete` removes the user from the organization.
    operation: Option<String>,
    /// The keys of all roles that they are to have here; left out, these stay as they are.
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    roles: Option<Vec<String>>,
    /// The keys of all permissions that they are to have here besides those of roles; left out, these stay.
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    permissions: Option<Vec<String>>,
}

/// What has changed.
#[expect(
    clippy::struct_field_names,
    reason = "published clients read these names"
)]
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct MembersChanged {
    #[schema(value_type = Vec<String>)]
    users_added: Vec<UserId>,
    #[schema(value_type = Vec<String>)]
    users_updated: Vec<UserId>,
    #[schema(value_type = Vec<String>)]
    users_removed: Vec<UserId>,
}

/// Changes what members have, adds users and removes them; all of it or nothing.
///
/// Whoever is removed loses at once what they had in the organization, and their tokens for it end.
#[utoipa::path(
    patch, path = "/organizations/{org_code}/users", tag = "Members",
    operation_id = "updateMembers",
    security(("management" = ["update:organization_users"])),
    params(("org_code" = String, Path)),
    request_body = MembersChange,
    responses((status = 200, body = Answer<MembersChanged>), (status = "4XX", body = Errors)),
)]
pub async fn change(
    may: MayIn<UpdateOrganizationUsers>,
    State(site): State<Site>,
    Now(now): Now,
    Body(mut change): Body<MembersChange>,
) -> Result<Answer<MembersChanged>, ApiError> {
    at_most(MOST_USERS, "users", &change.users)?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let organization = &may.organization;
    check_organization(&mut tx, organization).await?;
    let catalogue = Catalogue::load(&mut tx).await?;
    let (actor, mut changed) = (may.actor(), MembersChanged::default());
    let named = in_order(&mut change.users, |user| &user.id);
    for one in change.users {
        let user = existing_user(&mut tx, &one.id).await?;
        match one.operation.as_deref() {
            None => {}
            Some("delete") => {
                if members::leave(&mut tx, actor, organization, &user, now, &mut rng).await? {
                    changed.users_removed.push(user);
                }
                continue;
            }
            Some(_) => return Err(ApiError::field("operation", "is delete, or left out")),
        }
        let given = Given::parse(&catalogue, one.roles, one.permissions)?;
        let member = (organization, &user);
        if members::join(&mut tx, actor, organization, &user, now, &mut rng).await? {
            given.give(&mut tx, actor, member, now, &mut rng).await?;
            changed.users_added.push(user);
        } else if members::assign_exactly(&mut tx, actor, member, &given.0, now, &mut rng).await?? {
            changed.users_updated.push(user);
        }
    }
    tx.commit().await?;
    as_named(&named, &mut changed.users_added);
    as_named(&named, &mut changed.users_updated);
    as_named(&named, &mut changed.users_removed);
    Ok(Answer::saying("Users updated", changed))
}

/// Removes a user from an organization. What they had there is gone, and their tokens for it end.
#[utoipa::path(
    delete, path = "/organizations/{org_code}/users/{user_id}", tag = "Members",
    operation_id = "removeMember",
    security(("management" = ["delete:organization_users"])),
    params(("org_code" = String, Path), ("user_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: MayIn<DeleteOrganizationUsers>,
    State(site): State<Site>,
    Now(now): Now,
    Path((_, user)): Path<(String, String)>,
) -> Result<Done, ApiError> {
    let user = UserId::parse(&user).ok_or_else(not_a_member)?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let organization = &may.organization;
    check_organization(&mut tx, organization).await?;
    if !members::leave(&mut tx, may.actor(), organization, &user, now, &mut rng).await? {
        return Err(not_a_member());
    }
    tx.commit().await?;
    Ok(Done::saying("User removed from organization"))
}

/// What somebody is given in an organization, as a request says by keys.
struct Given(Wanted);

impl Given {
    fn parse(
        catalogue: &Catalogue,
        roles: Option<Vec<String>>,
        permissions: Option<Vec<String>>,
    ) -> Result<Self, ApiError> {
        at_most(MOST_KEYS, "roles", roles.as_deref().unwrap_or_default())?;
        let listed = permissions.as_deref().unwrap_or_default();
        at_most(MOST_KEYS, "permissions", listed)?;
        let role = |key: &String| -> Result<RoleId, ApiError> {
            let found = catalogue.role_by_key(key).map(|role| role.id.clone());
            found.ok_or_else(|| {
                ApiError::not_found(
                    "ROLE_NOT_FOUND",
                    format!("there is no role of the key {key}"),
                )
            })
        };
        let permission = |key: &String| -> Result<PermissionId, ApiError> {
            let found = catalogue.permission_by_key(key);
            let found = found.map(|permission| permission.id.clone());
            let reason = || format!("there is no permission of the key {key}");
            found.ok_or_else(|| ApiError::not_found("PERMISSION_NOT_FOUND", reason()))
        };
        let roles = roles.map(|keys| keys.iter().map(role).collect::<Result<_, _>>());
        let permissions = permissions.map(|keys| keys.iter().map(permission).collect());
        Ok(Self(Wanted {
            roles: roles.transpose()?,
            permissions: permissions.transpose()?,
        }))
    }

    /// Gives it to somebody who has just joined, and has the default roles.
    async fn give(
        self,
        tx: &mut Tx,
        actor: Actor<'_>,
        member: (&OrganizationId, &UserId),
        now: Timestamp,
        rng: &mut (impl rand::CryptoRng + Send),
    ) -> Result<(), ApiError> {
        use crate::store::assignments::Source::Api;
        for role in self.0.roles.unwrap_or_default() {
            members::assign_role(tx, actor, member, (&role, Api, None), now, rng).await??;
        }
        for permission in self.0.permissions.unwrap_or_default() {
            let what = (&permission, Api, None);
            members::assign_permission(tx, actor, member, what, now, rng).await??;
        }
        Ok(())
    }
}

/// Puts entries in the order of their users' ids, so that two calls that name the same ones never wait for each
/// other. Gives the ids as they were named.
fn in_order<T>(entries: &mut [T], id: impl Fn(&T) -> &String) -> Vec<String> {
    let named = entries.iter().map(|entry| id(entry).clone()).collect();
    entries.sort_by(|one, other| id(one).cmp(id(other)));
    named
}

/// Puts users back in the order in which they were named.
fn as_named(named: &[String], users: &mut [UserId]) {
    users.sort_by_cached_key(|user| named.iter().position(|id| id == user.as_str()));
}

async fn existing_user(tx: &mut Tx, id: &str) -> Result<UserId, ApiError> {
    let found = match UserId::parse(id) {
        Some(id) => users::find(tx, &id).await?,
        None => None,
    };
    let shown: String = id.chars().take(40).collect();
    let reason = || format!("there is no user of the id {shown}");
    found
        .map(|user| user.id)
        .ok_or_else(|| ApiError::not_found("USER_NOT_FOUND", reason()))
}

/// The member whom a path names.
pub async fn find(tx: &mut Tx, code: &OrganizationId, user: &str) -> Result<UserId, ApiError> {
    check_organization(tx, code).await?;
    let user = UserId::parse(user).ok_or_else(not_a_member)?;
    match memberships::find(tx, code, &user).await? {
        Some(_) => Ok(user),
        None => Err(not_a_member()),
    }
}

fn not_a_member() -> ApiError {
    ApiError::not_found("USER_NOT_FOUND", NotAMember.to_string())
}

impl From<NotAMember> for ApiError {
    fn from(_: NotAMember) -> Self {
        not_a_member()
    }
}
