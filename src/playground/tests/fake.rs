//! A small OpenID Provider that signs everybody in, and can be told to misbehave.

use std::sync::{Arc, Mutex};

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm};
use openidconnect::{AccessToken, AccessTokenHash, JsonWebKeyId, PrivateSigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use url::Url;

pub(super) const NOW: i64 = 1_795_334_420;
/// The key of RFC 8037, appendix A.1, which everybody knows.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----";

/// Changes the claims of an ID token before it is signed.
pub(super) type Spoil = fn(&mut Value);

/// How the provider behaves; each member is one thing that may be wrong with it.
#[derive(Clone, Default)]
pub(super) struct Behaviour {
    pub(super) answer_error: Option<&'static str>,
    pub(super) foreign_iss: bool,
    pub(super) issuer_name: Option<&'static str>,
    pub(super) secret: Option<&'static str>,
    pub(super) spoil_access_token: bool,
    pub(super) spoil_claims: Option<Spoil>,
    pub(super) userinfo_subject: Option<&'static str>,
}

pub(super) struct FakeProvider {
    pub(super) issuer: String,
    pub(super) behaviour: Behaviour,
    /// The last authorization request.
    pub(super) request: Mutex<Value>,
}

pub(super) type Fake = Arc<FakeProvider>;

fn key() -> CoreEdDsaPrivateSigningKey {
    let id = JsonWebKeyId::new("k1".to_owned());
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(KEY, Some(id)).unwrap()
}

fn jwt(claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"alg": "EdDSA", "kid": "k1", "typ": "JWT"});
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = key().sign(&CoreJwsSigningAlgorithm::EdDsa, signed.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(signature.unwrap());
    format!("{signed}.{signature}")
}

impl FakeProvider {
    /// Starts it on a free port.
    pub(super) async fn start(behaviour: Behaviour) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Arc::new(Self {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            behaviour,
            request: Mutex::default(),
        });
        let keys = json!({"keys": [key().as_verification_key()]});
        let active = json!({"active": true});
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/jwks", get(move || async { Json(keys) }))
            .route("/auth", get(authorize))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .route("/introspect", post(move || async { Json(active) }))
            .route("/revoke", post(|| async {}))
            .route("/logout", get(logout))
            .with_state(Arc::clone(&fake));
        tokio::spawn(async { axum::serve(listener, routes).await });
        fake
    }

    fn tokens(&self) -> Value {
        let request = self.request.lock().unwrap().clone();
        let mut access_token = jwt(&json!({
            "iss": self.issuer, "sub": "kp_1", "aud": [], "azp": "client-1",
            "iat": NOW, "exp": NOW + 86_400, "jti": "1", "scp": ["openid"],
        }));
        let hash = AccessTokenHash::from_token(
            &AccessToken::new(access_token.clone()),
            &CoreJwsSigningAlgorithm::EdDsa,
            &key().as_verification_key(),
        );
        let mut claims = json!({
            "iss": self.issuer, "sub": "kp_1", "aud": ["client-1"], "azp": "client-1",
            "iat": NOW, "exp": NOW + 3_600, "auth_time": NOW - 10, "nonce": request["nonce"],
            "at_hash": hash.unwrap().as_str(), "name": "Ada <Byron>",
        });
        if let Some(spoil) = self.behaviour.spoil_claims {
            spoil(&mut claims);
        }
        if self.behaviour.spoil_access_token {
            let middle = access_token.find('.').unwrap() + 4;
            access_token.replace_range(middle..=middle, "_");
        }
        json!({
            "access_token": access_token, "id_token": jwt(&claims), "refresh_token": "opaque-1",
            "token_type": "bearer", "expires_in": 86_400, "scope": "openid profile",
        })
    }
}

async fn configuration(State(fake): State<Fake>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", fake.issuer);
    Json(json!({
        "issuer": fake.behaviour.issuer_name.unwrap_or(&fake.issuer),
        "authorization_endpoint": at("/auth"), "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"), "jwks_uri": at("/jwks"),
        "end_session_endpoint": at("/logout"), "revocation_endpoint": at("/revoke"),
        "introspection_endpoint": at("/introspect"),
        "authorization_response_iss_parameter_supported": true,
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    }))
}

async fn authorize(State(fake): State<Fake>, Query(request): Query<Value>) -> Redirect {
    let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
    let mut url = Url::parse(&text("redirect_uri")).unwrap();
    let foreign = fake.behaviour.foreign_iss;
    let iss = if foreign {
        "https://evil.test"
    } else {
        &fake.issuer
    };
    url.query_pairs_mut()
        .append_pair("state", &text("state"))
        .append_pair("iss", iss);
    match fake.behaviour.answer_error {
        Some(error) => url.query_pairs_mut().append_pair("error", error),
        None => url.query_pairs_mut().append_pair("code", "code-1"),
    };
    *fake.request.lock().unwrap() = request;
    Redirect::to(url.as_str())
}

async fn token(State(fake): State<Fake>, Form(form): Form<Value>) -> Response {
    let error = |code: &str| {
        let body = json!({"error": code, "error_description": "as the test wants it"});
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    };
    if form["client_secret"].as_str() != fake.behaviour.secret {
        return error("invalid_client");
    }
    let request = fake.request.lock().unwrap().clone();
    let verifier = form["code_verifier"].as_str().unwrap_or_default();
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let granted = match form["grant_type"].as_str() {
        Some("authorization_code") => {
            form["code"] == "code-1" && request["code_challenge"] == challenge.as_str()
        }
        Some("refresh_token") => form["refresh_token"] == "opaque-1",
        _ => false,
    };
    if !granted {
        return error("invalid_grant");
    }
    Json(fake.tokens()).into_response()
}

async fn userinfo(State(fake): State<Fake>, headers: HeaderMap) -> Json<Value> {
    assert!(headers.contains_key("authorization"));
    let subject = fake.behaviour.userinfo_subject.unwrap_or("kp_1");
    Json(json!({"sub": subject, "id": subject, "given_name": "Ada"}))
}

async fn logout(Query(request): Query<Value>) -> Redirect {
    let text = |name: &str| request[name].as_str().unwrap();
    assert_eq!(text("id_token_hint").split('.').count(), 3);
    let back = text("post_logout_redirect_uri");
    Redirect::to(&format!("{back}?state={}", text("state")))
}
