//! What a client presents to prove itself (RFC 6749 §2.3, §3.2.1).
//!
//! Owns reading it from header and body. Whether it is right, and whether the client may
//! authenticate this way, is decided where the client is known.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::AuthMethod;
use crate::{
    id::ClientId,
    protocol::{
        OAuthError,
        params::{Params, decode},
    },
    secret::Secret,
};

/// The client that a request says it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentedClient {
    /// Who it says it is.
    pub client_id: ClientId,
    /// How it proves that.
    pub credential: Credential,
}

/// What a client proves itself by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A secret in the `Authorization` header.
    Basic(Secret),
    /// Nothing.
    None,
    /// A secret in the body.
    Post(Secret),
}

impl PresentedClient {
    /// Reads what a request presents.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::protocol::ErrorCode::InvalidRequest) when there is more than one
    /// credential or none says who the client is,
    /// [`InvalidClient`](crate::protocol::ErrorCode::InvalidClient) when one cannot be read.
    pub fn parse(authorization: Option<&str>, params: &Params) -> Result<Self, OAuthError> {
        let named = params.get("client_id")?;
        let posted = params.get("client_secret")?;
        if params.get("client_assertion")?.is_some() {
            return Err(OAuthError::invalid_client(
                "client assertions are not supported",
            ));
        }
        let Some(authorization) = authorization else {
            let client_id = named.ok_or_else(|| {
                OAuthError::invalid_request("client_id is missing, and so is client authentication")
            })?;
            let credential =
                posted.map_or(Credential::None, |secret| Credential::Post(secret.into()));
            return Ok(Self {
                client_id: parse_client_id(client_id)?,
                credential,
            });
        };
        let (client_id, secret) = parse_basic(authorization)?;
        if posted.is_some() {
            return Err(OAuthError::invalid_request(
                "the client authenticates by header and by client_secret; use one of them",
            ));
        }
        if named.is_some_and(|named| named != client_id) {
            return Err(OAuthError::invalid_request(
                "client_id differs from the one in the Authorization header",
            ));
        }
        // RFC 6749 §2.3.1: an empty secret may as well be omitted, so it proves nothing.
        let credential = match secret {
            secret if secret.is_empty() => Credential::None,
            secret => Credential::Basic(secret.into()),
        };
        Ok(Self {
            client_id: parse_client_id(&client_id)?,
            credential,
        })
    }

    /// Gives the way of authentication that was used.
    pub fn method(&self) -> AuthMethod {
        match self.credential {
            Credential::Basic(_) => AuthMethod::ClientSecretBasic,
            Credential::None => AuthMethod::None,
            Credential::Post(_) => AuthMethod::ClientSecretPost,
        }
    }

    /// Gives the secret, if one was presented.
    pub fn secret(&self) -> Option<&Secret> {
        match &self.credential {
            Credential::Basic(secret) | Credential::Post(secret) => Some(secret),
            Credential::None => None,
        }
    }
}

/// One message for a client that is unknown and one that cannot exist: neither is told apart.
pub const UNKNOWN_CLIENT: &str = "the client is unknown or its authentication failed";

fn parse_client_id(text: &str) -> Result<ClientId, OAuthError> {
    ClientId::parse(text).ok_or_else(|| OAuthError::invalid_client(UNKNOWN_CLIENT))
}

/// Reads the `Basic` scheme, whose id and secret are form-encoded (RFC 6749 §2.3.1).
fn parse_basic(authorization: &str) -> Result<(String, String), OAuthError> {
    let malformed = || OAuthError::invalid_client("the Authorization header is malformed");
    let (scheme, encoded) = authorization.split_once(' ').ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return Err(OAuthError::invalid_client(
            "the Authorization header must use the Basic scheme",
        ));
    }
    let decoded = BASE64_STANDARD
        .decode(encoded.trim())
        .map_err(|_| malformed())?;
    let mut halves = decoded.splitn(2, |byte| *byte == b':');
    match (
        halves.next().and_then(decode),
        halves.next().and_then(decode),
    ) {
        (Some(client_id), Some(secret)) => Ok((client_id, secret)),
        _ => Err(malformed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::ErrorCode;

    const ID: &str = "3b0b5c6c8fcc464fab397f4969b5f482";
    const OTHER: &str = "d4d3c5b74e064badb9625a4aa6241bcc";

    fn basic(pair: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    }

    fn parse(authorization: Option<&str>, body: &str) -> Result<Credential, ErrorCode> {
        PresentedClient::parse(authorization, &Params::parse(body).unwrap())
            .inspect(|client| assert_eq!(client.client_id.as_str(), ID))
            .map(|client| client.credential)
            .map_err(|error| error.code)
    }

    #[test]
    fn client_secret_post_and_none() {
        let with_id = format!("client_id={ID}");
        for (body, credential) in [
            (
                format!("{with_id}&client_secret=s"),
                Ok(Credential::Post("s".into())),
            ),
            (format!("{with_id}&client_secret="), Ok(Credential::None)),
            (with_id.clone(), Ok(Credential::None)),
            (String::new(), Err(ErrorCode::InvalidRequest)),
            ("client_secret=s".into(), Err(ErrorCode::InvalidRequest)),
            ("client_id=nobody".into(), Err(ErrorCode::InvalidClient)),
            (
                format!("{with_id}&{with_id}"),
                Err(ErrorCode::InvalidRequest),
            ),
            (
                format!("{with_id}&client_assertion=e30"),
                Err(ErrorCode::InvalidClient),
            ),
        ] {
            assert_eq!(parse(None, &body), credential, "{body}");
        }
    }

    #[test]
    fn client_secret_basic_form_decodes_id_and_secret() {
        let header = basic(&format!("{ID}:s"));
        for (authorization, credential) in [
            (header.clone(), Ok(Credential::Basic("s".into()))),
            (
                header.replace("Basic", "bASIC"),
                Ok(Credential::Basic("s".into())),
            ),
            (
                basic(&format!("{ID}:a%3Ab+c:d")),
                Ok(Credential::Basic("a:b c:d".into())),
            ),
            (basic(&format!("{ID}:")), Ok(Credential::None)),
            (basic(ID), Err(ErrorCode::InvalidClient)),
            (basic("nobody:s"), Err(ErrorCode::InvalidClient)),
            (
                header.replace("Basic", "Bearer"),
                Err(ErrorCode::InvalidClient),
            ),
            ("Basic".into(), Err(ErrorCode::InvalidClient)),
            ("Basic ???".into(), Err(ErrorCode::InvalidClient)),
        ] {
            assert_eq!(
                parse(Some(&authorization), ""),
                credential,
                "{authorization}"
            );
        }
    }

    #[test]
    fn a_client_uses_one_method_and_one_id_in_a_request() {
        let header = basic(&format!("{ID}:s"));
        for (body, credential) in [
            (format!("client_id={ID}"), Ok(Credential::Basic("s".into()))),
            (format!("client_id={OTHER}"), Err(ErrorCode::InvalidRequest)),
            ("client_secret=s".into(), Err(ErrorCode::InvalidRequest)),
            (
                format!("client_id={ID}&client_secret=s"),
                Err(ErrorCode::InvalidRequest),
            ),
        ] {
            assert_eq!(parse(Some(&header), &body), credential, "{body}");
        }
    }

    #[test]
    fn the_method_that_was_used() {
        for (credential, method) in [
            (Credential::Basic("s".into()), AuthMethod::ClientSecretBasic),
            (Credential::Post("s".into()), AuthMethod::ClientSecretPost),
            (Credential::None, AuthMethod::None),
        ] {
            let client_id = ClientId::parse(ID).unwrap();
            assert_eq!(
                PresentedClient {
                    client_id,
                    credential
                }
                .method(),
                method
            );
        }
    }
}
