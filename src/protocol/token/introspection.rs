//! Introspection (RFC 7662) and revocation (RFC 7009) of tokens.

use serde::{Deserialize, Serialize};

use super::TokenType;
use crate::{
    clock::Timestamp,
    id::{ClientId, OrganizationId},
    protocol::{OAuthError, Params, Scopes, words},
    secret::Secret,
};

words! {
    /// What a client believes a token to be (RFC 7009 §2.1).
    pub enum TokenTypeHint {
        /// An access token.
        AccessToken = "access_token",
        /// A refresh token.
        RefreshToken = "refresh_token",
    }
}

impl TokenTypeHint {
    /// Reads the hint; one that is not understood is ignored (RFC 7009 §2.1, RFC 7662 §2.1).
    ///
    /// `token_type` is an older spelling, which Kinde's SDKs send.
    fn read(params: &Params) -> Result<Option<Self>, OAuthError> {
        let hint = params.get("token_type_hint")?.or(params.get("token_type")?);
        Ok(hint.and_then(Self::parse))
    }
}

/// A request to know about a token (RFC 7662 §2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntrospectionRequest {
    /// The token.
    pub token: Secret,
    /// What it may be.
    pub token_type_hint: Option<TokenTypeHint>,
}

impl IntrospectionRequest {
    /// Reads the request.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        Ok(Self {
            token: params.required("token")?.into(),
            token_type_hint: TokenTypeHint::read(params)?,
        })
    }
}

/// A request to end a token (RFC 7009 §2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationRequest {
    /// The token.
    pub token: Secret,
    /// What it may be.
    pub token_type_hint: Option<TokenTypeHint>,
}

impl RevocationRequest {
    /// Reads the request.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        Ok(Self {
            token: params.required("token")?.into(),
            token_type_hint: TokenTypeHint::read(params)?,
        })
    }
}

/// What is known of a token (RFC 7662 §2.2). Of one that is not active, nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntrospectionResponse {
    /// Whether it holds now.
    pub active: bool,
    /// The APIs it is for; an array also when there is one or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<Vec<String>>,
    /// The client it was given to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<Timestamp>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<Timestamp>,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Its own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The organization it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org_code: Option<OrganizationId>,
    /// What its user may there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// The roles that its user has there, as tokens write them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<serde_json::Value>,
    /// What it allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scopes>,
    /// Whom it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// How it is presented; absent for refresh tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<TokenType>,
}

impl IntrospectionResponse {
    /// Says that a token does not hold, and no more (RFC 7662 §2.2).
    pub fn inactive() -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_hint_is_ignored() {
        use TokenTypeHint::{AccessToken, RefreshToken};
        for (body, hint) in [
            ("token=t", None),
            ("token=t&token_type_hint=access_token", Some(AccessToken)),
            ("token=t&token_type_hint=refresh_token", Some(RefreshToken)),
            ("token=t&token_type=refresh_token", Some(RefreshToken)),
            ("token=t&token_type_hint=pigeon", None),
        ] {
            let params = Params::parse(body).unwrap();
            assert_eq!(
                RevocationRequest::parse(&params).unwrap().token_type_hint,
                hint,
                "{body}"
            );
            let introspection = IntrospectionRequest::parse(&params).unwrap();
            assert_eq!(
                (introspection.token, introspection.token_type_hint),
                ("t".into(), hint)
            );
        }
        assert!(RevocationRequest::parse(&Params::default()).is_err());
        assert!(IntrospectionRequest::parse(&Params::default()).is_err());
    }

    #[test]
    fn of_a_token_that_is_not_active_nothing_is_told() {
        let json = serde_json::to_string(&IntrospectionResponse::inactive()).unwrap();
        assert_eq!(json, r#"{"active":false}"#);
    }

    #[test]
    fn times_are_numbers_and_aud_an_array() {
        let response = IntrospectionResponse {
            active: true,
            aud: Some(Vec::new()),
            exp: Some(Timestamp::from_unix(1_795_338_020)),
            scope: Some(Scopes::parse("openid").unwrap()),
            token_type: Some(TokenType::Bearer),
            ..IntrospectionResponse::default()
        };
        assert_eq!(
            serde_json::to_string(&response).unwrap(),
            r#"{"active":true,"aud":[],"exp":1795338020,"scope":"openid","token_type":"Bearer"}"#
        );
    }
}
