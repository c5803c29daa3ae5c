//! Newcomers through an upstream: who is invited, and who finds that somebody claims their address.

use serde_json::{Value, json};
use vestibule::directory::accounts::NewAccount;
use vestibule::store::organizations;

use super::upstream::Scene;
use crate::support::{Browser, Engine, PASSWORD, Tokens, on_each_engine};

on_each_engine! {
    who_is_invited_gets_an_account_where_self_sign_up_is_off
    an_address_that_was_claimed_upstream_is_its_owners_who_registers_here
    an_address_that_was_claimed_here_is_its_owners_who_comes_from_upstream
}

const ADDRESS: &str = "ada@acme.test";

/// Goes to the upstream from where an invitation leads, and comes back.
async fn follow(scene: &Scene, code: &str) -> Browser {
    let mut browser = scene.world.browser();
    let url = scene
        .client
        .authorize_url(&[("invitation_code", code), ("is_invitation", "true")]);
    browser.open(&url).await;
    assert_eq!(browser.page().id(), "page-register");
    browser.submit("button[name=connection_id]", &[]).await;
    let address = browser.page().attribute("#continue", "href").unwrap();
    let answer = scene.upstream.grants(&address.parse().unwrap());
    browser.open(&answer).await;
    browser
}

async fn who_is_invited_gets_an_account_where_self_sign_up_is_off(engine: Engine) {
    let scene = Scene::set(engine).await;
    let world = &scene.world;
    let read = world.permission("read:reports").await;
    world.role("editor", &[&read]).await;
    let (api, acme) = (world.api().await, world.organization("Acme").await);
    world.allow_sign_up(false).await;
    let invite = async |email: &str| {
        let new = json!({ "email": email, "roles": ["editor"], "send_email": false });
        let route = format!("/organization/{acme}/invites");
        let made = api.post(&route, new).await;
        made["invite"]["code"].as_str().unwrap().to_owned()
    };
    let for_ada = invite(ADDRESS).await;
    // Nobody is let in without an invitation, by one for somebody else, or by an address that anybody could have
    // entered there.
    let browser = scene.sign_in().await;
    assert!(browser.try_arrived().is_none());
    let browser = follow(&scene, &invite("eve@acme.test").await).await;
    assert!(browser.try_arrived().is_none());
    let states = |is_verified: bool| {
        scene.upstream.states(json!({
            "sub": "ada-there", "email": "Ada@Acme.test", "email_verified": is_verified, "given_name": "Ada",
        }));
    };
    states(false);
    let browser = follow(&scene, &for_ada).await;
    assert!(browser.try_arrived().is_none());
    let mut tx = world.app.db.read().await.unwrap();
    let (users,): (i64,) = tx.one("SELECT COUNT(*) FROM users", ()).await.unwrap();
    assert_eq!(users, 0);
    drop(tx);

    states(true);
    let browser = follow(&scene, &for_ada).await;
    let tokens = scene.client.redeem(browser.arrived()).await;
    let claims = tokens.access_claims();
    assert_eq!(claims["org_code"], acme.as_str());
    assert_eq!(claims["permissions"], json!(["read:reports"]));
    let user = vestibule::id::UserId::parse(claims["sub"].as_str().unwrap()).unwrap();
    let mut tx = world.app.db.read().await.unwrap();
    let belongs = organizations::list_for_user(&mut tx, &user).await.unwrap();
    assert_eq!(belongs.len(), 1, "the default organization is left alone");
    drop(tx);
    let route = format!("/organization/{acme}/invites/{for_ada}");
    assert!(api.get(&route).await["accepted_on"].is_string());
    // They are known now: another sign-in needs no invitation.
    assert_eq!(scene.claims().await["sub"], user.as_str());
}

/// That whoever was signed in is so no longer, and holds nothing of worth.
async fn is_shut_out(scene: &Scene, browser: &mut Browser, tokens: &Tokens) {
    let refresh_token = tokens.refresh_token.as_deref().expect("offline");
    let refused = scene.client.refresh(refresh_token).await;
    assert_eq!(refused.error(), "invalid_grant");
    let answer = scene.client.userinfo(&tokens.access_token).await;
    assert_eq!(answer.status.as_u16(), 401);
    let page = browser.open(&scene.client.authorize_url(&[])).await;
    assert_eq!(page.id(), "page-sign-in");
}

async fn email_of(scene: &Scene, claims: &Value) -> Value {
    let api = scene.world.api().await;
    let subject = claims["sub"].as_str().expect("there is a subject");
    let user = api.get(&format!("/user?id={subject}")).await;
    user["preferred_email"].clone()
}

/// The naive registration tells the owner that their address is taken, or leads them into the account that somebody
/// else has prepared for them and can enter at any time.
async fn an_address_that_was_claimed_upstream_is_its_owners_who_registers_here(engine: Engine) {
    let scene = Scene::set(engine).await;
    scene
        .upstream
        .states(json!({ "sub": "eve-there", "email": ADDRESS, "email_verified": false }));
    let mut eves = scene.sign_in().await;
    let tokens = scene.client.redeem(eves.arrived()).await;
    let eve = tokens.id_claims();
    assert_eq!(eve["email"], ADDRESS);
    assert_eq!(eve["email_verified"], false);

    let mut browser = scene.world.browser();
    let url = scene.client.authorize_url(&[("prompt", "create")]);
    browser.open(&url).await;
    browser.introduce("Ada", "Ada@acme.test").await;
    browser.choose_password(PASSWORD).await;
    let code = scene.world.code_for("Ada@acme.test");
    browser.enter_code(&code).await;
    let ada = scene.client.redeem(browser.arrived()).await.id_claims();
    assert_ne!(ada["sub"], eve["sub"]);
    assert_eq!(ada["email"], "Ada@acme.test");
    assert_eq!(ada["email_verified"], true);

    is_shut_out(&scene, &mut eves, &tokens).await;
    assert_eq!(email_of(&scene, &eve).await, Value::Null);
    // Whoever claims it again gets nothing of it.
    let again = scene.claims().await;
    assert_eq!(again["sub"], eve["sub"]);
    assert_eq!(again.get("email"), None);
    let subject = eve["sub"].as_str().unwrap();
    let audited = scene.world.audited(subject).await;
    assert!(audited.contains(&"identity.removed".to_owned()));
}

/// The naive sign-in links by the address, whoever has claimed it: into an account whose password somebody else set.
async fn an_address_that_was_claimed_here_is_its_owners_who_comes_from_upstream(engine: Engine) {
    let scene = Scene::set(engine).await;
    let claimed = NewAccount {
        email: Some(ADDRESS.to_owned()),
        username: Some("eve".to_owned()),
        ..NewAccount::default()
    };
    let eve = scene.world.account(claimed, PASSWORD).await;
    let (mut eves, tokens) = scene.world.signed_in(&scene.client, ADDRESS).await;
    assert_eq!(tokens.id_claims()["sub"], eve.as_str());

    let ada = scene.claims().await;
    assert_ne!(ada["sub"], eve.as_str());
    assert_eq!(ada["email"], ADDRESS);
    assert_eq!(ada["email_verified"], true);
    is_shut_out(&scene, &mut eves, &tokens).await;
    // The password that was set in advance leads nowhere but to their own account, by their own name.
    let mut browser = scene.world.browser();
    browser.open(&scene.client.authorize_url(&[])).await;
    let page = browser.sign_in(ADDRESS, PASSWORD).await;
    assert_eq!(page.status.as_u16(), 422);
    let (_, tokens) = scene.world.signed_in(&scene.client, "eve").await;
    let claims = tokens.id_claims();
    assert_eq!(claims["sub"], eve.as_str());
    assert_eq!(claims.get("email"), None);
}
