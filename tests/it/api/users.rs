//! `/users` and `/user`.

use serde_json::{Value, json};
use vestibule::directory::accounts::NewAccount;
use vestibule::id::UserId;
use vestibule::store::{audit_events, identities, users};

use crate::support::{Engine, PASSWORD, Tokens, World, on_each_engine};

on_each_engine! {
    a_user_is_created_read_changed_and_removed
    users_are_listed_page_by_page_and_filtered
    of_two_users_with_one_address_one_is_created
    who_is_suspended_is_signed_out_everywhere_at_once
    who_is_to_reset_their_password_chooses_another_one
    what_is_removed_is_gone_and_forgotten
    a_phone_number_signs_in
    texts_of_all_kinds_are_refused_or_kept
}

fn ada() -> Value {
    json!({
        "profile": { "given_name": "Ada", "family_name": "Byron", "picture": "https://a.test/ada.png" },
        "provided_id": "crm-1",
        "identities": [
            { "type": "username", "details": { "username": "ada" } },
            { "type": "email", "is_verified": true, "details": { "email": "Ada@example.test" } },
            { "type": "email", "details": { "email": "byron@example.test" } },
            { "type": "phone", "is_verified": true,
              "details": { "phone": "+49 30 901820", "phone_country_id": "de" } },
        ],
    })
}

/// The ids of a list's entries, in its order.
fn ids(list: &Value) -> Vec<&str> {
    let entries = list.as_array().expect("it is a list");
    entries
        .iter()
        .filter_map(|entry| entry["id"].as_str())
        .collect()
}

#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn a_user_is_created_read_changed_and_removed(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let created = api.call("POST", "/user", Some(ada())).await;
    assert_eq!(created.status.as_u16(), 200, "{}", created.body);
    let kinds = ["username", "email", "email", "phone"];
    let results = kinds.map(|kind| json!({ "type": kind, "result": { "created": true } }));
    assert_eq!(created.body["identities"], json!(results));
    assert_eq!(created.body["created"], true);
    let id = created.body["id"].as_str().expect("it has an id");

    let route = format!("/user?id={id}&expand=organizations,identities,billing");
    let shown = api.get(&route).await;
    let expected = json!({
        "id": id, "provided_id": "crm-1", "preferred_email": "Ada@example.test", "phone": "+4930901820",
        "username": "ada", "first_name": "Ada", "last_name": "Byron", "is_suspended": false,
        "picture": "https://a.test/ada.png", "total_sign_ins": 0, "failed_sign_ins": 0,
        "last_signed_in": null, "created_on": "2026-11-22T08:00:01Z", "last_organization_sign_ins": [],
        "organizations": [world.default_organization().await],
        "billing": { "customer_id": null },
        "identities": shown["identities"],
    });
    assert_eq!(shown, expected);
    assert_eq!(shown["identities"].as_array().map(Vec::len), Some(4));

    let change = json!({ "given_name": "Augusta", "family_name": null, "picture": "", "provided_id": "crm-2" });
    let changed = api.patch(&format!("/user?id={id}"), change).await;
    let expected = json!({
        "id": id, "given_name": "Augusta", "family_name": null, "email": "Ada@example.test",
        "is_suspended": false, "is_password_reset_requested": false, "picture": null,
    });
    assert_eq!(changed, expected);
    let mut tx = world.app.db.read().await.unwrap();
    let events = audit_events::list_for_subject(&mut tx, id).await.unwrap();
    drop(tx);
    let details = events.iter().find(|event| event.action == "user.updated");
    let expected = json!({
        "before": { "given_name": "Ada", "family_name": "Byron", "picture": "https://a.test/ada.png", "provided_id": "crm-1" },
        "after": { "given_name": "Augusta", "family_name": null, "picture": null, "provided_id": "crm-2" },
    });
    assert_eq!(details.map(|event| &event.details.0), Some(&expected));
    assert!(
        events
            .iter()
            .all(|event| event.actor == api.client.id.as_str())
    );

    api.post(&format!("/users/{id}/refresh_claims"), json!({}))
        .await;
    api.delete(&format!("/user?id={id}&is_delete_profile=true"))
        .await;
    for (method, route) in [
        ("GET", format!("/user?id={id}")),
        ("PATCH", format!("/user?id={id}")),
        ("DELETE", format!("/user?id={id}")),
        ("POST", format!("/users/{id}/refresh_claims")),
        ("GET", format!("/users/{id}/identities")),
    ] {
        let body = (method != "GET").then(|| json!({}));
        let refused = api.refusal(method, &route, body).await;
        assert_eq!(
            refused,
            (404, "USER_NOT_FOUND".to_owned()),
            "{method} {route}"
        );
    }
    // Everything is free again.
    api.post("/user", ada()).await;
}

#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn users_are_listed_page_by_page_and_filtered(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let mut everybody = Vec::new();
    for name in ["ada", "bob", "cyd", "dan", "eve"] {
        let new = json!({ "identities": [
            { "type": "email", "details": { "email": format!("{name}@example.test") } },
            { "type": "username", "details": { "username": name } },
            { "type": "phone", "details": { "phone": format!("+4930901{}", name.len() + everybody.len()) } },
        ]});
        let created = api.post("/user", new).await;
        everybody.push(created["id"].as_str().unwrap().to_owned());
    }
    let (bob, cyd) = (everybody[1].clone(), everybody[2].clone());
    let default = world.default_organization().await;
    world.leave(&UserId::parse(&bob).unwrap(), &default).await;
    let mut tx = world.write().await;
    let of_cyd = identities::list_for_user(&mut tx, &UserId::parse(&cyd).unwrap()).await;
    for (identity, later) in of_cyd.unwrap().iter().zip([0, 100]) {
        let at = world.now().plus(vestibule::clock::Seconds::new(later));
        identities::record_sign_in(&mut tx, &identity.id, at)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();

    let mut sorted = everybody.clone();
    sorted.sort();
    for (filter, expected) in [
        ("", sorted.clone()),
        ("user_id=", sorted.clone()),
        ("has_organization=false", vec![bob.clone()]),
        (
            "has_organization=true",
            sorted.iter().filter(|id| **id != bob).cloned().collect(),
        ),
        ("email=BOB@example.test,cyd@example.test", {
            let mut two = vec![bob.clone(), cyd.clone()];
            two.sort();
            two
        }),
        ("email=bob@example.test&username=cyd", vec![]),
        ("username=Bob,nobody", vec![bob.clone()]),
        ("phone=%2B49-30-9014", vec![bob.clone()]),
        ("user_id=kp_0,x,", vec![]),
        ("active_since=2026-11-22T08:01:00Z", vec![cyd.clone()]),
        ("active_since=2026-11-22T08:01:41.000Z", vec![cyd.clone()]),
        ("active_since=2026-11-22T08:01:42Z", vec![]),
        ("active_since=2026-11-22T08:00:00Z&username=bob", vec![]),
        (
            "active_since=2026-11-22T08:00:00Z&username=cyd",
            vec![cyd.clone()],
        ),
        (
            "active_since=2026-11-22T08:00:00Z&has_organization=false",
            vec![],
        ),
        (
            "active_since=2026-11-22T08:00:00Z&has_organization=true",
            vec![cyd.clone()],
        ),
    ] {
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let route = format!("/users?page_size=2&{filter}&next_token={token}");
            let page = api.get(&route).await;
            seen.extend(ids(&page["users"]).into_iter().map(str::to_owned));
            match page["next_token"].as_str() {
                Some(next) => next.clone_into(&mut token),
                None => break,
            }
        }
        assert_eq!(seen, expected, "{filter}");
    }
    let row = &api.get(&format!("/users?user_id={cyd}")).await["users"][0];
    assert_eq!(row["email"], "cyd@example.test");
    assert_eq!(
        (&row["total_sign_ins"], &row["last_signed_in"]),
        (&json!(2), &json!("2026-11-22T08:01:41Z"))
    );
    assert!(row.get("organizations").is_none() && row.get("identities").is_none());
}

async fn of_two_users_with_one_address_one_is_created(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let described = |address: &str, other: &str| {
        json!({ "identities": [
            { "type": "email", "details": { "email": address } },
            { "type": "email", "details": { "email": other } },
        ]})
    };
    // Each takes the two in another order; the Kelvin sign is a k.
    let bodies = [
        described("k\u{e8}lvin@example.test", "ada@example.test"),
        described("ADA@example.test", "\u{212A}\u{e8}lvin@example.test"),
        described("Ada@example.test", "another@example.test"),
    ];
    let calls = bodies
        .iter()
        .map(|body| api.call("POST", "/user", Some(body.clone())));
    let [one, two, three] = calls.collect::<Vec<_>>().try_into().ok().expect("three");
    let (one, two, three) = tokio::join!(one, two, three);
    let answers = [one, two, three];
    let created = answers.iter().filter(|answer| answer.status.is_success());
    assert_eq!(created.count(), 1);
    for answer in answers.iter().filter(|answer| !answer.status.is_success()) {
        assert_eq!(answer.status.as_u16(), 400);
        assert_eq!(answer.body["errors"][0]["code"], "USER_ALREADY_EXISTS");
    }
    let all = api.get("/users?page_size=500").await;
    assert_eq!(ids(&all["users"]).len(), 1, "nothing is left of the others");
}

async fn who_is_suspended_is_signed_out_everywhere_at_once(engine: Engine) {
    let world = World::on(engine).await;
    let there = world.second_node().await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let (mut browser, tokens) = world.signed_in(&client, "ada@example.test").await;
    let api = world.api().await;
    let route = format!("/user?id={ada}");
    let suspended = api.patch(&route, json!({ "is_suspended": true })).await;
    assert_eq!(suspended["is_suspended"], true);

    let client_there = client.at(&there);
    let refresh_token = tokens.refresh_token.expect("offline was asked for");
    let answer = client_there.refresh(&refresh_token).await;
    assert_eq!(answer.error(), "invalid_grant");
    let answer = client_there.userinfo(&tokens.access_token).await;
    assert_eq!(answer.status.as_u16(), 401);
    let page = browser.open(&client.authorize_url(&[])).await;
    assert_eq!(page.id(), "page-sign-in", "the session is over");
    let listed = api.get(&format!("/users/{ada}/sessions")).await;
    assert_eq!(listed["sessions"], json!([]));

    // What has ended stays ended.
    api.patch(&route, json!({ "is_suspended": false })).await;
    assert_eq!(
        client.refresh(&refresh_token).await.error(),
        "invalid_grant"
    );
    world.signed_in(&client, "ada@example.test").await;
    let actions = world.audited(ada.as_str()).await;
    assert!(actions.contains(&"user.suspended".to_owned()));
    assert!(actions.contains(&"user.unsuspended".to_owned()));
}

async fn who_is_to_reset_their_password_chooses_another_one(engine: Engine) {
    let world = World::on(engine).await;
    let new = NewAccount {
        username: Some("ada".to_owned()),
        ..NewAccount::default()
    };
    let ada = world.account(new, PASSWORD).await;
    let client = world.client().await;
    let api = world.api().await;
    let route = format!("/user?id={ada}");
    let requested = json!({ "is_password_reset_requested": true });
    let changed = api.patch(&route, requested.clone()).await;
    assert_eq!(changed["is_password_reset_requested"], true);
    let changed = api.patch(&route, json!({ "given_name": "Ada" })).await;
    assert_eq!(changed["is_password_reset_requested"], true, "it stays");

    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.sign_in("ada", PASSWORD).await;
    assert_eq!(browser.page().id(), "page-choose-password");
    browser.choose_password("four copper kettles whistle").await;
    client.redeem(browser.arrived()).await;
    let shown = api.get(&route).await;
    assert_eq!(
        (&shown["total_sign_ins"], &shown["failed_sign_ins"]),
        (&json!(1), &json!(0))
    );

    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.sign_in("ada", "a guess").await;
    let shown = api.get(&route).await;
    assert_eq!(
        (&shown["total_sign_ins"], &shown["failed_sign_ins"]),
        (&json!(1), &json!(1))
    );

    let without = api.post("/user", json!({})).await;
    let route = format!("/user?id={}", without["id"].as_str().unwrap());
    let refused = api.refusal("PATCH", &route, Some(requested)).await;
    assert_eq!(refused, (400, "NO_PASSWORD".to_owned()));
}

async fn what_is_removed_is_gone_and_forgotten(engine: Engine) {
    let world = World::on(engine).await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let (_, tokens) = world.signed_in(&client, "ada@example.test").await;
    let api = world.api().await;
    let new = json!({ "type": "email", "value": "byron@example.test" });
    api.post(&format!("/users/{ada}/identities"), new).await;
    api.delete(&format!("/user?id={ada}")).await;

    let refresh_token = tokens.refresh_token.expect("offline was asked for");
    assert_eq!(
        client.refresh(&refresh_token).await.error(),
        "invalid_grant"
    );
    let answer = client.userinfo(&tokens.access_token).await;
    assert_eq!(answer.status.as_u16(), 401);
    let found = api.get("/search/users?query=byron").await;
    assert_eq!(found["results"], json!([]));
    let mut tx = world.app.db.read().await.unwrap();
    assert!(users::find(&mut tx, &ada).await.unwrap().is_none());
    let events = audit_events::list_for_subject(&mut tx, ada.as_str())
        .await
        .unwrap();
    drop(tx);
    assert!(
        events
            .iter()
            .any(|event| event.action == "identity.created")
    );
    assert!(events.iter().any(|event| event.action == "user.removed"));
    for event in events {
        assert_eq!(event.details.0, json!({}), "{}", event.action);
    }
}

async fn a_phone_number_signs_in(engine: Engine) {
    let world = World::on(engine).await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let api = world.api().await;
    let new = json!({ "type": "phone", "value": "+49 (30) 901-820", "phone_country_id": "de" });
    api.post(&format!("/users/{ada}/identities"), new).await;
    let client = world.client().await;
    let mut browser = world.browser();
    let url = client.authorize_url(&[("scope", "openid phone")]);
    browser.open(&url).await;
    browser.sign_in("+49 30 901820", PASSWORD).await;
    let tokens: Tokens = client.redeem(browser.arrived()).await;
    let claims = client.userinfo(&tokens.access_token).await.body;
    assert_eq!(claims["sub"], ada.as_str());
    assert_eq!(
        (&claims["phone_number"], &claims["phone_number_verified"]),
        (&json!("+4930901820"), &json!(false))
    );
}

#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn texts_of_all_kinds_are_refused_or_kept(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    api.post("/user", ada()).await;
    let email = |address: &str| json!({ "identities": [{ "type": "email", "details": { "email": address } }] });
    let named = |name: &str| json!({ "profile": { "given_name": name } });
    let twice = json!({ "identities": [
        { "type": "username", "details": { "username": "kelvin" } },
        { "type": "username", "details": { "username": "\u{212A}ELVIN" } },
    ]});
    let many: Vec<Value> = (0..101)
        .map(|number| json!({ "type": "username", "details": { "username": format!("user{number}") } }))
        .collect();
    for (new, status, code) in [
        (email("ada@EXAMPLE.test"), 400, "USER_ALREADY_EXISTS"),
        (email("nobody"), 400, "INVALID_FIELD"),
        (
            email(&format!("{}@example.test", "a".repeat(300))),
            400,
            "INVALID_FIELD",
        ),
        (email("a\u{0}@example.test"), 400, "INVALID_BODY"),
        (named(&"a".repeat(65)), 400, "INVALID_FIELD"),
        (named(&"a".repeat(60_000)), 400, "INVALID_FIELD"),
        (named("two\nlines"), 400, "INVALID_FIELD"),
        (
            json!({ "profile": { "picture": "javascript:alert(1)" } }),
            400,
            "INVALID_FIELD",
        ),
        (
            json!({ "provided_id": "crm-1" }),
            400,
            "PROVIDED_ID_ALREADY_EXISTS",
        ),
        (
            json!({ "organization_code": "org_00000000000" }),
            404,
            "ORGANIZATION_NOT_FOUND",
        ),
        (
            json!({ "organization_code": "acme" }),
            404,
            "ORGANIZATION_NOT_FOUND",
        ),
        (twice, 400, "INVALID_FIELD"),
        (json!({ "identities": many }), 400, "TOO_MANY_IDENTITIES"),
        (
            json!({ "identities": [{ "type": "phone", "details": { "phone": "030 901820" } }] }),
            400,
            "INVALID_FIELD",
        ),
        (
            json!({ "identities": [{ "type": "phone", "details": {} }] }),
            400,
            "INVALID_FIELD",
        ),
        (
            json!({ "identities": [{ "type": "oauth2:google", "details": {} }] }),
            400,
            "INVALID_BODY",
        ),
        (json!({ "identities": "ada" }), 400, "INVALID_BODY"),
    ] {
        let refused = api.refusal("POST", "/user", Some(new.clone())).await;
        assert_eq!(refused, (status, code.to_owned()), "{new:.200}");
    }
    let all = api.get("/users").await;
    assert_eq!(ids(&all["users"]).len(), 1, "nothing of these was stored");

    let acme = world.organization("Acme").await;
    let new = json!({
        "profile": { "given_name": "Zoë 𝕏", "family_name": "Ó'Brien" },
        "organization_code": acme,
        "identities": [{ "type": "username", "details": { "username": "zoë.ob" } }],
    });
    let created = api.post("/user", new).await;
    let route = format!(
        "/user?id={}&expand=organizations",
        created["id"].as_str().unwrap()
    );
    let shown = api.get(&route).await;
    assert_eq!(
        (&shown["first_name"], &shown["last_name"]),
        (&json!("Zoë 𝕏"), &json!("Ó'Brien"))
    );
    assert_eq!(
        shown["organizations"],
        json!([acme]),
        "and not the default one"
    );
}

#[tokio::test]
async fn what_no_list_knows_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    for name in ["a", "b", "c"] {
        let new = json!({ "name": name, "key": name });
        api.post("/permissions", new).await;
        api.post("/user", json!({})).await;
    }
    let other = api.get("/permissions?page_size=1").await;
    let other = other["next_token"].as_str().unwrap().to_owned();
    let by_id = api.get("/users?page_size=1").await;
    let by_id = by_id["next_token"].as_str().unwrap().to_owned();
    let many = vec!["a"; 501].join(",");
    let since = "active_since=2026-11-22T08:00:00Z";
    for (query, code) in [
        (format!("next_token={other}"), "INVALID_FIELD"),
        (format!("{since}&next_token={by_id}"), "INVALID_FIELD"),
        ("next_token=x".to_owned(), "INVALID_FIELD"),
        (format!("user_id={many}"), "TOO_MANY_PARAMETERS"),
        (format!("email={many}"), "TOO_MANY_PARAMETERS"),
        ("page_size=501".to_owned(), "PAGE_SIZE_LIMIT_EXCEEDED"),
        ("expand=passwords".to_owned(), "INVALID_FIELD"),
        ("active_since=yesterday".to_owned(), "INVALID_FIELD"),
        ("has_organization=maybe".to_owned(), "INVALID_QUERY"),
        ("email=%00".to_owned(), "INVALID_QUERY"),
    ] {
        let refused = api.refusal("GET", &format!("/users?{query}"), None).await;
        assert_eq!(refused, (400, code.to_owned()), "{query:.60}");
    }
    let refused = api.refusal("GET", "/user", None).await;
    assert_eq!(refused, (400, "INVALID_QUERY".to_owned()));
    let refused = api.refusal("GET", "/user?id=org_00000000000", None).await;
    assert_eq!(refused, (404, "USER_NOT_FOUND".to_owned()));
}
