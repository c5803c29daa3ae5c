//! What an authorization request to an upstream wants, besides what the protocol needs.

use std::collections::BTreeMap;

use super::settings::Registration;
use crate::clock::Seconds;

/// What an authorization request wants besides.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Whom the client expects (Core §3.1.2.1).
    pub login_hint: Option<String>,
    /// Whether they are to prove anew who they are.
    pub login_again: bool,
    /// How long ago they may have done so.
    pub max_age: Option<Seconds>,
    /// Languages for the upstream's pages, the best first.
    pub ui_locales: Vec<String>,
    /// Parameters of the client's request that mean nothing here: the connection passes on those that it names.
    pub forwarded: BTreeMap<String, String>,
}

impl Wishes {
    /// The parameters of an authorization request besides those of the protocol: those that are set of the connection,
    /// and of the others those that it passes on. What is wished for here goes before either.
    pub(super) fn parameters<'a>(
        &'a self,
        client: &'a Registration,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let passed_on = |name: &String| {
            client.forwarded_parameters.contains(name) && !client.parameters.contains_key(name)
        };
        let forwarded = self
            .forwarded
            .iter()
            .filter(move |(name, _)| passed_on(name));
        let all = client.parameters.iter().chain(forwarded);
        let is_wished = |name: &str| match name {
            "login_hint" => self.login_hint.is_some(),
            "max_age" => self.max_age.is_some(),
            "prompt" => self.login_again,
            "ui_locales" => !self.ui_locales.is_empty(),
            _ => false,
        };
        all.filter(move |(name, _)| !is_wished(name))
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_goes_before_what_a_client_sends_and_what_is_wished_before_both() {
        let pairs = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
            pairs.iter().map(owned).collect()
        };
        let client = Registration {
            parameters: pairs(&[("hd", "acme.test"), ("prompt", "select_account")]),
            forwarded_parameters: vec!["hd".to_owned(), "domain".to_owned()],
            ..Registration::default()
        };
        let mut wishes = Wishes {
            forwarded: pairs(&[("hd", "evil.test"), ("domain", "a.test"), ("state", "x")]),
            ..Wishes::default()
        };
        let told = |wishes: &Wishes| -> Vec<String> {
            let all = wishes.parameters(&client);
            all.map(|(name, value)| format!("{name}={value}")).collect()
        };
        let expected = ["hd=acme.test", "prompt=select_account", "domain=a.test"];
        assert_eq!(told(&wishes), expected);
        wishes.login_again = true;
        assert_eq!(told(&wishes), ["hd=acme.test", "domain=a.test"]);
    }
}
