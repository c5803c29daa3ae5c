//! Microsoft Entra ID, where it departs from OpenID Connect: tenants, whom a token is about, addresses that nobody
//! has checked, and groups that are too many for a token.

use openidconnect::{HttpRequest, http};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::assertion::{EmailProof, Presence};
use super::egress::Egress;
use super::error::{Check, FederationError};
use super::metadata::TENANT;
use super::settings::{EntraId, is_tenant_id};
use crate::secret::Secret;

const AUTHORITY: &str = "https://login.microsoftonline.com";
const GRAPH: &str = "https://graph.microsoft.com";

/// Where the provider's documents begin, and the issuer that they name: of the one tenant, or of all work and school
/// accounts, whose issuer is a template.
pub(super) fn place(settings: &EntraId) -> (String, String) {
    let authority = authority(settings);
    if let [tenant] = settings.tenants.as_slice() {
        let base = format!("{authority}/{tenant}/v2.0");
        let id = if is_tenant_id(tenant) { tenant } else { TENANT };
        (base, format!("{authority}/{id}/v2.0"))
    } else {
        let base = format!("{authority}/organizations/v2.0");
        (base, format!("{authority}/{{tenantid}}/v2.0"))
    }
}

fn authority(settings: &EntraId) -> &str {
    let authority = settings.authority.as_deref().unwrap_or(AUTHORITY);
    authority.trim_end_matches('/')
}

/// Whether an ID Token of this issuer is taken: it names the tenant that the token names, which is allowed.
pub(super) fn is_expected_issuer(
    settings: &EntraId,
    issuer: &str,
    claims: &Map<String, Value>,
) -> bool {
    let Some(tenant) = text(claims, "tid") else {
        return false;
    };
    let is_id = tenant.len() == 36
        && tenant
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let allowed = &settings.tenants;
    let is_allowed = match allowed.as_slice() {
        // Known by its domain: its issuer is compared with that of its metadata.
        [domain] if !is_tenant_id(domain) => true,
        ids => ids.is_empty() || ids.iter().any(|one| one.eq_ignore_ascii_case(tenant)),
    };
    is_id && is_allowed && issuer == format!("{}/{tenant}/v2.0", authority(settings))
}

/// The issuer of ID Tokens of the tenant that the claims name.
pub(super) fn issuer(settings: &EntraId, claims: &Map<String, Value>) -> String {
    let tenant = text(claims, "tid").unwrap_or(TENANT);
    format!("{}/{tenant}/v2.0", authority(settings))
}

/// What names them for ever: their object in the tenant. An address never does; `sub` differs between clients.
pub(super) fn subject(claims: &Map<String, Value>) -> Result<String, FederationError> {
    let object = text(claims, "oid").filter(|object| !object.is_empty());
    object.map(str::to_owned).ok_or_else(|| {
        let why = "the token holds no oid: ask for the scope `profile`";
        FederationError::unproven(Check::Subject, why)
    })
}

/// What vouches for the mail address. In a tenant, anybody's attribute `mail` can say anything; so a foreign tenant
/// vouches for nothing unless the token says that the owner of the domain has been verified (`xms_edov`).
pub(super) fn email_proof(settings: &EntraId, claims: &Map<String, Value>) -> EmailProof {
    let is_verified = match claims.get("xms_edov") {
        Some(Value::Bool(truth)) => *truth,
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        Some(Value::String(text)) => text == "1" || text.eq_ignore_ascii_case("true"),
        _ => false,
    };
    if is_verified {
        EmailProof::Stated
    } else if settings.tenants.len() == 1 {
        EmailProof::Domain
    } else {
        EmailProof::None
    }
}

/// Their groups, as the token says; none when it leaves them out because they are too many.
pub(super) fn groups(
    settings: &EntraId,
    claims: &Map<String, Value>,
) -> Option<Presence<Vec<String>>> {
    if !settings.reads_groups {
        return Some(Presence::Absent);
    }
    if is_overage(claims) {
        return None;
    }
    Some(match claims.get("groups") {
        None => Presence::Absent,
        Some(Value::Array(groups)) if !groups.is_empty() => {
            let names = groups.iter().filter_map(Value::as_str);
            Presence::Present(names.map(str::to_owned).collect())
        }
        Some(_) => Presence::Empty,
    })
}

/// Their groups, as Microsoft Graph tells them; absent when it does not.
pub(super) async fn groups_of_graph(
    settings: &EntraId,
    egress: &Egress,
    access_token: &Secret,
) -> Presence<Vec<String>> {
    match ask_graph(settings, egress, access_token).await {
        Ok(groups) if groups.is_empty() => Presence::Empty,
        Ok(groups) => Presence::Present(groups),
        Err(error) => {
            tracing::warn!(%error, "Microsoft Graph does not tell the groups; none are withdrawn");
            Presence::Absent
        }
    }
}

/// Whether the token leaves groups out because they are too many.
fn is_overage(claims: &Map<String, Value>) -> bool {
    let names = claims.get("_claim_names");
    let is_elsewhere = names.is_some_and(|names| names.get("groups").is_some());
    let has_groups = match claims.get("hasgroups") {
        Some(Value::Bool(truth)) => *truth,
        Some(Value::String(text)) => text == "true",
        _ => false,
    };
    is_elsewhere || has_groups
}

/// What Graph answers.
#[derive(Deserialize)]
struct Groups {
    value: Vec<String>,
}

async fn ask_graph(
    settings: &EntraId,
    egress: &Egress,
    access_token: &Secret,
) -> Result<Vec<String>, FederationError> {
    let graph = settings.graph.as_deref().unwrap_or(GRAPH);
    let address = format!("{}/v1.0/me/getMemberGroups", graph.trim_end_matches('/'));
    let unavailable = |why: String| FederationError::Unavailable(format!("{address}: {why}"));
    let request: HttpRequest = http::Request::post(&address)
        .header(
            http::header::AUTHORIZATION,
            format!("Bearer {}", access_token.expose()),
        )
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(
            json!({ "securityEnabledOnly": false })
                .to_string()
                .into_bytes(),
        )
        .map_err(|error| unavailable(error.to_string()))?;
    let response = egress.send(request).await;
    let response = response.map_err(|error| unavailable(error.to_string()))?;
    if response.status() != http::StatusCode::OK {
        return Err(unavailable(format!("answered {}", response.status())));
    }
    let groups: Groups =
        serde_json::from_slice(response.body()).map_err(|error| unavailable(error.to_string()))?;
    Ok(groups.value)
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "11111111-2222-3333-4444-555555555555";
    const OTHER: &str = "99999999-2222-3333-4444-555555555555";

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    fn of_tenants(tenants: &[&str]) -> EntraId {
        EntraId {
            tenants: tenants.iter().map(|tenant| (*tenant).to_owned()).collect(),
            ..EntraId::default()
        }
    }

    #[test]
    fn the_issuer_is_that_of_the_tokens_tenant_which_is_allowed() {
        let issuer = |tenant: &str| format!("{AUTHORITY}/{tenant}/v2.0");
        let template = format!("{AUTHORITY}/{{tenantid}}/v2.0");
        // tenants allowed, issuer, tid, taken
        for (tenants, said, tid, expected) in [
            (&[][..], issuer(TENANT), TENANT, true),
            (&[TENANT], issuer(TENANT), TENANT, true),
            (&[TENANT], issuer(OTHER), OTHER, false),
            (&[TENANT, OTHER], issuer(OTHER), OTHER, true),
            (&[], issuer(TENANT), OTHER, false),
            (&[], template, "{tenantid}", false),
            (&[], issuer("../evil"), "../evil", false),
        ] {
            let claims = map(json!({ "tid": tid }));
            let taken = is_expected_issuer(&of_tenants(tenants), &said, &claims);
            assert_eq!(taken, expected, "{tenants:?} {said} {tid}");
        }
        assert!(!is_expected_issuer(
            &of_tenants(&[]),
            &issuer(TENANT),
            &Map::new()
        ));
    }

    #[test]
    fn an_address_is_vouched_for_by_a_pinned_tenant_or_by_the_claim() {
        // tenants, xms_edov, proof
        for (tenants, edov, expected) in [
            (&[][..], Value::Null, EmailProof::None),
            (&[TENANT, OTHER], json!(false), EmailProof::None),
            (&[TENANT], Value::Null, EmailProof::Domain),
            (&[TENANT], json!("0"), EmailProof::Domain),
            (&[], json!(true), EmailProof::Stated),
            (&[], json!(1), EmailProof::Stated),
            (&[], json!("1"), EmailProof::Stated),
        ] {
            let claims = map(json!({ "xms_edov": edov, "email_verified": true }));
            assert_eq!(
                email_proof(&of_tenants(tenants), &claims),
                expected,
                "{tenants:?} {edov}"
            );
        }
    }

    #[test]
    fn too_many_groups_are_not_none() {
        for (claims, expected) in [
            (json!({}), false),
            (json!({ "groups": [] }), false),
            (json!({ "hasgroups": true }), true),
            (json!({ "hasgroups": "true" }), true),
            (json!({ "_claim_names": { "groups": "src1" } }), true),
            (json!({ "_claim_names": { "other": "src1" } }), false),
        ] {
            assert_eq!(is_overage(&map(claims.clone())), expected, "{claims}");
        }
    }
}
