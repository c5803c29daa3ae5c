//! The ID Token (Core §2, §3.1.3, §12.2).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256, Sha512};
use vestibule::protocol::algorithm::SigningAlgorithm;
use vestibule::store::types::Text;

use super::super::Scene;
use crate::support::{Engine, Tokens, on_each_engine};

on_each_engine! {
    a_refreshed_id_token_speaks_of_the_same_authentication
}

async fn a_refreshed_id_token_speaks_of_the_same_authentication(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let first = scene.tokens(&[]).await;
    scene.world.pass(60);
    let refresh_token = first.refresh_token.as_ref().expect("offline");
    let second = Tokens::of(&scene.client.refresh(refresh_token).await);
    let (first, second) = (first.id_claims(), second.id_claims());
    for name in ["iss", "sub", "aud", "azp", "auth_time", "sid", "acr", "amr"] {
        assert_eq!(first[name], second[name], "{name}");
    }
    assert_eq!(second["iat"], scene.world.now().as_i64());
    assert!(second["nonce"].is_null());
    assert_ne!(first["at_hash"], second["at_hash"]);
}

#[tokio::test]
async fn it_says_who_when_where_and_for_whom() {
    let mut scene = Scene::new().await;
    scene.world.pass(10);
    let tokens = scene.tokens(&[]).await;
    let claims = scene.verified(tokens.id_token.as_ref().unwrap()).await;
    let now = scene.world.now().as_i64();
    let id = scene.client.id.as_str();
    assert_eq!(claims["iss"], scene.world.issuer());
    assert_eq!(claims["sub"], scene.user.as_str());
    assert_eq!(claims["aud"], json!([id]));
    assert_eq!(claims["azp"], id);
    assert_eq!(claims["iat"], now);
    assert_eq!(claims["exp"], now + 3_600);
    assert_eq!(claims["auth_time"], now - 10);
    assert_eq!(claims["nonce"], "a nonce");
    assert_eq!(claims["amr"], json!(["pwd"]));
    assert!(claims["sid"].as_str().is_some_and(|sid| sid.len() >= 32));
}

#[tokio::test]
async fn at_hash_is_the_left_half_of_the_access_tokens_hash() {
    let mut scene = Scene::new().await;
    let client = scene.client.clone();
    for algorithm in SigningAlgorithm::ALL {
        scene
            .world
            .change(&client, |client| {
                client.signing_algorithm = Text(*algorithm);
            })
            .await;
        let tokens = scene.tokens(&[]).await;
        let claims = scene.verified(tokens.id_token.as_ref().unwrap()).await;
        let expected = if *algorithm == SigningAlgorithm::EdDsa {
            BASE64_URL_SAFE_NO_PAD.encode(&Sha512::digest(&tokens.access_token)[..32])
        } else {
            BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(&tokens.access_token)[..16])
        };
        assert_eq!(claims["at_hash"], expected, "{algorithm}");
    }
}

#[tokio::test]
async fn a_nonce_is_returned_unaltered_and_never_made_up() {
    let mut scene = Scene::new().await;
    let long = "n-0S6_WzA2Mj \u{fc}&=+".repeat(8);
    let claims = scene.tokens(&[("nonce", &long)]).await.id_claims();
    assert_eq!(claims["nonce"], long);
    let claims = scene.tokens(&[("nonce", "")]).await.id_claims();
    assert!(claims.get("nonce").is_none());
}

#[tokio::test]
async fn its_lifetime_is_the_clients() {
    let lifetime = vestibule::clock::Seconds::new;
    let mut scene = Scene::with_client(|client| {
        client.id_token_lifetime_seconds = lifetime(120);
        client.access_token_lifetime_seconds = lifetime(60);
    })
    .await;
    let tokens = scene.tokens(&[]).await;
    let (id, access) = (tokens.id_claims(), tokens.access_claims());
    assert_eq!(
        id["exp"].as_i64().unwrap() - id["iat"].as_i64().unwrap(),
        120
    );
    assert_eq!(
        access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap(),
        60
    );
    assert_eq!(tokens.body["expires_in"], 60);
}

#[tokio::test]
async fn two_clients_of_one_browser_share_the_session() {
    let mut scene = Scene::new().await;
    let other = scene.world.client().await;
    let first = scene.tokens(&[]).await.id_claims();
    scene.browser.open(&other.authorize_url(&[])).await;
    let second = other.redeem(scene.browser.arrived()).await.id_claims();
    assert_eq!(first["sid"], second["sid"]);
    assert_eq!(first["sub"], second["sub"]);
    assert_ne!(first["aud"], second["aud"]);
}
