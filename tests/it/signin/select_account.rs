//! Which account to go on with (`prompt=select_account`), and turning back.

use crate::support::{PASSWORD, World, parameters_of};

#[tokio::test]
async fn a_user_goes_on_with_the_account_that_is_signed_in() {
    let world = World::new().await;
    let user = world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let (mut browser, _) = world.signed_in(&client, "ada@example.test").await;
    let url = client.authorize_url(&[("prompt", "select_account")]);
    let page = browser.open(&url).await;
    assert_eq!(page.id(), "page-select-account");
    assert!(page.text("#continue-as").contains("ada@example.test"));
    browser.press("continue-as", &[]).await;
    let claims = client.redeem(browser.arrived()).await.id_claims();
    assert_eq!(claims["sub"], user.as_str());
}

#[tokio::test]
async fn a_user_takes_another_account_and_the_former_session_ends() {
    let world = World::new().await;
    world.user("ada@example.test", PASSWORD).await;
    let grace = world.user("grace@example.test", PASSWORD).await;
    let client = world.client().await;
    let (mut browser, tokens) = world.signed_in(&client, "ada@example.test").await;
    let url = client.authorize_url(&[("prompt", "select_account")]);
    browser.open(&url).await;
    let page = browser.press("other-account", &[]).await;
    assert_eq!(page.id(), "page-sign-in");
    browser.sign_in("grace@example.test", PASSWORD).await;
    let claims = client.redeem(browser.arrived()).await.id_claims();
    assert_eq!(claims["sub"], grace.as_str());
    assert_ne!(claims["sid"], tokens.id_claims()["sid"]);
    let answer = client.userinfo(&tokens.access_token).await;
    assert_eq!(
        answer.status, 401,
        "what Ada granted in this browser has ended"
    );
}

#[tokio::test]
async fn whoever_just_signed_in_is_not_asked_to_choose() {
    let world = World::new().await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    let url = client.authorize_url(&[("prompt", "select_account")]);
    browser.open(&url).await;
    browser.sign_in("ada@example.test", PASSWORD).await;
    browser.arrived();
}

#[tokio::test]
async fn whoever_turns_back_returns_with_access_denied() {
    let world = World::new().await;
    let client = world.client().await;
    for page in ["", "register", "forgot_password"] {
        let mut browser = world.browser();
        browser.open(&client.authorize_url(&[])).await;
        if page == "register" {
            browser.turn_to(page).await;
        } else if page == "forgot_password" {
            browser
                .press("sign-in", &[("p_email", "ada@example.test")])
                .await;
            browser.turn_to(page).await;
        }
        browser.press("cancel", &[]).await;
        let answer = parameters_of(browser.arrived());
        assert_eq!(answer["error"], "access_denied", "{page}");
        assert_eq!(answer["state"], "a state");
        assert_eq!(answer["iss"], world.issuer());
    }
}
