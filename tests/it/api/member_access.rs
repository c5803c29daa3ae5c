//! The roles and permissions of one member.

use serde_json::{Value, json};
use vestibule::access::members;
use vestibule::audit::Actor;
use vestibule::id::{OrganizationId, RoleId, UserId};
use vestibule::protocol::client::ApplicationKind;
use vestibule::store::assignments::{self, Source};
use vestibule::store::audit_events;

use crate::support::{Engine, PASSWORD, World, on_each_engine};

on_each_engine! {
    roles_are_given_listed_and_taken
    permissions_come_directly_and_by_roles
    what_expires_is_held_no_more_and_can_be_given_anew
    a_role_for_whom_is_no_member_is_refused
    a_role_is_not_given_to_whom_is_just_removed
    two_give_the_same_role_at_once
    two_add_the_same_users_at_once
    each_assignment_says_where_it_comes_from
}

/// Ada, a member of Acme, and a role.
struct Scene {
    world: World,
    api: crate::support::Api,
    acme: OrganizationId,
    ada: UserId,
    analyst: RoleId,
    /// Where Ada's access is.
    route: String,
}

impl Scene {
    async fn set(engine: Engine) -> Self {
        let world = World::on(engine).await;
        let api = world.api().await;
        let acme = world.organization("Acme").await;
        let ada = world.user("ada@example.test", PASSWORD).await;
        world.join(&ada, &acme).await;
        let analyst = world.role("analyst", &[]).await;
        Self {
            route: format!("/organizations/{acme}/users/{ada}"),
            world,
            api,
            acme,
            ada,
            analyst,
        }
    }

    async fn roles(&self) -> Value {
        let listed = self.api.get(&format!("{}/roles", self.route)).await;
        listed["roles"].clone()
    }
}

async fn roles_are_given_listed_and_taken(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (api, route) = (&scene.api, format!("{}/roles", scene.route));
    let given = api.post(&route, json!({ "role_id": scene.analyst })).await;
    assert_eq!(given["code"], "OK");
    api.post(&route, json!({ "role_id": scene.analyst })).await;
    let expected = json!([{ "id": scene.analyst, "key": "analyst", "name": "ANALYST" }]);
    assert_eq!(scene.roles().await, expected);
    let one = format!("{route}/{}", scene.analyst);
    api.delete(&one).await;
    assert_eq!(scene.roles().await, json!([]));
    let refused = api.refusal("DELETE", &one, None).await;
    assert_eq!(refused, (404, "ROLE_NOT_FOUND".to_owned()));
    let mut tx = scene.world.app.db.read().await.unwrap();
    let events = audit_events::list_for_subject(&mut tx, scene.ada.as_str())
        .await
        .unwrap();
    for action in ["role.assigned", "role.taken"] {
        let alike: Vec<_> = events
            .iter()
            .filter(|event| event.action == action)
            .collect();
        assert_eq!(alike.len(), 1, "{action}");
        assert_eq!(alike[0].actor, api.client.id.as_str());
        assert_eq!(alike[0].details.0["organization"], json!(scene.acme));
        assert_eq!(alike[0].details.0["role"], json!(scene.analyst));
    }
}

async fn permissions_come_directly_and_by_roles(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (api, world) = (&scene.api, &scene.world);
    let (read, pay) = (
        world.permission("read").await,
        world.permission("pay").await,
    );
    let route = format!("{}/permissions", scene.route);
    api.post(&route, json!({ "permission_id": pay })).await;
    let change = json!({ "permissions": [{ "id": read }] });
    api.patch(&format!("/roles/{}/permissions", scene.analyst), change)
        .await;
    let role = json!({ "role_id": scene.analyst });
    api.post(&format!("{}/roles", scene.route), role).await;
    let expanded = api.get(&format!("{route}?expand=roles")).await;
    let expected = json!([
        { "id": pay, "key": "pay", "name": "pay", "description": "", "roles": [] },
        { "id": read, "key": "read", "name": "read", "description": "",
            "roles": [{ "id": scene.analyst, "key": "analyst" }] },
    ]);
    assert_eq!(expanded["permissions"], expected);
    let plain = api.get(&route).await;
    assert_eq!(plain["permissions"][0]["roles"], json!([]));
    let refused = api.refusal("GET", &format!("{route}?expand=x"), None).await;
    assert_eq!(refused, (400, "INVALID_FIELD".to_owned()));
    // What a role grants goes with the role.
    let refused = api
        .refusal("DELETE", &format!("{route}/{read}"), None)
        .await;
    assert_eq!(refused, (404, "PERMISSION_NOT_FOUND".to_owned()));
    api.delete(&format!("{route}/{pay}")).await;
    api.delete(&format!("{}/roles/{}", scene.route, scene.analyst))
        .await;
    assert_eq!(api.get(&route).await["permissions"], json!([]));
}

async fn what_expires_is_held_no_more_and_can_be_given_anew(engine: Engine) {
    let scene = Scene::set(engine).await;
    let route = format!("{}/roles", scene.route);
    let until = |at: &str| json!({ "role_id": scene.analyst, "expires_on": at });
    scene
        .api
        .post(&route, until("2026-11-22T09:00:00+00:30"))
        .await;
    assert_eq!(scene.roles().await.as_array().map(Vec::len), Some(1));
    let mut tx = scene.world.app.db.read().await.unwrap();
    let held = assignments::list_roles(&mut tx, &scene.acme, &scene.ada)
        .await
        .unwrap();
    drop(tx);
    let at = held[0].expires_at.map(vestibule::clock::Timestamp::as_i64);
    assert_eq!(at, Some(crate::support::START.as_i64() + 1800));
    scene.world.pass(1800);
    assert_eq!(scene.roles().await, json!([]));
    let listed = scene
        .api
        .get(&format!("/organizations/{}/users", scene.acme))
        .await;
    assert_eq!(listed["organization_users"][0]["roles"], json!([]));
    scene
        .api
        .post(&route, json!({ "role_id": scene.analyst }))
        .await;
    assert_eq!(scene.roles().await.as_array().map(Vec::len), Some(1));
    for at in ["2026-11-22T08:00:00Z", "tomorrow", "1795338000"] {
        let refused = scene.api.refusal("POST", &route, Some(until(at))).await;
        assert_eq!(refused, (400, "INVALID_FIELD".to_owned()), "{at}");
    }
}

async fn a_role_for_whom_is_no_member_is_refused(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (api, world) = (&scene.api, &scene.world);
    let eve = world.user("eve@example.test", PASSWORD).await;
    let pay = world.permission("pay").await;
    let unknown = "0192f000-0000-4000-8000-000000000000";
    let (role, permission) = (
        json!({ "role_id": scene.analyst }),
        json!({ "permission_id": pay }),
    );
    for user in [eve.as_str(), "kp_00000000000000000000000000000000", "eve"] {
        let route = format!("/organizations/{}/users/{user}", scene.acme);
        for (method, path, body) in [
            ("GET", "roles".to_owned(), None),
            ("POST", "roles".to_owned(), Some(role.clone())),
            ("DELETE", format!("roles/{}", scene.analyst), None),
            ("GET", "permissions".to_owned(), None),
            ("POST", "permissions".to_owned(), Some(permission.clone())),
            ("DELETE", format!("permissions/{pay}"), None),
        ] {
            let refused = api.refusal(method, &format!("{route}/{path}"), body).await;
            assert_eq!(
                refused,
                (404, "USER_NOT_FOUND".to_owned()),
                "{method} {path}"
            );
        }
    }
    for (path, body, status, code) in [
        (
            "roles",
            json!({ "role_id": unknown }),
            404,
            "ROLE_NOT_FOUND",
        ),
        ("roles", json!({ "role_id": "x" }), 404, "ROLE_NOT_FOUND"),
        ("roles", json!({}), 400, "INVALID_BODY"),
        (
            "permissions",
            json!({ "permission_id": unknown }),
            404,
            "PERMISSION_NOT_FOUND",
        ),
        (
            "permissions",
            json!({ "permission_id": "x" }),
            404,
            "PERMISSION_NOT_FOUND",
        ),
    ] {
        let route = format!("{}/{path}", scene.route);
        let refused = api.refusal("POST", &route, Some(body.clone())).await;
        assert_eq!(refused, (status, code.to_owned()), "{body}");
    }
    let nowhere = format!("/organizations/org_00000000000/users/{}/roles", scene.ada);
    let refused = api.refusal("POST", &nowhere, Some(role)).await;
    assert_eq!(refused, (404, "ORGANIZATION_NOT_FOUND".to_owned()));
}

/// The membership goes in a transaction that is still open when the role is to be given.
async fn a_role_is_not_given_to_whom_is_just_removed(engine: Engine) {
    let scene = Scene::set(engine).await;
    let mut leaving = scene.world.write().await;
    let mut rng = scene.world.app.random.generator();
    let (actor, now) = (Actor::Operator, scene.world.now());
    let left = members::leave(&mut leaving, actor, &scene.acme, &scene.ada, now, &mut rng).await;
    assert!(left.unwrap());
    let giving = async {
        let mut tx = scene.world.write().await;
        let mut rng = scene.world.app.random.generator();
        let (member, what) = (
            (&scene.acme, &scene.ada),
            (&scene.analyst, Source::Api, None),
        );
        let given = members::assign_role(&mut tx, actor, member, what, now, &mut rng).await;
        tx.commit().await.unwrap();
        given.unwrap()
    };
    let (given, committed) = tokio::join!(giving, leaving.commit());
    committed.unwrap();
    assert_eq!(given, Err(members::NotAMember));
    // Joining anew, they have what new members have.
    scene.world.join(&scene.ada, &scene.acme).await;
    assert_eq!(scene.roles().await, json!([]));
}

async fn two_give_the_same_role_at_once(engine: Engine) {
    let scene = Scene::set(engine).await;
    let route = format!("{}/roles", scene.route);
    let give = async || {
        let body = json!({ "role_id": scene.analyst });
        scene
            .api
            .call("POST", &route, Some(body))
            .await
            .status
            .as_u16()
    };
    let statuses = tokio::join!(give(), give(), give(), give());
    assert_eq!(statuses, (200, 200, 200, 200));
    assert_eq!(scene.roles().await.as_array().map(Vec::len), Some(1));
    let mut tx = scene.world.app.db.read().await.unwrap();
    let events = audit_events::list_for_subject(&mut tx, scene.ada.as_str())
        .await
        .unwrap();
    let given = events
        .iter()
        .filter(|event| event.action == "role.assigned");
    assert_eq!(given.count(), 1);
}

async fn two_add_the_same_users_at_once(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let acme = world.organization("Acme").await;
    world.role("analyst", &[]).await;
    let mut users = Vec::new();
    for index in 0..8 {
        users.push(
            world
                .user(&format!("u{index}@example.test"), PASSWORD)
                .await,
        );
    }
    let route = format!("/organizations/{acme}/users");
    let body = |users: Vec<&UserId>| {
        let entries = users
            .iter()
            .map(|id| json!({ "id": id, "roles": ["analyst"] }));
        json!({ "users": entries.collect::<Vec<_>>() })
    };
    let forwards = body(users.iter().collect());
    let backwards = body(users.iter().rev().collect());
    let (one, other) = tokio::join!(api.post(&route, forwards), api.post(&route, backwards));
    let added = |answer: &Value| answer["users_added"].as_array().map_or(0, Vec::len);
    assert_eq!(added(&one) + added(&other), users.len());
    let listed = api
        .get(&format!("{route}?page_size=100&roles=analyst"))
        .await;
    let members = listed["organization_users"].as_array();
    assert_eq!(members.map(Vec::len), Some(users.len()));
}

async fn each_assignment_says_where_it_comes_from(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let acme = world.organization("Acme").await;
    let (ada, eve) = (
        world.user("ada@example.test", PASSWORD).await,
        world.user("eve@example.test", PASSWORD).await,
    );
    world.join(&eve, &acme).await;
    let new = json!({ "name": "Guest", "key": "guest", "is_default_role": true });
    api.post("/roles", new).await;
    world.role("analyst", &[]).await;
    world.permission("pay").await;
    let route = format!("/organizations/{acme}/users");
    let both = json!({ "users": [
        { "id": ada, "roles": ["analyst"], "permissions": ["pay"] },
        { "id": eve, "roles": ["analyst"] },
    ] });
    let added = api.post(&route, both).await;
    assert_eq!(added["users_added"], json!([ada]));

    let mut tx = world.app.db.read().await.unwrap();
    let roles = assignments::list_roles(&mut tx, &acme, &ada).await.unwrap();
    let mut sources: Vec<&str> = roles.iter().map(|role| role.source.0.as_str()).collect();
    sources.sort_unstable();
    assert_eq!(sources, ["api", "default"]);
    let permissions = assignments::list_permissions(&mut tx, &acme, &ada)
        .await
        .unwrap();
    assert_eq!(permissions[0].source.0.as_str(), "api");
    // Who was in already was passed over.
    let roles = assignments::list_roles(&mut tx, &acme, &eve).await.unwrap();
    assert!(roles.is_empty());
    let events = audit_events::list_for_subject(&mut tx, ada.as_str())
        .await
        .unwrap();
    let by_machine = events
        .iter()
        .filter(|event| event.actor == api.client.id.as_str());
    let mut actions: Vec<&str> = by_machine.map(|event| event.action.as_str()).collect();
    actions.sort_unstable();
    let expected = ["membership.created", "permission.assigned", "role.assigned"];
    assert_eq!(actions, expected);
}

#[tokio::test]
async fn a_machine_of_one_organization_manages_its_members_there() {
    let world = World::new().await;
    let (own, other) = (
        world.organization("Own").await,
        world.organization("Other").await,
    );
    let ada = world.user("ada@example.test", PASSWORD).await;
    let machine = world
        .register(ApplicationKind::Machine, &[], &[], |client| {
            client.organization_id = Some(own.clone());
        })
        .await;
    let machine = world
        .api_of(machine, "create:organization_users read:organization_users")
        .await;
    let users = json!({ "users": [{ "id": ada }] });
    let added = machine
        .post(&format!("/organizations/{own}/users"), users.clone())
        .await;
    assert_eq!(added["users_added"], json!([ada]));
    let refused = machine
        .refusal(
            "POST",
            &format!("/organizations/{other}/users"),
            Some(users),
        )
        .await;
    assert_eq!(refused, (404, "ORGANIZATION_NOT_FOUND".to_owned()));
}
