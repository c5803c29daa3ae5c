//! `/properties`, and the values of properties.

use serde_json::{Value, json};
use vestibule::store::clients::Client;

use crate::support::{Api, Engine, PASSWORD, Tokens, World, on_each_engine};

on_each_engine! {
    a_property_is_defined_changed_and_removed
    selected_public_properties_are_in_tokens_and_no_others
}

/// A category for properties of that context.
async fn category(api: &Api, context: &str) -> Value {
    let new = json!({ "name": "General", "context": context });
    api.post("/property_categories", new).await["category"]["id"].clone()
}

/// Defines a public property of one line.
async fn define(api: &Api, key: &str, context: &str, category: &Value) -> String {
    let new = json!({
        "name": key, "key": key, "type": "single_line_text", "context": context,
        "is_private": false, "category_id": category,
    });
    let created = api.post("/properties", new).await;
    created["property"]["id"]
        .as_str()
        .expect("it has an id")
        .to_owned()
}

async fn done(api: &Api, method: &str, route: &str, body: Option<Value>) {
    let answer = api.call(method, route, body).await;
    assert!(
        answer.status.is_success(),
        "{method} {route} {:?}",
        answer.body
    );
}

async fn a_property_is_defined_changed_and_removed(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let general = category(&api, "usr").await;
    let id = define(&api, "city", "usr", &general).await;
    define(&api, "plan", "org", &category(&api, "org").await).await;
    let renamed = json!({ "name": "Where" });
    let route = format!("/property_categories/{}", general.as_str().unwrap());
    done(&api, "PUT", &route, Some(renamed)).await;
    let listed = api.get("/property_categories?context=usr").await;
    let expected = json!([{ "id": general, "name": "Where", "context": "usr" }]);
    assert_eq!(
        (&listed["categories"], &listed["has_more"]),
        (&expected, &json!(false))
    );

    let change = json!({ "name": "City", "description": "Of residence", "is_private": true, "category_id": general });
    done(&api, "PUT", &format!("/properties/{id}"), Some(change)).await;
    let listed = api.get("/properties?context=usr").await;
    let expected = json!([{
        "id": id, "key": "city", "name": "City", "description": "Of residence", "is_private": true,
        "is_kinde_property": false, "type": "single_line_text", "context": "usr", "category_id": general,
    }]);
    assert_eq!(listed["properties"], expected);
    let first = api.get("/properties?page_size=1").await;
    assert_eq!(first["has_more"], true);
    let last = first["properties"][0]["id"].as_str().unwrap();
    let second = api
        .get(&format!("/properties?page_size=1&starting_after={last}"))
        .await;
    assert_eq!(second["has_more"], false);
    assert_eq!(second["properties"].as_array().map(Vec::len), Some(1));

    api.delete(&format!("/properties/{id}")).await;
    let refused = api
        .refusal("DELETE", &format!("/properties/{id}"), None)
        .await;
    assert_eq!(refused, (404, "PROPERTY_NOT_FOUND".to_owned()));
    // Who removes while they page through the list goes on where they were.
    let all = api.get("/properties").await["properties"].take();
    let beyond = |one: &&Value| one["id"].as_str() > Some(&id);
    let beyond: Value = all
        .as_array()
        .unwrap()
        .iter()
        .filter(beyond)
        .cloned()
        .collect();
    let rest = api.get(&format!("/properties?starting_after={id}")).await;
    assert_eq!(rest["properties"], beyond);
    let mut actions = world.audited(&id).await;
    actions.sort();
    assert_eq!(
        actions,
        ["property.created", "property.removed", "property.updated"]
    );
}

#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn selected_public_properties_are_in_tokens_and_no_others(engine: Engine) {
    let world = World::on(engine).await;
    let (api, client) = (world.api().await, world.client().await);
    let select = |client: &mut Client| {
        let switches = &mut client.claim_switches.0;
        switches.properties_in_access_token = ["city", "plan", "tier", "secret"]
            .map(str::to_owned)
            .to_vec();
        switches.properties_in_id_token = vec!["city".to_owned()];
    };
    world.change(&client, select).await;
    let (acme, globex) = (
        world.organization("Acme").await,
        world.organization("Globex").await,
    );
    let ada = world.user("ada@example.test", PASSWORD).await;
    let grace = world.user("grace@example.test", PASSWORD).await;
    for organization in [&acme, &globex] {
        world.join(&ada, organization).await;
    }
    let (usr, org, app) = (
        category(&api, "usr").await,
        category(&api, "org").await,
        category(&api, "app").await,
    );
    for (key, context, category) in [
        ("city", "usr", &usr),
        ("shoe_size", "usr", &usr),
        ("secret", "usr", &usr),
        ("plan", "org", &org),
        ("tier", "app", &app),
    ] {
        let id = define(&api, key, context, category).await;
        if key == "secret" {
            let private = json!({ "name": "S", "is_private": true, "category_id": category });
            done(&api, "PUT", &format!("/properties/{id}"), Some(private)).await;
        }
    }
    let values = json!({ "properties": { "city": "London", "shoe_size": "37", "secret": "s" } });
    done(
        &api,
        "PATCH",
        &format!("/users/{ada}/properties"),
        Some(values),
    )
    .await;
    done(
        &api,
        "PUT",
        &format!("/users/{grace}/properties/city?value=New+York"),
        None,
    )
    .await;
    let plan = json!({ "properties": { "plan": "gold" } });
    done(
        &api,
        "PATCH",
        &format!("/organizations/{acme}/properties"),
        Some(plan),
    )
    .await;
    done(
        &api,
        "PUT",
        &format!("/organizations/{globex}/properties/plan?value=tin"),
        None,
    )
    .await;
    let of_application = format!("/applications/{}/properties", client.id);
    done(
        &api,
        "PUT",
        &format!("{of_application}/tier"),
        Some(json!({ "value": true })),
    )
    .await;
    let known = api.get(&of_application).await;
    assert_eq!(known["properties"][0]["value"], "true");
    world.pass(1);

    let mut browser = world.browser();
    browser
        .open(&client.authorize_url(&[("org_code", acme.as_str())]))
        .await;
    browser.sign_in("ada@example.test", PASSWORD).await;
    let tokens = client.redeem(browser.arrived()).await;
    let claims = tokens.access_claims();
    assert_eq!(
        claims["user_properties"],
        json!({ "city": { "v": "London" } })
    );
    assert_eq!(
        claims["organization_properties"],
        json!({ "plan": { "v": "gold" } })
    );
    assert_eq!(
        claims["application_properties"],
        json!({ "tier": { "v": "true" } })
    );
    let claims = tokens.id_claims();
    assert_eq!(
        claims["user_properties"],
        json!({ "city": { "v": "London" } })
    );
    assert!(claims.get("organization_properties").is_none());

    // A change, and a value that is taken away, show at the next refresh.
    let values = json!({ "properties": { "city": null } });
    done(
        &api,
        "PATCH",
        &format!("/users/{ada}/properties"),
        Some(values),
    )
    .await;
    done(
        &api,
        "PUT",
        &format!("/organizations/{acme}/properties/plan?value=lead"),
        None,
    )
    .await;
    let refreshed = client
        .refresh(&tokens.refresh_token.expect("it was asked for"))
        .await;
    let claims = Tokens::of(&refreshed).access_claims();
    assert!(claims.get("user_properties").is_none());
    assert_eq!(
        claims["organization_properties"],
        json!({ "plan": { "v": "lead" } })
    );

    // What a user's values say is not in the log.
    let mut tx = world.app.db.read().await.unwrap();
    let events = vestibule::store::audit_events::list_for_subject(&mut tx, ada.as_str())
        .await
        .unwrap();
    let changed: Vec<_> = events
        .iter()
        .filter(|event| event.action == "user.properties_changed")
        .collect();
    assert_eq!(changed.len(), 2);
    assert!(
        changed
            .iter()
            .all(|event| !event.details.0.to_string().contains("London"))
    );
}

#[tokio::test]
async fn properties_that_are_too_long_for_a_token_are_left_out_and_said_to_be() {
    let world = World::new().await;
    let (api, client) = (world.api().await, world.client().await);
    let select = |client: &mut Client| {
        client.claim_switches.0.properties_in_access_token = vec!["city".to_owned()];
        client.claim_switches.0.longest_properties = 100;
    };
    world.change(&client, select).await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    define(&api, "city", "usr", &category(&api, "usr").await).await;
    let long = "a".repeat(100);
    done(
        &api,
        "PUT",
        &format!("/users/{ada}/properties/city?value={long}"),
        None,
    )
    .await;
    world.pass(1);
    let (_, tokens) = world.signed_in(&client, "ada@example.test").await;
    let claims = tokens.access_claims();
    assert_eq!(claims["properties_omitted"], true);
    assert_eq!(claims.get("user_properties"), None);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn what_can_not_be_a_property_or_its_value_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let usr = category(&api, "usr").await;
    let org = category(&api, "org").await;
    define(&api, "city", "usr", &usr).await;
    define(&api, "plan", "org", &org).await;
    let with = |member: &str, value: Value| {
        let mut new = json!({
            "name": "A", "key": "a", "type": "single_line_text", "context": "usr",
            "is_private": false, "category_id": usr,
        });
        new[member] = value;
        new
    };
    for (new, code) in [
        (with("key", "city".into()), "KEY_ALREADY_EXISTS"),
        (with("key", "plan".into()), "KEY_ALREADY_EXISTS"),
        (with("key", "a b".into()), "INVALID_FIELD"),
        (with("name", "".into()), "INVALID_FIELD"),
        (with("type", "number".into()), "INVALID_FIELD"),
        (with("context", "bus".into()), "INVALID_FIELD"),
        (with("category_id", org.clone()), "CATEGORY_NOT_FOUND"),
        (with("category_id", "1".into()), "CATEGORY_NOT_FOUND"),
        (with("is_private", "no".into()), "INVALID_BODY"),
    ] {
        let refused = api.refusal("POST", "/properties", Some(new.clone())).await;
        assert_eq!(refused, (400, code.to_owned()), "{new}");
    }
    let taken = Some(json!({ "name": "General", "context": "usr" }));
    let refused = api.refusal("POST", "/property_categories", taken).await;
    assert_eq!(refused, (400, "CATEGORY_ALREADY_EXISTS".to_owned()));
    for query in ["starting_after=x", "context=bus", "page_size=0"] {
        let refused = api
            .refusal("GET", &format!("/properties?{query}"), None)
            .await;
        assert_eq!(refused, (400, "INVALID_FIELD".to_owned()), "{query}");
    }
    let of_ada = format!("/users/{ada}/properties");
    for (values, status, code) in [
        (json!({ "city": "a\nb" }), 400, "INVALID_PROPERTY_VALUE"),
        (
            json!({ "city": "a".repeat(2001) }),
            400,
            "INVALID_PROPERTY_VALUE",
        ),
        (json!({ "city": 1 }), 400, "INVALID_BODY"),
        (
            json!({ "city": "London", "none": "a" }),
            404,
            "PROPERTY_NOT_FOUND",
        ),
        (
            json!({ "city": "London", "plan": "gold" }),
            404,
            "PROPERTY_NOT_FOUND",
        ),
    ] {
        let body = Some(json!({ "properties": values }));
        let refused = api.refusal("PATCH", &of_ada, body).await;
        assert_eq!(refused, (status, code.to_owned()), "{values:.60}");
    }
    assert_eq!(
        api.get(&of_ada).await["properties"][0]["value"],
        Value::Null,
        "nothing half done"
    );
    for (method, route, code) in [
        (
            "GET",
            "/users/kp_00000000000000000000000000000000/properties",
            "USER_NOT_FOUND",
        ),
        ("PUT", "/users/1/properties/city?value=a", "USER_NOT_FOUND"),
        (
            "GET",
            "/organizations/org_00000000000/properties",
            "ORGANIZATION_NOT_FOUND",
        ),
        ("GET", "/applications/1/properties", "APPLICATION_NOT_FOUND"),
    ] {
        let refused = api.refusal(method, route, None).await;
        assert_eq!(refused, (404, code.to_owned()), "{route}");
    }
}
