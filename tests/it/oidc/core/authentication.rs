//! Which End-User, authenticated when and how: `prompt`, `max_age`, `id_token_hint`, `acr` (Core §3.1.2, §5.5.1).

use super::super::{EMAIL, Scene, error_in};
use crate::support::{Browser, PASSWORD, TestClient, Tokens, parameters_of};
use vestibule::protocol::client::ApplicationKind;

/// Opens a request that must ask for the password again. Returns the tokens that come of it.
async fn sign_in_again(scene: &mut Scene, parameters: &[(&str, &str)]) -> Tokens {
    let address = scene.client.authorize_url(parameters);
    let page = scene.browser.open(&address).await;
    assert_eq!(page.id(), "page-sign-in", "{parameters:?}");
    scene.browser.sign_in(EMAIL, PASSWORD).await;
    scene.client.redeem(scene.browser.arrived()).await
}

async fn silently(browser: &mut Browser, client: &TestClient, more: &[(&str, &str)]) -> String {
    let mut parameters = vec![("prompt", "none")];
    parameters.extend(more);
    browser.open(&client.authorize_url(&parameters)).await;
    let arrived = browser.arrived().clone();
    if parameters_of(&arrived).contains_key("code") {
        return "code".to_owned();
    }
    error_in(&arrived)
}

#[tokio::test]
async fn prompt_none_succeeds_silently_for_who_is_signed_in() {
    let mut scene = Scene::new().await;
    let tokens = scene.tokens(&[("prompt", "none")]).await;
    assert_eq!(tokens.id_claims()["sub"], scene.user.as_str());
}

#[tokio::test]
async fn prompt_none_without_a_session_is_a_login_required() {
    let scene = Scene::new().await;
    let mut stranger = scene.world.browser();
    let answer = silently(&mut stranger, &scene.client, &[]).await;
    assert_eq!(answer, "login_required");
}

#[tokio::test]
async fn prompt_none_after_the_session_has_expired_is_a_login_required() {
    let mut scene = Scene::new().await;
    scene.world.pass(259_199);
    let Scene {
        browser, client, ..
    } = &mut scene;
    assert_eq!(
        silently(browser, client, &[]).await,
        "code",
        "used again in time"
    );
    scene.world.pass(259_200);
    let Scene {
        browser, client, ..
    } = &mut scene;
    assert_eq!(silently(browser, client, &[]).await, "login_required");
}

#[tokio::test]
async fn prompt_none_without_consent_is_a_consent_required() {
    let mut scene = Scene::new().await;
    let client = scene
        .world
        .register(
            ApplicationKind::Web,
            &[super::super::REDIRECT_URI],
            &[],
            |client| {
                client.requires_consent = true;
            },
        )
        .await;
    let answer = silently(&mut scene.browser, &client, &[]).await;
    assert_eq!(answer, "consent_required");

    scene.browser.open(&client.authorize_url(&[])).await;
    scene.browser.press("allow", &[]).await;
    client.redeem(scene.browser.arrived()).await;
    assert_eq!(silently(&mut scene.browser, &client, &[]).await, "code");
    let more = [("scope", "openid profile email phone offline")];
    let answer = silently(&mut scene.browser, &client, &more).await;
    assert_eq!(answer, "consent_required", "for more than was allowed");
}

#[tokio::test]
async fn prompt_login_asks_again_and_auth_time_moves() {
    let mut scene = Scene::new().await;
    let before = scene.tokens(&[]).await.id_claims();
    scene.world.pass(100);
    let after = sign_in_again(&mut scene, &[("prompt", "login")])
        .await
        .id_claims();
    let moved = after["auth_time"].as_i64().unwrap() - before["auth_time"].as_i64().unwrap();
    assert_eq!(moved, 100);
    assert_eq!(after["sid"], before["sid"], "it is still the same session");
}

#[tokio::test]
async fn prompt_consent_asks_for_consent_and_refusal_is_an_access_denied() {
    let mut scene = Scene::new().await;
    for (button, error) in [("allow", None), ("deny", Some("access_denied"))] {
        let address = scene.client.authorize_url(&[("prompt", "consent")]);
        let page = scene.browser.open(&address).await;
        assert_eq!(page.id(), "page-consent");
        scene.browser.press(button, &[]).await;
        let arrived = scene.browser.arrived().clone();
        match error {
            None => {
                scene.client.redeem(&arrived).await;
            }
            Some(error) => assert_eq!(error_in(&arrived), error),
        }
    }
}

#[tokio::test]
async fn prompt_select_account_asks_whose_account() {
    let mut scene = Scene::new().await;
    let address = scene.client.authorize_url(&[("prompt", "select_account")]);
    let page = scene.browser.open(&address).await;
    assert_eq!(page.id(), "page-select-account");
    scene.browser.press("continue-as", &[]).await;
    scene.client.redeem(scene.browser.arrived()).await;

    let other = scene.world.user("grace@example.test", PASSWORD).await;
    scene.browser.open(&address).await;
    scene.browser.press("other-account", &[]).await;
    scene.browser.sign_in("grace@example.test", PASSWORD).await;
    let tokens = scene.client.redeem(scene.browser.arrived()).await;
    assert_eq!(tokens.id_claims()["sub"], other.as_str());
}

#[tokio::test]
async fn prompt_create_begins_with_registration_even_when_signed_in() {
    let mut scene = Scene::new().await;
    for parameter in [("prompt", "create"), ("start_page", "registration")] {
        let address = scene.client.authorize_url(&[parameter]);
        let mut stranger = scene.world.browser();
        assert_eq!(stranger.open(&address).await.id(), "page-register");
    }
    let address = scene.client.authorize_url(&[("prompt", "create")]);
    assert_eq!(scene.browser.open(&address).await.id(), "page-register");
}

#[tokio::test]
async fn several_prompts_are_all_obeyed() {
    let mut scene = Scene::new().await;
    let address = scene.client.authorize_url(&[("prompt", "login consent")]);
    assert_eq!(scene.browser.open(&address).await.id(), "page-sign-in");
    scene.browser.sign_in(EMAIL, PASSWORD).await;
    assert_eq!(scene.browser.page().id(), "page-consent");
    scene.browser.press("allow", &[]).await;
    scene.client.redeem(scene.browser.arrived()).await;
}

#[tokio::test]
async fn a_session_older_than_max_age_asks_again_and_a_younger_one_does_not() {
    let mut scene = Scene::new().await;
    scene.world.pass(10);
    let tokens = scene.tokens(&[("max_age", "10")]).await;
    let now = scene.world.now().as_i64();
    assert_eq!(tokens.id_claims()["auth_time"], now - 10);
    let Scene {
        browser, client, ..
    } = &mut scene;
    let answer = silently(browser, client, &[("max_age", "9")]).await;
    assert_eq!(answer, "login_required");
    let tokens = sign_in_again(&mut scene, &[("max_age", "9")]).await;
    assert_eq!(tokens.id_claims()["auth_time"], now);
}

#[tokio::test]
async fn max_age_0_behaves_as_prompt_login() {
    let mut scene = Scene::new().await;
    sign_in_again(&mut scene, &[("max_age", "0")]).await;
    let Scene {
        browser, client, ..
    } = &mut scene;
    let answer = silently(browser, client, &[("max_age", "0")]).await;
    assert_eq!(answer, "login_required");
}

#[tokio::test]
async fn an_id_token_hint_for_who_is_signed_in_succeeds_silently_even_when_expired() {
    let mut scene = Scene::new().await;
    let hint = scene.tokens(&[]).await.id_token.unwrap();
    let Scene {
        browser, client, ..
    } = &mut scene;
    let parameters = [("id_token_hint", hint.as_str())];
    assert_eq!(silently(browser, client, &parameters).await, "code");
    scene.world.pass(3_601);
    let Scene {
        browser, client, ..
    } = &mut scene;
    assert_eq!(silently(browser, client, &parameters).await, "code");
}

#[tokio::test]
async fn an_id_token_hint_for_another_end_user_is_a_login_required() {
    let mut scene = Scene::new().await;
    let hint = scene.tokens(&[]).await.id_token.unwrap();
    let parameters = [("id_token_hint", hint.as_str())];
    scene.world.user("grace@example.test", PASSWORD).await;
    let mut graces = scene.world.browser();
    graces.open(&scene.client.authorize_url(&[])).await;
    graces.sign_in("grace@example.test", PASSWORD).await;
    let answer = silently(&mut graces, &scene.client, &parameters).await;
    assert_eq!(answer, "login_required");

    // With pages allowed, the expected one may sign in; another may not.
    let address = scene.client.authorize_url(&parameters);
    assert_eq!(graces.open(&address).await.id(), "page-sign-in");
    graces.sign_in("grace@example.test", PASSWORD).await;
    assert_eq!(error_in(graces.arrived()), "login_required");
    graces.open(&address).await;
    graces.sign_in(EMAIL, PASSWORD).await;
    let tokens = scene.client.redeem(graces.arrived()).await;
    assert_eq!(tokens.id_claims()["sub"], scene.user.as_str());
}

#[tokio::test]
async fn the_subject_asked_for_by_claims_is_the_only_one_answered_for() {
    let mut scene = Scene::new().await;
    let ada = format!(r#"{{"id_token":{{"sub":{{"value":"{}"}}}}}}"#, scene.user);
    let tokens = scene.tokens(&[("prompt", "none"), ("claims", &ada)]).await;
    assert_eq!(tokens.id_claims()["sub"], scene.user.as_str());
    for other in ["kp_0123456789abcdef0123456789abcdef", "somebody"] {
        let claims = format!(r#"{{"id_token":{{"sub":{{"value":"{other}"}}}}}}"#);
        let Scene {
            browser, client, ..
        } = &mut scene;
        let answer = silently(browser, client, &[("claims", &claims)]).await;
        assert_eq!(answer, "login_required", "{other}");
    }
}

#[tokio::test]
async fn an_acr_is_always_told_and_voluntary_wishes_are_no_conditions() {
    let mut scene = Scene::new().await;
    for parameter in [
        ("acr_values", "aal1"),
        ("acr_values", "aal3 urn:mace:incommon:iap:silver"),
        ("claims", r#"{"id_token":{"acr":{"value":"aal3"}}}"#),
        ("claims", r#"{"id_token":{"acr":{"essential":true}}}"#),
        (
            "claims",
            r#"{"id_token":{"acr":{"essential":true,"values":["aal3","aal1"]}}}"#,
        ),
    ] {
        let claims = scene.tokens(&[parameter]).await.id_claims();
        assert_eq!(claims["acr"], "aal1", "{parameter:?}");
        assert_eq!(claims["amr"], serde_json::json!(["pwd"]));
    }
}

#[tokio::test]
async fn an_essential_acr_that_cannot_be_reached_is_a_failed_authentication() {
    let mut scene = Scene::new().await;
    let claims = r#"{"id_token":{"acr":{"essential":true,"values":["aal3"]}}}"#;
    for prompt in ["", "none"] {
        let refusal = scene
            .refusal(&[("claims", claims), ("prompt", prompt)])
            .await;
        assert_eq!(refusal, "unmet_authentication_requirements");
    }
}
