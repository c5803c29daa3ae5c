//! Pre-hijacking: somebody prepares an account for an address that is not theirs, and waits for its owner.
//!
//! The names of the attacks are those of Sudhodanan and Paverd, "Pre-hijacked Accounts" (USENIX Security 2022).

use serde_json::{Value, json};
use vestibule::directory::accounts::{NewAccount, NewIdentity};
use vestibule::id::{IdentityId, UserId};
use vestibule::store::identities::IdentityKind;
use vestibule::store::types::Json;
use vestibule::store::upstream_identities::{self, Evidence, UpstreamIdentity};
use vestibule::store::{consents, sessions};

use crate::signin::upstream::Scene;
use crate::support::{Browser, Engine, PASSWORD, Tokens, on_each_engine};

on_each_engine! {
    an_account_that_an_upstream_claimed_is_never_recovered
    an_unexpired_session_ends_when_the_owner_comes
    an_upstream_identity_that_was_linked_in_advance_is_taken_off
    another_address_of_the_account_is_no_way_back
    an_invited_owner_is_led_past_a_claimed_account
}

const ADDRESS: &str = "ada@acme.test";
const NEW: &str = "four copper kettles hum";

/// The account that the business made for whoever has the address; somebody else knows the password.
async fn made_for_ada(scene: &Scene) -> UserId {
    let new = NewAccount {
        email: Some(ADDRESS.to_owned()),
        ..NewAccount::default()
    };
    scene.world.account(new, PASSWORD).await
}

/// A browser that has asked for a new password.
async fn forgetting(scene: &Scene, address: &str) -> Browser {
    let mut browser = scene.world.browser();
    browser.open(&scene.client.authorize_url(&[])).await;
    browser.press("sign-in", &[("p_email", address)]).await;
    browser.turn_to("forgot_password").await;
    let page = browser.press("send-code", &[("p_email", address)]).await;
    assert_eq!(page.id(), "page-code", "the same page for everybody");
    browser
}

/// Recovers the account of that address. Returns what its owner's application is told.
async fn recover(scene: &Scene, address: &str) -> Value {
    let mut browser = forgetting(scene, address).await;
    browser.enter_code(&scene.world.code_for(address)).await;
    browser.choose_password(NEW).await;
    scene.client.redeem(browser.arrived()).await.id_claims()
}

/// That there is no account for whoever reads the mailbox.
async fn is_unknown(scene: &Scene, address: &str) {
    let mut browser = forgetting(scene, address).await;
    let mails = scene.world.mails_to(address);
    let mail = mails.last().expect("there is a mail in every case");
    assert!(mail.contains("there is no account"), "{mail}");
    let page = browser.enter_code("123456").await;
    assert!(
        page.problems().contains("isn’t the code"),
        "{}",
        page.problems()
    );
}

/// Registers with the address. Returns what the application is told.
async fn register(scene: &Scene) -> Value {
    let mut browser = scene.world.browser();
    let url = scene.client.authorize_url(&[("prompt", "create")]);
    browser.open(&url).await;
    browser.introduce("Ada", ADDRESS).await;
    browser.choose_password(NEW).await;
    browser.enter_code(&scene.world.code_for(ADDRESS)).await;
    scene.client.redeem(browser.arrived()).await.id_claims()
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

/// Classic-federated merge, the other way round. Eve comes from an upstream that lets her say any address. The naive
/// recovery mails a code to Ada, who enters Eve's account by it, and shares it with Eve from then on.
async fn an_account_that_an_upstream_claimed_is_never_recovered(engine: Engine) {
    let scene = Scene::set(engine).await;
    scene
        .upstream
        .states(json!({ "sub": "eve-there", "email": ADDRESS, "email_verified": false }));
    let mut eves = scene.sign_in().await;
    let tokens = scene.client.redeem(eves.arrived()).await;
    let eve = tokens.id_claims();
    assert_eq!(eve["email"], ADDRESS);

    is_unknown(&scene, ADDRESS).await;
    let still = scene.client.userinfo(&tokens.access_token).await;
    assert_eq!(still.status.as_u16(), 200, "Eve learns nothing of it");
    let ada = register(&scene).await;
    assert_ne!(ada["sub"], eve["sub"]);
    assert_eq!(ada["email_verified"], true);
    is_shut_out(&scene, &mut eves, &tokens).await;
}

/// Unexpired session. The business made the account, and Eve has found the password that was set in advance. The naive
/// recovery replaces the password, and leaves Eve where she is.
async fn an_unexpired_session_ends_when_the_owner_comes(engine: Engine) {
    let scene = Scene::set(engine).await;
    let user = made_for_ada(&scene).await;
    scene
        .world
        .change(&scene.client, |client| client.requires_consent = true)
        .await;
    let mut eves = scene.world.browser();
    eves.open(&scene.client.authorize_url(&[])).await;
    eves.sign_in(ADDRESS, PASSWORD).await;
    eves.submit("button[value='allow']", &[]).await;
    let tokens = scene.client.redeem(eves.arrived()).await;
    scene.world.pass(1);

    let mut browser = forgetting(&scene, ADDRESS).await;
    browser.enter_code(&scene.world.code_for(ADDRESS)).await;
    let page = browser.choose_password(NEW).await;
    assert_eq!(page.id(), "page-consent", "Ada has allowed nothing yet");
    let mut tx = scene.world.app.db.read().await.unwrap();
    let allowed = consents::find(&mut tx, &user, &scene.client.id).await;
    assert_eq!(allowed.unwrap(), None);
    let alive = sessions::list_for_user(&mut tx, &user, scene.world.now()).await;
    assert_eq!(alive.unwrap().len(), 1);
    drop(tx);
    browser.submit("button[value='allow']", &[]).await;
    let ada = scene.client.redeem(browser.arrived()).await.id_claims();
    assert_eq!(ada["sub"], user.as_str());
    assert_eq!(ada["email_verified"], true);
    is_shut_out(&scene, &mut eves, &tokens).await;
    let page = eves.sign_in(ADDRESS, PASSWORD).await;
    assert_eq!(page.status.as_u16(), 422);
}

/// Trojan identifier. Eve was in the account and has linked her own identity. The naive recovery leaves her this way in,
/// which no new password closes.
async fn an_upstream_identity_that_was_linked_in_advance_is_taken_off(engine: Engine) {
    let scene = Scene::set(engine).await;
    let user = made_for_ada(&scene).await;
    scene
        .upstream
        .states(json!({ "sub": "eve-there", "email": "eve@acme.test" }));
    let linked = UpstreamIdentity {
        id: IdentityId::generate(&mut scene.world.app.random.generator()),
        user_id: user.clone(),
        connection_id: scene.connection.clone(),
        issuer: Some(scene.upstream.issuer.clone()),
        subject: Some("eve-there".to_owned()),
        email_key: Some("eve@acme.test".to_owned()),
        evidence: Json(Evidence {
            rule: "asked".to_owned(),
            verified_email: None,
            actor: Some(user.to_string()),
        }),
        sign_ins: 0,
        last_sign_in_at: None,
        created_at: scene.world.now(),
    };
    let mut tx = scene.world.write().await;
    assert!(upstream_identities::insert(&mut tx, &linked).await.unwrap());
    tx.commit().await.unwrap();

    let ada = recover(&scene, ADDRESS).await;
    assert_eq!(ada["sub"], user.as_str());
    let eve = scene.claims().await;
    assert_ne!(eve["sub"], user.as_str());
    let audited = scene.world.audited(user.as_str()).await;
    assert!(
        audited.contains(&"identity.removed".to_owned()),
        "{audited:?}"
    );
    assert!(
        audited.contains(&"identity.updated".to_owned()),
        "{audited:?}"
    );
    // What Ada links herself, by her proven address, outlives another new password.
    scene
        .upstream
        .states(json!({ "sub": "ada-there", "email": ADDRESS, "email_verified": true }));
    assert_eq!(scene.claims().await["sub"], user.as_str());
    recover(&scene, ADDRESS).await;
    assert_eq!(scene.claims().await["sub"], user.as_str());
}

/// Trojan identifier, and an unexpired change of the address. The account has an address of Eve's as well. The naive
/// recovery lets her back in by it after Ada has come; or Ada into what Eve has proven to be hers.
async fn another_address_of_the_account_is_no_way_back(engine: Engine) {
    let scene = Scene::set(engine).await;
    let with_another = |email: &str, other: &str, is_verified: bool| NewAccount {
        email: Some(email.to_owned()),
        further: vec![NewIdentity {
            kind: IdentityKind::Email,
            value: other.to_owned(),
            is_verified,
        }],
        ..NewAccount::default()
    };
    let new = with_another(ADDRESS, "eve@acme.test", false);
    let user = scene.world.account(new, PASSWORD).await;
    is_unknown(&scene, "eve@acme.test").await;
    let ada = recover(&scene, ADDRESS).await;
    assert_eq!(ada["sub"], user.as_str());
    is_unknown(&scene, "eve@acme.test").await;

    let new = with_another("bob@acme.test", "mallory@acme.test", true);
    let mallory = scene.world.account(new, PASSWORD).await;
    is_unknown(&scene, "bob@acme.test").await;
    let claims = recover(&scene, "mallory@acme.test").await;
    assert_eq!(claims["sub"], mallory.as_str());
}

/// An invitation to an address that Eve's account claims. The naive page asks Ada to sign in to that account.
async fn an_invited_owner_is_led_past_a_claimed_account(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (api, acme) = (
        scene.world.api().await,
        scene.world.organization("Acme").await,
    );
    scene
        .upstream
        .states(json!({ "sub": "eve-there", "email": ADDRESS, "email_verified": false }));
    let eve = scene.claims().await;
    let new = json!({ "email": ADDRESS, "roles": [], "send_email": false });
    let made = api
        .post(&format!("/organization/{acme}/invites"), new)
        .await;
    let code = made["invite"]["code"].as_str().unwrap();
    let url = scene
        .client
        .authorize_url(&[("invitation_code", code), ("is_invitation", "true")]);
    let mut browser = scene.world.browser();
    let page = browser.open(&url).await;
    assert_eq!(page.id(), "page-register");
    browser.introduce("Ada", ADDRESS).await;
    browser.choose_password(NEW).await;
    browser.enter_code(&scene.world.code_for(ADDRESS)).await;
    let tokens = scene.client.redeem(browser.arrived()).await;
    assert_ne!(tokens.id_claims()["sub"], eve["sub"]);
    assert_eq!(tokens.access_claims()["org_code"], acme.as_str());
}
