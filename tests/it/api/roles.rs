//! `/roles`: sets of permissions, defined once for the business.

use serde_json::{Value, json};

use crate::support::{Engine, PASSWORD, World, on_each_engine};

on_each_engine! {
    a_role_is_defined_changed_and_removed
    a_role_is_given_permissions_and_loses_them
    all_of_a_change_or_nothing
    who_has_a_role_is_listed_by_pages
}

async fn a_role_is_defined_changed_and_removed(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let hand_out = world.permission("assign:admins").await;
    let new = json!({
        "name": "Administrator", "key": "admin", "description": "Everything", "is_default_role": false,
        "assignment_permission_id": hand_out,
    });
    let created = api.call("POST", "/roles", Some(new)).await;
    assert_eq!(
        (created.status.as_u16(), &created.body["code"]),
        (201, &json!("OK"))
    );
    let id = created.body["role"]["id"].as_str().expect("it has an id");
    let route = format!("/roles/{id}");

    let change = json!({ "name": "Admin", "key": "admins", "assignment_permission_id": null });
    let changed = api.call("PATCH", &route, Some(change)).await;
    assert_eq!(changed.status.as_u16(), 201, "{}", changed.body);
    let expected = json!({
        "id": id, "key": "admins", "name": "Admin", "description": "Everything", "is_default_role": false,
        "assignment_permission_id": null,
    });
    assert_eq!(api.get(&route).await["role"], expected);
    assert_eq!(api.get("/roles").await["roles"], json!([expected]));

    let ada = world.user("ada@example.test", PASSWORD).await;
    let acme = world.organization("Acme").await;
    world.join(&ada, &acme).await;
    let member = format!("/organizations/{acme}/users/{ada}/roles");
    api.post(&member, json!({ "role_id": id })).await;
    let said = api.delete(&route).await;
    assert_eq!(said["message"], "Role deleted; 1 user has lost it");
    assert_eq!(api.get(&member).await["roles"], json!([]));
    assert_eq!(
        api.refusal("DELETE", &route, None).await,
        (404, "ROLE_NOT_FOUND".to_owned())
    );
    assert_eq!(
        world.audited(id).await,
        ["role.created", "role.removed", "role.updated"]
    );
}

async fn a_role_is_given_permissions_and_loses_them(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let (read, update) = (
        world.permission("read:a").await,
        world.permission("update:a").await,
    );
    let always = json!({ "name": "Always", "key": "sign:in" });
    api.post("/permissions", always).await;
    let created = api
        .post("/roles", json!({ "name": "Editor", "key": "editor" }))
        .await;
    let route = format!(
        "/roles/{}/permissions",
        created["role"]["id"].as_str().unwrap_or_default()
    );
    let both = json!({ "permissions": [{ "id": read }, { "id": update }] });
    let changed = api.patch(&route, both.clone()).await;
    assert_eq!(changed["permissions_added"], json!([read, update]));
    assert_eq!(
        api.patch(&route, both).await["permissions_added"],
        json!([])
    );
    let listed = api.get(&format!("{route}?sort=name_desc")).await;
    let keys: Vec<_> = listed["permissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["key"])
        .collect();
    assert_eq!(keys, ["update:a", "read:a"]);

    let one = json!({ "permissions": [{ "id": read, "operation": "delete" }] });
    assert_eq!(
        api.patch(&route, one).await["permissions_removed"],
        json!([read])
    );
    api.delete(&format!("{route}/{update}")).await;
    let refused = api
        .refusal("DELETE", &format!("{route}/{update}"), None)
        .await;
    assert_eq!(refused, (404, "PERMISSION_NOT_FOUND".to_owned()));
    assert_eq!(api.get(&route).await["permissions"], json!([]));
}

async fn all_of_a_change_or_nothing(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let read = world.permission("read:a").await;
    let role = world.role("editor", &[]).await;
    let route = format!("/roles/{role}/permissions");
    let unknown = "00000000-0000-4000-8000-000000000000";
    let change = json!({ "permissions": [{ "id": read }, { "id": unknown }] });
    let refused = api.refusal("PATCH", &route, Some(change)).await;
    assert_eq!(refused, (404, "PERMISSION_NOT_FOUND".to_owned()));
    let many: Vec<Value> = (0..101).map(|_| json!({ "id": read })).collect();
    let refused = api
        .refusal("PATCH", &route, Some(json!({ "permissions": many })))
        .await;
    assert_eq!(refused, (400, "TOO_MANY_PARAMETERS".to_owned()));
    let odd = json!({ "permissions": [{ "id": read, "operation": "add" }] });
    let refused = api.refusal("PATCH", &route, Some(odd)).await;
    assert_eq!(refused, (400, "INVALID_FIELD".to_owned()));
    assert_eq!(api.get(&route).await["permissions"], json!([]));
}

async fn who_has_a_role_is_listed_by_pages(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let role = world.role("editor", &[]).await;
    let acme = world.organization("Acme").await;
    let mut expected = Vec::new();
    for name in ["ada", "grace", "alan"] {
        let user = world.user(&format!("{name}@example.test"), PASSWORD).await;
        world.join(&user, &acme).await;
        world.assign_role((&acme, &user), &role, None).await;
        expected.push(user.to_string());
    }
    let late = world.user("late@example.test", PASSWORD).await;
    world.join(&late, &acme).await;
    world.assign_role((&acme, &late), &role, Some(1)).await;
    world.pass(2);
    expected.sort();
    for route in [
        format!("/roles/{role}/users"),
        format!("/organizations/{acme}/roles/{role}/users"),
    ] {
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let page = api
                .get(&format!("{route}?page_size=2&next_token={token}"))
                .await;
            let users = page["users"].as_array().expect("it is a list");
            seen.extend(
                users
                    .iter()
                    .filter_map(|one| one["id"].as_str().map(str::to_owned)),
            );
            match page["next_token"].as_str() {
                Some(next) => next.clone_into(&mut token),
                None => break,
            }
        }
        assert_eq!(seen, expected, "{route}");
    }
    let counted = api
        .get(&format!("/organizations/{acme}/roles/{role}/users/count"))
        .await;
    assert_eq!(counted["count"], 3);
}

#[tokio::test]
async fn what_can_not_be_a_role_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    let taken = json!({ "name": "A", "key": "a" });
    api.post("/roles", taken.clone()).await;
    let with = |id: &str| json!({ "name": "B", "key": "b", "assignment_permission_id": id });
    for (new, expected) in [
        (taken.clone(), (400, "KEY_ALREADY_EXISTS")),
        (json!({ "name": "", "key": "b" }), (400, "INVALID_FIELD")),
        (json!({ "name": "B", "key": "b c" }), (400, "INVALID_FIELD")),
        (
            json!({ "name": "B", "key": "b", "description": "d".repeat(1001) }),
            (400, "INVALID_FIELD"),
        ),
        (json!({ "name": "B" }), (400, "INVALID_BODY")),
        (with("b"), (400, "INVALID_FIELD")),
        (
            with("00000000-0000-4000-8000-000000000000"),
            (404, "PERMISSION_NOT_FOUND"),
        ),
    ] {
        let (status, code) = api.refusal("POST", "/roles", Some(new.clone())).await;
        assert_eq!((status, code.as_str()), expected, "{new}");
    }
    let other = world.role("b", &[]).await;
    let refused = api
        .refusal("PATCH", &format!("/roles/{other}"), Some(taken))
        .await;
    assert_eq!(refused, (400, "KEY_ALREADY_EXISTS".to_owned()));
    assert_eq!(
        api.get("/roles").await["roles"].as_array().map(Vec::len),
        Some(2)
    );
}
