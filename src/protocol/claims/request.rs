//! The `claims` request parameter (OpenID Connect Core 1.0 §5.5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::protocol::OAuthError;

/// The claims asked for in one place, by name; `None` is a request without further wishes.
pub type RequestedClaims = BTreeMap<String, Option<ClaimRequest>>;

/// Which claims are asked for by name. Unknown names are kept and never found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimsRequest {
    /// In the ID token.
    #[serde(deserialize_with = "null_is_empty")]
    pub id_token: RequestedClaims,
    /// From the UserInfo endpoint.
    #[serde(deserialize_with = "null_is_empty")]
    pub userinfo: RequestedClaims,
}

/// What is wished of one claim (Core §5.5.1).
///
/// A client that asks for a value of a claim like `email` gets the claim with the value it has:
/// only for `sub`, `acr` and `auth_time` does the answer depend on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimRequest {
    /// Whether the client cannot do without it.
    pub essential: bool,
    /// The value it should have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The values it may have, the preferred first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<Value>>,
}

impl ClaimsRequest {
    /// The longest parameter that is read. Bytes.
    const LONGEST: usize = 16 * 1024;

    /// The largest number of claims that is read, in each place.
    const MAX_COUNT: usize = 100;

    /// Reads the parameter.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::protocol::ErrorCode::InvalidRequest) when it is not the JSON
    /// object described in Core §5.5, or too large.
    pub fn parse(json: &str) -> Result<Self, OAuthError> {
        if json.len() > Self::LONGEST {
            return Err(OAuthError::invalid_request("claims is too long"));
        }
        // An object first: serde would take an array for the struct as well.
        let request: Self = serde_json::from_str::<Map<String, Value>>(json)
            .and_then(|members| serde_json::from_value(Value::Object(members)))
            .map_err(|error| {
                OAuthError::invalid_request(
                    "claims is not the JSON object of OpenID Connect Core 5.5",
                )
                .with_source(error)
            })?;
        if request.id_token.len().max(request.userinfo.len()) > Self::MAX_COUNT {
            return Err(OAuthError::invalid_request(
                "claims asks for too many claims",
            ));
        }
        Ok(request)
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.id_token.is_empty() && self.userinfo.is_empty()
    }

    /// Gives the one subject the answer may be about (Core §5.5.1: `sub` with a value).
    pub fn subject(&self) -> Option<&str> {
        self.id_token
            .get("sub")
            .or_else(|| self.userinfo.get("sub"))?
            .as_ref()?
            .value
            .as_ref()?
            .as_str()
    }

    /// Whether the ID token must say when the End-User authenticated (Core §2, `auth_time`).
    pub fn wants_auth_time(&self) -> bool {
        self.id_token.contains_key("auth_time")
    }

    /// Gives the request for `acr` in the ID token (Core §5.5.1.1).
    pub fn acr(&self) -> Option<&ClaimRequest> {
        self.id_token.get("acr")?.as_ref()
    }
}

impl ClaimRequest {
    /// Whether a value is one of those asked for; any is, when none was named.
    pub fn accepts(&self, value: &Value) -> bool {
        match (&self.value, &self.values) {
            (None, None) => true,
            (one, any) => {
                one.as_ref() == Some(value)
                    || any.as_ref().is_some_and(|values| values.contains(value))
            }
        }
    }
}

fn null_is_empty<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<RequestedClaims, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_example_of_core_5_5() {
        let request = ClaimsRequest::parse(
            r#"{
                "userinfo": {
                    "given_name": {"essential": true}, "nickname": null,
                    "email": {"essential": true}, "http://example.info/claims/groups": null
                },
                "id_token": {
                    "auth_time": {"essential": true},
                    "acr": {"values": ["urn:mace:incommon:iap:silver"]}
                }
            }"#,
        )
        .unwrap();
        assert!(request.userinfo["given_name"].as_ref().unwrap().essential);
        assert_eq!(request.userinfo["nickname"], None);
        assert!(request.wants_auth_time());
        assert!(
            request
                .acr()
                .unwrap()
                .accepts(&json!("urn:mace:incommon:iap:silver"))
        );
        assert!(!request.acr().unwrap().accepts(&json!("0")));
        let stored = serde_json::to_string(&request).unwrap();
        assert_eq!(
            serde_json::from_str::<ClaimsRequest>(&stored).unwrap(),
            request
        );
    }

    #[test]
    fn what_is_not_understood_is_ignored_and_what_is_malformed_refused() {
        for (json, accepted) in [
            ("{}", true),
            (r#"{"userinfo":null}"#, true),
            (
                r#"{"verified_claims":{"x":1},"userinfo":{"shoe_size":null}}"#,
                true,
            ),
            (
                r#"{"id_token":{"name":{"essential":false,"purpose":"why"}}}"#,
                true,
            ),
            (r#"{"id_token":{"acr":{"value":{"any":["json"]}}}}"#, true),
            ("", false),
            ("null", false),
            ("[]", false),
            (r#"{"userinfo":[]}"#, false),
            (r#"{"userinfo":{"name":true}}"#, false),
            (r#"{"userinfo":{"name":{"essential":"yes"}}}"#, false),
        ] {
            assert_eq!(ClaimsRequest::parse(json).is_ok(), accepted, "{json}");
        }
    }

    #[test]
    fn number_and_depth_are_bounded() {
        let claims = |count: usize| {
            let named: Map<_, _> = (0..count).map(|n| (format!("c{n}"), Value::Null)).collect();
            json!({"userinfo": named}).to_string()
        };
        assert!(ClaimsRequest::parse(&claims(100)).is_ok());
        assert!(ClaimsRequest::parse(&claims(101)).is_err());
        let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(2000), "]".repeat(2000));
        assert!(ClaimsRequest::parse(&deep).is_err());
    }

    #[test]
    fn the_subject_asked_for() {
        for (json, subject) in [
            (r#"{"id_token":{"sub":{"value":"kp_1"}}}"#, Some("kp_1")),
            (r#"{"userinfo":{"sub":{"value":"kp_1"}}}"#, Some("kp_1")),
            (r#"{"id_token":{"sub":null}}"#, None),
            (r#"{"id_token":{"sub":{"essential":true}}}"#, None),
        ] {
            assert_eq!(
                ClaimsRequest::parse(json).unwrap().subject(),
                subject,
                "{json}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_input_panics(json in any::<String>()) {
            let _ = ClaimsRequest::parse(&json);
        }
    }
}
