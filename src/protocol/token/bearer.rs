//! Bearer tokens at a resource, and the challenges that ask for credentials.
//!
//! RFC 6750 §2 and §3, RFC 7617 §2. A token in the query is never read (RFC 9700 §4.3.2
//! rules out RFC 6750 §2.3).

use crate::{
    protocol::{OAuthError, Params},
    secret::Secret,
};

/// Reads a bearer token from an `Authorization` header; `None` for no header or another scheme.
///
/// # Errors
///
/// [`InvalidRequest`](crate::protocol::ErrorCode::InvalidRequest) when no token follows the
/// scheme, [`InvalidToken`](crate::protocol::ErrorCode::InvalidToken) when it is none that RFC 6750
/// §2.1 allows.
pub fn bearer(authorization: Option<&str>) -> Result<Option<&str>, OAuthError> {
    let Some(authorization) = authorization else {
        return Ok(None);
    };
    let (scheme, token) = authorization.split_once(' ').unwrap_or((authorization, ""));
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Ok(None);
    }
    match token.trim_start_matches(' ') {
        "" => Err(OAuthError::invalid_request(
            "the Authorization header holds no token",
        )),
        token if is_b64token(token) => Ok(Some(token)),
        _ => Err(OAuthError::invalid_token("the access token is malformed")),
    }
}

/// Reads a bearer token from the header or from a form body, but not from both (RFC 6750 §2).
pub fn presented_token(
    authorization: Option<&str>,
    body: Option<&Params>,
) -> Result<Option<Secret>, OAuthError> {
    let posted = body
        .map(|body| body.get("access_token"))
        .transpose()?
        .flatten();
    match (bearer(authorization)?, posted) {
        (Some(_), Some(_)) => Err(OAuthError::invalid_request(
            "the access token is in the header and in the body; use one of them",
        )),
        (None, Some(token)) if !is_b64token(token) => {
            Err(OAuthError::invalid_token("the access token is malformed"))
        }
        (header, posted) => Ok(header.or(posted).map(Secret::from)),
    }
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn is_b64token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty()
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

/// Writes the `WWW-Authenticate` header for an error at a resource (RFC 6750 §3).
pub fn www_authenticate(error: &OAuthError, realm: &str) -> String {
    format!(
        r#"{}, error="{}", error_description="{}""#,
        bearer_challenge(realm),
        error.code,
        error.description()
    )
}

/// Writes the header for a request that held no credentials, which is told no error (RFC 6750 §3.1).
pub fn bearer_challenge(realm: &str) -> String {
    format!(r#"Bearer realm="{}""#, quotable(realm))
}

/// Writes the header for a client that failed to authenticate by header (RFC 6749 §5.2).
pub fn basic_challenge(realm: &str) -> String {
    format!(r#"Basic realm="{}""#, quotable(realm))
}

/// Leaves out what may not stand in a quoted string (RFC 9110 §5.6.4).
fn quotable(text: &str) -> String {
    text.chars()
        .filter(|c| matches!(c, ' '..='~') && *c != '"' && *c != '\\')
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::ErrorCode;

    #[test]
    fn the_authorization_header() {
        for (header, expected) in [
            (None, Ok(None)),
            (Some("Bearer abc.def-_~+/=="), Ok(Some("abc.def-_~+/=="))),
            (Some("bEARER abc"), Ok(Some("abc"))),
            (Some("Bearer  abc"), Ok(Some("abc"))),
            (Some("Basic YTpi"), Ok(None)),
            (Some("Bearer"), Err(ErrorCode::InvalidRequest)),
            (Some("Bearer "), Err(ErrorCode::InvalidRequest)),
            (Some("Bearer a b"), Err(ErrorCode::InvalidToken)),
            (Some("Bearer ="), Err(ErrorCode::InvalidToken)),
            (Some("Bearer a=b"), Err(ErrorCode::InvalidToken)),
        ] {
            assert_eq!(
                bearer(header).map_err(|error| error.code),
                expected,
                "{header:?}"
            );
        }
    }

    #[test]
    fn a_token_is_presented_by_header_or_by_body() {
        for (header, body, expected) in [
            (Some("Bearer h"), "", Ok(Some("h"))),
            (None, "access_token=b", Ok(Some("b"))),
            (None, "", Ok(None)),
            (
                Some("Bearer h"),
                "access_token=b",
                Err(ErrorCode::InvalidRequest),
            ),
            (None, "access_token=a%20b", Err(ErrorCode::InvalidToken)),
            (
                None,
                "access_token=a&access_token=b",
                Err(ErrorCode::InvalidRequest),
            ),
        ] {
            let body = Params::parse(body).unwrap();
            let token = presented_token(header, Some(&body)).map_err(|error| error.code);
            assert_eq!(
                token,
                expected.map(|token| token.map(Secret::from)),
                "{header:?}"
            );
        }
    }

    #[test]
    fn the_challenge_of_rfc_6750_3() {
        let error = OAuthError::invalid_token("the token \"x\" has expired");
        assert_eq!(
            www_authenticate(&error, "https://id.example.test"),
            "Bearer realm=\"https://id.example.test\", error=\"invalid_token\", \
             error_description=\"the token 'x' has expired\""
        );
        assert_eq!(bearer_challenge("a\"\r\nb"), "Bearer realm=\"ab\"");
        assert_eq!(basic_challenge("id"), "Basic realm=\"id\"");
    }
}
