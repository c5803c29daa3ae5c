//! A local account: an address, a password, and a client that gets tokens.

use reqwest::StatusCode;
use vestibule::directory::accounts::NewAccount;

use crate::support::{Engine, PASSWORD, World, on_each_engine, parameters_of};

on_each_engine! {
    a_user_signs_in_and_the_client_receives_tokens
    a_second_client_needs_no_password
    many_sign_in_at_once_from_one_address
    a_wrong_password_is_refused_and_the_right_one_taken_after_it
    guesses_at_one_account_are_refused_until_the_window_has_passed
}

async fn a_user_signs_in_and_the_client_receives_tokens(engine: Engine) {
    let world = World::on(engine).await;
    let user = world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();

    let page = browser.open(&client.authorize_url(&[])).await;
    assert_eq!(page.id(), "page-sign-in");
    browser.sign_in("Ada@Example.test", PASSWORD).await;
    let arrived = browser.arrived().clone();
    let answer = parameters_of(&arrived);
    assert_eq!(answer["state"], "a state");
    assert_eq!(answer["iss"], world.issuer());

    let tokens = client.redeem(&arrived).await;
    let claims = tokens.id_claims();
    assert_eq!(claims["sub"], user.as_str());
    assert_eq!(claims["email"], "ada@example.test");
    assert_eq!(claims["nonce"], "a nonce");
    let profile = client.userinfo(&tokens.access_token).await;
    assert_eq!(profile.body["name"], "Ada Byron");
    assert!(tokens.refresh_token.is_some());
}

async fn a_second_client_needs_no_password(engine: Engine) {
    let world = World::on(engine).await;
    world.user("ada@example.test", PASSWORD).await;
    let (first, second) = (world.client().await, world.client().await);
    let mut browser = world.browser();
    browser.open(&first.authorize_url(&[])).await;
    browser.sign_in("ada@example.test", PASSWORD).await;

    browser.open(&second.authorize_url(&[])).await;
    let tokens = second.redeem(browser.arrived()).await;
    assert_eq!(tokens.id_claims()["aud"][0], second.id.as_str());
}

async fn a_wrong_password_is_refused_and_the_right_one_taken_after_it(engine: Engine) {
    let world = World::on(engine).await;
    let user = world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;

    let page = browser.sign_in("ada@example.test", "not this one").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(page.id(), "page-sign-in");
    assert!(page.problems().contains("is wrong"), "{}", page.problems());
    assert!(!page.html.contains("not this one"));
    assert!(browser.cookie("vestibule_session").is_none());
    browser.press("sign-in", &[("p_password", PASSWORD)]).await;
    client.redeem(browser.arrived()).await;
    let audited = world.audited(user.as_str()).await;
    assert!(
        audited.contains(&"user.signed_in".to_owned()),
        "{audited:?}"
    );
    assert!(
        audited.contains(&"user.sign_in_failed".to_owned()),
        "{audited:?}"
    );
    // What was typed is nowhere in the log: people type passwords into the wrong field.
    assert!(world.audited("ada@example.test").await.is_empty());
}

async fn guesses_at_one_account_are_refused_until_the_window_has_passed(engine: Engine) {
    let settings = [("SIGN_IN__THROTTLE_ACCOUNT_ATTEMPTS", "3")];
    let world = World::on_with(engine, &settings).await;
    world.user("ada@example.test", PASSWORD).await;
    world.user("grace@example.test", PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser
        .press("sign-in", &[("p_email", "ada@example.test")])
        .await;
    for _ in 0..3 {
        let page = browser.press("sign-in", &[("p_password", "a guess")]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    let page = browser.press("sign-in", &[("p_password", PASSWORD)]).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(page.headers["retry-after"], "900");
    assert!(page.problems().contains("Too many attempts"));

    // Nobody else is shut out.
    let mut other = world.browser();
    other.open(&client.authorize_url(&[])).await;
    other.sign_in("grace@example.test", PASSWORD).await;
    other.arrived();

    world.pass(900);
    browser.press("sign-in", &[("p_password", PASSWORD)]).await;
    browser.arrived();
}

#[tokio::test]
async fn an_unknown_address_is_refused_as_a_wrong_password_is() {
    let world = World::new().await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let mut told = Vec::new();
    for address in ["ada@example.test", "nobody@example.test"] {
        let mut browser = world.browser();
        browser.open(&client.authorize_url(&[])).await;
        let page = browser.sign_in(address, "a wrong password").await;
        told.push((page.status, page.id(), page.problems()));
    }
    assert_eq!(told[0], told[1]);
}

#[tokio::test]
async fn guesses_from_one_address_are_counted_whatever_the_account() {
    let world = World::with(&[("SIGN_IN__THROTTLE_ADDRESS_ATTEMPTS", "3")]).await;
    let client = world.client().await;
    let mut statuses = Vec::new();
    for number in 0..4 {
        let mut browser = world.browser();
        browser.open(&client.authorize_url(&[])).await;
        let address = format!("nobody{number}@example.test");
        statuses.push(browser.sign_in(&address, "a guess").await.status.as_u16());
    }
    assert_eq!(statuses, [422, 422, 422, 429]);
}

#[tokio::test]
async fn a_user_signs_in_by_username_in_any_case() {
    let world = World::new().await;
    let new = NewAccount {
        username: Some("ada".to_owned()),
        ..NewAccount::default()
    };
    let user = world.account(new, PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.sign_in(" Ada ", PASSWORD).await;
    let tokens = client.redeem(browser.arrived()).await;
    assert_eq!(tokens.id_claims()["sub"], user.as_str());
}

#[tokio::test]
async fn a_suspended_user_is_told_so_here_and_only_with_the_right_password() {
    let world = World::new().await;
    let user = world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    world.suspend(&user).await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;

    let page = browser.sign_in("ada@example.test", "a guess").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = browser.press("sign-in", &[("p_password", PASSWORD)]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_eq!(page.id(), "page-error");
    assert!(page.text("h1").contains("suspended"));
    let way_back = page.attribute("a.button", "href");
    assert_eq!(way_back.as_deref(), Some("https://app.example.test/login"));
    assert!(browser.cookie("vestibule_session").is_none());
}

#[tokio::test]
async fn nothing_typed_is_pointed_out_beside_its_field() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    let page = browser.press("sign-in", &[("p_email", "  ")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.has("#username[aria-invalid]"), "{}", page.html);
    browser
        .press("sign-in", &[("p_email", "ada@example.test")])
        .await;
    let page = browser.press("sign-in", &[("p_password", "")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.has("#password[aria-invalid]"), "{}", page.html);
}

#[tokio::test]
async fn a_login_hint_fills_the_identifier_in() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = world.browser();
    let url = client.authorize_url(&[("login_hint", "ada@example.test")]);
    let page = browser.open(&url).await;
    let typed = page.attribute("#username", "value");
    assert_eq!(typed.as_deref(), Some("ada@example.test"));
}

async fn many_sign_in_at_once_from_one_address(engine: Engine) {
    let world = World::on(engine).await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (mut browser, url) = (world.browser(), client.authorize_url(&[]));
        tasks.spawn(async move {
            browser.open(&url).await;
            browser.sign_in("ada@example.test", PASSWORD).await;
            browser.arrived().clone()
        });
    }
    let arrived = tasks.join_all().await;
    assert_eq!(arrived.len(), 12);
}
