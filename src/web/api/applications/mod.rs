//! `/applications`: clients (RFC 6749 §2), with their addresses and lifetimes.
//!
//! # Decision
//!
//! The types are those that published clients know: `reg`, `spa`, `m2m`. A native application is shown as `spa`,
//! "Front-end and mobile", and registered as `native`; its `kind` tells them apart. `device` stands for devices
//! without a browser, which sign in by a flow that is not here, and is refused.

pub mod access_roles;
pub mod addresses;
pub mod change;
pub mod secret;
pub mod tokens;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Created, Done};
use super::caller::{May, no_organization};
use super::error::{ApiError, Errors, checked};
use super::extract::{Body, Path, Query};
use super::paging::{Paging, Position};
use crate::access::scopes::{CreateApplications, DeleteApplications, ReadApplications};
use crate::clients::{self, Refusal, RegisterRefusal, Registration};
use crate::id::{ClientId, OrganizationId};
use crate::naming;
use crate::protocol::client::ApplicationKind;
use crate::secret::Secret;
use crate::store::Tx;
use crate::store::clients::{self as stored, Client};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, change::update, remove))
        .merge(access_roles::routes())
        .merge(addresses::routes())
        .merge(secret::routes())
        .merge(tokens::routes())
}

/// An application in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApplicationEntry)]
pub struct Entry {
    #[schema(value_type = String)]
    id: ClientId,
    name: String,
    /// `reg` runs on a server, `spa` on people's devices, `m2m` acts for itself.
    #[schema(pattern = "^(reg|spa|m2m)$")]
    r#type: &'static str,
}

/// A page of applications.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Applications)]
pub struct Page {
    applications: Vec<Entry>,
    /// The cursor to the next page; null on the last.
    next_token: Option<String>,
}

/// Lists the applications.
#[utoipa::path(
    get, path = "/applications", tag = "Applications",
    operation_id = "listApplications",
    security(("management" = ["read:applications"])),
    params(Paging),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadApplications>,
    State(site): State<Site>,
    Query(paging): Query<Paging>,
) -> Result<Answer<Page>, ApiError> {
    let wanted = paging.check(&["name_asc", "name_desc", "id_asc", "id_desc"])?;
    let Position(value, id) = &wanted.after;
    let (descends, limit) = (wanted.sort.descends, wanted.limit());
    let by_name = wanted.sort.by == "name";
    let mut tx = site.app.db.read().await?;
    let rows = if by_name {
        stored::list_by_name(&mut tx, (value, id), descends, limit).await?
    } else {
        stored::list_by_id(&mut tx, value, descends, limit).await?
    };
    let (page, next_token) = wanted.cut(rows, |client| {
        let id = client.id.to_string();
        if by_name {
            Position(client.name.clone(), id)
        } else {
            Position(id, String::new())
        }
    });
    let entry = |client: Client| Entry {
        id: client.id,
        name: client.name,
        r#type: client.kind.0.kinde_type(),
    };
    Ok(Answer::of(Page {
        applications: page.into_iter().map(entry).collect(),
        next_token,
    }))
}

/// An application to register.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewApplication {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// `reg` runs on a server, `spa` in a browser, `native` on people's devices, `m2m` acts for itself. Devices
    /// without a browser (`device`) are not supported.
    #[schema(pattern = "^(reg|spa|native|m2m)$")]
    r#type: String,
    /// The one organization in which a machine (`m2m`) acts; left out, it acts for the whole business.
    org_code: Option<String>,
}

/// What was created.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedApplication {
    application: Credentials,
}

/// What an application signs in with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApplicationCredentials)]
pub struct Credentials {
    #[schema(value_type = String)]
    id: ClientId,
    /// The same.
    #[schema(value_type = String)]
    client_id: ClientId,
    /// Shown this once; null for applications that can't keep a secret.
    #[schema(value_type = Option<String>)]
    client_secret: Option<Secret>,
}

/// Registers an application. Its secret is shown in this answer and never again.
#[utoipa::path(
    post, path = "/applications", tag = "Applications",
    operation_id = "createApplication",
    security(("management" = ["create:applications"])),
    request_body = NewApplication,
    responses((status = 201, body = Answer<CreatedApplication>), (status = "4XX", body = Errors)),
)]
pub async fn create(
    may: May<CreateApplications>,
    State(site): State<Site>,
    Now(now): Now,
    Body(new): Body<NewApplication>,
) -> Result<Created<CreatedApplication>, ApiError> {
    let kind = ApplicationKind::from_kinde_type(&new.r#type).ok_or_else(|| {
        ApiError::refused(
            "APPLICATION_TYPE_NOT_SUPPORTED",
            "type is one of reg, spa, native, m2m",
        )
    })?;
    let organization = match new.org_code.as_deref().filter(|code| !code.is_empty()) {
        Some(code) => Some(OrganizationId::parse(code).ok_or_else(no_organization)?),
        None => None,
    };
    let registration = Registration {
        name: checked("name", &new.name, naming::name)?,
        kind,
        organization,
    };
    let app = &site.app;
    let terms = (&app.config.tokens, &app.hash_key);
    let mut rng = app.random.generator();
    let mut tx = app.db.write().await?;
    let registered =
        clients::register(&mut tx, may.actor(), registration, terms, now, &mut rng).await?;
    let (client, client_secret) = registered?;
    tx.commit().await?;
    let application = Credentials {
        id: client.id.clone(),
        client_id: client.id,
        client_secret,
    };
    Ok(Answer::saying("Application created", CreatedApplication { application }).created())
}

/// An application.
#[expect(
    clippy::struct_excessive_bools,
    reason = "published clients read these flags"
)]
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Application)]
pub struct Shown {
    #[schema(value_type = String)]
    id: ClientId,
    name: String,
    /// `reg` runs on a server, `spa` on people's devices, `m2m` acts for itself.
    #[schema(pattern = "^(reg|spa|m2m)$")]
    r#type: &'static str,
    /// The type in more detail.
    #[schema(pattern = "^(web|spa|native|m2m)$")]
    kind: &'static str,
    /// The same as `id`.
    #[schema(value_type = String)]
    client_id: ClientId,
    /// Always null: only a hash of it is kept. It is shown when it is made.
    client_secret: Option<String>,
    /// The one organization in which a machine acts.
    #[schema(value_type = Option<String>)]
    org_code: Option<OrganizationId>,
    /// The page where a sign-in can be started anew.
    login_uri: Option<String>,
    homepage_uri: Option<String>,
    logo_uri: Option<String>,
    policy_uri: Option<String>,
    terms_uri: Option<String>,
    /// The language of the pages where a request asks for none.
    #[schema(pattern = "^(de|en)$")]
    language_key: Option<&'static str>,
    /// Whether registering asks for names.
    is_ask_for_name: bool,
    has_sign_in_link_on_sign_up_page: bool,
    has_register_link_on_sign_in_page: bool,
    has_cancel_button: bool,
    /// Always false: pages of your own are not supported.
    is_allow_faceless_auth: bool,
    /// Always false: not supported.
    has_marketing_consent: bool,
    /// Always false: not supported.
    has_sign_in_with_sso_button: bool,
    /// Always false: pictures are never fetched from other hosts.
    use_gravatar_fallback: bool,
    /// Whether only those may sign in who hold one of the access roles, in the organization they sign in to.
    is_access_control_enabled: bool,
    /// Whether it may act at all.
    is_enabled: bool,
    /// Whether an authorization request without a code challenge is refused.
    requires_pkce: bool,
    /// Whether people are asked before it receives anything.
    requires_consent: bool,
    /// How its tokens are signed.
    #[schema(pattern = "^(RS256|ES256|EdDSA)$")]
    signing_algorithm: &'static str,
}

impl From<Client> for Shown {
    fn from(client: Client) -> Self {
        let pages = client.page_options.0;
        Self {
            id: client.id.clone(),
            name: client.name,
            r#type: client.kind.0.kinde_type(),
            kind: client.kind.0.as_str(),
            client_id: client.id,
            client_secret: None,
            org_code: client.organization_id,
            login_uri: client.login_uri,
            homepage_uri: client.homepage_uri,
            logo_uri: client.logo_uri,
            policy_uri: client.policy_uri,
            terms_uri: client.terms_uri,
            language_key: pages.language.map(stored::Language::as_str),
            is_ask_for_name: pages.asks_for_name,
            has_sign_in_link_on_sign_up_page: pages.has_sign_in_link,
            has_register_link_on_sign_in_page: pages.has_register_link,
            has_cancel_button: pages.has_cancel_button,
            is_allow_faceless_auth: false,
            has_marketing_consent: false,
            has_sign_in_with_sso_button: false,
            use_gravatar_fallback: false,
            is_access_control_enabled: client.is_access_controlled,
            is_enabled: client.disabled_at.is_none(),
            requires_pkce: client.requires_pkce,
            requires_consent: client.requires_consent,
            signing_algorithm: client.signing_algorithm.0.as_str(),
        }
    }
}

/// An application that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OneApplication)]
pub struct One {
    application: Shown,
}

/// Shows an application. Its secret is not kept and can't be shown.
#[utoipa::path(
    get, path = "/applications/{application_id}", tag = "Applications",
    operation_id = "getApplication",
    security(("management" = ["read:applications"])),
    params(("application_id" = String, Path)),
    responses((status = 200, body = Answer<One>), (status = "4XX", body = Errors)),
)]
pub async fn read(
    _may: May<ReadApplications>,
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<Answer<One>, ApiError> {
    let application = find(&mut site.app.db.read().await?, &id).await?;
    Ok(Answer::of(One {
        application: Shown::from(application),
    }))
}

/// Removes an application and everything that was granted to it. This can't be undone.
#[utoipa::path(
    delete, path = "/applications/{application_id}", tag = "Applications",
    operation_id = "deleteApplication",
    security(("management" = ["delete:applications"])),
    params(("application_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: May<DeleteApplications>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let client = find_to_change(&mut tx, &id).await?;
    clients::remove(&mut tx, may.actor(), &client, now, &mut rng).await?;
    tx.commit().await?;
    Ok(Done::saying("Application deleted"))
}

pub(super) async fn find(tx: &mut Tx, id: &str) -> Result<Client, ApiError> {
    let found = match ClientId::parse(id) {
        Some(id) => stored::find(tx, &id).await?,
        None => None,
    };
    found.ok_or_else(unknown)
}

/// The application of that id, which nobody else changes meanwhile.
pub(super) async fn find_to_change(tx: &mut Tx, id: &str) -> Result<Client, ApiError> {
    let found = match ClientId::parse(id) {
        Some(id) => stored::find_to_change(tx, &id).await?,
        None => None,
    };
    found.ok_or_else(unknown)
}

/// There is no such application.
pub fn unknown() -> ApiError {
    ApiError::not_found(
        "APPLICATION_NOT_FOUND",
        "there is no application of that id",
    )
}

impl From<RegisterRefusal> for ApiError {
    fn from(refusal: RegisterRefusal) -> Self {
        match refusal {
            RegisterRefusal::NoMachine => {
                Self::refused("APPLICATION_TYPE_NOT_SUPPORTED", refusal.to_string())
            }
            RegisterRefusal::UnknownOrganization => no_organization(),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::AccessControlNotSupported => "ACCESS_CONTROL_NOT_SUPPORTED",
            Refusal::AccessRolesRequired => "ACCESS_ROLES_REQUIRED",
            Refusal::PkceRequired => "PKCE_REQUIRED",
        };
        Self::refused(code, refusal.to_string())
    }
}
