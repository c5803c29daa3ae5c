//! `/feature_flags`, and values of flags in all their places.

use serde_json::{Value, json};
use vestibule::id::UserId;

use crate::support::{Api, Browser, Engine, PASSWORD, TestClient, Tokens, World, on_each_engine};

on_each_engine! {
    a_flag_is_defined_changed_and_removed
    a_new_organization_has_the_values_that_it_is_given
    the_most_specific_value_is_in_the_next_token
}

fn dark_mode(level: &str) -> Value {
    json!({
        "name": "Dark mode", "key": "dark_mode", "type": "bool", "default_value": "false",
        "allow_override_level": level,
    })
}

/// A call that must succeed.
async fn done(api: &Api, method: &str, route: &str, body: Option<Value>) {
    let answer = api.call(method, route, body).await;
    assert!(
        answer.status.is_success(),
        "{method} {route} {:?}",
        answer.body
    );
    assert_eq!(answer.body["code"], "OK");
}

async fn a_new_organization_has_the_values_that_it_is_given(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let seats = json!({ "name": "Seats", "key": "seats", "type": "int", "default_value": 3 });
    for flag in [dark_mode("org"), seats] {
        done(&api, "POST", "/feature_flags", Some(flag)).await;
    }
    for value in [json!("true"), json!(true)] {
        let new = json!({ "name": "Acme", "feature_flags": { "dark_mode": value } });
        let created = api.post("/organization", new).await;
        let code = created["organization"]["code"]
            .as_str()
            .expect("it has one");
        let route = format!("/organizations/{code}/feature_flags");
        let expected = json!({ "dark_mode": { "type": "bool", "value": "true" } });
        assert_eq!(api.get(&route).await["feature_flags"], expected);
    }

    // Refused, nothing of it stays.
    let many: serde_json::Map<_, _> = (0..101).map(|n| (format!("k{n}"), json!(1))).collect();
    for (flags, status, code) in [
        (
            json!({ "dark_mode": "dim" }),
            400,
            "INVALID_FEATURE_FLAG_VALUE",
        ),
        (
            json!({ "dark_mode": true, "seats": 9 }),
            400,
            "OVERRIDE_NOT_ALLOWED",
        ),
        (
            json!({ "dark_mode": true, "none": 9 }),
            404,
            "FEATURE_FLAG_NOT_FOUND",
        ),
        (Value::from(many), 400, "INVALID_FIELD"),
    ] {
        let new = json!({ "name": "Globex", "feature_flags": flags });
        let refused = api.refusal("POST", "/organization", Some(new)).await;
        assert_eq!(refused, (status, code.to_owned()));
    }
    let listed = api.get("/organizations").await;
    let all = listed["organizations"].as_array().expect("it is a list");
    let is_there = |name| all.iter().any(|one| one["name"] == name);
    assert_eq!((is_there("Acme"), is_there("Globex")), (true, false));
}

async fn a_flag_is_defined_changed_and_removed(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let created = api
        .call("POST", "/feature_flags", Some(dark_mode("org")))
        .await;
    assert_eq!(
        (created.status.as_u16(), &created.body["code"]),
        (201, &json!("OK"))
    );
    done(
        &api,
        "PUT",
        "/feature_flags/dark_mode?name=Night&description=At+night&type=int&allow_override_level=usr&default_value=7",
        None,
    )
    .await;
    let listed = api.get("/feature_flags").await;
    let id = listed["feature_flags"][0]["id"].clone();
    let expected = json!([{
        "id": id, "key": "dark_mode", "name": "Night", "description": "At night", "type": "int",
        "default_value": "7", "environment_value": null, "allow_override_level": "usr",
    }]);
    assert_eq!(listed["feature_flags"], expected);

    let body = Some(json!({ "value": "8" }));
    done(&api, "PATCH", "/environment/feature_flags/dark_mode", body).await;
    let of_environment = api.get("/environment/feature_flags").await;
    let expected = json!({ "dark_mode": { "type": "int", "value": "8" } });
    assert_eq!(of_environment["feature_flags"], expected);
    let other_type =
        "/feature_flags/dark_mode?name=Night&type=str&allow_override_level=usr&default_value=7";
    let refused = api.refusal("PUT", other_type, None).await;
    assert_eq!(refused, (400, "FEATURE_FLAG_HAS_VALUES".to_owned()));
    done(&api, "DELETE", "/environment/feature_flags/dark_mode", None).await;
    done(&api, "PUT", other_type, None).await;

    done(&api, "DELETE", "/feature_flags/dark_mode", None).await;
    let refused = api
        .refusal("DELETE", "/feature_flags/dark_mode", None)
        .await;
    assert_eq!(refused, (404, "FEATURE_FLAG_NOT_FOUND".to_owned()));
    let actions = world.audited(id.as_str().expect("it has an id")).await;
    assert_eq!(
        actions.first().map(String::as_str),
        Some("feature_flag.created")
    );
    assert_eq!(actions.len(), 6, "{actions:?}");
}

/// The tokens that a sign-in to an organization gives.
async fn tokens(world: &World, client: &TestClient, browser: &mut Browser, org: &str) -> Tokens {
    world.pass(1); // copies in memory are good for a second
    browser
        .open(&client.authorize_url(&[("org_code", org)]))
        .await;
    client.redeem(browser.arrived()).await
}

#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn the_most_specific_value_is_in_the_next_token(engine: Engine) {
    let world = World::on(engine).await;
    let (api, client) = (world.api().await, world.client().await);
    let (acme, globex) = (
        world.organization("Acme").await,
        world.organization("Globex").await,
    );
    let ada = world.user("ada@example.test", PASSWORD).await;
    world.user("grace@example.test", PASSWORD).await;
    for organization in [&acme, &globex] {
        world.join(&ada, organization).await;
    }
    let mut browser = world.browser();
    let in_acme = client.authorize_url(&[("org_code", acme.as_str())]);
    browser.open(&in_acme).await;
    browser.sign_in("ada@example.test", PASSWORD).await;
    let without = client.redeem(browser.arrived()).await;
    assert_eq!(without.access_claims().get("feature_flags"), None);

    done(&api, "POST", "/feature_flags", Some(dark_mode("usr"))).await;
    let of_acme = format!("/organizations/{acme}/feature_flags/dark_mode");
    let of_ada = format!("/users/{ada}/feature_flags/dark_mode");
    let of_environment = "/environment/feature_flags/dark_mode";
    let yes = || Some(json!({ "value": true }));
    // what is done, then what tokens for Acme and for Globex say
    for (method, route, body, in_acme, in_globex) in [
        ("GET", "/feature_flags".to_owned(), None, false, false),
        ("PATCH", format!("{of_acme}?value=true"), None, true, false),
        ("PATCH", of_environment.to_owned(), yes(), true, true),
        ("PATCH", format!("{of_acme}?value=false"), None, false, true),
        ("PATCH", format!("{of_ada}?value=true"), None, true, true),
        ("DELETE", of_environment.to_owned(), None, true, true),
        ("DELETE", of_ada.clone(), None, false, false),
        ("PATCH", format!("{of_acme}?value=true"), None, true, false),
        (
            "DELETE",
            format!("/organizations/{acme}/feature_flags"),
            None,
            false,
            false,
        ),
    ] {
        done(&api, method, &route, body).await;
        for (organization, expected) in [(&acme, in_acme), (&globex, in_globex)] {
            let claims = tokens(&world, &client, &mut browser, organization.as_str()).await;
            let flags = &claims.access_claims()["feature_flags"];
            let expected = json!({ "dark_mode": { "t": "b", "v": expected } });
            assert_eq!(*flags, expected, "{method} {route} {organization}");
        }
    }

    // What somebody else has is in nobody's token; and a refresh shows what has changed.
    done(&api, "PATCH", &format!("{of_ada}?value=true"), None).await;
    world.pass(1);
    let (_, grace) = world.signed_in(&client, "grace@example.test").await;
    assert_eq!(
        grace.access_claims()["feature_flags"]["dark_mode"]["v"],
        false
    );
    let refresh = without.refresh_token.expect("it was asked for");
    let refreshed = Tokens::of(&client.refresh(&refresh).await).access_claims();
    assert_eq!(refreshed["feature_flags"]["dark_mode"]["v"], true);
    assert_eq!(
        api.get(&format!("/users/{ada}/feature_flags")).await["feature_flags"],
        json!({ "dark_mode": { "type": "bool", "value": "true" } })
    );
    assert_eq!(
        world
            .audited(ada.as_str())
            .await
            .iter()
            .filter(|action| *action == "user.feature_flags_changed")
            .count(),
        3
    );
}

#[tokio::test]
async fn too_many_flags_are_left_out_and_said_to_be() {
    let world = World::new().await;
    let (api, client) = (world.api().await, world.client().await);
    world
        .change(&client, |client| {
            client.claim_switches.0.longest_feature_flags = 50;
        })
        .await;
    world.user("ada@example.test", PASSWORD).await;
    done(&api, "POST", "/feature_flags", Some(dark_mode("env"))).await;
    world.pass(1);
    let (_, tokens) = world.signed_in(&client, "ada@example.test").await;
    assert!(tokens.access_claims()["feature_flags"].is_object());
    let text = json!({ "name": "T", "key": "t", "type": "str", "default_value": "a".repeat(50) });
    done(&api, "POST", "/feature_flags", Some(text)).await;
    world.pass(1);
    let (_, tokens) = world.signed_in(&client, "ada@example.test").await;
    let claims = tokens.access_claims();
    assert_eq!(claims["feature_flags_omitted"], true);
    assert_eq!(claims.get("feature_flags"), None);
}

#[tokio::test]
async fn a_machine_gets_flags_by_its_switch_and_of_the_environment_alone() {
    let world = World::new().await;
    let api = world.api().await;
    done(&api, "POST", "/feature_flags", Some(dark_mode("org"))).await;
    let body = Some(json!({ "value": true }));
    done(&api, "PATCH", "/environment/feature_flags/dark_mode", body).await;
    let machine = world.machine_client("https://api.example.test").await;
    let ask = [("grant_type", "client_credentials")];
    let claims = Tokens::of(&machine.token(&ask).await).access_claims();
    assert_eq!(claims.get("feature_flags"), None);
    world
        .change(&machine, |client| {
            client.claim_switches.0.feature_flags = true;
        })
        .await;
    let claims = Tokens::of(&machine.token(&ask).await).access_claims();
    assert_eq!(
        claims["feature_flags"],
        json!({ "dark_mode": { "t": "b", "v": true } })
    );
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn what_can_not_be_a_flag_or_its_value_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    let organization = world.organization("Acme").await;
    let ada: UserId = world.user("ada@example.test", PASSWORD).await;
    done(&api, "POST", "/feature_flags", Some(dark_mode("env"))).await;
    let with = |member: &str, value: Value| {
        let mut flag = dark_mode("env");
        flag["key"] = "other".into();
        flag[member] = value;
        flag
    };
    for (new, code) in [
        (dark_mode("org"), "KEY_ALREADY_EXISTS"),
        (with("key", "a b".into()), "INVALID_FIELD"),
        (with("name", " ".into()), "INVALID_FIELD"),
        (with("type", "json".into()), "INVALID_FIELD"),
        (with("allow_override_level", "bus".into()), "INVALID_FIELD"),
        (with("default_value", "yes".into()), "INVALID_FIELD"),
        (with("default_value", 1.into()), "INVALID_FIELD"),
        (with("default_value", json!([])), "INVALID_BODY"),
    ] {
        let refused = api
            .refusal("POST", "/feature_flags", Some(new.clone()))
            .await;
        assert_eq!(refused, (400, code.to_owned()), "{new}");
    }
    let value = |value: Value| Some(json!({ "value": value }));
    let environment = |key: &str| format!("/environment/feature_flags/{key}");
    let of_organization = |key: &str| format!("/organizations/{organization}/feature_flags/{key}");
    let nobody = "kp_00000000000000000000000000000000";
    for (method, route, body, status, code) in [
        (
            "PATCH",
            environment("dark_mode"),
            value("maybe".into()),
            400,
            "INVALID_FEATURE_FLAG_VALUE",
        ),
        (
            "PATCH",
            environment("dark_mode"),
            value(7.into()),
            400,
            "INVALID_FEATURE_FLAG_VALUE",
        ),
        (
            "PATCH",
            environment("none"),
            value(true.into()),
            404,
            "FEATURE_FLAG_NOT_FOUND",
        ),
        (
            "DELETE",
            environment("none"),
            None,
            404,
            "FEATURE_FLAG_NOT_FOUND",
        ),
        (
            "PATCH",
            of_organization("dark_mode?value=true"),
            None,
            400,
            "OVERRIDE_NOT_ALLOWED",
        ),
        (
            "PATCH",
            of_organization("dark_mode"),
            None,
            400,
            "INVALID_QUERY",
        ),
        (
            "PATCH",
            of_organization("none?value=true"),
            None,
            404,
            "FEATURE_FLAG_NOT_FOUND",
        ),
        (
            "PATCH",
            format!("/users/{ada}/feature_flags/dark_mode?value=true"),
            None,
            400,
            "OVERRIDE_NOT_ALLOWED",
        ),
        (
            "PATCH",
            format!("/users/{nobody}/feature_flags/dark_mode?value=true"),
            None,
            404,
            "USER_NOT_FOUND",
        ),
        (
            "GET",
            "/organizations/org_00000000000/feature_flags".to_owned(),
            None,
            404,
            "ORGANIZATION_NOT_FOUND",
        ),
        (
            "PUT",
            "/feature_flags/dark_mode?name=A".to_owned(),
            None,
            400,
            "INVALID_QUERY",
        ),
    ] {
        let refused = api.refusal(method, &route, body).await;
        assert_eq!(refused, (status, code.to_owned()), "{method} {route}");
    }
}
