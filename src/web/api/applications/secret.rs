//! The secret of an application: renewed, never shown again.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::find_to_change;
use crate::access::management;
use crate::access::scopes::UpdateApplications;
use crate::clients::lifetimes::{self, LONGEST_OVERLAP};
use crate::clients::{self, RegisteredClient, RenewRefusal};
use crate::clock::Seconds;
use crate::id::ClientId;
use crate::secret::Secret;
use crate::web::api::answer::Answer;
use crate::web::api::caller::May;
use crate::web::api::error::{ApiError, Errors};
use crate::web::api::extract::{Body, Path};
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(renew))
}

/// How a secret is renewed.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct SecretRenewal {
    /// For how long the former secrets are taken beside the new one; 0 when left out.
    #[schema(minimum = 0, maximum = 31_536_000)]
    overlap_seconds: Option<i64>,
}

/// The new secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct RenewedSecret {
    application: Renewed,
}

/// What the application signs in with from now on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RenewedCredentials)]
pub struct Renewed {
    #[schema(value_type = String)]
    id: ClientId,
    /// Shown this once.
    #[schema(value_type = String)]
    client_secret: Secret,
}

/// Gives an application a new secret, which is shown in this answer and never again.
///
/// Whoever has the secret has what the application may do: renewing that of an application that may call the
/// management API takes a token with at least the scopes that the application has there.
#[utoipa::path(
    post, path = "/applications/{application_id}/client_secret", tag = "Applications",
    operation_id = "renewApplicationSecret",
    security(("management" = ["update:applications"])),
    params(("application_id" = String, Path)),
    request_body = Option<SecretRenewal>,
    responses((status = 200, body = Answer<RenewedSecret>), (status = "4XX", body = Errors)),
)]
pub async fn renew(
    may: May<UpdateApplications>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    body: Option<Body<SecretRenewal>>,
) -> Result<Answer<RenewedSecret>, ApiError> {
    let wanted = body.map(|Body(wanted)| wanted).unwrap_or_default();
    let none = Seconds::new(0);
    let overlap = wanted.overlap_seconds.unwrap_or_default();
    let overlap = lifetimes::within(none..=LONGEST_OVERLAP, overlap)
        .map_err(|reason| ApiError::field("overlap_seconds", reason))?;
    let app = &site.app;
    let mut rng = app.random.generator();
    let mut tx = app.db.write().await?;
    let client = find_to_change(&mut tx, &id).await?;
    if let Some(registered) = RegisteredClient::load(&mut tx, &client.id, now).await? {
        let audience = management::audience(&app.config.server.issuer);
        may.check_holds(&registered.api_scopes(&[audience]))?;
    }
    let terms = (&app.hash_key, overlap);
    let secret = clients::renew_secret(&mut tx, may.actor(), &client, terms, now, &mut rng).await?;
    let client_secret = secret?;
    tx.commit().await?;
    let application = Renewed {
        id: client.id,
        client_secret,
    };
    Ok(Answer::saying(
        "Secret renewed",
        RenewedSecret { application },
    ))
}

impl From<RenewRefusal> for ApiError {
    fn from(refusal: RenewRefusal) -> Self {
        let code = match refusal {
            RenewRefusal::Public => "APPLICATION_TYPE_NOT_SUPPORTED",
            RenewRefusal::TooMany => "TOO_MANY_SECRETS",
        };
        Self::refused(code, refusal.to_string())
    }
}
