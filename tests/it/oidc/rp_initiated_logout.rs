//! `OpenID` Connect RP-Initiated Logout 1.0, and the two other spellings of where to go.

use url::Url;

use super::{EMAIL, POST_LOGOUT_URI, Residue, Scene, error_in};
use crate::support::{Engine, PASSWORD, Tokens, on_each_engine, parameters_of};

on_each_engine! {
    a_hint_and_a_registered_address_sign_out_and_send_back
    signing_out_ends_what_the_session_gave
    all_sessions_end_when_asked_for
}

/// The address of a logout request.
fn logout(parameters: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    format!("/logout?{query}")
}

async fn is_signed_in(scene: &mut Scene) -> bool {
    let address = scene.client.authorize_url(&[("prompt", "none")]);
    scene.browser.open(&address).await;
    parameters_of(scene.browser.arrived()).contains_key("code")
}

async fn a_hint_and_a_registered_address_sign_out_and_send_back(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let hint = scene.tokens(&[]).await.id_token.expect("openid");
    scene.world.pass(3_601); // an expired hint is fine
    let request = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", POST_LOGOUT_URI),
        ("state", "back & forth"),
    ];
    scene.browser.open(&logout(&request)).await;
    let expected = format!("{POST_LOGOUT_URI}?state=back+%26+forth");
    assert_eq!(scene.browser.arrived().as_str(), expected);
    assert!(!is_signed_in(&mut scene).await);
    let audited = scene.world.audited(scene.user.as_str()).await;
    assert!(audited.contains(&"user.signed_out".to_owned()));
}

async fn signing_out_ends_what_the_session_gave(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let tokens = scene.tokens(&[]).await;
    let code = scene.code(&[]).await;
    let hint = tokens.id_token.expect("openid");
    scene
        .browser
        .open(&logout(&[("id_token_hint", &hint)]))
        .await;
    assert_eq!(scene.browser.page().id(), "page-signed-out");
    let refresh_token = tokens.refresh_token.expect("offline");
    let refresh = scene.client.refresh(&refresh_token).await;
    assert_eq!(refresh.error(), "invalid_grant");
    assert_eq!(
        scene.client.userinfo(&tokens.access_token).await.status,
        401
    );
    let redeemed = scene.client.try_redeem(&code, &[]).await;
    assert_eq!(redeemed.error(), "invalid_grant", "a code not yet redeemed");
}

async fn all_sessions_end_when_asked_for(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.tokens(&[]).await;
    let mut elsewhere = scene.world.browser();
    elsewhere.open(&scene.client.authorize_url(&[])).await;
    elsewhere.sign_in(EMAIL, PASSWORD).await;
    let tokens = scene.client.redeem(elsewhere.arrived()).await;
    let request = [("redirect", POST_LOGOUT_URI), ("all_sessions", "true")];
    scene.browser.open(&logout(&request)).await;
    scene.browser.arrived();
    let silent = scene.client.authorize_url(&[("prompt", "none")]);
    elsewhere.open(&silent).await;
    assert_eq!(error_in(elsewhere.arrived()), "login_required");
    let refresh_token = tokens.refresh_token.expect("offline");
    let refresh = scene.client.refresh(&refresh_token).await;
    assert_eq!(refresh.error(), "invalid_grant");
}

#[tokio::test]
async fn without_a_state_nothing_is_added_to_the_address() {
    let mut scene = Scene::new().await;
    let hint = scene.tokens(&[]).await.id_token.unwrap();
    let request = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", POST_LOGOUT_URI),
    ];
    scene.browser.open(&logout(&request)).await;
    assert_eq!(scene.browser.arrived().as_str(), POST_LOGOUT_URI);
}

#[tokio::test]
async fn a_post_is_answered_like_a_get() {
    let mut scene = Scene::new().await;
    let hint = scene.tokens(&[]).await.id_token.unwrap();
    let request = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", POST_LOGOUT_URI),
        ("state", "s"),
    ];
    scene.browser.post("/logout", &request).await;
    let arrived = scene.browser.arrived().as_str();
    assert_eq!(arrived, format!("{POST_LOGOUT_URI}?state=s"));
    assert!(!is_signed_in(&mut scene).await);
}

#[tokio::test]
async fn an_unregistered_address_is_never_gone_to() {
    let mut scene = Scene::new().await;
    for address in [
        "https://attacker.example.test/",
        "https://app.example.test/signed-out?x=1",
        "https://app.example.test/signed-out/",
        "https://app.example.test/callback",
        "javascript:alert(1)",
        "//attacker.example.test",
    ] {
        for spelling in ["post_logout_redirect_uri", "redirect", "redirect_uri"] {
            let hint = scene.tokens(&[]).await.id_token.unwrap();
            let request = [("id_token_hint", hint.as_str()), (spelling, address)];
            let page = scene.browser.open(&logout(&request)).await;
            assert!(!page.is_elsewhere, "{spelling}={address}");
            let page = scene.browser.open(&logout(&request[1..])).await;
            assert!(!page.is_elsewhere, "{spelling}={address}, signed out");
            scene.sign_in().await;
        }
    }
}

#[tokio::test]
async fn without_a_hint_that_holds_the_end_user_is_asked_first() {
    let mut scene = Scene::new().await;
    let tokens = scene.tokens(&[]).await;
    let hint = tokens.id_token.unwrap();
    let (head, _) = hint.rsplit_once('.').unwrap();
    let payload = head.split_once('.').unwrap().1;
    let unsigned = format!("eyJhbGciOiJub25lIn0.{payload}.");
    let foreign = Scene::new().await.tokens(&[]).await.id_token.unwrap();
    let altered = format!("{head}.{}", "A".repeat(342));
    for hint in [
        None,
        Some(&unsigned),
        Some(&foreign),
        Some(&altered),
        Some(&tokens.access_token),
    ] {
        let mut request = vec![
            ("post_logout_redirect_uri", POST_LOGOUT_URI),
            ("state", "s"),
        ];
        request.extend(hint.map(|hint| ("id_token_hint", hint.as_str())));
        let page = scene.browser.open(&logout(&request)).await;
        assert_eq!(page.id(), "page-logout", "{hint:?}");
        scene.browser.press("stay-signed-in", &[]).await;
        assert!(is_signed_in(&mut scene).await);
    }
}

#[tokio::test]
async fn a_hint_about_another_end_user_is_no_proof() {
    let mut scene = Scene::new().await;
    scene.world.user("grace@example.test", PASSWORD).await;
    let mut graces = scene.world.browser();
    graces.open(&scene.client.authorize_url(&[])).await;
    graces.sign_in("grace@example.test", PASSWORD).await;
    let tokens = scene.client.redeem(graces.arrived()).await;
    let hint = tokens.id_token.unwrap();
    let page = scene
        .browser
        .open(&logout(&[("id_token_hint", &hint)]))
        .await;
    assert_eq!(page.id(), "page-logout");
    assert!(is_signed_in(&mut scene).await);
}

#[tokio::test]
async fn a_hint_of_another_client_than_client_id_names_is_an_invalid_request() {
    let mut scene = Scene::new().await;
    let other = scene.world.client().await;
    let hint = scene.tokens(&[]).await.id_token.unwrap();
    let request = [
        ("id_token_hint", hint.as_str()),
        ("client_id", other.id.as_str()),
        ("post_logout_redirect_uri", POST_LOGOUT_URI),
    ];
    let page = scene.browser.open(&logout(&request)).await;
    assert_eq!(
        (page.status.as_u16(), page.id().as_str()),
        (400, "page-error")
    );
    assert_eq!(page.text("#error-code"), "invalid_request");
    assert!(is_signed_in(&mut scene).await);
}

#[tokio::test]
async fn without_parameters_the_end_user_is_asked_and_then_told() {
    let mut scene = Scene::new().await;
    for address in ["/logout", "/logout?state=s"] {
        assert_eq!(scene.browser.open(address).await.id(), "page-logout");
    }
    scene.browser.press("confirm-logout", &[]).await;
    assert_eq!(scene.browser.page().id(), "page-signed-out");
    assert!(!is_signed_in(&mut scene).await);
    let page = scene.browser.open("/logout").await;
    assert_eq!(page.id(), "page-signed-out", "there is nobody to ask");
}

#[tokio::test]
async fn a_forged_confirmation_signs_nobody_out() {
    let mut scene = Scene::new().await;
    for csrf in ["", "forged"] {
        let fields = [("csrf", csrf), ("decision", "sign_out")];
        let page = scene.browser.post("/logout", &fields).await;
        assert_eq!(page.id(), "page-logout");
    }
    assert!(is_signed_in(&mut scene).await);
}

#[tokio::test]
async fn a_repeated_or_contradictory_parameter_is_an_invalid_request() {
    let mut scene = Scene::new().await;
    let before = Residue::of(&scene.world).await;
    for query in [
        "redirect=a&redirect=a",
        "redirect=https://a.test/&redirect_uri=https://b.test/",
        "state=a&state=b",
        "client_id=none%20of%20ours",
    ] {
        let page = scene.browser.open(&format!("/logout?{query}")).await;
        assert_eq!(
            (page.status.as_u16(), page.id().as_str()),
            (400, "page-error"),
            "{query}"
        );
    }
    assert_eq!(Residue::of(&scene.world).await, before);
    assert!(is_signed_in(&mut scene).await);
}

#[tokio::test]
async fn the_other_spellings_sign_out_at_once_when_the_address_is_a_clients_of_the_session() {
    for request in [
        &[("redirect", POST_LOGOUT_URI)][..],
        &[("redirect_uri", POST_LOGOUT_URI)],
    ] {
        let mut scene = Scene::new().await;
        scene.tokens(&[]).await;
        scene.browser.open(&logout(request)).await;
        assert_eq!(scene.browser.arrived().as_str(), POST_LOGOUT_URI);
        assert!(!is_signed_in(&mut scene).await);
    }
    // Not encoded, as one client sends it; and empty.
    let mut scene = Scene::new().await;
    scene.tokens(&[]).await;
    scene
        .browser
        .open(&format!("/logout?redirect={POST_LOGOUT_URI}"))
        .await;
    assert_eq!(
        scene.browser.arrived(),
        &Url::parse(POST_LOGOUT_URI).unwrap()
    );
    assert_eq!(
        scene.browser.open("/logout?redirect=").await.id(),
        "page-signed-out"
    );
}

#[tokio::test]
async fn a_client_that_names_itself_is_gone_back_to_without_a_session() {
    let scene = Scene::new().await;
    let mut stranger = scene.world.browser();
    let request = [
        ("client_id", scene.client.id.as_str()),
        ("redirect_uri", POST_LOGOUT_URI),
        ("state", "s"),
    ];
    stranger.open(&logout(&request)).await;
    let arrived = stranger.arrived().as_str();
    assert_eq!(arrived, format!("{POST_LOGOUT_URI}?state=s"));
}

#[tokio::test]
async fn another_session_of_the_same_end_user_lives_on() {
    let mut scene = Scene::new().await;
    scene.tokens(&[]).await;
    let mut elsewhere = scene.world.browser();
    elsewhere.open(&scene.client.authorize_url(&[])).await;
    elsewhere.sign_in(EMAIL, PASSWORD).await;
    let tokens: Tokens = scene.client.redeem(elsewhere.arrived()).await;
    scene
        .browser
        .open(&logout(&[("redirect", POST_LOGOUT_URI)]))
        .await;
    assert!(!is_signed_in(&mut scene).await);
    assert_eq!(
        scene.client.userinfo(&tokens.access_token).await.status,
        200
    );
}
