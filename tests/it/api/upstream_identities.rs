//! `/identities` and `/users/{id}/identities` of people who sign in through an upstream.

use serde_json::{Value, json};
use vestibule::federation::settings::{OAuth2, Settings};
use vestibule::store::connections;

use crate::signin::upstream::Scene;
use crate::support::{Api, Engine, PASSWORD, on_each_engine, registration};

on_each_engine! {
    identities_at_connections_are_shown_beside_the_others
    the_last_way_in_is_not_removed_unless_that_is_insisted_upon
    an_identity_waits_for_its_address
    what_was_set_aside_is_shown_and_put_back
    who_was_active_is_found_however_they_signed_in
}

/// The identities of a user, oldest first.
async fn identities(api: &Api, user: &str) -> Vec<Value> {
    let listed = api.get(&format!("/users/{user}/identities")).await;
    let all = listed["identities"].as_array();
    all.expect("it is a list").clone()
}

/// The one of that type.
async fn identity(api: &Api, user: &str, kind: &str) -> Value {
    let all = identities(api, user).await;
    let found = all.into_iter().find(|one| one["type"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} of {user}"))
}

fn route_of(identity: &Value) -> String {
    format!("/identities/{}", identity["id"].as_str().expect("an id"))
}

async fn identities_at_connections_are_shown_beside_the_others(engine: Engine) {
    let scene = Scene::set(engine).await;
    let api = scene.world.api().await;
    scene.claims().await;
    scene.world.pass(9);
    let ada = scene.claims().await["sub"].as_str().unwrap().to_owned();
    let there = identity(&api, &ada, "oidc").await;
    let expected = json!({
        "id": there["id"], "type": "oidc", "is_confirmed": true, "created_on": "2026-11-22T08:00:02Z",
        "last_login_on": "2026-11-22T08:00:11Z", "total_logins": 2, "name": "ada@acme.test",
        "email": "ada@acme.test", "connection_id": scene.connection, "is_primary": false,
        "is_set_aside": false,
    });
    assert_eq!(there, expected);
    assert_eq!(api.get(&route_of(&there)).await, expected);
    let summary = json!([
        { "type": "email", "identity": "ada@acme.test", "connection_id": null },
        { "type": "oidc", "identity": "ada@acme.test", "connection_id": scene.connection },
    ]);
    let alone = api.get(&format!("/user?id={ada}&expand=identities")).await;
    let listed = api
        .get("/users?email=ada@acme.test&expand=identities")
        .await;
    let found = api.get("/search/users?query=byron&expand=identities").await;
    for shown in [&alone, &listed["users"][0], &found["results"][0]] {
        assert_eq!(shown["identities"], summary);
        assert_eq!(shown["total_sign_ins"], 2);
        assert_eq!(shown["last_signed_in"], "2026-11-22T08:00:11Z");
    }
    // Pages hold both kinds, in one order.
    let first = api
        .get(&format!("/users/{ada}/identities?page_size=1"))
        .await;
    assert_eq!(first["has_more"], true);
    let cursor = first["identities"][0]["id"].as_str().unwrap();
    let second = api
        .get(&format!(
            "/users/{ada}/identities?page_size=1&starting_after={cursor}"
        ))
        .await;
    assert_eq!(second["has_more"], false);
    assert_ne!(second["identities"][0]["id"], first["identities"][0]["id"]);
}

async fn the_last_way_in_is_not_removed_unless_that_is_insisted_upon(engine: Engine) {
    let scene = Scene::set(engine).await;
    let api = scene.world.api().await;
    let ada = scene.claims().await["sub"].as_str().unwrap().to_owned();
    let email = identity(&api, &ada, "email").await;
    let there = identity(&api, &ada, "oidc").await;
    for is_primary in [true, false] {
        let change = json!({ "is_primary": is_primary });
        let refused = api.refusal("PATCH", &route_of(&there), Some(change)).await;
        assert_eq!(refused, (400, "UPSTREAM_IDENTITY".to_owned()));
    }
    // Both kinds count as ways in.
    api.delete(&route_of(&email)).await;
    let refused = api.refusal("DELETE", &route_of(&there), None).await;
    assert_eq!(refused, (400, "LAST_IDENTITY".to_owned()));
    api.delete(&format!("{}?is_forced=true", route_of(&there)))
        .await;
    let refused = api.refusal("GET", &route_of(&there), None).await;
    assert_eq!(refused, (404, "IDENTITY_NOT_FOUND".to_owned()));
    assert!(identities(&api, &ada).await.is_empty());
    // Whoever comes from there is somebody else now.
    assert_ne!(scene.claims().await["sub"], ada.as_str());
    let actions = scene.world.audited(&ada).await;
    let count = |action: &str| actions.iter().filter(|it| *it == action).count();
    assert_eq!(count("identity.removed"), 2);
}

async fn an_identity_waits_for_its_address(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (world, api) = (&scene.world, scene.world.api().await);
    let bob = world.user("bob@example.test", PASSWORD).await.to_string();
    let eve = world.user("eve@example.test", PASSWORD).await.to_string();
    let mut tx = world.write().await;
    let domain = connections::insert_domain(&mut tx, &scene.connection, "acme.test").await;
    domain.unwrap();
    tx.commit().await.unwrap();
    let new = |kind: &str, value: &str| json!({ "type": kind, "value": value, "connection_id": scene.connection });
    let route = format!("/users/{bob}/identities");
    let waiting = new("enterprise", "Bob@Acme.test");
    let added = api.post(&route, waiting.clone()).await;
    for user in [&bob, &eve] {
        let route = format!("/users/{user}/identities");
        let refused = api.refusal("POST", &route, Some(waiting.clone())).await;
        assert_eq!(refused, (400, "IDENTITY_ALREADY_EXISTS".to_owned()));
    }
    let shown = identity(&api, &bob, "oidc").await;
    assert_eq!(shown["id"], added["identity"]["id"]);
    assert_eq!(shown["name"], "bob@acme.test");
    assert_eq!(shown["is_confirmed"], false);

    let states = |subject: &str| {
        scene
            .upstream
            .states(json!({ "sub": subject, "email": "bob@acme.test", "email_verified": true }));
    };
    states("bob-there");
    assert_eq!(scene.claims().await["sub"], bob.as_str());
    let shown = identity(&api, &bob, "oidc").await;
    assert_eq!(shown["is_confirmed"], true);
    assert_eq!(shown["total_logins"], 1);
    // The other ways in are set aside: without this one, nobody could sign in.
    let refused = api.refusal("DELETE", &route_of(&shown), None).await;
    assert_eq!(refused, (400, "LAST_IDENTITY".to_owned()));
    // Another who is called so at the upstream is not whom it waited for.
    api.delete(&format!("{}?is_forced=true", route_of(&shown)))
        .await;
    api.post(&route, waiting).await;
    states("bob-there");
    assert_eq!(scene.claims().await["sub"], bob.as_str());
    let of_eve = new("social", "eve@acme.test");
    api.post(&format!("/users/{eve}/identities"), of_eve).await;
    scene
        .upstream
        .states(json!({ "sub": "eve-there", "email": "eve@acme.test", "email_verified": false }));
    assert_ne!(scene.claims().await["sub"], eve.as_str());
    assert_eq!(identity(&api, &eve, "oidc").await["is_confirmed"], false);
}

async fn what_was_set_aside_is_shown_and_put_back(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (world, api) = (&scene.world, scene.world.api().await);
    let ada = world.user("ada@acme.test", PASSWORD).await.to_string();
    let mut tx = world.write().await;
    let domain = connections::insert_domain(&mut tx, &scene.connection, "acme.test").await;
    domain.unwrap();
    tx.commit().await.unwrap();
    let address = identity(&api, &ada, "email").await;
    assert_eq!(address["is_set_aside"], false);
    // Nothing happens to one that is none.
    let route = format!("{}/restore", route_of(&address));
    api.post(&route, json!({})).await;
    let audited = world.audited(&ada).await;
    assert!(!audited.contains(&"identity.updated".to_owned()));

    // Her business takes over: her password leads nowhere any more.
    assert_eq!(scene.claims().await["sub"], ada.as_str());
    assert_eq!(identity(&api, &ada, "email").await["is_set_aside"], true);
    let there = identity(&api, &ada, "oidc").await;
    assert_eq!(there["is_set_aside"], false);
    let refused = api.refusal("DELETE", &route_of(&there), None).await;
    assert_eq!(refused, (400, "LAST_IDENTITY".to_owned()));

    api.post(&route, json!({})).await;
    api.post(&route, json!({})).await;
    assert_eq!(identity(&api, &ada, "email").await["is_set_aside"], false);
    let audited = world.audited(&ada).await;
    let updates = audited
        .iter()
        .filter(|action| *action == "identity.updated");
    assert_eq!(updates.count(), 1, "{audited:?}");
    // It stays so when she comes from there again, who may do without it now.
    assert_eq!(scene.claims().await["sub"], ada.as_str());
    assert_eq!(identity(&api, &ada, "email").await["is_set_aside"], false);
    api.delete(&route_of(&there)).await;
    api.post(&format!("{}/restore", route_of(&address)), json!({}))
        .await;
    for (method, route) in [
        ("POST", format!("{}/restore", route_of(&there))),
        ("POST", "/identities/nonsense/restore".to_owned()),
    ] {
        let refused = api.refusal(method, &route, Some(json!({}))).await;
        assert_eq!(refused, (404, "IDENTITY_NOT_FOUND".to_owned()), "{route}");
    }
}

async fn who_was_active_is_found_however_they_signed_in(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (world, api) = (&scene.world, scene.world.api().await);
    let bob = world.user("bob@example.test", PASSWORD).await.to_string();
    // Ada has a password too: she is listed once, by her last sign-in of any kind.
    let ada = world.user("ada@acme.test", PASSWORD).await.to_string();
    let by_password = async |email: &str| {
        world.pass(10);
        world.signed_in(&scene.client, email).await;
    };
    let active = async || {
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let page = api
                .get(&format!(
                    "/users?active_since=2026-11-22T08:00:00Z&page_size=1&next_token={token}"
                ))
                .await;
            let users = page["users"].as_array().unwrap();
            seen.extend(
                users
                    .iter()
                    .map(|user| user["id"].as_str().unwrap().to_owned()),
            );
            match page["next_token"].as_str() {
                Some(next) => next.clone_into(&mut token),
                None => return seen,
            }
        }
    };
    by_password("ada@acme.test").await;
    by_password("bob@example.test").await;
    assert_eq!(active().await, [ada.as_str(), &bob]);
    world.pass(10);
    scene.claims().await;
    assert_eq!(active().await, [bob.as_str(), &ada]);
    by_password("bob@example.test").await;
    assert_eq!(active().await, [ada.as_str(), &bob]);
    by_password("ada@acme.test").await;
    assert_eq!(active().await, [bob.as_str(), &ada]);
    let since = "/users?active_since=2026-11-22T08:00:45Z";
    let named = api
        .get(&format!("{since}&email=ada@acme.test,bob@example.test"))
        .await;
    assert_eq!(named["users"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_can_not_be_waited_for_is_refused() {
    let scene = Scene::set(Engine::Sqlite).await;
    let (world, api) = (&scene.world, scene.world.api().await);
    let bob = world.user("bob@example.test", PASSWORD).await.to_string();
    let mut tx = world.write().await;
    let domain = connections::insert_domain(&mut tx, &scene.connection, "acme.test").await;
    domain.unwrap();
    tx.commit().await.unwrap();
    let new = |kind: &str, value: &str, connection: Value| json!({ "type": kind, "value": value, "connection_id": connection });
    let (connection, unknown) = (
        json!(scene.connection),
        json!("conn_0123456789abcdef0123456789abcdef"),
    );
    let route = format!("/users/{bob}/identities");
    for (new, code) in [
        (new("social", "bob@acme.test", Value::Null), "INVALID_FIELD"),
        (
            new("social", "bob@acme.test", unknown),
            "CONNECTION_NOT_FOUND",
        ),
        (
            new("social", "bob@acme.test", json!("acme")),
            "CONNECTION_NOT_FOUND",
        ),
        (
            new("enterprise", "bob", connection.clone()),
            "INVALID_FIELD",
        ),
        // Nobody with that address is led there.
        (
            new("enterprise", "bob@example.test", connection.clone()),
            "INVALID_FIELD",
        ),
    ] {
        let refused = api.refusal("POST", &route, Some(new.clone())).await;
        assert_eq!(refused, (400, code.to_owned()), "{new}");
    }
    assert_eq!(identities(&api, &bob).await.len(), 1);
}

#[tokio::test]
async fn an_identity_at_a_known_provider_is_called_by_it() {
    let scene = Scene::set(Engine::Sqlite).await;
    let (world, api) = (&scene.world, scene.world.api().await);
    let settings = Settings::OAuth2(OAuth2 {
        client: registration(),
        authorization_endpoint: "https://github.com/login/oauth/authorize".to_owned(),
        ..OAuth2::default()
    });
    let github = world
        .connection_to(settings, &scene.client, |_| {})
        .await
        .to_string();
    let ada = world.user("ada@acme.test", PASSWORD).await.to_string();
    let new = json!({ "type": "social", "value": "ada@acme.test", "connection_id": github });
    api.post(&format!("/users/{ada}/identities"), new).await;
    let there = identity(&api, &ada, "oauth2:github").await;
    assert_eq!(there["connection_id"], github);
    let user = api.get(&format!("/user?id={ada}&expand=identities")).await;
    assert_eq!(user["identities"][1]["type"], "oauth2:github");
}
