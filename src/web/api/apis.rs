//! `/apis`: resource servers that access tokens are for (RFC 8707), and which applications may call them.
//!
//! # Decision
//!
//! An application that is connected to an API may ask for tokens for it, with none of its scopes until each is
//! given. So it is with the management API too: connecting gives nothing by itself.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Done};
use super::applications;
use super::caller::May;
use super::error::{ApiError, Errors, checked};
use super::extract::{Body, Path, Query};
use crate::access::scopes::{CreateApis, DeleteApis, ReadApis, UpdateApis};
use crate::clients::apis::{self, ApiRefusal};
use crate::id::{ApiId, ApiScopeId, ClientId};
use crate::naming;
use crate::store::Tx;
use crate::store::apis::{self as stored, Api};
use crate::store::client_apis::{self, ApiClient};
use crate::web::extract::Now;
use crate::web::site::Site;

/// How many applications can be connected at once.
const MOST_AT_ONCE: usize = 100;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, remove))
        .routes(routes!(connect))
}

/// A scope of an API in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiScopeEntry)]
pub struct ScopeEntry {
    #[schema(value_type = String)]
    id: ApiScopeId,
    key: String,
}

/// An API in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiEntry)]
pub struct Entry {
    #[schema(value_type = String)]
    id: ApiId,
    name: String,
    /// What tokens for it name in `aud`.
    audience: String,
    is_management_api: bool,
    /// With `expand=scopes`, else null.
    scopes: Option<Vec<ScopeEntry>>,
}

impl Entry {
    fn of(api: Api, scopes: Option<Vec<ScopeEntry>>) -> Self {
        Self {
            id: api.id,
            name: api.name,
            audience: api.audience,
            is_management_api: api.is_management,
            scopes,
        }
    }
}

/// All APIs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Apis)]
pub struct Page {
    apis: Vec<Entry>,
}

/// What else to show.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Expansion {
    /// `scopes` shows these too.
    #[param(pattern = "^(scopes)?$")]
    expand: Option<String>,
}

/// Lists the APIs.
#[utoipa::path(
    get, path = "/apis", tag = "APIs",
    operation_id = "listApis",
    security(("management" = ["read:apis"])),
    params(Expansion),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadApis>,
    State(site): State<Site>,
    Query(Expansion { expand }): Query<Expansion>,
) -> Result<Answer<Page>, ApiError> {
    let with_scopes = match expand.as_deref() {
        None | Some("") => false,
        Some("scopes") => true,
        Some(_) => return Err(ApiError::field("expand", "is scopes, or left out")),
    };
    let mut tx = site.app.db.read().await?;
    let mut apis = Vec::new();
    for api in stored::list(&mut tx).await? {
        let scopes = if with_scopes {
            Some(scope_entries(&mut tx, &api.id).await?)
        } else {
            None
        };
        apis.push(Entry::of(api, scopes));
    }
    Ok(Answer::of(Page { apis }))
}

async fn scope_entries(tx: &mut Tx, api: &ApiId) -> sqlx::Result<Vec<ScopeEntry>> {
    let scopes = stored::list_scopes(tx, api).await?;
    let entry = |scope: stored::ApiScope| ScopeEntry {
        id: scope.id,
        key: scope.name,
    };
    Ok(scopes.into_iter().map(entry).collect())
}

/// An API to register.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewApi {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What tokens for it name in `aud`: its address, as a rule. Unique; it never changes.
    #[schema(min_length = 1, max_length = 2048, pattern = "^[!-~]+$")]
    audience: String,
}

/// What was created.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedApi {
    api: Reference,
}

/// An API by its id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiReference)]
pub struct Reference {
    #[schema(value_type = String)]
    id: ApiId,
}

/// Registers an API.
#[utoipa::path(
    post, path = "/apis", tag = "APIs",
    operation_id = "createApi",
    security(("management" = ["create:apis"])),
    request_body = NewApi,
    responses((status = 200, body = Answer<CreatedApi>), (status = "4XX", body = Errors)),
)]
pub async fn create(
    may: May<CreateApis>,
    State(site): State<Site>,
    Now(now): Now,
    Body(new): Body<NewApi>,
) -> Result<Answer<CreatedApi>, ApiError> {
    let name = checked("name", &new.name, naming::name)?;
    let audience = checked("audience", &new.audience, apis::check_audience)?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let api = apis::register(&mut tx, may.actor(), (name, audience), now, &mut rng).await??;
    tx.commit().await?;
    let api = Reference { id: api.id };
    Ok(Answer::saying("API created", CreatedApi { api }))
}

/// An application that may call an API.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiApplication)]
pub struct Caller {
    #[schema(value_type = String)]
    id: ClientId,
    name: String,
    /// Its type, in words for people.
    #[schema(pattern = "^(Machine to machine \\(M2M\\)|Back-end web|Front-end and mobile)$")]
    r#type: &'static str,
    /// Always true: others are not listed.
    is_active: bool,
}

impl From<ApiClient> for Caller {
    fn from(client: ApiClient) -> Self {
        Self {
            id: client.id,
            name: client.name,
            r#type: client.kind.0.kinde_description(),
            is_active: true,
        }
    }
}

/// An API, its scopes and the applications that may call it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Api)]
pub struct Shown {
    #[serde(flatten)]
    api: Entry,
    applications: Vec<Caller>,
}

/// An API that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OneApi)]
pub struct One {
    api: Shown,
}

/// Shows an API.
#[utoipa::path(
    get, path = "/apis/{api_id}", tag = "APIs",
    operation_id = "getApi",
    security(("management" = ["read:apis"])),
    params(("api_id" = String, Path)),
    responses((status = 200, body = Answer<One>), (status = "4XX", body = Errors)),
)]
pub async fn read(
    _may: May<ReadApis>,
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<Answer<One>, ApiError> {
    let mut tx = site.app.db.read().await?;
    let api = find(&mut tx, &id).await?;
    let scopes = scope_entries(&mut tx, &api.id).await?;
    let callers = client_apis::list(&mut tx, &api.id).await?;
    let api = Shown {
        api: Entry::of(api, Some(scopes)),
        applications: callers.into_iter().map(Caller::from).collect(),
    };
    Ok(Answer::of(One { api }))
}

/// Removes an API. No application may call it any more; tokens for it end with the next refresh or introspection.
#[utoipa::path(
    delete, path = "/apis/{api_id}", tag = "APIs",
    operation_id = "deleteApi",
    security(("management" = ["delete:apis"])),
    params(("api_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: May<DeleteApis>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let api = find_to_change(&mut tx, &id).await?;
    apis::remove(&mut tx, may.actor(), &api, now, &mut rng).await??;
    tx.commit().await?;
    Ok(Done::saying("API deleted"))
}

/// Which applications may call an API from now on, and which no more.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Connections {
    /// Each at most once.
    #[schema(max_items = 100)]
    applications: Vec<Connection>,
}

/// An application that may call an API from now on, or no more.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ApiConnection)]
pub struct Connection {
    id: String,
    /// `delete` to disconnect it; left out, it is connected.
    #[schema(pattern = "^(delete)?$")]
    operation: Option<String>,
}

/// What has changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Connected {
    /// The applications that may call the API and could not before.
    #[schema(value_type = Vec<String>)]
    applications_connected: Vec<ClientId>,
    /// The applications that could call the API and may no more.
    #[schema(value_type = Vec<String>)]
    applications_disconnected: Vec<ClientId>,
}

/// Lets applications call an API, with none of its scopes until these are given one by one; or no more.
#[utoipa::path(
    patch, path = "/apis/{api_id}/applications", tag = "APIs",
    operation_id = "updateApiApplications",
    security(("management" = ["update:apis"])),
    params(("api_id" = String, Path)),
    request_body = Connections,
    responses((status = 200, body = Answer<Connected>), (status = "4XX", body = Errors)),
)]
pub async fn connect(
    may: May<UpdateApis>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Body(Connections {
        applications: mut wanted,
    }): Body<Connections>,
) -> Result<Answer<Connected>, ApiError> {
    if wanted.len() > MOST_AT_ONCE {
        let why = format!("must be at most {MOST_AT_ONCE} at once");
        return Err(ApiError::field("applications", why));
    }
    // In one order, so that requests at the same time don't wait for each other in a circle.
    wanted.sort_by(|one, other| one.id.cmp(&other.id));
    if wanted.windows(2).any(|pair| pair[0].id == pair[1].id) {
        return Err(ApiError::field("applications", "names one twice"));
    }
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let api = find_to_change(&mut tx, &id).await?;
    let (mut connected, mut disconnected) = (Vec::new(), Vec::new());
    for Connection { id, operation } in wanted {
        let client = applications::find_to_change(&mut tx, &id).await?;
        let both = (&api, &client);
        match operation.as_deref() {
            None | Some("") => {
                if apis::connect(&mut tx, may.actor(), both, now, &mut rng).await?? {
                    connected.push(client.id);
                }
            }
            Some("delete") => {
                if apis::disconnect(&mut tx, may.actor(), both, now, &mut rng).await? {
                    disconnected.push(client.id);
                }
            }
            Some(_) => {
                let why = "has an operation that is neither delete nor left out";
                return Err(ApiError::field("applications", why));
            }
        }
    }
    tx.commit().await?;
    Ok(Answer::saying(
        "API applications updated",
        Connected {
            applications_connected: connected,
            applications_disconnected: disconnected,
        },
    ))
}

pub(super) async fn find(tx: &mut Tx, id: &str) -> Result<Api, ApiError> {
    let found = match ApiId::parse(id) {
        Some(id) => stored::find(tx, &id).await?,
        None => None,
    };
    found.ok_or_else(unknown)
}

/// The API of that id, which nobody else changes meanwhile; nor who may call it.
pub(super) async fn find_to_change(tx: &mut Tx, id: &str) -> Result<Api, ApiError> {
    let found = match ApiId::parse(id) {
        Some(id) => stored::find_to_change(tx, &id).await?,
        None => None,
    };
    found.ok_or_else(unknown)
}

fn unknown() -> ApiError {
    ApiError::not_found("API_NOT_FOUND", "there is no API of that id")
}

impl From<ApiRefusal> for ApiError {
    fn from(refusal: ApiRefusal) -> Self {
        let code = match refusal {
            ApiRefusal::AudienceTaken => "AUDIENCE_ALREADY_EXISTS",
            ApiRefusal::MachinesOnly => "APPLICATION_TYPE_NOT_SUPPORTED",
            ApiRefusal::ManagementApi => "MANAGEMENT_API_CANNOT_BE_CHANGED",
            ApiRefusal::NotConnected => "APPLICATION_NOT_CONNECTED",
            ApiRefusal::ScopeTaken => "SCOPE_ALREADY_EXISTS",
            ApiRefusal::TooManyScopes => "TOO_MANY_SCOPES",
        };
        Self::refused(code, refusal.to_string())
    }
}
