//! `/connections`, and where they are offered.

use serde_json::{Value, json};
use vestibule::id::{ConnectionId, IdentityId, OrganizationId, UserId};
use vestibule::protocol::client::ApplicationKind;
use vestibule::store::types::Json;
use vestibule::store::upstream_identities::{Evidence, UpstreamIdentity};
use vestibule::store::{audit_events, connections, identities, upstream_identities};

use crate::support::{Api, Engine, Fault, PASSWORD, Upstream, World, on_each_engine};

on_each_engine! {
    a_connection_is_made_read_changed_and_removed
    a_domain_leads_to_one_connection
    a_connection_goes_with_its_identities_and_tells_who_is_stranded
    applications_offer_connections_and_organizations_use_them
    groups_give_roles_in_the_organization_of_the_connection
    pages_hold_each_connection_once
    trying_a_connection_out_tells_which_step_failed
}

const SECRET: &str = "hunter2-of-the-upstream";

async fn create(api: &Api, new: Value) -> String {
    let created = api.call("POST", "/connections", Some(new)).await;
    assert_eq!(created.status.as_u16(), 201, "{}", created.body);
    let id = created.body["connection"]["id"].as_str();
    id.expect("it has an id").to_owned()
}

async fn stored_secret(world: &World, id: &str) -> Option<String> {
    let mut tx = world.app.db.read().await.unwrap();
    let id = ConnectionId::parse(id).unwrap();
    let found = connections::find(&mut tx, &id).await.unwrap().unwrap();
    let opened = world.app.keys.vault().open(&found.secret_jwe?).unwrap();
    Some(String::from_utf8(opened).unwrap())
}

#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
async fn a_connection_is_made_read_changed_and_removed(engine: Engine) {
    let world = World::on(engine).await;
    let (api, client) = (world.api().await, world.client().await);
    let id = create(
        &api,
        json!({
            "name": "acme", "display_name": "Acme", "strategy": "oidc",
            "enabled_applications": [client.id],
            "options": {
                "issuer": "https://login.acme.test", "client_id": "vestibule", "client_secret": SECRET,
                "home_realm_domains": ["@Acme.test", "acme.example.test"], "is_trusted": true,
                "is_sync_user_profile_on_login": false, "upstream_params": { "hd": { "value": "acme.test" } },
                "is_use_custom_domain": true,
            },
        }),
    )
    .await;
    let route = format!("/connections/{id}");
    assert_eq!(stored_secret(&world, &id).await.as_deref(), Some(SECRET));

    let read = api.get(&route).await;
    assert!(!read.to_string().contains("hunter2"), "{read}");
    let shown = &read["connection"];
    assert_eq!(
        (&shown["id"], &shown["strategy"], &shown["display_name"]),
        (&json!(id), &json!("oidc"), &json!("Acme"))
    );
    assert_eq!(shown["enabled_applications"], json!([client.id]));
    assert_eq!(shown["has_client_secret"], true);
    let issuer = world.issuer();
    let expected = format!("{issuer}/login/backchannel-logout/{id}");
    assert_eq!(shown["backchannel_logout_uri"], expected);
    let expected = format!("{issuer}/logout/callback");
    assert_eq!(shown["post_logout_redirect_uri"], expected);
    let options = &shown["options"];
    assert_eq!(options["is_provider_sign_out_enabled"], false);
    assert_eq!(
        options["home_realm_domains"],
        json!(["acme.example.test", "acme.test"])
    );
    assert_eq!(options["sync"], "off");
    assert_eq!(options["upstream_params"], json!({ "hd": "acme.test" }));
    assert_eq!(options["mapping"]["email"]["claim"], "email");
    let listed = api.get("/connections").await;
    let entry = json!({ "id": id, "name": "acme", "display_name": "Acme", "strategy": "oidc" });
    let wrapped = json!([{ "code": "OK", "message": "Success", "connection": entry }]);
    assert_eq!(listed["connections"], wrapped);
    assert_eq!(listed["has_more"], false);

    // What is left out stays.
    let change = json!({ "display_name": "Acme Inc.", "options": { "is_trusted": null, "scopes": ["email"] } });
    api.patch(&route, change).await;
    let read = api.get(&route).await;
    let options = &read["connection"]["options"];
    assert_eq!(read["connection"]["display_name"], "Acme Inc.");
    assert_eq!(
        (&options["is_trusted"], &options["sync"]),
        (&json!(false), &json!("off"))
    );
    assert_eq!(options["client_id"], "vestibule");
    assert_eq!(stored_secret(&world, &id).await.as_deref(), Some(SECRET));

    // Replaced, what is left out has its default; the secret stays.
    let whole = json!({ "options": { "issuer": "https://login.acme.test", "client_id": "other" } });
    let replaced = api.call("PUT", &route, Some(whole)).await;
    assert_eq!(replaced.status.as_u16(), 200, "{}", replaced.body);
    let read = api.get(&route).await;
    let options = &read["connection"]["options"];
    assert_eq!(
        (&options["sync"], &options["scopes"]),
        (&json!("inherit"), &json!([]))
    );
    assert_eq!(options["home_realm_domains"], json!([]));
    assert_eq!(stored_secret(&world, &id).await.as_deref(), Some(SECRET));

    // Nobody else learns the secret.
    let elsewhere = json!({ "options": { "issuer": "https://login.evil.test" } });
    let refused = api.refusal("PATCH", &route, Some(elsewhere)).await;
    assert_eq!(refused, (400, "INVALID_FIELD".to_owned()));
    let anew =
        json!({ "options": { "issuer": "https://sso.acme.test", "client_secret": "another" } });
    api.patch(&route, anew).await;
    assert_eq!(stored_secret(&world, &id).await.as_deref(), Some("another"));
    api.patch(&route, json!({ "options": { "client_secret": null } }))
        .await;
    assert_eq!(stored_secret(&world, &id).await, None);

    let said = api.delete(&route).await;
    let message =
        "Connection deleted, with 0 identities; users who have no other way to sign in: 0";
    assert_eq!(said["message"], message);
    let refused = api.refusal("GET", &route, None).await;
    assert_eq!(refused, (404, "CONNECTION_NOT_FOUND".to_owned()));
    check_events(&world, &api, &id).await;
}

async fn check_events(world: &World, api: &Api, id: &str) {
    let mut tx = world.app.db.read().await.unwrap();
    let events = audit_events::list_for_subject(&mut tx, id).await.unwrap();
    let actions: Vec<&str> = events.iter().map(|event| event.action.as_str()).collect();
    let updated = "connection.updated";
    let expected = [
        "connection.created",
        updated,
        updated,
        updated,
        updated,
        "connection.removed",
    ];
    assert_eq!(actions, expected);
    for event in &events {
        assert_eq!(event.actor, api.client.id.as_str());
        let details = event.details.0.to_string();
        assert!(
            !details.contains("hunter2") && !details.contains("secret_jwe"),
            "{details}"
        );
    }
    assert_eq!(events[3].details.0["secret"], "changed");
    assert_eq!(events[1].details.0["before"]["display_name"], "Acme");
}

async fn a_domain_leads_to_one_connection(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let new = |name: &str, domains: Value| json!({ "name": name, "strategy": "oidc", "options": { "home_realm_domains": domains } });
    let first = create(&api, new("First", json!(["acme.test"]))).await;
    let taken = new("Second", json!(["globex.test", "@ACME.test"]));
    let refused = api.refusal("POST", "/connections", Some(taken)).await;
    assert_eq!(refused, (400, "HOME_REALM_DOMAIN_TAKEN".to_owned()));
    let second = create(&api, new("Second", json!(["globex.test"]))).await;
    let change = json!({ "options": { "home_realm_domains": ["acme.test"] } });
    let route = format!("/connections/{second}");
    let refused = api.refusal("PATCH", &route, Some(change)).await;
    assert_eq!(refused, (400, "HOME_REALM_DOMAIN_TAKEN".to_owned()));
    for (domain, expected) in [
        ("@acme.test", vec![&first]),
        ("Globex.test", vec![&second]),
        ("nobody.test", vec![]),
    ] {
        let listed = api
            .get(&format!("/connections?home_realm_domain={domain}"))
            .await;
        let listed = listed["connections"].as_array().expect("it is a list");
        let ids = listed.iter().map(|one| one["connection"]["id"].as_str());
        assert!(
            ids.eq(expected.iter().map(|id| Some(id.as_str()))),
            "{domain}"
        );
    }
}

/// Lets a user sign in through a connection.
async fn link(world: &World, connection: &str, user: &UserId) {
    let mut rng = world.app.random.generator();
    let identity = UpstreamIdentity {
        id: IdentityId::generate(&mut rng),
        user_id: user.clone(),
        connection_id: ConnectionId::parse(connection).unwrap(),
        issuer: Some("https://login.acme.test".to_owned()),
        subject: Some(user.to_string()),
        email_key: None,
        evidence: Json(Evidence::default()),
        sign_ins: 0,
        last_sign_in_at: None,
        created_at: world.now(),
    };
    let mut tx = world.write().await;
    assert!(
        upstream_identities::insert(&mut tx, &identity)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
}

async fn a_connection_goes_with_its_identities_and_tells_who_is_stranded(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let id = create(&api, json!({ "name": "acme", "strategy": "oidc" })).await;
    let other = create(&api, json!({ "name": "other", "strategy": "oidc" })).await;
    let mut users = Vec::new();
    for name in ["ada", "grace", "alan"] {
        let user = world.user(&format!("{name}@example.test"), PASSWORD).await;
        link(&world, &id, &user).await;
        users.push(user);
    }
    // Ada signs in with her address, Grace through another connection; Alan's address is set aside.
    link(&world, &other, &users[1]).await;
    let mut tx = world.write().await;
    for user in &users[1..] {
        identities::set_aside(&mut tx, user, world.now())
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let said = api.delete(&format!("/connections/{id}")).await;
    let message =
        "Connection deleted, with 3 identities; users who have no other way to sign in: 1";
    assert_eq!(said["message"], message);
    let mut tx = world.app.db.read().await.unwrap();
    let left = upstream_identities::list_for_user(&mut tx, &users[1])
        .await
        .unwrap();
    assert_eq!(left.len(), 1);
    let events = audit_events::list_for_subject(&mut tx, &id).await.unwrap();
    let removed = &events.last().expect("it is audited").details.0["removed"];
    assert_eq!(removed, &json!({ "identities": 3, "stranded": 1 }));
}

#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
async fn applications_offer_connections_and_organizations_use_them(engine: Engine) {
    let world = World::on(engine).await;
    let (api, client) = (world.api().await, world.client().await);
    let (acme, globex) = (
        world.organization("Acme").await,
        world.organization("Globex").await,
    );
    let shared = create(
        &api,
        json!({ "name": "shared", "strategy": "oauth2:google" }),
    )
    .await;
    let own = json!({ "name": "own", "strategy": "oauth2:azure_ad", "organization_code": acme });
    let own = create(&api, own).await;
    let ids = |listed: &Value| -> Vec<String> {
        let listed = listed["connections"].as_array().expect("it is a list");
        let id = |one: &Value| {
            one["connection"]["id"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        listed.iter().map(id).collect()
    };
    let of_client = format!("/applications/{}/connections", client.id);
    let at_client = format!("{of_client}/{shared}");
    for _ in 0..2 {
        let answer = api.call("POST", &at_client, None).await;
        assert_eq!((answer.status.as_u16(), answer.body), (200, json!("")));
    }
    let listed = api.get(&of_client).await;
    assert_eq!(ids(&listed), [shared.as_str()]);
    assert_eq!(
        listed["connections"][0]["connection"]["strategy"],
        "oauth2:google"
    );
    api.delete(&at_client).await;
    let refused = api.refusal("DELETE", &at_client, None).await;
    assert_eq!(refused, (404, "CONNECTION_NOT_FOUND".to_owned()));
    assert!(ids(&api.get(&of_client).await).is_empty());

    let of = |organization: &OrganizationId| format!("/organizations/{organization}/connections");
    let at = |organization: &OrganizationId, id: &str| format!("{}/{id}", of(organization));
    api.call("POST", &at(&acme, &shared), None).await;
    let mut both = vec![shared.clone(), own.clone()];
    both.sort();
    assert_eq!(ids(&api.get(&of(&acme)).await), both);
    assert!(ids(&api.get(&of(&globex)).await).is_empty());
    let refused = api.refusal("DELETE", &at(&acme, &own), None).await;
    assert_eq!(refused, (400, "CONNECTION_OWNED".to_owned()));
    api.delete(&at(&acme, &shared)).await;
    let refused = api.refusal("DELETE", &at(&acme, &shared), None).await;
    assert_eq!(refused, (404, "CONNECTION_NOT_FOUND".to_owned()));

    // For a machine of another organization, this one's connection does not exist.
    let machine = world
        .register(ApplicationKind::Machine, &[], &[], |it| {
            it.organization_id = Some(globex.clone());
        })
        .await;
    let scopes = "create:organization_connections read:organization_connections";
    let confined = world.api_of(machine, scopes).await;
    let refused = confined.refusal("POST", &at(&globex, &own), None).await;
    assert_eq!(refused, (404, "CONNECTION_NOT_FOUND".to_owned()));
    let answer = confined.call("POST", &at(&globex, &shared), None).await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(ids(&confined.get(&of(&globex)).await), [shared.as_str()]);
}

async fn groups_give_roles_in_the_organization_of_the_connection(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let (acme, globex) = (
        world.organization("Acme").await,
        world.organization("Globex").await,
    );
    let permission = world.permission("read:reports").await;
    let role = world.role("reader", &[&permission]).await;
    let new = |group_roles: Value, owner: Option<&OrganizationId>| {
        json!({
            "name": "acme", "strategy": "oidc", "organization_code": owner,
            "options": { "group_roles": group_roles, "groups_claim": "groups" },
        })
    };
    let by_key = json!([{ "group": "Readers", "role": "reader" }]);
    let id = create(&api, new(by_key.clone(), Some(&acme))).await;
    let route = format!("/connections/{id}");
    let shown = json!([{ "group": "Readers", "organization_code": acme, "role": "reader" }]);
    let read = api.get(&route).await;
    assert_eq!(read["connection"]["options"]["group_roles"], shown);
    let by_id = json!([{ "group": "Readers", "organization_code": globex, "role": role }]);
    let shared = create(&api, new(by_id.clone(), None)).await;
    let read = api.get(&format!("/connections/{shared}")).await;
    assert_eq!(
        read["connection"]["options"]["group_roles"][0]["role"],
        "reader"
    );
    for (group_roles, owner) in [
        // Of another organization; of none; of an unknown one; an unknown role; no group.
        (by_id, Some(&acme)),
        (by_key, None),
        (
            json!([{ "group": "a", "organization_code": "org_00000000000", "role": "reader" }]),
            None,
        ),
        (json!([{ "group": "a", "role": "writer" }]), Some(&acme)),
        (json!([{ "group": "", "role": "reader" }]), Some(&acme)),
    ] {
        let new = new(group_roles, owner);
        let refused = api.refusal("POST", "/connections", Some(new.clone())).await;
        assert_eq!(refused, (400, "INVALID_FIELD".to_owned()), "{new}");
    }
    // It can't be given to an organization in which it gives no roles.
    let change = json!({ "organization_code": globex });
    let refused = api.refusal("PATCH", &route, Some(change)).await;
    assert_eq!(refused, (400, "INVALID_FIELD".to_owned()));
}

async fn pages_hold_each_connection_once(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        ids.push(create(&api, json!({ "name": name, "strategy": "oidc" })).await);
    }
    ids.sort();
    let page = |listed: &Value| -> Vec<String> {
        let listed = listed["connections"].as_array().expect("it is a list");
        let id = |one: &Value| {
            one["connection"]["id"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        listed.iter().map(id).collect()
    };
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let listed = api
            .get(&format!("/connections?page_size=2&starting_after={after}"))
            .await;
        seen.extend(page(&listed));
        after = seen.last().expect("there is one").clone();
        if listed["has_more"] == false {
            break;
        }
    }
    assert_eq!(seen, ids);
    let listed = api
        .get(&format!(
            "/connections?page_size=2&ending_before={}",
            ids[3]
        ))
        .await;
    assert_eq!(page(&listed), ids[1..3]);
    assert_eq!(listed["has_more"], true);
}

/// Each step with its status, until the first that was skipped; and why one failed.
async fn try_out(api: &Api, id: &str) -> (Vec<String>, String) {
    let said = api
        .call("POST", &format!("/connections/{id}/test"), None)
        .await;
    assert_eq!(said.status.as_u16(), 200, "{}", said.body);
    assert!(!said.body.to_string().contains("hunter2"), "{}", said.body);
    let test = &said.body["test"];
    let steps = test["steps"].as_array().expect("it is a list");
    let word = |step: &Value, name: &str| step[name].as_str().unwrap_or_default().to_owned();
    let told = steps.iter().filter(|step| step["status"] != "skipped");
    let told = told.map(|step| format!("{} {}", word(step, "step"), word(step, "status")));
    let failed = steps.iter().find(|step| step["status"] == "failed");
    assert_eq!(test["is_successful"], failed.is_none());
    let why = failed.map(|step| word(step, "message"));
    (told.collect(), why.unwrap_or_default())
}

#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
async fn trying_a_connection_out_tells_which_step_failed(engine: Engine) {
    let world = World::federated(engine).await;
    let api = world.api().await;
    let upstream = Upstream::start(json!({ "sub": "ada" })).await;
    let options = |issuer: &str| json!({ "issuer": issuer, "client_id": "vestibule", "client_secret": SECRET });
    let new = |options: Value| json!({ "name": "acme", "strategy": "oidc", "options": options });
    let good = create(&api, new(options(&upstream.issuer))).await;
    let (steps, why) = try_out(&api, &good).await;
    let all = [
        "settings passed",
        "address passed",
        "metadata passed",
        "keys passed",
        "endpoints passed",
    ];
    assert_eq!(
        (steps.as_slice(), why.as_str()),
        (&all.map(str::to_owned)[..], "")
    );

    upstream.does_wrong(Fault::MetadataOfAnother);
    let (steps, why) = try_out(&api, &good).await;
    assert_eq!(steps.last().map(String::as_str), Some("metadata failed"));
    assert!(why.contains("accounts.example.test"), "{why}");

    for (options, failed, expected) in [
        (json!({}), "settings failed", "client_id, issuer"),
        (
            options("https://10.0.0.1"),
            "address failed",
            "not a public address",
        ),
        (
            options("https://nowhere.invalid"),
            "address failed",
            "nowhere.invalid",
        ),
        (
            options("http://127.0.0.1:1"),
            "metadata failed",
            "127.0.0.1:1",
        ),
    ] {
        let id = create(&api, new(options)).await;
        let (steps, why) = try_out(&api, &id).await;
        assert_eq!(steps.last().map(String::as_str), Some(failed), "{why}");
        assert!(why.contains(expected), "{why}");
    }

    let endpoint = |path: &str| format!("{}{path}", upstream.issuer);
    let plain = json!({
        "name": "plain", "strategy": "oauth2", "options": {
            "client_id": "vestibule", "client_secret": SECRET, "subject_claim": "id",
            "authorization_endpoint": endpoint("/auth"), "token_endpoint": endpoint("/token"),
            "profile_endpoint": endpoint("/me"),
        },
    });
    let id = create(&api, plain).await;
    let (steps, _) = try_out(&api, &id).await;
    assert_eq!(
        steps,
        ["settings passed", "address passed", "endpoints passed"]
    );
    let refused = api.refusal("POST", "/connections/x/test", None).await;
    assert_eq!(refused, (404, "CONNECTION_NOT_FOUND".to_owned()));
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of refusals")]
async fn what_can_not_be_a_connection_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    let with = |options: Value| json!({ "name": "A", "strategy": "oidc", "options": options });
    for (new, status, code) in [
        (json!({ "strategy": "oidc" }), 400, "INVALID_BODY"),
        (
            json!({ "name": "", "strategy": "oidc" }),
            400,
            "INVALID_FIELD",
        ),
        (
            json!({ "name": "A", "strategy": "saml:okta" }),
            400,
            "STRATEGY_NOT_SUPPORTED",
        ),
        (
            json!({ "name": "A", "strategy": "wsfed:azure_ad" }),
            400,
            "STRATEGY_NOT_SUPPORTED",
        ),
        (
            json!({ "name": "A", "strategy": "oauth2:apple" }),
            400,
            "STRATEGY_NOT_SUPPORTED",
        ),
        (
            json!({ "name": "A", "strategy": "x" }),
            400,
            "STRATEGY_NOT_SUPPORTED",
        ),
        (
            json!({ "name": "A", "strategy": "oidc", "enabled_applications": ["x"] }),
            404,
            "APPLICATION_NOT_FOUND",
        ),
        (
            json!({ "name": "A", "strategy": "oidc", "enabled_applications": ["0".repeat(32)] }),
            404,
            "APPLICATION_NOT_FOUND",
        ),
        (
            json!({ "name": "A", "strategy": "oidc", "enabled_applications": vec!["x"; 101] }),
            400,
            "TOO_MANY_PARAMETERS",
        ),
        (
            json!({ "name": "A", "strategy": "oidc", "organization_code": "x" }),
            404,
            "ORGANIZATION_NOT_FOUND",
        ),
        (
            json!({ "name": "A", "strategy": "oidc", "organization_code": "org_00000000000" }),
            404,
            "ORGANIZATION_NOT_FOUND",
        ),
        (
            json!({ "name": "A", "strategy": "oidc", "options": [] }),
            400,
            "INVALID_BODY",
        ),
        (
            with(json!({ "issuer": "http://login.acme.test" })),
            400,
            "INVALID_FIELD",
        ),
        (with(json!({ "scopes": "email" })), 400, "INVALID_FIELD"),
        (
            with(json!({ "tenants": ["acme.test"] })),
            400,
            "INVALID_FIELD",
        ),
        (
            with(json!({ "home_realm_domains": ["a b"] })),
            400,
            "INVALID_FIELD",
        ),
        (
            with(json!({ "home_realm_domains": vec!["a.test"; 201] })),
            400,
            "INVALID_FIELD",
        ),
        (
            with(json!({ "extra_roots": "nothing" })),
            400,
            "INVALID_FIELD",
        ),
        (
            with(json!({ "upstream_params": { "state": "x" } })),
            400,
            "INVALID_FIELD",
        ),
        (
            with(json!({ "is_auto_join_organization_enabled": true })),
            400,
            "INVALID_FIELD",
        ),
        (
            with(json!({ "mapping": { "email": { "claim": "x", "mode": "always" } } })),
            400,
            "INVALID_FIELD",
        ),
        (
            with(json!({ "client_secret": "x".repeat(4097) })),
            400,
            "INVALID_FIELD",
        ),
    ] {
        let refused = api.refusal("POST", "/connections", Some(new.clone())).await;
        assert_eq!(refused, (status, code.to_owned()), "{new}");
    }
    assert_eq!(api.get("/connections").await["connections"], json!([]));
    for query in ["starting_after=x", "page_size=0", "home_realm_domain=a%20b"] {
        let refused = api
            .refusal("GET", &format!("/connections?{query}"), None)
            .await;
        assert_eq!(refused, (400, "INVALID_FIELD".to_owned()), "{query}");
    }
}
