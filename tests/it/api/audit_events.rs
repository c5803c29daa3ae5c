//! `/audit_events`: what happened, to whom, by whom.

use serde_json::{Value, json};

use crate::support::{Api, Engine, PASSWORD, World, on_each_engine};

on_each_engine! { the_log_is_read_youngest_first_and_each_event_once events_are_found_by_who_what_whom_and_when }

/// The actions that a route lists, in its order, page by page.
async fn actions(api: &Api, query: &str) -> Vec<String> {
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let route = format!("/audit_events?{query}&page_size=2&next_token={token}");
        let page = api.get(&route).await;
        let events = page["audit_events"].as_array().expect("it is a list");
        let action = |event: &Value| event["action"].as_str().map(str::to_owned);
        seen.extend(events.iter().filter_map(action));
        match page["next_token"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => return seen,
        }
    }
}

/// Defines a permission, changes its name twice, and removes it. Returns its id.
async fn life_of_a_permission(api: &Api, key: &str) -> String {
    let new = json!({ "name": "First", "key": key });
    let created = api.post("/permissions", new).await;
    let id = created["permission"]["id"].as_str().expect("it has an id");
    let route = format!("/permissions/{id}");
    for name in ["Second", "Third"] {
        api.patch(&route, json!({ "name": name })).await;
    }
    api.delete(&route).await;
    id.to_owned()
}

async fn the_log_is_read_youngest_first_and_each_event_once(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    // All in one second: their order is that in which they were recorded.
    let id = life_of_a_permission(&api, "read:reports").await;
    world.pass(10);
    life_of_a_permission(&api, "other").await;
    let page = api
        .get(&format!("/audit_events?subject={id}&page_size=500"))
        .await;
    let events = page["audit_events"].as_array().expect("it is a list");
    let told: Vec<_> = events
        .iter()
        .map(|event| (&event["action"], &event["details"]["after"]["name"]))
        .collect();
    let null = Value::Null;
    assert_eq!(
        told,
        [
            (&json!("permission.removed"), &null),
            (&json!("permission.updated"), &json!("Third")),
            (&json!("permission.updated"), &json!("Second")),
            (&json!("permission.created"), &json!("First")),
        ]
    );
    let mut first = events[2].clone();
    first["id"] = Value::Null;
    let expected = json!({
        "id": null,
        "occurred_on": "2026-11-22T08:00:01Z",
        "actor": api.client.id,
        "actor_type": "client",
        "action": "permission.updated",
        "subject": id,
        "details": { "before": { "name": "First" }, "after": { "name": "Second" } },
    });
    assert_eq!(first, expected);
    assert_eq!(page["next_token"], Value::Null);

    let all = api.get("/audit_events?page_size=500").await;
    let ids = |page: &Value| {
        let events = page["audit_events"].as_array().expect("it is a list");
        let ids = events.iter().map(|event| event["id"].to_string());
        ids.collect::<Vec<_>>()
    };
    let (mut paged, mut token) = (Vec::new(), String::new());
    loop {
        let route = format!("/audit_events?page_size=3&next_token={token}");
        let page = api.get(&route).await;
        paged.extend(ids(&page));
        // What happens meanwhile comes before what was read, and moves nothing.
        life_of_a_permission(&api, "meanwhile").await;
        match page["next_token"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => break,
        }
    }
    assert_eq!(paged, ids(&all));
}

async fn events_are_found_by_who_what_whom_and_when(engine: Engine) {
    let world = World::on(engine).await;
    let (api, other) = (world.api().await, world.api().await);
    let id = life_of_a_permission(&api, "a").await;
    world.pass(10);
    life_of_a_permission(&other, "b").await;
    let user = world.user("ada@example.test", PASSWORD).await;
    let (first, second) = (api.client.id.as_str(), other.client.id.as_str());
    for (query, expected) in [
        (format!("subject={id}"), 4),
        (format!("actor={first}"), 4),
        (format!("actor={second}"), 4),
        (format!("actor={second}&subject={id}"), 0),
        (format!("actor={first}&action=permission.updated"), 2),
        ("action=permission.updated".to_owned(), 4),
        ("action=permission.".to_owned(), 8),
        ("action=permission".to_owned(), 0),
        ("action=PERMISSION.".to_owned(), 0),
        ("action=%25.".to_owned(), 0),
        (format!("action=user.&subject={user}"), 1),
        (
            "action=permission.&occurred_from=2026-11-22T08:00:10Z".to_owned(),
            4,
        ),
        (
            "action=permission.&occurred_from=2026-11-22T09:00:00%2B01:00".to_owned(),
            8,
        ),
        (
            "action=permission.&occurred_to=2026-11-22T08:00:10Z".to_owned(),
            4,
        ),
        (
            "action=permission.&occurred_to=2026-11-22T08:00:00Z".to_owned(),
            0,
        ),
    ] {
        assert_eq!(actions(&api, &query).await.len(), expected, "{query}");
    }
    let page = api.get(&format!("/audit_events?subject={user}")).await;
    assert_eq!(page["audit_events"][0]["actor_type"], "operator");
}

#[tokio::test]
async fn what_can_not_be_asked_of_the_log_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    // The cursor of another list.
    let foreign = "WyJuYW1lIiwiaWQiXQ";
    for query in [
        "occurred_from=yesterday",
        "occurred_to=2026-11-22",
        "occurred_to=2026-11-22T09:00:00+01:00",
        "sort=occurred_on_asc",
        "next_token=x",
        &format!("next_token={foreign}"),
    ] {
        let route = format!("/audit_events?{query}");
        let refused = api.refusal("GET", &route, None).await;
        assert_eq!(refused, (400, "INVALID_FIELD".to_owned()), "{query}");
    }
}
