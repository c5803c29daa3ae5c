//! Changing one's own password, signed in.

use reqwest::StatusCode;

use crate::support::{Browser, Engine, PASSWORD, Page, World, on_each_engine};

const ADDRESS: &str = "ada@example.test";
const NEW: &str = "four copper kettles hum";

on_each_engine! {
    the_password_is_changed_and_only_this_browser_stays_signed_in
}

async fn change<'a>(
    browser: &'a mut Browser,
    present: &str,
    first: &str,
    second: &str,
) -> &'a Page {
    browser.open("/account/password").await;
    let fields = [
        ("p_password", present),
        ("p_first_password", first),
        ("p_second_password", second),
    ];
    browser.press("change-password", &fields).await
}

async fn the_password_is_changed_and_only_this_browser_stays_signed_in(engine: Engine) {
    let world = World::on(engine).await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, kept) = world.signed_in(&client, ADDRESS).await;
    let (mut other, ended) = world.signed_in(&client, ADDRESS).await;
    let page = change(&mut browser, PASSWORD, NEW, NEW).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text("[role=status]").contains("has been changed"));
    let mails = world.mails_to(ADDRESS);
    assert!(mails[0].contains("was changed just now"), "{mails:?}");

    browser.open(&client.authorize_url(&[])).await;
    browser.arrived();
    assert_eq!(
        client.userinfo(&kept.access_token).await.status,
        StatusCode::OK
    );
    let page = other.open(&client.authorize_url(&[])).await;
    assert_eq!(page.id(), "page-sign-in");
    let answer = client.userinfo(&ended.access_token).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let page = other.sign_in(ADDRESS, PASSWORD).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    other.press("sign-in", &[("p_password", NEW)]).await;
    other.arrived();
}

#[tokio::test]
async fn what_is_wrong_is_pointed_out_and_changes_nothing() {
    let world = World::new().await;
    let user = world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, _) = world.signed_in(&client, ADDRESS).await;
    let cases = [
        ("", NEW, NEW, "enter your password"),
        ("not this one", NEW, NEW, "isn’t your current password"),
        (PASSWORD, "short", "short", "at least 8 characters"),
        (PASSWORD, NEW, "four copper kettles", "differ"),
        (PASSWORD, "", "", "choose a password"),
        (PASSWORD, ADDRESS, ADDRESS, "easy to guess"),
    ];
    for (present, first, second, expected) in cases {
        let page = change(&mut browser, present, first, second).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{expected}");
        assert!(
            page.problems().contains(expected),
            "{expected}: {}",
            page.problems()
        );
        assert!(!page.html.contains(NEW), "no password is shown again");
    }
    let audited = world.audited(user.as_str()).await;
    assert!(!audited.contains(&"user.password_changed".to_owned()));
}

#[tokio::test]
async fn guesses_at_the_present_password_are_limited() {
    let world = World::with(&[("SIGN_IN__THROTTLE_ACCOUNT_ATTEMPTS", "2")]).await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, _) = world.signed_in(&client, ADDRESS).await;
    for _ in 0..2 {
        let page = change(&mut browser, "a guess", NEW, NEW).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let page = change(&mut browser, PASSWORD, NEW, NEW).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    world.pass(900);
    let page = change(&mut browser, PASSWORD, NEW, NEW).await;
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_sent_home() {
    let world = World::new().await;
    let mut browser = world.browser();
    assert_eq!(browser.open("/account/password").await.id(), "page-home");
}
