//! The endpoints of OAuth 2.0 and OpenID Connect: a file for each specification, its tests named as it speaks.
//!
//! Most begin with a [`Scene`]: Ada is signed in, so that an authorization request is answered at once.

mod browser_app;
mod concurrency;
mod core;
mod cors;
mod discovery;
pub(crate) mod keys;
mod kinde;
mod rfc6749;
mod rfc6750;
mod rfc7009;
mod rfc7636;
mod rfc7662;
mod rfc8707;
mod rfc9068;
mod rfc9207;
mod rfc9700;
mod rp_initiated_logout;

use josekit::jwk::Jwk;
use josekit::jws::{self, JwsVerifier};
use reqwest::header::HeaderMap;
use serde_json::{Map, Value};
use url::Url;
use vestibule::directory::accounts::NewAccount;
use vestibule::id::UserId;
use vestibule::protocol::claims::{Address, StandardClaims};
use vestibule::protocol::client::ApplicationKind;
use vestibule::store::clients::Client;

use crate::support::{
    Answer, Browser, Engine, PASSWORD, TestClient, Tokens, World, code_in, jwt_header,
    parameters_of,
};

/// Ada's address.
const EMAIL: &str = "ada@example.test";

/// The redirect URI of the client in a [`Scene`].
const REDIRECT_URI: &str = "https://app.example.test/callback";

/// The address of that client for after sign-out.
const POST_LOGOUT_URI: &str = "https://app.example.test/signed-out";

/// The example of RFC 7636 Appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A code challenge, as parameters of an authorization request.
const WITH_PKCE: [(&str, &str); 2] = [
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

/// A world with Ada, a confidential web client, and a browser in which Ada is signed in.
struct Scene {
    world: World,
    client: TestClient,
    browser: Browser,
    user: UserId,
}

impl Scene {
    async fn new() -> Self {
        Self::on(Engine::Sqlite).await
    }

    async fn on(engine: Engine) -> Self {
        Self::of(World::on(engine).await, |_| {}).await
    }

    /// A scene whose client is adjusted before it is registered.
    async fn with_client(adjust: impl FnOnce(&mut Client)) -> Self {
        Self::of(World::new().await, adjust).await
    }

    async fn of(world: World, adjust: impl FnOnce(&mut Client)) -> Self {
        let user = world.user(EMAIL, PASSWORD).await;
        Self::signed_in(world, user, adjust).await
    }

    /// A scene whose user has every claim of OpenID Connect Core 1.0 §5.1.
    async fn with_every_claim(adjust: impl FnOnce(&mut Client)) -> Self {
        let world = World::new().await;
        let user = world.account(every_claim(), PASSWORD).await;
        Self::signed_in(world, user, adjust).await
    }

    async fn signed_in(world: World, user: UserId, adjust: impl FnOnce(&mut Client)) -> Self {
        let client = world
            .register(
                ApplicationKind::Web,
                &[REDIRECT_URI],
                &[POST_LOGOUT_URI],
                adjust,
            )
            .await;
        let mut scene = Self {
            browser: world.browser(),
            world,
            client,
            user,
        };
        scene.sign_in().await;
        scene
    }

    /// Signs Ada in, whose session has ended or has yet to begin.
    async fn sign_in(&mut self) {
        let address = self.client.authorize_url(&WITH_PKCE);
        self.browser.open(&address).await;
        self.browser.sign_in(EMAIL, PASSWORD).await;
        self.browser.arrived();
    }

    /// The client's secret.
    fn secret(&self) -> &str {
        let secret = self.client.secret.as_deref();
        secret.expect("the client is confidential")
    }

    /// Registers a public client at the same redirect URI.
    async fn public_client(&self) -> TestClient {
        self.world
            .public_client(REDIRECT_URI, POST_LOGOUT_URI)
            .await
    }

    /// Asks for an authorization that needs no page. Returns where the browser arrived.
    async fn arrive(&mut self, parameters: &[(&str, &str)]) -> Url {
        let address = self.client.authorize_url(parameters);
        self.browser.open(&address).await;
        self.browser.arrived().clone()
    }

    async fn code(&mut self, parameters: &[(&str, &str)]) -> String {
        code_in(&self.arrive(parameters).await)
    }

    /// The code of an authorization that another client asks for.
    async fn code_for(&mut self, client: &TestClient, parameters: &[(&str, &str)]) -> String {
        self.browser.open(&client.authorize_url(parameters)).await;
        code_in(self.browser.arrived())
    }

    async fn tokens(&mut self, parameters: &[(&str, &str)]) -> Tokens {
        let arrived = self.arrive(parameters).await;
        self.client.redeem(&arrived).await
    }

    /// The error that an authorization request is answered with at the redirect URI.
    async fn refusal(&mut self, parameters: &[(&str, &str)]) -> String {
        let arrived = self.arrive(parameters).await;
        error_in(&arrived)
    }

    /// The error code on the page that answers an authorization request.
    async fn shown(&mut self, parameters: &[(&str, &str)]) -> String {
        let address = self.client.authorize_url(parameters);
        let page = self.browser.open(&address).await;
        assert_eq!(page.status, 400, "{}", page.url);
        assert_eq!(page.id(), "page-error");
        page.text("#error-code")
    }

    /// The claims of a token, its signature verified with the published keys.
    async fn verified(&self, jwt: &str) -> Map<String, Value> {
        verified(&self.world, jwt).await
    }
}

/// An account of which everything is known.
fn every_claim() -> NewAccount {
    let text = |text: &str| Some(text.to_owned());
    NewAccount {
        email: text(EMAIL),
        email_verified: true,
        username: text("ada"),
        given_name: text("Ada"),
        family_name: text("Byron"),
        picture: text("https://app.example.test/ada.png"),
        attributes: StandardClaims {
            middle_name: text("Augusta"),
            nickname: text("Countess"),
            profile: text("https://app.example.test/ada"),
            website: text("https://ada.example.test"),
            gender: text("female"),
            birthdate: text("1815-12-10"),
            zoneinfo: text("Europe/London"),
            locale: text("en-GB"),
            phone_number: text("+442071234567"),
            phone_number_verified: Some(true),
            address: Some(Address {
                formatted: text("12 St James's Square\nLondon SW1Y 4JH"),
                street_address: text("12 St James's Square"),
                locality: text("London"),
                region: text("England"),
                postal_code: text("SW1Y 4JH"),
                country: text("United Kingdom"),
            }),
            ..StandardClaims::default()
        },
        ..NewAccount::default()
    }
}

/// The error in an authorization response; a code beside it would be a mistake.
fn error_in(arrived: &Url) -> String {
    let mut answer = parameters_of(arrived);
    assert!(!answer.contains_key("code"), "{arrived}");
    answer
        .remove("error")
        .unwrap_or_else(|| panic!("no error in {arrived}"))
}

/// Posts a body to an endpoint, authenticated in the body by nothing but what it holds.
async fn post(world: &World, path: &str, headers: &[(&'static str, &str)], body: &str) -> Answer {
    let mut request = World::http()
        .post(world.url(path))
        .header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.body(body.to_owned()).send().await;
    Answer::read(response.expect("the server answers")).await
}

/// An `Authorization` header of the `Basic` scheme.
fn basic(id: &str, secret: &str) -> String {
    use base64::Engine as _;
    let credentials = base64::prelude::BASE64_STANDARD.encode(format!("{id}:{secret}"));
    format!("Basic {credentials}")
}

/// A header's text; empty when it is absent.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().expect("it is text"))
}

/// The claims of a token that one of the published keys has signed, found by the token's `kid`.
async fn verified(world: &World, jwt: &str) -> Map<String, Value> {
    let jwks = world.json("/.well-known/jwks.json").await;
    verify_with(&jwks, jwt).unwrap_or_else(|| panic!("no published key verifies {jwt}"))
}

/// The same, with the keys of a JWK Set. None when none of them fits.
fn verify_with(jwks: &Value, jwt: &str) -> Option<Map<String, Value>> {
    let header = jwt_header(jwt);
    let keys = jwks["keys"].as_array()?;
    let key = keys.iter().find(|key| key["kid"] == header["kid"])?;
    assert_eq!(key["alg"], header["alg"], "a key has one algorithm");
    let jwk = Jwk::from_bytes(key.to_string()).expect("it is a JWK");
    let verifier: Box<dyn JwsVerifier> = match header["alg"].as_str()? {
        "EdDSA" => Box::new(jws::EdDSA.verifier_from_jwk(&jwk).expect("it fits")),
        "ES256" => Box::new(jws::ES256.verifier_from_jwk(&jwk).expect("it fits")),
        "RS256" => Box::new(jws::RS256.verifier_from_jwk(&jwk).expect("it fits")),
        other => panic!("{other} is not announced"),
    };
    let (payload, _) = jws::deserialize_compact(jwt, verifier.as_ref()).ok()?;
    serde_json::from_slice(&payload).ok()
}

/// How many records there are of what a request can leave behind.
#[derive(Debug, PartialEq, Eq)]
struct Residue {
    interactions: i64,
    grants: i64,
    codes: i64,
    refresh_tokens: i64,
    sessions: i64,
    revoked_tokens: i64,
}

impl Residue {
    async fn of(world: &World) -> Self {
        let mut tx = world.app.db.read().await.expect("the database can be read");
        let mut counts = Vec::new();
        for sql in [
            "SELECT COUNT(*) FROM interactions",
            "SELECT COUNT(*) FROM grants",
            "SELECT COUNT(*) FROM authorization_codes",
            "SELECT COUNT(*) FROM refresh_tokens",
            "SELECT COUNT(*) FROM sessions",
            "SELECT COUNT(*) FROM revoked_tokens",
        ] {
            let (count,): (i64,) = tx.one(sql, ()).await.expect("the database can be read");
            counts.push(count);
        }
        let [
            interactions,
            grants,
            codes,
            refresh_tokens,
            sessions,
            revoked_tokens,
        ] = counts[..]
        else {
            unreachable!("one for each statement");
        };
        Self {
            interactions,
            grants,
            codes,
            refresh_tokens,
            sessions,
            revoked_tokens,
        }
    }
}
