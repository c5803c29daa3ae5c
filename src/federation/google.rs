//! Google, where it departs from OpenID Connect: Workspace domains.

use serde_json::{Map, Value};

use super::assertion::EmailProof;
use super::error::{Check, FederationError};
use super::settings::Google;

const ISSUER: &str = "https://accounts.google.com";

/// The issuer.
pub(super) fn issuer(settings: &Google) -> &str {
    settings.issuer.as_deref().unwrap_or(ISSUER)
}

/// That they belong to one of the Workspace domains that the connection is for. The claim is signed; the request's
/// parameter of that name is a wish alone.
pub(super) fn check_domain(
    settings: &Google,
    claims: &Map<String, Value>,
) -> Result<(), FederationError> {
    let domain = claims.get("hd").and_then(Value::as_str);
    let is_one_of_them = domain.is_some_and(|domain| {
        let mut allowed = settings.hosted_domains.iter();
        allowed.any(|allowed| allowed.eq_ignore_ascii_case(domain))
    });
    if settings.hosted_domains.is_empty() || is_one_of_them {
        return Ok(());
    }
    let domain = domain.unwrap_or("none");
    let why = format!("the Workspace domain is {domain}, which is none of those allowed");
    Err(FederationError::unproven(Check::Tenant, why))
}

/// What vouches for the mail address.
pub(super) fn email_proof(claims: &Map<String, Value>) -> EmailProof {
    if claims.get("email_verified") == Some(&Value::Bool(true)) {
        EmailProof::Stated
    } else {
        EmailProof::None
    }
}
