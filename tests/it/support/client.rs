//! A relying party: what a client registers, sends and receives.

use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::StatusCode;
use serde_json::Value;
use url::Url;
use vestibule::clients;
use vestibule::clock::Seconds;
use vestibule::id::{ApiId, ClientId, ClientSecretId};
use vestibule::protocol::algorithm::SigningAlgorithm;
use vestibule::protocol::client::ApplicationKind;
use vestibule::secret::ClientSecret;
use vestibule::store::apis::Api;
use vestibule::store::clients::{Client, ClientApi, UriKind};
use vestibule::store::types::{Json, Text};
use vestibule::store::{self, Tx};

use super::World;

/// A registered client, as its developer knows it.
#[derive(Clone, Debug)]
pub(crate) struct TestClient {
    pub(crate) id: ClientId,
    pub(crate) secret: Option<String>,
    pub(crate) redirect_uri: String,
    issuer: String,
    http: reqwest::Client,
}

/// An answer of an endpoint that speaks JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The `error` member.
    pub(crate) fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or_default()
    }

    /// Reads a response to its end.
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("the answer is text");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self {
            status,
            headers,
            body,
        }
    }
}

/// The tokens of a response.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) id_token: Option<String>,
    pub(crate) refresh_token: Option<String>,
    pub(crate) body: Value,
}

impl Tokens {
    /// The tokens in an answer, which must be a success.
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        let text = |name: &str| answer.body[name].as_str().map(str::to_owned);
        Self {
            access_token: text("access_token").expect("there is an access token"),
            id_token: text("id_token"),
            refresh_token: text("refresh_token"),
            body: answer.body.clone(),
        }
    }

    /// The claims of the ID Token.
    pub(crate) fn id_claims(&self) -> Value {
        jwt_claims(self.id_token.as_deref().expect("there is an ID Token"))
    }

    /// The claims of the access token.
    pub(crate) fn access_claims(&self) -> Value {
        jwt_claims(&self.access_token)
    }
}

/// The claims of a JWT, unverified.
pub(crate) fn jwt_claims(jwt: &str) -> Value {
    part(jwt, 1)
}

/// The header of a JWT.
pub(crate) fn jwt_header(jwt: &str) -> Value {
    part(jwt, 0)
}

fn part(jwt: &str, index: usize) -> Value {
    let encoded = jwt.split('.').nth(index).expect("a JWT has three parts");
    let decoded = BASE64_URL_SAFE_NO_PAD
        .decode(encoded)
        .expect("its parts are base64url");
    serde_json::from_slice(&decoded).expect("they hold JSON")
}

impl World {
    /// Registers a confidential web client.
    pub(crate) async fn web_client(&self, redirect_uri: &str, post_logout_uri: &str) -> TestClient {
        self.register(
            ApplicationKind::Web,
            &[redirect_uri],
            &[post_logout_uri],
            |_| {},
        )
        .await
    }

    /// Registers a public browser client.
    pub(crate) async fn public_client(
        &self,
        redirect_uri: &str,
        post_logout_uri: &str,
    ) -> TestClient {
        self.register(
            ApplicationKind::Spa,
            &[redirect_uri],
            &[post_logout_uri],
            |_| {},
        )
        .await
    }

    /// Registers the client that most tests use: a web client at `https://app.example.test`.
    pub(crate) async fn client(&self) -> TestClient {
        self.web_client(
            "https://app.example.test/callback",
            "https://app.example.test/signed-out",
        )
        .await
    }

    /// Registers a machine that may call the API of that audience, with the scopes `read:orders write:orders`.
    pub(crate) async fn machine_client(&self, audience: &str) -> TestClient {
        let machine = self
            .register(ApplicationKind::Machine, &[], &[], |_| {})
            .await;
        self.allow_api(&machine, audience, "read:orders write:orders")
            .await;
        machine
    }

    /// Lets a client call an API, which is registered when it wasn't.
    pub(crate) async fn allow_api(&self, client: &TestClient, audience: &str, scopes: &str) {
        let mut tx = self
            .app
            .db
            .write()
            .await
            .expect("the database takes writes");
        let known = store::apis::find_by_audience(&mut tx, audience)
            .await
            .expect("the database answers");
        let api = known.unwrap_or_else(|| Api {
            id: ApiId::generate(&mut self.app.random.generator()),
            name: "An API".to_owned(),
            audience: audience.to_owned(),
            is_management: false,
            created_at: self.now(),
        });
        store::apis::upsert(&mut tx, &api)
            .await
            .expect("the database takes writes");
        let mut apis = store::clients::list_apis(&mut tx, &client.id)
            .await
            .expect("the database answers");
        apis.push(ClientApi {
            api_id: api.id,
            audience: audience.to_owned(),
            scopes: Text(scopes.parse().expect("these are scopes")),
        });
        store::clients::replace_apis(&mut tx, &client.id, &apis)
            .await
            .expect("the database takes writes");
        tx.commit().await.expect("the database takes writes");
        self.pass(1); // copies of clients are good for a second
    }

    /// Registers a client, adjusted before it is stored.
    pub(crate) async fn register(
        &self,
        kind: ApplicationKind,
        redirect_uris: &[&str],
        post_logout_uris: &[&str],
        adjust: impl FnOnce(&mut Client),
    ) -> TestClient {
        let mut client = self.unregistered(kind);
        adjust(&mut client);
        let owned =
            |uris: &[&str]| -> Vec<String> { uris.iter().map(|uri| (*uri).to_owned()).collect() };
        let mut tx = self.app.db.write().await.unwrap();
        store::clients::upsert(&mut tx, &client).await.unwrap();
        for (kind, uris) in [
            (UriKind::Redirect, redirect_uris),
            (UriKind::PostLogout, post_logout_uris),
        ] {
            store::clients::replace_uris(&mut tx, &client.id, kind, &owned(uris))
                .await
                .unwrap();
        }
        let secret = if kind.is_confidential() {
            Some(self.give_secret(&mut tx, &client.id).await)
        } else {
            None
        };
        tx.commit().await.unwrap();
        TestClient {
            id: client.id,
            secret,
            redirect_uri: redirect_uris
                .first()
                .copied()
                .unwrap_or_default()
                .to_owned(),
            issuer: self.issuer().to_owned(),
            http: World::http(),
        }
    }

    /// A client that is registered already, with a new secret.
    pub(crate) async fn known_client(&self, id: ClientId, redirect_uri: &str) -> TestClient {
        let mut tx = self.write().await;
        let secret = Some(self.give_secret(&mut tx, &id).await);
        tx.commit().await.expect("the database takes writes");
        TestClient {
            id,
            secret,
            redirect_uri: redirect_uri.to_owned(),
            issuer: self.issuer().to_owned(),
            http: World::http(),
        }
    }

    /// A client as most are, not stored yet.
    fn unregistered(&self, kind: ApplicationKind) -> Client {
        Client {
            id: ClientId::generate(&mut self.app.random.generator()),
            name: "Acme Notes".to_owned(),
            kind: Text(kind),
            auth_methods: Text(kind.default_auth_methods()),
            scopes: Text(vestibule::web::oidc::discovery::supported_scopes()),
            requires_pkce: !kind.is_confidential(),
            requires_consent: false,
            signing_algorithm: Text(SigningAlgorithm::Rs256),
            types_access_tokens: false,
            profile_in_id_token: true,
            access_token_lifetime_seconds: Seconds::new(86_400),
            id_token_lifetime_seconds: Seconds::new(3_600),
            refresh_token_lifetime_seconds: Seconds::new(1_296_000),
            grant_lifetime_seconds: Seconds::new(31_536_000),
            claim_switches: Json::default(),
            page_options: Json::default(),
            maps_hasura_claims: false,
            session_lifetime_seconds: None,
            is_access_controlled: false,
            organization_id: None,
            login_uri: Some("https://app.example.test/login".to_owned()),
            homepage_uri: None,
            logo_uri: None,
            policy_uri: None,
            terms_uri: None,
            disabled_at: None,
            created_at: self.now(),
            updated_at: self.now(),
        }
    }

    async fn give_secret(&self, tx: &mut Tx, client: &ClientId) -> String {
        let mut rng = self.app.random.generator();
        let (secret, id) = (
            ClientSecret::generate(&mut rng),
            ClientSecretId::generate(&mut rng),
        );
        let (key, overlap) = (&self.app.hash_key, Seconds::new(0));
        let given = clients::rotate_secret(tx, client, secret, key, overlap, id, self.now()).await;
        given.unwrap().expose().to_owned()
    }

    /// Changes a registered client.
    pub(crate) async fn change(&self, client: &TestClient, adjust: impl FnOnce(&mut Client)) {
        let mut tx = self
            .app
            .db
            .write()
            .await
            .expect("the database takes writes");
        let found = store::clients::find(&mut tx, &client.id)
            .await
            .expect("the database answers");
        let mut record = found.expect("the client is registered");
        adjust(&mut record);
        store::clients::upsert(&mut tx, &record)
            .await
            .expect("the database takes writes");
        tx.commit().await.expect("the database takes writes");
        self.pass(1); // copies of clients are good for a second
    }
}

impl TestClient {
    /// The same client, as it talks to another node.
    pub(crate) fn at(&self, node: &World) -> Self {
        Self {
            issuer: node.issuer().to_owned(),
            ..self.clone()
        }
    }

    /// The address that begins a sign-in: the usual parameters, and these over them; an empty value takes
    /// a parameter away.
    pub(crate) fn authorize_url(&self, parameters: &[(&str, &str)]) -> String {
        let mut values: Vec<(&str, &str)> = vec![
            ("response_type", "code"),
            ("client_id", self.id.as_str()),
            ("redirect_uri", &self.redirect_uri),
            ("scope", "openid profile email offline"),
            ("state", "a state"),
            ("nonce", "a nonce"),
        ];
        for (name, value) in parameters {
            values.retain(|(known, _)| known != name);
            if !value.is_empty() {
                values.push((name, value));
            }
        }
        let mut url =
            Url::parse(&format!("{}/oauth2/auth", self.issuer)).expect("the issuer is an address");
        url.query_pairs_mut().extend_pairs(values);
        url.into()
    }

    /// Redeems the code that arrived at the redirect URI.
    pub(crate) async fn redeem(&self, arrived: &Url) -> Tokens {
        Tokens::of(&self.try_redeem(&code_in(arrived), &[]).await)
    }

    /// Redeems a code, with these parameters over the usual ones.
    pub(crate) async fn try_redeem(&self, code: &str, parameters: &[(&str, &str)]) -> Answer {
        let usual = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
        ];
        self.token(&merged(&usual, parameters)).await
    }

    /// Refreshes.
    pub(crate) async fn refresh(&self, refresh_token: &str) -> Answer {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ])
        .await
    }

    /// Posts to the token endpoint, authenticated in the body.
    pub(crate) async fn token(&self, parameters: &[(&str, &str)]) -> Answer {
        self.post("/oauth2/token", parameters).await
    }

    /// Posts to an endpoint, authenticated in the body.
    pub(crate) async fn post(&self, path: &str, parameters: &[(&str, &str)]) -> Answer {
        let mut usual = vec![("client_id", self.id.as_str())];
        if let Some(secret) = &self.secret {
            usual.push(("client_secret", secret));
        }
        self.post_bare(path, &merged(&usual, parameters)).await
    }

    /// Posts to an endpoint just these parameters.
    pub(crate) async fn post_bare(&self, path: &str, parameters: &[(&str, &str)]) -> Answer {
        let request = self
            .http
            .post(format!("{}{path}", self.issuer))
            .form(parameters);
        Answer::read(request.send().await.expect("the server answers")).await
    }

    /// Asks for the user's claims.
    pub(crate) async fn userinfo(&self, access_token: &str) -> Answer {
        let request = self
            .http
            .get(format!("{}/oauth2/v2/user_profile", self.issuer))
            .bearer_auth(access_token);
        Answer::read(request.send().await.expect("the server answers")).await
    }
}

/// The code in an authorization response.
pub(crate) fn code_in(arrived: &Url) -> String {
    parameters_of(arrived)
        .remove("code")
        .unwrap_or_else(|| panic!("no code in {arrived}"))
}

/// The parameters of an authorization response that came by query.
pub(crate) fn parameters_of(arrived: &Url) -> HashMap<String, String> {
    arrived.query_pairs().into_owned().collect()
}

/// The usual parameters with others over them; an empty value takes one away.
fn merged<'a>(
    usual: &[(&'a str, &'a str)],
    parameters: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut values = usual.to_vec();
    for (name, value) in parameters {
        values.retain(|(known, _)| known != name);
        if !value.is_empty() {
            values.push((name, value));
        }
    }
    values
}
