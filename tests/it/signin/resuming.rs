//! An interaction that is reloaded, opened twice, come back to, or opened where it doesn't belong.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::StatusCode;
use serde_json::Value;

use crate::support::{PASSWORD, Page, World, parameters_of};

const ADDRESS: &str = "ada@example.test";

fn assert_offers_the_way_back(page: &Page) {
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert_eq!(page.id(), "page-error");
    assert!(page.text("h1").contains("expired"));
    let way_back = page.attribute("a.button", "href");
    assert_eq!(way_back.as_deref(), Some("https://app.example.test/login"));
}

#[tokio::test]
async fn a_reload_shows_the_same_step() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.press("sign-in", &[("p_email", ADDRESS)]).await;
    let page = browser.reload().await;
    assert!(page.has("#password"));
    assert!(page.text(".who").contains(ADDRESS));
    browser.press("sign-in", &[("p_password", PASSWORD)]).await;
    browser.arrived();
}

#[tokio::test]
async fn a_second_tab_shows_the_same_step_and_the_first_to_finish_does() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let mut first = world.browser();
    first.open(&client.authorize_url(&[])).await;
    first.press("sign-in", &[("p_email", ADDRESS)]).await;
    let mut second = first.tab();
    second.reload().await;
    first.press("sign-in", &[("p_password", PASSWORD)]).await;
    client.redeem(first.arrived()).await;
    let page = second.press("sign-in", &[("p_password", PASSWORD)]).await;
    assert_offers_the_way_back(page);
}

#[tokio::test]
async fn two_interactions_in_two_tabs_do_not_disturb_each_other() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let mut first = world.browser();
    first.open(&client.authorize_url(&[("state", "one")])).await;
    let mut second = first.tab();
    second
        .open(&client.authorize_url(&[("state", "two")]))
        .await;
    second.sign_in(ADDRESS, PASSWORD).await;
    assert_eq!(parameters_of(second.arrived())["state"], "two");
    // Signed in by now, the other one has nothing left to ask.
    first.reload().await;
    assert_eq!(parameters_of(first.arrived())["state"], "one");
}

#[tokio::test]
async fn the_back_button_after_the_end_gives_no_second_code() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    let page = browser.open(&client.authorize_url(&[])).await;
    let before = page.url.to_string();
    browser.sign_in(ADDRESS, PASSWORD).await;
    browser.arrived();
    assert_offers_the_way_back(browser.open(&before).await);
}

#[tokio::test]
async fn after_an_hour_the_way_back_is_offered() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    world.pass(3_599);
    let page = browser.reload().await;
    assert_eq!(page.id(), "page-sign-in");
    let mut tab = browser.tab();
    world.pass(1);
    assert_offers_the_way_back(browser.reload().await);
    let page = tab.press("sign-in", &[("p_email", ADDRESS)]).await;
    assert_offers_the_way_back(page);
}

#[tokio::test]
async fn a_client_that_can_start_anew_gets_the_way_back_as_an_error() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = world.browser();
    let url = client.authorize_url(&[
        ("supports_reauth", "true"),
        ("login_hint", ADDRESS),
        ("lang", "de"),
    ]);
    browser.open(&url).await;
    world.pass(3_600);
    browser.reload().await;
    let answer = parameters_of(browser.arrived());
    assert_eq!(answer["error"], "login_link_expired");
    assert_eq!(answer["iss"], world.issuer());
    let state = BASE64_STANDARD.decode(&answer["reauth_state"]);
    let state: Value = serde_json::from_slice(&state.expect("standard base64")).expect("JSON");
    let state = state.as_object().expect("an object");
    assert_eq!(state["login_hint"], ADDRESS);
    assert!(state.values().all(Value::is_string), "{state:?}");
    for harmful in [
        "scope",
        "redirect_uri",
        "client_id",
        "state",
        "nonce",
        "code_challenge",
    ] {
        assert!(!state.contains_key(harmful), "{harmful}");
    }
}

#[tokio::test]
async fn another_browser_can_not_go_on_with_it() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    let page = browser.open(&client.authorize_url(&[])).await;
    let address = page.url.to_string();
    let (mut other, _) = world.signed_in(&client, ADDRESS).await;
    assert_offers_the_way_back(other.open(&address).await);
    let mut empty = world.browser();
    assert_offers_the_way_back(empty.open(&address).await);
    browser.sign_in(ADDRESS, PASSWORD).await;
    browser.arrived();
}

#[tokio::test]
async fn an_address_that_never_was_says_so_without_a_way_back() {
    let world = World::new().await;
    let mut browser = world.browser();
    for id in ["0123456789abcdef0123456789abcdef", "x", "%00", "..%2f"] {
        let page = browser.open(&format!("/interaction/{id}")).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{id}");
        assert_eq!(page.id(), "page-error");
        assert!(!page.has("a.button"));
    }
}

#[tokio::test]
async fn a_session_that_ends_in_between_is_asked_for_again() {
    let world = World::new().await;
    let user = world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, _) = world.signed_in(&client, ADDRESS).await;
    let page = browser
        .open(&client.authorize_url(&[("prompt", "consent")]))
        .await;
    assert_eq!(page.id(), "page-consent");
    world.suspend(&user).await;
    let page = browser.press("allow", &[]).await;
    assert_eq!(page.id(), "page-sign-in");
}

#[tokio::test]
async fn a_client_disabled_in_between_gets_nothing() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.press("sign-in", &[("p_email", ADDRESS)]).await;
    let now = world.now();
    world
        .change(&client, |client| client.disabled_at = Some(now))
        .await;
    let page = browser.press("sign-in", &[("p_password", PASSWORD)]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert_eq!(page.id(), "page-error");
}
