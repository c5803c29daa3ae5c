//! What claims state of somebody, by the kind of their upstream: as a connector reads them once their proof was
//! checked, and as claims are read that are only looked at, because they were recorded or are tried out. Pure.

use serde_json::{Map, Value};
use url::Url;

use super::assertion::{Assertion, EmailProof, Presence};
use super::error::{Check, FederationError};
use super::settings::{OAuth2, Settings};
use super::{entra, google};
use crate::clock::Timestamp;

/// The longest subject (OpenID Connect Core 1.0 §2).
pub(super) const LONGEST_SUBJECT: usize = 255;

/// What an upstream has said.
pub(super) struct Said {
    /// Who says so.
    pub(super) issuer: String,
    /// Whom the claims are about, as `sub` names them.
    pub(super) subject: String,
    /// Everything that is said.
    pub(super) claims: Map<String, Value>,
    /// The groups as they were told apart from the claims, which hold too many.
    pub(super) groups_apart: Presence<Vec<String>>,
    /// What a list of mail addresses, apart from the claims, says of the one among these.
    pub(super) proof_apart: Option<EmailProof>,
}

/// What is stated of somebody.
///
/// # Errors
///
/// When the connection is for others, or nothing that is said can be a key.
pub(super) fn read(settings: &Settings, said: Said) -> Result<Assertion, FederationError> {
    let claims = &said.claims;
    let mut subject = said.subject;
    let (email_proof, groups) = match settings {
        Settings::EntraId(settings) => {
            subject = entra::subject(claims)?;
            let groups = entra::groups(settings, claims).unwrap_or(said.groups_apart);
            (entra::email_proof(settings, claims), groups)
        }
        Settings::Google(settings) => {
            google::check_domain(settings, claims)?;
            (google::email_proof(claims), Presence::Absent)
        }
        Settings::OAuth2(settings) => {
            subject = profile_subject(settings, claims)?;
            let proof = said.proof_apart;
            let proof = proof.unwrap_or_else(|| profile_proof(settings, claims));
            (proof, Presence::Absent)
        }
        Settings::Oidc(_) => (stated_proof(claims), Presence::Absent),
    };
    if subject.is_empty() || subject.len() > LONGEST_SUBJECT {
        return Err(FederationError::unproven(
            Check::Subject,
            "it can't be a key",
        ));
    }
    let at = claims.get("auth_time").and_then(Value::as_i64);
    let mut assertion = Assertion {
        issuer: said.issuer,
        subject,
        claims: said.claims,
        groups,
        email_proof,
        authenticated_at: at.map(Timestamp::from_unix),
    };
    if let Settings::Oidc(settings) = settings
        && let Some(claim) = &settings.groups_claim
    {
        assertion.groups = assertion.list(claim);
    }
    Ok(assertion)
}

/// What claims would state if their proof held: those of an ID Token, joined by those of a profile, as somebody
/// entered them. Whether they may come from that upstream, for us, is checked all the same.
///
/// # Errors
///
/// The check that would fail.
pub fn entered(
    settings: &Settings,
    claims: Map<String, Value>,
) -> Result<Assertion, FederationError> {
    let subject = match claims.get("sub") {
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    let issuer = claims.get("iss").and_then(Value::as_str);
    let issuer = issuer.map(str::to_owned);
    check_audience(settings, &claims)?;
    let said = Said {
        issuer: settle_issuer(settings, issuer, &claims)?,
        subject,
        claims,
        groups_apart: Presence::Absent,
        proof_apart: None,
    };
    read(settings, said)
}

/// What a recorded assertion states as a connection reads it now, which may have been changed since. What was not
/// kept of it counts as absent.
///
/// # Errors
///
/// The check that would fail now.
pub fn anew(settings: &Settings, recorded: &Assertion) -> Result<Assertion, FederationError> {
    let kept = recorded.without_redacted();
    let issuer = Some(kept.issuer).filter(|_| !matches!(settings, Settings::OAuth2(_)));
    let lists_addresses =
        matches!(settings, Settings::OAuth2(settings) if settings.emails_endpoint.is_some());
    let said = Said {
        issuer: settle_issuer(settings, issuer, &kept.claims)?,
        subject: kept.subject,
        claims: kept.claims,
        groups_apart: kept.groups,
        proof_apart: lists_addresses.then_some(kept.email_proof),
    };
    read(settings, said)
}

/// Whether the groups are told apart from the claims: they are too many for a token, and Microsoft Graph is asked.
pub fn asks_for_groups(settings: &Settings, claims: &Map<String, Value>) -> bool {
    matches!(settings, Settings::EntraId(settings) if entra::groups(settings, claims).is_none())
}

/// The issuer that is named, if the connection takes it; the connection's own, when none is named.
fn settle_issuer(
    settings: &Settings,
    named: Option<String>,
    claims: &Map<String, Value>,
) -> Result<String, FederationError> {
    let own = match settings {
        Settings::EntraId(settings) => entra::issuer(settings, claims),
        Settings::Google(settings) => google::issuer(settings).to_owned(),
        Settings::OAuth2(settings) => profile_issuer(settings)?,
        Settings::Oidc(settings) => settings.issuer.clone(),
    };
    let issuer = named.unwrap_or(own.clone());
    let is_expected = match settings {
        Settings::EntraId(settings) => entra::is_expected_issuer(settings, &issuer, claims),
        _ => issuer == own,
    };
    if is_expected {
        return Ok(issuer);
    }
    let why = format!("the issuer {issuer} is not the one expected");
    Err(FederationError::unproven(Check::IdToken, why))
}

/// That claims which say for whom they are issued say that it is us.
fn check_audience(settings: &Settings, claims: &Map<String, Value>) -> Result<(), FederationError> {
    let ours = settings.client().client_id.as_str();
    let is_ours = match claims.get("aud") {
        None => true,
        Some(Value::Array(all)) => all.iter().any(|one| one == ours),
        Some(one) => one == ours,
    };
    if is_ours || matches!(settings, Settings::OAuth2(_)) {
        return Ok(());
    }
    let why = "the token was issued for another client: `aud` does not name ours";
    Err(FederationError::unproven(Check::IdToken, why))
}

/// What `email_verified` says (OpenID Connect Core 1.0 §5.1).
fn stated_proof(claims: &Map<String, Value>) -> EmailProof {
    match claims.get("email_verified") {
        None | Some(Value::Null) => EmailProof::Unsaid,
        Some(Value::Bool(true)) => EmailProof::Stated,
        Some(_) => EmailProof::None,
    }
}

/// What the claim says that is set to prove the mail address, where there is no ID Token.
fn profile_proof(settings: &OAuth2, claims: &Map<String, Value>) -> EmailProof {
    let claim = settings.email_verified_claim.as_deref();
    match claim.and_then(|claim| claims.get(claim)) {
        Some(Value::Bool(true)) => EmailProof::Stated,
        _ => EmailProof::None,
    }
}

/// The origin of the profile endpoint stands for an issuer, where there is no ID Token.
pub(super) fn profile_issuer(settings: &OAuth2) -> Result<String, FederationError> {
    let endpoint = Url::parse(&settings.profile_endpoint);
    let endpoint = endpoint.map_err(|error| FederationError::NotSetUp(error.to_string()))?;
    Ok(endpoint.origin().ascii_serialization())
}

fn profile_subject(
    settings: &OAuth2,
    claims: &Map<String, Value>,
) -> Result<String, FederationError> {
    let claim = &settings.subject_claim;
    let subject = match claims.get(claim) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    if subject.is_empty() || subject.len() > LONGEST_SUBJECT {
        let why = format!("the profile holds no `{claim}` that can be a key");
        return Err(FederationError::unproven(Check::Subject, why));
    }
    Ok(subject)
}

#[cfg(test)]
mod tests;
