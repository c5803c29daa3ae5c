//! Scopes.
//!
//! Owns their syntax and set operations (RFC 6749 §3.3) and the names that OpenID Connect and
//! Kinde give a meaning. Which scopes a client may have is decided elsewhere.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::error::OAuthError;

/// The address (OpenID Connect Core 1.0 §5.4).
pub const ADDRESS: &str = "address";
/// The email address (Core §5.4).
pub const EMAIL: &str = "email";
/// A refresh token, as Kinde's SDKs ask for it.
pub const OFFLINE: &str = "offline";
/// A refresh token (Core §11).
pub const OFFLINE_ACCESS: &str = "offline_access";
/// OpenID Connect rather than OAuth: an ID token (Core §3.1.2.1).
pub const OPENID: &str = "openid";
/// The phone number (Core §5.4).
pub const PHONE: &str = "phone";
/// The default profile (Core §5.4).
pub const PROFILE: &str = "profile";

/// Whether OpenID Connect or Kinde gives the scope a meaning, so that it is of no API.
pub fn is_reserved(scope: &str) -> bool {
    [
        ADDRESS,
        EMAIL,
        OFFLINE,
        OFFLINE_ACCESS,
        OPENID,
        PHONE,
        PROFILE,
    ]
    .contains(&scope)
}

/// One scope token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(String);

impl Scope {
    /// Reads `1*( %x21 / %x23-5B / %x5D-7E )`; `None` for anything else.
    pub fn parse(token: &str) -> Option<Self> {
        let allowed = |byte| matches!(byte, b'!'..=b'~') && byte != b'"' && byte != b'\\';
        (!token.is_empty() && token.bytes().all(allowed)).then(|| Self(token.to_owned()))
    }

    /// Gives the token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Scope {
    type Error = String;

    fn try_from(token: String) -> Result<Self, String> {
        Self::parse(&token).ok_or_else(|| format!("{token:?} is not a scope"))
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.0
    }
}

/// A set of scopes that remembers the order in which they were named.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// The largest number of scopes that is read.
    pub const MAX_COUNT: usize = 200;

    /// Reads a space-delimited list.
    ///
    /// # Errors
    ///
    /// [`super::ErrorCode::InvalidScope`] when a token is malformed or there are too many.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        let tokens = text.split(' ').filter(|token| !token.is_empty());
        let mut scopes = Self::default();
        for token in tokens {
            let scope = Scope::parse(token)
                .ok_or_else(|| OAuthError::invalid_scope("scope holds a forbidden character"))?;
            scopes.insert(scope);
            if scopes.0.len() > Self::MAX_COUNT {
                return Err(OAuthError::invalid_scope("scope names too many scopes"));
            }
        }
        Ok(scopes)
    }

    /// Adds a scope, unless it is there.
    pub fn insert(&mut self, scope: Scope) {
        if !self.contains(scope.as_str()) {
            self.0.push(scope);
        }
    }

    /// Whether the scope is among them.
    pub fn contains(&self, scope: &str) -> bool {
        self.iter().any(|own| own == scope)
    }

    /// Gives those that are also among the others.
    #[must_use]
    pub fn intersection(&self, others: &Self) -> Self {
        self.filter(|scope| others.contains(scope))
    }

    /// Gives those that are not among the others.
    #[must_use]
    pub fn difference(&self, others: &Self) -> Self {
        self.filter(|scope| !others.contains(scope))
    }

    /// Gives those that are in either.
    #[must_use]
    pub fn union(&self, others: &Self) -> Self {
        self.0.iter().chain(&others.0).cloned().collect()
    }

    /// Gives those that the condition holds for.
    #[must_use]
    pub fn filter(&self, condition: impl Fn(&str) -> bool) -> Self {
        Self(
            self.0
                .iter()
                .filter(|scope| condition(scope.as_str()))
                .cloned()
                .collect(),
        )
    }

    /// Whether all are among the others.
    pub fn is_subset(&self, others: &Self) -> bool {
        self.iter().all(|scope| others.contains(scope))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lists them in the order in which they were named.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Scope::as_str)
    }

    /// Whether a refresh token is asked for, by either name.
    pub fn wants_refresh_token(&self) -> bool {
        self.contains(OFFLINE) || self.contains(OFFLINE_ACCESS)
    }
}

/// Order is without meaning (RFC 6749 §3.3).
impl PartialEq for Scopes {
    fn eq(&self, others: &Self) -> bool {
        self.0.len() == others.0.len() && self.is_subset(others)
    }
}

impl Eq for Scopes {}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope)?;
        }
        Ok(())
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(iter: I) -> Self {
        let mut scopes = Self::default();
        iter.into_iter().for_each(|scope| scopes.insert(scope));
        scopes
    }
}

impl FromStr for Scopes {
    type Err = OAuthError;

    fn from_str(text: &str) -> Result<Self, OAuthError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Scopes {
    type Error = OAuthError;

    fn try_from(text: String) -> Result<Self, OAuthError> {
        Self::parse(&text)
    }
}

impl From<Scopes> for String {
    fn from(scopes: Scopes) -> Self {
        scopes.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::ErrorCode;

    fn scopes(text: &str) -> Scopes {
        Scopes::parse(text).unwrap()
    }

    #[test]
    fn the_order_of_scopes_is_without_meaning() {
        assert_eq!(scopes("openid email"), scopes("email  openid openid "));
        assert_eq!(scopes("email  openid openid ").to_string(), "email openid");
        assert_ne!(scopes("openid"), scopes("openid email"));
    }

    #[test]
    fn a_scope_token_holds_the_characters_of_rfc_6749_3_3() {
        for (text, holds) in [
            ("read:users", true),
            ("https://api.example.test/orders", true),
            ("!#[]~", true),
            ("", true),
            ("a\"b", false),
            ("a\\b", false),
            ("a\tb", false),
            ("lesen/büro", false),
        ] {
            let parsed = Scopes::parse(text).map_err(|error| error.code);
            assert_eq!(parsed.is_ok(), holds, "{text}");
            assert!(holds || parsed == Err(ErrorCode::InvalidScope), "{text}");
        }
        assert_eq!(Scope::parse(""), None);
        assert_eq!(Scope::parse("a b"), None);
    }

    #[test]
    fn too_many_scopes_are_an_invalid_scope() {
        let many = |count: usize| {
            (0..count)
                .map(|n| n.to_string())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert!(Scopes::parse(&many(Scopes::MAX_COUNT)).is_ok());
        assert!(Scopes::parse(&many(Scopes::MAX_COUNT + 1)).is_err());
    }

    #[test]
    fn set_operations() {
        let (asked, allowed) = (scopes("openid email admin"), scopes("email openid profile"));
        assert_eq!(asked.intersection(&allowed).to_string(), "openid email");
        assert_eq!(asked.difference(&allowed).to_string(), "admin");
        assert_eq!(
            asked.union(&allowed).to_string(),
            "openid email admin profile"
        );
        assert!(asked.intersection(&allowed).is_subset(&allowed));
        assert!(!asked.is_subset(&allowed));
    }

    #[test]
    fn offline_and_offline_access_both_ask_for_a_refresh_token() {
        for (text, wants) in [
            ("openid offline", true),
            ("openid offline_access", true),
            ("openid", false),
        ] {
            assert_eq!(scopes(text).wants_refresh_token(), wants, "{text}");
        }
    }

    #[test]
    fn serde_writes_the_space_delimited_string() {
        let json = serde_json::to_string(&scopes("openid email")).unwrap();
        assert_eq!(json, r#""openid email""#);
        assert_eq!(
            serde_json::from_str::<Scopes>(&json).unwrap(),
            scopes("openid email")
        );
        assert!(serde_json::from_str::<Scopes>(r#""a\"b""#).is_err());
    }
}
