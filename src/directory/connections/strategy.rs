//! Strategies: what published clients call the kinds of connections, and what is usual for each. Pure.

use super::Refused;
use super::options::Options;
use crate::federation::mapping::{Attribute, Mapping, Mode, Rule};
use crate::federation::settings::{Kind, Settings};

/// Providers that published clients know, and that are not known here.
const UNKNOWN: [&str; 13] = [
    "oauth2:apple",
    "oauth2:bitbucket",
    "oauth2:discord",
    "oauth2:facebook",
    "oauth2:gitlab",
    "oauth2:linkedin",
    "oauth2:microsoft",
    "oauth2:patreon",
    "oauth2:slack",
    "oauth2:stripe",
    "oauth2:twitch",
    "oauth2:twitter",
    "oauth2:xero",
];

const GITHUB: &str = "https://github.com/login/oauth/authorize";

/// The kind of a strategy, and what is set of a new connection of it unless its options say otherwise.
pub(super) fn parse(strategy: &str) -> Result<(Kind, Options), Refused> {
    let kind = match strategy {
        "oauth2:azure_ad" => Kind::EntraId,
        "oauth2:github" => return Ok((Kind::OAuth2, github())),
        "oauth2:google" => Kind::Google,
        word if UNKNOWN.contains(&word) => {
            return Err(Refused::Strategy(format!(
                "{word} has no settings of its own here: if the provider speaks OpenID Connect, say oidc with its issuer; otherwise oauth2 with its endpoints"
            )));
        }
        word if word.starts_with("saml:") || word.starts_with("wsfed:") => {
            return Err(Refused::Strategy(format!(
                "{word} is not supported: connect the provider by OpenID Connect (oidc), or oauth2:azure_ad for Entra ID"
            )));
        }
        word => Kind::parse(word).ok_or_else(|| {
            Refused::Strategy(format!(
                "{word:?} is none of oidc, oauth2, google, entra_id, oauth2:google, oauth2:azure_ad and oauth2:github"
            ))
        })?,
    };
    Ok((kind, Options::default()))
}

/// What published clients call a connection with these settings.
pub fn name(settings: &Settings) -> &'static str {
    match settings {
        Settings::EntraId(_) => "oauth2:azure_ad",
        Settings::Google(_) => "oauth2:google",
        Settings::OAuth2(settings) if settings.authorization_endpoint == GITHUB => "oauth2:github",
        Settings::OAuth2(_) => "oauth2",
        Settings::Oidc(_) => "oidc",
    }
}

/// GitHub: <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>.
fn github() -> Options {
    let text = |text: &str| Some(text.to_owned());
    Options {
        authorization_endpoint: text(GITHUB),
        emails_endpoint: text("https://api.github.com/user/emails"),
        profile_endpoint: text("https://api.github.com/user"),
        scopes: vec!["read:user".to_owned(), "user:email".to_owned()],
        subject_claim: text("id"),
        token_endpoint: text("https://github.com/login/oauth/access_token"),
        ..Options::default()
    }
}

/// Which claim gives which attribute, where nothing is said of it.
pub(super) fn usual_mapping(settings: &Settings) -> Mapping {
    if name(settings) != "oauth2:github" {
        return Mapping::standard();
    }
    // It tells one name, which is not divided into given and family name.
    let rules = [
        (Attribute::Email, "email"),
        (Attribute::Picture, "avatar_url"),
        (Attribute::PreferredUsername, "login"),
        (Attribute::Profile, "html_url"),
    ];
    let rule = |(attribute, claim): (Attribute, &str)| {
        let rule = Rule {
            claim: claim.to_owned(),
            mode: Mode::Follow,
            clear_when_empty: false,
        };
        (attribute, rule)
    };
    Mapping(rules.map(rule).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::connections::check;

    #[test]
    fn each_strategy_has_a_kind_or_is_refused() {
        for (strategy, kind) in [
            ("oauth2:google", Some(Kind::Google)),
            ("google", Some(Kind::Google)),
            ("oauth2:azure_ad", Some(Kind::EntraId)),
            ("entra_id", Some(Kind::EntraId)),
            ("oauth2:github", Some(Kind::OAuth2)),
            ("oauth2", Some(Kind::OAuth2)),
            ("oidc", Some(Kind::Oidc)),
            ("oauth2:apple", None),
            ("oauth2:xero", None),
            ("saml:custom", None),
            ("wsfed:azure_ad", None),
            ("OIDC", None),
            ("", None),
        ] {
            assert_eq!(
                parse(strategy).ok().map(|(kind, _)| kind),
                kind,
                "{strategy}"
            );
        }
    }

    #[test]
    fn a_strategy_is_told_as_it_was_said() {
        for strategy in [
            "oauth2:google",
            "oauth2:azure_ad",
            "oauth2:github",
            "oauth2",
            "oidc",
        ] {
            let (kind, options) = parse(strategy).unwrap();
            let settings = check::settings(kind, &options).unwrap();
            assert_eq!(name(&settings), strategy);
        }
    }
}
