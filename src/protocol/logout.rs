//! The logout request (OpenID Connect RP-Initiated Logout 1.0 §2), and how Kinde's SDKs write it.
//!
//! Owns reading it. Whether the hint holds, and whether the target is registered, is decided where
//! client and session are known.

use super::{OAuthError, Params, client::redirect_uri_matches, lists};
use crate::{id::ClientId, secret::Secret};

/// The three spellings of where to go afterwards: the standard's, and Kinde's two.
const TARGETS: [&str; 3] = ["post_logout_redirect_uri", "redirect", "redirect_uri"];

/// The longest text that comes back or is looked up. Bytes.
const LONGEST: usize = 4096;

/// A request to sign out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogoutRequest {
    /// Where to go afterwards, in whichever spelling. Unproven.
    pub post_logout_redirect_uri: Option<String>,
    /// Who asks.
    pub client_id: Option<ClientId>,
    /// An ID token of ours, perhaps expired. Not verified here.
    pub id_token_hint: Option<Secret>,
    /// The client's own, returned unaltered.
    pub state: Option<String>,
    /// Who is to be signed out, as the client knows them.
    pub logout_hint: Option<String>,
    /// Languages for the pages, the best first.
    pub ui_locales: Vec<String>,
    /// Whether to end the End-User's sessions everywhere.
    pub all_sessions: bool,
}

impl LogoutRequest {
    /// Reads the request.
    ///
    /// # Errors
    ///
    /// What the End-User is told: nothing is proven, so nobody is redirected.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let text = |name| Ok(params.bounded(name, LONGEST)?.map(str::to_owned));
        let client_id = params.get("client_id")?.map(|text| {
            ClientId::parse(text).ok_or_else(|| OAuthError::invalid_client("the client is unknown"))
        });
        Ok(Self {
            post_logout_redirect_uri: target(params)?.map(str::to_owned),
            client_id: client_id.transpose()?,
            id_token_hint: params.get("id_token_hint")?.map(Secret::from),
            state: text("state")?,
            logout_hint: text("logout_hint")?,
            ui_locales: lists::ui_locales(params)?,
            all_sessions: params.is_true("all_sessions")?,
        })
    }

    /// Finds the target among registered addresses; what is found is safe to redirect to.
    pub fn proven_target<'a>(&self, mut registered: impl Iterator<Item = &'a str>) -> Option<&str> {
        let target = self.post_logout_redirect_uri.as_deref()?;
        registered
            .any(|one| redirect_uri_matches(one, target))
            .then_some(target)
    }
}

/// Reads the target; spellings that disagree are refused, for one of them is not what was meant.
fn target(params: &Params) -> Result<Option<&str>, OAuthError> {
    let mut found = None;
    for name in TARGETS {
        match (found, params.bounded(name, LONGEST)?) {
            (Some(first), Some(other)) if first != other => {
                return Err(OAuthError::invalid_request(format!(
                    "{name} differs from another parameter that says where to go"
                )));
            }
            (_, given) => found = found.or(given),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<LogoutRequest, OAuthError> {
        LogoutRequest::parse(&Params::parse(query).unwrap())
    }

    #[test]
    fn the_target_has_three_spellings() {
        for (query, target) in [
            (
                "post_logout_redirect_uri=https://a.test",
                Some("https://a.test"),
            ),
            ("redirect=https://a.test", Some("https://a.test")),
            ("redirect_uri=https://a.test", Some("https://a.test")),
            (
                "redirect=https://a.test&redirect_uri=https%3A%2F%2Fa.test",
                Some("https://a.test"),
            ),
            (
                "redirect=&redirect_uri=https://a.test",
                Some("https://a.test"),
            ),
            ("redirect=", None),
            ("", None),
        ] {
            assert_eq!(
                parse(query).unwrap().post_logout_redirect_uri.as_deref(),
                target,
                "{query}"
            );
        }
    }

    #[test]
    fn what_conflicts_or_is_malformed_is_refused() {
        for query in [
            "redirect=https://a.test&redirect_uri=https://b.test",
            "post_logout_redirect_uri=https://a.test&redirect=https://b.test",
            "redirect=https://a.test&redirect=https://a.test",
            "client_id=nobody",
            "state=a&state=b",
        ] {
            assert!(parse(query).is_err(), "{query}");
        }
    }

    #[test]
    fn everything_else() {
        let id = "3b0b5c6c8fcc464fab397f4969b5f482";
        let request = parse(&format!(
            "client_id={id}&id_token_hint=e30&state=s+1&logout_hint=ada&ui_locales=de+en\
             &all_sessions=true&utm_source=x"
        ));
        let expected = LogoutRequest {
            post_logout_redirect_uri: None,
            client_id: ClientId::parse(id),
            id_token_hint: Some("e30".into()),
            state: Some("s 1".into()),
            logout_hint: Some("ada".into()),
            ui_locales: vec!["de".into(), "en".into()],
            all_sessions: true,
        };
        assert_eq!(request.unwrap(), expected);
    }

    #[test]
    fn only_a_registered_target_is_proven() {
        let registered = ["https://a.test/bye", "http://127.0.0.1/bye"];
        for (target, proven) in [
            ("https://a.test/bye", true),
            ("http://127.0.0.1:5100/bye", true),
            ("https://a.test/bye?x=1", false),
            ("https://a.test/", false),
            ("https://b.test/bye", false),
        ] {
            let request = parse(&format!("redirect={target}")).unwrap();
            let found = request.proven_target(registered.into_iter());
            assert_eq!(found, proven.then_some(target), "{target}");
        }
    }
}
