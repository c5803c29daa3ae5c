//! Codes and refresh tokens that are used twice, by somebody else, or made up.

use reqwest::StatusCode;

use crate::support::{Engine, PASSWORD, Tokens, World, code_in, on_each_engine};

const ADDRESS: &str = "ada@example.test";

on_each_engine! {
    a_code_used_twice_takes_back_what_it_gave
    of_two_that_redeem_at_once_one_wins
    a_refresh_token_used_twice_gives_the_same_within_the_grace_and_ends_all_after_it
    refreshing_at_once_in_many_tabs_signs_nobody_out
}

async fn a_code_used_twice_takes_back_what_it_gave(engine: Engine) {
    let world = World::on(engine).await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.sign_in(ADDRESS, PASSWORD).await;
    let code = code_in(browser.arrived());
    let tokens = Tokens::of(&client.try_redeem(&code, &[]).await);
    let answer = client.try_redeem(&code, &[]).await;
    assert_eq!(answer.error(), "invalid_grant");
    let answer = client.userinfo(&tokens.access_token).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let refresh_token = tokens.refresh_token.expect("offline was asked for");
    assert_eq!(
        client.refresh(&refresh_token).await.error(),
        "invalid_grant"
    );
}

async fn of_two_that_redeem_at_once_one_wins(engine: Engine) {
    let world = World::on(engine).await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, _) = world.signed_in(&client, ADDRESS).await;
    for _ in 0..40 {
        browser.open(&client.authorize_url(&[])).await;
        let code = code_in(browser.arrived());
        let (one, two) = tokio::join!(client.try_redeem(&code, &[]), client.try_redeem(&code, &[]));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400], "{one:?} {two:?}");
    }
}

async fn a_refresh_token_used_twice_gives_the_same_within_the_grace_and_ends_all_after_it(
    engine: Engine,
) {
    let world = World::on(engine).await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (_, tokens) = world.signed_in(&client, ADDRESS).await;
    let first = tokens.refresh_token.expect("offline was asked for");
    let second = Tokens::of(&client.refresh(&first).await).refresh_token;
    world.pass(29);
    let again = Tokens::of(&client.refresh(&first).await);
    assert_eq!(again.refresh_token, second);
    world.pass(1);
    assert_eq!(client.refresh(&first).await.error(), "invalid_grant");
    let second = second.expect("a successor");
    assert_eq!(client.refresh(&second).await.error(), "invalid_grant");
    let answer = client.userinfo(&again.access_token).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

async fn refreshing_at_once_in_many_tabs_signs_nobody_out(engine: Engine) {
    let world = World::on(engine).await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (_, tokens) = world.signed_in(&client, ADDRESS).await;
    let mut token = tokens.refresh_token.expect("offline was asked for");
    for _ in 0..20 {
        let (one, two, three) = tokio::join!(
            client.refresh(&token),
            client.refresh(&token),
            client.refresh(&token)
        );
        let successors = [one, two, three].map(|answer| Tokens::of(&answer).refresh_token);
        assert_eq!(successors[0], successors[1]);
        assert_eq!(successors[1], successors[2]);
        token = successors[0].clone().expect("a successor");
    }
}

#[tokio::test]
async fn what_was_issued_to_one_client_is_worth_nothing_to_another() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let (client, thief) = (world.client().await, world.client().await);
    let (mut browser, tokens) = world.signed_in(&client, ADDRESS).await;
    let refresh_token = tokens.refresh_token.expect("offline was asked for");
    assert_eq!(thief.refresh(&refresh_token).await.error(), "invalid_grant");
    browser.open(&client.authorize_url(&[])).await;
    let code = code_in(browser.arrived());
    assert_eq!(thief.try_redeem(&code, &[]).await.error(), "invalid_grant");

    // Their own client is not harmed by that.
    assert_eq!(client.try_redeem(&code, &[]).await.status, StatusCode::OK);
    assert_eq!(client.refresh(&refresh_token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_made_up_is_refused_and_revokes_nothing() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (_, tokens) = world.signed_in(&client, ADDRESS).await;
    let real = tokens.refresh_token.expect("offline was asked for");
    let reversed: String = real.chars().rev().collect();
    let long = "x".repeat(5_000);
    let made_up = [
        "x",
        &real[1..],
        &format!("{real}x"),
        &reversed,
        &real.to_uppercase(),
        &long,
    ];
    for token in made_up {
        assert_eq!(client.refresh(token).await.error(), "invalid_grant");
        assert_eq!(client.try_redeem(token, &[]).await.error(), "invalid_grant");
    }
    assert_eq!(client.try_redeem(&real, &[]).await.error(), "invalid_grant");
    assert_eq!(
        client.refresh(&tokens.access_token).await.error(),
        "invalid_grant"
    );
    assert_eq!(client.refresh(&real).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_code_is_good_for_a_minute() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, _) = world.signed_in(&client, ADDRESS).await;
    browser.open(&client.authorize_url(&[])).await;
    let late = code_in(browser.arrived());
    world.pass(60);
    assert_eq!(client.try_redeem(&late, &[]).await.error(), "invalid_grant");
    browser.open(&client.authorize_url(&[])).await;
    let in_time = code_in(browser.arrived());
    world.pass(59);
    assert_eq!(
        client.try_redeem(&in_time, &[]).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn refreshing_widens_nothing() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser
        .open(&client.authorize_url(&[("scope", "openid offline")]))
        .await;
    browser.sign_in(ADDRESS, PASSWORD).await;
    let tokens = client.redeem(browser.arrived()).await;
    let refresh_token = tokens.refresh_token.expect("offline was asked for");
    let wider = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token.as_str()),
        ("scope", "openid offline email"),
    ];
    assert_eq!(client.token(&wider).await.error(), "invalid_scope");
    assert_eq!(client.refresh(&refresh_token).await.status, StatusCode::OK);
}
