//! The scopes of registered APIs, and which applications have them.

use utoipa_axum::router::OpenApiRouter;

use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
}
