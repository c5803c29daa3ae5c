//! Signing out here goes on to the upstream: `OpenID` Connect RP-Initiated Logout 1.0.

use reqwest::StatusCode;
use serde_json::{Value, json};
use url::Url;
use vestibule::federation::settings::Settings;
use vestibule::store::connections::Connection;

use super::upstream::Scene;
use crate::support::{Browser, Engine, Fault, on_each_engine, parameters_of};

on_each_engine! {
    signing_out_goes_on_to_the_upstream_and_comes_back
    the_way_back_is_good_once_and_in_its_browser_alone
    an_id_token_is_kept_where_the_connection_says_so_alone
}

const AFTERWARDS: &str = "https://app.example.test/signed-out";

fn signs_out_there(connection: &mut Connection) {
    let Settings::Oidc(settings) = &mut connection.settings.0 else {
        unreachable!()
    };
    settings.client.ends_session = true;
}

impl Scene {
    /// Signs in. Returns the browser, and the ID Token.
    async fn signed_in(&self) -> (Browser, String) {
        let browser = self.sign_in().await;
        let tokens = self.client.redeem(browser.arrived()).await;
        (browser, tokens.id_token.unwrap())
    }

    /// Whether somebody is still signed in here, asked with the cookies of the browser.
    async fn is_still_signed_in(&self, browser: &mut Browser) -> bool {
        browser
            .open(&self.client.authorize_url(&[("prompt", "none")]))
            .await;
        parameters_of(browser.arrived()).contains_key("code")
    }

    async fn kept_id_tokens(&self) -> Vec<String> {
        let mut tx = self.world.app.db.read().await.unwrap();
        let all = "SELECT id_token_jwe FROM upstream_sessions WHERE id_token_jwe IS NOT NULL";
        let rows: Vec<(String,)> = tx.all(all, ()).await.unwrap();
        rows.into_iter().map(|(token,)| token).collect()
    }
}

/// The address of a logout request.
fn logout(hint: &str, afterwards: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("id_token_hint", hint)
        .append_pair("post_logout_redirect_uri", afterwards)
        .append_pair("state", "of the app")
        .finish();
    format!("/logout?{query}")
}

fn callback(request: &Url) -> String {
    let parameters = parameters_of(request);
    let mut back = Url::parse(&parameters["post_logout_redirect_uri"]).unwrap();
    back.query_pairs_mut()
        .append_pair("state", &parameters["state"]);
    back.into()
}

async fn signing_out_goes_on_to_the_upstream_and_comes_back(engine: Engine) {
    let scene = Scene::set_with(engine, signs_out_there).await;
    let (mut browser, hint) = scene.signed_in().await;
    browser.open(&logout(&hint, AFTERWARDS)).await;
    let request = browser.arrived().clone();
    let endpoint = format!("{}/end-session?tenant=acme&", scene.upstream.issuer);
    assert!(request.as_str().starts_with(&endpoint), "{request}");
    let parameters = parameters_of(&request);
    let mut names: Vec<&str> = parameters.keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "client_id",
        "id_token_hint",
        "post_logout_redirect_uri",
        "state",
        "tenant",
    ];
    assert_eq!(names, expected);
    assert_eq!(parameters["client_id"], "vestibule-there");
    let back = scene.world.url("/logout/callback");
    assert_eq!(parameters["post_logout_redirect_uri"], back);
    let theirs = crate::support::jwt_claims(&parameters["id_token_hint"]);
    assert_eq!(theirs["sub"], "ada-there");
    assert_eq!(theirs["iss"], scene.upstream.issuer.as_str());
    assert_ne!(parameters["state"], "of the app");
    // It has ended before the browser leaves, whether that ever comes back or not.
    assert!(!scene.is_still_signed_in(&mut browser).await);
    browser.open(&callback(&request)).await;
    let expected = format!("{AFTERWARDS}?state=of+the+app");
    assert_eq!(browser.arrived().as_str(), expected);
}

async fn the_way_back_is_good_once_and_in_its_browser_alone(engine: Engine) {
    let scene = Scene::set_with(engine, signs_out_there).await;
    let (mut browser, hint) = scene.signed_in().await;
    browser.open(&logout(&hint, AFTERWARDS)).await;
    let back = callback(&browser.arrived().clone());
    // A naive callback sends whoever opens it where somebody else wanted to go.
    let mut other = scene.sign_in().await;
    let forged = scene.world.url("/logout/callback?state=forged");
    for (visitor, address) in [(&mut other, &*back), (&mut browser, &*forged)] {
        let page = visitor.open(address).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{address}");
        assert!(visitor.try_arrived().is_none());
    }
    browser.open(&back).await;
    browser.arrived();
    let page = browser.open(&back).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);

    let (mut late, hint) = scene.signed_in().await;
    late.open(&logout(&hint, AFTERWARDS)).await;
    let back = callback(&late.arrived().clone());
    scene.world.pass(1_800);
    let page = late.open(&back).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
}

async fn an_id_token_is_kept_where_the_connection_says_so_alone(engine: Engine) {
    let scene = Scene::set(engine).await;
    scene.sign_in().await;
    assert!(scene.kept_id_tokens().await.is_empty());
    let api = scene.world.api().await;
    let route = format!("/connections/{}", scene.connection);
    let switch = |on: bool| json!({ "options": { "is_provider_sign_out_enabled": on } });
    api.patch(&route, switch(true)).await;
    let (mut browser, hint) = scene.signed_in().await;
    let (mut elsewhere, _) = scene.signed_in().await;
    let kept = scene.kept_id_tokens().await;
    assert_eq!(kept.len(), 2);
    // Encrypted for its purpose: the vault opens it for no other.
    assert!(scene.world.app.keys.vault().open(&kept[0]).is_err());
    elsewhere.open("/logout").await;
    elsewhere.press("confirm-logout", &[]).await;
    assert_eq!(scene.kept_id_tokens().await.len(), 1);
    api.patch(&route, switch(false)).await;
    assert!(scene.kept_id_tokens().await.is_empty());
    // Sessions from then on, and those from before, sign out here alone.
    browser.open(&logout(&hint, AFTERWARDS)).await;
    assert!(browser.arrived().as_str().starts_with(AFTERWARDS));
}

#[tokio::test]
async fn by_default_nobody_is_sent_on() {
    let scene = Scene::set(Engine::Sqlite).await;
    let (mut browser, hint) = scene.signed_in().await;
    browser.open(&logout(&hint, AFTERWARDS)).await;
    assert!(browser.arrived().as_str().starts_with(AFTERWARDS));
}

#[tokio::test]
async fn a_form_of_ours_leads_on_by_a_page_and_the_way_back_ends_on_one() {
    let scene = Scene::set_with(Engine::Sqlite, signs_out_there).await;
    let (mut browser, _) = scene.signed_in().await;
    browser.open("/logout").await;
    browser.press("confirm-logout", &[]).await;
    assert_eq!(browser.page().id(), "page-leaving");
    let address = browser.page().attribute("#continue", "href").unwrap();
    let request: Url = address.parse().unwrap();
    assert!(address.starts_with(&scene.upstream.issuer));
    assert!(!scene.is_still_signed_in(&mut browser).await);
    browser.open(&callback(&request)).await;
    assert_eq!(browser.page().id(), "page-signed-out");
}

#[tokio::test]
async fn an_address_that_no_client_registered_is_not_gone_to_by_this_way_either() {
    let scene = Scene::set_with(Engine::Sqlite, signs_out_there).await;
    for afterwards in [
        "https://attacker.example.test/",
        "//attacker.example.test",
        "https://app.example.test/signed-out?x=1",
    ] {
        let (mut browser, hint) = scene.signed_in().await;
        browser.open(&logout(&hint, afterwards)).await;
        let request = browser.arrived().clone();
        assert!(request.as_str().starts_with(&scene.upstream.issuer));
        browser.open(&callback(&request)).await;
        assert_eq!(browser.page().id(), "page-signed-out", "{afterwards}");
        assert!(browser.try_arrived().is_none());
    }
}

#[tokio::test]
async fn an_upstream_of_no_use_keeps_nobody_signed_in() {
    for (fault, endpoint) in [
        (Fault::MetadataOfAnother, None),
        (Fault::EndsSessionInScript, None),
        (Fault::EndsNoSession, None),
        (
            Fault::None,
            Some("https://sso.example.test/logout".to_owned()),
        ),
    ] {
        let scene = Scene::set_with(Engine::Sqlite, |connection| {
            signs_out_there(connection);
            let Settings::Oidc(settings) = &mut connection.settings.0 else {
                unreachable!()
            };
            settings.client.end_session_endpoint.clone_from(&endpoint);
        })
        .await;
        scene.upstream.does_wrong(fault);
        if fault == Fault::MetadataOfAnother {
            scene.upstream.does_wrong(Fault::None);
        }
        let (mut browser, hint) = scene.signed_in().await;
        if fault == Fault::MetadataOfAnother {
            // It has become another one since.
            scene.upstream.does_wrong(fault);
            scene.world.pass(3_600);
        }
        browser.open(&logout(&hint, AFTERWARDS)).await;
        let arrived = browser.arrived().as_str();
        match &endpoint {
            Some(endpoint) => assert!(arrived.starts_with(endpoint), "{arrived}"),
            None => assert!(arrived.starts_with(AFTERWARDS), "{fault:?}: {arrived}"),
        }
        assert!(!scene.is_still_signed_in(&mut browser).await, "{fault:?}");
    }
}

#[tokio::test]
async fn no_api_tells_an_id_token() {
    let scene = Scene::set_with(Engine::Sqlite, signs_out_there).await;
    let (_, _) = scene.signed_in().await;
    let kept = scene.kept_id_tokens().await.remove(0);
    let api = scene.world.api().await;
    let route = format!("/connections/{}", scene.connection);
    let told: Vec<Value> = vec![
        api.get(&route).await,
        api.get(&format!("{route}/sign_ins")).await,
        api.get("/audit_events").await,
    ];
    for told in told {
        let told = told.to_string();
        assert!(!told.contains(&kept) && !told.contains("eyJ"), "{told}");
    }
}
