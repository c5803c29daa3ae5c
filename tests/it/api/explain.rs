//! `/users/{id}/explain`: what tokens would say of a user, and why.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vestibule::protocol::client::ApplicationKind;

use crate::support::{Engine, PASSWORD, World, jwt_claims, on_each_engine};

on_each_engine! {
    the_claims_are_those_of_real_tokens
    what_is_missing_is_told_with_its_reasons
    who_would_join_and_who_is_not_admitted_is_told
}

const EMAIL: &str = "ada@example.test";

/// The names of the claims, and the values of all that a real token would have alike.
fn alike(claims: &Value, hypothetical: &Value) -> (BTreeSet<String>, Value) {
    let mut claims = claims.as_object().expect("it is an object").clone();
    claims.remove("at_hash");
    claims.remove("nonce");
    let names = claims.keys().cloned().collect();
    for name in hypothetical.as_array().expect("it is a list") {
        claims.remove(name.as_str().expect("it is a name"));
    }
    (names, Value::from(claims))
}

async fn the_claims_are_those_of_real_tokens(engine: Engine) {
    let world = World::on(engine).await;
    let (api, client) = (world.api().await, world.client().await);
    let user = world.user(EMAIL, PASSWORD).await;
    let organization = world.default_organization().await;
    let read = world.permission("read:reports").await;
    let analyst = world.role("analyst", &[&read]).await;
    world
        .assign_role((&organization, &user), &analyst, Some(3600))
        .await;
    let (_, tokens) = world.signed_in(&client, EMAIL).await;

    let route = format!(
        "/users/{user}/explain?org_code={organization}&client_id={}",
        client.id
    );
    let explained = api.get(&route).await;
    let shown = &explained["tokens"];
    let id_token = tokens.id_token.as_deref().expect("it was asked for");
    for (real, shown_claims) in [
        (jwt_claims(&tokens.access_token), &shown["access_token"]),
        (jwt_claims(id_token), &shown["id_token"]),
    ] {
        let hypothetical = &shown["hypothetical_claims"];
        let (names_there, mut minted) = alike(&real, hypothetical);
        let (names, mut told) = alike(shown_claims, hypothetical);
        assert_eq!(names, names_there);
        // The sign-in of the test asks for fewer scopes than the application may have.
        minted["scp"].take();
        told["scp"].take();
        assert_eq!(told, minted);
    }
    assert_eq!(explained["obstacles"], json!([]));
    let chain = json!({
        "via": "role", "role": "analyst", "source": "person", "expires_on": "2026-11-22T09:00:01Z", "counts": true,
    });
    let permissions = json!([{ "permission": "read:reports", "granted": true, "chains": [chain] }]);
    assert_eq!(explained["permissions"], permissions);
    assert_eq!(explained["roles"][0]["key"], "analyst");
    assert_eq!(explained["roles"][0]["counts"], true);

    // Nothing is kept of it.
    let nowhere = api
        .get(&format!("/users/{user}/explain?client_id={}", client.id))
        .await;
    assert_eq!(nowhere["org_code"], Value::Null);
    assert_eq!(nowhere["tokens"]["access_token"]["org_code"], Value::Null);
    assert_eq!(nowhere["permissions"], json!([]));
}

#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn what_is_missing_is_told_with_its_reasons(engine: Engine) {
    let world = World::on(engine).await;
    let (api, client) = (world.api().await, world.client().await);
    let user = world.user(EMAIL, PASSWORD).await;
    let organization = world.default_organization().await;
    let other = world.organization("Other").await;
    let (read, pay) = (
        world.permission("read:reports").await,
        world.permission("pay").await,
    );
    let analyst = world.role("analyst", &[&read]).await;
    world.role("payer", &[&pay]).await;
    world
        .assign_role((&organization, &user), &analyst, Some(10))
        .await;
    let explain = async |code: &str| {
        let expect = "expect=read:reports,pay,%20nothing,pay";
        let client = &client.id;
        let route = format!("/users/{user}/explain?org_code={code}&client_id={client}&{expect}");
        api.get(&route).await
    };
    let reasons = |explained: &Value| {
        let missing = explained["missing"].as_array().expect("it is a list");
        let told = missing
            .iter()
            .map(|one| json!([one["permission"], one["reasons"], one["roles"]]));
        told.collect::<Value>()
    };
    let here = explain(organization.as_str()).await;
    assert_eq!(
        reasons(&here),
        json!([
            ["pay", ["not_assigned"], ["payer"]],
            ["nothing", ["no_such_permission"], []]
        ])
    );
    let there = explain(other.as_str()).await;
    assert_eq!(there["obstacles"], json!(["not_a_member"]));
    assert_eq!(there["tokens"], Value::Null);
    assert_eq!(
        reasons(&there)[0],
        json!(["read:reports", ["not_a_member"], ["analyst"]])
    );
    let nowhere = explain("").await;
    assert_eq!(
        reasons(&nowhere)[0],
        json!(["read:reports", ["no_organization"], ["analyst"]])
    );

    world.pass(10);
    let later = explain(organization.as_str()).await;
    assert_eq!(
        reasons(&later)[0],
        json!(["read:reports", ["expired"], ["analyst"]])
    );
    assert_eq!(later["roles"][0]["counts"], false);

    world.suspend(&user).await;
    let suspended = explain(organization.as_str()).await;
    assert_eq!(suspended["obstacles"], json!(["user_suspended"]));
    assert_eq!(suspended["tokens"], Value::Null);
    assert_eq!(
        reasons(&suspended)[0],
        json!(["read:reports", ["user_suspended", "expired"], ["analyst"]])
    );
}

async fn who_would_join_and_who_is_not_admitted_is_told(engine: Engine) {
    let world = World::on(engine).await;
    let (api, client) = (world.api().await, world.client().await);
    let user = world.user(EMAIL, PASSWORD).await;
    let open = world
        .organization_with("Open", |organization| {
            organization.is_auto_membership = true;
        })
        .await;
    let read = world.permission("read:reports").await;
    let analyst = world.role("analyst", &[&read]).await;
    let explain = async || {
        let client = &client.id;
        let route = format!("/users/{user}/explain?org_code={open}&client_id={client}");
        let explained = api.get(&format!("{route}&expect=read:reports")).await;
        let has_tokens = explained["tokens"].is_object();
        let reasons = explained["missing"][0]["reasons"].clone();
        (explained["obstacles"].clone(), has_tokens, reasons)
    };
    let welcome = json!(["joins_at_sign_in"]);
    assert_eq!(explain().await, (welcome.clone(), false, welcome));

    let url = client.authorize_url(&[("org_code", open.as_str())]);
    let mut browser = world.browser();
    browser.open(&url).await;
    browser.sign_in(EMAIL, PASSWORD).await;
    client.redeem(browser.arrived()).await;
    let unassigned = json!(["not_assigned"]);
    assert_eq!(explain().await, (json!([]), true, unassigned));

    let route = format!("/applications/{}", client.id);
    let closed = json!({ "is_access_control_enabled": true });
    api.post(&format!("{route}/access_roles/{analyst}"), json!({}))
        .await;
    api.patch(&route, closed).await;
    let closed = json!(["not_admitted"]);
    let unassigned = json!(["not_admitted", "not_assigned"]);
    assert_eq!(explain().await, (closed, false, unassigned));
    world.assign_role((&open, &user), &analyst, None).await;
    assert_eq!(explain().await, (json!([]), true, Value::Null));
}

#[tokio::test]
async fn permissions_that_are_too_long_for_the_token_are_told_so() {
    let world = World::new().await;
    let api = world.api().await;
    let client = world
        .register(ApplicationKind::Spa, &[], &[], |client| {
            client.claim_switches.0.longest_permissions = 10;
        })
        .await;
    let user = world.user(EMAIL, PASSWORD).await;
    let organization = world.default_organization().await;
    let read = world.permission("read:reports").await;
    world.assign_permission((&organization, &user), &read).await;
    let route = format!(
        "/users/{user}/explain?org_code={organization}&client_id={}&expect=read:reports",
        client.id
    );
    let explained = api.get(&route).await;
    assert_eq!(
        explained["tokens"]["access_token"]["permissions_omitted"],
        true
    );
    assert_eq!(
        explained["missing"][0]["reasons"],
        json!(["omitted_from_token"])
    );
    assert_eq!(explained["permissions"][0]["granted"], true);
}

#[tokio::test]
async fn what_can_not_be_explained_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    let user = world.user(EMAIL, PASSWORD).await;
    let machine = &api.client.id;
    let many: Vec<String> = (0..101).map(|number| format!("key:{number}")).collect();
    for (route, expected) in [
        (
            "kp_00000000000000000000000000000000/explain".to_owned(),
            (404, "USER_NOT_FOUND"),
        ),
        ("ada/explain".to_owned(), (404, "USER_NOT_FOUND")),
        (
            format!("{user}/explain?org_code=org_00000000000"),
            (404, "ORGANIZATION_NOT_FOUND"),
        ),
        (
            format!("{user}/explain?org_code=x"),
            (404, "ORGANIZATION_NOT_FOUND"),
        ),
        (
            format!("{user}/explain?client_id=x"),
            (404, "APPLICATION_NOT_FOUND"),
        ),
        (
            format!("{user}/explain?client_id={machine}"),
            (400, "APPLICATION_TYPE_NOT_SUPPORTED"),
        ),
        (
            format!("{user}/explain?expect={}", many.join(",")),
            (400, "TOO_MANY_PARAMETERS"),
        ),
    ] {
        let refused = api.refusal("GET", &format!("/users/{route}"), None).await;
        assert_eq!(refused, (expected.0, expected.1.to_owned()), "{route}");
    }
}
