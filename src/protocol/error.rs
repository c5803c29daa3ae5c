//! The errors of OAuth 2.0 and OpenID Connect.
//!
//! Owns the codes and the error a client is told of; where it is written (JSON, redirect,
//! challenge, page) is decided by whoever answers. RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1,
//! RFC 7009 §2.2.1, RFC 8707 §2, OpenID Connect Core 1.0 §3.1.2.6.

use std::{borrow::Cow, error::Error, fmt};

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::words;

words! {
    /// An error code as a client reads it.
    pub enum ErrorCode {
        /// The End-User or the server said no (RFC 6749 §4.1.2.1).
        AccessDenied = "access_denied",
        /// The End-User must choose an account (Core §3.1.2.6).
        AccountSelectionRequired = "account_selection_required",
        /// The End-User must consent (Core §3.1.2.6).
        ConsentRequired = "consent_required",
        /// The access token lacks a scope (RFC 6750 §3.1).
        InsufficientScope = "insufficient_scope",
        /// The End-User must take a step that has no code of its own (Core §3.1.2.6).
        InteractionRequired = "interaction_required",
        /// Client authentication failed (RFC 6749 §5.2).
        InvalidClient = "invalid_client",
        /// The code or refresh token does not hold (RFC 6749 §5.2).
        InvalidGrant = "invalid_grant",
        /// Something is missing, repeated or malformed (RFC 6749 §4.1.2.1, §5.2).
        InvalidRequest = "invalid_request",
        /// The request object does not hold (Core §3.1.2.6).
        InvalidRequestObject = "invalid_request_object",
        /// The `request_uri` does not hold (Core §3.1.2.6).
        InvalidRequestUri = "invalid_request_uri",
        /// The scope is malformed or may not be given (RFC 6749 §4.1.2.1, §5.2).
        InvalidScope = "invalid_scope",
        /// The audience or resource is unknown or may not be given (RFC 8707 §2).
        InvalidTarget = "invalid_target",
        /// The access token does not hold (RFC 6750 §3.1).
        InvalidToken = "invalid_token",
        /// The link into a running sign-in is too old, as Kinde says it.
        LoginLinkExpired = "login_link_expired",
        /// The End-User must sign in (Core §3.1.2.6).
        LoginRequired = "login_required",
        /// The organization is suspended, as Kinde says it.
        OrganizationSuspended = "organization_suspended",
        /// The `registration` parameter is not supported (Core §3.1.2.6).
        RegistrationNotSupported = "registration_not_supported",
        /// The `request` parameter is not supported (Core §3.1.2.6).
        RequestNotSupported = "request_not_supported",
        /// The `request_uri` parameter is not supported (Core §3.1.2.6).
        RequestUriNotSupported = "request_uri_not_supported",
        /// The server failed (RFC 6749 §4.1.2.1).
        ServerError = "server_error",
        /// The server cannot answer now (RFC 6749 §4.1.2.1).
        TemporarilyUnavailable = "temporarily_unavailable",
        /// The client may not use this grant or response type (RFC 6749 §4.1.2.1, §5.2).
        UnauthorizedClient = "unauthorized_client",
        /// The authentication asked for cannot be had (OpenID Connect Core Error Code
        /// `unmet_authentication_requirements` 1.0).
        UnmetAuthenticationRequirements = "unmet_authentication_requirements",
        /// The grant type is unknown (RFC 6749 §5.2).
        UnsupportedGrantType = "unsupported_grant_type",
        /// The response type is unknown (RFC 6749 §4.1.2.1).
        UnsupportedResponseType = "unsupported_response_type",
        /// Tokens of this type cannot be revoked (RFC 7009 §2.2.1).
        UnsupportedTokenType = "unsupported_token_type",
    }
}

impl ErrorCode {
    /// Gives the HTTP status of a JSON answer (RFC 6749 §5.2, RFC 6750 §3.1).
    pub fn status(self) -> u16 {
        match self {
            Self::InsufficientScope => 403,
            Self::InvalidClient | Self::InvalidToken => 401,
            Self::ServerError => 500,
            Self::TemporarilyUnavailable => 503,
            _ => 400,
        }
    }
}

/// An error for a client: what is sent, and what is only logged.
#[derive(Debug)]
pub struct OAuthError {
    /// The code the client decides by.
    pub code: ErrorCode,
    /// A sentence for the developer of the client. Only characters of RFC 6749 §4.1.2.1.
    description: Cow<'static, str>,
    /// What went wrong inside. Logged, never sent.
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// Long enough for any sentence of ours with a value quoted in it. Characters.
const LONGEST_DESCRIPTION: usize = 300;

impl OAuthError {
    /// Makes an error, replacing what RFC 6749 §4.1.2.1 does not allow in a description.
    pub fn new(code: ErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            description: sanitize(description.into()),
            source: None,
        }
    }

    /// Makes an `invalid_client` error.
    pub fn invalid_client(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidClient, description)
    }

    /// Makes an `invalid_grant` error.
    pub fn invalid_grant(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidGrant, description)
    }

    /// Makes an `invalid_request` error.
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidRequest, description)
    }

    /// Makes an `invalid_scope` error.
    pub fn invalid_scope(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidScope, description)
    }

    /// Makes an `invalid_token` error.
    pub fn invalid_token(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidToken, description)
    }

    /// Makes a `server_error` that tells the client nothing of its source.
    pub fn server_error(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ErrorCode::ServerError, "the server failed; try again later").with_source(source)
    }

    /// Keeps what went wrong inside, for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Gives the sentence that is sent.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Gives the HTTP status of a JSON answer.
    pub fn status(&self) -> u16 {
        self.code.status()
    }

    /// Gives the parameters of an error response by redirect (RFC 6749 §4.1.2.1).
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("error", self.code.as_str().to_owned()),
            ("error_description", self.description.to_string()),
        ]
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.description)
    }
}

impl Error for OAuthError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

/// Writes the JSON object of RFC 6749 §5.2.
impl Serialize for OAuthError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("OAuthError", 2)?;
        object.serialize_field("error", &self.code)?;
        object.serialize_field("error_description", &self.description)?;
        object.end()
    }
}

/// Replaces what RFC 6749 §4.1.2.1 keeps out of `error_description`, and shortens it.
fn sanitize(text: Cow<'static, str>) -> Cow<'static, str> {
    if text.len() <= LONGEST_DESCRIPTION && text.chars().all(is_allowed) {
        return text;
    }
    text.chars()
        .take(LONGEST_DESCRIPTION)
        .map(|c| match c {
            '"' => '\'',
            c if is_allowed(c) => c,
            _ => '?',
        })
        .collect::<String>()
        .into()
}

/// `%x20-21 / %x23-5B / %x5D-7E`.
fn is_allowed(c: char) -> bool {
    matches!(c, ' '..='~') && c != '"' && c != '\\'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_description_holds_only_the_characters_of_rfc_6749() {
        let error = OAuthError::invalid_request("prompt \"a\\b\"\r\nSet-Cookie: ü".to_owned());
        assert_eq!(error.description(), "prompt 'a?b'??Set-Cookie: ?");
    }

    #[test]
    fn the_json_of_rfc_6749_5_2_has_error_and_error_description() {
        let error = OAuthError::invalid_grant("the code has expired").with_source("row 7");
        assert_eq!(
            serde_json::to_string(&error).unwrap(),
            r#"{"error":"invalid_grant","error_description":"the code has expired"}"#
        );
        assert_eq!(error.to_string(), "invalid_grant: the code has expired");
        assert_eq!(error.source().unwrap().to_string(), "row 7");
    }

    #[test]
    fn statuses() {
        for (code, status) in [
            (ErrorCode::InvalidClient, 401),
            (ErrorCode::InvalidToken, 401),
            (ErrorCode::InsufficientScope, 403),
            (ErrorCode::InvalidGrant, 400),
            (ErrorCode::AccessDenied, 400),
            (ErrorCode::ServerError, 500),
            (ErrorCode::TemporarilyUnavailable, 503),
        ] {
            assert_eq!(code.status(), status, "{code}");
        }
    }

    proptest! {
        #[test]
        fn any_description_is_made_safe(text in any::<String>()) {
            let error = OAuthError::invalid_request(text);
            prop_assert!(error.description().chars().all(is_allowed));
            prop_assert!(error.description().len() <= LONGEST_DESCRIPTION);
        }
    }
}
