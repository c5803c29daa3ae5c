//! Organizations: which one a sign-in leads to, and what the tokens say of it.

use serde_json::json;

use crate::support::{Browser, Engine, PASSWORD, World, on_each_engine, parameters_of};

on_each_engine! {
    a_user_of_no_other_organization_is_in_the_default_one
    a_member_of_two_chooses_one_and_gets_its_permissions_alone
    org_code_decides
    a_change_shows_in_the_next_refresh
    who_leaves_can_refresh_no_more
    a_new_organization_is_created_while_signing_in
    an_organization_decides_how_long_its_sessions_last
}

async fn a_user_of_no_other_organization_is_in_the_default_one(engine: Engine) {
    let world = World::on(engine).await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.sign_in("ada@example.test", PASSWORD).await;
    let tokens = client.redeem(browser.arrived()).await;
    let default = world.default_organization().await;
    assert_eq!(tokens.access_claims()["org_code"], default.as_str());
    assert_eq!(tokens.id_claims()["org_codes"], json!([default.as_str()]));
    assert!(tokens.access_claims().get("permissions").is_none());
}

async fn a_member_of_two_chooses_one_and_gets_its_permissions_alone(engine: Engine) {
    let world = World::on(engine).await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let (acme, globex) = (
        world.organization("Acme").await,
        world.organization("Globex").await,
    );
    world.leave(&ada, &world.default_organization().await).await;
    world.join(&ada, &acme).await;
    world.join(&ada, &globex).await;
    let read = world.permission("read:reports").await;
    let update = world.permission("update:reports").await;
    let secret = world.permission("read:secrets").await;
    let analyst = world.role("analyst", &[&read, &update]).await;
    world.assign_role((&globex, &ada), &analyst, None).await;
    world.assign_permission((&globex, &ada), &read).await;
    world.assign_permission((&acme, &ada), &secret).await;
    let client = world.client().await;
    world
        .change(&client, |client| {
            client.claim_switches.0.roles = true;
            client.claim_switches.0.organizations = true;
        })
        .await;

    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    let page = browser.sign_in("ada@example.test", PASSWORD).await;
    assert_eq!(page.id(), "page-select-organization");
    let button = format!("button[value='{globex}']");
    browser.submit(&button, &[]).await;
    let claims = client.redeem(browser.arrived()).await;
    let access = claims.access_claims();
    assert_eq!(access["org_code"], globex.as_str());
    assert_eq!(
        access["permissions"],
        json!(["read:reports", "update:reports"])
    );
    assert_eq!(
        access["roles"],
        json!([{ "id": analyst, "key": "analyst", "name": "ANALYST" }])
    );
    assert_eq!(
        claims.id_claims()["organizations"]
            .as_array()
            .unwrap()
            .len(),
        2
    );

    // Single sign-on goes there again without asking.
    browser
        .open(&client.authorize_url(&[("prompt", "none")]))
        .await;
    let again = client.redeem(browser.arrived()).await;
    assert_eq!(again.access_claims()["org_code"], globex.as_str());
}

async fn org_code_decides(engine: Engine) {
    let world = World::on(engine).await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let acme = world.organization("Acme").await;
    let closed = world.organization("Closed").await;
    let open = world
        .organization_with("Open", |organization| {
            organization.is_auto_membership = true;
        })
        .await;
    world.join(&ada, &acme).await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser
        .open(&client.authorize_url(&[("org_code", acme.as_str())]))
        .await;
    browser.sign_in("ada@example.test", PASSWORD).await;
    let tokens = client.redeem(browser.arrived()).await;
    assert_eq!(tokens.access_claims()["org_code"], acme.as_str());

    browser
        .open(&client.authorize_url(&[("org_code", open.as_str()), ("prompt", "none")]))
        .await;
    assert_eq!(parameters_of(browser.arrived())["error"], "access_denied");
    browser
        .open(&client.authorize_url(&[("org_code", open.as_str())]))
        .await;
    let tokens = client.redeem(browser.arrived()).await;
    assert_eq!(tokens.access_claims()["org_code"], open.as_str());

    let page = browser
        .open(&client.authorize_url(&[("org_code", closed.as_str())]))
        .await;
    assert_eq!(page.id(), "page-organization-closed");
    let page = browser
        .open(&client.authorize_url(&[("org_code", "org_00000000000")]))
        .await;
    assert_eq!(page.id(), "page-error");
}

async fn a_change_shows_in_the_next_refresh(engine: Engine) {
    let world = World::on(engine).await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let organization = world.default_organization().await;
    let role = world.role("analyst", &[]).await;
    world
        .assign_role((&organization, &ada), &role, Some(3600))
        .await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.sign_in("ada@example.test", PASSWORD).await;
    let tokens = client.redeem(browser.arrived()).await;
    assert!(tokens.access_claims().get("permissions").is_none());

    let read = world.permission("read:reports").await;
    let mut tx = world.app.db.write().await.unwrap();
    vestibule::store::roles::add_permission(&mut tx, &role, &read)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    world.pass(1);
    let refreshed = client
        .refresh(tokens.refresh_token.as_deref().unwrap())
        .await;
    let refreshed = crate::support::Tokens::of(&refreshed);
    assert_eq!(
        refreshed.access_claims()["permissions"],
        json!(["read:reports"])
    );

    world.pass(3600); // the assignment has expired
    let later = client
        .refresh(refreshed.refresh_token.as_deref().unwrap())
        .await;
    let later = crate::support::Tokens::of(&later);
    assert!(later.access_claims().get("permissions").is_none());
}

async fn who_leaves_can_refresh_no_more(engine: Engine) {
    let world = World::on(engine).await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let acme = world.organization("Acme").await;
    world.join(&ada, &acme).await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser
        .open(&client.authorize_url(&[("org_code", acme.as_str())]))
        .await;
    browser.sign_in("ada@example.test", PASSWORD).await;
    let tokens = client.redeem(browser.arrived()).await;
    world.leave(&ada, &acme).await;
    assert_eq!(
        client
            .refresh(tokens.refresh_token.as_deref().unwrap())
            .await
            .error(),
        "invalid_grant"
    );
    assert_eq!(client.userinfo(&tokens.access_token).await.status, 401);
}

async fn a_new_organization_is_created_while_signing_in(engine: Engine) {
    let world = World::on(engine).await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    let url = client.authorize_url(&[("is_create_org", "true"), ("org_name", "Initech")]);
    let page = browser.open(&url).await;
    assert_eq!(page.id(), "page-register");
    browser
        .submit("button[name=screen][value=sign_in]", &[])
        .await;
    browser.sign_in("ada@example.test", PASSWORD).await;
    let tokens = client.redeem(browser.arrived()).await;
    let code = tokens.access_claims()["org_code"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_ne!(code, world.default_organization().await.as_str());
    assert_eq!(tokens.id_claims()["org_codes"].as_array().unwrap().len(), 2);
}

async fn an_organization_decides_how_long_its_sessions_last(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let acme = world.organization("Acme").await;
    world.join(&ada, &acme).await;
    let route = format!("/organizations/{acme}/sessions");
    let policy = json!({
        "is_use_org_sso_session_policy": true, "sso_session_persistence_mode": "non_persistent",
        "is_use_org_authenticated_session_lifetime": true, "authenticated_session_lifetime": 600,
    });
    api.patch(&route, policy).await;
    let client = world.client().await;
    let address = client.authorize_url(&[("org_code", acme.as_str())]);
    let mut browser = world.browser();
    browser.open(&address).await;
    browser.sign_in("ada@example.test", PASSWORD).await;
    assert!(session_cookie(&browser).is_some_and(|cookie| !cookie.contains("Max-Age")));
    let claims = client.redeem(browser.arrived()).await.access_claims();
    assert_eq!(claims["ksp"], json!({ "persistent": false }));

    // Ten minutes later the proof will not do any more, there; elsewhere it does.
    world.pass(600);
    browser.open(&address).await;
    browser.arrived();
    world.pass(1);
    let silent = format!("{address}&prompt=none");
    browser.open(&silent).await;
    assert_eq!(parameters_of(browser.arrived())["error"], "login_required");
    let default = world.default_organization().await;
    let elsewhere = client.authorize_url(&[("org_code", default.as_str())]);
    browser.open(&elsewhere).await;
    assert!(session_cookie(&browser).is_none());
    let claims = client.redeem(browser.arrived()).await.access_claims();
    assert!(claims.get("ksp").is_none());
    assert_eq!(browser.open(&address).await.id(), "page-sign-in");
    browser.sign_in("ada@example.test", PASSWORD).await;
    browser.arrived();

    let policy = json!({ "sso_session_persistence_mode": "persistent" });
    api.patch(&route, policy).await;
    browser.open(&address).await;
    let cookie = session_cookie(&browser).expect("it is set once more");
    assert!(
        cookie.contains("Max-Age=") && cookie.contains("HttpOnly"),
        "{cookie}"
    );
    let claims = client.redeem(browser.arrived()).await.access_claims();
    assert!(claims.get("ksp").is_none());
    assert_eq!(
        api.refusal(
            "PATCH",
            "/organizations/org_00000000000/sessions",
            Some(json!({}))
        )
        .await
        .0,
        404
    );
}

/// How the last response set the session's cookie.
fn session_cookie(browser: &Browser) -> Option<String> {
    let set = browser.page().headers.get_all("set-cookie");
    let mut set = set.iter().filter_map(|value| value.to_str().ok());
    set.find(|value| value.starts_with("vestibule_session="))
        .map(str::to_owned)
}
