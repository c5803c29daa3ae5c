//! RFC 9068: the JWT profile for access tokens, for clients that switch it on.

use vestibule::protocol::algorithm::SigningAlgorithm;
use vestibule::store::types::Text;

use super::{Scene, verified};
use crate::support::{Tokens, jwt_header};

const API: &str = "https://api.example.test";

#[tokio::test]
async fn a_users_access_token_has_the_type_and_the_claims() {
    let mut scene = Scene::with_client(|client| client.types_access_tokens = true).await;
    let client = scene.client.clone();
    scene.world.allow_api(&client, API, "").await;
    let tokens = scene.tokens(&[("audience", API)]).await;
    assert_eq!(jwt_header(&tokens.access_token)["typ"], "at+jwt");
    let claims = scene.verified(&tokens.access_token).await;
    let now = scene.world.now().as_i64();
    assert_eq!(claims["iss"], scene.world.issuer());
    assert_eq!(claims["sub"], scene.user.as_str());
    assert_eq!(claims["aud"], serde_json::json!([API]));
    assert_eq!(claims["client_id"], client.id.as_str());
    assert_eq!(claims["scope"], "openid profile email offline");
    assert_eq!(claims["iat"], now);
    assert_eq!(claims["exp"], now + 86_400);
    assert!(claims["jti"].is_string());
}

#[tokio::test]
async fn without_an_audience_it_is_for_ourselves() {
    let mut scene = Scene::with_client(|client| client.types_access_tokens = true).await;
    let claims = scene.tokens(&[]).await.access_claims();
    assert_eq!(claims["aud"], serde_json::json!([scene.world.issuer()]));
}

#[tokio::test]
async fn an_id_token_never_has_that_type() {
    let mut scene = Scene::with_client(|client| client.types_access_tokens = true).await;
    let tokens = scene.tokens(&[]).await;
    assert_eq!(jwt_header(&tokens.id_token.unwrap())["typ"], "JWT");
}

#[tokio::test]
async fn each_access_token_has_a_jti_of_its_own() {
    let mut scene = Scene::new().await;
    let first = scene.tokens(&[]).await;
    let refreshed = scene
        .client
        .refresh(first.refresh_token.as_ref().unwrap())
        .await;
    let second = Tokens::of(&refreshed);
    assert_ne!(first.access_claims()["jti"], second.access_claims()["jti"]);
}

#[tokio::test]
async fn a_machines_token_names_the_client_as_its_subject() {
    let scene = Scene::new().await;
    let machine = scene.world.machine_client(API).await;
    scene
        .world
        .change(&machine, |client| {
            client.types_access_tokens = true;
            client.signing_algorithm = Text(SigningAlgorithm::Es256);
        })
        .await;
    let answer = machine.token(&[("grant_type", "client_credentials")]).await;
    let token = Tokens::of(&answer).access_token;
    assert_eq!(jwt_header(&token)["typ"], "at+jwt");
    assert_eq!(jwt_header(&token)["alg"], "ES256");
    let claims = verified(&scene.world, &token).await;
    assert_eq!(claims["sub"], machine.id.as_str());
    assert_eq!(claims["client_id"], machine.id.as_str());
    assert_eq!(claims["scope"], "read:orders write:orders");
}
