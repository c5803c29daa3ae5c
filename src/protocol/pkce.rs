//! Proof Key for Code Exchange (RFC 7636).
//!
//! Only `S256` is accepted (RFC 9700 §2.1.1): `plain` shows the verifier to whoever sees the
//! authorization request.

use std::{fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{error::OAuthError, params::Params};

/// A code challenge of method `S256`: the SHA-256 of the verifier, in base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// Reads a challenge (RFC 7636 §4.2).
    ///
    /// # Errors
    ///
    /// [`super::ErrorCode::InvalidRequest`] when no verifier could ever match it.
    pub fn parse(challenge: &str) -> Result<Self, OAuthError> {
        match BASE64_URL_SAFE_NO_PAD.decode(challenge) {
            Ok(hash) if hash.len() == 32 => Ok(Self(challenge.to_owned())),
            _ => Err(OAuthError::invalid_request(
                "code_challenge must be a SHA-256 hash in base64url, 43 characters without padding",
            )),
        }
    }

    /// Reads the parameters of an authorization request (RFC 7636 §4.3).
    ///
    /// # Errors
    ///
    /// [`super::ErrorCode::InvalidRequest`] when the method is not `S256`; none means `plain`.
    pub fn from_params(params: &Params) -> Result<Option<Self>, OAuthError> {
        let method = params.get("code_challenge_method")?;
        match (params.get("code_challenge")?, method) {
            (Some(challenge), Some("S256")) => Self::parse(challenge).map(Some),
            (Some(_), _) => Err(OAuthError::invalid_request(
                "code_challenge_method must be S256",
            )),
            (None, Some(_)) => Err(OAuthError::invalid_request("code_challenge is missing")),
            (None, None) => Ok(None),
        }
    }

    /// Makes the challenge of a verifier.
    pub fn of(verifier: &str) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)))
    }

    /// Gives the challenge as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CodeChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CodeChallenge {
    type Err = OAuthError;

    fn from_str(challenge: &str) -> Result<Self, OAuthError> {
        Self::parse(challenge)
    }
}

impl TryFrom<String> for CodeChallenge {
    type Error = OAuthError;

    fn try_from(challenge: String) -> Result<Self, OAuthError> {
        Self::parse(&challenge)
    }
}

impl From<CodeChallenge> for String {
    fn from(challenge: CodeChallenge) -> Self {
        challenge.0
    }
}

/// Verifies a code verifier against its challenge, in constant time (RFC 7636 §4.6).
///
/// # Errors
///
/// [`super::ErrorCode::InvalidGrant`] when they do not match.
pub fn verify(challenge: &CodeChallenge, verifier: &str) -> Result<(), OAuthError> {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        return Err(OAuthError::invalid_grant(
            "code_verifier must be 43 to 128 letters, digits or -._~",
        ));
    }
    let computed = CodeChallenge::of(verifier);
    if computed.0.as_bytes().ct_eq(challenge.0.as_bytes()).into() {
        Ok(())
    } else {
        Err(OAuthError::invalid_grant(
            "code_verifier does not match code_challenge",
        ))
    }
}

/// Verifies what came with a code against what came with its authorization request.
///
/// A challenge demands a verifier, and a verifier demands a challenge: otherwise whoever strips the
/// challenge from a request switches the protection off (RFC 9700 §4.8.2).
///
/// # Errors
///
/// [`super::ErrorCode::InvalidGrant`] when one is there without the other, or they do not match.
pub fn verify_both(
    challenge: Option<&CodeChallenge>,
    verifier: Option<&str>,
) -> Result<(), OAuthError> {
    match (challenge, verifier) {
        (Some(challenge), Some(verifier)) => verify(challenge, verifier),
        (Some(_), None) => Err(OAuthError::invalid_grant("code_verifier is missing")),
        (None, Some(_)) => Err(OAuthError::invalid_grant(
            "code_verifier was sent, but the authorization request had no code_challenge",
        )),
        (None, None) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::ErrorCode;

    /// The pair of RFC 7636 Appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_appendix_b_matches() {
        let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
        assert_eq!(CodeChallenge::of(VERIFIER), challenge);
        assert!(verify(&challenge, VERIFIER).is_ok());
    }

    #[test]
    fn a_wrong_verifier_is_an_invalid_grant() {
        let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
        for verifier in [
            "",
            CHALLENGE,
            &VERIFIER[..42],
            &"a".repeat(129),
            &"ä".repeat(43),
        ] {
            let error = verify(&challenge, verifier).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidGrant, "{verifier}");
        }
    }

    #[test]
    fn a_verifier_of_43_to_128_characters_is_accepted() {
        for (length, accepted) in [(42, false), (43, true), (128, true), (129, false)] {
            let verifier = "a".repeat(length);
            let outcome = verify(&CodeChallenge::of(&verifier), &verifier);
            assert_eq!(outcome.is_ok(), accepted, "{length}");
        }
    }

    #[test]
    fn the_parameters_of_an_authorization_request() {
        for (query, description) in [
            (
                format!("code_challenge={CHALLENGE}&code_challenge_method=S256"),
                "",
            ),
            (String::new(), ""),
            (
                format!("code_challenge={CHALLENGE}"),
                "code_challenge_method must be S256",
            ),
            (
                format!("code_challenge={CHALLENGE}&code_challenge_method=plain"),
                "code_challenge_method must be S256",
            ),
            (
                "code_challenge_method=S256".into(),
                "code_challenge is missing",
            ),
        ] {
            let parsed = CodeChallenge::from_params(&Params::parse(&query).unwrap());
            let found = parsed
                .as_ref()
                .err()
                .map_or("", |error| error.description());
            assert_eq!(found, description, "{query}");
        }
    }

    #[test]
    fn a_challenge_that_is_no_sha_256_hash_is_an_invalid_request() {
        for challenge in [
            "",
            &CHALLENGE[..42],
            &format!("{CHALLENGE}="),
            &"a".repeat(44),
            &"+".repeat(43),
        ] {
            let error = CodeChallenge::parse(challenge).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidRequest, "{challenge}");
        }
    }

    #[test]
    fn a_challenge_demands_a_verifier_and_a_verifier_a_challenge() {
        let challenge = CodeChallenge::of(VERIFIER);
        assert!(verify_both(None, None).is_ok());
        assert!(verify_both(Some(&challenge), Some(VERIFIER)).is_ok());
        assert!(verify_both(Some(&challenge), None).is_err());
        assert!(verify_both(None, Some(VERIFIER)).is_err());
    }
}
