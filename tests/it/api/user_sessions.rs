//! `/users/{id}/sessions` and `/users/{id}/mfa`.

use serde_json::{Value, json};

use crate::support::{Engine, PASSWORD, World, on_each_engine};

on_each_engine! {
    sessions_are_listed_and_ended
    there_is_no_second_factor
}

#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn sessions_are_listed_and_ended(engine: Engine) {
    let world = World::on(engine).await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let bob = world.user("bob@example.test", PASSWORD).await;
    let client = world.client().await;
    let api = world.api().await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(world.signed_in(&client, "ada@example.test").await.1);
        world.pass(1);
    }
    let (_, of_bob) = world.signed_in(&client, "bob@example.test").await;
    let route = format!("/users/{ada}/sessions");
    let all = api.get(&route).await;
    let started = |list: &Value| {
        let list = list["sessions"].as_array().expect("it is a list").clone();
        let times = list
            .iter()
            .map(|one| one["started_on"].as_str().unwrap()[17..19].to_owned());
        times.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(started(&all), "03 02 01");
    let youngest = &all["sessions"][0];
    let expected = json!({
        "session_id": tokens[2].id_claims()["sid"], "user_id": ada, "client_id": client.id,
        "org_code": world.default_organization().await, "connection_id": null,
        "started_on": "2026-11-22T08:00:03Z", "updated_on": "2026-11-22T08:00:03Z",
        "expires_on": youngest["expires_on"], "initial_ip_address": "127.0.0.1",
        "initial_user_agent": youngest["initial_user_agent"], "last_ip_address": "127.0.0.1",
        "last_user_agent": youngest["last_user_agent"],
    });
    assert_eq!(*youngest, expected);

    let id = |index: usize| all["sessions"][index]["session_id"].as_str().unwrap();
    for (query, expected, has_more) in [
        ("page_size=2".to_owned(), "03 02", true),
        (format!("page_size=2&starting_after={}", id(1)), "01", false),
        (format!("page_size=1&starting_after={}", id(0)), "02", true),
        (format!("page_size=1&ending_before={}", id(2)), "02", true),
        (format!("ending_before={}", id(2)), "03 02", false),
    ] {
        let page = api.get(&format!("{route}?{query}")).await;
        assert_eq!(started(&page), expected, "{query}");
        assert_eq!(page["has_more"], has_more, "{query}");
    }
    let foreign = of_bob.id_claims()["sid"].as_str().unwrap().to_owned();
    for (query, code) in [
        (format!("starting_after={foreign}"), "INVALID_FIELD"),
        ("ending_before=x".to_owned(), "INVALID_FIELD"),
        (
            format!("starting_after={}&ending_before={}", id(0), id(1)),
            "TOO_MANY_PARAMETERS",
        ),
    ] {
        let refused = api.refusal("GET", &format!("{route}?{query}"), None).await;
        assert_eq!(refused, (400, code.to_owned()), "{query}");
    }

    let said = api.delete(&route).await;
    assert_eq!(said["message"], "3 sessions ended");
    assert_eq!(api.get(&route).await["sessions"], json!([]));
    for tokens in &tokens {
        let answer = client.userinfo(&tokens.access_token).await;
        assert_eq!(answer.status.as_u16(), 401);
        let refresh_token = tokens
            .refresh_token
            .as_ref()
            .expect("offline was asked for");
        assert_eq!(client.refresh(refresh_token).await.error(), "invalid_grant");
    }
    let of_bob = client.userinfo(&of_bob.access_token).await;
    assert_eq!(of_bob.body["sub"], bob.as_str(), "others stay signed in");
    let actions = world.audited(ada.as_str()).await;
    assert!(actions.contains(&"user.sessions_ended".to_owned()));

    // Who was not seen for long is signed in no more, and not listed.
    world.signed_in(&client, "ada@example.test").await;
    world.pass(world.app.config.sessions.idle.as_i64());
    let api = world.api().await;
    assert_eq!(api.get(&route).await["sessions"], json!([]));
}

async fn there_is_no_second_factor(engine: Engine) {
    let world = World::on(engine).await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let api = world.api().await;
    let route = format!("/users/{ada}/mfa");
    assert_eq!(api.get(&route).await["mfa"], Value::Null);
    let said = api.delete(&route).await;
    assert_eq!(
        said["message"],
        "The user has no second factor; nothing was removed"
    );
    let refused = api
        .refusal("DELETE", &format!("{route}/factor_1"), None)
        .await;
    assert_eq!(refused, (404, "FACTOR_NOT_FOUND".to_owned()));
    let refused = api.refusal("GET", "/users/kp_1/mfa", None).await;
    assert_eq!(refused, (404, "USER_NOT_FOUND".to_owned()));
}
