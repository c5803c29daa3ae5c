//! The token endpoint (RFC 6749 §3.2, §4.1.3, §4.4, §5, §6).

use super::super::{Residue, Scene, header, post};
use crate::support::{Answer, Engine, Tokens, World, on_each_engine};

on_each_engine! {
    a_code_gives_tokens_that_are_not_cached
    a_code_of_another_client_is_an_invalid_grant
    an_expired_code_is_an_invalid_grant
    a_refresh_token_of_another_client_is_an_invalid_grant
    a_refresh_may_ask_for_less_and_never_for_more
}

fn refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (status, error),
        "{:?}",
        answer.body
    );
    let content_type = header(&answer.headers, "content-type");
    assert!(
        content_type.starts_with("application/json"),
        "{content_type}"
    );
    assert_eq!(header(&answer.headers, "cache-control"), "no-store");
    assert!(
        answer.body["error_description"].is_string(),
        "{:?}",
        answer.body
    );
}

async fn a_code_gives_tokens_that_are_not_cached(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let code = scene.code(&[]).await;
    let answer = scene.client.try_redeem(&code, &[]).await;
    let tokens = Tokens::of(&answer);
    assert_eq!(header(&answer.headers, "cache-control"), "no-store");
    assert_eq!(header(&answer.headers, "pragma"), "no-cache");
    assert_eq!(header(&answer.headers, "content-type"), "application/json");
    assert_eq!(tokens.body["token_type"], "Bearer");
    assert_eq!(tokens.body["expires_in"], 86_400);
    assert_eq!(tokens.body["scope"], "openid profile email offline");
    let refresh_token = tokens.refresh_token.expect("offline was asked for");
    assert!(refresh_token.len() >= 43, "at least 128 bits");
}

async fn a_code_of_another_client_is_an_invalid_grant(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let other = scene.world.client().await;
    let code = scene.code(&[]).await;
    let before = Residue::of(&scene.world).await;
    refused(&other.try_redeem(&code, &[]).await, 400, "invalid_grant");
    assert_eq!(Residue::of(&scene.world).await, before);
    let answer = scene.client.try_redeem(&code, &[]).await;
    assert_eq!(answer.status, 200, "its own client can still redeem it");
}

async fn an_expired_code_is_an_invalid_grant(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let (late, in_time) = (scene.code(&[]).await, scene.code(&[]).await);
    scene.world.pass(59);
    assert_eq!(scene.client.try_redeem(&in_time, &[]).await.status, 200);
    scene.world.pass(1);
    refused(
        &scene.client.try_redeem(&late, &[]).await,
        400,
        "invalid_grant",
    );
}

async fn a_refresh_token_of_another_client_is_an_invalid_grant(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let other = scene.world.client().await;
    let tokens = scene.tokens(&[]).await;
    let refresh_token = tokens.refresh_token.expect("offline was asked for");
    let before = Residue::of(&scene.world).await;
    refused(&other.refresh(&refresh_token).await, 400, "invalid_grant");
    assert_eq!(Residue::of(&scene.world).await, before);
    assert_eq!(scene.client.refresh(&refresh_token).await.status, 200);
}

async fn a_refresh_may_ask_for_less_and_never_for_more(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let tokens = scene.tokens(&[("scope", "openid email offline")]).await;
    let refresh_token = tokens.refresh_token.expect("offline was asked for");
    let ask = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &refresh_token),
        ("scope", "openid profile"),
    ];
    refused(&scene.client.token(&ask).await, 400, "invalid_scope");

    let ask = [ask[0], ask[1], ("scope", "openid")];
    let narrowed = Tokens::of(&scene.client.token(&ask).await);
    assert_eq!(narrowed.body["scope"], "openid");
    assert_eq!(narrowed.access_claims()["scp"][0], "openid");
    let profile = scene.client.userinfo(&narrowed.access_token).await;
    assert_eq!(profile.body["email"], serde_json::Value::Null, "narrowed");

    // The next refresh token still stands for everything that was granted.
    let next = narrowed.refresh_token.expect("there is a next one");
    let whole = Tokens::of(&scene.client.refresh(&next).await);
    assert_eq!(whole.body["scope"], "openid email offline");
}

#[tokio::test]
async fn a_redirect_uri_other_than_the_requests_is_an_invalid_grant() {
    let mut scene = Scene::new().await;
    let code = scene.code(&[]).await;
    for redirect_uri in ["", "https://app.example.test/other"] {
        let answer = scene
            .client
            .try_redeem(&code, &[("redirect_uri", redirect_uri)])
            .await;
        refused(&answer, 400, "invalid_grant");
    }
    assert_eq!(scene.client.try_redeem(&code, &[]).await.status, 200);
}

#[tokio::test]
async fn an_unknown_code_or_refresh_token_is_an_invalid_grant() {
    let scene = Scene::new().await;
    let before = Residue::of(&scene.world).await;
    for unknown in ["unknown", &"x".repeat(43), &"x".repeat(4_000), "\u{fc}"] {
        refused(
            &scene.client.try_redeem(unknown, &[]).await,
            400,
            "invalid_grant",
        );
        refused(&scene.client.refresh(unknown).await, 400, "invalid_grant");
    }
    assert_eq!(Residue::of(&scene.world).await, before);
}

#[tokio::test]
async fn a_missing_parameter_is_an_invalid_request() {
    let scene = Scene::new().await;
    for parameters in [
        &[][..],
        &[("grant_type", "authorization_code")],
        &[("grant_type", "refresh_token")],
    ] {
        refused(
            &scene.client.token(parameters).await,
            400,
            "invalid_request",
        );
    }
}

#[tokio::test]
async fn a_repeated_parameter_is_an_invalid_request() {
    let mut scene = Scene::new().await;
    let code = scene.code(&[]).await;
    let usual = format!(
        "grant_type=authorization_code&code={code}&redirect_uri=https%3A%2F%2Fapp.example.test%2Fcallback&client_id={}&client_secret={}",
        scene.client.id,
        scene.secret()
    );
    for pair in usual.split('&') {
        let body = format!("{usual}&{pair}");
        let answer = post(&scene.world, "/oauth2/token", &[], &body).await;
        refused(&answer, 400, "invalid_request");
    }
    let body = format!("{usual}&extra=1&extra=2");
    let answer = post(&scene.world, "/oauth2/token", &[], &body).await;
    assert_eq!(answer.status, 200, "what is unknown may be repeated");
}

#[tokio::test]
async fn an_unknown_grant_type_is_unsupported() {
    let scene = Scene::new().await;
    for grant_type in [
        "password",
        "implicit",
        "urn:ietf:params:oauth:grant-type:device_code",
        "Authorization_Code",
    ] {
        let answer = scene.client.token(&[("grant_type", grant_type)]).await;
        refused(&answer, 400, "unsupported_grant_type");
    }
}

#[tokio::test]
async fn a_grant_that_the_client_may_not_use_is_an_unauthorized_client() {
    let scene = Scene::new().await;
    let answer = scene
        .client
        .token(&[("grant_type", "client_credentials")])
        .await;
    refused(&answer, 400, "unauthorized_client");
    let machine = scene.world.machine_client("https://api.example.test").await;
    refused(
        &machine.try_redeem("x", &[]).await,
        400,
        "unauthorized_client",
    );
    refused(&machine.refresh("x").await, 400, "unauthorized_client");
    let public = scene.public_client().await;
    let answer = public.token(&[("grant_type", "client_credentials")]).await;
    refused(&answer, 400, "unauthorized_client");
}

#[tokio::test]
async fn a_get_is_not_allowed() {
    let scene = Scene::new().await;
    let address = format!(
        "{}?grant_type=refresh_token&client_id={}",
        scene.world.url("/oauth2/token"),
        scene.client.id
    );
    for path in ["/oauth2/introspect", "/oauth2/revoke"] {
        let response = World::http().get(scene.world.url(path)).send().await;
        assert_eq!(response.unwrap().status(), 405, "{path}");
    }
    let response = World::http().get(address).send().await.unwrap();
    assert_eq!(response.status(), 405);
    assert_eq!(header(response.headers(), "allow"), "POST");
}

#[tokio::test]
async fn a_body_that_is_no_form_is_an_invalid_request() {
    let scene = Scene::new().await;
    for content_type in ["application/json", "text/plain", "multipart/form-data", ""] {
        let request = World::http().post(scene.world.url("/oauth2/token"));
        let request = request.header("content-type", content_type).body("{}");
        let answer = Answer::read(request.send().await.unwrap()).await;
        refused(&answer, 400, "invalid_request");
    }
    let request = World::http().post(scene.world.url("/oauth2/token"));
    let answer = Answer::read(request.send().await.unwrap()).await;
    refused(&answer, 400, "invalid_request");
}

#[tokio::test]
async fn parameters_in_the_query_are_not_read() {
    let mut scene = Scene::new().await;
    let code = scene.code(&[]).await;
    let path = format!(
        "/oauth2/token?client_id={}&client_secret={}",
        scene.client.id,
        scene.secret()
    );
    let body = format!("grant_type=authorization_code&code={code}");
    let answer = post(&scene.world, &path, &[], &body).await;
    refused(&answer, 400, "invalid_request");
}

#[tokio::test]
async fn an_oversized_body_is_an_invalid_request() {
    let scene = Scene::new().await;
    let body = format!("grant_type={}", "x".repeat(70_000));
    let answer = post(&scene.world, "/oauth2/token", &[], &body).await;
    refused(&answer, 400, "invalid_request");
    let many = "a=b&".repeat(300);
    let answer = post(&scene.world, "/oauth2/token", &[], &many).await;
    refused(&answer, 400, "invalid_request");
}

#[tokio::test]
async fn a_charset_beside_the_content_type_is_fine() {
    let mut scene = Scene::new().await;
    let code = scene.code(&[]).await;
    let request = World::http().post(scene.world.url("/oauth2/token"));
    let body = format!(
        "grant_type=authorization_code&code={code}&redirect_uri=https%3A%2F%2Fapp.example.test%2Fcallback&client_id={}&client_secret={}",
        scene.client.id,
        scene.secret()
    );
    let request = request.header(
        "content-type",
        "application/x-www-form-urlencoded; charset=UTF-8",
    );
    let answer = Answer::read(request.body(body).send().await.unwrap()).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
}

#[tokio::test]
async fn client_credentials_give_an_access_token_and_nothing_else() {
    let world = World::new().await;
    let machine = world.machine_client("https://api.example.test").await;
    let ask = [("grant_type", "client_credentials")];
    let answer = machine.token(&ask).await;
    let tokens = Tokens::of(&answer);
    assert_eq!(header(&answer.headers, "cache-control"), "no-store");
    assert!(tokens.id_token.is_none() && tokens.refresh_token.is_none());
    assert_eq!(tokens.body["scope"], "read:orders write:orders");
    super::super::verified(&world, &tokens.access_token).await;

    let ask = [ask[0], ("scope", "read:orders")];
    let narrowed = Tokens::of(&machine.token(&ask).await);
    assert_eq!(narrowed.body["scope"], "read:orders");
    let ask = [ask[0], ("scope", "read:orders delete:orders")];
    refused(&machine.token(&ask).await, 400, "invalid_scope");
    let ask = [ask[0], ("audience", "https://other.example.test")];
    refused(&machine.token(&ask).await, 400, "unauthorized_client");
    let ask = [ask[0], ("resource", "not a uri")];
    refused(&machine.token(&ask).await, 400, "invalid_target");
}

#[tokio::test]
async fn a_suspended_users_code_and_refresh_token_are_invalid_grants() {
    let mut scene = Scene::new().await;
    let tokens = scene.tokens(&[]).await;
    let code = scene.code(&[]).await;
    let mut tx = scene.world.app.db.write().await.unwrap();
    let found = vestibule::store::users::find(&mut tx, &scene.user).await;
    let mut user = found.unwrap().unwrap();
    user.suspended_at = Some(scene.world.now());
    vestibule::store::users::update(&mut tx, &user)
        .await
        .unwrap();
    tx.commit().await.unwrap();

    refused(
        &scene.client.try_redeem(&code, &[]).await,
        400,
        "invalid_grant",
    );
    let refresh = scene.client.refresh(&tokens.refresh_token.unwrap()).await;
    refused(&refresh, 400, "invalid_grant");
    let userinfo = scene.client.userinfo(&tokens.access_token).await;
    assert_eq!(userinfo.status, 401);
    let address = scene.client.authorize_url(&[("prompt", "none")]);
    scene.browser.open(&address).await;
    let arrived = scene.browser.arrived().clone();
    assert_eq!(super::super::error_in(&arrived), "login_required");
}

#[tokio::test]
async fn an_idle_refresh_token_expires_and_so_does_an_old_authorization() {
    let lifetime = vestibule::clock::Seconds::new;
    let mut scene = Scene::with_client(|client| {
        client.refresh_token_lifetime_seconds = lifetime(100);
        client.grant_lifetime_seconds = lifetime(250);
        client.access_token_lifetime_seconds = lifetime(10);
    })
    .await;
    let mut token = scene.tokens(&[]).await.refresh_token.unwrap();
    for _ in 0..2 {
        scene.world.pass(99);
        let answer = scene.client.refresh(&token).await;
        token = Tokens::of(&answer).refresh_token.unwrap();
    }
    scene.world.pass(52);
    refused(&scene.client.refresh(&token).await, 400, "invalid_grant");

    let idle = scene.tokens(&[]).await.refresh_token.unwrap();
    scene.world.pass(100);
    refused(&scene.client.refresh(&idle).await, 400, "invalid_grant");
}
