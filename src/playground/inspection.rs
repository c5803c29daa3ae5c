//! Takes a token apart and checks it: what a relying party, or an API, has to verify offline.
//!
//! Each check of OpenID Connect Core 1.0 §3.1.3.7 and RFC 9068 §4 is made on its own, so that
//! the page can show which one fails; the ID token is put before the `openidconnect` crate's
//! verifier as well, which has the last word. Pure: keys and time are arguments.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::core::{
    CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AccessToken, AccessTokenHash, ClientId, IssuerUrl, JsonWebKey, JwsSigningAlgorithm, Nonce,
};
use serde_json::Value;

use super::words;
use crate::clock::Timestamp;

/// Clocks differ by a little (RFC 7519 §4.1.4 allows a few minutes). Seconds.
const SKEW: i64 = 60;

/// A token taken apart.
#[derive(Debug)]
pub(super) struct Inspection {
    pub(super) header: Value,
    pub(super) claims: Value,
    pub(super) checks: Vec<Check>,
}

/// One thing that was verified, and what was found.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) subject: &'static str,
    pub(super) passed: bool,
    pub(super) finding: String,
}

/// What the token is held against.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a IssuerUrl,
    pub(super) client_id: &'a ClientId,
    pub(super) keys: &'a CoreJsonWebKeySet,
    pub(super) algorithms: &'a [CoreJwsSigningAlgorithm],
    pub(super) now: Timestamp,
}

/// What the authorization request said that an ID token has to answer.
#[derive(Clone, Copy)]
pub(super) struct Sent<'a> {
    pub(super) nonce: &'a Nonce,
    /// Seconds.
    pub(super) max_age: Option<u64>,
    pub(super) answered_at: Timestamp,
    /// A token of a refresh may leave the nonce out (OpenID Connect Core 1.0 §12.2).
    pub(super) refreshed: bool,
}

impl Inspection {
    /// Whether every check passed.
    pub(super) fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }

    /// A claim that is text.
    pub(super) fn text(&self, claim: &str) -> Option<&str> {
        self.claims[claim].as_str()
    }
}

/// Inspects an ID token; `None` when it is no JSON Web Token.
pub(super) fn id_token(
    token: &CoreIdToken,
    access_token: &AccessToken,
    sent: Sent<'_>,
    expected: &Expected<'_>,
) -> Option<Inspection> {
    let parts = Parts::of(&token.to_string())?;
    let (signature, signing_key) = parts.signature(expected.keys);
    let claims = &parts.claims;
    let checks = vec![
        signature,
        issuer(claims, expected),
        audience_is_client(claims, expected),
        expiry(claims, expected.now),
        issued(claims, expected.now),
        nonce_matches(claims, sent),
        sign_in_time(claims, sent),
        access_token_hash(claims, access_token, signing_key.as_ref()),
        crate_verdict(token, sent, expected),
    ];
    Some(parts.inspected(checks))
}

/// Inspects an access token; `None` when it is opaque, which RFC 6749 §1.4 permits.
pub(super) fn access_token(token: &AccessToken, expected: &Expected<'_>) -> Option<Inspection> {
    let parts = Parts::of(token.secret())?;
    let (signature, _) = parts.signature(expected.keys);
    let checks = vec![
        signature,
        token_type(&parts.header),
        issuer(&parts.claims, expected),
        expiry(&parts.claims, expected.now),
        issued(&parts.claims, expected.now),
        issued_to_client(&parts.claims, expected),
        audience_is_list(&parts.claims),
    ];
    Some(parts.inspected(checks))
}

type SigningKey = (CoreJwsSigningAlgorithm, CoreJsonWebKey);

struct Parts {
    header: Value,
    claims: Value,
    signed: String,
    signature: Vec<u8>,
}

impl Parts {
    /// Splits a token in the compact serialization (RFC 7515 §7.1).
    fn of(token: &str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let json = |part: &str| -> Option<Value> {
            let value: Value =
                serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()?;
            value.is_object().then_some(value)
        };
        Some(Self {
            header: json(header)?,
            claims: json(claims)?,
            signed: signed.to_owned(),
            signature: BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    fn inspected(self, checks: Vec<Check>) -> Inspection {
        Inspection {
            header: self.header,
            claims: self.claims,
            checks,
        }
    }

    /// Verifies the signature with the key of the provider that `kid` names (RFC 7515 §5.2).
    fn signature(&self, keys: &CoreJsonWebKeySet) -> (Check, Option<SigningKey>) {
        let name = self.header["alg"].as_str().unwrap_or("none").to_owned();
        let key_id = self.header["kid"].as_str();
        let failed = |finding: String| (check("Signature", false, finding), None);
        let algorithm: Option<CoreJwsSigningAlgorithm> =
            serde_json::from_value(self.header["alg"].clone()).ok();
        // `none` and algorithms with a shared secret prove nothing about the issuer here.
        let Some(algorithm) = algorithm.filter(|algorithm| {
            !algorithm.uses_shared_secret() && *algorithm != CoreJwsSigningAlgorithm::None
        }) else {
            return failed(format!("the algorithm {name} is not accepted"));
        };
        let candidates: Vec<_> = keys
            .keys()
            .iter()
            .filter(|key| key_id.is_none() || key.key_id().map(|id| id.as_str()) == key_id)
            .collect();
        if candidates.is_empty() {
            return failed(format!("no published key is named {}", quoted(key_id)));
        }
        let verified = candidates.into_iter().find(|key| {
            key.verify_signature(&algorithm, self.signed.as_bytes(), &self.signature)
                .is_ok()
        });
        match verified {
            Some(key) => (
                check("Signature", true, format!("{name}, key {}", quoted(key_id))),
                Some((algorithm, key.clone())),
            ),
            None => failed(format!(
                "{name}: the key {} did not make it",
                quoted(key_id)
            )),
        }
    }
}

fn check(subject: &'static str, passed: bool, finding: impl Into<String>) -> Check {
    Check {
        subject,
        passed,
        finding: finding.into(),
    }
}

fn quoted(value: Option<&str>) -> String {
    value.map_or_else(|| "(absent)".to_owned(), ToOwned::to_owned)
}

fn issuer(claims: &Value, expected: &Expected<'_>) -> Check {
    let found = claims["iss"].as_str();
    if found == Some(expected.issuer.as_str()) {
        return check("Issuer", true, expected.issuer.as_str());
    }
    let finding = format!("{}, expected {}", quoted(found), expected.issuer.as_str());
    check("Issuer", false, finding)
}

fn audiences(claims: &Value) -> Vec<&str> {
    match &claims["aud"] {
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        Value::String(value) => vec![value],
        _ => Vec::new(),
    }
}

/// OpenID Connect Core 1.0 §3.1.3.7, points 3 to 5.
fn audience_is_client(claims: &Value, expected: &Expected<'_>) -> Check {
    let audiences = audiences(claims);
    let client_id = expected.client_id.as_str();
    if audiences != [client_id] {
        let finding = format!("[{}] is not this client alone", audiences.join(", "));
        return check("Audience", false, finding);
    }
    match claims["azp"].as_str() {
        Some(party) if party != client_id => check(
            "Audience",
            false,
            format!("azp is {party}, not this client"),
        ),
        _ => check("Audience", true, "this client, and no other"),
    }
}

/// An access token speaks to APIs; in this provider's shape `aud` is always a list.
fn audience_is_list(claims: &Value) -> Check {
    let audiences = audiences(claims);
    if audiences.is_empty() {
        let passed = claims["aud"].is_array();
        let finding = if passed {
            "no API was asked for"
        } else {
            "the claim is missing"
        };
        return check("Audience", passed, finding);
    }
    check("Audience", true, audiences.join(", "))
}

fn issued_to_client(claims: &Value, expected: &Expected<'_>) -> Check {
    let party = claims["azp"].as_str().or(claims["client_id"].as_str());
    let passed = party == Some(expected.client_id.as_str());
    let finding = if passed {
        "this client".to_owned()
    } else {
        format!("{} is not this client", quoted(party))
    };
    check("Issued to", passed, finding)
}

fn expiry(claims: &Value, now: Timestamp) -> Check {
    let Some(instant) = claims["exp"].as_i64().map(Timestamp::from_unix) else {
        return check("Expiry", false, "the claim is missing");
    };
    let passed = instant > now;
    let verb = if passed { "expires" } else { "expired" };
    let finding = format!(
        "{verb} {}, {}",
        words::relative(instant, now),
        words::absolute(instant)
    );
    check("Expiry", passed, finding)
}

fn issued(claims: &Value, now: Timestamp) -> Check {
    let Some(instant) = claims["iat"].as_i64().map(Timestamp::from_unix) else {
        return check("Issued", false, "the claim is missing");
    };
    let passed = instant.since(now).as_i64() <= SKEW;
    let finding = if passed {
        words::relative(instant.min(now), now)
    } else {
        format!("{}: in the future", words::relative(instant, now))
    };
    check("Issued", passed, finding)
}

fn nonce_matches(claims: &Value, sent: Sent<'_>) -> Check {
    let (passed, finding) = match claims["nonce"].as_str() {
        Some(found) if found == sent.nonce.secret() => (true, "the one that was sent"),
        Some(_) => (false, "not the one that was sent"),
        None if sent.refreshed => (true, "left out, as it may be after a refresh"),
        None => (false, "the claim is missing"),
    };
    check("Nonce", passed, finding)
}

/// With `max_age`, `auth_time` has to be recent enough (OpenID Connect Core 1.0 §3.1.3.7, 13).
fn sign_in_time(claims: &Value, sent: Sent<'_>) -> Check {
    const SUBJECT: &str = "Authenticated";
    let told = claims["auth_time"].as_i64().map(Timestamp::from_unix);
    let asked = sent.max_age.and_then(|seconds| i64::try_from(seconds).ok());
    match (told, asked) {
        (None, None) => check(SUBJECT, true, "not told, as nobody asked"),
        (None, Some(_)) => check(SUBJECT, false, "not told, though max_age was sent"),
        (Some(instant), None) => check(SUBJECT, true, words::absolute(instant)),
        (Some(instant), Some(asked)) => {
            let age = sent.answered_at.since(instant).as_i64();
            let finding = format!(
                "{} before the answer, {} allowed",
                words::duration(age.max(0)),
                words::duration(asked)
            );
            check(SUBJECT, age <= asked.saturating_add(SKEW), finding)
        }
    }
}

/// OpenID Connect Core 1.0 §3.1.3.6.
fn access_token_hash(claims: &Value, token: &AccessToken, key: Option<&SigningKey>) -> Check {
    const SUBJECT: &str = "Access token hash";
    let Some(found) = claims["at_hash"].as_str() else {
        return check(SUBJECT, true, "left out, which the code flow permits");
    };
    let Some((algorithm, key)) = key else {
        return check(SUBJECT, false, "cannot be checked without the signing key");
    };
    match AccessTokenHash::from_token(token, algorithm, key) {
        Ok(hash) if hash.as_str() == found => {
            check(SUBJECT, true, "belongs to the access token below")
        }
        Ok(_) => check(SUBJECT, false, "belongs to another access token"),
        Err(error) => check(SUBJECT, false, error.to_string()),
    }
}

/// RFC 9068 §4; the plain `JWT` is the shape that existing SDKs expect.
fn token_type(header: &Value) -> Check {
    let found = header["typ"].as_str();
    let passed = found.is_none_or(|found| {
        ["JWT", "at+jwt", "application/at+jwt"]
            .iter()
            .any(|known| found.eq_ignore_ascii_case(known))
    });
    check("Type", passed, quoted(found))
}

fn crate_verdict(token: &CoreIdToken, sent: Sent<'_>, expected: &Expected<'_>) -> Check {
    const SUBJECT: &str = "Second opinion";
    let now = Duration::from_secs(u64::try_from(expected.now.as_i64()).unwrap_or(0));
    let verifier = CoreIdTokenVerifier::new_public_client(
        expected.client_id.clone(),
        expected.issuer.clone(),
        expected.keys.clone(),
    )
    .set_allowed_algs(expected.algorithms.iter().cloned())
    .set_time_fn(move || (UNIX_EPOCH + now).into());
    let verify_nonce = |found: Option<&Nonce>| match found {
        Some(found) if found.secret() == sent.nonce.secret() => Ok(()),
        None if sent.refreshed => Ok(()),
        _ => Err("nonce mismatch".to_owned()),
    };
    match token.claims(&verifier, verify_nonce) {
        Ok(_) => check(SUBJECT, true, "the openidconnect crate accepts it"),
        Err(error) => check(SUBJECT, false, super::provider::chain(&error)),
    }
}
