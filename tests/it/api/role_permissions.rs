//! The permissions of a role: those that it begins with, and thousands of them.

use serde_json::json;
use vestibule::store;

use crate::support::{Engine, PASSWORD, World, on_each_engine};

on_each_engine! {
    a_new_role_has_the_permissions_that_are_marked_for_it
    a_role_of_thousands_of_permissions_is_listed_and_leaves_tokens_small
}

async fn a_new_role_has_the_permissions_that_are_marked_for_it(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    world.permission("other").await;
    let given = world.permission("given").await;
    let mut tx = world.write().await;
    let found = store::permissions::find(&mut tx, &given).await.unwrap();
    let mut record = found.expect("it is there");
    record.is_in_new_roles = true;
    store::permissions::upsert(&mut tx, &record).await.unwrap();
    tx.commit().await.unwrap();
    let new = json!({ "name": "Analyst", "key": "analyst" });
    let created = api.post("/roles", new).await;
    let id = created["role"]["id"].as_str().expect("it has an id");
    let held = api.get(&format!("/roles/{id}/permissions")).await;
    let expected = json!([{ "id": given, "key": "given", "name": "given", "description": "" }]);
    assert_eq!(held["permissions"], expected);
}

async fn a_role_of_thousands_of_permissions_is_listed_and_leaves_tokens_small(engine: Engine) {
    const COUNT: usize = 2000;
    let world = World::on(engine).await;
    let api = world.api().await;
    let role = world.role("everything", &[]).await;
    let mut tx = world.write().await;
    let mut rng = world.app.random.generator();
    let mut ids = Vec::new();
    for index in 0..COUNT {
        let permission = store::permissions::Permission {
            id: vestibule::id::PermissionId::generate(&mut rng),
            key: format!("do:thing-{index}"),
            name: format!("Thing {index:05}"),
            description: String::new(),
            is_in_new_roles: false,
            created_at: world.now(),
            updated_at: world.now(),
        };
        store::permissions::upsert(&mut tx, &permission)
            .await
            .unwrap();
        ids.push(permission.id);
    }
    store::roles::change_permissions(&mut tx, &role, &ids, &[])
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let route = format!("/roles/{role}/permissions");
    let (mut seen, mut token) = (0, String::new());
    loop {
        let page = api
            .get(&format!("{route}?page_size=500&next_token={token}"))
            .await;
        seen += page["permissions"].as_array().map_or(0, Vec::len);
        match page["next_token"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => break,
        }
    }
    assert_eq!(seen, COUNT);

    let ada = world.user("ada@example.test", PASSWORD).await;
    let organization = world.default_organization().await;
    world.assign_role((&organization, &ada), &role, None).await;
    let client = world.client().await;
    let (_, tokens) = world.signed_in(&client, "ada@example.test").await;
    let claims = tokens.access_claims();
    assert_eq!(claims["permissions_omitted"], true);
    assert_eq!(claims.get("permissions"), None);
    let held = api
        .get(&format!(
            "/organizations/{organization}/users/{ada}/permissions"
        ))
        .await;
    assert_eq!(held["permissions"].as_array().map(Vec::len), Some(COUNT));
}
