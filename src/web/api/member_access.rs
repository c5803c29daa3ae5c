//! `/organizations/{org_code}/users/{id}/roles` and `…/permissions`: what members have.

use utoipa_axum::router::OpenApiRouter;

use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
}
