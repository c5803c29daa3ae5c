//! The management API: users, organizations, roles, permissions, applications and the rest, for programs.
//!
//! Its description (`OpenAPI` 3.1) is generated from the handlers, each of which states its scope twice: in
//! [`May`](caller::May), which enforces it, and in its `security`, which tells it. A test compares the two.
//!
//! Paths, names and shapes are those that published clients know; where they are irregular, they are so
//! on purpose. Each operation has a name of its own, a verb and a noun such as `listUsers`, of which generated
//! clients make a method.

pub mod answer;
pub mod api_scopes;
pub mod apis;
pub mod applications;
pub mod audit_events;
pub mod branding;
pub mod caller;
pub mod connections;
pub mod cursors;
pub mod docs;
pub mod environment;
pub mod error;
pub mod explain;
pub mod extract;
pub mod feature_flag_values;
pub mod feature_flags;
pub mod identities;
pub mod invitations;
pub mod logos;
pub mod member_access;
pub mod members;
pub mod new_users;
pub mod organization_settings;
pub mod organizations;
pub mod paging;
pub mod passwords;
pub mod permissions;
pub mod properties;
pub mod property_categories;
pub mod property_values;
pub mod rate;
pub mod role_permissions;
pub mod role_scopes;
pub mod roles;
pub mod search;
pub mod sync_records;
pub mod upstream_sign_ins;
pub mod user_rows;
pub mod user_sessions;
pub mod users;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse as _;
use axum::routing::get;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;
use utoipa::openapi::security::{ClientCredentials, Flow, OAuth2, Scopes, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;

use super::limits;
use super::site::Site;
use crate::access::scopes;
use crate::protocol::Issuer;
use docs::Viewer;
use error::ApiError;

/// Below which path the API is.
const PREFIX: &str = "/api/v1";

/// The largest body. Bytes. A bulk call of 100 entries stays well below.
const LARGEST_BODY: usize = 1024 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Vestibule management API",
        description = "Manage users, organizations, roles, permissions and applications. Ask for an access token \
            with `grant_type=client_credentials` and this API as the audience, as an application that may call it. \
            Each answer tells in `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` how many requests the \
            application may make within a minute, how many of them are left, and in how many seconds all of them \
            are there again.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "APIs", description = "Resource servers that access tokens are for, and their scopes."),
        (name = "Applications", description = "Clients: what signs people in, or acts for itself."),
        (name = "Audit", description = "What happened, to whom, by whom."),
        (name = "Connections", description = "Upstream identity providers that people sign in through."),
        (name = "Connections", description = "Providers elsewhere that people sign in through."),
        (name = "Environment", description = "The business and its policies."),
        (name = "Feature flags", description = "Switches that applications read from tokens."),
        (name = "Identities", description = "The ways in which users sign in."),
        (name = "Invitations", description = "Who is asked to join an organization."),
        (name = "Members", description = "Who belongs to an organization, and what they may there."),
        (name = "Organizations", description = "The customers of the business."),
        (name = "Permissions", description = "What may be done; defined once for the business."),
        (name = "Properties", description = "What else is known of users, organizations and applications."),
        (name = "Roles", description = "Sets of permissions; defined once for the business."),
        (name = "Users", description = "People."),
    )
)]
struct Description;

/// The routes, with their description.
fn described() -> OpenApiRouter<Site> {
    OpenApiRouter::with_openapi(Description::openapi())
        .merge(api_scopes::routes())
        .merge(apis::routes())
        .merge(applications::routes())
        .merge(audit_events::routes())
        .merge(connections::routes())
        .merge(environment::routes())
        .merge(explain::routes())
        .merge(feature_flag_values::routes())
        .merge(feature_flags::routes())
        .merge(identities::routes())
        .merge(logos::routes())
        .merge(invitations::routes())
        .merge(member_access::routes())
        .merge(members::routes())
        .merge(organizations::routes())
        .merge(passwords::routes())
        .merge(permissions::routes())
        .merge(properties::routes())
        .merge(role_permissions::routes())
        .merge(property_categories::routes())
        .merge(property_values::routes())
        .merge(role_scopes::routes())
        .merge(roles::routes())
        .merge(search::routes())
        .merge(sync_records::routes())
        .merge(upstream_sign_ins::routes())
        .merge(user_sessions::routes())
        .merge(users::routes())
}

/// The description of the API as it is served at this issuer.
pub fn description(issuer: &Issuer) -> utoipa::openapi::OpenApi {
    let (_, inner) = described().split_for_parts();
    let mut outer = utoipa::openapi::OpenApiBuilder::new()
        .info(inner.info.clone())
        .build()
        .nest(PREFIX, inner);
    outer.servers = Some(vec![utoipa::openapi::Server::new(issuer.as_str())]);
    let flow = ClientCredentials::new(
        issuer.join("/oauth2/token"),
        scopes::ALL.iter().copied().collect::<Scopes>(),
    );
    let scheme = SecurityScheme::OAuth2(OAuth2::new([Flow::ClientCredentials(flow)]));
    let components = outer.components.get_or_insert_default();
    components.add_security_scheme("management", scheme);
    rate::describe(&mut outer);
    outer
}

/// The routes of the API.
pub fn router(site: &Site) -> Router<Site> {
    let (routes, _) = described().split_for_parts();
    let document = serde_json::to_vec(&description(&site.app.config.server.issuer));
    let document = axum::body::Bytes::from(document.unwrap_or_default());
    let kind = (header::CONTENT_TYPE, "application/json");
    let (viewer, described_by) = (Arc::new(Viewer::default()), document.clone());
    let routes = routes
        .fallback(async || ApiError::no_route())
        .method_not_allowed_fallback(async || ApiError::no_method())
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn_with_state(site.clone(), caller::authenticate));
    let limited = limits::around(
        routes,
        &site.app.config.server,
        ApiError::later,
        ApiError::internal,
    );
    let private = SetResponseHeaderLayer::if_not_present(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-store"),
    );
    let limited = limited.layer(private);
    Router::new()
        .nest(PREFIX, limited)
        // They are no secret.
        .route(
            "/api/v1/docs",
            get(async move |State(site): State<Site>| viewer.show(&site, &described_by)),
        )
        .route(
            "/api/v1/openapi.json",
            get(async move || ([kind], document).into_response()),
        )
}
