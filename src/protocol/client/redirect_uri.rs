//! Redirect URIs: which may be registered, and which fits a registered one.
//!
//! They are compared as strings (RFC 9700 §2.1, §4.1.3); only the port of a loopback address may
//! vary (RFC 8252 §7.3). Nothing is normalised: what was registered is what is redirected to.

use url::{Host, Url};

use super::ApplicationKind;

/// The longest URI that may be registered. Bytes.
const LONGEST: usize = 2048;

/// Whether a presented redirect URI is the registered one.
pub fn redirect_uri_matches(registered: &str, presented: &str) -> bool {
    registered == presented
        || match (split_loopback(registered), split_loopback(presented)) {
            (Some(registered), Some(presented)) => registered == presented,
            _ => false,
        }
}

/// The origin of a URI as browsers write it (RFC 6454 §6.1), or none, as with schemes of apps.
pub fn origin(uri: &str) -> Option<String> {
    let origin = Url::parse(uri).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

/// Splits `http://127.0.0.1:port/rest` into address and rest, leaving out the port.
///
/// `localhost` is no address (RFC 8252 §8.3), so its port may not vary.
fn split_loopback(uri: &str) -> Option<(&'static str, &str)> {
    ["http://127.0.0.1", "http://[::1]"]
        .into_iter()
        .find_map(|address| {
            let rest = uri.strip_prefix(address)?;
            let rest = match rest.strip_prefix(':') {
                None => rest,
                Some(rest) => {
                    let port = rest.split(['/', '?']).next()?;
                    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
                    port.parse::<u16>().ok().filter(|_| is_port)?;
                    &rest[port.len()..]
                }
            };
            (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((address, rest))
        })
}

/// Checks a URI that an administrator registers as redirect URI (RFC 6749 §3.1.2, RFC 8252 §7).
///
/// # Errors
///
/// A sentence for the administrator.
pub fn check_redirect_uri(kind: ApplicationKind, uri: &str) -> Result<(), String> {
    if kind == ApplicationKind::Machine {
        return Err("a machine has no browser to redirect".into());
    }
    if uri.is_empty() || uri.len() > LONGEST {
        return Err(format!("must have 1 to {LONGEST} characters"));
    }
    if !uri
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
    {
        return Err("holds a character that a URI may not hold; percent-encode it".into());
    }
    if uri.contains('#') {
        return Err("must not have a fragment".into());
    }
    if uri.contains('*') {
        return Err("must not have a wildcard".into());
    }
    let parsed = Url::parse(uri).map_err(|error| format!("is not an absolute URI: {error}"))?;
    match parsed.scheme() {
        _ if !parsed.username().is_empty() || parsed.password().is_some() => {
            Err("must not hold a user name or password".into())
        }
        "https" => check_authority(uri, "https://"),
        "http" => {
            check_authority(uri, "http://")?;
            if is_loopback(&parsed) {
                Ok(())
            } else {
                Err("must use https; http is for 127.0.0.1, [::1] and localhost only".into())
            }
        }
        scheme => check_private_use_scheme(kind, scheme),
    }
}

/// Checks a URI that an administrator registers for after sign-out (RP-Initiated Logout 1.0 §3.1).
///
/// # Errors
///
/// A sentence for the administrator.
pub fn check_post_logout_redirect_uri(kind: ApplicationKind, uri: &str) -> Result<(), String> {
    check_redirect_uri(kind, uri)
}

/// The address to link to, when it leads back to an application of these registered URIs: to one of them, or to any
/// page at the origin (RFC 6454) of one.
///
/// It is given as it was understood, so that a browser can't read it otherwise.
pub fn way_back(registered: &[String], presented: &str) -> Option<String> {
    if registered.iter().any(|uri| uri == presented) {
        return Some(presented.to_owned());
    }
    let url = Url::parse(presented).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    let is_web = matches!(url.scheme(), "http" | "https");
    let origin = url.origin();
    let is_theirs = registered
        .iter()
        .filter_map(|uri| Url::parse(uri).ok())
        .any(|uri| uri.origin() == origin);
    (is_web && is_plain && is_theirs && presented.len() <= LONGEST).then(|| url.into())
}

/// Checks the address of a page or picture that pages of ours link to: what may be redirected to may be linked to.
///
/// # Errors
///
/// A sentence for the administrator.
pub fn check_page_uri(uri: &str) -> Result<(), String> {
    check_redirect_uri(ApplicationKind::Web, uri)
}

/// Refuses what browsers and strings read differently.
fn check_authority(uri: &str, prefix: &str) -> Result<(), String> {
    let authority = uri
        .strip_prefix(prefix)
        .ok_or_else(|| format!("must begin with {prefix}"))?
        .split(['/', '?'])
        .next()
        .unwrap_or_default();
    if authority.is_empty() {
        return Err("must name a host".into());
    }
    // `Url` sees no user name in `https://@host`, others may.
    if authority.contains('@') {
        return Err("must not hold a user name or password".into());
    }
    Ok(())
}

/// Whether an address is this machine (RFC 8252 §7.3, §8.3).
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.octets() == [127, 0, 0, 1],
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn check_private_use_scheme(kind: ApplicationKind, scheme: &str) -> Result<(), String> {
    if kind != ApplicationKind::Native {
        return Err("must use https; other schemes are for native applications".into());
    }
    if !scheme.contains('.') {
        return Err("must use a scheme that is a domain name reversed, as com.example.app".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_way_back_is_registered_or_at_the_origin_of_what_is() {
        let registered = ["https://app.test/callback", "com.example.app:/callback"];
        let registered = registered.map(str::to_owned);
        for (presented, expected) in [
            (
                "https://app.test/callback",
                Some("https://app.test/callback"),
            ),
            (
                "https://app.test/settings?a=1",
                Some("https://app.test/settings?a=1"),
            ),
            ("https://app.test", Some("https://app.test/")),
            ("HTTPS://APP.test:443/x", Some("https://app.test/x")),
            (
                "https://app.test\\@evil.test",
                Some("https://app.test/@evil.test"),
            ),
            (
                "com.example.app:/callback",
                Some("com.example.app:/callback"),
            ),
            ("com.example.app:/other", None),
            ("http://app.test/", None),
            ("https://app.test:8443/", None),
            ("https://app.test.evil.test/", None),
            ("https://ada@app.test/", None),
            ("https://evil.test/?https://app.test/", None),
            ("javascript:alert(1)", None),
            ("//app.test/", None),
            ("/settings", None),
            ("", None),
        ] {
            let found = way_back(&registered, presented);
            assert_eq!(found.as_deref(), expected, "{presented}");
        }
    }

    #[test]
    fn a_redirect_uri_is_compared_as_a_string() {
        for (registered, presented, matches) in [
            ("https://a.test/cb", "https://a.test/cb", true),
            ("https://a.test/cb", "https://a.test/cb/", false),
            ("https://a.test/cb", "https://a.test/cb?x=1", false),
            ("https://a.test/cb", "https://a.test:443/cb", false),
            ("https://a.test/cb", "https://A.test/cb", false),
            ("https://a.test/cb", "http://a.test/cb", false),
            ("https://a.test/cb", "https://a.test/x/../cb", false),
            ("https://a.test/cb?x=1", "https://a.test/cb?x=2", false),
            ("com.example.app:/cb", "com.example.app:/cb", true),
            ("com.example.app:/cb", "com.example.app:/other", false),
        ] {
            assert_eq!(
                redirect_uri_matches(registered, presented),
                matches,
                "{presented}"
            );
        }
    }

    #[test]
    fn only_the_port_of_a_loopback_address_may_vary() {
        for (registered, presented, matches) in [
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", true),
            ("http://127.0.0.1:80/cb", "http://127.0.0.1:51004/cb", true),
            ("http://127.0.0.1:80/cb", "http://127.0.0.1/cb", true),
            ("http://[::1]/cb", "http://[::1]:51004/cb", true),
            ("http://127.0.0.1", "http://127.0.0.1:51004", true),
            ("http://127.0.0.1?x=1", "http://127.0.0.1:51004?x=1", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/other", false),
            ("http://127.0.0.1/cb", "http://[::1]/cb", false),
            ("http://127.0.0.1/cb", "https://127.0.0.1:51004/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:65536/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:+80/cb", false),
            (
                "http://127.0.0.1/cb",
                "http://127.0.0.1:80@evil.test/cb",
                false,
            ),
            (
                "http://127.0.0.1/cb",
                "http://127.0.0.1.evil.test/cb",
                false,
            ),
            (
                "http://127.0.0.1/cb",
                "http://127.0.0.1:80.evil.test/cb",
                false,
            ),
            ("http://127.0.0.1", "http://127.0.0.1:80\\@evil.test", false),
            ("http://localhost/cb", "http://localhost:51004/cb", false),
            ("https://127.0.0.1/cb", "https://127.0.0.1:51004/cb", false),
        ] {
            assert_eq!(
                redirect_uri_matches(registered, presented),
                matches,
                "{presented}"
            );
        }
    }

    #[test]
    fn which_redirect_uris_may_be_registered() {
        use ApplicationKind::{Machine, Native, Spa, Web};
        for (kind, uri, accepted) in [
            (Web, "https://a.test/cb", true),
            (Web, "https://a.test/cb?x=1", true),
            (Spa, "https://a.test:8443", true),
            (Web, "http://localhost:3000/cb", true),
            (Native, "http://127.0.0.1/cb", true),
            (Native, "http://[::1]:80/cb", true),
            (Native, "com.example.app:/cb", true),
            (Native, "com.example.app://cb", true),
            (Web, "", false),
            (Web, "/cb", false),
            (Web, "http://a.test/cb", false),
            (Web, "http://127.0.0.2/cb", false),
            (Web, "http://localhost.a.test/cb", false),
            (Web, "https://a.test/cb#here", false),
            (Web, "https://a.test/cb#", false),
            (Web, "https://*.a.test/cb", false),
            (Web, "https://ada@a.test/cb", false),
            (Web, "https://@a.test/cb", false),
            (Web, "https://ada:secret@a.test/cb", false),
            (Web, "https:a.test/cb", false),
            (Web, "https:///a.test/cb", false),
            (Web, "HTTPS://a.test/cb", false),
            (Web, "https://a.test\\@b.test/cb", false),
            (Web, "https://a.test/c b", false),
            (Web, "https://a.test/cb\r\nx:", false),
            (Web, "https://bücher.test/cb", false),
            (Web, "com.example.app:/cb", false),
            (Spa, "com.example.app:/cb", false),
            (Native, "com.example.app://ada@cb", false),
            (Native, "example:/cb", false),
            (Native, "javascript:alert(1)", false),
            (Native, "data:text/html,x", false),
            (Machine, "https://a.test/cb", false),
        ] {
            let checked = check_redirect_uri(kind, uri);
            assert_eq!(checked.is_ok(), accepted, "{kind} {uri} {checked:?}");
        }
        let longest = format!("https://a.test/{}", "a".repeat(LONGEST - 15));
        assert!(check_redirect_uri(Web, &longest).is_ok());
        assert!(check_redirect_uri(Web, &format!("{longest}a")).is_err());
    }

    /// Addresses made of the pieces that parsers read differently.
    fn addresses() -> impl Strategy<Value = String> {
        const PIECES: &[&str] = &[
            "http://",
            "https://",
            "127.0.0.1",
            "[::1]",
            "localhost",
            "evil.test",
            ":",
            ":80",
            ":1",
            "@",
            "/",
            "/cb",
            "?",
            "#",
            "\\",
            ".",
            "..",
            "%2f",
            "0",
            "x",
        ];
        prop::collection::vec(prop::sample::select(PIECES), 0..6).prop_flat_map(|pieces| {
            let rest = pieces.concat();
            prop_oneof![
                Just(rest.clone()),
                Just(format!("http://127.0.0.1{rest}")),
                Just(format!("http://[::1]{rest}"))
            ]
        })
    }

    proptest! {
        #[test]
        fn matching_never_accepts_a_different_authority(
            registered in prop::sample::select(&[
                "http://127.0.0.1/cb", "http://[::1]:80/cb", "http://127.0.0.1", "https://a.test/cb",
            ][..]),
            presented in addresses(),
        ) {
            if redirect_uri_matches(registered, &presented) {
                let (registered, presented) =
                    (Url::parse(registered).unwrap(), Url::parse(&presented).unwrap());
                prop_assert_eq!(registered.scheme(), presented.scheme());
                prop_assert_eq!(registered.host(), presented.host());
                prop_assert_eq!(registered.path(), presented.path());
                prop_assert_eq!((presented.username(), presented.password()), ("", None));
            }
        }

        #[test]
        fn what_may_be_registered_names_its_own_host(uri in addresses()) {
            if check_redirect_uri(ApplicationKind::Web, &uri).is_ok() {
                let parsed = Url::parse(&uri).unwrap();
                prop_assert!(parsed.fragment().is_none() && parsed.username().is_empty());
                prop_assert!(parsed.scheme() == "https" || is_loopback(&parsed));
            }
        }
    }
}
