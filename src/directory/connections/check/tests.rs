use std::collections::BTreeMap;

use super::*;
use crate::directory::connections::options::Parameter;
use crate::federation::mapping::{Attribute, Mode, Rule};

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const OTHER_TENANT: &str = "A2f988bf-86f1-41af-91ab-2d7cd011db47";

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn params(pairs: &[(&str, &str)]) -> BTreeMap<String, Parameter> {
    let pair =
        |(name, value): &(&str, &str)| (name.to_string(), Parameter::Text(value.to_string()));
    pairs.iter().map(pair).collect()
}

/// The option that is refused; none when all is well.
fn refused(kind: Kind, adjust: impl FnOnce(&mut Options)) -> Option<String> {
    let mut options = Options::default();
    adjust(&mut options);
    match settings(kind, &options) {
        Err(Refused::Invalid { field, .. }) => Some(field),
        Err(other) => panic!("{other}"),
        Ok(_) => None,
    }
}

#[test]
fn addresses_are_https_but_on_this_machine() {
    for (issuer, is_allowed) in [
        ("https://accounts.example.test", true),
        ("https://accounts.example.test/realms/one", true),
        ("http://localhost:9000", true),
        ("http://127.0.0.1:9000", true),
        ("http://[::1]:9000", true),
        ("", true),
        ("http://accounts.example.test", false),
        ("http://localhost.example.test", false),
        ("ftp://accounts.example.test", false),
        ("javascript:alert(1)", false),
        ("accounts.example.test", false),
        ("https://user:hunter2@accounts.example.test", false),
        ("https://accounts.example.test?tenant=1", false),
        ("https://accounts.example.test#one", false),
    ] {
        let field = refused(Kind::Oidc, |options| {
            options.issuer = Some(issuer.to_owned());
        });
        assert_eq!(field.is_none(), is_allowed, "{issuer}");
    }
    let error = settings(
        Kind::Oidc,
        &Options {
            issuer: Some("https://user:hunter2@accounts.example.test".to_owned()),
            ..Options::default()
        },
    );
    assert!(!error.unwrap_err().to_string().contains("hunter2"));
    for (authority, is_allowed) in [
        ("https://login.microsoftonline.us/", true),
        ("https://login.microsoftonline.us/common", false),
    ] {
        let field = refused(Kind::EntraId, |options| {
            options.authority = Some(authority.to_owned());
        });
        assert_eq!(field.is_none(), is_allowed, "{authority}");
    }
}

#[test]
fn tenants_are_ids_or_one_domain() {
    for (tenants, expected) in [
        (&[][..], Some(&[][..])),
        (&[TENANT], Some(&[TENANT])),
        (&["Acme.onmicrosoft.com"], Some(&["acme.onmicrosoft.com"])),
        (
            &[OTHER_TENANT, TENANT, TENANT],
            Some(&[TENANT, "a2f988bf-86f1-41af-91ab-2d7cd011db47"]),
        ),
        (&["common"], None),
        (&["organizations"], None),
        (&["a/b.test"], None),
        (&[TENANT, "acme.test"], None),
    ] {
        let found = super::tenants(&texts(tenants)).ok();
        assert_eq!(found, expected.map(texts), "{tenants:?}");
    }
}

#[test]
fn a_restriction_that_would_restrict_nothing_is_refused() {
    type Adjust = fn(&mut Options);
    let rows: [(Kind, Adjust, &str); 6] = [
        (
            Kind::Oidc,
            |it| it.hosted_domains = texts(&["acme.test"]),
            "hosted_domains",
        ),
        (Kind::Google, |it| it.tenants = texts(&[TENANT]), "tenants"),
        (
            Kind::EntraId,
            |it| it.issuer = Some("https://a.test".to_owned()),
            "issuer",
        ),
        (
            Kind::Oidc,
            |it| it.token_endpoint = Some("https://a.test".to_owned()),
            "token_endpoint",
        ),
        (
            Kind::OAuth2,
            |it| it.groups_claim = Some("groups".to_owned()),
            "groups_claim",
        ),
        (
            Kind::Google,
            |it| it.is_retrieve_provider_user_groups = true,
            "is_retrieve_provider_user_groups",
        ),
    ];
    for (kind, adjust, field) in rows {
        assert_eq!(refused(kind, adjust), Some(format!("options.{field}")));
    }
}

#[test]
fn parameters_are_never_those_of_the_protocol() {
    for (fixed, forwarded, field) in [
        (&[("prompt", "select_account")][..], &["hd"][..], None),
        (&[("state", "x")], &[], Some("upstream_params")),
        (&[("client_secret", "x")], &[], Some("upstream_params")),
        (&[("redirect_uri", "x")], &[], Some("upstream_params")),
        (&[("request", "x")], &[], Some("upstream_params")),
        (&[("scope", "x")], &[], Some("upstream_params")),
        (&[("a b", "x")], &[], Some("upstream_params")),
        (&[("", "x")], &[], Some("upstream_params")),
        (&[("hd", "two\nlines")], &[], Some("upstream_params")),
        (
            &[("hd", "acme.test")],
            &["hd"],
            Some("forwarded_parameters"),
        ),
        (&[], &["nonce"], Some("forwarded_parameters")),
        (&[], &["login_hint"], Some("forwarded_parameters")),
        (&[], &["a&b"], Some("forwarded_parameters")),
    ] {
        let found = refused(Kind::Oidc, |options| {
            options.upstream_params = params(fixed);
            options.forwarded_parameters = texts(forwarded);
        });
        let expected = field.map(|field| format!("options.{field}"));
        assert_eq!(found, expected, "{fixed:?} {forwarded:?}");
    }
}

#[test]
fn scopes_ids_and_roots_are_what_they_say() {
    type Adjust = fn(&mut Options);
    let rows: [(Adjust, Option<&str>); 8] = [
        (|it| it.scopes = texts(&["openid", "email"]), None),
        (|it| it.scopes = texts(&["openid email"]), Some("scopes")),
        (|it| it.scopes = texts(&[""]), Some("scopes")),
        (|it| it.client_id = "two\nlines".into(), Some("client_id")),
        (|it| it.client_id = "a".repeat(256), Some("client_id")),
        (|it| it.extra_roots = Some(" ".to_owned()), None),
        (
            |it| it.extra_roots = Some("no certificate".to_owned()),
            Some("extra_roots"),
        ),
        (
            |it| {
                it.extra_roots = Some(
                    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
                );
            },
            Some("extra_roots"),
        ),
    ];
    for (index, (adjust, field)) in rows.into_iter().enumerate() {
        let expected = field.map(|field| format!("options.{field}"));
        assert_eq!(refused(Kind::Oidc, adjust), expected, "row {index}");
    }
}

#[test]
fn a_mapping_that_says_nothing_is_the_usual_one() {
    let oidc = settings(Kind::Oidc, &Options::default()).unwrap();
    let none = mapping(&oidc, &Mapping::default());
    assert_eq!(none, Ok(Mapping::standard()));
    let of = |claim: &str| {
        let rule = Rule {
            claim: claim.to_owned(),
            mode: Mode::Fill,
            clear_when_empty: true,
        };
        Mapping([(Attribute::Email, rule)].into())
    };
    assert_eq!(mapping(&oidc, &of("mail")), Ok(of("mail")));
    assert!(mapping(&oidc, &of("")).is_err());
}

#[test]
fn signing_out_there_is_for_openid_providers_and_at_an_https_address() {
    for (kind, endpoint, field) in [
        (Kind::Oidc, "", None),
        (Kind::Oidc, "https://sso.acme.test/logout?realm=one", None),
        (Kind::Google, "https://sso.acme.test/logout", None),
        (Kind::EntraId, "https://sso.acme.test/logout", None),
        (
            Kind::Oidc,
            "http://sso.acme.test/logout",
            Some("end_session_endpoint"),
        ),
        (
            Kind::Oidc,
            "javascript:alert(1)",
            Some("end_session_endpoint"),
        ),
        (
            Kind::OAuth2,
            "https://sso.acme.test/logout",
            Some("end_session_endpoint"),
        ),
        (Kind::OAuth2, "", Some("is_provider_sign_out_enabled")),
    ] {
        let found = refused(kind, |options| {
            options.is_provider_sign_out_enabled = true;
            options.end_session_endpoint = Some(endpoint.to_owned());
        });
        let expected = field.map(|field| format!("options.{field}"));
        assert_eq!(found, expected, "{kind} {endpoint}");
    }
}
