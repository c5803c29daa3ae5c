//! How people proved to an upstream who they are, as our tokens tell it.

use serde_json::{Value, json};

use super::upstream::Scene;
use crate::support::{Engine, START, on_each_engine};

on_each_engine! {
    tokens_repeat_what_a_trusted_upstream_says_of_the_proof
    the_time_of_the_proof_is_what_max_age_counts_from
}

/// What the upstream says of a proof at that time.
fn proven_at(seconds_ago: i64) -> Value {
    json!({
        "sub": "ada-there", "email": "ada@acme.test", "email_verified": true, "acr": "phr",
        "amr": ["pwd", "mfa", "two words"], "auth_time": START.as_i64() - seconds_ago,
    })
}

async fn tokens_repeat_what_a_trusted_upstream_says_of_the_proof(engine: Engine) {
    let scene = Scene::set(engine).await;
    let api = scene.world.api().await;
    scene.upstream.states(proven_at(3600));
    let claims = scene.claims().await;
    assert_eq!(claims["auth_time"], START.as_i64() - 3600);
    assert_eq!(
        (&claims["acr"], &claims["amr"]),
        (&json!("aal1"), &json!(["fed"]))
    );
    let route = format!("/connections/{}", scene.connection);
    let read = api.get(&route).await;
    assert_eq!(
        read["connection"]["options"]["is_authentication_trusted"],
        false
    );
    let trusted = json!({ "options": { "is_authentication_trusted": true } });
    api.patch(&route, trusted).await;
    let claims = scene.claims().await;
    assert_eq!(
        (&claims["acr"], &claims["amr"]),
        (&json!("phr"), &json!(["fed", "pwd", "mfa"]))
    );
    // A client that asks for another context is told ours.
    let wanted = json!({ "id_token": { "acr": { "value": "aal1", "essential": true } } });
    let mut browser = scene.world.browser();
    let url = scene
        .client
        .authorize_url(&[("claims", &wanted.to_string())]);
    browser.open(&url).await;
    browser.submit("button[name=connection_id]", &[]).await;
    let address = browser.page().attribute("#continue", "href").unwrap();
    let answer = scene.upstream.grants(&address.parse().unwrap());
    browser.open(&answer).await;
    let claims = scene.client.redeem(browser.arrived()).await.id_claims();
    assert_eq!(claims["acr"], "aal1");
    // Nobody proves anything in the future.
    scene.upstream.states(proven_at(-30));
    let claims = scene.claims().await;
    assert_eq!(claims["auth_time"], scene.world.now().as_i64());
}

async fn the_time_of_the_proof_is_what_max_age_counts_from(engine: Engine) {
    let scene = Scene::set(engine).await;
    scene.upstream.states(proven_at(3600));
    let mut browser = scene.sign_in().await;
    browser.arrived();
    // The session is as young as can be, and the proof is not.
    browser
        .open(&scene.client.authorize_url(&[("max_age", "7200")]))
        .await;
    browser.arrived();
    browser
        .open(&scene.client.authorize_url(&[("max_age", "60")]))
        .await;
    assert!(browser.try_arrived().is_none());
    browser.submit("button[name=connection_id]", &[]).await;
    let address = browser.page().attribute("#continue", "href").unwrap();
    assert!(address.contains("max_age=60"), "{address}");
    let answer = scene.upstream.grants(&address.parse().unwrap());
    // It does not do what it was asked for.
    browser.open(&answer).await;
    assert!(browser.try_arrived().is_none());
    assert!(!browser.page().text(".alert").is_empty());
    browser.submit("button[name=connection_id]", &[]).await;
    let address = browser.page().attribute("#continue", "href").unwrap();
    scene.upstream.states(proven_at(0));
    let answer = scene.upstream.grants(&address.parse().unwrap());
    browser.open(&answer).await;
    let claims = scene.client.redeem(browser.arrived()).await.id_claims();
    assert_eq!(claims["auth_time"], START.as_i64());
}
