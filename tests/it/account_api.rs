//! The account API: what applications ask of their users.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Browser, Engine, PASSWORD, Tokens, World, on_each_engine};

on_each_engine! { it_tells_what_the_user_has_now_in_the_organization_of_the_token }

async fn ask(world: &World, token: &str, route: &str) -> Answer {
    let url = world.url(&format!("/account_api/v1/{route}"));
    let request = World::http().get(url).bearer_auth(token);
    Answer::read(request.send().await.expect("the server answers")).await
}

async fn get(world: &World, token: &str, route: &str) -> Value {
    let answer = ask(world, token, route).await;
    assert_eq!(answer.status, 200, "{route} {:?}", answer.body);
    answer.body
}

#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn it_tells_what_the_user_has_now_in_the_organization_of_the_token(engine: Engine) {
    let world = World::on(engine).await;
    let (api, client) = (world.api().await, world.client().await);
    let (acme, globex) = (
        world.organization("Acme").await,
        world.organization("Globex").await,
    );
    let ada = world.user("ada@example.test", PASSWORD).await;
    for organization in [&acme, &globex] {
        world.join(&ada, organization).await;
    }
    let (read, pay) = (
        world.permission("read:reports").await,
        world.permission("pay").await,
    );
    let analyst = world.role("analyst", &[&read]).await;
    world.assign_role((&acme, &ada), &analyst, None).await;
    world.assign_permission((&globex, &ada), &pay).await;
    let flag = json!({ "name": "Seats", "key": "seats", "type": "int", "default_value": 3, "allow_override_level": "org" });
    api.post("/feature_flags", flag).await;
    let route = format!("/organizations/{globex}/feature_flags/seats?value=9");
    api.call("PATCH", &route, None).await;
    let category = json!({ "name": "General", "context": "usr" });
    let category = api.post("/property_categories", category).await["category"]["id"].clone();
    for (key, is_private) in [("city", false), ("secret", true)] {
        let new = json!({
            "name": "N", "key": key, "type": "single_line_text", "context": "usr",
            "is_private": is_private, "category_id": category,
        });
        api.post("/properties", new).await;
        let route = format!("/users/{ada}/properties/{key}?value=London");
        api.call("PUT", &route, None).await;
    }
    world.pass(1);
    let mut browser = world.browser();
    browser
        .open(&client.authorize_url(&[("org_code", acme.as_str())]))
        .await;
    browser.sign_in("ada@example.test", PASSWORD).await;
    let token = client.redeem(browser.arrived()).await.access_token;

    let last = json!({ "has_more": false, "next_page_starting_after": "" });
    let said = get(&world, &token, "permissions").await;
    let expected = json!([{ "id": read, "key": "read:reports", "name": "read:reports" }]);
    assert_eq!(
        said,
        json!({ "data": { "org_code": acme, "permissions": expected }, "metadata": last })
    );
    for (key, expected) in [("read:reports", true), ("pay", false), ("none", false)] {
        let said = get(&world, &token, &format!("permission/{key}")).await;
        assert_eq!(
            said,
            json!({ "permissionKey": key, "orgCode": acme, "isGranted": expected })
        );
    }
    let said = get(&world, &token, "roles").await;
    let expected = json!([{ "id": analyst, "key": "analyst", "name": "ANALYST" }]);
    assert_eq!(said["data"], json!({ "org_code": acme, "roles": expected }));
    let said = get(&world, &token, "feature_flags").await;
    let flag = &said["data"]["feature_flags"][0];
    let expected =
        json!({ "id": flag["id"], "key": "seats", "name": "seats", "type": "integer", "value": 3 });
    assert_eq!(*flag, expected);
    let said = get(&world, &token, "properties").await;
    let properties = said["data"]["properties"].as_array().expect("it is a list");
    let said: Vec<_> = properties
        .iter()
        .map(|one| (&one["key"], &one["value"]))
        .collect();
    assert_eq!(said, [(&json!("city"), &json!("London"))]);
    let said = get(&world, &token, "entitlements").await;
    assert_eq!(
        said["data"],
        json!({ "org_code": acme, "plans": [], "entitlements": [] })
    );
    for route in ["entitlement/seats", "entitlement?key=seats"] {
        assert_eq!(ask(&world, &token, route).await.status, 404, "{route}");
    }

    // What was taken away is gone at once, in the same token.
    world.assign_permission((&acme, &ada), &pay).await;
    let said = get(&world, &token, "permission/pay").await;
    assert_eq!(said["isGranted"], true);
    world.leave(&ada, &acme).await;
    assert_eq!(ask(&world, &token, "permissions").await.status, 401);
}

#[tokio::test]
async fn no_token_a_machines_and_a_suspended_users_are_refused() {
    let world = World::new().await;
    let client = world.client().await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let (_, tokens) = world.signed_in(&client, "ada@example.test").await;
    let api = world.api().await;
    get(&world, &tokens.access_token, "permissions").await;
    let id_token = tokens.id_token.expect("there is one");
    for token in ["", "e30.e30.e30", &id_token, &api.token] {
        let answer = ask(&world, token, "permissions").await;
        assert_eq!(answer.status, 401, "{token}");
        assert_eq!(answer.body["errors"][0]["code"], "INVALID_TOKEN");
    }
    world.suspend(&ada).await;
    let answer = ask(&world, &tokens.access_token, "permissions").await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn many_permissions_come_in_pages_that_repeat_the_organization() {
    let world = World::new().await;
    let client = world.client().await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let organization = world.default_organization().await;
    let mut permissions = Vec::new();
    for number in 0..130 {
        permissions.push(world.permission(&format!("use:thing-{number}")).await);
    }
    let everything = world
        .role("everything", &permissions.iter().collect::<Vec<_>>())
        .await;
    world
        .assign_role((&organization, &ada), &everything, None)
        .await;
    let tight = |client: &mut vestibule::store::clients::Client| {
        client.claim_switches.0.longest_permissions = 1000;
    };
    world.change(&client, tight).await;
    let (_, tokens) = world.signed_in(&client, "ada@example.test").await;
    let claims = tokens.access_claims();
    assert_eq!(
        (&claims["permissions_omitted"], claims.get("permissions")),
        (&json!(true), None)
    );
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let route = format!("permissions?starting_after={cursor}");
        let said = get(&world, &tokens.access_token, &route).await;
        assert_eq!(said["data"]["org_code"], json!(organization));
        let page = said["data"]["permissions"]
            .as_array()
            .expect("it is a list");
        seen.extend(
            page.iter()
                .map(|one| one["key"].as_str().unwrap_or_default().to_owned()),
        );
        if said["metadata"]["has_more"] == false {
            break;
        }
        said["metadata"]["next_page_starting_after"]
            .as_str()
            .unwrap()
            .clone_into(&mut cursor);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 130);

    // What the token had no room for is at the UserInfo endpoint and at introspection as well.
    let told = client.userinfo(&tokens.access_token).await.body;
    assert_eq!(told["permissions"].as_array().map(Vec::len), Some(130));
    assert_eq!(told["roles"][0]["key"], "everything");
    let told = client
        .post("/oauth2/introspect", &[("token", &tokens.access_token)])
        .await
        .body;
    assert_eq!(told["permissions"].as_array().map(Vec::len), Some(130));
    assert_eq!(told["org_code"], json!(organization));
}

#[tokio::test]
async fn an_applications_origin_may_read_it() {
    let world = World::new().await;
    world.client().await;
    for (method, origin, expected) in [
        (
            Method::OPTIONS,
            "https://app.example.test",
            Some("https://app.example.test"),
        ),
        (
            Method::GET,
            "https://app.example.test",
            Some("https://app.example.test"),
        ),
        (Method::GET, "https://attacker.example.test", None),
    ] {
        let request = World::http()
            .request(method, world.url("/account_api/v1/permissions"))
            .header("origin", origin)
            .header("access-control-request-headers", "authorization");
        let response = request.send().await.expect("the server answers");
        let allowed = response.headers().get("access-control-allow-origin");
        let allowed = allowed.and_then(|value| value.to_str().ok());
        assert_eq!(allowed, expected, "{origin}");
    }
}

async fn signed_in(world: &World) -> (Browser, Tokens, String) {
    let client = world.client().await;
    world.user("ada@example.test", PASSWORD).await;
    let (browser, tokens) = world.signed_in(&client, "ada@example.test").await;
    (browser, tokens, client.id.to_string())
}

#[tokio::test]
async fn the_portal_link_leads_back_to_the_application_and_nowhere_else() {
    let world = World::new().await;
    let (mut browser, tokens, client) = signed_in(&world).await;
    let token = tokens.access_token;
    let plain = get(&world, &token, "portal_link?subnav=organization_members").await;
    assert_eq!(plain, json!({ "url": world.url("/") }));
    let back = "https://app.example.test/settings?tab=1";
    let encoded = "https%3A%2F%2Fapp.example.test%2Fsettings%3Ftab%3D1";
    let link = get(
        &world,
        &token,
        &format!("portal_link?sub_nav=profile&return_url={encoded}"),
    )
    .await;
    let page = browser.open(link["url"].as_str().unwrap()).await;
    assert_eq!(page.id(), "page-home");
    assert_eq!(page.attribute("#way-back", "href").as_deref(), Some(back));

    for foreign in [
        "https://attacker.example.test/",
        "javascript:alert(1)",
        "//app.example.test/",
        "/",
    ] {
        let route = format!("portal_link?return_url={foreign}");
        let answer = ask(&world, &token, &route).await;
        assert_eq!(answer.status, 400, "{foreign}");
        let page = browser
            .open(&world.url(&format!("/?client_id={client}&return_url={foreign}")))
            .await;
        assert_eq!(page.attribute("#way-back", "href"), None, "{foreign}");
    }
}
