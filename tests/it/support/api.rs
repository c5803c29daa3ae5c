//! The management API, as a machine calls it.

use reqwest::{Method, StatusCode};
use serde_json::Value;
use vestibule::access::management;
use vestibule::access::scopes;
use vestibule::protocol::client::ApplicationKind;

use super::{Answer, TestClient, World};

/// A machine that calls the management API.
pub(crate) struct Api {
    pub(crate) client: TestClient,
    pub(crate) token: String,
    base: String,
}

impl World {
    /// A machine that may do everything.
    pub(crate) async fn api(&self) -> Api {
        self.api_with(&every_scope()).await
    }

    /// A machine with these scopes.
    pub(crate) async fn api_with(&self, scopes: &str) -> Api {
        let client = self
            .register(ApplicationKind::Machine, &[], &[], |_| {})
            .await;
        self.api_of(client, scopes).await
    }

    /// Registers a machine with these scopes, which asks for its token itself.
    pub(crate) async fn manager(&self, scopes: &str) -> TestClient {
        let client = self
            .register(ApplicationKind::Machine, &[], &[], |_| {})
            .await;
        let audience = management::audience(&self.app.config.server.issuer);
        self.allow_api(&client, &audience, scopes).await;
        client
    }

    /// The machine that `client` is, with these scopes.
    pub(crate) async fn api_of(&self, client: TestClient, scopes: &str) -> Api {
        let audience = management::audience(&self.app.config.server.issuer);
        self.allow_api(&client, &audience, scopes).await;
        let parameters = [
            ("grant_type", "client_credentials"),
            ("audience", &audience),
        ];
        let answer = client.token(&parameters).await;
        let token = answer.body["access_token"].as_str();
        Api {
            token: token.expect("machines get tokens").to_owned(),
            base: format!("{}/api/v1", self.issuer()),
            client,
        }
    }
}

/// All scopes of the management API.
pub(crate) fn every_scope() -> String {
    let every: Vec<&str> = scopes::ALL.iter().map(|(word, _)| *word).collect();
    every.join(" ")
}

impl Api {
    /// The address of a route, which begins with a slash.
    pub(crate) fn url(&self, route: &str) -> String {
        format!("{}{route}", self.base)
    }

    /// Calls a route, which begins with a slash, with a body if there is one.
    pub(crate) async fn call(&self, method: &str, route: &str, body: Option<Value>) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("it is a method");
        let mut request = World::http()
            .request(method, self.url(route))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::read(request.send().await.expect("the server answers")).await
    }

    /// Reads; it must succeed.
    pub(crate) async fn get(&self, route: &str) -> Value {
        self.succeed("GET", route, None).await
    }

    /// Sends a body; it must succeed.
    pub(crate) async fn post(&self, route: &str, body: Value) -> Value {
        self.succeed("POST", route, Some(body)).await
    }

    /// Changes something; it must succeed.
    pub(crate) async fn patch(&self, route: &str, body: Value) -> Value {
        self.succeed("PATCH", route, Some(body)).await
    }

    /// Removes something; it must succeed.
    pub(crate) async fn delete(&self, route: &str) -> Value {
        self.succeed("DELETE", route, None).await
    }

    async fn succeed(&self, method: &str, route: &str, body: Option<Value>) -> Value {
        let answer = self.call(method, route, body).await;
        let (status, body) = (answer.status, answer.body);
        assert!(status.is_success(), "{method} {route}: {status} {body}");
        body
    }

    /// The code of the error that a call is refused with, and its status.
    pub(crate) async fn refusal(
        &self,
        method: &str,
        route: &str,
        body: Option<Value>,
    ) -> (u16, String) {
        let answer = self.call(method, route, body).await;
        assert_ne!(answer.status, StatusCode::OK, "{:?}", answer.body);
        let error = &answer.body["errors"][0];
        assert!(error["message"].is_string(), "{:?}", answer.body);
        let code = error["code"].as_str().unwrap_or_default().to_owned();
        (answer.status.as_u16(), code)
    }
}
