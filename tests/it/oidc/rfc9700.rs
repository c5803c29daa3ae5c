//! RFC 9700: the best current practice for OAuth 2.0 security.

use super::{Scene, VERIFIER, WITH_PKCE};
use crate::support::{Engine, PASSWORD, Tokens, on_each_engine};

on_each_engine! {
    a_code_used_twice_revokes_what_it_gave
    a_code_is_refused_however_late_it_comes_again
    a_refresh_token_is_replaced_at_each_use
    within_the_grace_a_refresh_token_gives_the_same_successor
    after_the_grace_a_reused_refresh_token_revokes_the_family
    within_the_grace_an_old_token_leads_to_the_newest
    a_stolen_code_does_nobody_any_good
}

async fn a_code_used_twice_revokes_what_it_gave(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let untouched = scene.tokens(&[]).await;
    let code = scene.code(&[]).await;
    let tokens = Tokens::of(&scene.client.try_redeem(&code, &[]).await);
    let refresh_token = tokens.refresh_token.expect("offline");
    let refreshed = Tokens::of(&scene.client.refresh(&refresh_token).await);

    let again = scene.client.try_redeem(&code, &[]).await;
    assert_eq!(
        (again.status.as_u16(), again.error()),
        (400, "invalid_grant")
    );
    for token in [&tokens.access_token, &refreshed.access_token] {
        assert_eq!(scene.client.userinfo(token).await.status, 401);
    }
    let newest = refreshed.refresh_token.expect("offline");
    assert_eq!(scene.client.refresh(&newest).await.error(), "invalid_grant");
    let other = scene.client.userinfo(&untouched.access_token).await;
    assert_eq!(other.status, 200, "another authorization lives on");
}

async fn a_code_is_refused_however_late_it_comes_again(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    for seconds in [0, 1, 30, 61, 3_600] {
        let code = scene.code(&[]).await;
        let tokens = Tokens::of(&scene.client.try_redeem(&code, &[]).await);
        scene.world.pass(seconds);
        let again = scene.client.try_redeem(&code, &[]).await;
        assert_eq!(again.error(), "invalid_grant", "after {seconds} s");
        let userinfo = scene.client.userinfo(&tokens.access_token).await;
        assert_eq!(userinfo.status, 401, "after {seconds} s");
    }
}

async fn a_refresh_token_is_replaced_at_each_use(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut seen = vec![scene.tokens(&[]).await.refresh_token.expect("offline")];
    for _ in 0..3 {
        scene.world.pass(60);
        let answer = scene
            .client
            .refresh(seen.last().expect("one at least"))
            .await;
        let next = Tokens::of(&answer).refresh_token.expect("offline");
        assert!(!seen.contains(&next));
        seen.push(next);
    }
}

async fn within_the_grace_a_refresh_token_gives_the_same_successor(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let first = scene.tokens(&[]).await.refresh_token.expect("offline");
    let successor = Tokens::of(&scene.client.refresh(&first).await).refresh_token;
    for _ in 0..3 {
        scene.world.pass(9);
        let answer = scene.client.refresh(&first).await;
        let again = Tokens::of(&answer);
        assert_eq!(again.refresh_token, successor);
        let userinfo = scene.client.userinfo(&again.access_token).await;
        assert_eq!(userinfo.status, 200);
        assert!(again.id_token.is_some());
    }
    let next = successor.expect("offline");
    assert_eq!(scene.client.refresh(&next).await.status, 200);
}

async fn after_the_grace_a_reused_refresh_token_revokes_the_family(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let tokens = scene.tokens(&[]).await;
    let first = tokens.refresh_token.expect("offline");
    let second = Tokens::of(&scene.client.refresh(&first).await);
    scene.world.pass(30);
    let reuse = scene.client.refresh(&first).await;
    assert_eq!(
        (reuse.status.as_u16(), reuse.error()),
        (400, "invalid_grant")
    );

    let second_refresh = second.refresh_token.expect("offline");
    assert_eq!(
        scene.client.refresh(&second_refresh).await.error(),
        "invalid_grant"
    );
    for token in [&tokens.access_token, &second.access_token] {
        assert_eq!(scene.client.userinfo(token).await.status, 401);
    }
}

async fn within_the_grace_an_old_token_leads_to_the_newest(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let first = scene.tokens(&[]).await.refresh_token.expect("offline");
    let second = Tokens::of(&scene.client.refresh(&first).await);
    let second = second.refresh_token.expect("offline");
    let third = Tokens::of(&scene.client.refresh(&second).await).refresh_token;
    let again = Tokens::of(&scene.client.refresh(&first).await).refresh_token;
    assert_eq!(again, third);
}

async fn a_stolen_code_does_nobody_any_good(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let public = scene.public_client().await;
    let code = scene.code_for(&public, &WITH_PKCE).await;
    assert_eq!(public.try_redeem(&code, &[]).await.error(), "invalid_grant");
    let thief = [("code_verifier", "y".repeat(43))];
    let thief = [(thief[0].0, thief[0].1.as_str())];
    assert_eq!(
        public.try_redeem(&code, &thief).await.error(),
        "invalid_grant"
    );
    // Neither attempt takes it from its client.
    let honest = [("code_verifier", VERIFIER)];
    Tokens::of(&public.try_redeem(&code, &honest).await);
}

#[tokio::test]
async fn a_form_with_a_password_is_answered_with_303() {
    let scene = Scene::new().await;
    let mut browser = scene.world.browser();
    browser.open(&scene.client.authorize_url(&[])).await;
    // The browser refuses any other redirect.
    browser.sign_in(super::EMAIL, PASSWORD).await;
    browser.arrived();
}

#[tokio::test]
async fn nothing_but_a_code_comes_by_the_front_channel_and_no_password_is_a_grant() {
    let mut scene = Scene::new().await;
    let refusal = scene.refusal(&[("response_type", "token")]).await;
    assert_eq!(refusal, "unsupported_response_type");
    let password = [
        ("grant_type", "password"),
        ("username", super::EMAIL),
        ("password", PASSWORD),
    ];
    let answer = scene.client.token(&password).await;
    assert_eq!(answer.error(), "unsupported_grant_type");
}

#[tokio::test]
async fn only_the_port_of_a_loopback_redirect_uri_may_vary() {
    let mut scene = Scene::new().await;
    let native = scene
        .world
        .register(
            vestibule::protocol::client::ApplicationKind::Native,
            &["http://127.0.0.1/callback", "http://localhost/callback"],
            &[],
            |_| {},
        )
        .await;
    for (uri, is_taken) in [
        ("http://127.0.0.1:51234/callback", true),
        ("http://127.0.0.1:51234/other", false),
        ("http://127.0.0.2:51234/callback", false),
        ("http://localhost:51234/callback", false),
        ("https://127.0.0.1:51234/callback", false),
    ] {
        let parameters = [WITH_PKCE[0], WITH_PKCE[1], ("redirect_uri", uri)];
        let page = scene.browser.open(&native.authorize_url(&parameters)).await;
        assert_eq!(page.is_elsewhere, is_taken, "{uri}");
    }
}
