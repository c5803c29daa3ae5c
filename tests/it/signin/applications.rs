//! What an application decides of a sign-in: who may enter, what the pages show, what the tokens say.

use serde_json::{Value, json};

use crate::support::{Engine, PASSWORD, Tokens, World, on_each_engine, parameters_of};

const ADA: &str = "ada@example.test";

on_each_engine! {
    only_holders_of_an_access_role_enter
    whoever_loses_the_role_can_neither_redeem_nor_refresh
    another_account_or_organization_is_offered
    claims_are_named_as_hasura_reads_them
}

async fn only_holders_of_an_access_role_enter(engine: Engine) {
    let world = World::on(engine).await;
    let ada = world.user(ADA, PASSWORD).await;
    let default = world.default_organization().await;
    let (client, role) = (world.client().await, world.role("staff", &[]).await);
    let api = world.api().await;
    let route = format!("/applications/{}", client.id);
    api.post(&format!("{route}/access_roles/{role}"), json!({}))
        .await;
    api.patch(&route, json!({ "is_access_control_enabled": true }))
        .await;
    world.pass(1);

    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    let page = browser.sign_in(ADA, PASSWORD).await;
    assert_eq!(
        (page.id(), page.status.as_u16()),
        ("page-not-admitted".to_owned(), 403)
    );
    let silent = client.authorize_url(&[("prompt", "none")]);
    browser.open(&silent).await;
    assert_eq!(parameters_of(browser.arrived())["error"], "access_denied");

    world.assign_role((&default, &ada), &role, None).await;
    world.pass(1);
    browser.open(&client.authorize_url(&[])).await;
    let tokens = client.redeem(browser.arrived()).await;
    assert_eq!(tokens.access_claims()["org_code"], default.as_str());
    // An expired assignment counts no more.
    let grace = world.user("grace@example.test", PASSWORD).await;
    world.assign_role((&default, &grace), &role, Some(5)).await;
    world.pass(5);
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    let page = browser.sign_in("grace@example.test", PASSWORD).await;
    assert_eq!(page.id(), "page-not-admitted");
    browser.press("cancel", &[]).await;
    assert_eq!(parameters_of(browser.arrived())["error"], "access_denied");
}

async fn whoever_loses_the_role_can_neither_redeem_nor_refresh(engine: Engine) {
    let world = World::on(engine).await;
    let ada = world.user(ADA, PASSWORD).await;
    let default = world.default_organization().await;
    let (client, role) = (world.client().await, world.role("staff", &[]).await);
    world.assign_role((&default, &ada), &role, None).await;
    let api = world.api().await;
    let route = format!("/applications/{}", client.id);
    api.post(&format!("{route}/access_roles/{role}"), json!({}))
        .await;
    api.patch(&route, json!({ "is_access_control_enabled": true }))
        .await;
    world.pass(1);
    let (mut browser, tokens) = world.signed_in(&client, ADA).await;
    browser.open(&client.authorize_url(&[])).await;
    let code = crate::support::code_in(browser.arrived());

    let mut tx = world.app.db.write().await.unwrap();
    vestibule::store::assignments::remove_role(&mut tx, &default, &ada, &role)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    world.pass(1);
    let refused = client.try_redeem(&code, &[]).await;
    assert_eq!(refused.body["error"], "invalid_grant");
    let refresh_token = tokens.refresh_token.unwrap_or_default();
    let refused = client.refresh(&refresh_token).await;
    assert_eq!(refused.body["error"], "invalid_grant");

    world.assign_role((&default, &ada), &role, None).await;
    world.pass(1);
    Tokens::of(&client.refresh(&refresh_token).await);
}

async fn another_account_or_organization_is_offered(engine: Engine) {
    let world = World::on(engine).await;
    let ada = world.user(ADA, PASSWORD).await;
    let default = world.default_organization().await;
    let acme = world.organization("Acme").await;
    world.join(&ada, &acme).await;
    let (client, role) = (world.client().await, world.role("staff", &[]).await);
    world.assign_role((&acme, &ada), &role, None).await;
    let boss = world.user("boss@example.test", PASSWORD).await;
    world.assign_role((&default, &boss), &role, None).await;
    let api = world.api().await;
    let route = format!("/applications/{}", client.id);
    api.post(&format!("{route}/access_roles/{role}"), json!({}))
        .await;
    api.patch(&route, json!({ "is_access_control_enabled": true }))
        .await;
    world.pass(1);

    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.sign_in(ADA, PASSWORD).await;
    let page = browser
        .submit(&format!("button[value='{default}']"), &[])
        .await;
    assert_eq!(page.id(), "page-not-admitted");
    assert!(!page.has(&format!("button[value='{default}']")));
    browser
        .submit(&format!("button[value='{acme}']"), &[])
        .await;
    let tokens = client.redeem(browser.arrived()).await;
    assert_eq!(tokens.access_claims()["org_code"], acme.as_str());

    // A request that names an organization has no use for another, but for another account.
    browser
        .open(&client.authorize_url(&[("org_code", default.as_str())]))
        .await;
    assert_eq!(browser.page().id(), "page-not-admitted");
    assert!(!browser.page().has("button[name=organization]"));
    browser.press("other-account", &[]).await;
    assert_eq!(browser.page().id(), "page-sign-in");
    browser.sign_in("boss@example.test", PASSWORD).await;
    let tokens = client.redeem(browser.arrived()).await;
    assert_eq!(tokens.access_claims()["sub"], boss.as_str());
}

async fn claims_are_named_as_hasura_reads_them(engine: Engine) {
    let world = World::on(engine).await;
    let ada = world.user(ADA, PASSWORD).await;
    let default = world.default_organization().await;
    let read = world.permission("read:reports").await;
    let role = world.role("analyst", &[&read]).await;
    world.assign_role((&default, &ada), &role, None).await;
    let client = world.client().await;
    let audience = "https://orders.example.test";
    world.allow_api(&client, audience, "read:orders").await;
    let api = world.api().await;
    let change = json!({
        "is_hasura_mapping_enabled": true,
        "claims": { "roles": true, "organization_name": true, "organizations": true, "api_scopes_in_permissions": true },
    });
    api.patch(&format!("/applications/{}/tokens", client.id), change)
        .await;
    world.pass(1);
    let mut browser = world.browser();
    let scope = "openid email read:orders";
    let request = client.authorize_url(&[("scope", scope), ("audience", audience)]);
    browser.open(&request).await;
    browser.sign_in(ADA, PASSWORD).await;
    let tokens = client.redeem(browser.arrived()).await;
    let (access, id) = (tokens.access_claims(), tokens.id_claims());
    assert_eq!(
        access["x-hasura-permissions"],
        json!(["read:orders", "read:reports"])
    );
    assert_eq!(access["x-hasura-org-code"], default.as_str());
    assert_eq!(access["x-hasura-roles"][0]["key"], "analyst");
    assert!(access["x-hasura-org-name"].is_string());
    assert_eq!(id["x-hasura-org-codes"], json!([default.as_str()]));
    assert_eq!(id["x-hasura-organizations"][0]["id"], default.as_str());
    for claims in [&access, &id] {
        for usual in [
            "permissions",
            "org_code",
            "org_codes",
            "org_name",
            "roles",
            "organizations",
        ] {
            assert_eq!(claims.get(usual), None::<&Value>, "{usual}");
        }
    }
    // Our own readers know the tokens all the same.
    let userinfo = client.userinfo(&tokens.access_token).await;
    assert_eq!(userinfo.body["email"], ADA);
    let said = client
        .post("/oauth2/introspect", &[("token", &tokens.access_token)])
        .await;
    assert_eq!(said.body["active"], true);
}

#[tokio::test]
async fn pages_show_what_the_application_wants() {
    let world = World::new().await;
    world.allow_sign_up(true).await;
    let client = world.client().await;
    let api = world.api().await;
    let change = json!({
        "has_register_link_on_sign_in_page": false,
        "has_sign_in_link_on_sign_up_page": false,
        "has_cancel_button": false,
        "is_ask_for_name": false,
        "language_key": "de",
    });
    let mut browser = world.browser();
    let page = browser.open(&client.authorize_url(&[])).await;
    let has = |css: &str| page.has(css);
    assert!(has("button[value=register]") && has("#cancel"));
    assert_eq!(page.attribute("html", "lang").as_deref(), Some("en"));

    api.patch(&format!("/applications/{}", client.id), change)
        .await;
    world.pass(1);
    let page = browser.open(&client.authorize_url(&[])).await;
    assert!(!page.has("button[value=register]") && !page.has("#cancel"));
    assert_eq!(page.attribute("html", "lang").as_deref(), Some("de"));
    let page = browser.open(&client.authorize_url(&[("lang", "en")])).await;
    assert_eq!(
        page.attribute("html", "lang").as_deref(),
        Some("en"),
        "the request decides"
    );

    let page = browser
        .open(&client.authorize_url(&[("prompt", "create")]))
        .await;
    assert_eq!(page.id(), "page-register");
    assert!(!page.has("button[value=sign_in]") && !page.has("#cancel"));
    assert!(!page.has("[name=p_first_name]"));
    let email = "new@example.test";
    browser
        .press("register", &[("p_email", email), ("p_first_name", "Eve")])
        .await;
    browser.choose_password(PASSWORD).await;
    let code = world.code_for(email);
    browser.enter_code(&code).await;
    let tokens = client.redeem(browser.arrived()).await;
    assert_eq!(tokens.id_claims().get("given_name"), None::<&Value>);
}

#[tokio::test]
async fn a_proof_is_asked_for_anew_when_the_application_finds_it_old() {
    let world = World::new().await;
    world.user(ADA, PASSWORD).await;
    let client = world.client().await;
    let api = world.api().await;
    let change = json!({ "authenticated_session_lifetime": 600 });
    api.patch(&format!("/applications/{}/tokens", client.id), change)
        .await;
    world.pass(1);
    let (mut browser, _) = world.signed_in(&client, ADA).await;
    world.pass(600);
    browser.open(&client.authorize_url(&[])).await;
    client.redeem(browser.arrived()).await;
    world.pass(1);
    let page = browser.open(&client.authorize_url(&[])).await;
    assert_eq!(page.id(), "page-sign-in");
}
