//! RFC 7662: token introspection. It answers only to those whom a token concerns.

use serde_json::json;

use super::{Scene, VERIFIER, WITH_PKCE, basic, header, post};
use crate::support::{Answer, Engine, TestClient, Tokens, on_each_engine};

const PATH: &str = "/oauth2/introspect";
const API: &str = "https://api.example.test";

on_each_engine! {
    the_client_of_a_token_learns_what_it_says
    a_refresh_token_is_active_until_it_is_used_or_revoked
}

async fn introspect(client: &TestClient, token: &str) -> Answer {
    client.post(PATH, &[("token", token)]).await
}

async fn the_client_of_a_token_learns_what_it_says(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let client = scene.client.clone();
    scene.world.allow_api(&client, API, "").await;
    let tokens = scene.tokens(&[("audience", API)]).await;
    let answer = introspect(&client, &tokens.access_token).await;
    let now = scene.world.now().as_i64();
    let expected = json!({
        "active": true,
        "aud": [API],
        "client_id": client.id,
        "exp": now + 86_400,
        "iat": now,
        "iss": scene.world.issuer(),
        "jti": tokens.access_claims()["jti"],
        "org_code": scene.world.default_organization().await,
        "scope": "openid profile email offline",
        "sub": scene.user,
        "token_type": "Bearer",
    });
    assert_eq!(answer.body, expected);
    assert_eq!(header(&answer.headers, "cache-control"), "no-store");
    scene.world.pass(86_400);
    let answer = introspect(&client, &tokens.access_token).await;
    assert_eq!(answer.body, json!({ "active": false }), "it has expired");
}

async fn a_refresh_token_is_active_until_it_is_used_or_revoked(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let client = scene.client.clone();
    let first = scene.tokens(&[]).await.refresh_token.expect("offline");
    let answer = introspect(&client, &first).await;
    assert_eq!(answer.body["active"], true);
    assert_eq!(answer.body["sub"], scene.user.as_str());
    assert!(answer.body["token_type"].is_null(), "{:?}", answer.body);

    let second = Tokens::of(&client.refresh(&first).await);
    let second = second.refresh_token.expect("offline");
    assert_eq!(
        introspect(&client, &first).await.body,
        json!({ "active": false })
    );
    assert_eq!(introspect(&client, &second).await.body["active"], true);
    client.post("/oauth2/revoke", &[("token", &second)]).await;
    assert_eq!(
        introspect(&client, &second).await.body,
        json!({ "active": false })
    );
}

#[tokio::test]
async fn whoever_a_token_does_not_concern_is_told_that_it_is_not_active() {
    let mut scene = Scene::new().await;
    let stranger = scene.world.client().await;
    let tokens = scene.tokens(&[]).await;
    for token in [&tokens.access_token, &tokens.refresh_token.unwrap()] {
        let answer = introspect(&stranger, token).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, json!({ "active": false }));
    }
}

#[tokio::test]
async fn a_resource_server_may_ask_about_tokens_for_its_api() {
    let mut scene = Scene::new().await;
    let client = scene.client.clone();
    scene.world.allow_api(&client, API, "").await;
    let resource_server = scene.world.machine_client(API).await;
    let other = scene
        .world
        .machine_client("https://other.example.test")
        .await;
    let token = scene.tokens(&[("audience", API)]).await.access_token;
    assert_eq!(
        introspect(&resource_server, &token).await.body["active"],
        true
    );
    assert_eq!(introspect(&other, &token).await.body["active"], false);
    let elsewhere = scene.tokens(&[]).await.access_token;
    assert_eq!(
        introspect(&resource_server, &elsewhere).await.body["active"],
        false
    );
}

#[tokio::test]
async fn whoever_holds_a_management_token_may_ask_about_any() {
    let mut scene = Scene::new().await;
    let tokens = scene.tokens(&[]).await;
    let manager = scene.world.machine_client(&scene.world.url("/api")).await;
    let answer = manager.token(&[("grant_type", "client_credentials")]).await;
    let credentials = format!("Bearer {}", Tokens::of(&answer).access_token);
    let headers = [("authorization", credentials.as_str())];
    for token in [&tokens.access_token, tokens.refresh_token.as_ref().unwrap()] {
        let answer = post(&scene.world, PATH, &headers, &format!("token={token}")).await;
        assert_eq!(answer.body["active"], true, "{:?}", answer.body);
        assert!(answer.body["exp"].is_i64() && answer.body["iat"].is_i64());
    }
    let answer = post(&scene.world, PATH, &headers, "token=unknown").await;
    assert_eq!(answer.body, json!({ "active": false }));
}

#[tokio::test]
async fn another_bearer_token_does_not_authorize() {
    let mut scene = Scene::new().await;
    let token = scene.tokens(&[]).await.access_token;
    for bearer in [token.as_str(), "unknown", "a.b.c"] {
        let credentials = format!("Bearer {bearer}");
        let headers = [("authorization", credentials.as_str())];
        let answer = post(&scene.world, PATH, &headers, &format!("token={token}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error()),
            (401, "invalid_token")
        );
        let challenge = header(&answer.headers, "www-authenticate");
        assert!(
            challenge.starts_with("Bearer "),
            "RFC 7662 §2.3: {challenge}"
        );
    }
}

#[tokio::test]
async fn a_caller_that_does_not_authenticate_learns_nothing() {
    let mut scene = Scene::new().await;
    let token = scene.tokens(&[]).await.access_token;
    let answer = post(&scene.world, PATH, &[], &format!("token={token}")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (400, "invalid_request")
    );
    let body = format!("token={token}&client_id={}", scene.client.id);
    let answer = post(&scene.world, PATH, &[], &body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (401, "invalid_client")
    );
    let credentials = basic(scene.client.id.as_str(), "wrong");
    let headers = [("authorization", credentials.as_str())];
    let answer = post(&scene.world, PATH, &headers, &format!("token={token}")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (401, "invalid_client")
    );
}

#[tokio::test]
async fn a_public_client_which_can_prove_nothing_may_not_ask() {
    let mut scene = Scene::new().await;
    let public = scene.public_client().await;
    let code = scene.code_for(&public, &WITH_PKCE).await;
    let verifier = [("code_verifier", VERIFIER)];
    let tokens = Tokens::of(&public.try_redeem(&code, &verifier).await);
    let answer = introspect(&public, &tokens.access_token).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (401, "invalid_client")
    );
}

#[tokio::test]
async fn what_is_no_token_of_ours_is_not_active() {
    let mut scene = Scene::new().await;
    let foreign = Scene::new().await.tokens(&[]).await;
    let code = scene.code(&[]).await;
    let id_token = scene.tokens(&[]).await.id_token.unwrap();
    for token in ["unknown", &foreign.access_token, &code, &id_token] {
        let parameters = [("token", token), ("token_type_hint", "elsewhere")];
        let answer = scene.client.post(PATH, &parameters).await;
        assert_eq!(answer.body, json!({ "active": false }), "{token}");
    }
}

#[tokio::test]
async fn a_missing_token_is_an_invalid_request() {
    let scene = Scene::new().await;
    let answer = scene.client.post(PATH, &[]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (400, "invalid_request")
    );
}
