//! What handlers take from a request: its time, its browser, its parameters.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum_extra::extract::cookie::CookieJar;

use super::client_address::ClientAddress;
use super::cookies::Ours;
use super::error::{JsonError, PageError};
use super::site::Site;
use crate::clock::Timestamp;
use crate::interaction::session::Visitor;
use crate::protocol::{OAuthError, Params};
use crate::secret::Secret;

/// The time of a request; it has only one.
#[derive(Debug, Clone, Copy)]
pub struct Now(pub Timestamp);

impl FromRequestParts<Site> for Now {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Infallible> {
        let now = *parts
            .extensions
            .get_or_insert_with(|| Self(site.app.clock.now()));
        Ok(now)
    }
}

/// The browser that sent a request: what it calls itself, what it may prove.
#[derive(Debug, Clone)]
pub struct Browser {
    /// All its cookies.
    pub jar: CookieJar,
    /// The secret by which we know it again.
    pub secret: Option<Secret>,
    /// The value of its session's cookie.
    pub session: Option<Secret>,
    /// Its address and name.
    pub visitor: Visitor,
    /// Its headers, for its language.
    pub headers: HeaderMap,
}

impl FromRequestParts<Site> for Browser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Infallible> {
        let server = &site.app.config.server;
        let jar = CookieJar::from_headers(&parts.headers);
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip());
        let address = peer.map(|peer| {
            ClientAddress::find(
                peer,
                &parts.headers,
                server.forwarding_header,
                &server.trusted_proxies,
            )
        });
        let user_agent = parts
            .headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok());
        Ok(Self {
            secret: Ours::Browser.read(&jar, &server.issuer),
            session: Ours::Session.read(&jar, &server.issuer),
            visitor: Visitor {
                address: address.map(ClientAddress::ip),
                network: address.map(ClientAddress::throttled_as),
                user_agent: user_agent.map(|name| name.chars().take(256).collect()),
            },
            headers: parts.headers.clone(),
            jar,
        })
    }
}

/// The token that proves that a form came from a page of ours, in this browser (login forms included).
pub fn csrf_token(browser: &Secret) -> Secret {
    browser.token("csrf")
}

/// The parameters of a form of ours that this browser was shown.
#[derive(Debug)]
pub struct SignedForm(pub Params);

impl FromRequest<Site> for SignedForm {
    type Rejection = PageError;

    async fn from_request(request: Request, site: &Site) -> Result<Self, PageError> {
        let jar = CookieJar::from_headers(request.headers());
        let browser = Ours::Browser.read(&jar, &site.app.config.server.issuer);
        let Parameters(params) = Parameters::read(request, site)
            .await
            .map_err(|error| PageError::bad_request(&error))?;
        let sent = params
            .get("csrf")
            .map_err(|error| PageError::bad_request(&error))?
            .map(Secret::from);
        match (browser, sent) {
            (Some(browser), Some(sent)) if sent.hash().matches(&csrf_token(&browser).hash()) => {
                Ok(Self(params))
            }
            _ => Err(PageError::ForeignForm),
        }
    }
}

/// The parameters of an OAuth request: the query of a GET, the form of a POST (RFC 6749 Appendix B).
#[derive(Debug)]
pub struct Parameters(pub Params);

impl FromRequest<Site> for Parameters {
    type Rejection = JsonError;

    async fn from_request(request: Request, site: &Site) -> Result<Self, JsonError> {
        Self::read(request, site).await.map_err(JsonError::from)
    }
}

impl Parameters {
    /// Reads the parameters of a request.
    ///
    /// # Errors
    ///
    /// `invalid_request`, for whoever asks to put in its place.
    pub async fn read(request: Request, site: &Site) -> Result<Self, OAuthError> {
        if request.method() == Method::GET || request.method() == Method::HEAD {
            return Params::parse(request.uri().query().unwrap_or_default()).map(Self);
        }
        let content_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let media_type = content_type
            .and_then(|value| value.split(';').next())
            .map(str::trim);
        if !media_type
            .is_some_and(|value| value.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
        {
            return Err(OAuthError::invalid_request(
                "the body must be application/x-www-form-urlencoded",
            ));
        }
        let body = Bytes::from_request(request, site)
            .await
            .map_err(|_| OAuthError::invalid_request("the body is too large or broke off"))?;
        Params::parse(body).map(Self)
    }
}
