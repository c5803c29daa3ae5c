//! `/connections/{id}/replay`: what the recorded sign-ins would do under a changed connection.

use serde_json::{Value, json};
use vestibule::id::{OrganizationId, UserId};

use crate::signin::upstream::Scene;
use crate::support::{Api, Engine, on_each_engine};

on_each_engine! {
    a_changed_mapping_tells_who_would_lose_what
    what_can_not_be_replayed_is_refused
}

/// Three people who came through a connection whose group `staff` gives the role `admin`.
struct Acme {
    scene: Scene,
    api: Api,
    organization: OrganizationId,
    people: Vec<UserId>,
}

fn of(person: usize, further: &Value) -> Value {
    let mut claims = json!({
        "sub": format!("person-{person}"), "email": format!("person-{person}@acme.test"), "email_verified": true,
        "given_name": "Ada",
    });
    for (name, value) in further.as_object().expect("it is an object") {
        claims[name] = value.clone();
    }
    claims
}

impl Acme {
    async fn on(engine: Engine) -> Self {
        let scene = Scene::set(engine).await;
        let (world, api) = (&scene.world, scene.world.api().await);
        let organization = world.default_organization().await;
        let manage = world.permission("manage:everything").await;
        let admin = world.role("admin", &[&manage]).await;
        let mut people = Vec::new();
        for person in 0..3 {
            scene.upstream.states(of(person, &json!({})));
            let claims = scene.claims().await;
            people.push(UserId::parse(claims["sub"].as_str().unwrap()).unwrap());
        }
        // One of them was given the role by hand as well.
        world
            .assign_role((&organization, &people[2]), &admin, None)
            .await;
        let route = format!("/connections/{}", scene.connection);
        let given =
            json!([{ "group": "staff", "organization_code": organization, "role": "admin" }]);
        api.patch(&route, json!({ "options": { "group_roles": given } }))
            .await;
        world.pass(60);
        for person in 0..3 {
            scene
                .upstream
                .states(of(person, &json!({ "groups": ["staff"] })));
            scene.claims().await;
            world.pass(1);
        }
        Self {
            scene,
            api,
            organization,
            people,
        }
    }

    /// What would come of it. Nothing has.
    async fn replay(&self, query: &str, body: Value) -> Value {
        let before = self.scene.world.contents().await;
        let route = format!("/connections/{}/replay?{query}", self.scene.connection);
        let told = self.api.post(&route, body).await;
        let after = self.scene.world.contents().await;
        assert_eq!(before, after, "a replay changes nothing");
        told
    }
}

#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
async fn a_changed_mapping_tells_who_would_lose_what(engine: Engine) {
    let acme = Acme::on(engine).await;
    // As it is, nothing would change.
    let told = acme.replay("", json!({})).await;
    assert_eq!(
        (&told["people_count"], &told["records"]),
        (&json!(3), &json!(6))
    );
    assert_eq!(
        (&told["is_complete"], &told["people"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(told["summary"]["roles"], json!([]));

    let mapping = json!({ "email": { "claim": "email" }, "nickname": { "claim": "given_name" } });
    let options = json!({ "group_roles": [], "mapping": mapping });
    let told = acme
        .replay("page_size=2", json!({ "options": options, "days": 1 }))
        .await;
    let role = &told["summary"]["roles"][0];
    assert_eq!(told["summary"]["roles"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&role["role"]["key"], &role["org_code"]),
        (&json!("admin"), &json!(acme.organization))
    );
    // Who has it by hand keeps it.
    assert_eq!((&role["lost"], &role["gained"]), (&json!(2), &json!(0)));
    assert_eq!(role["lost_by"], json!([acme.people[1], acme.people[0]]));
    let permission = &told["summary"]["permissions"][0];
    assert_eq!(
        (&permission["permission"], &permission["lost"]),
        (&json!("manage:everything"), &json!(2))
    );
    let nickname = json!([{ "attribute": "nickname", "written": 3, "conflicts": 0 }]);
    assert_eq!(told["summary"]["attributes"], nickname);
    let first = told["people"].as_array().unwrap();
    assert_eq!(first.len(), 2);
    assert_eq!(first[0]["user_id"], acme.people[2].as_str());
    assert_eq!(first[0]["access"][0]["roles_lost"], json!([]));
    assert_eq!(first[1]["access"][0]["roles_lost"][0]["key"], "admin");
    let next = format!(
        "page_size=2&next_token={}",
        told["next_token"].as_str().unwrap()
    );
    let rest = acme
        .replay(&next, json!({ "options": options, "days": 1 }))
        .await;
    assert_eq!(rest["people"].as_array().unwrap().len(), 1);
    assert_eq!(rest["people"][0]["user_id"], acme.people[0].as_str());
    assert_eq!(rest["next_token"], Value::Null);

    // Another issuer's people would not be let in.
    let elsewhere = json!({ "issuer": "https://login.acme.test", "client_secret": "another" });
    let told = acme.replay("", json!({ "options": elsewhere })).await;
    assert_eq!(told["summary"]["refused"], 3);
    let person = &told["people"][0];
    assert_eq!(
        (&person["recorded_outcome"], &person["outcome"]),
        (&json!("signed_in"), &json!("id_token"))
    );
    assert_eq!(person["user_id"], acme.people[2].as_str());

    // Who was turned away would be let in, or would be if they were known.
    let world = &acme.scene.world;
    world.allow_sign_up(false).await;
    acme.scene.upstream.states(of(7, &json!({})));
    acme.scene.sign_in().await;
    let told = acme.replay("", json!({})).await;
    assert_eq!(
        (&told["people_count"], &told["people"]),
        (&json!(4), &json!([]))
    );
    world.allow_sign_up(true).await;
    let told = acme.replay("", json!({})).await;
    assert_eq!(
        (&told["summary"]["admitted"], &told["summary"]["created"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(told["people"][0]["rule"], "new");
    assert_eq!(told["people"][0]["user_id"], Value::Null);

    // The token of the caller does not live that long.
    world.pass(2 * 86_400);
    let route = format!("/connections/{}/replay", acme.scene.connection);
    let told = world.api().await.post(&route, json!({ "days": 1 })).await;
    assert_eq!(told["people_count"], 0);
}

async fn what_can_not_be_replayed_is_refused(engine: Engine) {
    let scene = Scene::set(engine).await;
    let api = scene.world.api().await;
    let route = format!("/connections/{}/replay", scene.connection);
    for (query, body) in [
        ("", json!({ "days": 0 })),
        ("", json!({ "days": 31 })),
        ("", json!({ "options": { "sync": "always" } })),
        ("?next_token=x", json!({})),
        ("?sort=name_asc", json!({})),
    ] {
        let refused = api
            .refusal("POST", &format!("{route}{query}"), Some(body.clone()))
            .await;
        assert_eq!(refused, (400, "INVALID_FIELD".to_owned()), "{query} {body}");
    }
    let unknown = "/connections/conn_0123456789abcdef0123456789abcdef/replay";
    let refused = api.refusal("POST", unknown, Some(json!({}))).await;
    assert_eq!(refused, (404, "CONNECTION_NOT_FOUND".to_owned()));
    let lacking = scene.world.api_with("test:connections").await;
    let refused = lacking.refusal("POST", &route, Some(json!({}))).await;
    assert_eq!(refused, (403, "INSUFFICIENT_SCOPE".to_owned()));
}
