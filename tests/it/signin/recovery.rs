//! A forgotten password: the address, then the code that was mailed, then a new password.

use reqwest::StatusCode;

use crate::support::{Browser, Engine, PASSWORD, TestClient, World, on_each_engine};

const ADDRESS: &str = "ada@example.test";
const NEW: &str = "four copper kettles hum";

on_each_engine! {
    a_forgotten_password_is_replaced
    what_was_signed_in_elsewhere_ends
}

/// A browser that waits for the code to replace a password.
async fn at_the_code(world: &World, client: &TestClient, address: &str) -> Browser {
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.press("sign-in", &[("p_email", ADDRESS)]).await;
    let page = browser.turn_to("forgot_password").await;
    assert_eq!(page.id(), "page-forgot-password");
    let typed = page.attribute("input[name='p_email']", "value");
    assert_eq!(typed.as_deref(), Some(ADDRESS), "it was typed before");
    let page = browser.press("send-code", &[("p_email", address)]).await;
    assert_eq!(page.id(), "page-code");
    browser
}

async fn a_forgotten_password_is_replaced(engine: Engine) {
    let world = World::on(engine).await;
    let user = world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let mut browser = at_the_code(&world, &client, ADDRESS).await;
    let page = browser.enter_code(&world.code_for(ADDRESS)).await;
    assert_eq!(page.id(), "page-choose-password");
    world.pass(1);
    browser.choose_password(NEW).await;

    let claims = client.redeem(browser.arrived()).await.id_claims();
    assert_eq!(claims["sub"], user.as_str());
    let mails = world.mails_to(ADDRESS);
    assert_eq!(mails.len(), 2);
    assert!(mails[1].contains("was changed just now"), "{}", mails[1]);

    let mut other = world.browser();
    other.open(&client.authorize_url(&[])).await;
    let page = other.sign_in(ADDRESS, PASSWORD).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    other.press("sign-in", &[("p_password", NEW)]).await;
    other.arrived();
}

async fn what_was_signed_in_elsewhere_ends(engine: Engine) {
    let world = World::on(engine).await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut elsewhere, tokens) = world.signed_in(&client, ADDRESS).await;
    let mut browser = at_the_code(&world, &client, ADDRESS).await;
    browser.enter_code(&world.code_for(ADDRESS)).await;
    browser.choose_password(NEW).await;
    let new = client.redeem(browser.arrived()).await;

    let page = elsewhere.open(&client.authorize_url(&[])).await;
    assert_eq!(page.id(), "page-sign-in");
    let answer = client.userinfo(&tokens.access_token).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let refresh_token = tokens.refresh_token.expect("offline was asked for");
    assert_eq!(
        client.refresh(&refresh_token).await.error(),
        "invalid_grant"
    );
    let answer = client.userinfo(&new.access_token).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn an_unknown_address_meets_the_same_page_and_another_mail() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = at_the_code(&world, &client, "nobody@example.test").await;
    let mails = world.mails_to("nobody@example.test");
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("there is no account"), "{}", mails[0]);
    let page = browser.enter_code("123456").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.problems().contains("isn’t the code"));
}

#[tokio::test]
async fn the_code_goes_to_the_address_of_the_account_however_it_was_typed() {
    let world = World::new().await;
    world.user("mike@example.test", PASSWORD).await;
    let client = world.client().await;
    // U+212A, the Kelvin sign, is a k in lower case; yet this is another mailbox.
    let lookalike = "mi\u{212a}e@example.test";
    at_the_code(&world, &client, lookalike).await;
    assert_eq!(world.mails_to("mike@example.test").len(), 1);
    assert!(
        world
            .mails_to(lookalike)
            .iter()
            .all(|mail| !mail.contains("Enter this code")),
        "somebody else is told the code"
    );
}

#[tokio::test]
async fn a_code_is_taken_once() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let mut browser = at_the_code(&world, &client, ADDRESS).await;
    let code = world.code_for(ADDRESS);
    let mut tab = browser.tab();
    browser.enter_code(&code).await;
    let page = tab.enter_code(&code).await;
    assert_eq!(
        page.id(),
        "page-choose-password",
        "the step is done already"
    );
}

#[tokio::test]
async fn a_code_that_went_stale_can_be_sent_again() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let mut browser = at_the_code(&world, &client, ADDRESS).await;
    world.pass(901);
    let page = browser.enter_code(&world.code_for(ADDRESS)).await;
    assert!(page.problems().contains("no longer valid"));
    browser.resend_code().await;
    let page = browser.enter_code(&world.code_for(ADDRESS)).await;
    assert_eq!(page.id(), "page-choose-password");
}

#[tokio::test]
async fn a_suspended_user_chooses_no_new_password() {
    let world = World::new().await;
    let user = world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let mut browser = at_the_code(&world, &client, ADDRESS).await;
    browser.enter_code(&world.code_for(ADDRESS)).await;
    world.suspend(&user).await;
    let page = browser.choose_password(NEW).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    let audited = world.audited(user.as_str()).await;
    assert!(!audited.contains(&"user.password_changed".to_owned()));
}

#[tokio::test]
async fn no_new_password_is_taken_before_the_code() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let mut browser = at_the_code(&world, &client, ADDRESS).await;
    let path = browser.page().url.path().to_owned();
    let (_, fields) = browser.page().form_of("#confirm-code");
    let fields = [
        ("csrf", fields[0].1.as_str()),
        ("p_first_password", NEW),
        ("p_second_password", NEW),
    ];
    let page = browser.post(&format!("{path}/new-password"), &fields).await;
    assert_eq!(page.id(), "page-code");
    assert!(browser.cookie("vestibule_session").is_none());
}

#[tokio::test]
async fn a_proof_is_void_once_another_password_was_chosen() {
    let world = World::new().await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    // Somebody with a look into the mailbox enters a code, and waits.
    let mut thief = at_the_code(&world, &client, "ada@example.test").await;
    thief.enter_code(&world.code_for("ada@example.test")).await;
    assert_eq!(thief.page().id(), "page-choose-password");

    // The owner replaces the password.
    let mut owner = at_the_code(&world, &client, "ada@example.test").await;
    owner.enter_code(&world.code_for("ada@example.test")).await;
    let chosen = [
        ("p_first_password", "nine copper kettles whistle"),
        ("p_second_password", "nine copper kettles whistle"),
    ];
    owner.press("choose-password", &chosen).await;
    owner.arrived();

    let late = [
        ("p_first_password", "eleven tin drums rattle"),
        ("p_second_password", "eleven tin drums rattle"),
    ];
    let page = thief.press("choose-password", &late).await;
    assert_eq!(page.id(), "page-forgot-password");
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser
        .sign_in("ada@example.test", "nine copper kettles whistle")
        .await;
    browser.arrived();
}
