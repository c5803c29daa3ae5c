//! `/users/{id}/explain`: what tokens would say of a user, and why.

use utoipa_axum::router::OpenApiRouter;

use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
}
