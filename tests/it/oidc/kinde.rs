//! What applications written for Kinde rely on.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use insta::assert_json_snapshot;
use serde_json::{Value, json};
use vestibule::protocol::algorithm::SigningAlgorithm;
use vestibule::store::types::Text;

use super::{REDIRECT_URI, Residue, Scene, VERIFIER, WITH_PKCE};
use crate::support::{TestClient, Tokens, World, parameters_of};

const ORDERS: &str = "https://api.example.test/orders";
const STOCK: &str = "https://api.example.test/stock";

/// An answer with its random values replaced by their names.
fn tamed(world: &World, client: &TestClient, answer: &Value) -> Value {
    let mut text = answer.to_string();
    text = text.replace(world.issuer(), "https://id.example.test");
    text = text.replace(client.id.as_str(), "[client id]");
    let mut answer: Value = serde_json::from_str(&text).expect("it is still JSON");
    for (name, is_right) in [
        ("at_hash", (|text| text.len() == 22) as fn(&str) -> bool),
        ("grant_id", |text| text.len() == 32),
        ("id", is_user),
        ("org_code", |text| {
            vestibule::id::OrganizationId::parse(text).is_some()
        }),
        ("jti", |text| uuid::Uuid::parse_str(text).is_ok()),
        ("sid", |text| text.len() == 32),
        ("sub", |text| is_user(text) || text == "[client id]"),
    ] {
        if let Some(value) = answer.get_mut(name) {
            let text = value.as_str().expect("it is text");
            assert!(is_right(text), "{name}: {text}");
            *value = format!("[{name}]").into();
        }
    }
    if let Some(codes) = answer.get_mut("org_codes") {
        assert_eq!(codes.as_array().map(Vec::len), Some(1));
        *codes = serde_json::json!(["[org_code]"]);
    }
    answer
}

fn is_user(text: &str) -> bool {
    text.starts_with("kp_") && text.len() == 35
}

#[tokio::test]
async fn the_access_token() {
    let mut scene = Scene::with_every_claim(|_| {}).await;
    let client = scene.client.clone();
    scene.world.allow_api(&client, ORDERS, "").await;
    let tokens = scene.tokens(&[("audience", ORDERS)]).await;
    let claims = tokens.access_claims();
    assert_json_snapshot!(tamed(&scene.world, &client, &claims));
}

#[tokio::test]
async fn the_id_token() {
    let mut scene = Scene::with_every_claim(|_| {}).await;
    let tokens = scene.tokens(&[]).await;
    let claims = tokens.id_claims();
    assert_json_snapshot!(tamed(&scene.world, &scene.client, &claims));
}

#[tokio::test]
async fn the_machines_token() {
    let world = World::new().await;
    let machine = world.machine_client(ORDERS).await;
    let ask = [("grant_type", "client_credentials"), ("audience", ORDERS)];
    let tokens = Tokens::of(&machine.token(&ask).await);
    assert_json_snapshot!(tamed(&world, &machine, &tokens.access_claims()));
}

#[tokio::test]
async fn the_user_profile() {
    let mut scene = Scene::with_every_claim(|_| {}).await;
    let tokens = scene.tokens(&[]).await;
    let answer = scene.client.userinfo(&tokens.access_token).await;
    assert_json_snapshot!(tamed(&scene.world, &scene.client, &answer.body));
}

#[tokio::test]
async fn the_user_profile_of_version_1() {
    let mut scene = Scene::with_every_claim(|_| {}).await;
    let tokens = scene.tokens(&[]).await;
    let request = World::http().get(scene.world.url("/oauth2/user_profile"));
    let response = request.bearer_auth(&tokens.access_token).send().await;
    let answer: Value = response.unwrap().json().await.unwrap();
    assert_json_snapshot!(tamed(&scene.world, &scene.client, &answer));
}

#[tokio::test]
async fn a_client_with_its_secret_in_the_body_needs_neither_pkce_nor_nonce() {
    let mut scene = Scene::new().await;
    let parameters = [("nonce", ""), ("state", "x".repeat(28).leak() as &str)];
    let tokens = scene.tokens(&parameters).await;
    assert!(tokens.id_claims().get("nonce").is_none());
    assert!(tokens.id_token.is_some() && tokens.refresh_token.is_some());
}

#[tokio::test]
async fn secret_and_verifier_may_come_together() {
    let mut scene = Scene::new().await;
    let code = scene.code(&WITH_PKCE).await;
    let verifier = [("code_verifier", VERIFIER)];
    Tokens::of(&scene.client.try_redeem(&code, &verifier).await);
}

#[tokio::test]
async fn a_public_client_holds_all_three_tokens_and_again_after_a_refresh() {
    let mut scene = Scene::new().await;
    let public = scene.public_client().await;
    let code = scene.code_for(&public, &WITH_PKCE).await;
    let answer = public
        .try_redeem(&code, &[("code_verifier", VERIFIER)])
        .await;
    let tokens = Tokens::of(&answer);
    assert!(tokens.body["expires_in"].is_i64());
    let refreshed = Tokens::of(&public.refresh(&tokens.refresh_token.unwrap()).await);
    assert!(refreshed.id_token.is_some() && refreshed.refresh_token.is_some());
}

#[tokio::test]
async fn an_empty_audience_is_none() {
    let mut scene = Scene::new().await;
    let address = format!("{}&audience=", scene.client.authorize_url(&[]));
    scene.browser.open(&address).await;
    let tokens = scene.client.redeem(scene.browser.arrived()).await;
    assert_eq!(tokens.access_claims()["aud"], json!([]));
}

#[tokio::test]
async fn audiences_may_be_repeated_or_listed() {
    let mut scene = Scene::new().await;
    let client = scene.client.clone();
    scene.world.allow_api(&client, ORDERS, "").await;
    scene.world.allow_api(&client, STOCK, "").await;
    for query in [
        format!("audience={ORDERS}&audience={STOCK}"),
        format!("audience={ORDERS}%20{STOCK}"),
        format!("audience={ORDERS}+{STOCK}&audience=&audience={STOCK}"),
        format!("resource={ORDERS}&resource={STOCK}"),
    ] {
        let address = format!("{}&{query}", client.authorize_url(&[]));
        scene.browser.open(&address).await;
        let tokens = client.redeem(scene.browser.arrived()).await;
        assert_eq!(
            tokens.access_claims()["aud"],
            json!([ORDERS, STOCK]),
            "{query}"
        );
        let refreshed = client.refresh(&tokens.refresh_token.unwrap()).await;
        let claims = Tokens::of(&refreshed).access_claims();
        assert_eq!(claims["aud"], json!([ORDERS, STOCK]), "{query}, refreshed");
    }
}

#[tokio::test]
async fn an_api_that_the_client_may_not_call_is_shown_and_not_sent_back() {
    let mut scene = Scene::new().await;
    let before = Residue::of(&scene.world).await;
    for audience in [ORDERS, "no api"] {
        assert_eq!(
            scene.shown(&[("audience", audience)]).await,
            "invalid_target"
        );
    }
    assert_eq!(Residue::of(&scene.world).await, before);
}

#[tokio::test]
async fn a_machine_asks_for_one_api_for_several_or_for_all() {
    let world = World::new().await;
    let machine = world.machine_client(ORDERS).await;
    world.allow_api(&machine, STOCK, "read:stock").await;
    let id = machine.id.as_str();
    let secret = machine.secret.as_deref().unwrap();
    let usual = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    for (more, audiences, scope) in [
        (
            "",
            json!([ORDERS, STOCK]),
            "read:orders write:orders read:stock",
        ),
        (
            "&scope=",
            json!([ORDERS, STOCK]),
            "read:orders write:orders read:stock",
        ),
        (
            "&audience=https://api.example.test/orders&audience=https://api.example.test/stock",
            json!([ORDERS, STOCK]),
            "read:orders write:orders read:stock",
        ),
        (
            "&audience=https://api.example.test/stock&audience=",
            json!([STOCK]),
            "read:stock",
        ),
        ("&scope=read:stock", json!([ORDERS, STOCK]), "read:stock"),
    ] {
        let body = format!("{usual}{more}");
        let answer = super::post(&world, "/oauth2/token", &[], &body).await;
        let claims = Tokens::of(&answer).access_claims();
        assert_eq!(claims["aud"], audiences, "{more}");
        assert_eq!(claims["scope"], scope, "{more}");
    }
}

#[tokio::test]
async fn the_header_of_a_token_can_be_read_with_atob() {
    let mut scene = Scene::new().await;
    let client = scene.client.clone();
    for algorithm in SigningAlgorithm::ALL {
        for types_access_tokens in [false, true] {
            scene
                .world
                .change(&client, |client| {
                    client.signing_algorithm = Text(*algorithm);
                    client.types_access_tokens = types_access_tokens;
                })
                .await;
            let tokens = scene.tokens(&[]).await;
            for token in [&tokens.access_token, tokens.id_token.as_ref().unwrap()] {
                let header = token.split('.').next().unwrap();
                assert!(!header.contains(['-', '_']), "{header}");
            }
        }
    }
}

#[tokio::test]
async fn the_key_set_is_what_the_validator_demands_at_both_addresses() {
    let world = World::new().await;
    let jwks = world.json("/.well-known/jwks.json").await;
    assert_eq!(world.json("/.well-known/jwks").await, jwks);
    let mut kids = std::collections::HashSet::new();
    for key in jwks["keys"].as_array().unwrap() {
        let kid = key["kid"].as_str().unwrap();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '.');
        assert!(kid.chars().all(is_plain), "{kid}");
        assert!(kids.insert(kid.to_owned()), "{kid} is there twice");
        assert_eq!(key["use"], "sig");
        let (kty, members): (_, &[&str]) = match key["alg"].as_str().unwrap() {
            "EdDSA" => ("OKP", &["crv", "x"]),
            "ES256" => ("EC", &["crv", "x", "y"]),
            _ => ("RSA", &["n", "e"]),
        };
        assert_eq!(key["kty"], kty);
        let mut expected = [&["alg", "kid", "kty", "use"], members].concat();
        expected.sort_unstable();
        let mut found: Vec<_> = key.as_object().unwrap().keys().collect();
        found.sort_unstable();
        assert_eq!(found, expected, "public members only");
        for member in members.iter().filter(|member| **member != "crv") {
            let text = key[*member].as_str().unwrap();
            assert!(
                !text.contains(['=', '+', '/']),
                "unpadded base64url: {text}"
            );
        }
        if kty == "RSA" {
            assert!(key["n"].as_str().unwrap().len() >= 342, "2048 bits");
        }
    }
    assert_eq!(kids.len(), 3);
}

#[tokio::test]
async fn the_parameters_of_the_sdks_are_taken() {
    let mut scene = Scene::new().await;
    let query = "supports_reauth=true&lang=de&org_name=&is_create_org=false&start_page=login&has_success_page=true\
        &pages_mode=preview&plan_interest=pro&pricing_table_key=k&workflow_deployment_id=x&redirect_url=https://x.test\
        &post_login_redirect_url=%2F&utm_source=a&utm_source=b&gclid=1&reauth_state=e30%3D&is_invitation=false";
    let address = format!("{}&{query}", scene.client.authorize_url(&[]));
    scene.browser.open(&address).await;
    let arrived = scene.browser.arrived().clone();
    assert!(arrived.as_str().starts_with(REDIRECT_URI));
    assert!(parameters_of(&arrived).contains_key("code"));
}

#[tokio::test]
async fn an_expired_sign_in_goes_back_to_an_application_that_understands() {
    let scene = Scene::new().await;
    let parameters = [
        ("supports_reauth", "true"),
        ("login_hint", "ada@example.test"),
        ("prompt", "login"),
    ];
    let mut browser = scene.world.browser();
    let address = scene.client.authorize_url(&parameters);
    let interaction = browser.open(&address).await.url.clone();
    scene.world.pass(3_600);
    browser.open(interaction.as_str()).await;
    let answer = parameters_of(browser.arrived());
    assert_eq!(answer["error"], "login_link_expired");
    assert_eq!(answer["state"], "a state");
    let reauth = BASE64_STANDARD.decode(&answer["reauth_state"]).unwrap();
    let reauth: Value = serde_json::from_slice(&reauth).unwrap();
    let expected = json!({ "login_hint": "ada@example.test", "prompt": "login" });
    assert_eq!(reauth, expected);

    // Another is told on a page.
    let interaction = browser
        .open(&scene.client.authorize_url(&[]))
        .await
        .url
        .clone();
    scene.world.pass(3_600);
    let page = browser.open(interaction.as_str()).await;
    assert_eq!(
        (page.status.as_u16(), page.id().as_str()),
        (400, "page-error")
    );
}

#[tokio::test]
async fn the_header_of_the_sdks_is_ignored() {
    let mut scene = Scene::new().await;
    let code = scene.code(&[]).await;
    let headers = [("kinde-sdk", "TypeScript/2.15.1")];
    let body = format!(
        "grant_type=authorization_code&code={code}&redirect_uri={REDIRECT_URI}&client_id={}&client_secret={}",
        scene.client.id,
        scene.secret()
    );
    let answer = super::post(&scene.world, "/oauth2/token", &headers, &body).await;
    assert_eq!(answer.status, 200);
}
