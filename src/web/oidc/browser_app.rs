//! Refresh tokens of browser applications, kept in a cookie, where Kinde's browser SDKs look for them.
//!
//! An application that is all script has no place for a refresh token that a planted script can't read.
//! If it lives on the same site as this server, its browser keeps the token for it:
//!
//! | cookie | holds | is sent | is read by |
//! |---|---|---|---|
//! | `refresh_token_` and six characters of the client's id | the token | to the token endpoint of this host | us alone |
//! | `_kbrte` | that there is one | everywhere on the shared domain | the application's script, when it loads |
//!
//! Both are set when a page of the application redeems a code or refreshes, live as long as the token may lie idle,
//! and go when the user signs out, the token is revoked, or it turns out to be no good.
//!
//! # Decision
//!
//! A cookie is sent by the browser, whoever asks. So the one with the token counts only when `Origin`, which no
//! script can forge, is an origin of the very client that the request names: neither a neighbouring site nor
//! another application can refresh for it. Without that proof the cookie is neither read nor set nor cleared.
//!
//! When a body and a cookie hold different tokens, nothing is granted, and the cookie stays as it was: a page that
//! was loaded before another tab refreshed holds an old token, and is no reason to sign that other tab out.
//!
//! A host beside ours can plant a cookie of this name for all its siblings. Two that differ are refused. One that
//! is alone can't be told from our own, and would sign its finder in as whoever planted it: as with every cookie
//! for more than a host, the shared domain has to be in one hand.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::AppendHeaders;
use axum_extra::extract::cookie::Cookie;
use url::{Host, Url};

use crate::clients::RegisteredClient;
use crate::clock::Seconds;
use crate::config::Server;
use crate::id::ClientId;
use crate::protocol::OAuthError;
use crate::protocol::client::{ApplicationKind, redirect_uri};
use crate::protocol::token::TokenRequest;
use crate::secret::Secret;

/// By which scripts know that a refresh may work.
const MARK: &str = "_kbrte";

/// Cookies to set.
pub type SetCookies = AppendHeaders<Vec<(header::HeaderName, HeaderValue)>>;

/// A request that a page of a browser application has made to the application's own client.
pub struct BrowserApp<'a> {
    server: &'a Server,
    client: &'a RegisteredClient,
    headers: &'a HeaderMap,
    host: Host<String>,
}

impl<'a> BrowserApp<'a> {
    /// The application that a request comes from; none when it is another kind of client, or from elsewhere.
    pub fn of(
        server: &'a Server,
        client: &'a RegisteredClient,
        headers: &'a HeaderMap,
    ) -> Option<Self> {
        let origin = headers.get(header::ORIGIN)?.to_str().ok()?;
        let is_own = |uri: &String| redirect_uri::origin(uri).is_some_and(|own| own == origin);
        // Browsers neither send nor take these cookies across sites.
        let is_cross_site = headers
            .get("sec-fetch-site")
            .is_some_and(|site| site == "cross-site");
        if client.client.kind.0 != ApplicationKind::Spa
            || is_cross_site
            || !client.redirect_uris.iter().any(is_own)
        {
            return None;
        }
        let host = Url::parse(origin).ok()?.host()?.to_owned();
        Some(Self {
            server,
            client,
            headers,
            host,
        })
    }

    /// Completes a refresh with the token of the cookie. Returns the request, and whether that token was needed.
    ///
    /// # Errors
    ///
    /// `invalid_grant` when there are different tokens.
    pub fn complete(&self, request: TokenRequest) -> Result<(TokenRequest, bool), OAuthError> {
        let TokenRequest::RefreshToken {
            refresh_token,
            scopes,
            targets,
        } = request
        else {
            return Ok((request, false));
        };
        let kept = self.kept()?;
        if let (Some(sent), Some(kept)) = (&refresh_token, &kept)
            && !sent.hash().matches(&kept.hash())
        {
            return Err(OAuthError::invalid_grant(
                "the refresh tokens in the body and in the cookie differ",
            ));
        }
        let is_from_cookie = refresh_token.is_none() && kept.is_some();
        let request = TokenRequest::RefreshToken {
            refresh_token: refresh_token.or(kept),
            scopes,
            targets,
        };
        Ok((request, is_from_cookie))
    }

    /// The token of the cookie.
    fn kept(&self) -> Result<Option<Secret>, OAuthError> {
        let name = token_cookie(&self.client.client.id);
        let lines = self.headers.get_all(header::COOKIE).into_iter();
        let mut values: Vec<String> = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(Cookie::split_parse)
            .filter_map(Result::ok)
            .filter(|cookie| cookie.name() == name && !cookie.value().is_empty())
            .map(|cookie| cookie.value().to_owned())
            .collect();
        values.dedup();
        match &values[..] {
            [] => Ok(None),
            [one] => Ok(Some(Secret::from(one.as_str()))),
            _ => Err(OAuthError::invalid_grant(
                "there are several cookies with different refresh tokens",
            )),
        }
    }

    /// Lets the browser keep this token, or none.
    pub fn keep(&self, token: Option<&Secret>) -> SetCookies {
        let Some(token) = token else {
            return self.forget();
        };
        let lifetime = self.client.client.refresh_token_lifetime_seconds;
        let name = token_cookie(&self.client.client.id);
        let mut cookies = vec![token_cookie_of(
            self.server,
            &name,
            token.expose(),
            lifetime,
        )];
        let shared = self.server.browser_app_domain.as_deref();
        match (&self.host, shared) {
            (Host::Domain(host), Some(shared)) if is_within(host, shared) => {
                cookies.push(mark(self.server, Some(shared), "1", lifetime));
            }
            _ if Some(&self.host) == host_of(self.server).as_ref() => {
                cookies.push(mark(self.server, None, "1", lifetime));
            }
            // No script of the application would ever see it.
            _ => {}
        }
        set(cookies)
    }

    /// Takes the cookies away.
    pub fn forget(&self) -> SetCookies {
        forget(self.server, std::iter::once(&self.client.client.id))
    }
}

/// Takes away the cookies of these browser applications.
pub fn forget<'c>(server: &Server, clients: impl Iterator<Item = &'c ClientId>) -> SetCookies {
    let gone = Seconds::new(0);
    let mut cookies: Vec<HeaderValue> = clients
        .map(|id| token_cookie_of(server, &token_cookie(id), "", gone))
        .collect();
    if !cookies.is_empty() {
        cookies.push(mark(server, None, "", gone));
        if let Some(shared) = server.browser_app_domain.as_deref() {
            cookies.push(mark(server, Some(shared), "", gone));
        }
    }
    set(cookies)
}

fn set(cookies: Vec<HeaderValue>) -> SetCookies {
    let named = cookies.into_iter().map(|value| (header::SET_COOKIE, value));
    AppendHeaders(named.collect())
}

fn token_cookie(client: &ClientId) -> String {
    format!("refresh_token_{}", &client.as_str()[..6])
}

fn token_cookie_of(server: &Server, name: &str, value: &str, lifetime: Seconds) -> HeaderValue {
    let path = crate::protocol::discovery::path::TOKEN;
    cookie(
        server,
        &format!("{name}={value}; Path={path}; HttpOnly"),
        lifetime,
    )
}

fn mark(server: &Server, domain: Option<&str>, value: &str, lifetime: Seconds) -> HeaderValue {
    let domain = domain.map(|domain| format!("; Domain={domain}"));
    let domain = domain.unwrap_or_default();
    cookie(server, &format!("{MARK}={value}; Path=/{domain}"), lifetime)
}

fn cookie(server: &Server, begun: &str, lifetime: Seconds) -> HeaderValue {
    let secure = if server.issuer.is_https() {
        "; Secure"
    } else {
        ""
    };
    let seconds = lifetime.as_i64();
    HeaderValue::try_from(format!("{begun}; Max-Age={seconds}; SameSite=Lax{secure}"))
        .expect("names, tokens and domains are visible ASCII")
}

fn host_of(server: &Server) -> Option<Host<String>> {
    Some(Url::parse(server.issuer.as_str()).ok()?.host()?.to_owned())
}

fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const OWN: &str = "https://app.example.test";

    fn server(issuer: &str, shared: &str) -> Server {
        let settings = [("ISSUER", issuer), ("BROWSER_APP_DOMAIN", shared)];
        let settings =
            settings.map(|(key, value)| (format!("VESTIBULE__SERVER__{key}"), value.to_owned()));
        Config::load(None, settings.into_iter()).unwrap().server
    }

    fn client(kind: ApplicationKind) -> RegisteredClient {
        let id = ClientId::parse("3b0b5c6c8fcc464fab397f4969b5f482").unwrap();
        let mut client = RegisteredClient::example(id, kind);
        client.redirect_uris = vec![format!("{OWN}/callback")];
        client
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (
                header::HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        pairs.collect()
    }

    fn texts(cookies: SetCookies) -> Vec<String> {
        let texts = cookies.0.into_iter();
        texts
            .map(|(_, value)| value.to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn a_page_is_the_applications_by_its_origin() {
        let server = server("https://id.example.test", "");
        let (own, native) = (
            client(ApplicationKind::Spa),
            client(ApplicationKind::Native),
        );
        for (client, pairs, expected) in [
            (&own, &[("origin", OWN)] as &[_], true),
            (
                &own,
                &[("origin", OWN), ("sec-fetch-site", "same-site")],
                true,
            ),
            (
                &own,
                &[("origin", OWN), ("sec-fetch-site", "cross-site")],
                false,
            ),
            (&own, &[], false),
            (&own, &[("origin", "null")], false),
            (&own, &[("origin", "http://app.example.test")], false),
            (&own, &[("origin", "https://app.example.test:8443")], false),
            (
                &own,
                &[("origin", "https://app.example.test/callback")],
                false,
            ),
            (&own, &[("origin", "https://evil.example.test")], false),
            (&native, &[("origin", OWN)], false),
        ] {
            let headers = headers(pairs);
            let app = BrowserApp::of(&server, client, &headers);
            assert_eq!(app.is_some(), expected, "{pairs:?}");
        }
    }

    #[test]
    fn the_mark_is_set_where_the_application_can_see_it() {
        let client = client(ApplicationKind::Spa);
        for (issuer, shared, mark) in [
            ("https://id.example.test", "", None),
            (
                "https://id.example.test",
                "example.test",
                Some("_kbrte=1; Path=/; Domain=example.test; Max-Age=3600; SameSite=Lax; Secure"),
            ),
            // An application beside the domain sees nothing of it.
            ("https://id.eu.example.test", "eu.example.test", None),
            (
                "https://app.example.test:8443",
                "",
                Some("_kbrte=1; Path=/; Max-Age=3600; SameSite=Lax; Secure"),
            ),
        ] {
            let (server, headers) = (server(issuer, shared), headers(&[("origin", OWN)]));
            let app = BrowserApp::of(&server, &client, &headers).unwrap();
            let token = "refresh_token_3b0b5c=r; Path=/oauth2/token; HttpOnly; Max-Age=3600; SameSite=Lax; Secure";
            let expected: Vec<_> = [Some(token), mark].into_iter().flatten().collect();
            assert_eq!(
                texts(app.keep(Some(&Secret::from("r")))),
                expected,
                "{issuer} {shared}"
            );
        }
    }

    #[test]
    fn what_was_set_is_taken_away_by_the_same_names() {
        let server = server("https://id.example.test", "example.test");
        let (client, headers) = (client(ApplicationKind::Spa), headers(&[("origin", OWN)]));
        let app = BrowserApp::of(&server, &client, &headers).unwrap();
        let expected = [
            "refresh_token_3b0b5c=; Path=/oauth2/token; HttpOnly; Max-Age=0; SameSite=Lax; Secure",
            "_kbrte=; Path=/; Max-Age=0; SameSite=Lax; Secure",
            "_kbrte=; Path=/; Domain=example.test; Max-Age=0; SameSite=Lax; Secure",
        ];
        assert_eq!(texts(app.forget()), expected);
        // Who signs in without a refresh token must not find the last user's.
        assert_eq!(texts(app.keep(None)), expected);
        assert!(texts(forget(&server, std::iter::empty())).is_empty());
    }

    #[test]
    fn a_refresh_is_completed_by_the_one_cookie_of_its_client() {
        let server = server("https://id.example.test", "");
        let client = client(ApplicationKind::Spa);
        for (cookie, sent, expected) in [
            ("", None, Ok((None, false))),
            ("", Some("b"), Ok((Some("b"), false))),
            ("refresh_token_3b0b5c=c", None, Ok((Some("c"), true))),
            (
                "a=b; refresh_token_3b0b5c=c; c=d",
                None,
                Ok((Some("c"), true)),
            ),
            ("refresh_token_3b0b5c=c", Some("c"), Ok((Some("c"), false))),
            ("refresh_token_3b0b5c=", None, Ok((None, false))),
            ("refresh_token_ffffff=c", None, Ok((None, false))),
            ("refresh_token=c", None, Ok((None, false))),
            ("refresh_token_3b0b5c=c", Some("b"), Err(())),
            (
                "refresh_token_3b0b5c=c; refresh_token_3b0b5c=c",
                None,
                Ok((Some("c"), true)),
            ),
            (
                "refresh_token_3b0b5c=c; refresh_token_3b0b5c=d",
                None,
                Err(()),
            ),
            (
                "refresh_token_3b0b5c=c; refresh_token_3b0b5c=d",
                Some("c"),
                Err(()),
            ),
        ] {
            let headers = headers(&[("origin", OWN), ("cookie", cookie)]);
            let app = BrowserApp::of(&server, &client, &headers).unwrap();
            let refresh = |token: Option<&str>| TokenRequest::RefreshToken {
                refresh_token: token.map(Secret::from),
                scopes: None,
                targets: crate::protocol::Targets::default(),
            };
            let completed = app.complete(refresh(sent)).map_err(|error| {
                assert_eq!(error.code, crate::protocol::ErrorCode::InvalidGrant);
            });
            let expected = expected.map(|(token, used)| (refresh(token), used));
            assert_eq!(completed, expected, "{cookie} {sent:?}");
        }
    }
}
