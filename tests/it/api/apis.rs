//! `/apis`: resource servers that access tokens are for (RFC 8707).

use serde_json::{Value, json};

use crate::support::{Api, Engine, PASSWORD, World, on_each_engine};

const AUDIENCE: &str = "https://orders.example.test";

on_each_engine! {
    an_api_is_registered_connected_and_removed
    scopes_are_defined_given_and_taken
    what_is_taken_from_an_application_its_tokens_give_no_more
}

/// Registers an API with these scopes. Returns its route, and the routes of the scopes.
async fn registered(api: &Api, scopes: &[&str]) -> (String, Vec<String>) {
    let new = json!({ "name": "Orders", "audience": AUDIENCE });
    let created = api.call("POST", "/apis", Some(new)).await;
    assert_eq!(created.status.as_u16(), 200, "{}", created.body);
    let route = format!(
        "/apis/{}",
        created.body["api"]["id"].as_str().unwrap_or_default()
    );
    let mut ids = Vec::new();
    for key in scopes {
        let new = json!({ "key": key, "description": "Orders" });
        let created = api.post(&format!("{route}/scopes"), new).await;
        ids.push(
            created["scope"]["id"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        );
    }
    (route, ids)
}

async fn an_api_is_registered_connected_and_removed(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let (route, scopes) = registered(&api, &["read:orders"]).await;
    let shown = api.get(&route).await;
    assert_eq!(shown["api"]["audience"], AUDIENCE);
    assert_eq!(shown["api"]["is_management_api"], false);
    assert_eq!(
        shown["api"]["scopes"],
        json!([{ "id": scopes[0], "key": "read:orders" }])
    );
    assert_eq!(shown["api"]["applications"], json!([]));
    let listed = api.get("/apis").await;
    assert_eq!(listed["apis"].as_array().map(Vec::len), Some(2));
    assert_eq!(listed["apis"][0]["scopes"], Value::Null);

    let client = world.client().await;
    let connect = format!("{route}/applications");
    let both = json!({ "applications": [{ "id": client.id }, { "id": api.client.id }] });
    let said = api.patch(&connect, both.clone()).await;
    assert_eq!(
        said["applications_connected"].as_array().map(Vec::len),
        Some(2)
    );
    let said = api.patch(&connect, both).await;
    assert_eq!(said["applications_connected"], json!([]));
    let mut types: Vec<String> = Vec::new();
    for one in api.get(&route).await["api"]["applications"]
        .as_array()
        .into_iter()
        .flatten()
    {
        assert_eq!(one["is_active"], true);
        types.push(one["type"].as_str().unwrap_or_default().to_owned());
    }
    types.sort_unstable();
    assert_eq!(types, ["Back-end web", "Machine to machine (M2M)"]);
    let gone = json!({ "applications": [{ "id": client.id, "operation": "delete" }] });
    let said = api.patch(&connect, gone).await;
    assert_eq!(said["applications_disconnected"], json!([client.id]));

    api.delete(&route).await;
    let refused = api.refusal("GET", &route, None).await;
    assert_eq!(refused, (404, "API_NOT_FOUND".to_owned()));
    let audited = world.audited(client.id.as_str()).await;
    assert_eq!(
        audited,
        ["application.api_added", "application.api_removed"]
    );
}

async fn scopes_are_defined_given_and_taken(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let (route, scopes) = registered(&api, &["read:orders", "write:orders"]).await;
    let read = format!("{route}/scopes/{}", scopes[0]);
    let said = api
        .call(
            "PATCH",
            &read,
            Some(json!({ "description": "All of them" })),
        )
        .await;
    assert_eq!((said.status.as_u16(), said.body), (200, json!("")));
    let shown = api.get(&read).await;
    let expected = json!({ "id": scopes[0], "key": "read:orders", "description": "All of them" });
    assert_eq!(shown["scope"], expected);
    let listed = api.get(&format!("{route}/scopes")).await;
    assert_eq!(listed["scopes"].as_array().map(Vec::len), Some(2));

    let machine = world.machine_client("https://other.example.test").await;
    let give = |scope: &str| format!("{route}/applications/{}/scopes/{scope}", machine.id);
    let refused = api.refusal("POST", &give(&scopes[0]), None).await;
    assert_eq!(refused, (400, "APPLICATION_NOT_CONNECTED".to_owned()));
    let connect = json!({ "applications": [{ "id": machine.id }] });
    api.patch(&format!("{route}/applications"), connect).await;
    world.pass(1);
    let request = [("grant_type", "client_credentials"), ("audience", AUDIENCE)];
    assert_eq!(
        machine.token(&request).await.body["scope"],
        "",
        "connecting gives nothing"
    );
    for scope in &scopes {
        let said = api.call("POST", &give(scope), None).await;
        assert_eq!((said.status.as_u16(), said.body), (200, json!("")));
    }
    world.pass(1);
    assert_eq!(
        machine.token(&request).await.body["scope"],
        "read:orders write:orders"
    );
    api.delete(&give(&scopes[1])).await;
    world.pass(1);
    assert_eq!(machine.token(&request).await.body["scope"], "read:orders");
    api.delete(&read).await;
    world.pass(1);
    assert_eq!(machine.token(&request).await.body["scope"], "");
    let refused = api.refusal("GET", &read, None).await;
    assert_eq!(refused, (404, "SCOPE_NOT_FOUND".to_owned()));
}

async fn what_is_taken_from_an_application_its_tokens_give_no_more(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let (route, scopes) = registered(&api, &["read:orders", "write:orders"]).await;
    let connect = json!({ "applications": [{ "id": client.id }] });
    api.patch(&format!("{route}/applications"), connect).await;
    for scope in &scopes {
        let give = format!("{route}/applications/{}/scopes/{scope}", client.id);
        api.post(&give, json!({})).await;
    }
    world.pass(1);
    let mut browser = world.browser();
    let scope = "openid offline read:orders write:orders";
    let request = [("scope", scope), ("audience", AUDIENCE)];
    browser.open(&client.authorize_url(&request)).await;
    browser.sign_in("ada@example.test", PASSWORD).await;
    let mut tokens = client.redeem(browser.arrived()).await;
    let says = async |token: &str| {
        let answer = client.post("/oauth2/introspect", &[("token", token)]).await;
        (answer.body["scope"].clone(), answer.body["aud"].clone())
    };
    let expected = (
        json!("openid offline read:orders write:orders"),
        json!([AUDIENCE]),
    );
    assert_eq!(says(&tokens.access_token).await, expected);

    api.delete(&format!("{route}/scopes/{}", scopes[1])).await;
    world.pass(1);
    let expected = (json!("openid offline read:orders"), json!([AUDIENCE]));
    assert_eq!(says(&tokens.access_token).await, expected);
    let refresh_token = tokens.refresh_token.clone().unwrap_or_default();
    let (scope, _) = says(&refresh_token).await;
    assert_eq!(scope, "openid offline read:orders");
    tokens = crate::support::Tokens::of(&client.refresh(&refresh_token).await);
    assert_eq!(
        tokens.access_claims()["scp"],
        json!(["openid", "offline", "read:orders"])
    );

    api.delete(&route).await;
    world.pass(1);
    assert_eq!(
        says(&tokens.access_token).await,
        (json!("openid offline"), json!([]))
    );
    let refresh_token = tokens.refresh_token.clone().unwrap_or_default();
    tokens = crate::support::Tokens::of(&client.refresh(&refresh_token).await);
    assert_eq!(tokens.access_claims()["aud"], json!([]));
}

#[tokio::test]
async fn the_management_api_is_the_servers_own() {
    let world = World::new().await;
    let api = world.api().await;
    let listed = api.get("/apis?expand=scopes").await;
    let own = &listed["apis"][0];
    assert_eq!(own["is_management_api"], true);
    let route = format!("/apis/{}", own["id"].as_str().unwrap_or_default());
    let scope = own["scopes"][0]["id"].as_str().unwrap_or_default();
    let scope = format!("{route}/scopes/{scope}");
    let new = json!({ "key": "mine" });
    for (method, route, body) in [
        ("DELETE", &route, None),
        ("POST", &format!("{route}/scopes"), Some(new)),
        ("PATCH", &scope, Some(json!({ "description": "mine" }))),
        ("DELETE", &scope, None),
    ] {
        let refused = api.refusal(method, route, body).await;
        assert_eq!(
            refused,
            (400, "MANAGEMENT_API_CANNOT_BE_CHANGED".to_owned()),
            "{method}"
        );
    }
    let client = world.client().await;
    let connect = json!({ "applications": [{ "id": client.id }] });
    let refused = api
        .refusal("PATCH", &format!("{route}/applications"), Some(connect))
        .await;
    assert_eq!(refused, (400, "APPLICATION_TYPE_NOT_SUPPORTED".to_owned()));
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn what_can_not_be_an_api_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    let (route, _) = registered(&api, &["a"]).await;
    for (new, code) in [
        (
            json!({ "name": "A", "audience": AUDIENCE }),
            "AUDIENCE_ALREADY_EXISTS",
        ),
        (
            json!({ "name": "A", "audience": world.url("/api") }),
            "AUDIENCE_ALREADY_EXISTS",
        ),
        (json!({ "name": "A", "audience": "a b" }), "INVALID_FIELD"),
        (json!({ "name": "A", "audience": "" }), "INVALID_FIELD"),
        (json!({ "name": "", "audience": "b" }), "INVALID_FIELD"),
        (json!({ "name": "A" }), "INVALID_BODY"),
    ] {
        let refused = api.refusal("POST", "/apis", Some(new.clone())).await;
        assert_eq!(refused, (400, code.to_owned()), "{new}");
    }
    for (new, code) in [
        (json!({ "key": "a" }), "SCOPE_ALREADY_EXISTS"),
        (json!({ "key": "a b" }), "INVALID_FIELD"),
        (json!({ "key": "" }), "INVALID_FIELD"),
        (json!({ "key": "b".repeat(101) }), "INVALID_FIELD"),
        (
            json!({ "key": "b", "description": "d".repeat(1001) }),
            "INVALID_FIELD",
        ),
    ] {
        let refused = api
            .refusal("POST", &format!("{route}/scopes"), Some(new.clone()))
            .await;
        assert_eq!(refused, (400, code.to_owned()), "{new}");
    }
    let connect = format!("{route}/applications");
    let id = api.client.id.to_string();
    let many: Vec<Value> = (0..101)
        .map(|number| json!({ "id": number.to_string() }))
        .collect();
    for (applications, status, code) in [
        (json!([{ "id": id }, { "id": id }]), 400, "INVALID_FIELD"),
        (
            json!([{ "id": id, "operation": "add" }]),
            400,
            "INVALID_FIELD",
        ),
        (
            json!([{ "id": id }, { "id": "x" }]),
            404,
            "APPLICATION_NOT_FOUND",
        ),
        (Value::from(many), 400, "INVALID_FIELD"),
    ] {
        let body = json!({ "applications": applications });
        let refused = api.refusal("PATCH", &connect, Some(body)).await;
        assert_eq!(refused, (status, code.to_owned()));
    }
    assert_eq!(
        api.get(&route).await["api"]["applications"],
        json!([]),
        "nothing is half done"
    );
    let refused = api.refusal("GET", "/apis?expand=everything", None).await;
    assert_eq!(refused, (400, "INVALID_FIELD".to_owned()));
}
