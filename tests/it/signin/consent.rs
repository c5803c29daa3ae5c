//! Consent: what a client asks for, in words, and what became of it.

use vestibule::protocol::client::ApplicationKind;

use crate::support::{Browser, Engine, PASSWORD, TestClient, World, on_each_engine, parameters_of};

const ADDRESS: &str = "ada@example.test";

on_each_engine! {
    what_was_allowed_is_remembered
    a_client_that_asks_for_more_asks_again
}

async fn explicit_client(world: &World) -> TestClient {
    let uris = ["https://notes.example.test/callback"];
    let adjust = |client: &mut vestibule::store::clients::Client| client.requires_consent = true;
    world
        .register(ApplicationKind::Web, &uris, &[], adjust)
        .await
}

/// A browser that is asked for consent.
async fn asked(world: &World, client: &TestClient) -> Browser {
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    let page = browser.sign_in(ADDRESS, PASSWORD).await;
    assert_eq!(page.id(), "page-consent");
    browser
}

async fn what_was_allowed_is_remembered(engine: Engine) {
    let world = World::on(engine).await;
    let user = world.user(ADDRESS, PASSWORD).await;
    let client = explicit_client(&world).await;
    let mut browser = asked(&world, &client).await;
    browser.press("allow", &[]).await;
    let tokens = client.redeem(browser.arrived()).await;
    assert_eq!(tokens.body["scope"], "openid profile email offline");
    let audited = world.audited(user.as_str()).await;
    assert!(audited.contains(&"consent.given".to_owned()), "{audited:?}");

    browser.open(&client.authorize_url(&[])).await;
    client.redeem(browser.arrived()).await;
    let page = browser
        .open(&client.authorize_url(&[("prompt", "consent")]))
        .await;
    assert_eq!(
        page.id(),
        "page-consent",
        "asked again because the client wants it"
    );
}

async fn a_client_that_asks_for_more_asks_again(engine: Engine) {
    let world = World::on(engine).await;
    world.user(ADDRESS, PASSWORD).await;
    let client = explicit_client(&world).await;
    let mut browser = world.browser();
    browser
        .open(&client.authorize_url(&[("scope", "openid")]))
        .await;
    browser.sign_in(ADDRESS, PASSWORD).await;
    browser.press("allow", &[]).await;
    browser.arrived();

    let silent = client.authorize_url(&[("scope", "openid email"), ("prompt", "none")]);
    browser.open(&silent).await;
    assert_eq!(
        parameters_of(browser.arrived())["error"],
        "consent_required"
    );
    let page = browser
        .open(&client.authorize_url(&[("scope", "openid email")]))
        .await;
    assert_eq!(page.id(), "page-consent");
    browser.press("allow", &[]).await;
    browser.arrived();
    browser.open(&silent).await;
    assert!(parameters_of(browser.arrived()).contains_key("code"));
}

#[tokio::test]
async fn the_page_says_in_words_what_is_asked_for_by_whom_and_of_whom() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = explicit_client(&world).await;
    let browser = asked(&world, &client).await;
    let page = browser.page();
    assert!(page.text("h1").contains("Acme Notes"));
    assert!(page.text(".person").contains("Ada Byron"));
    assert!(page.text("main").contains("notes.example.test"));
    assert_eq!(
        page.text(".permissions li"),
        "Know that it’s you See your name and picture See your email address \
         Keep this access while you are away"
    );
}

#[tokio::test]
async fn whoever_does_not_allow_it_returns_with_access_denied() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = explicit_client(&world).await;
    let mut browser = asked(&world, &client).await;
    browser.press("deny", &[]).await;
    let answer = parameters_of(browser.arrived());
    assert_eq!(answer["error"], "access_denied");
    assert_eq!(answer["state"], "a state");
    assert_eq!(answer["iss"], world.issuer());
    let page = browser.open(&client.authorize_url(&[])).await;
    assert_eq!(page.id(), "page-consent", "a refusal is not remembered");
}

#[tokio::test]
async fn a_first_party_client_asks_only_when_it_wants_to() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, _) = world.signed_in(&client, ADDRESS).await;
    let page = browser
        .open(&client.authorize_url(&[("prompt", "consent")]))
        .await;
    assert_eq!(page.id(), "page-consent");
}

#[tokio::test]
async fn what_one_user_allowed_another_is_asked_for() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    world.user("grace@example.test", PASSWORD).await;
    let client = explicit_client(&world).await;
    let mut browser = asked(&world, &client).await;
    browser.press("allow", &[]).await;
    let mut other = world.browser();
    other.open(&client.authorize_url(&[])).await;
    let page = other.sign_in("grace@example.test", PASSWORD).await;
    assert_eq!(page.id(), "page-consent");
}

#[tokio::test]
async fn consent_that_nobody_asked_for_is_not_taken() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = explicit_client(&world).await;
    let mut browser = world.browser();
    let page = browser.open(&client.authorize_url(&[])).await;
    let path = page.url.path().to_owned();
    let (_, fields) = page.form_of("#sign-in");
    let fields = [("csrf", fields[0].1.as_str()), ("decision", "allow")];
    let page = browser.post(&format!("{path}/consent"), &fields).await;
    assert_eq!(page.id(), "page-sign-in");
    let page = browser.sign_in(ADDRESS, PASSWORD).await;
    assert_eq!(page.id(), "page-consent");
}
