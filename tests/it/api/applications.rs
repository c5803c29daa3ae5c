//! `/applications`: clients (RFC 6749 §2), with their addresses and lifetimes.

use serde_json::{Value, json};
use vestibule::protocol::client::ApplicationKind;
use vestibule::store::audit_events;

use crate::support::{Api, Engine, PASSWORD, World, on_each_engine};

on_each_engine! {
    an_application_is_registered_changed_and_removed
    addresses_are_added_replaced_and_removed
    a_disabled_application_loses_what_it_was_granted
    a_secret_is_renewed_with_an_overlap
    pages_hold_each_application_once
    lifetimes_and_claims_are_changed
    access_roles_come_before_access_control
}

/// Registers an application. Returns its route, and what it was answered.
async fn registered(api: &Api, kind: &str) -> (String, Value) {
    let new = json!({ "name": "Notes", "type": kind });
    let created = api.call("POST", "/applications", Some(new)).await;
    assert_eq!(created.status.as_u16(), 201, "{}", created.body);
    let application = created.body["application"].clone();
    let id = application["id"].as_str().expect("it has an id");
    (format!("/applications/{id}"), application)
}

#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn an_application_is_registered_changed_and_removed(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let (route, created) = registered(&api, "reg").await;
    assert_eq!(created["id"], created["client_id"]);
    let secret = created["client_secret"].as_str().expect("it has a secret");
    assert!((40..=60).contains(&secret.len()), "{}", secret.len());

    let change = json!({
        "name": "Better notes",
        "language_key": "de",
        "login_uri": "https://notes.test/login",
        "homepage_uri": "https://notes.test",
        "redirect_uris": ["https://notes.test/callback"],
        "logout_uris": ["https://notes.test/bye"],
        "is_ask_for_name": false,
        "has_cancel_button": false,
        "has_marketing_consent": false,
        "requires_consent": true,
        "signing_algorithm": "ES256",
    });
    let said = api.call("PATCH", &route, Some(change)).await;
    assert_eq!((said.status.as_u16(), said.body), (200, json!("")));
    let shown = api.get(&route).await["application"].clone();
    for (name, expected) in [
        ("name", json!("Better notes")),
        ("type", json!("reg")),
        ("kind", json!("web")),
        ("client_secret", Value::Null),
        ("language_key", json!("de")),
        ("login_uri", json!("https://notes.test/login")),
        ("homepage_uri", json!("https://notes.test")),
        ("is_ask_for_name", json!(false)),
        ("has_cancel_button", json!(false)),
        ("has_register_link_on_sign_in_page", json!(true)),
        ("has_sign_in_link_on_sign_up_page", json!(true)),
        ("is_allow_faceless_auth", json!(false)),
        ("is_access_control_enabled", json!(false)),
        ("requires_consent", json!(true)),
        ("signing_algorithm", json!("ES256")),
    ] {
        assert_eq!(shown[name], expected, "{name}");
    }
    api.patch(&route, json!({ "language_key": null, "login_uri": null }))
        .await;
    let shown = api.get(&route).await["application"].clone();
    assert_eq!(
        (&shown["language_key"], &shown["login_uri"]),
        (&Value::Null, &Value::Null)
    );

    api.delete(&route).await;
    let refused = api.refusal("GET", &route, None).await;
    assert_eq!(refused, (404, "APPLICATION_NOT_FOUND".to_owned()));
    let id = created["id"].as_str().unwrap_or_default();
    let mut tx = world.app.db.read().await.unwrap();
    let events = audit_events::list_for_subject(&mut tx, id).await.unwrap();
    for action in [
        "application.created",
        "application.updated",
        "application.removed",
    ] {
        assert!(
            events.iter().any(|event| event.action == action),
            "{action}"
        );
    }
    for event in &events {
        let details = event.details.0.to_string();
        assert_eq!(event.actor, api.client.id.as_str());
        assert!(
            !details.contains(secret) && !details.contains("hash"),
            "{details}"
        );
    }
}

async fn addresses_are_added_replaced_and_removed(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let (route, _) = registered(&api, "spa").await;
    for (noun, member) in [
        ("auth_redirect_urls", "redirect_urls"),
        ("auth_logout_urls", "logout_urls"),
    ] {
        let route = format!("{route}/{noun}");
        let listed = async || api.get(&route).await[member].clone();
        assert_eq!(listed().await, json!([]));
        api.post(
            &route,
            json!({ "urls": ["https://b.test/", "https://a.test/"] }),
        )
        .await;
        api.post(&route, json!({ "urls": ["https://b.test/"] }))
            .await;
        assert_eq!(
            listed().await,
            json!(["https://a.test/", "https://b.test/"])
        );
        let body = json!({ "urls": ["https://c.test/", "https://d.test/?x=1,2"] });
        let said = api.call("PUT", &route, Some(body)).await;
        assert_eq!(said.body["code"], "OK");
        assert_eq!(
            listed().await,
            json!(["https://c.test/", "https://d.test/?x=1,2"])
        );
        let unknown = format!("{route}?urls=https://c.test/,https://nowhere.test/");
        let refused = api.refusal("DELETE", &unknown, None).await;
        assert_eq!(refused, (400, "INVALID_FIELD".to_owned()));
        api.delete(&format!("{route}?urls=https%3A%2F%2Fd.test%2F%3Fx%3D1%2C2"))
            .await;
        assert_eq!(listed().await, json!(["https://c.test/"]));
        for bad in [
            "http://b.test/",
            "https://b.test/#here",
            "notes",
            "com.acme.notes:/x",
        ] {
            let refused = api
                .refusal(
                    "POST",
                    &route,
                    Some(json!({ "urls": ["https://e.test/", bad] })),
                )
                .await;
            assert_eq!(refused, (400, "INVALID_FIELD".to_owned()), "{bad}");
        }
        assert_eq!(
            listed().await,
            json!(["https://c.test/"]),
            "nothing is half done"
        );
    }
}

async fn a_disabled_application_loses_what_it_was_granted(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let (_, tokens) = world.signed_in(&client, "ada@example.test").await;
    let route = format!("/applications/{}", client.id);
    api.patch(&route, json!({ "is_enabled": false })).await;
    world.pass(1);
    assert_eq!(
        client.userinfo(&tokens.access_token).await.status.as_u16(),
        401
    );
    api.patch(&route, json!({ "is_enabled": true })).await;
    world.pass(1);
    let refresh_token = tokens.refresh_token.as_deref().unwrap_or_default();
    let refused = client.refresh(refresh_token).await;
    assert_eq!(
        refused.body["error"], "invalid_grant",
        "what ended stays ended"
    );

    api.delete(&route).await;
    world.pass(1);
    let refused = client.refresh(refresh_token).await;
    assert_eq!(refused.body["error"], "invalid_client");
}

async fn a_secret_is_renewed_with_an_overlap(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let mut machine = world.machine_client("https://api.example.test").await;
    let former = machine.clone();
    let route = format!("/applications/{}/client_secret", machine.id);
    let works = async |client: &crate::support::TestClient| {
        let answer = client.token(&[("grant_type", "client_credentials")]).await;
        answer.status.is_success()
    };
    let renewed = api.post(&route, json!({ "overlap_seconds": 60 })).await;
    machine.secret = renewed["application"]["client_secret"]
        .as_str()
        .map(str::to_owned);
    world.pass(1);
    assert_eq!((works(&former).await, works(&machine).await), (true, true));
    world.pass(60);
    assert_eq!((works(&former).await, works(&machine).await), (false, true));
    let answer = api.call("POST", &route, None).await;
    assert_eq!(
        answer.status.as_u16(),
        200,
        "without a body there is no overlap"
    );
    world.pass(1);
    assert!(!works(&machine).await);

    for _ in 0..9 {
        api.post(&route, json!({ "overlap_seconds": 600 })).await;
    }
    let refused = api
        .refusal("POST", &route, Some(json!({ "overlap_seconds": 600 })))
        .await;
    assert_eq!(refused, (400, "TOO_MANY_SECRETS".to_owned()));
    for seconds in [-1, 31_536_001] {
        let body = json!({ "overlap_seconds": seconds });
        let refused = api.refusal("POST", &route, Some(body)).await;
        assert_eq!(refused, (400, "INVALID_FIELD".to_owned()));
    }
}

async fn pages_hold_each_application_once(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    for name in ["Cherry", "Apple", "Apple", "Banana"] {
        api.post("/applications", json!({ "name": name, "type": "native" }))
            .await;
    }
    for sort in ["name_asc", "name_desc", "id_asc", "id_desc"] {
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let route = format!("/applications?page_size=2&sort={sort}&next_token={token}");
            let page = api.get(&route).await;
            let entries = page["applications"].as_array().expect("it is a list");
            seen.extend(entries.iter().map(|one| {
                let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
                assert!(["spa", "m2m"].contains(&text("type").as_str()), "{one}");
                (text("name"), text("id"))
            }));
            match page["next_token"].as_str() {
                Some(next) => next.clone_into(&mut token),
                None => break,
            }
        }
        let mut expected = seen.clone();
        if sort.starts_with("id") {
            expected.sort_by(|one, other| one.1.cmp(&other.1));
        } else {
            expected.sort();
        }
        if sort.ends_with("desc") {
            expected.reverse();
        }
        expected.dedup();
        assert_eq!((seen.len(), &seen), (5, &expected), "{sort}");
    }
}

#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn lifetimes_and_claims_are_changed(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let route = format!("/applications/{}/tokens", client.id);
    let change = json!({
        "access_token_lifetime": 600,
        "refresh_token_lifetime": 1200,
        "id_token_lifetime": 300,
        "authenticated_session_lifetime": 900,
        "is_hasura_mapping_enabled": false,
        "claims": { "email": true, "longest_permissions": 100, "properties_in_id_token": ["shoe_size"] },
    });
    let refused = api.refusal("PATCH", &route, Some(change.clone())).await;
    assert_eq!(
        refused,
        (400, "INVALID_FIELD".to_owned()),
        "there is no such property yet"
    );
    define_shoe_size(&api).await;
    let said = api.patch(&route, change).await;
    assert_eq!(said["code"], "OK");
    let shown = api.get(&route).await;
    let expected = json!({
        "access_token_lifetime": 600,
        "refresh_token_lifetime": 1200,
        "id_token_lifetime": 300,
        "authenticated_session_lifetime": 900,
        "is_hasura_mapping_enabled": false,
        "claims": {
            "api_scopes_in_permissions": false, "email": true, "external_organization_id": false,
            "feature_flags": false, "longest_feature_flags": 4000, "longest_permissions": 100,
            "longest_properties": 4000, "organizations": false, "organization_name": false,
            "properties_in_access_token": [], "properties_in_id_token": ["shoe_size"], "roles": false,
        },
    });
    assert_eq!(shown["tokens"], expected);
    world.pass(1);
    let (_, tokens) = world.signed_in(&client, "ada@example.test").await;
    let claims = tokens.access_claims();
    let lives = claims["exp"].as_i64().zip(claims["iat"].as_i64());
    assert_eq!(lives.map(|(exp, iat)| exp - iat), Some(600));
    assert_eq!(claims["email"], "ada@example.test");

    api.patch(&route, json!({ "authenticated_session_lifetime": null }))
        .await;
    let shown = api.get(&route).await;
    assert_eq!(
        shown["tokens"]["authenticated_session_lifetime"],
        Value::Null
    );
    for bad in [
        json!({ "access_token_lifetime": 59 }),
        json!({ "id_token_lifetime": 0 }),
        json!({ "refresh_token_lifetime": 31_536_001 }),
        json!({ "access_token_lifetime": 31_536_001 }),
        json!({ "authenticated_session_lifetime": 59 }),
        json!({ "claims": { "longest_permissions": -1 } }),
        json!({ "claims": { "longest_permissions": 100_001 } }),
    ] {
        let refused = api.refusal("PATCH", &route, Some(bad.clone())).await;
        assert_eq!(refused, (400, "INVALID_FIELD".to_owned()), "{bad}");
    }
}

async fn define_shoe_size(api: &Api) {
    let category = json!({ "name": "Feet", "context": "usr" });
    let category = api.post("/property_categories", category).await;
    let property = json!({
        "name": "Shoe size", "key": "shoe_size", "type": "single_line_text", "context": "usr", "is_private": false,
        "category_id": category["category"]["id"],
    });
    api.post("/properties", property).await;
}

#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn access_roles_come_before_access_control(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let (route, _) = registered(&api, "reg").await;
    let (on, off) = (
        json!({ "is_access_control_enabled": true }),
        json!({ "is_access_control_enabled": false }),
    );
    let refused = api.refusal("PATCH", &route, Some(on.clone())).await;
    assert_eq!(refused, (400, "ACCESS_ROLES_REQUIRED".to_owned()));
    let mut roles = Vec::new();
    for key in ["one", "two", "three"] {
        let role = world.role(key, &[]).await;
        api.post(&format!("{route}/access_roles/{role}"), json!({}))
            .await;
        roles.push(role.to_string());
    }
    roles.sort_unstable();
    api.patch(&route, on).await;
    assert_eq!(
        api.get(&route).await["application"]["is_access_control_enabled"],
        true
    );
    let page = api.get(&format!("{route}/access_roles?page_size=2")).await;
    assert_eq!(
        (&page["roles"][1]["id"], &page["has_more"]),
        (&json!(roles[1]), &json!(true))
    );
    let rest = api
        .get(&format!("{route}/access_roles?starting_after={}", roles[1]))
        .await;
    assert_eq!(
        (&rest["roles"][0]["id"], &rest["has_more"]),
        (&json!(roles[2]), &json!(false))
    );
    for (query, code) in [
        ("page_size=501".to_owned(), "PAGE_SIZE_LIMIT_EXCEEDED"),
        ("page_size=0".to_owned(), "INVALID_FIELD"),
        ("starting_after=x".to_owned(), "INVALID_FIELD"),
        (
            format!("starting_after={0}&ending_before={0}", roles[0]),
            "TOO_MANY_PARAMETERS",
        ),
    ] {
        let refused = api
            .refusal("GET", &format!("{route}/access_roles?{query}"), None)
            .await;
        assert_eq!(refused, (400, code.to_owned()), "{query}");
    }
    for role in &roles[..2] {
        api.delete(&format!("{route}/access_roles/{role}")).await;
    }
    let after_gone = format!("{route}/access_roles?starting_after={}", roles[0]);
    let rest = api.get(&after_gone).await;
    assert_eq!(rest["roles"][0]["id"], json!(roles[2]));
    let last = format!("{route}/access_roles/{}", roles[2]);
    let refused = api.refusal("DELETE", &last, None).await;
    assert_eq!(refused, (400, "ACCESS_ROLES_REQUIRED".to_owned()));
    api.patch(&route, off).await;
    api.delete(&last).await;
    for gone in [&last, &format!("{route}/access_roles/x")] {
        let refused = api.refusal("DELETE", gone, None).await;
        assert_eq!(refused, (404, "ROLE_NOT_FOUND".to_owned()));
    }
    let (machine, _) = registered(&api, "m2m").await;
    let add = format!("{machine}/access_roles/{}", roles[0]);
    let refused = api.refusal("POST", &add, None).await;
    assert_eq!(refused, (400, "ACCESS_CONTROL_NOT_SUPPORTED".to_owned()));
}

#[tokio::test]
async fn a_machine_of_one_organization_acts_there() {
    let world = World::new().await;
    let api = world.api().await;
    let acme = world.organization("Acme").await;
    let new = |code: &str, kind: &str| json!({ "name": "M", "type": kind, "org_code": code });
    let created = api.post("/applications", new(acme.as_str(), "m2m")).await;
    let id = created["application"]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let shown = api.get(&format!("/applications/{id}")).await;
    assert_eq!(shown["application"]["org_code"], acme.as_str());
    for (new, status, code) in [
        (
            new(acme.as_str(), "reg"),
            400,
            "APPLICATION_TYPE_NOT_SUPPORTED",
        ),
        (new("org_00000000000", "m2m"), 404, "ORGANIZATION_NOT_FOUND"),
        (new("x", "m2m"), 404, "ORGANIZATION_NOT_FOUND"),
    ] {
        let refused = api
            .refusal("POST", "/applications", Some(new.clone()))
            .await;
        assert_eq!(refused, (status, code.to_owned()), "{new}");
    }
}

#[tokio::test]
async fn what_can_not_be_an_application_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    for (new, code) in [
        (
            json!({ "name": "A", "type": "device" }),
            "APPLICATION_TYPE_NOT_SUPPORTED",
        ),
        (
            json!({ "name": "A", "type": "web" }),
            "APPLICATION_TYPE_NOT_SUPPORTED",
        ),
        (json!({ "name": "", "type": "reg" }), "INVALID_FIELD"),
        (
            json!({ "name": "a".repeat(101), "type": "reg" }),
            "INVALID_FIELD",
        ),
        (json!({ "name": "A" }), "INVALID_BODY"),
        (json!({ "name": 1, "type": "reg" }), "INVALID_BODY"),
    ] {
        let refused = api
            .refusal("POST", "/applications", Some(new.clone()))
            .await;
        assert_eq!(refused, (400, code.to_owned()), "{new}");
    }
    let (route, created) = registered(&api, "spa").await;
    assert_eq!(created["client_secret"], Value::Null);
    for (change, code) in [
        (json!({ "name": " " }), "INVALID_FIELD"),
        (json!({ "language_key": "fr" }), "INVALID_FIELD"),
        (
            json!({ "login_uri": "javascript:alert(1)" }),
            "INVALID_FIELD",
        ),
        (
            json!({ "redirect_uris": ["http://a.test/"] }),
            "INVALID_FIELD",
        ),
        (json!({ "is_allow_faceless_auth": true }), "INVALID_FIELD"),
        (json!({ "has_marketing_consent": true }), "INVALID_FIELD"),
        (
            json!({ "has_sign_in_with_sso_button": true }),
            "INVALID_FIELD",
        ),
        (json!({ "use_gravatar_fallback": true }), "INVALID_FIELD"),
        (json!({ "requires_pkce": false }), "PKCE_REQUIRED"),
        (json!({ "signing_algorithm": "HS256" }), "INVALID_BODY"),
        (json!({ "has_cancel_button": "yes" }), "INVALID_BODY"),
    ] {
        let refused = api.refusal("PATCH", &route, Some(change.clone())).await;
        assert_eq!(refused, (400, code.to_owned()), "{change}");
    }
    let secret = format!("{route}/client_secret");
    let refused = api.refusal("POST", &secret, None).await;
    assert_eq!(refused, (400, "APPLICATION_TYPE_NOT_SUPPORTED".to_owned()));
}

#[tokio::test]
async fn nobody_takes_more_of_the_management_api_than_they_hold() {
    let world = World::new().await;
    let strong = world.api().await;
    let weak = world
        .api_with("update:applications create:api_application_scopes read:apis")
        .await;
    let route = format!("/applications/{}/client_secret", strong.client.id);
    let refused = weak.refusal("POST", &route, None).await;
    assert_eq!(refused, (403, "INSUFFICIENT_SCOPE".to_owned()));
    let own = format!("/applications/{}/client_secret", weak.client.id);
    weak.post(&own, json!({})).await;

    let apis = strong.get("/apis?expand=scopes").await;
    let management = apis["apis"].as_array().into_iter().flatten();
    let management = management
        .into_iter()
        .find(|api| api["is_management_api"] == true)
        .unwrap();
    let id = |key: &str| {
        let mut scopes = management["scopes"].as_array().into_iter().flatten();
        let scope = scopes.find(|scope| scope["key"] == key);
        scope
            .and_then(|scope| scope["id"].as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let give = |key: &str| {
        let api = management["id"].as_str().unwrap_or_default();
        format!(
            "/apis/{api}/applications/{}/scopes/{}",
            weak.client.id,
            id(key)
        )
    };
    let refused = weak.refusal("POST", &give("delete:users"), None).await;
    assert_eq!(refused, (403, "INSUFFICIENT_SCOPE".to_owned()));
    weak.post(&give("read:apis"), json!({})).await;
    let machine = world
        .register(ApplicationKind::Machine, &[], &[], |_| {})
        .await;
    let route = format!("/applications/{}/client_secret", machine.id);
    weak.post(&route, json!({})).await;
}
