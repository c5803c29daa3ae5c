//! What an application says of a sign-in, and how much of it an upstream hears.

use std::collections::BTreeMap;

use serde_json::json;

use super::upstream::Scene;
use crate::support::{Engine, parameters_of};

/// What the protocol needs, which is ours to say.
const OURS: [&str; 8] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
];

/// The naive implementation passes on whatever it is sent, and lets an application overwrite what the connection or
/// the protocol says.
#[tokio::test]
async fn an_upstream_hears_what_its_connection_lists_and_nothing_else() {
    let scene = Scene::set(Engine::Sqlite).await;
    let api = scene.world.api().await;
    let route = format!("/connections/{}", scene.connection);
    let change = json!({ "options": {
        "forwarded_parameters": ["hd", "domain_hint", "kc_idp_hint"],
        "upstream_params": { "access_type": { "value": "offline" } },
    }});
    api.patch(&route, change).await;
    scene.world.pass(1);
    let connection = scene.connection.as_str();
    let said = [
        ("connection_id", connection),
        ("login_hint", "ada@acme.test"),
        ("prompt", "login"),
        ("max_age", "600"),
        ("ui_locales", "de en"),
        ("hd", "acme.test"),
        ("domain_hint", "acme.example.test"),
        ("access_type", "online"),
        ("whr", "evil.test"),
        ("id_token_hint", ""),
    ];
    let mut browser = scene.world.browser();
    let url = scene.client.authorize_url(&said);
    let address = browser.open(&url).await.url.clone();
    assert!(address.as_str().starts_with(&scene.upstream.issuer));
    let heard: BTreeMap<String, String> = parameters_of(&address).into_iter().collect();
    let beyond: Vec<(&str, &str)> = heard
        .iter()
        .filter(|(name, _)| !OURS.contains(&name.as_str()))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let expected = [
        ("access_type", "offline"),
        ("domain_hint", "acme.example.test"),
        ("hd", "acme.test"),
        ("login_hint", "ada@acme.test"),
        ("max_age", "600"),
        ("prompt", "login"),
        ("ui_locales", "de en"),
    ];
    assert_eq!(beyond, expected);
    for name in OURS {
        assert!(heard.contains_key(name), "{name}");
    }
    assert_ne!(heard["state"], "a state");
    assert_ne!(heard["nonce"], "a nonce");
    assert_ne!(heard["client_id"], scene.client.id.as_str());
    assert_eq!(heard["redirect_uri"], scene.world.url("/login/callback"));
    browser.open(&scene.upstream.grants(&address)).await;
    browser.arrived();
}

/// What is typed in goes before what the application expects.
#[tokio::test]
async fn who_types_an_address_is_expected_by_it_there() {
    let scene = Scene::set(Engine::Sqlite).await;
    let api = scene.world.api().await;
    let route = format!("/connections/{}", scene.connection);
    let domains = json!({ "options": { "home_realm_domains": ["acme.test"] } });
    api.patch(&route, domains).await;
    let mut browser = scene.world.browser();
    let said = [("login_hint", "eve@example.test"), ("hd", "evil.test")];
    browser.open(&scene.client.authorize_url(&said)).await;
    let typed = [("p_email", "ada@acme.test")];
    browser.press("sign-in", &typed).await;
    let address = browser.page().attribute("#continue", "href").unwrap();
    let heard = parameters_of(&address.parse().unwrap());
    assert_eq!(heard["login_hint"], "ada@acme.test");
    assert!(!heard.contains_key("hd"));
}
