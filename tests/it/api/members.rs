//! `/organizations/{org_code}/users`: who belongs to an organization, and what they may there.

use serde_json::{Value, json};
use vestibule::store::assignments::{self, Source};

use crate::support::{Api, Engine, PASSWORD, World, on_each_engine};

on_each_engine! {
    users_are_added_changed_and_removed
    all_of_a_call_or_nothing
    members_are_filtered_by_what_they_have_and_sorted
    a_member_is_given_roles_and_permissions_and_loses_them
    who_moves_takes_nothing_along
}

async fn users_are_added_changed_and_removed(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let (ada, grace) = (
        world.user("ada@example.test", PASSWORD).await,
        world.user("grace@example.test", PASSWORD).await,
    );
    let acme = world.organization("Acme").await;
    let read = world.permission("read:a").await;
    let editor = world.role("editor", &[&read]).await;
    let viewer = world.role("viewer", &[]).await;
    let route = format!("/organizations/{acme}/users");
    let new = json!({ "users": [{ "id": ada, "roles": ["editor"], "permissions": ["read:a"] }, { "id": grace }] });
    assert_eq!(
        api.post(&route, new.clone()).await["users_added"],
        json!([ada, grace])
    );
    assert_eq!(api.post(&route, new).await["users_added"], json!([]));
    let mut tx = world.app.db.read().await.unwrap();
    let held = assignments::list_roles(&mut tx, &acme, &ada).await.unwrap();
    drop(tx);
    assert_eq!((&held[0].role_id, held[0].source.0), (&editor, Source::Api));

    let listed = api.get(&format!("{route}?sort=email_asc")).await;
    let first = &listed["organization_users"][0];
    assert_eq!(first["roles"], json!(["editor"]));
    assert_eq!(
        (&first["email"], &first["full_name"], &first["is_suspended"]),
        (
            &json!("ada@example.test"),
            &json!("Ada Byron"),
            &json!(false)
        )
    );
    assert!(
        first["joined_on"]
            .as_str()
            .is_some_and(|at| at.ends_with('Z'))
    );

    let change = json!({ "users": [
        { "id": ada, "roles": ["viewer"] },
        { "id": grace, "operation": "delete" },
    ] });
    let changed = api.patch(&route, change).await;
    assert_eq!(changed["users_updated"], json!([ada]));
    assert_eq!(changed["users_removed"], json!([grace]));
    let roles = api.get(&format!("{route}/{ada}/roles")).await;
    assert_eq!(
        roles["roles"],
        json!([{ "id": viewer, "key": "viewer", "name": "VIEWER" }])
    );
    let kept = api.get(&format!("{route}/{ada}/permissions")).await;
    assert_eq!(kept["permissions"][0]["key"], "read:a");

    api.delete(&format!("{route}/{ada}")).await;
    let refused = api.refusal("DELETE", &format!("{route}/{ada}"), None).await;
    assert_eq!(refused, (404, "USER_NOT_FOUND".to_owned()));
}

async fn all_of_a_call_or_nothing(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let acme = world.organization("Acme").await;
    let route = format!("/organizations/{acme}/users");
    let stranger = "kp_00000000000000000000000000000000";
    let many: Vec<Value> = (0..101).map(|_| json!({ "id": ada })).collect();
    for (users, expected) in [
        (
            json!([{ "id": ada }, { "id": stranger }]),
            (404, "USER_NOT_FOUND"),
        ),
        (
            json!([{ "id": ada, "roles": ["none"] }]),
            (404, "ROLE_NOT_FOUND"),
        ),
        (
            json!([{ "id": ada, "permissions": ["none"] }]),
            (404, "PERMISSION_NOT_FOUND"),
        ),
        (json!(many), (400, "TOO_MANY_PARAMETERS")),
        (json!([{ "roles": [] }]), (400, "INVALID_BODY")),
    ] {
        for method in ["POST", "PATCH"] {
            let (status, code) = api
                .refusal(method, &route, Some(json!({ "users": users })))
                .await;
            assert_eq!((status, code.as_str()), expected, "{method} {users}");
        }
    }
    assert_eq!(api.get(&route).await["organization_users"], json!([]));
    let nowhere = "/organizations/org_00000000000/users";
    let body = json!({ "users": [] });
    for (method, body) in [
        ("GET", None),
        ("POST", Some(body.clone())),
        ("PATCH", Some(body)),
    ] {
        let refused = api.refusal(method, nowhere, body).await;
        assert_eq!(refused, (404, "ORGANIZATION_NOT_FOUND".to_owned()));
    }
}

async fn members_are_filtered_by_what_they_have_and_sorted(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let acme = world.organization("Acme").await;
    let (read, pay) = (
        world.permission("read_a").await,
        world.permission("pay").await,
    );
    let editor = world.role("editor", &[&read]).await;
    let other = world.role("editor2", &[]).await;
    let mut users = Vec::new();
    for name in ["c", "a", "b"] {
        let user = world.user(&format!("{name}@example.test"), PASSWORD).await;
        world.join(&user, &acme).await;
        users.push(user);
    }
    world.assign_role((&acme, &users[0]), &editor, None).await;
    world.assign_role((&acme, &users[1]), &editor, None).await;
    world.assign_role((&acme, &users[1]), &other, None).await;
    world
        .assign_role((&acme, &users[2]), &editor, Some(1))
        .await;
    world.assign_permission((&acme, &users[1]), &pay).await;
    world.pass(2);
    for (query, expected) in [
        ("sort=email_asc", "abc"),
        ("sort=email_desc", "cba"),
        ("sort=email_asc&roles=editor", "ac"),
        ("sort=email_asc&roles=editor,editor2", "a"),
        ("sort=email_asc&roles=editor,nobody", ""),
        ("sort=email_asc&permissions=read_a", "ac"),
        ("sort=email_asc&permissions=readxa", ""),
        ("sort=email_asc&permissions=read_a,pay", "a"),
        ("sort=email_asc&permissions=pay&roles=editor", "a"),
    ] {
        let route = format!("/organizations/{acme}/users?page_size=1&{query}");
        let seen = initials(&api, &route).await;
        assert_eq!(seen, expected, "{query}");
    }
    for sort in ["name_asc", "name_desc", "id_asc", "id_desc"] {
        let page = api
            .get(&format!("/organizations/{acme}/users?sort={sort}"))
            .await;
        assert_eq!(
            page["organization_users"].as_array().map(Vec::len),
            Some(3),
            "{sort}"
        );
    }
}

/// The first letters of the addresses on all pages.
async fn initials(api: &Api, route: &str) -> String {
    let (mut seen, mut token) = (String::new(), String::new());
    loop {
        let page = api.get(&format!("{route}&next_token={token}")).await;
        let found = page["organization_users"].as_array();
        let emails = found.into_iter().flatten();
        seen.extend(emails.filter_map(|one| one["email"].as_str()?.chars().next()));
        match page["next_token"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => return seen,
        }
    }
}

async fn a_member_is_given_roles_and_permissions_and_loses_them(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let acme = world.organization("Acme").await;
    let read = world.permission("read:a").await;
    let editor = world.role("editor", &[&read]).await;
    let route = format!("/organizations/{acme}/users/{ada}");
    let refused = api
        .refusal(
            "POST",
            &format!("{route}/roles"),
            Some(json!({ "role_id": editor })),
        )
        .await;
    assert_eq!(refused, (404, "USER_NOT_FOUND".to_owned()));
    world.join(&ada, &acme).await;

    let ahead = json!({ "role_id": editor, "expires_on": "2026-11-22T08:01:00Z" });
    api.post(&format!("{route}/roles"), ahead).await;
    api.post(
        &format!("{route}/permissions"),
        json!({ "permission_id": read }),
    )
    .await;
    let held = api.get(&format!("{route}/permissions?expand=roles")).await;
    let by = json!([{ "id": editor, "key": "editor" }]);
    assert_eq!(
        (
            &held["permissions"][0]["key"],
            &held["permissions"][0]["roles"]
        ),
        (&json!("read:a"), &by)
    );
    world.pass(60);
    assert_eq!(api.get(&format!("{route}/roles")).await["roles"], json!([]));
    // What has expired can be given again.
    api.post(&format!("{route}/roles"), json!({ "role_id": editor }))
        .await;
    let again = api.get(&format!("{route}/roles")).await;
    assert_eq!(again["roles"][0]["key"], "editor");
    api.delete(&format!("{route}/roles/{editor}")).await;
    let held = api.get(&format!("{route}/permissions?expand=roles")).await;
    assert_eq!(held["permissions"][0]["roles"], json!([]));
    api.delete(&format!("{route}/permissions/{read}")).await;
    assert_eq!(
        api.get(&format!("{route}/permissions")).await["permissions"],
        json!([])
    );
}

#[tokio::test]
async fn what_can_not_be_given_to_a_member_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let acme = world.organization("Acme").await;
    world.join(&ada, &acme).await;
    let editor = world.role("editor", &[]).await;
    let route = format!("/organizations/{acme}/users/{ada}");
    let past = json!({ "role_id": editor, "expires_on": "2026-11-22T08:00:00Z" });
    for (method, what, body, expected) in [
        ("POST", "roles", Some(past), (400, "INVALID_FIELD")),
        (
            "POST",
            "roles",
            Some(json!({ "role_id": "editor" })),
            (404, "ROLE_NOT_FOUND"),
        ),
        (
            "POST",
            "permissions",
            Some(json!({ "permission_id": "read:a" })),
            (404, "PERMISSION_NOT_FOUND"),
        ),
        ("DELETE", "roles/editor", None, (404, "ROLE_NOT_FOUND")),
        (
            "DELETE",
            "permissions/read",
            None,
            (404, "PERMISSION_NOT_FOUND"),
        ),
        (
            "GET",
            "permissions?expand=all",
            None,
            (400, "INVALID_FIELD"),
        ),
    ] {
        let (status, code) = api.refusal(method, &format!("{route}/{what}"), body).await;
        assert_eq!((status, code.as_str()), expected, "{method} {what}");
    }
}

async fn who_moves_takes_nothing_along(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let (acme, globex) = (
        world.organization("Acme").await,
        world.organization("Globex").await,
    );
    world.role("editor", &[]).await;
    world.leave(&ada, &world.default_organization().await).await;
    let in_acme = format!("/organizations/{acme}/users");
    let in_globex = format!("/organizations/{globex}/users");
    api.post(
        &in_acme,
        json!({ "users": [{ "id": ada, "roles": ["editor"] }] }),
    )
    .await;
    let client = world.client().await;
    let (_, tokens) = world.signed_in(&client, "ada@example.test").await;

    api.post(&in_globex, json!({ "users": [{ "id": ada }] }))
        .await;
    api.delete(&format!("{in_acme}/{ada}")).await;
    assert_eq!(
        api.get(&format!("{in_globex}/{ada}/roles")).await["roles"],
        json!([])
    );
    let refreshed = client
        .refresh(&tokens.refresh_token.expect("offline was asked for"))
        .await;
    assert_eq!(refreshed.error(), "invalid_grant");
    api.post(&in_acme, json!({ "users": [{ "id": ada }] }))
        .await;
    assert_eq!(
        api.get(&format!("{in_acme}/{ada}/roles")).await["roles"],
        json!([])
    );
}
