//! `/environment`: the business, its policies, and what it lets people choose from.

use serde_json::{Value, json};
use vestibule::store::audit_events;

use crate::support::{Engine, PASSWORD, World, on_each_engine};

on_each_engine! { policies_are_read_changed_and_audited }

async fn policies_are_read_changed_and_audited(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let mut expected = json!({
        "default_organization_takes_users": true, "organization_creation_allowed": true,
        "self_sign_up_allowed": true, "sign_up_domains": [],
        "skips_picker_for_most_recent": false, "syncs_profiles": true,
    });
    let shown = async || api.get("/environment/policies").await["policies"].clone();
    assert_eq!(shown().await, expected);

    let change = json!({ "skips_picker_for_most_recent": true, "sign_up_domains": ["@Acme.test"] });
    api.patch("/environment/policies", change).await;
    expected["skips_picker_for_most_recent"] = json!(true);
    expected["sign_up_domains"] = json!(["acme.test"]);
    assert_eq!(shown().await, expected);
    // What changes nothing leaves no trace.
    api.patch("/environment/policies", json!({ "syncs_profiles": true }))
        .await;
    let mut tx = world.app.db.read().await.unwrap();
    let events = audit_events::list_for_subject(&mut tx, "policies")
        .await
        .unwrap();
    let details = json!({
        "before": { "skips_picker_for_most_recent": false, "sign_up_domains": [] },
        "after": { "skips_picker_for_most_recent": true, "sign_up_domains": ["acme.test"] },
    });
    assert_eq!(events.len(), 1);
    assert_eq!(
        (&events[0].details.0, events[0].actor.as_str()),
        (&details, api.client.id.as_str())
    );
    drop(tx);

    for (change, code) in [
        (json!({ "sign_up_domains": ["no domain"] }), "INVALID_FIELD"),
        (json!({ "sign_up_domains": "acme.test" }), "INVALID_BODY"),
        (json!({ "syncs_profiles": "yes" }), "INVALID_BODY"),
    ] {
        let refused = api
            .refusal("PATCH", "/environment/policies", Some(change.clone()))
            .await;
        assert_eq!(refused, (400, code.to_owned()), "{change}");
    }
    assert_eq!(shown().await, expected);
}

#[tokio::test]
async fn whoever_has_no_address_at_an_allowed_domain_creates_no_account() {
    let world = World::new().await;
    let api = world.api().await;
    let change = json!({ "sign_up_domains": ["acme.test"] });
    api.patch("/environment/policies", change).await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.turn_to("register").await;
    let page = browser.introduce("Ada", "ada@example.test").await;
    assert_eq!(
        (page.id().as_str(), page.status.as_u16()),
        ("page-register", 422)
    );
    assert!(page.html.contains("at that domain"), "{}", page.html);
    let page = browser.introduce("Ada", "ada@Acme.test").await;
    assert_eq!(page.id(), "page-choose-password");

    // Policy holds to the end.
    browser.choose_password(PASSWORD).await;
    let change = json!({ "sign_up_domains": ["globex.test"] });
    api.patch("/environment/policies", change).await;
    let page = browser.enter_code(&world.code_for("ada@Acme.test")).await;
    assert_eq!(
        (page.id().as_str(), page.status.as_u16()),
        ("page-code", 422)
    );
    assert!(page.text("[role=alert]").contains("at that domain"));
    let found = api.get("/users?email=ada@acme.test").await;
    assert_eq!(found["users"], json!([]));
}

#[tokio::test]
async fn the_environment_is_the_issuer_and_the_brand() {
    let world = World::with(&[
        ("BRANDING__NAME", "Acme"),
        ("BRANDING__ACCENT_LIGHT", "#3451b2"),
    ])
    .await;
    let api = world.api().await;
    let shown = &api.get("/environment").await["environment"];
    let issuer = world.issuer().to_owned();
    let host = issuer.strip_prefix("http://").expect("tests use no TLS");
    assert_eq!(
        (&shown["kinde_domain"], &shown["name"]),
        (&json!(host), &json!("Acme"))
    );
    assert_eq!(shown["button_color"]["hex"], "#3451b2");
    assert_eq!(
        (&shown["theme_code"], &shown["color_scheme"], &shown["logo"]),
        (
            &json!("user_preference"),
            &json!("light dark"),
            &Value::Null
        )
    );
}

#[tokio::test]
async fn time_zones_and_industries_are_there_to_choose_from() {
    let world = World::new().await;
    let api = world.api().await;
    for (route, member, key, name) in [
        (
            "/timezones",
            "timezones",
            "America/New_York",
            "America/New York",
        ),
        ("/industries", "industries", "health", "Health care"),
    ] {
        let answer = api.get(route).await;
        let choices = answer[member].as_array().expect("it is a list");
        assert!(choices.contains(&json!({ "key": key, "name": name })));
        let keys: Vec<&str> = choices
            .iter()
            .filter_map(|one| one["key"].as_str())
            .collect();
        assert!(keys.is_sorted() && keys.len() == choices.len());
    }
}
