//! A local account: an address, a password, and a client that gets tokens.

use crate::support::{Engine, PASSWORD, World, on_each_engine, parameters_of};

on_each_engine! {
    a_user_signs_in_and_the_client_receives_tokens
    a_second_client_needs_no_password
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
