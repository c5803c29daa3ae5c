//! The access roles of an application: of which somebody needs one to sign in, where access is controlled.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{find, find_to_change};
use crate::access::scopes::{ReadApplications, UpdateApplications};
use crate::clients;
use crate::id::RoleId;
use crate::store::roles::Role;
use crate::store::{Tx, access_roles, roles};
use crate::web::api::answer::{Answer, Done};
use crate::web::api::caller::May;
use crate::web::api::error::{ApiError, Errors};
use crate::web::api::extract::{Path, Query};
use crate::web::extract::Now;
use crate::web::site::Site;

const DEFAULT_PAGE_SIZE: usize = 10;
const LARGEST_PAGE_SIZE: usize = 100;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(add, remove))
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// How many entries, 1 to 100; 10 when left out.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100)]
    page_size: Option<String>,
    /// The id of the role that precedes the part. Not together with `ending_before`.
    starting_after: Option<String>,
    /// The id of the role that follows the part.
    ending_before: Option<String>,
}

impl Part {
    fn size(&self) -> Result<usize, ApiError> {
        let asked = self.page_size.as_deref().filter(|asked| !asked.is_empty());
        match asked.map(str::parse) {
            None => Ok(DEFAULT_PAGE_SIZE),
            Some(Ok(size @ 1..=LARGEST_PAGE_SIZE)) => Ok(size),
            Some(Ok(size)) if size > LARGEST_PAGE_SIZE => Err(ApiError::refused(
                "PAGE_SIZE_LIMIT_EXCEEDED",
                format!("page_size is at most {LARGEST_PAGE_SIZE}"),
            )),
            Some(_) => Err(ApiError::field("page_size", "is a number, 1 or more")),
        }
    }

    /// The part of roles that are sorted by id, and whether there are more in its direction.
    fn of(&self, mut roles: Vec<Role>) -> Result<(Vec<Role>, bool), ApiError> {
        let size = self.size()?;
        let cursor = |name, text: &Option<String>| match text.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => RoleId::parse(text)
                .map(Some)
                .ok_or_else(|| ApiError::field(name, "is no id of a role")),
        };
        let after = cursor("starting_after", &self.starting_after)?;
        let before = cursor("ending_before", &self.ending_before)?;
        if after.is_some() && before.is_some() {
            return Err(ApiError::refused(
                "TOO_MANY_PARAMETERS",
                "starting_after and ending_before exclude each other",
            ));
        }
        if let Some(after) = after {
            roles.retain(|role| role.id.as_str() > after.as_str());
        }
        let is_backwards = before.is_some();
        if let Some(before) = before {
            roles.retain(|role| role.id.as_str() < before.as_str());
        }
        let has_more = roles.len() > size;
        if is_backwards {
            roles.drain(..roles.len().saturating_sub(size));
        } else {
            roles.truncate(size);
        }
        Ok((roles, has_more))
    }
}

/// A role that lets somebody in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccessRole)]
pub struct Shown {
    #[schema(value_type = String, format = Uuid)]
    id: RoleId,
    key: String,
    name: String,
    description: String,
}

/// Roles that let somebody in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccessRoles)]
pub struct Page {
    roles: Vec<Shown>,
    has_more: bool,
}

/// Lists the access roles of an application.
#[utoipa::path(
    get, path = "/applications/{application_id}/access_roles", tag = "Applications",
    operation_id = "listApplicationAccessRoles",
    security(("management" = ["read:applications"])),
    params(("application_id" = String, Path), Part),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadApplications>,
    State(site): State<Site>,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Answer<Page>, ApiError> {
    let mut tx = site.app.db.read().await?;
    let client = find(&mut tx, &id).await?;
    let (roles, has_more) = part.of(access_roles::list(&mut tx, &client.id).await?)?;
    let shown = |role: Role| Shown {
        id: role.id,
        key: role.key,
        name: role.name,
        description: role.description,
    };
    Ok(Answer::of(Page {
        roles: roles.into_iter().map(shown).collect(),
        has_more,
    }))
}

/// Lets those who hold a role sign in to an application whose access is controlled.
#[utoipa::path(
    post, path = "/applications/{application_id}/access_roles/{role_id}", tag = "Applications",
    operation_id = "addApplicationAccessRole",
    security(("management" = ["update:applications"])),
    params(("application_id" = String, Path), ("role_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn add(
    may: May<UpdateApplications>,
    State(site): State<Site>,
    Now(now): Now,
    Path((id, role)): Path<(String, String)>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let client = find_to_change(&mut tx, &id).await?;
    let role = find_role(&mut tx, &role).await?;
    clients::add_access_role(&mut tx, may.actor(), &client, &role, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying("Access role added"))
}

/// Takes an access role away. Who signed in by it alone can refresh no more.
#[utoipa::path(
    delete, path = "/applications/{application_id}/access_roles/{role_id}", tag = "Applications",
    operation_id = "removeApplicationAccessRole",
    security(("management" = ["update:applications"])),
    params(("application_id" = String, Path), ("role_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: May<UpdateApplications>,
    State(site): State<Site>,
    Now(now): Now,
    Path((id, role)): Path<(String, String)>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let client = find_to_change(&mut tx, &id).await?;
    let role = find_role(&mut tx, &role).await?;
    let actor = may.actor();
    if !clients::remove_access_role(&mut tx, actor, &client, &role, now, &mut rng).await?? {
        return Err(unknown_role());
    }
    tx.commit().await?;
    Ok(Done::saying("Access role removed"))
}

async fn find_role(tx: &mut Tx, id: &str) -> Result<Role, ApiError> {
    let found = match RoleId::parse(id) {
        Some(id) => roles::find(tx, &id).await?,
        None => None,
    };
    found.ok_or_else(unknown_role)
}

fn unknown_role() -> ApiError {
    ApiError::not_found("ROLE_NOT_FOUND", "there is no such role, or not here")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    fn role(digit: char) -> Role {
        let id = format!("00000000-0000-0000-0000-00000000000{digit}");
        let now = Timestamp::from_unix(0);
        Role {
            id: RoleId::parse(&id).unwrap(),
            key: digit.to_string(),
            name: digit.to_string(),
            description: String::new(),
            is_default: false,
            assignment_permission_id: None,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn a_part_is_cut_from_either_end() {
        let id = |digit: char| Some(role(digit).id.to_string());
        for (after, before, expected, has_more) in [
            (None, None, "12", true),
            (id('2'), None, "34", true),
            (id('4'), None, "5", false),
            (None, id('4'), "23", true),
            (None, id('3'), "12", false),
        ] {
            let part = Part {
                page_size: Some("2".to_owned()),
                starting_after: after,
                ending_before: before,
            };
            let (roles, more) = part.of("12345".chars().map(role).collect()).unwrap();
            let keys: String = roles.into_iter().map(|role| role.key).collect();
            assert_eq!((keys.as_str(), more), (expected, has_more));
        }
        let both = Part {
            starting_after: id('1'),
            ending_before: id('3'),
            page_size: None,
        };
        assert!(both.of(Vec::new()).is_err());
    }
}
