//! Which APIs a token is wanted for (RFC 8707).
//!
//! `resource` is the standard's way of asking, one absolute URI each; `audience` is Kinde's, may be
//! repeated, hold several separated by spaces, or be empty, which means none. Both select
//! registered APIs, and may come together.

use std::borrow::Cow;

use url::Url;

use super::{
    error::{ErrorCode, OAuthError},
    params::Params,
};

/// The largest number of APIs that is read. A longer list is no honest request.
const MAX_COUNT: usize = 50;

/// The APIs that a request names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// By `audience`.
    pub audiences: Vec<String>,
    /// By `resource` (RFC 8707 §2).
    pub resources: Vec<String>,
}

impl Targets {
    /// Reads both parameters.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::InvalidTarget`] when a resource is no absolute URI, or there are too many.
    pub fn read(params: &Params) -> Result<Self, OAuthError> {
        let named = params.all("audience").flat_map(str::split_ascii_whitespace);
        let resources: Vec<&str> = params
            .all("resource")
            .map(parse_resource)
            .collect::<Result<_, _>>()?;
        let targets = Self {
            audiences: each_once(named),
            resources: each_once(resources.into_iter()),
        };
        if targets.audiences.len() + targets.resources.len() > MAX_COUNT {
            return Err(invalid_target("the request names too many APIs"));
        }
        Ok(targets)
    }

    /// All of them, each once.
    pub fn all(&self) -> Vec<String> {
        let both = self.audiences.iter().chain(&self.resources);
        each_once(both.map(String::as_str))
    }

    /// The first resource that `is_known` denies.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::InvalidTarget`] (RFC 8707 §2), when there is one.
    pub fn check_resources(&self, is_known: impl Fn(&str) -> bool) -> Result<(), OAuthError> {
        match self.resources.iter().find(|resource| !is_known(resource)) {
            None => Ok(()),
            Some(resource) => Err(invalid_target(format!(
                "this client may not call the API {resource}; register it for that API first"
            ))),
        }
    }

    /// Of what was `granted`, what this request chooses: what it names, or all when it names nothing
    /// (RFC 8707 §2.2).
    ///
    /// # Errors
    ///
    /// [`ErrorCode::InvalidTarget`] when it names what was not granted.
    pub fn choose(&self, granted: &[String]) -> Result<Vec<String>, OAuthError> {
        let wanted = self.all();
        if let Some(more) = wanted.iter().find(|wanted| !granted.contains(wanted)) {
            return Err(invalid_target(format!(
                "the authorization is not for the API {more}"
            )));
        }
        Ok(granted
            .iter()
            .filter(|one| wanted.is_empty() || wanted.contains(one))
            .cloned()
            .collect())
    }
}

fn invalid_target(why: impl Into<Cow<'static, str>>) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidTarget, why)
}

/// An absolute URI without a fragment (RFC 8707 §2).
fn parse_resource(resource: &str) -> Result<&str, OAuthError> {
    match Url::parse(resource) {
        Ok(url) if url.fragment().is_none() => Ok(resource),
        _ => Err(invalid_target(
            "resource must be an absolute URI without a fragment",
        )),
    }
}

fn each_once<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for value in values {
        if !seen.iter().any(|known| known == value) {
            seen.push(value.to_owned());
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Targets, ErrorCode> {
        Targets::read(&Params::parse(query).unwrap()).map_err(|error| error.code)
    }

    fn owned(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn audience_may_be_one_many_or_empty_and_resource_be_repeated() {
        for (query, expected) in [
            ("", vec![]),
            ("audience=&resource=", vec![]),
            ("audience=a", vec!["a"]),
            ("audience=a&audience=b&audience=a", vec!["a", "b"]),
            ("audience=a+b", vec!["a", "b"]),
            (
                "resource=https://b.test&resource=urn:c&audience=a",
                vec!["a", "https://b.test", "urn:c"],
            ),
            (
                "resource=https://b.test&audience=https://b.test",
                vec!["https://b.test"],
            ),
        ] {
            assert_eq!(read(query).unwrap().all(), expected, "{query}");
        }
    }

    #[test]
    fn a_resource_that_is_no_absolute_uri_is_an_invalid_target() {
        for query in [
            "resource=orders",
            "resource=/orders",
            "resource=https://a.test/%2523x%23y",
            "resource=https://a.test/%23",
            "resource=https://a.test&resource=orders",
            "resource=https://a.test+https://b.test%23",
        ] {
            assert_eq!(read(query), Err(ErrorCode::InvalidTarget), "{query}");
        }
        let many = (0..=MAX_COUNT).map(|n| n.to_string()).collect::<Vec<_>>();
        let many = format!("audience={}", many.join("+"));
        assert_eq!(read(&many), Err(ErrorCode::InvalidTarget));
    }

    #[test]
    fn a_token_request_chooses_among_what_was_granted() {
        let granted = owned(&["https://a.test", "https://b.test"]);
        for (query, expected) in [
            ("", Some(granted.clone())),
            ("audience=&resource=", Some(granted.clone())),
            ("resource=https://b.test", Some(owned(&["https://b.test"]))),
            ("audience=https://a.test", Some(owned(&["https://a.test"]))),
            (
                "audience=https://b.test&resource=https://a.test",
                Some(granted.clone()),
            ),
            ("resource=https://a.test/", None),
            ("resource=https://a.test&resource=https://c.test", None),
            ("audience=c", None),
        ] {
            let chosen = read(query).unwrap().choose(&granted);
            let chosen = chosen.map_err(|error| error.code);
            assert_eq!(chosen, expected.ok_or(ErrorCode::InvalidTarget), "{query}");
        }
    }
}
