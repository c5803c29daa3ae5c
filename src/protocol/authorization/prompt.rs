//! Which steps an End-User is, or is not, to be shown.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::protocol::{OAuthError, Params, words};

words! {
    /// A value of `prompt` (Core §3.1.2.1, Initiating User Registration 1.0).
    pub enum Prompt {
        /// Ask for consent, also when it was given.
        Consent = "consent",
        /// Begin with registration.
        Create = "create",
        /// Authenticate again, also when signed in.
        Login = "login",
        /// Show nothing.
        None = "none",
        /// Let the End-User choose an account.
        SelectAccount = "select_account",
    }
}

/// The values of `prompt` in a request; `none` stands alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prompts(BTreeSet<Prompt>);

impl Prompts {
    /// Reads a space-delimited list.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::protocol::ErrorCode::InvalidRequest) for an unknown value, and
    /// for `none` with any other.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        let prompts: BTreeSet<_> = text
            .split(' ')
            .filter(|word| !word.is_empty())
            .map(|word| {
                Prompt::parse(word).ok_or_else(|| {
                    OAuthError::invalid_request(format!("prompt holds the unknown value '{word}'"))
                })
            })
            .collect::<Result<_, _>>()?;
        if prompts.contains(&Prompt::None) && prompts.len() > 1 {
            return Err(OAuthError::invalid_request("prompt=none must stand alone"));
        }
        Ok(Self(prompts))
    }

    /// Whether the value is among them.
    pub fn contains(&self, prompt: Prompt) -> bool {
        self.0.contains(&prompt)
    }

    /// Whether the End-User may be shown nothing.
    pub fn is_none(&self) -> bool {
        self.contains(Prompt::None)
    }

    /// Whether `prompt` was not sent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lists them.
    pub fn iter(&self) -> impl Iterator<Item = Prompt> {
        self.0.iter().copied()
    }
}

impl FromIterator<Prompt> for Prompts {
    fn from_iter<I: IntoIterator<Item = Prompt>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

impl fmt::Display for Prompts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Prompt::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Prompts {
    type Err = OAuthError;

    fn from_str(text: &str) -> Result<Self, OAuthError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Prompts {
    type Error = OAuthError;

    fn try_from(text: String) -> Result<Self, OAuthError> {
        Self::parse(&text)
    }
}

impl From<Prompts> for String {
    fn from(prompts: Prompts) -> Self {
        prompts.to_string()
    }
}

words! {
    /// The page that a sign-in begins with, as Kinde's `start_page` names it.
    pub enum StartPage {
        /// Registration.
        Register = "register",
        /// Sign-in.
        SignIn = "sign_in",
    }
}

impl StartPage {
    /// Reads it from `prompt`, `start_page` and `is_create_org`; unknown values mean sign-in.
    pub(super) fn read(params: &Params, prompts: &Prompts) -> Result<Self, OAuthError> {
        let register = prompts.contains(Prompt::Create)
            || params.get("start_page")? == Some("registration")
            || params.is_true("is_create_org")?;
        Ok(if register {
            Self::Register
        } else {
            Self::SignIn
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompt_none_stands_alone_and_unknown_values_are_refused() {
        for (text, expected) in [
            ("", Some("")),
            ("none", Some("none")),
            ("login consent", Some("consent login")),
            ("login login", Some("login")),
            ("create", Some("create")),
            ("select_account", Some("select_account")),
            ("none none", Some("none")),
            ("none login", None),
            ("Login", None),
            ("signin", None),
        ] {
            let prompts = Prompts::parse(text).ok().map(|prompts| prompts.to_string());
            assert_eq!(prompts.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn which_page_first() {
        use StartPage::{Register, SignIn};
        for (query, prompt, page) in [
            ("", "", SignIn),
            ("", "create", Register),
            ("start_page=registration", "", Register),
            ("start_page=login", "", SignIn),
            ("start_page=elsewhere", "", SignIn),
            ("is_create_org=true", "", Register),
            ("is_create_org=false", "", SignIn),
        ] {
            let params = Params::parse(query).unwrap();
            let prompts = Prompts::parse(prompt).unwrap();
            assert_eq!(
                StartPage::read(&params, &prompts).unwrap(),
                page,
                "{query} {prompt}"
            );
        }
    }
}
