//! Signing out where a sign-in began at an upstream: `OpenID` Connect Back-Channel Logout 1.0.

use reqwest::StatusCode;
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use serde_json::{Value, json};
use vestibule::id::ConnectionId;

use super::upstream::Scene;
use crate::support::{
    Answer, Browser, Engine, Fault, PASSWORD, Upstream, World, on_each_engine, parameters_of,
};

on_each_engine! {
    a_subject_who_is_signed_out_there_is_signed_out_here
    a_session_that_ends_there_ends_alone
    what_was_granted_for_absence_stays
    a_token_of_another_connection_ends_nothing
    a_token_is_good_once
    a_session_that_came_another_way_since_stays
}

/// Sends a logout token.
async fn send(world: &World, connection: &ConnectionId, token: &str) -> Answer {
    let address = world.url(&format!("/login/backchannel-logout/{connection}"));
    let form = [("logout_token", token)];
    let sent = World::http().post(address).form(&form).send().await;
    let response = sent.unwrap();
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    Answer::read(response).await
}

impl Scene {
    /// Says at the upstream who was signed out, and how that was answered here.
    async fn signs_out(&self, whom: Value) -> Answer {
        let now = self.world.now();
        let token = self.upstream.logout_token(now, &whom, Fault::None);
        send(&self.world, &self.connection, &token).await
    }

    async fn is_signed_in(&self, browser: &mut Browser) -> bool {
        browser
            .open(&self.client.authorize_url(&[("prompt", "none")]))
            .await;
        parameters_of(browser.arrived()).contains_key("code")
    }

    fn states_session(&self, subject: &str, sid: &str) {
        self.upstream.states(json!({
            "sub": subject, "email": format!("{subject}@acme.test"), "email_verified": true, "sid": sid,
        }));
    }
}

async fn a_subject_who_is_signed_out_there_is_signed_out_here(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (mut one, mut two) = (scene.sign_in().await, scene.sign_in().await);
    let tokens = scene.client.redeem(one.arrived()).await;
    scene.states_session("eve", "s9");
    let mut eve = scene.sign_in().await;
    let answer = scene.signs_out(json!({ "sub": "ada-there" })).await;
    assert_eq!(answer.status, 200);
    for browser in [&mut one, &mut two] {
        assert!(!scene.is_signed_in(browser).await);
    }
    assert!(scene.is_signed_in(&mut eve).await);
    let user = tokens.id_claims()["sub"].as_str().unwrap().to_owned();
    let audited = scene.world.audited(&user).await;
    let ended = audited.iter().filter(|it| *it == "user.signed_out").count();
    assert_eq!(ended, 2);
    // They are signed out already: that is no failure (§2.7).
    assert_eq!(
        scene.signs_out(json!({ "sub": "ada-there" })).await.status,
        200
    );
}

async fn a_session_that_ends_there_ends_alone(engine: Engine) {
    let scene = Scene::set(engine).await;
    let mut browsers = Vec::new();
    for sid in ["s1", "s2", "s3"] {
        scene.states_session("ada-there", sid);
        browsers.push(scene.sign_in().await);
    }
    // By its name alone, and beside its subject.
    scene.signs_out(json!({ "sid": "s1" })).await;
    scene
        .signs_out(json!({ "sub": "ada-there", "sid": "s2" }))
        .await;
    // Of another subject, which it is not.
    scene.signs_out(json!({ "sub": "eve", "sid": "s3" })).await;
    let mut signed_in = Vec::new();
    for browser in &mut browsers {
        signed_in.push(scene.is_signed_in(browser).await);
    }
    assert_eq!(signed_in, [false, false, true]);
}

async fn what_was_granted_for_absence_stays(engine: Engine) {
    let scene = Scene::set(engine).await;
    let mut browser = scene.sign_in().await;
    let absent = scene.client.redeem(browser.arrived()).await;
    let refresh_token = absent.refresh_token.expect("offline");
    browser
        .open(&scene.client.authorize_url(&[("scope", "openid")]))
        .await;
    let present = scene.client.redeem(browser.arrived()).await;
    // Not redeemed yet: nobody has it.
    browser.open(&scene.client.authorize_url(&[])).await;
    let code = parameters_of(browser.arrived())["code"].clone();
    scene.signs_out(json!({ "sub": "ada-there" })).await;
    let userinfo = scene.client.userinfo(&present.access_token).await;
    assert_eq!(userinfo.status, 401);
    let redeemed = scene.client.try_redeem(&code, &[]).await;
    assert_eq!(redeemed.error(), "invalid_grant");
    // §2.7
    let refreshed = scene.client.refresh(&refresh_token).await;
    assert_eq!(refreshed.status, 200);
}

async fn a_token_of_another_connection_ends_nothing(engine: Engine) {
    let scene = Scene::set(engine).await;
    let mut browser = scene.sign_in().await;
    // Another provider, which says of itself that it is the first; and another connection to the first.
    let other = Upstream::start(json!({ "sub": "ada-there" })).await;
    let to_other = scene.world.connection(&other, &scene.client, |_| {}).await;
    let second = scene
        .world
        .connection(&scene.upstream, &scene.client, |_| {})
        .await;
    let now = scene.world.now();
    let whom = json!({ "sub": "ada-there" });
    let from_other = other.logout_token(now, &whom, Fault::None);
    let posing = json!({ "sub": "ada-there", "iss": scene.upstream.issuer });
    let posing = other.logout_token(now, &posing, Fault::KeyOfAnother);
    let honest = scene.upstream.logout_token(now, &whom, Fault::None);
    for (connection, token, status) in [
        (&to_other, &from_other, 200),
        (&to_other, &honest, 400),
        (&scene.connection, &from_other, 400),
        (&scene.connection, &posing, 400),
        (&to_other, &posing, 400),
        (&second, &honest, 200),
    ] {
        let answer = send(&scene.world, connection, token).await;
        assert_eq!(answer.status, status);
        assert!(scene.is_signed_in(&mut browser).await);
    }
    assert_eq!(
        send(&scene.world, &scene.connection, &honest).await.status,
        200
    );
    assert!(!scene.is_signed_in(&mut browser).await);
}

async fn a_token_is_good_once(engine: Engine) {
    let scene = Scene::set(engine).await;
    let whom = json!({ "sub": "ada-there" });
    let token = scene
        .upstream
        .logout_token(scene.world.now(), &whom, Fault::None);
    let send = || send(&scene.world, &scene.connection, &token);
    let (one, other) = tokio::join!(send(), send());
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    let mut browser = scene.sign_in().await;
    assert_eq!(send().await.status, 400);
    assert!(scene.is_signed_in(&mut browser).await);
}

async fn a_session_that_came_another_way_since_stays(engine: Engine) {
    let scene = Scene::set(engine).await;
    scene.world.user("ada@acme.test", PASSWORD).await;
    let mut browser = scene.sign_in().await;
    let again = scene.client.authorize_url(&[("prompt", "login")]);
    browser.open(&again).await;
    browser.sign_in("ada@acme.test", PASSWORD).await;
    browser.arrived();
    let answer = scene.signs_out(json!({ "sub": "ada-there" })).await;
    assert_eq!(answer.status, 200);
    assert!(scene.is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn what_is_no_proof_ends_nothing() {
    let scene = Scene::set(Engine::Sqlite).await;
    let mut browser = scene.sign_in().await;
    let now = scene.world.now();
    let events = "http://schemas.openid.net/event/backchannel-logout";
    for (replaced, fault) in [
        (json!({}), Fault::AlgorithmNone),
        (json!({}), Fault::KeyAsSecret),
        (json!({}), Fault::KeyOfAnother),
        (json!({}), Fault::KeyUnknown),
        (
            json!({ "iss": "https://accounts.example.test" }),
            Fault::None,
        ),
        (json!({ "iss": null }), Fault::None),
        (json!({ "aud": "another" }), Fault::None),
        (json!({ "iat": now.as_i64() + 3600 }), Fault::None),
        (json!({ "iat": now.as_i64() - 3600 }), Fault::None),
        (json!({ "iat": null }), Fault::None),
        (json!({ "exp": now.as_i64() - 61 }), Fault::None),
        (json!({ "jti": null }), Fault::None),
        (json!({ "events": null }), Fault::None),
        (json!({ "events": { events: true } }), Fault::None),
        (json!({ "nonce": "n" }), Fault::None),
        (json!({ "sub": null }), Fault::None),
        (json!({ "sub": ["ada-there"] }), Fault::None),
    ] {
        let mut whom = json!({ "sub": "ada-there" });
        for (name, value) in replaced.as_object().unwrap() {
            whom[name] = value.clone();
        }
        let token = scene.upstream.logout_token(now, &whom, fault);
        let answer = send(&scene.world, &scene.connection, &token).await;
        assert_eq!(answer.status, 400, "{whom} {fault:?}");
        assert_eq!(answer.error(), "invalid_request", "{whom} {fault:?}");
    }
    for token in ["", "a.b.c", &"e30.".repeat(40_000)] {
        let answer = send(&scene.world, &scene.connection, token).await;
        assert!(answer.status.is_client_error(), "{token}");
    }
    assert!(scene.is_signed_in(&mut browser).await);
    let audited = scene.world.audited(scene.connection.as_str()).await;
    let refused = "connection.logout_refused";
    assert!(audited.iter().filter(|action| *action == refused).count() >= 17);
    // Keys are read for the first of them, and not again for each of the others.
    assert_eq!(scene.upstream.key_reads(), 1);
    scene.world.pass(61);
    let token =
        scene
            .upstream
            .logout_token(scene.world.now(), &json!({ "sub": "x" }), Fault::KeyUnknown);
    for _ in 0..3 {
        send(&scene.world, &scene.connection, &token).await;
    }
    assert_eq!(scene.upstream.key_reads(), 2);
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let scene = Scene::set(Engine::Sqlite).await;
    let http = World::http();
    let path = format!("/login/backchannel-logout/{}", scene.connection);
    let address = scene.world.url(&path);
    let token = scene
        .upstream
        .logout_token(scene.world.now(), &json!({ "sub": "x" }), Fault::None);
    let form = format!("logout_token={token}");
    let twice = format!("{form}&{form}");
    let unknown = scene
        .world
        .url("/login/backchannel-logout/conn_00000000000000000000000000000000");
    let no_id = scene.world.url("/login/backchannel-logout/acme");
    let json = "application/json";
    let urlencoded = "application/x-www-form-urlencoded";
    for (address, kind, body, status) in [
        (&address, urlencoded, "", 400),
        (&address, urlencoded, &*twice, 400),
        (&address, json, &*form, 400),
        (&unknown, urlencoded, &*form, 400),
        (&no_id, urlencoded, &*form, 400),
        (&address, urlencoded, &*form, 200),
    ] {
        let request = http.post(address).header(CONTENT_TYPE, kind);
        let sent = request.body(body.to_owned()).send().await.unwrap();
        assert_eq!(sent.status(), status, "{address} {kind} {body}");
        assert_eq!(sent.headers()[CACHE_CONTROL], "no-store");
    }
    let got = http.get(&address).send().await.unwrap();
    assert_eq!(got.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn tokens_without_end_are_looked_at_no_more_for_a_while() {
    let scene = Scene::set(Engine::Sqlite).await;
    let mut browser = scene.sign_in().await;
    for _ in 0..600 {
        assert_eq!(
            send(&scene.world, &scene.connection, "a.b.c").await.status,
            400
        );
    }
    let path = format!("/login/backchannel-logout/{}", scene.connection);
    let whom = json!({ "sub": "ada-there" });
    let token = scene
        .upstream
        .logout_token(scene.world.now(), &whom, Fault::None);
    let form = [("logout_token", token.as_str())];
    let request = World::http().post(scene.world.url(&path)).form(&form);
    let sent = request.send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(sent.headers()[RETRY_AFTER], "60");
    assert!(scene.is_signed_in(&mut browser).await);
    scene.world.pass(60);
    assert_eq!(
        send(&scene.world, &scene.connection, &token).await.status,
        200
    );
    assert!(!scene.is_signed_in(&mut browser).await);
}
