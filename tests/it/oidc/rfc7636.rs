//! RFC 7636: Proof Key for Code Exchange.

use vestibule::protocol::client::ApplicationKind;

use super::{CHALLENGE, REDIRECT_URI, Residue, Scene, VERIFIER, WITH_PKCE, error_in};
use crate::support::{Engine, Tokens, on_each_engine};

on_each_engine! {
    the_verifier_of_appendix_b_redeems_the_code
    a_wrong_verifier_is_an_invalid_grant_and_does_not_spend_the_code
}

async fn the_verifier_of_appendix_b_redeems_the_code(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let code = scene.code(&WITH_PKCE).await;
    let verifier = [("code_verifier", VERIFIER)];
    Tokens::of(&scene.client.try_redeem(&code, &verifier).await);

    let public = scene.public_client().await;
    let code = scene.code_for(&public, &WITH_PKCE).await;
    Tokens::of(&public.try_redeem(&code, &verifier).await);
}

async fn a_wrong_verifier_is_an_invalid_grant_and_does_not_spend_the_code(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let code = scene.code(&WITH_PKCE).await;
    let before = Residue::of(&scene.world).await;
    for wrong in [
        VERIFIER.replace('d', "e").as_str(),
        CHALLENGE,
        "too-short",
        &format!("{VERIFIER}="),
        &"x".repeat(129),
    ] {
        let answer = scene
            .client
            .try_redeem(&code, &[("code_verifier", wrong)])
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.error()),
            (400, "invalid_grant")
        );
    }
    assert_eq!(Residue::of(&scene.world).await, before);
    let verifier = [("code_verifier", VERIFIER)];
    Tokens::of(&scene.client.try_redeem(&code, &verifier).await);
}

#[tokio::test]
async fn a_missing_verifier_is_an_invalid_grant() {
    let mut scene = Scene::new().await;
    let code = scene.code(&WITH_PKCE).await;
    let answer = scene.client.try_redeem(&code, &[]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (400, "invalid_grant")
    );
}

#[tokio::test]
async fn a_verifier_without_a_challenge_is_an_invalid_grant() {
    let mut scene = Scene::new().await;
    let code = scene.code(&[]).await;
    let answer = scene
        .client
        .try_redeem(&code, &[("code_verifier", VERIFIER)])
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (400, "invalid_grant")
    );
}

#[tokio::test]
async fn a_public_client_without_a_challenge_is_an_invalid_request() {
    let mut scene = Scene::new().await;
    let before = Residue::of(&scene.world).await;
    for kind in [ApplicationKind::Spa, ApplicationKind::Native] {
        let public = scene
            .world
            .register(kind, &[REDIRECT_URI], &[], |_| {})
            .await;
        scene.browser.open(&public.authorize_url(&[])).await;
        assert_eq!(error_in(scene.browser.arrived()), "invalid_request");
    }
    assert_eq!(Residue::of(&scene.world).await, before);
}

#[tokio::test]
async fn a_confidential_client_can_be_held_to_pkce() {
    let mut scene = Scene::with_client(|client| client.requires_pkce = true).await;
    assert_eq!(scene.refusal(&[]).await, "invalid_request");
    scene.code(&WITH_PKCE).await;
}

#[tokio::test]
async fn plain_and_unknown_methods_are_an_invalid_request() {
    let mut scene = Scene::new().await;
    for method in ["plain", "S512", "s256", ""] {
        let parameters = [
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", method),
        ];
        assert_eq!(
            scene.refusal(&parameters).await,
            "invalid_request",
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_method_without_a_challenge_is_an_invalid_request() {
    let mut scene = Scene::new().await;
    let refusal = scene.refusal(&[("code_challenge_method", "S256")]).await;
    assert_eq!(refusal, "invalid_request");
}

#[tokio::test]
async fn a_challenge_that_is_no_hash_is_an_invalid_request() {
    let mut scene = Scene::new().await;
    for challenge in [
        &CHALLENGE[1..],
        &format!("{CHALLENGE}="),
        &CHALLENGE.replace('-', "+"),
        &"x".repeat(128),
        "\u{fc}",
    ] {
        let parameters = [("code_challenge", challenge), WITH_PKCE[1]];
        assert_eq!(
            scene.refusal(&parameters).await,
            "invalid_request",
            "{challenge}"
        );
    }
}
