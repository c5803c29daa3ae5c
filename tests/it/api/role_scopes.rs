//! `/roles/{role_id}/scopes`, and what tokens make of them.

use serde_json::{Value, json};
use vestibule::access::management;
use vestibule::id::{ApiScopeId, RoleId};
use vestibule::store::{self, apis::ApiScope};

use crate::support::{Engine, PASSWORD, TestClient, Tokens, World, on_each_engine};

on_each_engine! {
    a_role_grants_scopes_at_redeem_and_refresh
    scopes_by_roles_are_introspected_as_long_as_they_are_granted
    a_scope_that_is_removed_is_granted_no_more
}

const ORDERS: &str = "https://orders.example.test";

/// Ada is a clerk at the default organization, through a client that may call an API with no scope of it.
struct Scene {
    world: World,
    client: TestClient,
    clerk: RoleId,
    scope: ApiScopeId,
    refresh_token: String,
    tokens: Tokens,
}

impl Scene {
    async fn set(engine: Engine) -> Self {
        let world = World::on(engine).await;
        let api = world.api().await;
        let client = world.client().await;
        world.allow_api(&client, ORDERS, "").await;
        let scope = define_scope(&world, ORDERS, "write:orders").await;
        let ada = world.user("ada@example.test", PASSWORD).await;
        let clerk = world.role("clerk", &[]).await;
        let route = format!("/roles/{clerk}/scopes");
        let added = api
            .call("POST", &route, Some(json!({ "scope_id": scope })))
            .await;
        assert_eq!(added.status.as_u16(), 201, "{}", added.body);
        let organization = world.default_organization().await;
        world.assign_role((&organization, &ada), &clerk, None).await;
        let mut browser = world.browser();
        let url = client.authorize_url(&[("audience", ORDERS)]);
        browser.open(&url).await;
        browser.sign_in("ada@example.test", PASSWORD).await;
        let tokens = client.redeem(browser.arrived()).await;
        Self {
            refresh_token: tokens.refresh_token.clone().expect("offline was asked for"),
            world,
            client,
            clerk,
            scope,
            tokens,
        }
    }

    async fn refresh(&mut self, scope: &str) -> Tokens {
        let answer = self
            .client
            .token(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", &self.refresh_token),
                ("scope", scope),
            ])
            .await;
        let tokens = Tokens::of(&answer);
        self.refresh_token = tokens.refresh_token.clone().expect("there is another");
        tokens
    }
}

async fn define_scope(world: &World, audience: &str, name: &str) -> ApiScopeId {
    let mut tx = world.write().await;
    let api = store::apis::find_by_audience(&mut tx, audience)
        .await
        .unwrap();
    let scope = ApiScope {
        id: ApiScopeId::generate(&mut world.app.random.generator()),
        name: name.to_owned(),
        description: String::new(),
    };
    let api = api.expect("it is registered");
    store::apis::upsert_scope(&mut tx, &api.id, &scope)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    world.pass(1); // copies of clients are good for a second
    scope.id
}

fn has_scope(tokens: &Tokens) -> (bool, bool) {
    let claims = tokens.access_claims();
    let in_token = claims["scp"]
        .as_array()
        .is_some_and(|scopes| scopes.contains(&json!("write:orders")));
    let in_response = tokens.body["scope"]
        .as_str()
        .is_some_and(|scopes| scopes.split(' ').any(|scope| scope == "write:orders"));
    (in_token, in_response)
}

async fn a_role_grants_scopes_at_redeem_and_refresh(engine: Engine) {
    let mut scene = Scene::set(engine).await;
    assert_eq!(has_scope(&scene.tokens), (true, true));
    assert_eq!(has_scope(&scene.refresh("").await), (true, true));
    assert_eq!(has_scope(&scene.refresh("openid").await), (false, false));
    let narrowed = scene.refresh("openid write:orders").await;
    assert_eq!(has_scope(&narrowed), (true, true));
    assert_eq!(
        narrowed.access_claims()["scp"],
        json!(["openid", "write:orders"])
    );

    let api = scene.world.api().await;
    let route = format!("/roles/{}/scopes", scene.clerk);
    let listed = api.get(&route).await;
    assert_eq!(listed["scopes"][0]["id"], json!(scene.scope));
    assert_eq!(listed["scopes"][0]["key"], "write:orders");
    assert!(listed["scopes"][0]["api_id"].is_string());
    api.delete(&format!("{route}/{}", scene.scope)).await;
    scene.world.pass(1);
    assert_eq!(has_scope(&scene.refresh("").await), (false, false));
    let refused = scene
        .client
        .token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", &scene.refresh_token),
            ("scope", "write:orders"),
        ])
        .await;
    assert_eq!(refused.error(), "invalid_scope");
}

async fn scopes_by_roles_are_introspected_as_long_as_they_are_granted(engine: Engine) {
    let scene = Scene::set(engine).await;
    let introspected = async || {
        let form = [("token", scene.tokens.access_token.as_str())];
        let request = World::http()
            .post(scene.world.url("/oauth2/introspect"))
            .basic_auth(scene.client.id.as_str(), scene.client.secret.as_ref())
            .form(&form);
        let response = request.send().await.expect("the server answers");
        let body: Value = response.json().await.expect("it is JSON");
        let scope = body["scope"].as_str().unwrap_or_default().to_owned();
        scope.split(' ').any(|scope| scope == "write:orders")
    };
    assert!(introspected().await);
    let api = scene.world.api().await;
    api.delete(&format!("/roles/{}", scene.clerk)).await;
    scene.world.pass(1);
    assert!(!introspected().await);
}

async fn a_scope_that_is_removed_is_granted_no_more(engine: Engine) {
    let mut scene = Scene::set(engine).await;
    let mut tx = scene.world.write().await;
    store::apis::remove_scope(&mut tx, &scene.scope)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    scene.world.pass(1);
    assert_eq!(has_scope(&scene.refresh("").await), (false, false));
}

#[tokio::test]
async fn what_can_not_be_granted_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    let role = world.role("clerk", &[]).await;
    let route = format!("/roles/{role}/scopes");
    let mut tx = world.write().await;
    let audience = management::audience(&world.app.config.server.issuer);
    let found = store::apis::find_by_audience(&mut tx, &audience)
        .await
        .unwrap();
    let managing = found.expect("it is always there");
    let mut rng = world.app.random.generator();
    let scope = ApiScope {
        id: ApiScopeId::generate(&mut rng),
        name: "made:up".to_owned(),
        description: String::new(),
    };
    store::apis::upsert_scope(&mut tx, &managing.id, &scope)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    for (scope, code) in [
        (scope.id.to_string(), "SCOPE_NOT_FOR_USERS"),
        (
            ApiScopeId::generate(&mut rng).to_string(),
            "SCOPE_NOT_FOUND",
        ),
        ("x".to_owned(), "SCOPE_NOT_FOUND"),
    ] {
        let body = json!({ "scope_id": scope });
        let refused = api.refusal("POST", &route, Some(body)).await;
        assert_eq!(refused, (400, code.to_owned()), "{scope}");
    }
    let refused = api
        .refusal("DELETE", &format!("{route}/{}", scope.id), None)
        .await;
    assert_eq!(refused, (404, "SCOPE_NOT_FOUND".to_owned()));
    let unknown = "/roles/0192f000-0000-4000-8000-000000000000/scopes";
    let refused = api.refusal("GET", unknown, None).await;
    assert_eq!(refused, (404, "ROLE_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn a_client_that_asks_for_consent_gets_no_more_than_was_allowed() {
    let mut scene = Scene::set(Engine::Sqlite).await;
    let client = scene.client.clone();
    scene
        .world
        .change(&client, |client| client.requires_consent = true)
        .await;
    assert_eq!(has_scope(&scene.refresh("").await), (false, false));
}
