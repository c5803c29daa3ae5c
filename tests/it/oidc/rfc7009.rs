//! RFC 7009: token revocation.

use super::{Residue, Scene, post};
use crate::support::{Engine, on_each_engine};

const PATH: &str = "/oauth2/revoke";

on_each_engine! {
    a_revoked_refresh_token_takes_its_access_tokens_with_it
    a_revoked_access_token_leaves_the_refresh_token
    a_token_of_another_client_is_refused_and_lives_on
}

async fn a_revoked_refresh_token_takes_its_access_tokens_with_it(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let (tokens, untouched) = (scene.tokens(&[]).await, scene.tokens(&[]).await);
    let refresh_token = tokens.refresh_token.expect("offline was asked for");
    let answer = scene.client.post(PATH, &[("token", &refresh_token)]).await;
    assert_eq!((answer.status.as_u16(), answer.body), (200, "".into()));

    assert_eq!(
        scene.client.refresh(&refresh_token).await.error(),
        "invalid_grant"
    );
    let userinfo = scene.client.userinfo(&tokens.access_token).await;
    assert_eq!(userinfo.error(), "invalid_token");
    let other = scene.client.userinfo(&untouched.access_token).await;
    assert_eq!(other.status, 200, "another authorization lives on");
}

async fn a_revoked_access_token_leaves_the_refresh_token(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let tokens = scene.tokens(&[]).await;
    let token = [("token", tokens.access_token.as_str())];
    for _ in 0..2 {
        assert_eq!(scene.client.post(PATH, &token).await.status, 200);
        let userinfo = scene.client.userinfo(&tokens.access_token).await;
        assert_eq!(userinfo.error(), "invalid_token");
        let introspected = scene.client.post("/oauth2/introspect", &token).await;
        assert_eq!(introspected.body, serde_json::json!({ "active": false }));
    }
    let refresh_token = tokens.refresh_token.expect("offline was asked for");
    assert_eq!(scene.client.refresh(&refresh_token).await.status, 200);
}

async fn a_token_of_another_client_is_refused_and_lives_on(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let other = scene.world.client().await;
    let tokens = scene.tokens(&[]).await;
    let refresh_token = tokens.refresh_token.expect("offline was asked for");
    let before = Residue::of(&scene.world).await;
    for token in [&tokens.access_token, &refresh_token] {
        let answer = other.post(PATH, &[("token", token)]).await;
        assert_eq!(answer.status, 400);
    }
    assert_eq!(Residue::of(&scene.world).await, before);
    assert_eq!(
        scene.client.userinfo(&tokens.access_token).await.status,
        200
    );
    assert_eq!(scene.client.refresh(&refresh_token).await.status, 200);
}

#[tokio::test]
async fn an_unknown_token_is_revoked_already() {
    let mut scene = Scene::new().await;
    let id_token = scene.tokens(&[]).await.id_token.unwrap();
    let before = Residue::of(&scene.world).await;
    for token in ["unknown", "a.b.c", &id_token, &"x".repeat(10_000)] {
        let answer = scene.client.post(PATH, &[("token", token)]).await;
        assert_eq!(answer.status, 200, "{token}");
    }
    assert_eq!(Residue::of(&scene.world).await, before);
}

#[tokio::test]
async fn a_wrong_or_unknown_hint_does_no_harm() {
    let mut scene = Scene::new().await;
    for hint in ["access_token", "refresh_token", "elsewhere"] {
        let tokens = scene.tokens(&[]).await;
        let refresh_token = tokens.refresh_token.unwrap();
        for token in [&tokens.access_token, &refresh_token] {
            let parameters = [("token", token.as_str()), ("token_type_hint", hint)];
            assert_eq!(scene.client.post(PATH, &parameters).await.status, 200);
        }
        assert_eq!(
            scene.client.userinfo(&tokens.access_token).await.status,
            401
        );
        assert_eq!(
            scene.client.refresh(&refresh_token).await.error(),
            "invalid_grant"
        );
    }
}

#[tokio::test]
async fn a_missing_or_repeated_token_is_an_invalid_request() {
    let scene = Scene::new().await;
    let answer = scene.client.post(PATH, &[]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (400, "invalid_request")
    );
    let answer = scene.client.post(PATH, &[("token", "")]).await;
    assert_eq!(answer.error(), "invalid_request");
    let body = format!(
        "client_id={}&client_secret={}&token=a&token=b",
        scene.client.id,
        scene.secret()
    );
    let answer = post(&scene.world, PATH, &[], &body).await;
    assert_eq!(answer.error(), "invalid_request");
}

#[tokio::test]
async fn a_public_client_revokes_its_own_tokens_without_a_secret() {
    let mut scene = Scene::new().await;
    let public = scene.public_client().await;
    let code = scene.code_for(&public, &super::WITH_PKCE).await;
    let verifier = [("code_verifier", super::VERIFIER)];
    let answer = public.try_redeem(&code, &verifier).await;
    let tokens = crate::support::Tokens::of(&answer);
    let token = [("token", tokens.access_token.as_str())];
    assert_eq!(public.post(PATH, &token).await.status, 200);
    assert_eq!(public.userinfo(&tokens.access_token).await.status, 401);
}

#[tokio::test]
async fn a_client_that_fails_to_authenticate_revokes_nothing() {
    let mut scene = Scene::new().await;
    let tokens = scene.tokens(&[]).await;
    let parameters = [
        ("token", tokens.access_token.as_str()),
        ("client_secret", "x"),
    ];
    let answer = scene.client.post(PATH, &parameters).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (401, "invalid_client")
    );
    assert_eq!(
        scene.client.userinfo(&tokens.access_token).await.status,
        200
    );
}

#[tokio::test]
async fn a_machines_token_can_be_revoked() {
    let scene = Scene::new().await;
    let machine = scene.world.machine_client("https://api.example.test").await;
    let answer = machine.token(&[("grant_type", "client_credentials")]).await;
    let token = crate::support::Tokens::of(&answer).access_token;
    let introspect = async || {
        machine
            .post("/oauth2/introspect", &[("token", &token)])
            .await
    };
    assert_eq!(introspect().await.body["active"], true);
    assert_eq!(machine.post(PATH, &[("token", &token)]).await.status, 200);
    assert_eq!(introspect().await.body["active"], false);
}
