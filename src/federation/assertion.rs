//! What an upstream states of somebody in one sign-in, after its proof was checked.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Timestamp;

/// What is said of one thing: three cases, never two.
///
/// Leaving something out is not the same as saying that there is nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence<T> {
    /// It was not sent.
    #[default]
    Absent,
    /// It was sent, with nothing in it.
    Empty,
    /// This was sent.
    Present(T),
}

impl<T> Presence<T> {
    /// What was sent, if there is something in it.
    pub fn present(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Empty => None,
        }
    }
}

/// What an upstream states of somebody in one sign-in (NIST SP 800-63C).
///
/// Whoever makes one has checked its proof: signature, issuer, audience, nonce, times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assertion {
    /// The upstream that says so.
    pub issuer: String,
    /// What it calls them for ever. Together with the issuer and the connection, the key of their identity.
    pub subject: String,
    /// Everything it says, by claim.
    pub claims: Map<String, Value>,
    /// The groups that they are in there. Absent when the upstream left them out because they are too many.
    pub groups: Presence<Vec<String>>,
    /// Whether the upstream vouches for the mail address as its own kind of provider does.
    pub email_proof: EmailProof,
    /// When they proved to the upstream who they are.
    pub authenticated_at: Option<Timestamp>,
}

/// What vouches for a mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailProof {
    /// The upstream is the business's own, and runs the domains of the connection; no claim says more.
    Domain,
    /// Nothing: anybody there could have entered it.
    #[default]
    None,
    /// The upstream says that it has checked.
    Stated,
    /// The upstream says nothing of it.
    Unsaid,
}

impl Assertion {
    /// What is said by the claim of that name: a text, a number or a truth value as text.
    ///
    /// A name is looked up whole first, since names may be addresses; then as a path whose steps are
    /// separated by dots. Something of another shape is `Err`.
    pub fn text(&self, claim: &str) -> Result<Presence<String>, Malformed> {
        match self.find(claim) {
            None => Ok(Presence::Absent),
            Some(Value::Null) => Ok(Presence::Empty),
            Some(Value::String(text)) => Ok(match text.trim() {
                "" => Presence::Empty,
                text => Presence::Present(text.to_owned()),
            }),
            Some(Value::Bool(truth)) => Ok(Presence::Present(truth.to_string())),
            Some(Value::Number(number)) => Ok(Presence::Present(number.to_string())),
            // SAML knows nothing but lists.
            Some(Value::Array(values)) => match values.as_slice() {
                [] => Ok(Presence::Empty),
                [Value::String(text)] if text.trim().is_empty() => Ok(Presence::Empty),
                [Value::String(text)] => Ok(Presence::Present(text.trim().to_owned())),
                _ => Err(Malformed("several values")),
            },
            Some(Value::Object(_)) => Err(Malformed("an object")),
        }
    }

    /// The texts of a claim that is a list of them, or one text; blank ones are left out.
    ///
    /// A claim of another shape counts as absent: it does not say that there is nothing.
    pub fn list(&self, claim: &str) -> Presence<Vec<String>> {
        let texts: Option<Vec<&str>> = match self.find(claim) {
            Some(Value::Null) => Some(Vec::new()),
            Some(Value::String(text)) => Some(vec![text]),
            Some(Value::Array(values)) => values.iter().map(Value::as_str).collect(),
            _ => None,
        };
        let Some(mut texts) = texts else {
            return Presence::Absent;
        };
        texts.retain(|text| !text.trim().is_empty());
        if texts.is_empty() {
            Presence::Empty
        } else {
            Presence::Present(texts.into_iter().map(str::to_owned).collect())
        }
    }

    /// The same without what is of use to nobody but the two of us, or could be: values that tie it to its request or
    /// to tokens, and whatever looks like a token or is called a secret. This is what is kept.
    #[must_use]
    pub fn redacted(&self) -> Self {
        let claims = self.claims.iter();
        Self {
            claims: claims
                .map(|(name, value)| (name.clone(), redacted(name, value)))
                .collect(),
            ..self.clone()
        }
    }

    /// The same without what was redacted, which was never told to be anything.
    #[must_use]
    pub fn without_redacted(&self) -> Self {
        let kept = |value: &Value| unredacted(value).unwrap_or_default();
        Self {
            claims: match kept(&Value::Object(self.claims.clone())) {
                Value::Object(claims) => claims,
                _ => Map::new(),
            },
            ..self.clone()
        }
    }

    /// The claims that were redacted, in whole or in part, sorted.
    pub fn redacted_claims(&self) -> Vec<&str> {
        let redacted = |value: &Value| unredacted(value).as_ref() != Some(value);
        let claims = self.claims.iter().filter(|(_, value)| redacted(value));
        let mut names: Vec<&str> = claims.map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }

    fn find(&self, claim: &str) -> Option<&Value> {
        if let Some(value) = self.claims.get(claim) {
            return Some(value);
        }
        let mut steps = claim.split('.');
        let first = self.claims.get(steps.next()?)?;
        steps.try_fold(first, |value, step| value.get(step))
    }
}

/// Stands in place of what is not kept.
const REDACTED: &str = "[redacted]";

/// Claims that tie an ID Token to its request and the tokens beside it (OpenID Connect Core 1.0 §2, §3.1.3.6).
const BINDINGS: [&str; 5] = ["at_hash", "c_hash", "jti", "nonce", "s_hash"];

fn redacted(name: &str, value: &Value) -> Value {
    let lower = name.to_lowercase();
    let is_called_so = ["assertion", "password", "secret", "token"]
        .iter()
        .any(|word| lower.contains(word));
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        _ if is_called_so || BINDINGS.contains(&name) => REDACTED.into(),
        Value::String(text) if is_token(text) => REDACTED.into(),
        Value::Array(values) => values.iter().map(|value| redacted("", value)).collect(),
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(name, value)| (name.clone(), redacted(name, value)))
                .collect::<Map<_, _>>()
                .into()
        }
        _ => value.clone(),
    }
}

/// A value as far as it was kept; nothing when it was not.
fn unredacted(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) if text == REDACTED => None,
        Value::Array(values) => Some(values.iter().filter_map(unredacted).collect()),
        Value::Object(members) => {
            let kept = members
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), unredacted(value)?)));
            Some(kept.collect::<Map<_, _>>().into())
        }
        _ => Some(value.clone()),
    }
}

/// Whether a text is a token in compact form (RFC 7515 §7.1), whose first part is a JSON object.
fn is_token(text: &str) -> bool {
    text.starts_with("eyJ") && text.contains('.')
}

/// A claim has another shape than the mapping expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the claim holds {0}, where one text is expected")]
pub struct Malformed(pub &'static str);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_kept_holds_no_token() {
        let Value::Object(claims) = json!({
            "sub": "1", "email_verified": true, "nonce": "n", "at_hash": "h", "refreshToken": "r", "token_expired": false,
            "address": { "locality": "London", "client_secret": "s" },
            "inner": ["eyJhbGciOiJub25lIn0.e30.", "plain"], "count": 7,
        }) else {
            unreachable!()
        };
        let assertion = Assertion {
            issuer: String::new(),
            subject: "1".to_owned(),
            claims,
            groups: Presence::Absent,
            email_proof: EmailProof::None,
            authenticated_at: None,
        };
        let expected = json!({
            "sub": "1", "email_verified": true, "nonce": "[redacted]", "at_hash": "[redacted]",
            "refreshToken": "[redacted]", "token_expired": false,
            "address": { "locality": "London", "client_secret": "[redacted]" },
            "inner": ["[redacted]", "plain"], "count": 7,
        });
        let kept = assertion.redacted();
        assert_eq!(Value::Object(kept.claims.clone()), expected);
        assert_eq!(kept.redacted(), kept);
        // What was not kept counts as absent.
        let told = json!({
            "sub": "1", "email_verified": true, "token_expired": false,
            "address": { "locality": "London" }, "inner": ["plain"], "count": 7,
        });
        assert_eq!(Value::Object(kept.without_redacted().claims), told);
        let redacted = ["address", "at_hash", "inner", "nonce", "refreshToken"];
        assert_eq!(kept.redacted_claims(), redacted);
    }

    #[test]
    fn a_claim_is_absent_empty_or_present() {
        let Value::Object(claims) = json!({
            "name": "Ada", "blank": " ", "null": null, "none": [], "one": ["x"], "blank_one": [""], "two": ["a", "b"],
            "number": 7, "mixed": ["a", 7, "b"], "address": { "locality": "London" }, "https://a.test/x.y": "whole",
        }) else {
            unreachable!()
        };
        let assertion = Assertion {
            issuer: String::new(),
            subject: String::new(),
            claims,
            groups: Presence::Absent,
            email_proof: EmailProof::None,
            authenticated_at: None,
        };
        let present = |text: &str| Ok(Presence::Present(text.to_owned()));
        for (claim, expected) in [
            ("name", present("Ada")),
            ("blank", Ok(Presence::Empty)),
            ("null", Ok(Presence::Empty)),
            ("none", Ok(Presence::Empty)),
            ("blank_one", Ok(Presence::Empty)),
            ("one", present("x")),
            ("two", Err(Malformed("several values"))),
            ("number", present("7")),
            ("mixed", Err(Malformed("several values"))),
            ("address", Err(Malformed("an object"))),
            ("address.locality", present("London")),
            ("address.country", Ok(Presence::Absent)),
            ("https://a.test/x.y", present("whole")),
            ("missing", Ok(Presence::Absent)),
        ] {
            assert_eq!(assertion.text(claim), expected, "{claim}");
        }
        let list = |claim| assertion.list(claim);
        assert_eq!(list("two"), Presence::Present(vec!["a".into(), "b".into()]));
        assert_eq!(list("name"), Presence::Present(vec!["Ada".into()]));
        for empty in ["none", "null", "blank", "blank_one"] {
            assert_eq!(list(empty), Presence::Empty, "{empty}");
        }
        for absent in ["missing", "number", "mixed", "address"] {
            assert_eq!(list(absent), Presence::Absent, "{absent}");
        }
    }
}
