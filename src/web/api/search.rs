//! `/search/users`: finds users by name, address, number or id.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::Answer;
use super::caller::May;
use super::cursors::Cursors;
use super::error::{ApiError, Errors};
use super::extract::Query;
use super::user_rows::{Expand, Row};
use crate::access::scopes::ReadUsers;
use crate::directory::{people, users};
use crate::id::UserId;
use crate::web::site::Site;

/// The longest query. Characters.
const LONGEST_QUERY: usize = 200;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(search))
}

/// Whom to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Looked {
    /// The beginning of a name, a mail address, a user name or a phone number; several words are all to be found.
    /// Or an id. `*` finds everybody, as does leaving it out.
    #[param(max_length = 200)]
    query: Option<String>,
    /// `organizations`, `identities`, `properties` and `billing`, separated by commas.
    expand: Option<String>,
}

/// A page of users who were found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FoundUsers)]
pub struct Page {
    results: Vec<Found>,
    /// Whether more follow, in the direction of reading.
    has_more: bool,
}

/// A user who was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FoundUser)]
pub struct Found {
    #[serde(flatten)]
    user: Row,
    /// What else is known of them, by key.
    #[schema(value_type = Object)]
    properties: Map<String, Value>,
    /// Which scopes of APIs they have, and where.
    api_scopes: Vec<ApiScope>,
}

/// A scope of an API that a user has in an organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FoundApiScope)]
pub struct ApiScope {
    org_code: String,
    scope: String,
    api_id: String,
}

/// Finds users, in the order of what was found, or of their ids when everybody was.
#[utoipa::path(
    get, path = "/search/users", tag = "Users",
    operation_id = "searchUsers",
    security(("management" = ["read:users"])),
    params(Looked, Cursors),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn search(
    _may: May<ReadUsers>,
    State(site): State<Site>,
    Query(looked): Query<Looked>,
    Query(cursors): Query<Cursors>,
    Query(all): Query<BTreeMap<String, String>>,
) -> Result<Answer<Page>, ApiError> {
    check_filters(&all)?;
    let query = looked.query.unwrap_or_default();
    if query.chars().count() > LONGEST_QUERY {
        let reason = format!("has at most {LONGEST_QUERY} characters");
        return Err(ApiError::field("query", reason));
    }
    let expand = Expand::parse(
        looked.expand.as_deref(),
        &["organizations", "identities", "properties", "billing"],
    )?;
    let stretch = cursors.check(UserId::parse)?;
    let wanted = people::Search::parse(&query);
    let mut tx = site.app.db.read().await?;
    let found = people::search(&mut tx, &wanted, &stretch.start, stretch.limit()).await?;
    let (ids, has_more) = stretch.cut(found.ok_or_else(|| stretch.foreign())?);
    let entries = users::entries(&mut tx, &ids).await?;
    let results = entries.into_iter().map(|entry| Found {
        user: Row::of(entry, &expand),
        properties: Map::new(),
        api_scopes: Vec::new(),
    });
    Ok(Answer::of(Page {
        results: results.collect(),
        has_more,
    }))
}

/// Refuses the filters that there are not, which would otherwise seem to find everybody.
fn check_filters(parameters: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let is_unknown = |name: &&String| name.starts_with("properties[") || *name == "api_scopes";
    match parameters.keys().find(is_unknown) {
        Some(name) => Err(ApiError::field(
            name.clone(),
            "is nothing that users can be searched by: leave it out",
        )),
        None => Ok(()),
    }
}
