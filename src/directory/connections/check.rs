//! What the options of a connection may be: read into what is stored, or refused with what to do. Pure.

use std::collections::BTreeMap;

use url::{Host, Url};

use super::Refused;
use super::options::Options;
use super::strategy::usual_mapping;
use crate::federation::egress::check_roots;
use crate::federation::mapping::Mapping;
use crate::federation::settings::{
    EntraId, Google, Kind, OAuth2, Oidc, Registration, Settings, is_tenant_id,
};
use crate::naming;
use crate::protocol::Scope;

const LONGEST_ADDRESS: usize = 2048;
const LONGEST_CLIENT_ID: usize = 255;
const LONGEST_NAME: usize = 200;
const LONGEST_ROOTS: usize = 65_536;
const LONGEST_VALUE: usize = 1000;
/// In each list.
const MOST: usize = 100;

/// Parameters that a connector writes itself, from what is secret or was checked.
const OURS: [&str; 13] = [
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "state",
];

/// Parameters of an authorization request that say what the connector passes on by itself, or that mean
/// something else here.
const NOT_FORWARDED: [&str; 6] = [
    "connection_id",
    "login_hint",
    "max_age",
    "prompt",
    "scope",
    "ui_locales",
];

/// How the upstream is spoken to.
pub(super) fn settings(kind: Kind, options: &Options) -> Result<Settings, Refused> {
    refuse_foreign(kind, options)?;
    let client = registration(options)?;
    Ok(match kind {
        Kind::EntraId => Settings::EntraId(EntraId {
            client,
            tenants: tenants(&options.tenants)?,
            reads_groups: options.is_retrieve_provider_user_groups,
            authority: origin("authority", options.authority.as_deref())?,
            graph: origin("graph", options.graph.as_deref())?,
        }),
        Kind::Google => Settings::Google(Google {
            client,
            hosted_domains: domains("hosted_domains", &options.hosted_domains)?,
            issuer: issuer(options.issuer.as_deref())?,
        }),
        Kind::OAuth2 => {
            let endpoint = |name, text: &Option<String>| address(name, text.as_deref());
            Settings::OAuth2(OAuth2 {
                client,
                authorization_endpoint: endpoint(
                    "authorization_endpoint",
                    &options.authorization_endpoint,
                )?
                .unwrap_or_default(),
                token_endpoint: endpoint("token_endpoint", &options.token_endpoint)?
                    .unwrap_or_default(),
                profile_endpoint: endpoint("profile_endpoint", &options.profile_endpoint)?
                    .unwrap_or_default(),
                emails_endpoint: endpoint("emails_endpoint", &options.emails_endpoint)?,
                subject_claim: claim("subject_claim", options.subject_claim.as_deref())?
                    .unwrap_or_default(),
                email_verified_claim: claim(
                    "email_verified_claim",
                    options.email_verified_claim.as_deref(),
                )?,
            })
        }
        Kind::Oidc => Settings::Oidc(Oidc {
            client,
            issuer: issuer(options.issuer.as_deref())?.unwrap_or_default(),
            groups_claim: claim("groups_claim", options.groups_claim.as_deref())?,
        }),
    })
}

/// Refuses what only means something to upstreams of another kind: a restriction that restricts nothing would be
/// worse than none.
fn refuse_foreign(kind: Kind, options: &Options) -> Result<(), Refused> {
    use Kind::{EntraId, Google, OAuth2, Oidc};
    let text = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    for (name, is_there, kinds) in [
        (
            "authorization_endpoint",
            text(&options.authorization_endpoint),
            &[OAuth2][..],
        ),
        ("authority", text(&options.authority), &[EntraId]),
        (
            "email_verified_claim",
            text(&options.email_verified_claim),
            &[OAuth2],
        ),
        ("emails_endpoint", text(&options.emails_endpoint), &[OAuth2]),
        (
            "end_session_endpoint",
            text(&options.end_session_endpoint),
            &[EntraId, Google, Oidc],
        ),
        ("graph", text(&options.graph), &[EntraId]),
        ("groups_claim", text(&options.groups_claim), &[Oidc]),
        (
            "hosted_domains",
            !options.hosted_domains.is_empty(),
            &[Google],
        ),
        (
            "is_provider_sign_out_enabled",
            options.is_provider_sign_out_enabled,
            &[EntraId, Google, Oidc],
        ),
        (
            "is_retrieve_provider_user_groups",
            options.is_retrieve_provider_user_groups,
            &[EntraId],
        ),
        ("issuer", text(&options.issuer), &[Google, Oidc]),
        (
            "profile_endpoint",
            text(&options.profile_endpoint),
            &[OAuth2],
        ),
        ("subject_claim", text(&options.subject_claim), &[OAuth2]),
        ("tenants", !options.tenants.is_empty(), &[EntraId]),
        ("token_endpoint", text(&options.token_endpoint), &[OAuth2]),
    ] {
        if is_there && !kinds.contains(&kind) {
            let meant: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
            let meant = meant.join(" and ");
            let reason = format!("means something to {meant} alone, and this is {kind}: remove it");
            return Err(Refused::option(name, reason));
        }
    }
    Ok(())
}

fn registration(options: &Options) -> Result<Registration, Refused> {
    let client_id = options.client_id.trim();
    if client_id.len() > LONGEST_CLIENT_ID || client_id.contains(char::is_control) {
        let reason = format!("must have at most {LONGEST_CLIENT_ID} characters and no line break");
        return Err(Refused::option("client_id", reason));
    }
    at_most("scopes", options.scopes.len())?;
    if let Some(bad) = options.scopes.iter().find(|it| Scope::parse(it).is_none()) {
        let reason = format!("may hold scopes alone, each an entry of its own: {bad:?} is none");
        return Err(Refused::option("scopes", reason));
    }
    let parameters = parameters(options)?;
    let forwarded_parameters = forwarded(options, &parameters)?;
    Ok(Registration {
        client_id: client_id.to_owned(),
        scopes: options.scopes.clone(),
        parameters,
        forwarded_parameters,
        extra_roots: roots(options.extra_roots.as_deref())?,
        ends_session: options.is_provider_sign_out_enabled,
        end_session_endpoint: address(
            "end_session_endpoint",
            options.end_session_endpoint.as_deref(),
        )?,
    })
}

fn parameters(options: &Options) -> Result<BTreeMap<String, String>, Refused> {
    let field = "upstream_params";
    at_most(field, options.upstream_params.len())?;
    let mut parameters = BTreeMap::new();
    for (name, parameter) in &options.upstream_params {
        check_parameter(field, name)?;
        if name == "scope" {
            let reason = "can't say scope: name the scopes in scopes";
            return Err(Refused::option(field, reason));
        }
        let value = parameter.value();
        if value.chars().count() > LONGEST_VALUE || value.contains(char::is_control) {
            let reason = format!(
                "may hold values of at most {LONGEST_VALUE} characters without line breaks: {name} has another"
            );
            return Err(Refused::option(field, reason));
        }
        parameters.insert(name.clone(), value.to_owned());
    }
    Ok(parameters)
}

fn forwarded(options: &Options, fixed: &BTreeMap<String, String>) -> Result<Vec<String>, Refused> {
    let field = "forwarded_parameters";
    at_most(field, options.forwarded_parameters.len())?;
    let mut names = options.forwarded_parameters.clone();
    for name in &names {
        check_parameter(field, name)?;
        if NOT_FORWARDED.contains(&name.as_str()) {
            let reason =
                format!("can't name {name}, which is passed on where it should: remove it");
            return Err(Refused::option(field, reason));
        }
        if fixed.contains_key(name) {
            let reason = format!("can't name {name}, which upstream_params fixes: remove either");
            return Err(Refused::option(field, reason));
        }
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

fn check_parameter(field: &'static str, name: &str) -> Result<(), Refused> {
    let is_name = (1..=100).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if !is_name {
        let reason = format!(
            "may name parameters of 1 to 100 letters, digits, '-', '.' and '_' alone, and not {name:?}"
        );
        return Err(Refused::option(field, reason));
    }
    if OURS.contains(&name) {
        let reason = format!("can't name {name}, which the server writes itself: remove it");
        return Err(Refused::option(field, reason));
    }
    Ok(())
}

fn roots(pem: Option<&str>) -> Result<Option<String>, Refused> {
    let Some(pem) = pem.map(str::trim).filter(|pem| !pem.is_empty()) else {
        return Ok(None);
    };
    let refused = |reason: String| Refused::option("extra_roots", reason);
    if pem.len() > LONGEST_ROOTS {
        return Err(refused(format!("must have at most {LONGEST_ROOTS} bytes")));
    }
    check_roots(pem).map_err(|error| {
        refused(format!(
            "must be certificates in PEM, each from BEGIN to END CERTIFICATE: {error}"
        ))
    })?;
    Ok(Some(pem.to_owned()))
}

/// Which claim gives which attribute; as usual for the kind, when nothing is said.
pub(super) fn mapping(settings: &Settings, mapping: &Mapping) -> Result<Mapping, Refused> {
    if mapping.0.is_empty() {
        return Ok(usual_mapping(settings));
    }
    for (attribute, rule) in &mapping.0 {
        if let Err(reason) = naming::line(&rule.claim, LONGEST_NAME) {
            let reason = format!("names a claim for {attribute} that {reason}");
            return Err(Refused::option("mapping", reason));
        }
    }
    Ok(mapping.clone())
}

/// Domains as they are compared.
pub(super) fn domains(field: &'static str, texts: &[String]) -> Result<Vec<String>, Refused> {
    naming::domains(texts).map_err(|reason| Refused::option(field, reason))
}

/// The tenants, by id. One alone may be named by a domain: the service tells its id.
fn tenants(texts: &[String]) -> Result<Vec<String>, Refused> {
    let refused = |reason: String| Refused::option("tenants", reason);
    at_most("tenants", texts.len())?;
    if let [name] = texts
        && !is_tenant_id(name)
    {
        let domain = naming::domain(name).ok().filter(|it| it.contains('.'));
        let reason = || {
            format!(
                "must be the tenant's id (a GUID, the \"Directory (tenant) ID\") or a domain of it, and not {name:?}"
            )
        };
        return Ok(vec![domain.ok_or_else(|| refused(reason()))?]);
    }
    if let Some(name) = texts.iter().find(|name| !is_tenant_id(name)) {
        return Err(refused(format!(
            "must name each of several tenants by its id (a GUID), and not as {name:?}"
        )));
    }
    let mut ids: Vec<String> = texts.iter().map(|id| id.to_ascii_lowercase()).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

fn claim(field: &'static str, text: Option<&str>) -> Result<Option<String>, Refused> {
    let text = text.filter(|text| !text.trim().is_empty());
    let checked = text.map(|text| naming::line(text, LONGEST_NAME));
    let checked = checked.transpose();
    checked.map_err(|reason| Refused::option(field, reason))
}

/// An issuer (OpenID Connect Discovery 1.0 §3), letter by letter as its documents say it.
fn issuer(text: Option<&str>) -> Result<Option<String>, Refused> {
    let Some(issuer) = address("issuer", text)? else {
        return Ok(None);
    };
    if issuer.contains(['?', '#']) {
        let reason = "has no query and no fragment: copy it from the provider's documents";
        return Err(Refused::option("issuer", reason));
    }
    Ok(Some(issuer))
}

fn origin(field: &'static str, text: Option<&str>) -> Result<Option<String>, Refused> {
    let Some(address) = address(field, text)? else {
        return Ok(None);
    };
    let bare = address.trim_end_matches('/');
    let is_origin = Url::parse(bare).is_ok_and(|url| url.path() == "/" && url.query().is_none());
    if is_origin {
        return Ok(Some(bare.to_owned()));
    }
    let reason = "is an address without a path, such as https://login.microsoftonline.com";
    Err(Refused::option(field, reason))
}

/// An address that is asked: over https, or on this machine.
fn address(field: &'static str, text: Option<&str>) -> Result<Option<String>, Refused> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let refused = |reason: &str| Refused::option(field, format!("{reason}, and not {text:?}"));
    if text.len() > LONGEST_ADDRESS {
        let reason = format!("must have at most {LONGEST_ADDRESS} characters");
        return Err(Refused::option(field, reason));
    }
    let url = Url::parse(text).map_err(|_| refused("must be an https address"))?;
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
        return Err(refused(
            "must be an https address (http is for this machine alone)",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // Not repeated: it holds a secret.
        let reason = "must be an address without a user name and a password";
        return Err(Refused::option(field, reason));
    }
    if url.fragment().is_some() {
        return Err(refused("must be an address without a fragment"));
    }
    Ok(Some(text.to_owned()))
}

pub(super) fn at_most(field: &'static str, count: usize) -> Result<(), Refused> {
    if count <= MOST {
        return Ok(());
    }
    let reason = format!("may have at most {MOST} entries");
    Err(Refused::option(field, reason))
}

#[cfg(test)]
mod tests;
