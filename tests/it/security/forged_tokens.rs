//! Access tokens that are none of ours, or no access tokens, at `UserInfo` and introspection.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use josekit::jwk::Jwk;
use josekit::jws::{JwsHeader, RS256, serialize_compact};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{PASSWORD, TestClient, Tokens, World, jwt_claims, jwt_header};

struct Scene {
    world: World,
    client: TestClient,
    tokens: Tokens,
}

impl Scene {
    async fn set() -> Self {
        let world = World::new().await;
        world.user("ada@example.test", PASSWORD).await;
        let client = world.client().await;
        let (_, tokens) = world.signed_in(&client, "ada@example.test").await;
        Self {
            world,
            client,
            tokens,
        }
    }

    async fn assert_refused(&self, token: &str, what: &str) {
        let answer = self.client.userinfo(token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
        assert_eq!(answer.error(), "invalid_token", "{what}");
        let answer = self
            .client
            .post("/oauth2/introspect", &[("token", token)])
            .await;
        assert_eq!(answer.body, json!({ "active": false }), "{what}");
    }

    async fn published_key(&self) -> Value {
        let keys = self.world.json("/.well-known/jwks.json").await;
        let kid = jwt_header(&self.tokens.access_token)["kid"].clone();
        let keys = keys["keys"].as_array().expect("a key set").clone();
        let key = keys.into_iter().find(|key| key["kid"] == kid);
        key.expect("the key is published")
    }
}

fn encode(part: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part.to_string())
}

fn hs256(header: &Value, claims: &Value, key: &[u8]) -> String {
    let signed = format!("{}.{}", encode(header), encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    mac.update(signed.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{signed}.{signature}")
}

#[tokio::test]
async fn an_unsigned_token_is_refused_however_none_is_spelled() {
    let scene = Scene::set().await;
    let claims = jwt_claims(&scene.tokens.access_token);
    let kid = jwt_header(&scene.tokens.access_token)["kid"].clone();
    let signature = scene.tokens.access_token.rsplit('.').next().expect("a JWT");
    for alg in ["none", "None", "NONE", "nOnE", "", "RS256"] {
        for header in [json!({ "alg": alg }), json!({ "alg": alg, "kid": kid })] {
            let unsigned = format!("{}.{}.", encode(&header), encode(&claims));
            scene.assert_refused(&unsigned, alg).await;
            if alg != "RS256" {
                let signed = format!("{unsigned}{signature}");
                scene.assert_refused(&signed, alg).await;
            }
        }
    }
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let scene = Scene::set().await;
    let claims = jwt_claims(&scene.tokens.access_token);
    let key = scene.published_key().await;
    let jwk = Jwk::from_bytes(key.to_string()).expect("it is a key");
    let pair = RS256.verifier_from_jwk(&jwk);
    pair.expect("it verifies");
    let modulus = key["n"].as_str().expect("an RSA key");
    let raw = BASE64_URL_SAFE_NO_PAD.decode(modulus).expect("base64url");
    let serialized = key.to_string();
    for secret in [modulus.as_bytes(), &raw, serialized.as_bytes(), b""] {
        let header = json!({ "alg": "HS256", "kid": key["kid"] });
        let token = hs256(&header, &claims, secret);
        scene.assert_refused(&token, "HS256").await;
    }
}

#[tokio::test]
async fn a_foreign_key_is_refused_also_when_it_comes_along() {
    let scene = Scene::set().await;
    let claims = jwt_claims(&scene.tokens.access_token);
    let kid = jwt_header(&scene.tokens.access_token)["kid"].clone();
    let kid = kid.as_str().expect("a kid");
    let mut foreign = Jwk::generate_rsa_key(2048).expect("keys can be made");
    foreign.set_key_id(kid);
    let signer = RS256.signer_from_jwk(&foreign).expect("it signs");
    let public = foreign.to_public_key().expect("it has a public half");
    let headers = [
        json!({ "alg": "RS256", "kid": kid }),
        json!({ "alg": "RS256" }),
        json!({ "alg": "RS256", "kid": "another" }),
        json!({ "alg": "RS256", "kid": kid, "jwk": public.as_ref() }),
        json!({ "alg": "RS256", "jwk": public.as_ref() }),
        json!({ "alg": "RS256", "kid": kid, "jku": scene.world.url("/.well-known/jwks.json") }),
        json!({ "alg": "RS256", "kid": "../../etc/passwd" }),
    ];
    for header in headers {
        let members = header.as_object().expect("an object").clone();
        let header = JwsHeader::from_map(members).expect("it is a header");
        let payload = claims.to_string();
        let token = serialize_compact(payload.as_bytes(), &header, &signer).expect("it signs");
        scene.assert_refused(&token, &header.to_string()).await;
    }
}

#[tokio::test]
async fn a_token_that_was_touched_is_refused() {
    let scene = Scene::set().await;
    let token = &scene.tokens.access_token;
    assert_eq!(scene.client.userinfo(token).await.status, StatusCode::OK);
    let parts: Vec<&str> = token.split('.').collect();
    let mut claims = jwt_claims(token);
    claims["exp"] = json!(i64::MAX);
    let longer = format!("{}.{}.{}", parts[0], encode(&claims), parts[2]);
    scene.assert_refused(&longer, "another exp").await;
    for (what, forged) in [
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("four parts", format!("{token}.{}", parts[2])),
        ("half a signature", token[..token.len() - 40].to_owned()),
        ("five parts", format!("{token}.x.y")),
        ("an empty header", format!(".{}.{}", parts[1], parts[2])),
        ("text", "text".to_owned()),
    ] {
        scene.assert_refused(&forged, what).await;
    }
}

#[tokio::test]
async fn an_id_token_is_no_access_token() {
    let scene = Scene::set().await;
    let id_token = scene.tokens.id_token.clone().expect("openid was asked for");
    scene.assert_refused(&id_token, "ID Token").await;
    let refresh_token = scene.tokens.refresh_token.clone().expect("offline");
    let answer = scene.client.userinfo(&refresh_token).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_access_token_is_no_hint_of_who_is_signed_in() {
    let scene = Scene::set().await;
    let (mut browser, _) = scene
        .world
        .signed_in(&scene.client, "ada@example.test")
        .await;
    let query = format!(
        "/logout?id_token_hint={}&post_logout_redirect_uri=https://app.example.test/signed-out",
        scene.tokens.access_token
    );
    assert_eq!(
        browser.open(&query).await.id(),
        "page-logout",
        "it proves nothing"
    );
}

#[tokio::test]
async fn a_token_of_another_server_is_refused() {
    let scene = Scene::set().await;
    let other = Scene::set().await;
    scene
        .assert_refused(&other.tokens.access_token, "another issuer")
        .await;
}

#[tokio::test]
async fn an_expired_token_is_refused_to_the_second() {
    let scene = Scene::set().await;
    scene.world.pass(86_399);
    let answer = scene.client.userinfo(&scene.tokens.access_token).await;
    assert_eq!(answer.status, StatusCode::OK);
    scene.world.pass(1);
    scene
        .assert_refused(&scene.tokens.access_token, "expired")
        .await;
}

#[tokio::test]
async fn a_machines_token_speaks_for_no_user_whatever_its_sub() {
    let scene = Scene::set().await;
    let machine = scene.world.machine_client("https://api.example.test").await;
    let answer = machine.token(&[("grant_type", "client_credentials")]).await;
    let token = answer.body["access_token"]
        .as_str()
        .expect("machines get tokens");
    let answer = scene.client.userinfo(token).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let claims = jwt_claims(token);
    let subject = claims["sub"].as_str().expect("it has a sub");
    assert!(
        vestibule::id::UserId::parse(subject).is_none(),
        "{subject} could be a user's"
    );
    let user = jwt_claims(&scene.tokens.access_token)["sub"].clone();
    let user = user.as_str().expect("it has a sub");
    assert!(
        vestibule::id::ClientId::parse(user).is_none(),
        "{user} could be a client's"
    );
}

#[tokio::test]
async fn a_token_travels_in_no_query() {
    let scene = Scene::set().await;
    let path = format!(
        "/oauth2/userinfo?access_token={}",
        scene.tokens.access_token
    );
    let answer = World::http().get(scene.world.url(&path)).send().await;
    let answer = answer.expect("the server answers");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn introspection_tells_strangers_nothing() {
    let scene = Scene::set().await;
    let stranger = scene.world.client().await;
    let refresh_token = scene.tokens.refresh_token.clone().expect("offline");
    for token in [&scene.tokens.access_token, &refresh_token] {
        let asked = [("token", token.as_str())];
        let theirs = scene.client.post("/oauth2/introspect", &asked).await;
        assert_eq!(theirs.body["active"], true);
        let strangers = stranger.post("/oauth2/introspect", &asked).await;
        assert_eq!(strangers.body, json!({ "active": false }));
    }
    let answer = stranger
        .post("/oauth2/revoke", &[("token", &scene.tokens.access_token)])
        .await;
    let answer_refresh = stranger
        .post("/oauth2/revoke", &[("token", &refresh_token)])
        .await;
    assert!(answer.status.as_u16() < 500 && answer_refresh.status.as_u16() < 500);
    let answer = scene.client.userinfo(&scene.tokens.access_token).await;
    assert_eq!(answer.status, StatusCode::OK, "a stranger revokes nothing");
    assert_eq!(
        scene.client.refresh(&refresh_token).await.status,
        StatusCode::OK
    );
}
