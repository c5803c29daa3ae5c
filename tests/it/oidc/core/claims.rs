//! Claims about the End-User, by scope and by name (Core §5).

use serde_json::{Value, json};
use vestibule::directory::accounts::NewAccount;
use vestibule::protocol::claims::StandardClaims;

use super::super::{Scene, every_claim};
use crate::support::{PASSWORD, World};

/// The names of the claims in an answer, in the alphabet's order, but for those that are always there.
fn names(claims: &Value) -> Vec<&str> {
    let always = |name: &&str| !matches!(*name, "sub" | "id" | "org_code");
    let claims = claims.as_object().expect("it is an object");
    let mut names: Vec<_> = claims.keys().map(String::as_str).filter(always).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn each_scope_gives_its_claims_at_the_userinfo_endpoint() {
    let mut scene = Scene::with_every_claim(|_| {}).await;
    for (scope, expected) in [
        ("openid", ""),
        (
            "openid profile",
            "birthdate family_name gender given_name locale middle_name name nickname picture preferred_username profile updated_at website zoneinfo",
        ),
        ("openid email", "email email_verified"),
        ("openid address", "address"),
        ("openid phone", "phone_number phone_number_verified"),
    ] {
        let tokens = scene.tokens(&[("scope", scope)]).await;
        let answer = scene.client.userinfo(&tokens.access_token).await;
        assert_eq!(names(&answer.body).join(" "), expected, "{scope}");
        assert_eq!(answer.body["sub"], scene.user.as_str());
    }
}

#[tokio::test]
async fn every_claim_has_the_form_of_the_standard() {
    let mut scene = Scene::with_every_claim(|_| {}).await;
    let scope = [("scope", "openid profile email address phone")];
    let tokens = scene.tokens(&scope).await;
    let answer = scene.client.userinfo(&tokens.access_token).await;
    let expected = json!({
        "id": scene.user,
        "org_code": scene.world.default_organization().await,
        "sub": scene.user,
        "name": "Ada Byron",
        "given_name": "Ada",
        "family_name": "Byron",
        "middle_name": "Augusta",
        "nickname": "Countess",
        "preferred_username": "ada",
        "profile": "https://app.example.test/ada",
        "picture": "https://app.example.test/ada.png",
        "website": "https://ada.example.test",
        "gender": "female",
        "birthdate": "1815-12-10",
        "zoneinfo": "Europe/London",
        "locale": "en-GB",
        "updated_at": scene.world.now(),
        "email": "ada@example.test",
        "email_verified": true,
        "phone_number": "+442071234567",
        "phone_number_verified": true,
        "address": {
            "formatted": "12 St James's Square\nLondon SW1Y 4JH",
            "street_address": "12 St James's Square",
            "locality": "London",
            "region": "England",
            "postal_code": "SW1Y 4JH",
            "country": "United Kingdom",
        },
    });
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn what_is_unknown_is_left_out_and_never_empty() {
    let world = World::new().await;
    let bare = NewAccount {
        username: Some("ada".to_owned()),
        attributes: StandardClaims {
            nickname: Some(String::new()),
            website: Some("  ".to_owned()),
            address: Some(vestibule::protocol::claims::Address::default()),
            ..StandardClaims::default()
        },
        ..NewAccount::default()
    };
    world.account(bare, PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    let scope = [("scope", "openid profile email address phone")];
    browser.open(&client.authorize_url(&scope)).await;
    browser.sign_in("ada", PASSWORD).await;
    let tokens = client.redeem(browser.arrived()).await;
    let answer = client.userinfo(&tokens.access_token).await;
    assert_eq!(names(&answer.body), ["preferred_username", "updated_at"]);
}

#[tokio::test]
async fn an_unproven_address_is_told_as_such() {
    let world = World::new().await;
    let account = NewAccount {
        email_verified: false,
        username: Some("ada2".to_owned()),
        ..every_claim()
    };
    world.account(account, PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.sign_in("ada2", PASSWORD).await;
    let tokens = client.redeem(browser.arrived()).await;
    assert_eq!(tokens.id_claims()["email_verified"], false);
}

#[tokio::test]
async fn profile_claims_stay_out_of_the_id_token_when_the_client_says_so() {
    let mut scene = Scene::with_every_claim(|client| client.profile_in_id_token = false).await;
    let tokens = scene.tokens(&[]).await;
    let claims = tokens.id_claims();
    for name in StandardClaims::names() {
        assert!(claims.get(*name).is_none(), "{name}");
    }
    let answer = scene.client.userinfo(&tokens.access_token).await;
    assert_eq!(answer.body["email"], "ada@example.test");
}

#[tokio::test]
async fn a_claim_asked_for_by_name_is_delivered_where_asked_and_only_there() {
    let mut scene = Scene::with_every_claim(|client| client.profile_in_id_token = false).await;
    let claims = json!({
        "userinfo": { "name": { "essential": true }, "no_such_claim": null },
        "id_token": {
            "email": null,
            "birthdate": { "value": "1900-01-01" },
            "locale": { "values": ["de", "fr"] },
            "auth_time": { "essential": true },
            "no_such_claim": { "essential": true },
        },
    });
    let claims = claims.to_string();
    let tokens = scene
        .tokens(&[("scope", "openid"), ("claims", &claims)])
        .await;
    let answer = scene.client.userinfo(&tokens.access_token).await;
    assert_eq!(names(&answer.body), ["name"]);
    let in_id_token = tokens.id_claims();
    assert_eq!(in_id_token["email"], "ada@example.test");
    assert_eq!(in_id_token["birthdate"], "1815-12-10");
    assert_eq!(in_id_token["locale"], "en-GB");
    assert!(in_id_token["auth_time"].is_i64());
    assert!(in_id_token.get("name").is_none());
    assert!(in_id_token.get("no_such_claim").is_none());
}

#[tokio::test]
async fn a_claims_parameter_with_nulls_and_unknown_members_is_taken() {
    let mut scene = Scene::new().await;
    for claims in [
        "{}",
        r#"{"userinfo":null,"id_token":null}"#,
        r#"{"verified_claims":{"x":1},"userinfo":{"email":null}}"#,
        r#"{"id_token":{"email":{"essential":false,"purpose":"to write"}}}"#,
    ] {
        scene.tokens(&[("claims", claims)]).await;
    }
}

#[tokio::test]
async fn claims_asked_for_by_name_are_told_after_a_refresh_too() {
    let mut scene = Scene::with_every_claim(|_| {}).await;
    let claims = r#"{"userinfo":{"website":null}}"#;
    let parameters = [("scope", "openid offline"), ("claims", claims)];
    let tokens = scene.tokens(&parameters).await;
    let refreshed = scene.client.refresh(&tokens.refresh_token.unwrap()).await;
    let tokens = crate::support::Tokens::of(&refreshed);
    let answer = scene.client.userinfo(&tokens.access_token).await;
    assert_eq!(names(&answer.body), ["website"]);
}
