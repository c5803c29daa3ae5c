//! `/identities` and `/users/{id}/identities`.

use serde_json::{Value, json};

use crate::support::{Engine, PASSWORD, World, on_each_engine};

on_each_engine! {
    identities_are_added_made_primary_and_removed
    a_code_for_an_address_dies_with_it
    of_many_who_want_to_be_primary_one_is
}

async fn add(api: &crate::support::Api, user: &str, kind: &str, value: &str) -> String {
    let new = json!({ "type": kind, "value": value });
    let added = api
        .call("POST", &format!("/users/{user}/identities"), Some(new))
        .await;
    assert_eq!(added.status.as_u16(), 201, "{}", added.body);
    let id = added.body["identity"]["id"].as_str();
    id.expect("it has an id").to_owned()
}

/// The values of a user's identities, oldest first, those that are primary with a star.
async fn values(api: &crate::support::Api, user: &str) -> String {
    let listed = api.get(&format!("/users/{user}/identities")).await;
    let all = listed["identities"].as_array().expect("it is a list");
    let star = |one: &Value| {
        let star = if one["is_primary"] == true { "*" } else { "" };
        format!("{}{star}", one["name"].as_str().unwrap_or_default())
    };
    let mut values: Vec<String> = all.iter().map(star).collect();
    values.sort();
    values.join(" ")
}

#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn identities_are_added_made_primary_and_removed(engine: Engine) {
    let world = World::on(engine).await;
    let ada = world.user("ada@a.test", PASSWORD).await;
    let bob = world.user("bob@a.test", PASSWORD).await;
    let client = world.client().await;
    let (mut browser, _) = world.signed_in(&client, "ada@a.test").await;
    let api = world.api().await;
    let user = ada.as_str();
    world.pass(1);
    let second = add(&api, user, "email", "byron@a.test").await;
    world.pass(1);
    let third = add(&api, user, "email", "Countess@a.test").await;
    let name = add(&api, user, "username", "ada").await;
    let phone = add(&api, user, "phone", "+49 30 901820").await;
    assert_eq!(
        values(&api, user).await,
        "+4930901820* Countess@a.test ada* ada@a.test* byron@a.test"
    );

    let shown = api.get(&format!("/identities/{third}")).await;
    let expected = json!({
        "id": third, "type": "email", "is_confirmed": false, "created_on": "2026-11-22T08:00:03Z",
        "last_login_on": null, "total_logins": 0, "name": "Countess@a.test", "email": "Countess@a.test",
        "connection_id": null, "is_primary": false, "is_set_aside": false,
    });
    assert_eq!(shown, expected);
    let route = format!("/identities/{third}");
    api.patch(&route, json!({ "is_primary": true })).await;
    let shown = api.get(&format!("/user?id={user}")).await;
    assert_eq!(shown["preferred_email"], "Countess@a.test");
    for (change, code) in [
        (json!({ "is_primary": false }), "INVALID_FIELD"),
        (json!({}), "NO_FIELDS_TO_UPDATE"),
        (json!({ "is_primary": "yes" }), "INVALID_BODY"),
    ] {
        let refused = api.refusal("PATCH", &route, Some(change)).await;
        assert_eq!(refused, (400, code.to_owned()));
    }

    // The oldest other one takes its place; who is signed in stays so.
    api.delete(&route).await;
    assert_eq!(
        values(&api, user).await,
        "+4930901820* ada* ada@a.test* byron@a.test"
    );
    let first = api
        .get(&format!("/users/{user}/identities?page_size=1"))
        .await;
    assert_eq!(first["has_more"], true);
    let first = first["identities"][0]["id"].as_str().unwrap();
    api.delete(&format!("/identities/{first}")).await;
    assert_eq!(values(&api, user).await, "+4930901820* ada* byron@a.test*");
    browser.open(&client.authorize_url(&[])).await;
    client.redeem(browser.arrived()).await;

    for id in [&second, &phone] {
        api.delete(&format!("/identities/{id}")).await;
    }
    let route = format!("/identities/{name}");
    let refused = api.refusal("DELETE", &route, None).await;
    assert_eq!(refused, (400, "LAST_IDENTITY".to_owned()));
    api.delete(&format!("{route}?is_forced=true")).await;
    let refused = api.refusal("DELETE", &route, None).await;
    assert_eq!(refused, (404, "IDENTITY_NOT_FOUND".to_owned()));

    // Cursors are of one user's list, and of identities that are still there.
    let of_bob = api.get(&format!("/users/{bob}/identities")).await;
    let of_bob = of_bob["identities"][0]["id"].as_str().unwrap();
    for cursor in [of_bob, &second] {
        let route = format!("/users/{user}/identities?starting_after={cursor}");
        let refused = api.refusal("GET", &route, None).await;
        assert_eq!(refused, (400, "INVALID_FIELD".to_owned()));
    }
    let actions = world.audited(user).await;
    let count = |action: &str| actions.iter().filter(|it| *it == action).count();
    assert_eq!(
        (count("identity.created"), count("identity.removed")),
        (4, 5)
    );
    assert_eq!(count("identity.updated"), 3);
}

async fn a_code_for_an_address_dies_with_it(engine: Engine) {
    let world = World::on(engine).await;
    let ada = world.user("ada@a.test", PASSWORD).await;
    let api = world.api().await;
    add(&api, ada.as_str(), "username", "ada").await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.press("sign-in", &[("p_email", "ada@a.test")]).await;
    browser.turn_to("forgot_password").await;
    browser
        .press("send-code", &[("p_email", "ada@a.test")])
        .await;
    let code = world.code_for("ada@a.test");
    let listed = api.get(&format!("/users/{ada}/identities")).await;
    let all = listed["identities"].as_array().unwrap();
    let address = all.iter().find(|one| one["type"] == "email").unwrap();
    api.delete(&format!("/identities/{}", address["id"].as_str().unwrap()))
        .await;
    let page = browser.enter_code(&code).await;
    assert_eq!(page.status.as_u16(), 422, "{}", page.html);
}

async fn of_many_who_want_to_be_primary_one_is(engine: Engine) {
    let world = World::on(engine).await;
    let ada = world.user("ada@a.test", PASSWORD).await;
    let api = world.api().await;
    let mut rivals = Vec::new();
    for number in 0..6 {
        rivals.push(add(&api, ada.as_str(), "email", &format!("{number}@a.test")).await);
    }
    let routes: Vec<String> = rivals
        .iter()
        .map(|id| format!("/identities/{id}"))
        .collect();
    let make = |index: usize| api.patch(&routes[index], json!({ "is_primary": true }));
    let remove = |index: usize| api.delete(&routes[index]);
    tokio::join!(make(0), make(1), make(2), make(3), remove(4), remove(5));
    let stars = values(&api, ada.as_str()).await;
    assert_eq!(stars.matches('*').count(), 1, "{stars}");
    assert_eq!(stars.split(' ').count(), 5, "{stars}");
}

#[tokio::test]
async fn what_can_not_be_an_identity_is_refused() {
    let world = World::new().await;
    let ada = world.user("ada@a.test", PASSWORD).await;
    let bob = world.user("bob@a.test", PASSWORD).await;
    let api = world.api().await;
    let route = format!("/users/{ada}/identities");
    let long = "a".repeat(60_000);
    for (kind, value, code) in [
        ("email", "BOB@a.test", "IDENTITY_ALREADY_EXISTS"),
        ("email", "ada@a.test", "IDENTITY_ALREADY_EXISTS"),
        ("email", "ada", "INVALID_FIELD"),
        ("email", long.as_str(), "INVALID_FIELD"),
        ("username", "a b", "INVALID_FIELD"),
        ("username", long.as_str(), "INVALID_FIELD"),
        ("phone", "12345678", "INVALID_FIELD"),
        ("phone", "+1\u{0}2345678", "INVALID_BODY"),
        ("social", "ada@a.test", "INVALID_FIELD"),
        ("enterprise", "ada@a.test", "INVALID_FIELD"),
        ("pigeon", "ada", "INVALID_BODY"),
    ] {
        let new = json!({ "type": kind, "value": value });
        let refused = api.refusal("POST", &route, Some(new)).await;
        assert_eq!(refused, (400, code.to_owned()), "{kind} {value:.20}");
    }
    assert_eq!(values(&api, ada.as_str()).await, "ada@a.test*");
    assert_eq!(values(&api, bob.as_str()).await, "bob@a.test*");
    for number in 0..99 {
        add(&api, ada.as_str(), "email", &format!("{number}@b.test")).await;
    }
    let new = json!({ "type": "email", "value": "more@b.test" });
    let refused = api.refusal("POST", &route, Some(new)).await;
    assert_eq!(refused, (400, "TOO_MANY_IDENTITIES".to_owned()));
    let refused = api.refusal("GET", "/identities/x", None).await;
    assert_eq!(refused, (404, "IDENTITY_NOT_FOUND".to_owned()));
}
