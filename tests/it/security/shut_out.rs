//! A suspended user and a disabled client get nothing more on any way, within a second, on every node.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{
    Browser, Engine, PASSWORD, TestClient, Tokens, World, code_in, on_each_engine, parameters_of,
};

const ADDRESS: &str = "ada@example.test";
const AUDIENCE: &str = "https://api.example.test";

on_each_engine! {
    a_suspended_user_is_refused_on_every_node
    a_disabled_client_is_refused_on_every_node
    a_disabled_machine_is_refused_on_every_node
    what_one_node_revokes_every_node_refuses
}

/// Two nodes on one database, and everything that a client may hold.
struct Scene {
    first: World,
    second: World,
    client: TestClient,
    browser: Browser,
    tokens: Tokens,
    code: String,
    /// An interaction under way, its form shown.
    begun: Browser,
}

impl Scene {
    async fn set(engine: Engine) -> (Self, vestibule::id::UserId) {
        let first = World::on(engine).await;
        let user = first.user(ADDRESS, PASSWORD).await;
        let client = first.client().await;
        let (mut browser, tokens) = first.signed_in(&client, ADDRESS).await;
        browser.open(&client.authorize_url(&[])).await;
        let code = code_in(browser.arrived());
        let mut begun = browser.tab();
        begun
            .open(&client.authorize_url(&[("prompt", "consent")]))
            .await;
        let second = first.second_node().await;
        let scene = Self {
            first,
            second,
            client,
            browser,
            tokens,
            code,
            begun,
        };
        scene.assert_let_in().await;
        (scene, user)
    }

    /// Both nodes know the client by now, so that they have copies of it.
    async fn assert_let_in(&self) {
        for node in [&self.first, &self.second] {
            let client = self.client.at(node);
            let answer = client.userinfo(&self.tokens.access_token).await;
            assert_eq!(answer.status, StatusCode::OK);
            let token = [("token", self.tokens.access_token.as_str())];
            let answer = client.post("/oauth2/introspect", &token).await;
            assert_eq!(answer.body["active"], true);
        }
    }

    /// Refreshes, redeems and presents, at both nodes.
    async fn assert_tokens_refused(&self, error: &str) {
        let refresh_token = self.tokens.refresh_token.clone().expect("offline");
        for node in [&self.second, &self.first] {
            let client = self.client.at(node);
            let answer = client.userinfo(&self.tokens.access_token).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert_eq!(client.refresh(&refresh_token).await.error(), error);
            assert_eq!(client.try_redeem(&self.code, &[]).await.error(), error);
        }
    }
}

async fn a_suspended_user_is_refused_on_every_node(engine: Engine) {
    let (mut scene, user) = Scene::set(engine).await;
    scene.first.suspend(&user).await;
    scene.assert_tokens_refused("invalid_grant").await;
    for node in [&scene.second, &scene.first] {
        let client = scene.client.at(node);
        let token = [("token", scene.tokens.access_token.as_str())];
        let answer = client.post("/oauth2/introspect", &token).await;
        assert_eq!(answer.body, json!({ "active": false }));
        let mut browser = scene.browser.at(node);
        browser
            .open(&client.authorize_url(&[("prompt", "none")]))
            .await;
        let answer = parameters_of(browser.arrived());
        assert_eq!(answer["error"], "login_required");
        let mut visitor = node.browser();
        visitor.open(&client.authorize_url(&[])).await;
        let page = visitor.sign_in(ADDRESS, PASSWORD).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
    }
    let page = scene.begun.press("allow", &[]).await;
    assert_eq!(page.id(), "page-sign-in");
}

async fn a_disabled_client_is_refused_on_every_node(engine: Engine) {
    let (mut scene, _) = Scene::set(engine).await;
    let now = scene.first.now();
    scene
        .first
        .change(&scene.client, |client| client.disabled_at = Some(now))
        .await;
    scene.assert_tokens_refused("invalid_client").await;
    for node in [&scene.second, &scene.first] {
        let client = scene.client.at(node);
        for path in ["/oauth2/introspect", "/oauth2/revoke"] {
            let token = [("token", scene.tokens.access_token.as_str())];
            assert_eq!(client.post(path, &token).await.error(), "invalid_client");
        }
        let mut browser = scene.browser.at(node);
        let page = browser.open(&client.authorize_url(&[])).await;
        assert_eq!(page.id(), "page-error");
        assert_eq!(page.text("#error-code"), "invalid_client");
    }
    let page = scene.begun.press("allow", &[]).await;
    assert_eq!(page.id(), "page-error");
    assert!(!page.is_elsewhere);
}

async fn a_disabled_machine_is_refused_on_every_node(engine: Engine) {
    let first = World::on(engine).await;
    let machine = first.machine_client(AUDIENCE).await;
    let reader = first.client().await;
    first.allow_api(&reader, AUDIENCE, "read:orders").await;
    let second = first.second_node().await;
    let grant = [("grant_type", "client_credentials")];
    let token = machine.at(&second).token(&grant).await.body["access_token"].clone();
    let token = token.as_str().expect("machines get tokens").to_owned();
    let answer = reader
        .at(&second)
        .post("/oauth2/introspect", &[("token", &token)])
        .await;
    assert_eq!(answer.body["active"], true);

    let now = first.now();
    first
        .change(&machine, |client| client.disabled_at = Some(now))
        .await;
    for node in [&second, &first] {
        let answer = machine.at(node).token(&grant).await;
        assert_eq!(answer.error(), "invalid_client");
        let answer = reader
            .at(node)
            .post("/oauth2/introspect", &[("token", &token)])
            .await;
        assert_eq!(answer.body, json!({ "active": false }));
    }
}

async fn what_one_node_revokes_every_node_refuses(engine: Engine) {
    let (scene, _) = Scene::set(engine).await;
    let refresh_token = scene.tokens.refresh_token.clone().expect("offline");
    let answer = scene
        .client
        .post("/oauth2/revoke", &[("token", &refresh_token)])
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let client = scene.client.at(&scene.second);
    assert_eq!(
        client.refresh(&refresh_token).await.error(),
        "invalid_grant"
    );
    let answer = client.userinfo(&scene.tokens.access_token).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}
