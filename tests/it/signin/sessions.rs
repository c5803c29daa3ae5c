//! Sessions: how long they last, what stays the same when they are renewed, and what ends with them.

use reqwest::StatusCode;

use crate::support::{Engine, PASSWORD, World, on_each_engine, parameters_of};

const ADDRESS: &str = "ada@example.test";
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

on_each_engine! {
    a_session_ends_when_it_lies_idle
    a_session_that_is_used_ends_after_its_whole_life
    a_new_proof_renews_the_session_and_keeps_its_sid
    logout_ends_the_session_and_its_tokens
}

async fn a_session_ends_when_it_lies_idle(engine: Engine) {
    let world = World::on(engine).await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, _) = world.signed_in(&client, ADDRESS).await;
    world.pass(3 * DAY - 1);
    browser.open(&client.authorize_url(&[])).await;
    browser.arrived();
    world.pass(3 * DAY);
    let page = browser.open(&client.authorize_url(&[])).await;
    assert_eq!(page.id(), "page-sign-in");
}

async fn a_session_that_is_used_ends_after_its_whole_life(engine: Engine) {
    let world = World::on(engine).await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, _) = world.signed_in(&client, ADDRESS).await;
    for _ in 0..14 {
        world.pass(2 * DAY);
        browser.open(&client.authorize_url(&[])).await;
        browser.arrived();
    }
    world.pass(2 * DAY);
    let page = browser.open(&client.authorize_url(&[])).await;
    assert_eq!(page.id(), "page-sign-in", "30 days have passed");
}

async fn a_new_proof_renews_the_session_and_keeps_its_sid(engine: Engine) {
    let world = World::on(engine).await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, first) = world.signed_in(&client, ADDRESS).await;
    let old_cookie = browser.cookie("vestibule_session");
    world.pass(HOUR);
    browser
        .open(&client.authorize_url(&[("prompt", "login")]))
        .await;
    browser.sign_in(ADDRESS, PASSWORD).await;
    let second = client.redeem(browser.arrived()).await;
    let (old, new) = (first.id_claims(), second.id_claims());
    assert_eq!(new["sid"], old["sid"]);
    let age = new["auth_time"].as_i64().zip(old["auth_time"].as_i64());
    assert_eq!(age.map(|(new, old)| new - old), Some(HOUR));
    assert_ne!(browser.cookie("vestibule_session"), old_cookie);
    let answer = client.userinfo(&first.access_token).await;
    assert_eq!(answer.status, StatusCode::OK, "the session has not ended");
}

async fn logout_ends_the_session_and_its_tokens(engine: Engine) {
    let world = World::on(engine).await;
    let user = world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, tokens) = world.signed_in(&client, ADDRESS).await;
    let (_, elsewhere) = world.signed_in(&client, ADDRESS).await;
    let hint = tokens.id_token.clone().expect("there is an ID Token");
    let query = format!(
        "/logout?id_token_hint={hint}&post_logout_redirect_uri=https://app.example.test/signed-out&state=s"
    );
    browser.open(&query).await;
    let arrived = browser.arrived().as_str();
    assert_eq!(arrived, "https://app.example.test/signed-out?state=s");

    assert!(browser.cookie("vestibule_session").is_none());
    let page = browser.open(&client.authorize_url(&[])).await;
    assert_eq!(page.id(), "page-sign-in");
    let answer = client.userinfo(&tokens.access_token).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let refresh_token = tokens.refresh_token.expect("offline was asked for");
    assert_eq!(
        client.refresh(&refresh_token).await.error(),
        "invalid_grant"
    );
    let answer = client.userinfo(&elsewhere.access_token).await;
    assert_eq!(
        answer.status,
        StatusCode::OK,
        "other browsers stay signed in"
    );
    let audited = world.audited(user.as_str()).await;
    assert!(audited.contains(&"user.signed_out".to_owned()));
}

#[tokio::test]
async fn without_proof_the_user_is_asked_and_may_stay() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, tokens) = world.signed_in(&client, ADDRESS).await;
    let page = browser.open("/logout").await;
    assert_eq!(page.id(), "page-logout");
    browser.press("stay-signed-in", &[]).await;
    let answer = client.userinfo(&tokens.access_token).await;
    assert_eq!(answer.status, StatusCode::OK);
    browser.open("/logout").await;
    let page = browser.press("confirm-logout", &[]).await;
    assert_eq!(page.id(), "page-signed-out");
    let answer = client.userinfo(&tokens.access_token).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_client_that_wants_a_recent_proof_gets_one() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, _) = world.signed_in(&client, ADDRESS).await;
    world.pass(61);
    browser
        .open(&client.authorize_url(&[("max_age", "61")]))
        .await;
    browser.arrived();
    let page = browser
        .open(&client.authorize_url(&[("max_age", "60")]))
        .await;
    assert_eq!(page.id(), "page-sign-in");
    let silent = client.authorize_url(&[("max_age", "60"), ("prompt", "none")]);
    browser.open(&silent).await;
    assert_eq!(parameters_of(browser.arrived())["error"], "login_required");
}

#[tokio::test]
async fn a_user_who_is_suspended_is_signed_in_nowhere() {
    let world = World::new().await;
    let user = world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, _) = world.signed_in(&client, ADDRESS).await;
    world.suspend(&user).await;
    let page = browser.open(&client.authorize_url(&[])).await;
    assert_eq!(page.id(), "page-sign-in");
    assert_eq!(browser.open("/account/password").await.id(), "page-home");
}
