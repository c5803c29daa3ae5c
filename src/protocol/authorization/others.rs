//! Parameters of an authorization request that mean nothing here (RFC 6749 §3.1 has them ignored): kept for an upstream
//! that they may mean something to.

use std::collections::BTreeMap;

use crate::protocol::Params;

/// The parameters that mean something here, secret or not: they go nowhere else.
const OURS: [&str; 28] = [
    "acr_values",
    "audience",
    "claims",
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "connection_id",
    "id_token_hint",
    "invitation_code",
    "is_create_org",
    "lang",
    "login_hint",
    "max_age",
    "nonce",
    "org_code",
    "org_name",
    "prompt",
    "redirect_uri",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "start_page",
    "state",
    "ui_locales",
];

/// How many are kept.
const MOST: usize = 20;

/// The longest name that is kept. Bytes.
const LONGEST_NAME: usize = 100;

/// The longest value that is kept. Bytes.
const LONGEST_VALUE: usize = 512;

/// The other parameters, each sent once; not those that are too long, nor those that are too many.
pub(super) fn read(params: &Params) -> BTreeMap<String, String> {
    let is_kept = |name: &str, value: &str| {
        !OURS.contains(&name)
            && (1..=LONGEST_NAME).contains(&name.len())
            && value.len() <= LONGEST_VALUE
            && !value.contains(char::is_control)
            && params.all(name).count() == 1
    };
    params
        .iter()
        .filter(|(name, value)| is_kept(name, value))
        .take(MOST)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_nothing_here_is_kept_within_bounds() {
        let long = "a".repeat(513);
        let query =
            format!("hd=acme.test&state=x&invitation_code=y&twice=1&twice=2&long={long}&n=%0A");
        let kept = read(&Params::parse(query).unwrap());
        assert_eq!(
            kept,
            BTreeMap::from([("hd".to_owned(), "acme.test".to_owned())])
        );
        let many: Vec<String> = (0..50).map(|number| format!("p{number}=1")).collect();
        let kept = read(&Params::parse(many.join("&")).unwrap());
        assert_eq!(kept.len(), MOST);
    }
}
