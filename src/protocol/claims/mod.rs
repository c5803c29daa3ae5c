//! Claims about the End-User (OpenID Connect Core 1.0 §5).
//!
//! Owns what the standard claims are, how a client asks for them, and which of them a response
//! carries. Where they come from, and what consent they need, is decided elsewhere.

pub mod format;
mod request;
mod standard;

pub use request::{ClaimRequest, ClaimsRequest, RequestedClaims};
pub use standard::{Address, StandardClaims};

use serde_json::{Map, Value};

use super::scope::{self, Scopes};

/// The claims that a scope asks for (Core §5.4).
pub const OF_SCOPES: &[(&str, &[&str])] = &[
    (
        scope::PROFILE,
        &[
            "name",
            "given_name",
            "family_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    (scope::EMAIL, &["email", "email_verified"]),
    (scope::ADDRESS, &["address"]),
    (scope::PHONE, &["phone_number", "phone_number_verified"]),
];

/// The claims that Kinde's ID token carries for a scope.
///
/// Its SDKs read the user from the ID token and store it in cookies, so it stays small.
const IN_KINDE_ID_TOKEN: &[(&str, &[&str])] = &[
    (
        scope::PROFILE,
        &[
            "name",
            "given_name",
            "family_name",
            "preferred_username",
            "picture",
            "updated_at",
        ],
    ),
    (scope::EMAIL, &["email", "email_verified"]),
    (scope::PHONE, &["phone_number", "phone_number_verified"]),
];

/// Gives the claims of a UserInfo response: those of the scopes and those asked for by name.
pub fn for_userinfo(
    claims: &StandardClaims,
    scopes: &Scopes,
    request: &ClaimsRequest,
) -> Map<String, Value> {
    select(claims, scopes, &request.userinfo, OF_SCOPES)
}

/// Gives the claims of an ID token that comes with an access token (Core §5.4, §5.5).
///
/// Those are the ones asked for by name, and with `of_scopes` also those that Kinde's ID token
/// carries for the scopes.
pub fn for_id_token(
    claims: &StandardClaims,
    scopes: &Scopes,
    request: &ClaimsRequest,
    of_scopes: bool,
) -> Map<String, Value> {
    select(
        claims,
        scopes,
        &request.id_token,
        if of_scopes { IN_KINDE_ID_TOKEN } else { &[] },
    )
}

/// Gives the claims that are known and that a scope, through the table, or a name asks for.
fn select(
    claims: &StandardClaims,
    scopes: &Scopes,
    requested: &RequestedClaims,
    of_scopes: &[(&str, &[&str])],
) -> Map<String, Value> {
    let asked = |name: &str| {
        requested.contains_key(name)
            || of_scopes
                .iter()
                .any(|(scope, names)| scopes.contains(scope) && names.contains(&name))
    };
    let mut selected = claims.to_map();
    selected.retain(|name, _| asked(name));
    selected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> StandardClaims {
        StandardClaims {
            name: Some("Ada Byron".into()),
            given_name: Some("Ada".into()),
            nickname: Some(String::new()),
            picture: Some("https://id.example.test/ada.png".into()),
            gender: Some("female".into()),
            email: Some("ada@example.test".into()),
            email_verified: Some(true),
            phone_number: Some("+44 20 7946 0000".into()),
            address: Some(Address {
                locality: Some("London".into()),
                ..Address::default()
            }),
            ..StandardClaims::default()
        }
    }

    fn names(map: &Map<String, Value>) -> Vec<&str> {
        let mut names: Vec<_> = map.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn userinfo_gives_the_claims_of_the_scopes_and_those_asked_for() {
        for (scopes, claims, expected) in [
            ("openid", "{}", vec![]),
            ("openid email", "{}", vec!["email", "email_verified"]),
            (
                "openid profile",
                "{}",
                vec!["gender", "given_name", "name", "picture"],
            ),
            (
                "openid address phone",
                "{}",
                vec!["address", "phone_number"],
            ),
            (
                "openid",
                r#"{"userinfo":{"name":{"essential":true}}}"#,
                vec!["name"],
            ),
            (
                "openid",
                r#"{"userinfo":{"nickname":null,"shoe_size":null}}"#,
                vec![],
            ),
            ("openid", r#"{"id_token":{"name":null}}"#, vec![]),
        ] {
            let request = ClaimsRequest::parse(claims).unwrap();
            let selected = for_userinfo(&ada(), &Scopes::parse(scopes).unwrap(), &request);
            assert_eq!(names(&selected), expected, "{scopes} {claims}");
        }
    }

    #[test]
    fn the_id_token_gives_the_claims_of_the_scopes_only_when_told_to() {
        for (scopes, claims, of_scopes, expected) in [
            ("openid profile email", "{}", false, vec![]),
            (
                "openid profile",
                "{}",
                true,
                vec!["given_name", "name", "picture"],
            ),
            ("openid email", "{}", true, vec!["email", "email_verified"]),
            ("openid address", "{}", true, vec![]),
            (
                "openid profile",
                r#"{"id_token":{"gender":null}}"#,
                false,
                vec!["gender"],
            ),
            ("openid", r#"{"userinfo":{"name":null}}"#, true, vec![]),
        ] {
            let request = ClaimsRequest::parse(claims).unwrap();
            let scopes = Scopes::parse(scopes).unwrap();
            let selected = for_id_token(&ada(), &scopes, &request, of_scopes);
            assert_eq!(names(&selected), expected, "{scopes} {claims} {of_scopes}");
        }
    }

    #[test]
    fn every_claim_of_a_scope_is_a_standard_claim() {
        let known = StandardClaims::names();
        for (scope, names) in OF_SCOPES {
            for name in *names {
                assert!(known.contains(name), "{scope} {name}");
            }
        }
        let listed: usize = OF_SCOPES.iter().map(|(_, names)| names.len()).sum();
        assert_eq!(listed, known.len());
    }
}
