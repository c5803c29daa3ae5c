//! Signing in through an upstream OpenID Provider.

use serde_json::{Value, json};
use vestibule::id::ConnectionId;
use vestibule::store::connections::Connection;

use crate::support::{
    Browser, Engine, Fault, PASSWORD, TestClient, Upstream, World, on_each_engine,
};

on_each_engine! {
    a_stranger_gets_an_account_and_the_profile_of_the_upstream
    a_profile_follows_the_upstream_and_stays_where_sync_is_off
    an_answer_is_good_once_and_in_its_browser_alone
    a_proven_address_links_and_an_unproven_one_does_not
}

/// An upstream whose connection a client offers.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) client: TestClient,
    pub(crate) upstream: Upstream,
    pub(crate) connection: ConnectionId,
}

impl Scene {
    pub(crate) async fn set(engine: Engine) -> Self {
        Self::set_with(engine, |_| {}).await
    }

    /// With a connection that was adjusted.
    pub(crate) async fn set_with(engine: Engine, adjust: impl FnOnce(&mut Connection)) -> Self {
        let world = World::federated(engine).await;
        let client = world.client().await;
        let upstream = Upstream::start(json!({
            "sub": "ada-there", "email": "ada@acme.test", "email_verified": true,
            "given_name": "Ada", "family_name": "Byron",
        }))
        .await;
        let connection = world.connection(&upstream, &client, adjust).await;
        world.pass(1);
        Self {
            world,
            client,
            upstream,
            connection,
        }
    }

    /// Goes to the upstream, in this browser. Returns where its answer goes.
    pub(crate) async fn leave(&self, browser: &mut Browser) -> String {
        browser.open(&self.client.authorize_url(&[])).await;
        browser.submit("button[name=connection_id]", &[]).await;
        let address = browser.page().attribute("#continue", "href").unwrap();
        self.upstream.grants(&address.parse().unwrap())
    }

    pub(crate) async fn sign_in(&self) -> Browser {
        let mut browser = self.world.browser();
        let answer = self.leave(&mut browser).await;
        browser.open(&answer).await;
        browser
    }

    /// Signs in. Returns the claims of the ID Token.
    pub(crate) async fn claims(&self) -> Value {
        let browser = self.sign_in().await;
        self.client.redeem(browser.arrived()).await.id_claims()
    }
}

async fn a_stranger_gets_an_account_and_the_profile_of_the_upstream(engine: Engine) {
    let scene = Scene::set(engine).await;
    scene
        .upstream
        .profile(json!({ "picture": "https://acme.test/ada.png", "given_name": "Eve" }));
    let browser = scene.sign_in().await;
    let tokens = scene.client.redeem(browser.arrived()).await;
    let claims = tokens.id_claims();
    assert_eq!(claims["email"], "ada@acme.test");
    assert_eq!(claims["email_verified"], true);
    // What is signed wins.
    assert_eq!(claims["given_name"], "Ada");
    assert_eq!(claims["family_name"], "Byron");
    assert_eq!(claims["picture"], "https://acme.test/ada.png");
    assert_eq!(claims["amr"], json!(["fed"]));
    let again = scene.sign_in().await;
    let again = scene.client.redeem(again.arrived()).await;
    assert_eq!(again.id_claims()["sub"], claims["sub"]);
}

async fn a_profile_follows_the_upstream_and_stays_where_sync_is_off(engine: Engine) {
    let scene = Scene::set(engine).await;
    scene.sign_in().await;
    scene.upstream.states(json!({
        "sub": "ada-there", "email": "ada@acme.test", "email_verified": true,
        "given_name": "Augusta", "family_name": "King", "picture": "https://acme.test/king.png",
    }));
    let claims = |browser: Browser| {
        let scene = &scene;
        async move { scene.client.redeem(browser.arrived()).await.id_claims() }
    };
    let second = claims(scene.sign_in().await).await;
    assert_eq!(second["given_name"], "Augusta");
    assert_eq!(second["picture"], "https://acme.test/king.png");
    let mut tx = scene.world.write().await;
    let mut policies = vestibule::store::environment::policies(&mut tx)
        .await
        .unwrap();
    policies.syncs_profiles = false;
    vestibule::store::environment::update(&mut tx, &policies)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    scene
        .upstream
        .states(json!({ "sub": "ada-there", "given_name": "Eve", "email": "eve@acme.test" }));
    let third = claims(scene.sign_in().await).await;
    for claim in [
        "sub",
        "email",
        "email_verified",
        "given_name",
        "family_name",
        "picture",
    ] {
        assert_eq!(third[claim], second[claim], "{claim}");
    }
}

async fn an_answer_is_good_once_and_in_its_browser_alone(engine: Engine) {
    let scene = Scene::set(engine).await;
    let mut browser = scene.world.browser();
    let answer = scene.leave(&mut browser).await;
    // A naive callback signs in whoever opens it: login CSRF.
    let mut victim = scene.world.browser();
    victim.open(&scene.client.authorize_url(&[])).await;
    let page = victim.open(&answer).await;
    assert_eq!(page.status.as_u16(), 400, "{}", page.text("main"));
    assert!(victim.try_arrived().is_none());
    browser.open(&answer).await;
    browser.arrived();
    let page = browser.open(&answer).await;
    assert_eq!(page.status.as_u16(), 400, "{}", page.text("main"));
}

async fn a_proven_address_links_and_an_unproven_one_does_not(engine: Engine) {
    let scene = Scene::set(engine).await;
    let ada = scene.world.user("ada@acme.test", PASSWORD).await;
    scene
        .upstream
        .states(json!({ "sub": "eve-there", "email": "ada@acme.test", "email_verified": false }));
    let browser = scene.sign_in().await;
    let eve = scene.client.redeem(browser.arrived()).await.id_claims();
    assert_ne!(eve["sub"], ada.as_str());
    assert_eq!(eve.get("email"), None);
    scene
        .upstream
        .states(json!({ "sub": "ada-there", "email": "Ada@Acme.test", "email_verified": true }));
    let browser = scene.sign_in().await;
    let linked = scene.client.redeem(browser.arrived()).await.id_claims();
    assert_eq!(linked["sub"], ada.as_str());
}

#[tokio::test]
async fn what_is_no_proof_signs_nobody_in() {
    let scene = Scene::set(Engine::Sqlite).await;
    for (fault, outcome) in [
        (Fault::AccessTokenOfAnother, "access_token_hash"),
        (Fault::AlgorithmNone, "id_token"),
        (Fault::Expired, "id_token"),
        (Fault::ForAnotherClient, "id_token"),
        (Fault::ForSeveralClients, "authorized_party"),
        (Fault::FromTheFuture, "id_token"),
        (Fault::HugeProfile, "userinfo"),
        (Fault::KeyAsSecret, "id_token"),
        (Fault::KeyOfAnother, "id_token"),
        (Fault::KeyUnknown, "id_token"),
        (Fault::NonceOfAnother, "id_token"),
        (Fault::NoIdToken, "id_token"),
        (Fault::ProfileOfAnother, "userinfo"),
        (Fault::RedirectsInside, "userinfo"),
        (Fault::TokenOfAnotherIssuer, "id_token"),
    ] {
        scene.upstream.does_wrong(fault);
        let browser = scene.sign_in().await;
        let page = browser.page();
        assert_eq!(
            page.id(),
            "page-sign-in",
            "{fault:?}: {}",
            page.text("main")
        );
        let said = page.text(".alert");
        assert!(
            said.contains("Acme") && said.contains("upstream_"),
            "{fault:?}: {said}"
        );
        let reference = said
            .split("upstream_")
            .nth(1)
            .unwrap()
            .split(' ')
            .next()
            .unwrap();
        let mut tx = scene.world.app.db.read().await.unwrap();
        let (known,): (String,) = tx
            .one(
                "SELECT outcome FROM upstream_sign_ins WHERE id = $1",
                (format!("upstream_{reference}"),),
            )
            .await
            .unwrap();
        assert_eq!(known, outcome, "{fault:?}");
        let (users, links, sessions): (i64, i64, i64) = tx
            .one(
                "SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM upstream_identities),
                    (SELECT COUNT(*) FROM sessions)",
                (),
            )
            .await
            .unwrap();
        assert_eq!((users, links, sessions), (0, 0, 0), "{fault:?}");
    }
    scene.upstream.does_wrong(Fault::None);
    scene.sign_in().await.arrived();
}

#[tokio::test]
async fn who_turns_back_at_the_upstream_finds_another_way_in() {
    let scene = Scene::set(Engine::Sqlite).await;
    scene.world.user("bob@example.test", PASSWORD).await;
    let mut browser = scene.world.browser();
    browser.open(&scene.client.authorize_url(&[])).await;
    browser.submit("button[name=connection_id]", &[]).await;
    let address = browser.page().attribute("#continue", "href").unwrap();
    let answer = scene
        .upstream
        .declines(&address.parse().unwrap(), "access_denied");
    let page = browser.open(&answer).await;
    assert!(
        page.text(".alert").contains("didn’t sign you in"),
        "{}",
        page.text("main")
    );
    browser.sign_in("bob@example.test", PASSWORD).await;
    scene.client.redeem(browser.arrived()).await;
}

#[tokio::test]
async fn a_connection_of_the_request_is_asked_at_once_and_never_in_a_loop() {
    let scene = Scene::set(Engine::Sqlite).await;
    let mut tx = scene.world.app.db.read().await.unwrap();
    let (connection,): (String,) = tx.one("SELECT id FROM connections", ()).await.unwrap();
    drop(tx);
    let mut browser = scene.world.browser();
    let url = scene.client.authorize_url(&[
        ("connection_id", &connection),
        ("login_hint", "ada@acme.test"),
    ]);
    let request = browser.open(&url).await.url.clone();
    assert!(
        request.as_str().starts_with(&scene.upstream.issuer),
        "{request}"
    );
    let hint = request.query_pairs().find(|(name, _)| name == "login_hint");
    assert_eq!(hint.unwrap().1, "ada@acme.test");
    let answer = scene.upstream.declines(&request, "login_required");
    assert_eq!(browser.open(&answer).await.id(), "page-sign-in");
}

#[tokio::test]
async fn an_address_at_the_domain_of_a_connection_leads_there() {
    let scene = Scene::set(Engine::Sqlite).await;
    let mut tx = scene.world.write().await;
    let (connection,): (String,) = tx.one("SELECT id FROM connections", ()).await.unwrap();
    let connection = vestibule::id::ConnectionId::parse(&connection).unwrap();
    vestibule::store::connections::insert_domain(&mut tx, &connection, "acme.test")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut browser = scene.world.browser();
    browser.open(&scene.client.authorize_url(&[])).await;
    browser
        .press("sign-in", &[("p_email", "ada@Acme.test")])
        .await;
    let address = browser.page().attribute("#continue", "href").unwrap();
    let answer = scene.upstream.grants(&address.parse().unwrap());
    browser.open(&answer).await;
    browser.arrived();
}

#[tokio::test]
async fn keys_that_nobody_knows_are_asked_for_once_a_minute() {
    let scene = Scene::set(Engine::Sqlite).await;
    scene.sign_in().await.arrived();
    assert_eq!(scene.upstream.key_reads(), 1);
    scene.upstream.does_wrong(Fault::KeyUnknown);
    for _ in 0..3 {
        scene.sign_in().await;
    }
    assert_eq!(scene.upstream.key_reads(), 1);
    scene.world.pass(61);
    for _ in 0..3 {
        scene.sign_in().await;
    }
    assert_eq!(scene.upstream.key_reads(), 2);
}

#[tokio::test]
async fn an_upstream_that_calls_itself_otherwise_is_not_asked() {
    let scene = Scene::set(Engine::Sqlite).await;
    scene.upstream.does_wrong(Fault::MetadataOfAnother);
    let mut browser = scene.world.browser();
    browser.open(&scene.client.authorize_url(&[])).await;
    let page = browser.submit("button[name=connection_id]", &[]).await;
    assert_eq!(page.id(), "page-sign-in");
    assert!(
        page.text(".alert").contains("can’t be trusted"),
        "{}",
        page.text("main")
    );
}
