//! `/organizations` and `/organization`: the customers of the business.

use serde_json::{Value, json};
use vestibule::store::{audit_events, memberships};

use crate::support::{Api, Engine, PASSWORD, World, on_each_engine};

on_each_engine! {
    an_organization_is_created_changed_and_removed
    pages_hold_each_organization_once
    the_default_moves_and_there_is_always_one
    a_suspended_organization_ends_what_was_granted
    whoever_belonged_only_to_a_removed_organization_goes_to_the_default_one
    an_address_at_an_allowed_domain_admits_where_that_counts
}

/// The code of a new organization.
async fn create(api: &Api, new: Value) -> String {
    let created = api.post("/organization", new).await;
    let code = created["organization"]["code"].as_str();
    code.expect("it has a code").to_owned()
}

#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn an_organization_is_created_changed_and_removed(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let new = json!({
        "name": "Acme", "external_id": "4711", "handle": "acme", "is_allow_registrations": true,
        "background_color": "#FFF", "button_color_dark": "#3451B2", "theme_code": "user_preference",
        "sender_name": "Acme Corp.", "sender_email": "help@acme.test",
        "is_create_billing_customer": false,
    });
    let code = create(&api, new).await;
    let white = json!({ "raw": "#ffffff", "hex": "#ffffff", "hsl": "hsl(0, 0%, 100%)" });
    let blue = json!({ "raw": "#3451b2", "hex": "#3451b2", "hsl": "hsl(226, 55%, 45%)" });
    let mut expected = json!({
        "code": code, "name": "Acme", "handle": "acme", "is_default": false, "external_id": "4711",
        "is_auto_membership_enabled": true, "is_allow_registrations": true,
        "is_auto_join_domain_list": true, "allowed_domains": [],
        "is_suspended": false, "suspended_on": null, "created_on": "2026-11-22T08:00:01Z",
        "sender_name": "Acme Corp.", "sender_email": "help@acme.test",
        "logo": null, "logo_dark": null, "favicon_svg": null, "favicon_fallback": null,
        "link_color": null, "background_color": white, "button_color": null, "button_text_color": null,
        "link_color_dark": null, "background_color_dark": null, "button_color_dark": blue,
        "button_text_color_dark": null,
        "button_border_radius": null, "card_border_radius": null, "input_border_radius": null,
        "theme_code": "user_preference", "color_scheme": "light dark", "billing": null,
    });
    let route = format!("/organization/{code}");
    let reading = format!("/organization?code={code}&expand=billing");
    assert_eq!(api.get(&reading).await, expected);

    world.pass(1);
    let change = json!({
        "name": "Acme Ltd", "external_id": null, "background_color": null, "theme_code": "dark",
        "is_auto_membership_enabled": false, "is_allow_registrations": true,
        "allowed_domains": ["Bücher.test", "@acme.test", "acme.test"], "card_border_radius": 0,
    });
    api.patch(&route, change).await;
    for (member, value) in [
        ("name", json!("Acme Ltd")),
        ("external_id", Value::Null),
        ("background_color", Value::Null),
        ("theme_code", json!("dark")),
        ("color_scheme", json!("dark")),
        ("is_auto_membership_enabled", json!(false)),
        ("is_allow_registrations", json!(false)),
        (
            "allowed_domains",
            json!(["acme.test", "xn--bcher-kva.test"]),
        ),
        ("card_border_radius", json!(0)),
    ] {
        expected[member] = value;
    }
    assert_eq!(api.get(&reading).await, expected);

    api.delete(&format!("{route}/handle")).await;
    assert_eq!(api.get(&reading).await["handle"], Value::Null);
    // What changes nothing leaves no trace.
    api.delete(&format!("{route}/handle")).await;
    api.patch(&route, json!({})).await;
    api.delete(&route).await;
    let gone = (404, "ORGANIZATION_NOT_FOUND".to_owned());
    assert_eq!(api.refusal("DELETE", &route, None).await, gone);
    assert_eq!(api.refusal("GET", &reading, None).await, gone);

    let mut tx = world.app.db.read().await.unwrap();
    let events = audit_events::list_for_subject(&mut tx, &code)
        .await
        .unwrap();
    let mut actions: Vec<&str> = events.iter().map(|event| event.action.as_str()).collect();
    actions.sort_unstable();
    let updated = "organization.updated";
    assert_eq!(
        actions,
        [
            "organization.created",
            "organization.removed",
            updated,
            updated
        ]
    );
    let handle = events.iter().find(|event| {
        event.actor == api.client.id.as_str() && event.details.0["before"]["handle"] == "acme"
    });
    let details = json!({ "before": { "handle": "acme" }, "after": { "handle": null } });
    assert_eq!(handle.map(|event| &event.details.0), Some(&details));
}

async fn pages_hold_each_organization_once(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    for name in ["Cherry", "Apple", "Elder", "Banana", "Apple"] {
        create(&api, json!({ "name": name })).await;
    }
    // The default organization is there besides.
    for (sort, expected) in [
        ("name_asc", "AABCDE"),
        ("email_desc", "EDCBAA"),
        ("", "AABCDE"),
    ] {
        let (mut seen, mut token) = (String::new(), String::new());
        loop {
            let route = format!("/organizations?page_size=2&sort={sort}&next_token={token}");
            let page = api.get(&route).await;
            let rows = page["organizations"].as_array().expect("it is a list");
            seen.extend(rows.iter().filter_map(|row| {
                assert!(row["is_auto_membership_enabled"].is_boolean());
                row["name"].as_str()?.chars().next()
            }));
            match page["next_token"].as_str() {
                Some(next) => next.clone_into(&mut token),
                None => break,
            }
        }
        assert_eq!(seen, expected, "{sort}");
    }
}

async fn the_default_moves_and_there_is_always_one(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let former = world.default_organization().await;
    let code = create(&api, json!({ "name": "Acme" })).await;
    let (former_route, route) = (
        format!("/organization/{former}"),
        format!("/organization/{code}"),
    );
    for (method, route, change, expected) in [
        (
            "PATCH",
            &former_route,
            json!({ "is_default": false }),
            "DEFAULT_ORGANIZATION_REQUIRED",
        ),
        (
            "PATCH",
            &former_route,
            json!({ "is_suspended": true }),
            "DEFAULT_ORGANIZATION_CANNOT_BE_SUSPENDED",
        ),
        (
            "PATCH",
            &route,
            json!({ "is_suspended": true, "is_default": true }),
            "DEFAULT_ORGANIZATION_CANNOT_BE_SUSPENDED",
        ),
        (
            "DELETE",
            &former_route,
            json!({}),
            "DEFAULT_ORGANIZATION_CANNOT_BE_DELETED",
        ),
    ] {
        let refused = api.refusal(method, route, Some(change.clone())).await;
        assert_eq!(refused, (400, expected.to_owned()), "{change}");
        assert_eq!(world.default_organization().await, former);
    }
    api.patch(&route, json!({ "is_default": true })).await;
    assert_eq!(world.default_organization().await.as_str(), code);
    let shown = api.get(&format!("/organization?code={former}")).await;
    assert_eq!(shown["is_default"], false);
    assert!(
        world
            .audited(former.as_str())
            .await
            .contains(&"organization.updated".to_owned())
    );
    api.delete(&former_route).await;
    assert_eq!(world.default_organization().await.as_str(), code);
}

async fn a_suspended_organization_ends_what_was_granted(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let acme = world.organization("Acme").await;
    world.join(&ada, &acme).await;
    let client = world.client().await;
    let org_code = [("org_code", acme.as_str())];
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&org_code)).await;
    browser.sign_in("ada@example.test", PASSWORD).await;
    let tokens = client.redeem(browser.arrived()).await;
    let refresh_token = tokens.refresh_token.expect("it was asked for");

    let route = format!("/organization/{acme}");
    api.patch(&route, json!({ "is_suspended": true })).await;
    let shown = api.get(&format!("/organization?code={acme}")).await;
    assert_eq!(
        (&shown["is_suspended"], &shown["suspended_on"]),
        (&json!(true), &json!("2026-11-22T08:00:01Z"))
    );
    let answer = client.userinfo(&tokens.access_token).await;
    assert_eq!(answer.status, 401);
    let page = browser.open(&client.authorize_url(&org_code)).await;
    assert_eq!(page.id(), "page-organization-closed");
    // Resuming it lets people sign in, and brings no token back.
    world.pass(1);
    api.patch(&route, json!({ "is_suspended": false })).await;
    let answer = client.refresh(&refresh_token).await;
    assert_eq!(answer.body["error"], "invalid_grant");
    browser.open(&client.authorize_url(&org_code)).await;
    client.redeem(browser.arrived()).await;
    let events = world.audited(acme.as_str()).await;
    for action in ["organization.suspended", "organization.resumed"] {
        assert!(events.contains(&action.to_owned()), "{events:?}");
    }
}

#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn whoever_belonged_only_to_a_removed_organization_goes_to_the_default_one(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let default = world.default_organization().await;
    let (acme, globex) = (
        world.organization("Acme").await,
        world.organization("Globex").await,
    );
    let role = world.role("member", &[]).await;
    let mut tx = world.write().await;
    vestibule::store::organizations::replace_default_roles(
        &mut tx,
        &default,
        std::slice::from_ref(&role),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let ada = world.user("ada@example.test", PASSWORD).await;
    let grace = world.user("grace@example.test", PASSWORD).await;
    for (user, organizations) in [(&ada, &[&acme][..]), (&grace, &[&acme, &globex])] {
        world.leave(user, &default).await;
        for organization in organizations {
            world.join(user, organization).await;
        }
    }
    let said = api.delete(&format!("/organization/{acme}")).await;
    assert_eq!(
        said["message"],
        "Organization deleted; 1 who belonged to no other one belong to the default one now"
    );
    let belongs_to = async |user| {
        let mut tx = world.app.db.read().await.unwrap();
        let all = memberships::list_for_user(&mut tx, user).await.unwrap();
        all.into_iter()
            .map(|membership| membership.organization_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(belongs_to(&ada).await, std::slice::from_ref(&default));
    assert_eq!(belongs_to(&grace).await, std::slice::from_ref(&globex));
    let mut tx = world.app.db.read().await.unwrap();
    let roles = vestibule::store::assignments::list_roles(&mut tx, &default, &ada);
    let roles: Vec<_> = roles
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.role_id)
        .collect();
    assert_eq!(roles, [role]);
    drop(tx);

    // Where policy says so they go nowhere.
    let mut tx = world.write().await;
    let mut policies = vestibule::store::environment::policies(&mut tx)
        .await
        .unwrap();
    policies.default_organization_takes_users = false;
    vestibule::store::environment::update(&mut tx, &policies)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    api.delete(&format!("/organization/{globex}")).await;
    assert!(belongs_to(&grace).await.is_empty());
}

async fn an_address_at_an_allowed_domain_admits_where_that_counts(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    world.user("ada@acme.test", PASSWORD).await;
    let new = json!({ "name": "Acme", "allowed_domains": ["acme.test"], "is_auto_join_domain_list": false });
    let acme = create(&api, new).await;
    let client = world.client().await;
    let (mut browser, _) = world.signed_in(&client, "ada@acme.test").await;
    let address = client.authorize_url(&[("org_code", &acme)]);
    assert_eq!(
        browser.open(&address).await.id(),
        "page-organization-closed"
    );
    let admit = json!({ "is_auto_join_domain_list": true });
    api.patch(&format!("/organization/{acme}"), admit).await;
    browser.open(&address).await;
    let tokens = client.redeem(browser.arrived()).await;
    assert_eq!(tokens.access_claims()["org_code"], acme);

    // So does one that is proven only now; one elsewhere does not, and belongs where all others do.
    for (stranger, joins) in [("grace@Acme.test", true), ("eve@evil-acme.test", false)] {
        let mut browser = world.browser();
        browser.open(&address).await;
        browser.turn_to("register").await;
        browser.introduce("Grace", stranger).await;
        browser.choose_password(PASSWORD).await;
        let page = browser.enter_code(&world.code_for(stranger)).await;
        if joins {
            let tokens = client.redeem(browser.arrived()).await;
            assert_eq!(tokens.access_claims()["org_code"], acme);
            assert_eq!(tokens.id_claims()["org_codes"], json!([acme]));
        } else {
            assert_eq!(page.id(), "page-organization-closed");
        }
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, or one table")]
async fn what_can_not_be_an_organization_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    let taken = json!({ "name": "Acme", "handle": "acme", "external_id": "4711" });
    create(&api, taken).await;
    let other = create(&api, json!({ "name": "Other" })).await;
    let many: Vec<String> = (0..201).map(|number| format!("{number}.test")).collect();
    let invalid = "INVALID_FIELD";
    for (change, code, field) in [
        (
            json!({ "handle": "acme" }),
            "HANDLE_ALREADY_EXISTS",
            "handle",
        ),
        (
            json!({ "external_id": "4711" }),
            "EXTERNAL_ID_ALREADY_EXISTS",
            "external_id",
        ),
        (json!({ "name": " " }), invalid, "name"),
        (json!({ "name": "a".repeat(65) }), invalid, "name"),
        (json!({ "handle": "Not a handle" }), invalid, "handle"),
        (json!({ "external_id": "" }), invalid, "external_id"),
        (
            json!({ "external_id": "a".repeat(1024) }),
            invalid,
            "external_id",
        ),
        (json!({ "link_color": "red" }), invalid, "link_color"),
        (
            json!({ "button_color": "#fff;}body{display:none" }),
            invalid,
            "button_color",
        ),
        (
            json!({ "background_color_dark": "url(https://evil.test)" }),
            invalid,
            "background_color_dark",
        ),
        (
            json!({ "card_border_radius": 101 }),
            invalid,
            "card_border_radius",
        ),
        (
            json!({ "card_border_radius": -1 }),
            invalid,
            "card_border_radius",
        ),
        (
            json!({ "sender_name": "two\nlines" }),
            invalid,
            "sender_name",
        ),
        (
            json!({ "sender_email": "a@b.test\r\nBcc: c@d.test" }),
            invalid,
            "sender_email",
        ),
        (
            json!({ "allowed_domains": ["no domain"] }),
            invalid,
            "allowed_domains",
        ),
        (
            json!({ "allowed_domains": many }),
            invalid,
            "allowed_domains",
        ),
        (json!({ "theme_code": "blue" }), "INVALID_BODY", ""),
        (json!({ "is_suspended": "yes" }), "INVALID_BODY", ""),
        (json!({ "is_enforce_mfa": true }), invalid, "is_enforce_mfa"),
    ] {
        let route = format!("/organization/{other}");
        let answer = api.call("PATCH", &route, Some(change.clone())).await;
        let error = &answer.body["errors"][0];
        let found = (
            error["code"].as_str().unwrap_or_default(),
            error["field"].as_str().unwrap_or_default(),
        );
        assert_eq!(found, (code, field), "{change}");
        assert_eq!(answer.status, 400, "{change}");
        let mut new = change.clone();
        if new.get("is_suspended").is_none() && new.get("is_enforce_mfa").is_none() {
            new["name"] = change.get("name").cloned().unwrap_or(json!("New"));
            let refused = api.refusal("POST", "/organization", Some(new)).await;
            assert_eq!(refused, (400, code.to_owned()), "{change}");
        }
    }
    assert_eq!(
        api.refusal("POST", "/organization", Some(json!({}))).await,
        (400, "INVALID_BODY".to_owned())
    );
    for (query, expected) in [
        ("", (400, "INVALID_QUERY")),
        ("?code=", (404, "ORGANIZATION_NOT_FOUND")),
        ("?code=org_00000000000", (404, "ORGANIZATION_NOT_FOUND")),
        ("?code=%00", (400, "INVALID_QUERY")),
    ] {
        let refused = api
            .refusal("GET", &format!("/organization{query}"), None)
            .await;
        assert_eq!(refused, (expected.0, expected.1.to_owned()), "{query}");
    }
    let listed = api.get("/organizations").await;
    assert_eq!(listed["organizations"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn what_can_not_be_a_session_policy_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    let acme = create(&api, json!({ "name": "Acme" })).await;
    let route = format!("/organizations/{acme}/sessions");
    for (change, code) in [
        (
            json!({ "sso_session_persistence_mode": "forever" }),
            "INVALID_BODY",
        ),
        (
            json!({ "authenticated_session_lifetime": 59 }),
            "INVALID_FIELD",
        ),
        (
            json!({ "authenticated_session_lifetime": 31_536_001 }),
            "INVALID_FIELD",
        ),
        (
            json!({ "is_use_org_authenticated_session_lifetime": true }),
            "INVALID_FIELD",
        ),
    ] {
        let refused = api.refusal("PATCH", &route, Some(change.clone())).await;
        assert_eq!(refused, (400, code.to_owned()), "{change}");
    }
    assert_eq!(world.audited(&acme).await, ["organization.created"]);
}

#[tokio::test]
async fn a_machine_of_an_organization_neither_suspends_it_nor_makes_it_the_default() {
    use vestibule::protocol::client::ApplicationKind;
    let world = World::new().await;
    let acme = world.organization("Acme").await;
    let machine = world
        .register(ApplicationKind::Machine, &[], &[], |client| {
            client.organization_id = Some(acme.clone());
        })
        .await;
    let machine = world.api_of(machine, "update:organizations").await;
    let route = format!("/organization/{acme}");
    machine.patch(&route, json!({ "name": "Acme Ltd" })).await;
    for change in [
        json!({ "is_default": true }),
        json!({ "is_suspended": false }),
    ] {
        let refused = machine.refusal("PATCH", &route, Some(change)).await;
        assert_eq!(refused, (403, "ORGANIZATION_SCOPED_CLIENT".to_owned()));
    }
}
