//! Logout tokens: how an OpenID Provider says that it has signed somebody out (OpenID Connect Back-Channel Logout 1.0).
//!
//! # Decision
//!
//! A logout token is no ID Token: it may lack `sub` and must lack `nonce`, so that the verifier of ID Tokens can't read
//! it. Its parts are taken apart here; its signature is checked by the key that signed it, as `openidconnect` knows it.
//!
//! Providers write `exp` since the final specification, older ones do not; `iat` bounds its life in either case.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKey as _, JsonWebKeyUse, JwsSigningAlgorithm as _};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::connector::Connector;
use super::error::{Check, FederationError};
use super::metadata::Metadata;
use super::oidc::{ALGORITHMS, Provider, SKEW};
use crate::clock::{Seconds, Timestamp};
use crate::secret::{Secret, SecretHash};

/// The event that a logout token tells (§2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// How old a logout token may be: a provider that can't reach us tries again with another.
const OLDEST: Seconds = Seconds::new(600);

/// The longest text that names somebody. Bytes.
const LONGEST: usize = 255;

/// What a logout token says, its proof checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedOut {
    /// Who says so.
    pub issuer: String,
    /// Whom it concerns.
    pub subject: Option<String>,
    /// Which session.
    pub sid: Option<String>,
    /// What makes the token one of its kind; it may be used once.
    pub jti: SecretHash,
    /// From when it is refused in any case.
    pub expires_at: Timestamp,
}

impl LoggedOut {
    /// What is wrong with a token that was used before.
    pub fn used_before(&self) -> FederationError {
        failed("it was used before")
    }
}

/// The header of a JWS (RFC 7515 §4.1).
#[derive(Deserialize)]
struct Header {
    alg: CoreJwsSigningAlgorithm,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

/// A JWS in compact form, taken apart; nothing of it is proven.
struct Parts<'a> {
    header: Header,
    claims: Map<String, Value>,
    signed: &'a str,
    signature: Vec<u8>,
}

impl Connector<'_> {
    /// Checks a logout token (§2.6). Whether it was used before, it can't know.
    ///
    /// # Errors
    ///
    /// The check that failed, or that the provider does not give its keys.
    pub async fn logged_out(
        &self,
        token: &Secret,
        now: Timestamp,
    ) -> Result<LoggedOut, FederationError> {
        let provider = self.openid_provider()?;
        let egress = self.egress()?;
        let parts = Parts::read(token.expose())?;
        // What can be told without asking anybody comes first.
        let said = check_claims(&parts.claims, &provider.client.client_id, now)?;
        let (providers, key) = (&self.outside.providers, provider.metadata_key());
        let mut metadata = providers.find(&egress, key, now).await?;
        if parts.check_signature(&metadata).is_err() {
            // Its keys may have changed since they were read.
            metadata = providers.renew(&egress, key, now).await?;
            parts.check_signature(&metadata)?;
        }
        check_issuer(&provider, &metadata, &said.issuer, &parts.claims)?;
        Ok(said)
    }
}

fn failed(why: impl std::fmt::Display) -> FederationError {
    FederationError::unproven(Check::LogoutToken, why)
}

fn check_issuer(
    provider: &Provider<'_>,
    metadata: &Metadata,
    issuer: &str,
    claims: &Map<String, Value>,
) -> Result<(), FederationError> {
    if provider.is_issuer(metadata, issuer, claims) {
        return Ok(());
    }
    Err(failed("the issuer is not the one expected"))
}

impl<'a> Parts<'a> {
    fn read(token: &'a str) -> Result<Self, FederationError> {
        let no_jws = || failed("it is no signed JWT in compact form");
        let (signed, signature) = token.rsplit_once('.').ok_or_else(no_jws)?;
        let (header, claims) = signed.split_once('.').ok_or_else(no_jws)?;
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| no_jws());
        let parts = Self {
            header: serde_json::from_slice(&decode(header)?).map_err(|_| no_jws())?,
            claims: serde_json::from_slice(&decode(claims)?).map_err(|_| no_jws())?,
            signed,
            signature: decode(signature)?,
        };
        let header = &parts.header;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(failed("its algorithm is not one of those allowed"));
        }
        if header.crit.is_some() {
            return Err(failed("its header asks for an extension that is unknown"));
        }
        let is_meant = header.typ.as_deref().is_none_or(is_type);
        if is_meant {
            Ok(parts)
        } else {
            Err(failed("it is a token of another type"))
        }
    }

    fn check_signature(&self, metadata: &Metadata) -> Result<(), FederationError> {
        let keys = metadata.jwks().keys();
        let mut fitting = keys.iter().filter(|key| self.may_be_by(key));
        let is_so = fitting.any(|key| {
            let (signed, signature) = (self.signed.as_bytes(), &self.signature);
            key.verify_signature(&self.header.alg, signed, signature)
                .is_ok()
        });
        if is_so {
            Ok(())
        } else {
            Err(failed("no key of the provider has made its signature"))
        }
    }

    /// Whether a key is one that its header can mean: by its name, and of the kind of its algorithm.
    fn may_be_by(&self, key: &CoreJsonWebKey) -> bool {
        let is_named = match (&self.header.kid, key.key_id()) {
            (None, _) => true,
            (Some(kid), named) => named.is_some_and(|named| named.as_str() == kid),
        };
        let signs = key.key_use().is_none_or(JsonWebKeyUse::allows_signature);
        is_named && signs && self.header.alg.key_type().as_ref() == Some(key.key_type())
    }
}

/// Whether a header's `typ` is that of logout tokens, or says nothing of note (§2.4, RFC 7515 §4.1.9).
fn is_type(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    typ == "jwt" || typ == "logout+jwt"
}

/// What can be told of the claims without knowing the provider (§2.6).
fn check_claims(
    claims: &Map<String, Value>,
    client_id: &str,
    now: Timestamp,
) -> Result<LoggedOut, FederationError> {
    let audience = claims.get("aud");
    let is_ours = match audience {
        Some(Value::String(audience)) => audience == client_id,
        Some(Value::Array(audiences)) => audiences.iter().any(|one| one == client_id),
        _ => false,
    };
    if !is_ours {
        return Err(failed("it was issued for another client"));
    }
    let event = claims.get("events").and_then(|events| events.get(EVENT));
    if !event.is_some_and(Value::is_object) {
        return Err(failed("it does not tell of a logout"));
    }
    if claims.contains_key("nonce") {
        return Err(failed("it holds a nonce: that is an ID Token"));
    }
    let expires_at = check_times(claims, now)?;
    let subject = text(claims, "sub")?;
    let sid = text(claims, "sid")?;
    if subject.is_none() && sid.is_none() {
        return Err(failed("it names neither a subject nor a session"));
    }
    let jti = text(claims, "jti")?.ok_or_else(|| failed("it has no jti"))?;
    Ok(LoggedOut {
        issuer: text(claims, "iss")?.ok_or_else(|| failed("it names no issuer"))?,
        subject,
        sid,
        jti: Secret::from(jti).hash(),
        expires_at,
    })
}

/// That it was issued a moment ago and has not expired. Returns from when that will not be so in any case.
fn check_times(claims: &Map<String, Value>, now: Timestamp) -> Result<Timestamp, FederationError> {
    let at = |name: &str| match claims.get(name) {
        None => Ok(None),
        // RFC 7519 §2: seconds, perhaps with a fraction.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "what is no time of this age is refused below"
        )]
        Some(Value::Number(number)) => Ok(number
            .as_i64()
            .or_else(|| number.as_f64().map(|seconds| seconds as i64))
            .map(Timestamp::from_unix)),
        Some(_) => Err(failed(format!("{name} is no time"))),
    };
    let issued_at = at("iat")?.ok_or_else(|| failed("it does not say when it was issued"))?;
    if issued_at > now.plus(SKEW) {
        return Err(failed("it was issued in the future"));
    }
    if issued_at < now.minus(OLDEST) {
        return Err(failed("it was issued too long ago"));
    }
    if at("exp")?.is_some_and(|expires_at| expires_at <= now.minus(SKEW)) {
        return Err(failed("it has expired"));
    }
    Ok(issued_at.plus(OLDEST).plus(Seconds::new(1)))
}

fn text(claims: &Map<String, Value>, name: &str) -> Result<Option<String>, FederationError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() && text.len() <= longest(name) => {
            Ok(Some(text.clone()))
        }
        Some(_) => Err(failed(format!("{name} is no text of a usual length"))),
    }
}

/// Issuers are addresses.
fn longest(name: &str) -> usize {
    if name == "iss" { 2048 } else { LONGEST }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    /// The claims of an honest token, with some of them replaced; null removes one.
    fn check(replaced: &Value) -> Result<LoggedOut, FederationError> {
        let mut claims = json!({
            "iss": "https://a.test", "aud": "us", "iat": NOW.as_i64(), "exp": NOW.as_i64() + 120, "jti": "one",
            "sub": "ada", "sid": "s1", "events": { EVENT: {} },
        });
        for (name, value) in replaced.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let Value::Object(mut claims) = claims else {
            unreachable!()
        };
        claims.retain(|_, value| !value.is_null());
        check_claims(&claims, "us", NOW)
    }

    #[test]
    fn what_is_well_formed_is_taken() {
        let (all, now) = (check(&json!({})).unwrap(), NOW.as_i64());
        assert_eq!(all.subject.as_deref(), Some("ada"));
        assert_eq!(all.sid.as_deref(), Some("s1"));
        for replaced in [
            json!({ "sid": null }),
            json!({ "sub": null }),
            json!({ "exp": null }),
            json!({ "aud": ["us"] }),
            json!({ "aud": ["others", "us"] }),
            json!({ "iat": now + 60 }),
            json!({ "iat": now - 600, "exp": null }),
            json!({ "iat": 1_800_000_000.25 }),
            json!({ "exp": now - 59 }),
        ] {
            assert!(check(&replaced).is_ok(), "{replaced}");
        }
    }

    #[test]
    fn what_is_not_is_refused() {
        let now = NOW.as_i64();
        for replaced in [
            json!({ "aud": "others" }),
            json!({ "aud": null }),
            json!({ "aud": [] }),
            json!({ "events": null }),
            json!({ "events": {} }),
            json!({ "events": { "https://schemas.openid.net/secevent/caep/event-type/session-revoked": {} } }),
            json!({ "events": { EVENT: null } }),
            json!({ "events": { EVENT: "yes" } }),
            json!({ "events": [EVENT] }),
            json!({ "events": EVENT }),
            json!({ "nonce": "n" }),
            json!({ "nonce": "" }),
            json!({ "iat": null }),
            json!({ "iat": "now" }),
            json!({ "iat": now + 61 }),
            json!({ "iat": now - 601 }),
            json!({ "iat": -1.0e300 }),
            json!({ "iat": 1.0e300 }),
            json!({ "exp": now - 60 }),
            json!({ "exp": "later" }),
            json!({ "sub": null, "sid": null }),
            json!({ "sub": "" }),
            json!({ "sub": 7 }),
            json!({ "sub": "a".repeat(256) }),
            json!({ "sid": ["s1"] }),
            json!({ "jti": null }),
            json!({ "jti": "" }),
            json!({ "iss": null }),
        ] {
            assert!(check(&replaced).is_err(), "{replaced}");
        }
    }

    #[test]
    fn a_header_says_how_it_is_signed_and_what_it_is() {
        let claims = BASE64_URL_SAFE_NO_PAD.encode("{}");
        for (header, is_taken) in [
            (json!({ "alg": "ES256" }), true),
            (json!({ "alg": "ES256", "typ": "JWT" }), true),
            (json!({ "alg": "RS256", "typ": "logout+jwt" }), true),
            (
                json!({ "alg": "RS256", "typ": "application/logout+jwt" }),
                true,
            ),
            (json!({ "alg": "RS256", "typ": "at+jwt" }), false),
            (json!({ "alg": "RS256", "typ": "secevent+jwt" }), false),
            (
                json!({ "alg": "RS256", "crit": ["b64"], "b64": false }),
                false,
            ),
            (json!({ "alg": "none" }), false),
            (json!({ "alg": "HS256" }), false),
            (json!({ "alg": "hs256" }), false),
            (json!({}), false),
        ] {
            let encoded = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
            let token = format!("{encoded}.{claims}.c2ln");
            assert_eq!(Parts::read(&token).is_ok(), is_taken, "{header}");
        }
        for token in [
            "",
            "a",
            "a.b",
            "a.b.c",
            "e30.e30.e30",
            "..",
            "a.b.c.d.e",
            "é.é.é",
        ] {
            assert!(Parts::read(token).is_err(), "{token}");
        }
    }
}
