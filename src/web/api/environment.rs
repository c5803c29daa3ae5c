//! `/environment`: the business, its policies, and what it lets people choose from.

use utoipa_axum::router::OpenApiRouter;

use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
}
