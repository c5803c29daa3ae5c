//! An upstream OpenID Provider on loopback, which states what a test wants, and misbehaves where it is told to: in
//! every way that no honest one does.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm};
use openidconnect::{AccessToken, AccessTokenHash, JsonWebKeyId, PrivateSigningKey as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;
use vestibule::clock::Timestamp;
use vestibule::federation::mapping::Mapping;
use vestibule::federation::settings::{Oidc, Registration, Settings, Sync};
use vestibule::id::ConnectionId;
use vestibule::store::connections::{self, Connection};
use vestibule::store::types::{Json as Stored, Text};

use super::{START, TestClient, World};

const CLIENT_ID: &str = "vestibule-there";
const SECRET: &str = "a secret of ours, there";

/// The keys of RFC 8037, appendix A.1, and another one: everybody knows them.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----";
const OTHER_KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIEzNCJso/5baywiGCSNP9nqZ3kq0OQLt8Lw8xW1DbfuS
-----END PRIVATE KEY-----";

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    AccessTokenOfAnother,
    AlgorithmNone,
    EndsNoSession,
    EndsSessionInScript,
    Expired,
    ForAnotherClient,
    ForSeveralClients,
    FromTheFuture,
    HugeProfile,
    KeyAsSecret,
    KeyOfAnother,
    KeyUnknown,
    KeysInside,
    MetadataOfAnother,
    NamesNobody,
    #[default]
    None,
    NonceOfAnother,
    NoIdToken,
    ProfileOfAnother,
    RedirectsInside,
    TokenOfAnotherIssuer,
    TokensInside,
}

/// An upstream.
pub(crate) struct Upstream {
    pub(crate) issuer: String,
    inner: Arc<Inner>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Inner {
    issuer: Mutex<String>,
    /// What is stated: the claims of the ID Token.
    claims: Mutex<Value>,
    /// What the profile says besides.
    profile: Mutex<Value>,
    fault: Mutex<Fault>,
    /// The authorization requests that were granted, by code.
    granted: Mutex<HashMap<String, Value>>,
    /// How often the keys were read.
    key_reads: Mutex<usize>,
    /// How often somebody came with a code.
    redemptions: Mutex<usize>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Upstream {
    /// An upstream that states that everybody is this one.
    pub(crate) async fn start(claims: Value) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Inner::default());
        inner.issuer.lock().unwrap().clone_from(&issuer);
        *inner.claims.lock().unwrap() = claims;
        *inner.profile.lock().unwrap() = json!({});
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route(
                "/organizations/v2.0/.well-known/openid-configuration",
                get(metadata_of_tenants),
            )
            .route("/jwks", get(keys))
            .route("/auth", get(authorize))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(Arc::clone(&inner));
        let server = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("it serves");
        });
        Self {
            issuer,
            inner,
            server,
        }
    }

    /// States this from now on.
    pub(crate) fn states(&self, claims: Value) {
        *self.inner.claims.lock().unwrap() = claims;
    }

    /// Says this at its profile endpoint from now on.
    pub(crate) fn profile(&self, profile: Value) {
        *self.inner.profile.lock().unwrap() = profile;
    }

    /// Does this wrong from now on.
    pub(crate) fn does_wrong(&self, fault: Fault) {
        *self.inner.fault.lock().unwrap() = fault;
    }

    /// A logout token, as an honest provider writes one at `now` but for the claims that are replaced; null removes one.
    pub(crate) fn logout_token(&self, now: Timestamp, replaced: &Value, fault: Fault) -> String {
        let now = now.as_i64();
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120,
            "jti": uuid::Uuid::new_v4().to_string(),
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        let claims = claims.as_object_mut().unwrap();
        claims.extend(replaced.as_object().unwrap().clone());
        claims.retain(|_, value| !value.is_null());
        signed(&json!(claims), fault)
    }

    /// How often its keys were read.
    pub(crate) fn key_reads(&self) -> usize {
        *self.inner.key_reads.lock().unwrap()
    }

    /// How often somebody came with a code.
    pub(crate) fn redemptions(&self) -> usize {
        *self.inner.redemptions.lock().unwrap()
    }

    /// Grants an authorization request. Returns the address of the answer.
    pub(crate) fn grants(&self, request: &Url) -> String {
        self.inner.grants(request)
    }

    /// Turns an authorization request down. Returns the address of the answer.
    pub(crate) fn declines(&self, request: &Url, error: &str) -> String {
        let parameters: HashMap<String, String> = request.query_pairs().into_owned().collect();
        let mut answer = Url::parse(&parameters["redirect_uri"]).unwrap();
        answer
            .query_pairs_mut()
            .append_pair("error", error)
            .append_pair("state", &parameters["state"])
            .append_pair("iss", &self.issuer);
        answer.into()
    }
}

fn key(pem: &str) -> CoreEdDsaPrivateSigningKey {
    let id = if pem == KEY { "k1" } else { "k2" };
    let id = JsonWebKeyId::new(id.to_owned());
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(pem, Some(id)).unwrap()
}

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

fn signed(claims: &Value, fault: Fault) -> String {
    let header = match fault {
        Fault::AlgorithmNone => json!({ "alg": "none", "typ": "JWT" }),
        Fault::KeyAsSecret => json!({ "alg": "HS256", "typ": "JWT" }),
        Fault::KeyUnknown => json!({ "alg": "EdDSA", "kid": "k2", "typ": "JWT" }),
        _ => json!({ "alg": "EdDSA", "kid": "k1", "typ": "JWT" }),
    };
    let content = format!("{}.{}", part(&header), part(claims));
    let signature = match fault {
        Fault::AlgorithmNone => Vec::new(),
        Fault::KeyAsSecret => {
            use hmac::{Hmac, KeyInit as _, Mac as _};
            let public = serde_json::to_vec(&key(KEY).as_verification_key()).unwrap();
            let mut mac = Hmac::<Sha256>::new_from_slice(&public).unwrap();
            mac.update(content.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        Fault::KeyOfAnother | Fault::KeyUnknown => sign(OTHER_KEY, &content),
        _ => sign(KEY, &content),
    };
    format!("{content}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn sign(pem: &str, content: &str) -> Vec<u8> {
    let algorithm = CoreJwsSigningAlgorithm::EdDsa;
    key(pem).sign(&algorithm, content.as_bytes()).unwrap()
}

async fn metadata(State(inner): State<Arc<Inner>>) -> Json<Value> {
    let issuer = inner.issuer.lock().unwrap().clone();
    let fault = *inner.fault.lock().unwrap();
    let at = |path: &str| format!("{issuer}{path}");
    let said = match fault {
        Fault::MetadataOfAnother => "https://accounts.example.test",
        _ => &issuer,
    };
    let inside = |path: &str| format!("https://10.0.0.1{path}");
    let end_session = match fault {
        Fault::EndsNoSession => Value::Null,
        Fault::EndsSessionInScript => json!("javascript:alert(1)"),
        _ => json!(at("/end-session?tenant=acme")),
    };
    Json(json!({
        "issuer": said,
        "end_session_endpoint": end_session,
        "authorization_endpoint": at("/auth"),
        "token_endpoint": if fault == Fault::TokensInside { inside("/token") } else { at("/token") },
        "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": if fault == Fault::KeysInside { inside("/jwks") } else { at("/jwks") },
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "authorization_response_iss_parameter_supported": fault != Fault::NamesNobody,
    }))
}

/// The metadata of the endpoint that all tenants of Entra ID share: a template, without profiles.
async fn metadata_of_tenants(state: State<Arc<Inner>>) -> Json<Value> {
    let Json(mut metadata) = metadata(state).await;
    let issuer = metadata["issuer"].as_str().unwrap_or_default().to_owned();
    metadata["issuer"] = json!(format!("{issuer}/{{tenantid}}/v2.0"));
    if let Some(members) = metadata.as_object_mut() {
        members.remove("userinfo_endpoint");
        members.remove("authorization_response_iss_parameter_supported");
    }
    Json(metadata)
}

async fn keys(State(inner): State<Arc<Inner>>) -> Json<Value> {
    *inner.key_reads.lock().unwrap() += 1;
    Json(json!({ "keys": [key(KEY).as_verification_key()] }))
}

/// Redeems a code, once, from the client that it was issued to, with the verifier of its challenge.
async fn token(
    State(inner): State<Arc<Inner>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let credentials = format!(
        "{CLIENT_ID}:{}",
        SECRET.replace(' ', "+").replace(',', "%2C")
    );
    let credentials = base64::prelude::BASE64_STANDARD.encode(credentials);
    let is_ours = headers
        .get(header::AUTHORIZATION)
        .is_some_and(|value| value.as_bytes() == format!("Basic {credentials}").as_bytes());
    *inner.redemptions.lock().unwrap() += 1;
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    let request = inner.granted.lock().unwrap().remove(&form["code"]);
    let request = request.filter(|request| is_ours && request["code_challenge"] == *challenge);
    let Some(request) = request else {
        let body = Json(json!({ "error": "invalid_grant" }));
        return (StatusCode::BAD_REQUEST, body).into_response();
    };
    assert_eq!(request["redirect_uri"], form["redirect_uri"].as_str());
    let fault = *inner.fault.lock().unwrap();
    let mut answer = json!({
        "access_token": "access-token-there", "token_type": "Bearer", "expires_in": 3600,
    });
    if fault != Fault::NoIdToken {
        answer["id_token"] = signed(&inner.id_token(&request, fault), fault).into();
    }
    Json(answer).into_response()
}

/// Grants whatever it is asked for, at once: for browsers that go there.
async fn authorize(State(inner): State<Arc<Inner>>, uri: axum::http::Uri) -> Redirect {
    let issuer = inner.issuer.lock().unwrap().clone();
    let request = Url::parse(&format!("{issuer}{uri}")).unwrap();
    Redirect::to(&inner.grants(&request))
}

impl Inner {
    fn grants(&self, request: &Url) -> String {
        let parameters: HashMap<String, String> = request.query_pairs().into_owned().collect();
        let mut granted = self.granted.lock().unwrap();
        let code = format!("code-{}", granted.len());
        granted.insert(code.clone(), json!(parameters));
        let mut answer = Url::parse(&parameters["redirect_uri"]).unwrap();
        answer
            .query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", &parameters["state"])
            .append_pair("iss", &self.issuer.lock().unwrap());
        answer.into()
    }

    fn id_token(&self, request: &Value, fault: Fault) -> Value {
        let now = START.as_i64();
        let access_token = match fault {
            Fault::AccessTokenOfAnother => "another",
            _ => "access-token-there",
        };
        let hash = AccessTokenHash::from_token(
            &AccessToken::new(access_token.to_owned()),
            &CoreJwsSigningAlgorithm::EdDsa,
            &key(KEY).as_verification_key(),
        );
        let mut claims = json!({
            "iss": *self.issuer.lock().unwrap(), "aud": CLIENT_ID, "nonce": request["nonce"],
            "iat": now, "exp": now + 3600, "auth_time": now, "at_hash": hash.unwrap().as_str(),
        });
        if let Value::Object(stated) = &*self.claims.lock().unwrap() {
            for (claim, value) in stated {
                claims[claim] = value.clone();
            }
        }
        match fault {
            Fault::Expired => claims["exp"] = json!(now - 61),
            Fault::ForAnotherClient => claims["aud"] = json!("another"),
            Fault::ForSeveralClients => claims["aud"] = json!([CLIENT_ID, "another"]),
            Fault::FromTheFuture => claims["iat"] = json!(now + 3600),
            Fault::NonceOfAnother => claims["nonce"] = json!("another"),
            Fault::TokenOfAnotherIssuer => claims["iss"] = json!("https://accounts.example.test"),
            _ => {}
        }
        claims
    }
}

async fn userinfo(State(inner): State<Arc<Inner>>, headers: HeaderMap) -> Response {
    let Some(authorized) = headers.get(header::AUTHORIZATION) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    assert_eq!(authorized, "Bearer access-token-there");
    let mut profile = inner.profile.lock().unwrap().clone();
    profile["sub"] = inner.claims.lock().unwrap()["sub"].clone();
    match *inner.fault.lock().unwrap() {
        Fault::HugeProfile => profile["name"] = "a".repeat(10 << 20).into(),
        Fault::ProfileOfAnother => profile["sub"] = json!("another"),
        Fault::RedirectsInside => return Redirect::to("http://127.0.0.1:1/").into_response(),
        _ => {}
    }
    Json(profile).into_response()
}

/// How we are registered at the upstreams of tests.
pub(crate) fn registration() -> Registration {
    Registration {
        client_id: CLIENT_ID.to_owned(),
        ..Registration::default()
    }
}

impl World {
    /// A world on `SQLite` that may ask upstreams on this machine.
    pub(crate) async fn federated(engine: super::Engine) -> Self {
        Self::on_with(engine, &[("FEDERATION__ALLOWED_NETWORKS", "127.0.0.0/8")]).await
    }

    /// A connection to an upstream, offered by a client; adjusted before it is stored.
    pub(crate) async fn connection(
        &self,
        upstream: &Upstream,
        client: &TestClient,
        adjust: impl FnOnce(&mut Connection),
    ) -> ConnectionId {
        let settings = Settings::Oidc(Oidc {
            client: registration(),
            issuer: upstream.issuer.clone(),
            groups_claim: Some("groups".to_owned()),
        });
        self.connection_to(settings, client, adjust).await
    }

    /// A connection with these settings, offered by a client; adjusted before it is stored.
    pub(crate) async fn connection_to(
        &self,
        settings: Settings,
        client: &TestClient,
        adjust: impl FnOnce(&mut Connection),
    ) -> ConnectionId {
        let mut rng = self.app.random.generator();
        let vault = self.app.keys.vault();
        let mut connection = Connection {
            id: ConnectionId::generate(&mut rng),
            kind: Text(settings.kind()),
            name: "acme".to_owned(),
            display_name: "Acme".to_owned(),
            organization_id: None,
            settings: Stored(settings),
            secret_jwe: Some(vault.seal(SECRET.as_bytes()).unwrap()),
            mapping: Stored(Mapping::standard()),
            sync: Text(Sync::Inherit),
            creates_users: true,
            trusts_emails: true,
            trusts_authentication: false,
            joins_organization: false,
            shows_button: true,
            is_enabled: true,
            created_at: Timestamp::from_unix(0),
            updated_at: Timestamp::from_unix(0),
        };
        adjust(&mut connection);
        let mut tx = self.write().await;
        connections::insert(&mut tx, &connection).await.unwrap();
        connections::insert_client(&mut tx, &connection.id, &client.id)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        connection.id
    }
}
