//! `/roles`: sets of permissions, defined once for the business.

use utoipa_axum::router::OpenApiRouter;

use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
}
