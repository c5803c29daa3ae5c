//! The token endpoint's request and response (RFC 6749 §4.1.3, §4.4.2, §5.1, §6).
//!
//! Owns reading and writing them. Client authentication is read in
//! [`client::authentication`](super::client::authentication), what a grant is worth is decided by
//! `tokens`.

mod bearer;
mod introspection;

pub use bearer::{basic_challenge, bearer, bearer_challenge, presented_token, www_authenticate};
pub use introspection::{
    IntrospectionRequest, IntrospectionResponse, RevocationRequest, TokenTypeHint,
};

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    client::GrantType,
    error::{ErrorCode, OAuthError},
    params::Params,
    scope::Scopes,
    target::Targets,
    words,
};
use crate::{clock::Seconds, secret::Secret};

/// The longest code or refresh token that is looked up. Bytes; ours have 43.
const LONGEST_SECRET: usize = 512;

/// A token request, without its client.
#[derive(Clone, PartialEq, Eq)]
pub enum TokenRequest {
    /// RFC 6749 §4.1.3, RFC 7636 §4.5.
    AuthorizationCode {
        /// The code.
        code: Secret,
        /// The redirect URI of the authorization request, if it named one.
        redirect_uri: Option<String>,
        /// What the code challenge was made of.
        code_verifier: Option<String>,
        /// The APIs that the access token is for; none named means those of the authorization (RFC 8707 §2.2).
        targets: Targets,
    },
    /// RFC 6749 §4.4.2.
    ClientCredentials {
        /// The scopes asked for; absent means all that the client may have.
        scopes: Option<Scopes>,
        /// The APIs asked for.
        targets: Targets,
    },
    /// RFC 6749 §6.
    RefreshToken {
        /// The token; absent when a browser application has it in a cookie.
        refresh_token: Option<Secret>,
        /// The scopes asked for; absent means those granted.
        scopes: Option<Scopes>,
        /// The APIs that the access token is for; none named means those of the authorization (RFC 8707 §2.2).
        targets: Targets,
    },
}

impl TokenRequest {
    /// Reads a token request.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::InvalidRequest`], [`ErrorCode::InvalidScope`], [`ErrorCode::InvalidTarget`] or
    /// [`ErrorCode::UnsupportedGrantType`].
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let grant_type = params.required("grant_type")?;
        let grant_type = GrantType::parse(grant_type).ok_or_else(|| {
            OAuthError::new(
                ErrorCode::UnsupportedGrantType,
                "grant_type must be authorization_code, refresh_token or client_credentials",
            )
        })?;
        let text = |name| params.get(name).map(|value| value.map(str::to_owned));
        match grant_type {
            GrantType::AuthorizationCode => Ok(Self::AuthorizationCode {
                code: secret(params, "code")?
                    .ok_or_else(|| OAuthError::invalid_request("code is missing"))?,
                redirect_uri: text("redirect_uri")?,
                code_verifier: text("code_verifier")?,
                targets: Targets::read(params)?,
            }),
            GrantType::ClientCredentials => Ok(Self::ClientCredentials {
                scopes: scopes(params)?,
                targets: Targets::read(params)?,
            }),
            GrantType::RefreshToken => Ok(Self::RefreshToken {
                refresh_token: secret(params, "refresh_token")?,
                scopes: scopes(params)?,
                targets: Targets::read(params)?,
            }),
        }
    }

    /// Gives the grant type.
    pub fn grant_type(&self) -> GrantType {
        match self {
            Self::AuthorizationCode { .. } => GrantType::AuthorizationCode,
            Self::ClientCredentials { .. } => GrantType::ClientCredentials,
            Self::RefreshToken { .. } => GrantType::RefreshToken,
        }
    }
}

/// Shows the grant type only: the rest is what a thief would want.
impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenRequest")
            .field(&self.grant_type())
            .finish()
    }
}

/// Reads a code or refresh token. One that is too long is none of ours, not a malformed request.
fn secret(params: &Params, name: &str) -> Result<Option<Secret>, OAuthError> {
    match params.get(name)? {
        Some(text) if text.len() > LONGEST_SECRET => {
            Err(OAuthError::invalid_grant(format!("{name} is unknown")))
        }
        text => Ok(text.map(Secret::from)),
    }
}

fn scopes(params: &Params) -> Result<Option<Scopes>, OAuthError> {
    params.get("scope")?.map(Scopes::parse).transpose()
}

words! {
    /// How an access token is presented (RFC 6749 §7.1).
    pub enum TokenType {
        /// RFC 6750.
        Bearer = "Bearer",
    }
}

/// A successful answer of the token endpoint (RFC 6749 §5.1, Core §3.1.3.3).
///
/// It cannot be printed, and is to be sent with `Cache-Control: no-store`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenResponse {
    /// A signed JWT.
    pub access_token: String,
    /// How it is presented.
    pub token_type: TokenType,
    /// How long it lives.
    pub expires_in: Seconds,
    /// A signed JWT, when `openid` was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// The next refresh token, when `offline` or `offline_access` was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// What was granted, always told, for it may be less than was asked for.
    pub scope: Scopes,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<TokenRequest, ErrorCode> {
        TokenRequest::parse(&Params::parse(body).unwrap()).map_err(|error| error.code)
    }

    #[test]
    fn the_authorization_code_grant() {
        let request = parse("grant_type=authorization_code&code=c&redirect_uri=https://a.test/cb");
        let expected = TokenRequest::AuthorizationCode {
            code: "c".into(),
            redirect_uri: Some("https://a.test/cb".into()),
            code_verifier: None,
            targets: Targets::default(),
        };
        assert_eq!(request, Ok(expected));
        let verified = parse("grant_type=authorization_code&code=c&code_verifier=v");
        let expected = TokenRequest::AuthorizationCode {
            code: "c".into(),
            redirect_uri: None,
            code_verifier: Some("v".into()),
            targets: Targets::default(),
        };
        assert_eq!(verified, Ok(expected));
    }

    #[test]
    fn the_refresh_token_grant() {
        for (body, refresh_token, scopes) in [
            ("refresh_token=r", Some("r"), None),
            ("refresh_token=r&scope=openid", Some("r"), Some("openid")),
            ("client_id=3b0b5c6c8fcc464fab397f4969b5f482", None, None),
        ] {
            let expected = TokenRequest::RefreshToken {
                refresh_token: refresh_token.map(Secret::from),
                scopes: scopes.map(|text| Scopes::parse(text).unwrap()),
                targets: Targets::default(),
            };
            assert_eq!(
                parse(&format!("grant_type=refresh_token&{body}")),
                Ok(expected),
                "{body}"
            );
        }
    }

    #[test]
    fn the_client_credentials_grant() {
        for (body, scopes, audiences) in [
            ("", None, vec![]),
            ("scope=&audience=", None, vec![]),
            (
                "scope=read:users&audience=a&audience=b",
                Some("read:users"),
                vec!["a", "b"],
            ),
        ] {
            let expected = TokenRequest::ClientCredentials {
                scopes: scopes.map(|text| Scopes::parse(text).unwrap()),
                targets: Targets {
                    audiences: audiences.into_iter().map(str::to_owned).collect(),
                    ..Targets::default()
                },
            };
            let request = parse(&format!("grant_type=client_credentials&{body}"));
            assert_eq!(request, Ok(expected), "{body}");
        }
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let long = format!("grant_type=refresh_token&refresh_token={}", "r".repeat(513));
        for (body, code) in [
            ("", ErrorCode::InvalidRequest),
            ("grant_type=password", ErrorCode::UnsupportedGrantType),
            ("grant_type=implicit", ErrorCode::UnsupportedGrantType),
            ("grant_type=authorization_code", ErrorCode::InvalidRequest),
            (
                "grant_type=authorization_code&code=",
                ErrorCode::InvalidRequest,
            ),
            (
                "grant_type=authorization_code&code=a&code=a",
                ErrorCode::InvalidRequest,
            ),
            (
                "grant_type=client_credentials&scope=%22",
                ErrorCode::InvalidScope,
            ),
            (
                "grant_type=client_credentials&resource=x",
                ErrorCode::InvalidTarget,
            ),
            (
                "grant_type=authorization_code&code=c&resource=x",
                ErrorCode::InvalidTarget,
            ),
            (
                "grant_type=refresh_token&refresh_token=r&resource=https://a.test%23",
                ErrorCode::InvalidTarget,
            ),
            (&long, ErrorCode::InvalidGrant),
        ] {
            assert_eq!(parse(body), Err(code), "{body}");
        }
    }

    #[test]
    fn a_request_is_not_printed() {
        let request = parse("grant_type=authorization_code&code=c&code_verifier=hunter2").unwrap();
        assert_eq!(format!("{request:?}"), "TokenRequest(AuthorizationCode)");
    }

    #[test]
    fn the_response_has_numbers_where_numbers_belong_and_leaves_out_what_is_absent() {
        let response = TokenResponse {
            access_token: "a".into(),
            token_type: TokenType::Bearer,
            expires_in: Seconds::new(3600),
            id_token: None,
            refresh_token: None,
            scope: Scopes::parse("read:users").unwrap(),
        };
        assert_eq!(
            serde_json::to_string(&response).unwrap(),
            r#"{"access_token":"a","token_type":"Bearer","expires_in":3600,"scope":"read:users"}"#
        );
        let full = TokenResponse {
            id_token: Some("i".into()),
            refresh_token: Some("r".into()),
            ..response
        };
        let json = serde_json::to_value(&full).unwrap();
        assert_eq!(
            (json["id_token"].as_str(), json["refresh_token"].as_str()),
            (Some("i"), Some("r"))
        );
    }
}
