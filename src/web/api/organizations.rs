//! `/organizations` and `/organization`: the customers of the business.

use axum::extract::State;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Done, Instant};
use super::branding::Appearance;
use super::caller::{May, MayIn, no_organization};
use super::error::{ApiError, Errors, checked};
use super::extract::{Body, Query};
use super::organization_settings::{NewOrganization, OrganizationChange, SessionsChange};
use super::paging::{Paging, Position};
use crate::access::scopes::{
    CreateOrganizations, DeleteOrganizationHandles, DeleteOrganizations, ReadOrganizations,
    UpdateOrganizations,
};
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::directory::organizations::{self, Details, IsDefault, Refusal, Taken};
use crate::flags;
use crate::id::OrganizationId;
use crate::naming;
use crate::store::Tx;
use crate::store::branding::Branding;
use crate::store::logos::Bearer;
use crate::store::organizations::{self as stored, Organization};
use crate::web::extract::Now;
use crate::web::faces::Logos;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, create))
        .routes(routes!(update, remove))
        .routes(routes!(remove_handle))
        .routes(routes!(update_sessions))
}

/// An organization in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrganizationRow)]
pub struct Row {
    #[schema(value_type = String, pattern = "^org_[0-9a-f]{11}$")]
    code: OrganizationId,
    name: String,
    handle: Option<String>,
    /// Whether those belong to it who belong to no other one.
    is_default: bool,
    /// What the business calls it elsewhere.
    external_id: Option<String>,
    /// Whether whoever asks for it may join.
    is_auto_membership_enabled: bool,
}

impl From<Organization> for Row {
    fn from(organization: Organization) -> Self {
        Self {
            code: organization.id,
            name: organization.name,
            handle: organization.handle,
            is_default: organization.is_default,
            external_id: organization.external_id,
            is_auto_membership_enabled: organization.is_auto_membership,
        }
    }
}

/// A page of organizations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organizations)]
pub struct Page {
    organizations: Vec<Row>,
    /// The cursor to the next page; null on the last.
    next_token: Option<String>,
}

/// Lists the organizations, sorted by `name_asc` or `name_desc`. As they have no address, `email_asc` and
/// `email_desc` sort by name too.
#[utoipa::path(
    get, path = "/organizations", tag = "Organizations",
    operation_id = "listOrganizations",
    security(("management" = ["read:organizations"])),
    params(Paging),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadOrganizations>,
    State(site): State<Site>,
    Query(paging): Query<Paging>,
) -> Result<Answer<Page>, ApiError> {
    let wanted = paging.check(&["name_asc", "name_desc", "email_asc", "email_desc"])?;
    let after = (wanted.after.0.as_str(), wanted.after.1.as_str());
    let mut tx = site.app.db.read().await?;
    let rows = if wanted.sort.descends {
        stored::list_before(&mut tx, after, wanted.limit()).await?
    } else {
        stored::list_after(&mut tx, after, wanted.limit()).await?
    };
    let position = |row: &Organization| Position(row.name.clone(), row.id.to_string());
    let (page, next_token) = wanted.cut(rows, position);
    Ok(Answer::of(Page {
        organizations: page.into_iter().map(Row::from).collect(),
        next_token,
    }))
}

/// An organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organization)]
pub struct Shown {
    #[serde(flatten)]
    row: Row,
    /// The older word for `is_auto_membership_enabled`.
    is_allow_registrations: bool,
    /// Whether whoever has a proven address at one of `allowed_domains` may join.
    is_auto_join_domain_list: bool,
    allowed_domains: Vec<String>,
    /// Whether nobody may sign in to it.
    is_suspended: bool,
    suspended_on: Option<Instant>,
    created_on: Instant,
    /// Who mails seem to be from; null as the configuration says.
    sender_name: Option<String>,
    /// Where answers to mails go.
    sender_email: Option<String>,
    #[serde(flatten)]
    appearance: Appearance,
    /// Always null: nobody is billed here.
    billing: Option<String>,
}

impl From<Details> for Shown {
    fn from(details: Details) -> Self {
        let (organization, branding) = (details.organization, details.branding);
        Self {
            is_allow_registrations: organization.is_auto_membership,
            is_auto_join_domain_list: organization.admits_domains,
            allowed_domains: details.allowed_domains,
            is_suspended: organization.suspended_at.is_some(),
            suspended_on: organization.suspended_at.map(Instant),
            created_on: Instant(organization.created_at),
            appearance: Appearance::from(&branding),
            sender_name: branding.sender_name,
            sender_email: branding.sender_email,
            billing: None,
            row: organization.into(),
        }
    }
}

/// Which organization.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ByCode {
    /// Its code, such as `org_1ccfb819462`.
    code: String,
    /// Passed over: there is nothing more to show.
    #[expect(dead_code, reason = "clients send it, and the description tells it")]
    expand: Option<String>,
}

/// Shows an organization.
#[utoipa::path(
    get, path = "/organization", tag = "Organizations",
    operation_id = "getOrganization",
    security(("management" = ["read:organizations"])),
    params(ByCode),
    responses((status = 200, body = Shown), (status = "4XX", body = Errors)),
)]
pub async fn show(
    _may: May<ReadOrganizations>,
    State(site): State<Site>,
    Query(wanted): Query<ByCode>,
) -> Result<axum::Json<Shown>, ApiError> {
    let code = OrganizationId::parse(&wanted.code).ok_or_else(no_organization)?;
    let mut tx = site.app.db.read().await?;
    let organization = stored::find(&mut tx, &code).await?;
    let organization = organization.ok_or_else(no_organization)?;
    let logos = Logos::load(&mut tx, Bearer::Organization(&code)).await?;
    let mut shown = Shown::from(Details::load(&mut tx, organization).await?);
    shown.appearance = shown.appearance.bearing(logos);
    Ok(axum::Json(shown))
}

/// What was created.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedOrganization {
    organization: Reference,
}

/// An organization by its code.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrganizationReference)]
pub struct Reference {
    #[schema(value_type = String, pattern = "^org_[0-9a-f]{11}$")]
    code: OrganizationId,
    /// Always null: nobody is billed here.
    billing_customer_id: Option<String>,
}

/// Creates an organization.
#[utoipa::path(
    post, path = "/organization", tag = "Organizations",
    operation_id = "createOrganization",
    security(("management" = ["create:organizations"])),
    request_body = NewOrganization,
    responses((status = 200, body = Answer<CreatedOrganization>), (status = "4XX", body = Errors)),
)]
pub async fn create(
    may: May<CreateOrganizations>,
    State(site): State<Site>,
    Now(now): Now,
    Body(mut new): Body<NewOrganization>,
) -> Result<Answer<CreatedOrganization>, ApiError> {
    let name = checked("name", &new.name, naming::organization)?;
    let mut rng = site.app.random.generator();
    let mut details = Details {
        organization: organizations::new(&name, now, &mut rng),
        allowed_domains: Vec::new(),
        branding: Branding::default(),
    };
    let values = new.take_feature_flags()?;
    new.settings.apply_to(&mut details)?;
    let code = details.organization.id.clone();
    let mut tx = site.app.db.write().await?;
    organizations::define(&mut tx, may.actor(), &details, now, &mut rng).await??;
    for (key, value) in values {
        let what = (key.as_str(), value.into());
        flags::set_for_organization(&mut tx, may.actor(), &code, what, now, &mut rng).await??;
    }
    tx.commit().await?;
    let organization = Reference {
        code,
        billing_customer_id: None,
    };
    let created = CreatedOrganization { organization };
    Ok(Answer::saying("Organization created", created))
}

/// Changes an organization. Its code never changes.
#[utoipa::path(
    patch, path = "/organization/{org_code}", tag = "Organizations",
    operation_id = "updateOrganization",
    security(("management" = ["update:organizations"])),
    params(("org_code" = String, Path)),
    request_body = OrganizationChange,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn update(
    may: MayIn<UpdateOrganizations>,
    State(site): State<Site>,
    Now(now): Now,
    Body(change): Body<OrganizationChange>,
) -> Result<Done, ApiError> {
    if may.is_confined() && change.is_for_business() {
        return Err(ApiError::forbidden(
            "ORGANIZATION_SCOPED_CLIENT",
            "is_default and is_suspended are the business's: call with an application of the whole business",
        ));
    }
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let (code, actor) = (&may.organization, may.actor());
    let adjust = |details: &mut Details| change.apply_to(details, now);
    edit(&mut tx, (code, actor), adjust, now, &mut rng).await?;
    tx.commit().await?;
    Ok(Done::saying("Organization updated"))
}

/// Takes an organization's handle from it.
#[utoipa::path(
    delete, path = "/organization/{org_code}/handle", tag = "Organizations",
    operation_id = "deleteOrganizationHandle",
    security(("management" = ["delete:organization_handles"])),
    params(("org_code" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove_handle(
    may: MayIn<DeleteOrganizationHandles>,
    State(site): State<Site>,
    Now(now): Now,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let adjust = |details: &mut Details| {
        details.organization.handle = None;
        Ok(())
    };
    let (code, actor) = (&may.organization, may.actor());
    edit(&mut tx, (code, actor), adjust, now, &mut rng).await?;
    tx.commit().await?;
    Ok(Done::saying("Handle deleted"))
}

/// Changes what holds for sessions that sign in to an organization.
#[utoipa::path(
    patch, path = "/organizations/{org_code}/sessions", tag = "Organizations",
    operation_id = "updateOrganizationSessions",
    security(("management" = ["update:organizations"])),
    params(("org_code" = String, Path)),
    request_body = SessionsChange,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn update_sessions(
    may: MayIn<UpdateOrganizations>,
    State(site): State<Site>,
    Now(now): Now,
    Body(change): Body<SessionsChange>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let adjust = |details: &mut Details| change.apply_to(&mut details.organization.session_policy);
    let (code, actor) = (&may.organization, may.actor());
    edit(&mut tx, (code, actor), adjust, now, &mut rng).await?;
    tx.commit().await?;
    Ok(Done::saying("Sessions updated"))
}

/// Removes an organization with everything that its members had there. This can't be undone.
#[utoipa::path(
    delete, path = "/organization/{org_code}", tag = "Organizations",
    operation_id = "deleteOrganization",
    security(("management" = ["delete:organizations"])),
    params(("org_code" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: MayIn<DeleteOrganizations>,
    State(site): State<Site>,
    Now(now): Now,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let found = stored::find_to_change(&mut tx, &may.organization).await?;
    let organization = found.ok_or_else(no_organization)?;
    let moved = organizations::remove(&mut tx, may.actor(), &organization, now, &mut rng).await?;
    let moved = moved.map_err(|refused| {
        ApiError::refused(
            "DEFAULT_ORGANIZATION_CANNOT_BE_DELETED",
            refused.to_string(),
        )
    })?;
    tx.commit().await?;
    Ok(Done::saying(match moved {
        0 => "Organization deleted".to_owned(),
        moved => format!(
            "Organization deleted; {moved} who belonged to no other one belong to the default one now"
        ),
    }))
}

/// Changes what is kept of an organization.
async fn edit(
    tx: &mut Tx,
    (code, actor): (&OrganizationId, Actor<'_>),
    adjust: impl FnOnce(&mut Details) -> Result<(), ApiError>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<(), ApiError> {
    let organization = stored::find_to_change(tx, code).await?;
    let before = Details::load(tx, organization.ok_or_else(no_organization)?).await?;
    let mut after = before.clone();
    adjust(&mut after)?;
    organizations::change(tx, actor, &before, after, now, rng).await??;
    Ok(())
}

impl From<Taken> for ApiError {
    fn from(taken: Taken) -> Self {
        let code = match taken.field {
            "handle" => "HANDLE_ALREADY_EXISTS",
            _ => "EXTERNAL_ID_ALREADY_EXISTS",
        };
        Self::refused(code, taken.to_string()).about(taken.field)
    }
}

impl From<IsDefault> for ApiError {
    fn from(refused: IsDefault) -> Self {
        let code = "DEFAULT_ORGANIZATION_CANNOT_BE_SUSPENDED";
        Self::refused(code, refused.to_string()).about("is_suspended")
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::IsDefault(refused) => refused.into(),
            Refusal::LastDefault => {
                Self::refused("DEFAULT_ORGANIZATION_REQUIRED", refusal.to_string())
                    .about("is_default")
            }
            Refusal::Taken(taken) => taken.into(),
        }
    }
}
