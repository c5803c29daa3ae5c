//! `/users/{id}/sync_records` and `/connections/{id}/sign_ins`: what came of sign-ins through upstreams.

use serde_json::{Value, json};
use vestibule::store::connections;

use crate::signin::upstream::Scene;
use crate::support::{Api, Engine, Fault, PASSWORD, on_each_engine};

on_each_engine! {
    what_a_sign_in_changed_is_told_with_its_reasons
    what_an_upstream_answered_is_told_without_tokens
    a_session_tells_the_connection_it_came_through
}

/// The entries of a list, page by page, in its order.
async fn entries(api: &Api, route: &str, name: &str) -> Vec<Value> {
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = api
            .get(&format!("{route}?page_size=1&next_token={token}"))
            .await;
        seen.extend(page[name].as_array().expect("it is a list").clone());
        match page["next_token"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => return seen,
        }
    }
}

async fn what_a_sign_in_changed_is_told_with_its_reasons(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (world, api) = (&scene.world, scene.world.api().await);
    world.user("bob@acme.test", PASSWORD).await;
    let ada = scene.claims().await["sub"].as_str().unwrap().to_owned();
    world.pass(10);
    // What changes nothing leaves no record.
    scene.claims().await;
    world.pass(10);
    scene.upstream.states(json!({
        "sub": "ada-there", "email": "bob@acme.test", "email_verified": true, "given_name": "Augusta",
        "family_name": "", "picture": "no address",
    }));
    scene.claims().await;
    let route = format!("/users/{ada}/sync_records");
    let records = entries(&api, &route, "sync_records").await;
    assert_eq!(records.len(), 2, "{records:#?}");
    let identities = api.get(&format!("/users/{ada}/identities")).await;
    let identities = identities["identities"].as_array().unwrap();
    let there = identities.iter().find(|one| one["type"] == "oidc").unwrap();
    let kept = |attribute: &str, why: &str, is_conflict: bool| json!({ "attribute": attribute, "why": why, "is_conflict": is_conflict });
    let expected = json!({
        "id": records[0]["id"], "occurred_on": "2026-11-22T08:00:22Z", "connection_id": scene.connection,
        "identity_id": there["id"], "rule": "known", "user_id": ada, "needs_attention": true,
        "changes": [{
            "attribute": "given_name", "before": "Ada", "after": "Augusta", "claim": "given_name",
            "is_verified": null,
        }],
        "kept": [
            kept("email", "taken", true),
            kept("family_name", "empty", false),
            kept("picture", "malformed", true),
            kept("zoneinfo", "absent", false),
            kept("locale", "absent", false),
        ],
        "joined_org_code": null, "roles_granted": [], "roles_withdrawn": [], "roles_held": [],
    });
    assert_eq!(records[0], expected);
    assert_eq!(records[1]["rule"], "new");
    let email = &records[1]["changes"][0];
    assert_eq!(email["before"], Value::Null);
    assert_eq!(email["after"], "ada@acme.test");
    assert_eq!(email["is_verified"], true);

    let unknown = "/users/kp_0123456789abcdef0123456789abcdef/sync_records";
    let refused = api.refusal("GET", unknown, None).await;
    assert_eq!(refused, (404, "USER_NOT_FOUND".to_owned()));
    for query in ["next_token=x", "sort=name_asc", "page_size=0"] {
        let refused = api.refusal("GET", &format!("{route}?{query}"), None).await;
        assert_eq!(refused, (400, "INVALID_FIELD".to_owned()), "{query}");
    }
}

async fn what_an_upstream_answered_is_told_without_tokens(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (world, api) = (&scene.world, scene.world.api().await);
    scene
        .upstream
        .profile(json!({ "refresh_token": "refresh-token-there" }));
    let ada = scene.claims().await["sub"].as_str().unwrap().to_owned();
    world.pass(10);
    scene.upstream.does_wrong(Fault::KeyOfAnother);
    let browser = scene.sign_in().await;
    let said = browser.page().text(".alert");
    world.pass(10);
    scene.upstream.does_wrong(Fault::None);
    world.allow_sign_up(false).await;
    scene
        .upstream
        .states(json!({ "sub": "eve-there", "groups": ["staff"] }));
    scene.sign_in().await;

    let route = format!("/connections/{}/sign_ins", scene.connection);
    let answers = entries(&api, &route, "sign_ins").await;
    let outcomes: Vec<_> = answers.iter().map(|one| one["outcome"].clone()).collect();
    assert_eq!(outcomes, ["no_account", "id_token", "signed_in"]);
    let [stranger, forged, good] = &answers[..] else {
        unreachable!()
    };
    assert_eq!(good["user_id"], ada.as_str());
    assert_eq!(good["failed_check"], Value::Null);
    assert_eq!(good["reason"], Value::Null);
    assert_eq!(good["assertion"]["subject"], "ada-there");
    assert_eq!(good["assertion"]["issuer"], scene.upstream.issuer);
    assert_eq!(good["assertion"]["email_proof"], "stated");
    assert_eq!(good["assertion"]["groups"], Value::Null);
    let claims = &good["assertion"]["claims"];
    assert_eq!(claims["given_name"], "Ada");
    for claim in ["nonce", "at_hash", "refresh_token"] {
        assert_eq!(claims[claim], "[redacted]", "{claim}: {claims}");
    }
    // The reference that people see names the entry, and there is nothing in it but what was wrong.
    assert!(said.contains(forged["id"].as_str().unwrap()), "{said}");
    assert_eq!(forged["failed_check"], "id_token");
    assert!(forged["reason"].is_string());
    assert_eq!(forged["assertion"], Value::Null);
    assert_eq!(forged["user_id"], Value::Null);
    assert_eq!(stranger["failed_check"], "no_account");
    assert_eq!(stranger["user_id"], Value::Null);
    assert_eq!(stranger["assertion"]["subject"], "eve-there");
    assert_eq!(stranger["assertion"]["groups"], json!(["staff"]));
    assert!(!json!(answers).to_string().contains("token-there"));

    for unknown in ["x", "conn_0123456789abcdef0123456789abcdef"] {
        let route = format!("/connections/{unknown}/sign_ins");
        let refused = api.refusal("GET", &route, None).await;
        assert_eq!(refused, (404, "CONNECTION_NOT_FOUND".to_owned()));
    }
    let refused = api
        .refusal("GET", &format!("{route}?next_token=x"), None)
        .await;
    assert_eq!(refused, (400, "INVALID_FIELD".to_owned()));
}

async fn a_session_tells_the_connection_it_came_through(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (world, api) = (&scene.world, scene.world.api().await);
    let ada = world.user("ada@acme.test", PASSWORD).await;
    let route = format!("/users/{ada}/sessions");
    let through = async || {
        let sessions = api.get(&route).await;
        let sessions = sessions["sessions"].as_array().unwrap().clone();
        let told = sessions
            .into_iter()
            .map(|mut one| one["connection_id"].take());
        told.collect::<Vec<_>>()
    };
    let (mut browser, _) = world.signed_in(&scene.client, "ada@acme.test").await;
    assert_eq!(through().await, [Value::Null]);
    // The same browser, once more: it stays one session, and tells how they last signed in.
    let again = scene.client.authorize_url(&[("prompt", "login")]);
    browser.open(&again).await;
    browser.submit("button[name=connection_id]", &[]).await;
    let address = browser.page().attribute("#continue", "href").unwrap();
    let answer = scene.upstream.grants(&address.parse().unwrap());
    browser.open(&answer).await;
    browser.arrived();
    assert_eq!(through().await, [json!(scene.connection)]);
    browser.open(&again).await;
    browser.sign_in("ada@acme.test", PASSWORD).await;
    browser.arrived();
    assert_eq!(through().await, [Value::Null]);
    scene.claims().await;
    assert!(through().await.contains(&json!(scene.connection)));
    let mut tx = world.write().await;
    connections::remove(&mut tx, &scene.connection)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(through().await, [Value::Null, Value::Null]);
}
