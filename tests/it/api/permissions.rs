//! `/permissions`.

use serde_json::{Value, json};
use vestibule::store::audit_events;

use crate::support::{Engine, World, on_each_engine};

on_each_engine! { a_permission_is_defined_renamed_and_removed pages_hold_each_permission_once }

async fn a_permission_is_defined_renamed_and_removed(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let new =
        json!({ "name": "Read reports", "key": "read:reports", "description": "All of them" });
    let created = api.call("POST", "/permissions", Some(new)).await;
    assert_eq!(
        (created.status.as_u16(), &created.body["code"]),
        (201, &json!("OK"))
    );
    let id = created.body["permission"]["id"]
        .as_str()
        .expect("it has an id");
    let route = format!("/permissions/{id}");

    let said = api
        .patch(
            &route,
            json!({ "key": "view:reports", "description": null }),
        )
        .await;
    let message = "Permission updated; 0 roles and 0 users hold it under its new key from their next token on";
    assert_eq!(said["message"], message);
    let listed = api.get("/permissions").await;
    let expected =
        json!([{ "id": id, "key": "view:reports", "name": "Read reports", "description": "" }]);
    assert_eq!(listed["permissions"], expected);
    assert_eq!(listed["next_token"], Value::Null);

    let said = api.delete(&route).await;
    assert_eq!(
        said["message"],
        "Permission deleted; 0 roles and 0 users have lost it"
    );
    let refused = api.refusal("DELETE", &route, None).await;
    assert_eq!(refused, (404, "PERMISSION_NOT_FOUND".to_owned()));

    let mut tx = world.app.db.read().await.unwrap();
    let events = audit_events::list_for_subject(&mut tx, id).await.unwrap();
    assert!(
        events
            .iter()
            .all(|event| event.actor == api.client.id.as_str())
    );
    let renamed = events
        .iter()
        .find(|event| event.action == "permission.updated");
    let details = json!({
        "before": { "key": "read:reports", "description": "All of them" },
        "after": { "key": "view:reports", "description": "" },
    });
    assert_eq!(renamed.map(|event| &event.details.0), Some(&details));
}

async fn pages_hold_each_permission_once(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    for name in ["Cherry", "Apple", "Elder", "Banana", "Date"] {
        let new = json!({ "name": name, "key": format!("eat:{name}") });
        api.post("/permissions", new).await;
    }
    for (sort, expected) in [("name_asc", "ABCDE"), ("name_desc", "EDCBA")] {
        let (mut seen, mut token) = (String::new(), String::new());
        loop {
            let route = format!("/permissions?page_size=2&sort={sort}&next_token={token}");
            let page = api.get(&route).await;
            let names = page["permissions"].as_array().expect("it is a list");
            seen.extend(
                names
                    .iter()
                    .filter_map(|one| one["name"].as_str()?.chars().next()),
            );
            match page["next_token"].as_str() {
                Some(next) => next.clone_into(&mut token),
                None => break,
            }
        }
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn what_can_not_be_a_permission_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    let taken = json!({ "name": "A", "key": "a" });
    api.post("/permissions", taken.clone()).await;
    let long = "a".repeat(1001);
    for (new, code) in [
        (taken, "KEY_ALREADY_EXISTS"),
        (json!({ "name": "", "key": "b" }), "INVALID_FIELD"),
        (json!({ "name": "B", "key": "b c" }), "INVALID_FIELD"),
        (
            json!({ "name": "B", "key": "b", "description": long }),
            "INVALID_FIELD",
        ),
        (json!({ "name": "B" }), "INVALID_BODY"),
    ] {
        let refused = api.refusal("POST", "/permissions", Some(new.clone())).await;
        assert_eq!(refused, (400, code.to_owned()), "{new}");
    }
    for (query, code) in [
        ("page_size=501", "PAGE_SIZE_LIMIT_EXCEEDED"),
        ("page_size=x", "INVALID_FIELD"),
        ("next_token=x", "INVALID_FIELD"),
        ("sort=color_asc", "INVALID_FIELD"),
        ("sort=%00", "INVALID_QUERY"),
    ] {
        let refused = api
            .refusal("GET", &format!("/permissions?{query}"), None)
            .await;
        assert_eq!(refused, (400, code.to_owned()), "{query}");
    }
    let listed = api.get("/permissions").await;
    assert_eq!(listed["permissions"].as_array().map(Vec::len), Some(1));
}
