//! `OpenID` Connect Discovery 1.0 and RFC 8414: each value that is announced is kept.

use std::collections::HashMap;

use serde_json::Value;
use vestibule::protocol::algorithm::SigningAlgorithm;
use vestibule::protocol::client::AuthMethod;
use vestibule::store::types::Text;

use super::{Scene, VERIFIER, WITH_PKCE, basic, header, post};
use crate::support::{Tokens, World, jwt_header};

const PATH: &str = "/.well-known/openid-configuration";

/// A list of the document.
fn list<'a>(document: &'a Value, name: &str) -> Vec<&'a str> {
    let values = document[name].as_array();
    let values = values.unwrap_or_else(|| panic!("{name} is no list"));
    let text = |value: &'a Value| value.as_str().expect("it lists texts");
    values.iter().map(text).collect()
}

#[tokio::test]
async fn the_document() {
    let world = World::new().await;
    let text = world.json(PATH).await.to_string();
    let text = text.replace(world.issuer(), "https://id.example.test");
    let document: Value = serde_json::from_str(&text).unwrap();
    insta::assert_json_snapshot!(document);
}

#[tokio::test]
async fn it_is_json_cacheable_and_the_same_for_oauth() {
    let world = World::new().await;
    let response = World::http().get(world.url(PATH)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        header(response.headers(), "content-type"),
        "application/json"
    );
    assert!(header(response.headers(), "cache-control").contains("max-age="));
    let oauth = world.json("/.well-known/oauth-authorization-server").await;
    assert_eq!(response.json::<Value>().await.unwrap(), oauth);
}

#[tokio::test]
async fn the_issuer_is_the_address_without_the_well_known_part() {
    let world = World::new().await;
    let document = world.json(PATH).await;
    assert_eq!(document["issuer"], world.issuer());
    // Whatever name a request comes by: the issuer is configured.
    let request = World::http()
        .get(world.url(PATH))
        .header("host", "attacker.example.test");
    let document: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(document["issuer"], world.issuer());
}

#[tokio::test]
async fn every_endpoint_is_there() {
    let world = World::new().await;
    let document = world.json(PATH).await;
    let endpoints = document.as_object().unwrap().iter();
    let endpoints =
        endpoints.filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
    let mut count = 0;
    for (name, address) in endpoints {
        let address = address.as_str().unwrap();
        assert!(address.starts_with(world.issuer()), "{name}");
        let response = World::http().get(address).send().await.unwrap();
        assert_ne!(response.status(), 404, "{name}");
        count += 1;
    }
    assert_eq!(count, 7);
}

#[tokio::test]
async fn every_scope_is_granted() {
    let mut scene = Scene::new().await;
    let document = scene.world.json(PATH).await;
    let scope = list(&document, "scopes_supported").join(" ");
    let tokens = scene.tokens(&[("scope", &scope)]).await;
    assert_eq!(tokens.body["scope"], scope);
}

#[tokio::test]
async fn every_response_type_and_mode_is_answered() {
    let mut scene = Scene::new().await;
    let document = scene.world.json(PATH).await;
    assert_eq!(list(&document, "response_types_supported"), ["code"]);
    for mode in list(&document, "response_modes_supported") {
        let address = scene.client.authorize_url(&[("response_mode", mode)]);
        let page = scene.browser.open(&address).await;
        let has_code = match mode {
            "form_post" => page.has("input[name=code]"),
            "fragment" => page.url.fragment().unwrap().contains("code="),
            _ => page.url.query().unwrap().contains("code="),
        };
        assert!(has_code, "{mode}");
    }
}

#[tokio::test]
async fn every_grant_type_is_taken() {
    let mut scene = Scene::new().await;
    let document = scene.world.json(PATH).await;
    let machine = scene.world.machine_client("https://api.example.test").await;
    let mut granted = HashMap::new();
    let tokens = scene.tokens(&[]).await;
    granted.insert("authorization_code", 200);
    let refreshed = scene.client.refresh(&tokens.refresh_token.unwrap()).await;
    granted.insert("refresh_token", refreshed.status.as_u16());
    let answer = machine.token(&[("grant_type", "client_credentials")]).await;
    granted.insert("client_credentials", answer.status.as_u16());
    for grant_type in list(&document, "grant_types_supported") {
        assert_eq!(granted.remove(grant_type), Some(200), "{grant_type}");
    }
    assert!(granted.is_empty());
}

#[tokio::test]
async fn every_algorithm_signs() {
    let mut scene = Scene::new().await;
    let document = scene.world.json(PATH).await;
    let algorithms = list(&document, "id_token_signing_alg_values_supported");
    assert!(
        algorithms.contains(&"RS256"),
        "every relying party knows it"
    );
    let client = scene.client.clone();
    for name in algorithms {
        let algorithm: SigningAlgorithm = name.parse().unwrap();
        scene
            .world
            .change(&client, |client| client.signing_algorithm = Text(algorithm))
            .await;
        let id_token = scene.tokens(&[]).await.id_token.unwrap();
        assert_eq!(jwt_header(&id_token)["alg"], name);
        scene.verified(&id_token).await;
    }
}

#[tokio::test]
async fn every_way_to_authenticate_is_taken_at_the_endpoint_that_announces_it() {
    let mut scene = Scene::new().await;
    let document = scene.world.json(PATH).await;
    let client = scene.client.clone();
    let public = scene.public_client().await;
    for (prefix, path) in [
        ("token", "/oauth2/token"),
        ("revocation", "/oauth2/revoke"),
        ("introspection", "/oauth2/introspect"),
    ] {
        for name in list(
            &document,
            &format!("{prefix}_endpoint_auth_methods_supported"),
        ) {
            let method: AuthMethod = name.parse().unwrap();
            let code = scene.code_for(if name == "none" { &public } else { &client }, &WITH_PKCE);
            let body = format!(
                "grant_type=authorization_code&code={}&code_verifier={VERIFIER}&redirect_uri=https%3A%2F%2Fapp.example.test%2Fcallback&token=x",
                code.await
            );
            let credentials = basic(client.id.as_str(), scene.secret());
            let (headers, body) = match method {
                AuthMethod::ClientSecretBasic => (vec![("authorization", &*credentials)], body),
                AuthMethod::ClientSecretPost => {
                    let secret = scene.secret();
                    let id = &client.id;
                    (
                        vec![],
                        format!("{body}&client_id={id}&client_secret={secret}"),
                    )
                }
                AuthMethod::None => (vec![], format!("{body}&client_id={}", public.id)),
            };
            let answer = post(&scene.world, path, &headers, &body).await;
            assert_eq!(answer.status, 200, "{name} at {path}: {:?}", answer.body);
        }
    }
}

#[tokio::test]
async fn every_prompt_is_obeyed() {
    let mut scene = Scene::new().await;
    let document = scene.world.json(PATH).await;
    for prompt in list(&document, "prompt_values_supported") {
        let address = scene.client.authorize_url(&[("prompt", prompt)]);
        let page = scene.browser.open(&address).await;
        let expected = match prompt {
            "consent" => "page-consent",
            "create" => "page-register",
            "login" => "page-sign-in",
            "select_account" => "page-select-account",
            "none" => {
                assert!(page.is_elsewhere);
                continue;
            }
            other => panic!("{other} has no test"),
        };
        assert_eq!(page.id(), expected, "{prompt}");
    }
}

#[tokio::test]
async fn every_language_has_its_pages() {
    let world = World::new().await;
    let client = world.client().await;
    let document = world.json(PATH).await;
    for tag in list(&document, "ui_locales_supported") {
        let mut browser = world.browser();
        let page = browser
            .open(&client.authorize_url(&[("ui_locales", tag)]))
            .await;
        assert_eq!(page.attribute("html", "lang").as_deref(), Some(tag));
    }
}

#[tokio::test]
async fn every_claim_is_told_and_every_acr_is_given() {
    let mut scene = Scene::with_every_claim(|_| {}).await;
    let document = scene.world.json(PATH).await;
    let scope = [("scope", "openid profile email phone address")];
    let tokens: Tokens = scene.tokens(&scope).await;
    let in_id_token = tokens.id_claims();
    let userinfo = scene.client.userinfo(&tokens.access_token).await.body;
    for claim in list(&document, "claims_supported") {
        let is_told = !in_id_token[claim].is_null() || !userinfo[claim].is_null();
        assert!(is_told, "{claim}");
    }
    let acr = in_id_token["acr"].as_str().unwrap();
    assert_eq!(list(&document, "acr_values_supported"), [acr]);
}

#[tokio::test]
async fn challenge_methods_request_objects_and_the_claims_parameter_are_as_announced() {
    let mut scene = Scene::new().await;
    let document = scene.world.json(PATH).await;
    let methods = list(&document, "code_challenge_methods_supported");
    assert_eq!(methods, [WITH_PKCE[1].1]);
    scene.code(&WITH_PKCE).await;
    for (flag, parameter, error) in [
        (
            "request_parameter_supported",
            "request",
            "request_not_supported",
        ),
        (
            "request_uri_parameter_supported",
            "request_uri",
            "request_uri_not_supported",
        ),
    ] {
        assert_eq!(document[flag], false);
        assert_eq!(
            scene.refusal(&[(parameter, "https://x.test/")]).await,
            error
        );
    }
    assert_eq!(document["claims_parameter_supported"], true);
    assert_eq!(
        document["authorization_response_iss_parameter_supported"],
        true
    );
    assert_eq!(list(&document, "subject_types_supported"), ["public"]);
    assert_eq!(list(&document, "claim_types_supported"), ["normal"]);
}
