//! What all routes of the management API have in common: who is let in, the form of errors, the description.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use vestibule::access::scopes;
use vestibule::protocol::client::ApplicationKind;

use crate::support::{Answer, PASSWORD, World};

/// A route of the description.
struct Operation {
    method: Method,
    path: String,
    scope: String,
}

async fn operations(world: &World) -> Vec<Operation> {
    let response = World::http().get(world.url("/api/v1/openapi.json"));
    let answer = Answer::read(response.send().await.expect("the server answers")).await;
    let mut operations = Vec::new();
    let paths = answer.body["paths"].as_object().expect("there are paths");
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("a path has methods") {
            let scopes = &operation["security"][0]["management"];
            let scope = scopes[0].as_str();
            operations.push(Operation {
                method: method.to_uppercase().parse().expect("it is a method"),
                path: filled(path),
                scope: scope
                    .unwrap_or_else(|| panic!("{method} {path} tells no scope"))
                    .to_owned(),
            });
        }
    }
    operations
}

/// A path with the code of an organization that does not exist, and ids that don't either.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{org_code}" => "org_00000000000",
        part if part.starts_with('{') => "0",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn knock(world: &World, operation: &Operation, token: Option<&str>) -> Answer {
    let mut request = World::http().request(operation.method.clone(), world.url(&operation.path));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if operation.method != Method::GET && operation.method != Method::DELETE {
        request = request.json(&json!({}));
    }
    Answer::read(request.send().await.expect("the server answers")).await
}

#[tokio::test]
async fn each_route_asks_for_the_scope_that_it_tells() {
    let world = World::new().await;
    let operations = operations(&world).await;
    let client = world.client().await;
    world.user("ada@example.test", PASSWORD).await;
    let (_, user) = world.signed_in(&client, "ada@example.test").await;
    let other_api = world.machine_client("https://api.example.test").await;
    let answer = other_api
        .token(&[("grant_type", "client_credentials")])
        .await;
    let other_api = answer.body["access_token"].as_str().unwrap_or_default();
    let everything = world.api().await;
    let mut wrong = Vec::new();
    for operation in &operations {
        let but_this = scopes::ALL.iter().map(|(word, _)| *word);
        let but_this: Vec<&str> = but_this.filter(|word| *word != operation.scope).collect();
        let lacking = world.api_with(&but_this.join(" ")).await;
        let holding = world.api_with(&operation.scope).await;
        for (actor, token, allowed) in [
            ("nobody", None, &[401][..]),
            ("a user", Some(user.access_token.as_str()), &[401]),
            ("another API's client", Some(other_api), &[401]),
            ("a forger", Some("e30.e30.e30"), &[401]),
            ("a client without the scope", Some(&lacking.token), &[403]),
            (
                "a client with it",
                Some(&holding.token),
                &[200, 201, 400, 404],
            ),
        ] {
            let answer = knock(&world, operation, token).await;
            let status = answer.status.as_u16();
            let has_code = status < 400 || answer.body["errors"][0]["code"].is_string();
            if !allowed.contains(&status) || !has_code {
                let Operation { method, path, .. } = operation;
                wrong.push(format!(
                    "{method} {path} as {actor}: {status} {}",
                    answer.body
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    drop(everything);
}

#[tokio::test]
async fn a_machine_of_one_organization_finds_no_other() {
    let world = World::new().await;
    let (own, other) = (
        world.organization("Own").await,
        world.organization("Other").await,
    );
    let machine = world
        .register(ApplicationKind::Machine, &[], &[], |client| {
            client.organization_id = Some(own.clone());
        })
        .await;
    let every: Vec<&str> = scopes::ALL.iter().map(|(word, _)| *word).collect();
    let machine = world.api_of(machine, &every.join(" ")).await;
    for mut operation in operations(&world).await {
        let is_of_organization = operation.path.contains("org_00000000000");
        operation.path = operation.path.replace("org_00000000000", other.as_str());
        let answer = knock(&world, &operation, Some(&machine.token)).await;
        let expected = if is_of_organization { 404 } else { 403 };
        let Operation { method, path, .. } = operation;
        assert_eq!(
            answer.status.as_u16(),
            expected,
            "{method} {path} {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn what_is_no_route_or_no_method_is_refused_in_the_form_of_errors() {
    let world = World::new().await;
    let api = world.api().await;
    let refused = api.refusal("GET", "/nothing", None).await;
    assert_eq!(refused, (404, "ROUTE_NOT_FOUND".to_owned()));
    let refused = api.refusal("PUT", "/permissions", None).await;
    assert_eq!(refused, (405, "METHOD_NOT_ALLOWED".to_owned()));
}

#[tokio::test]
async fn what_was_taken_from_a_client_its_token_gives_no_more() {
    let world = World::new().await;
    let api = world.api_with("read:permissions").await;
    api.get("/permissions").await;
    let mut tx = world.app.db.write().await.unwrap();
    vestibule::store::clients::replace_apis(&mut tx, &api.client.id, &[])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    world.pass(1);
    let refused = api.refusal("GET", "/permissions", None).await;
    assert_eq!(refused, (403, "INSUFFICIENT_SCOPE".to_owned()));
}

#[tokio::test]
async fn a_body_that_is_none_is_refused_with_words() {
    let world = World::new().await;
    let api = world.api().await;
    let send = async |body: &str| {
        let request = World::http()
            .post(world.url("/api/v1/permissions"))
            .bearer_auth(&api.token)
            .header("content-type", "application/json")
            .body(body.to_owned());
        let answer = Answer::read(request.send().await.expect("the server answers")).await;
        let code = answer.body["errors"][0]["code"].as_str();
        (answer.status.as_u16(), code.unwrap_or_default().to_owned())
    };
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let nul = "{\"key\": \"a\\u0000\", \"name\": \"A\"}";
    let large = format!(
        "{{\"key\": \"a\", \"name\": \"{}\"}}",
        "a".repeat(1024 * 1024)
    );
    for body in ["", "{", "[]", "null", "{\"key\": 1}", &deep, nul] {
        assert_eq!(
            send(body).await,
            (400, "INVALID_BODY".to_owned()),
            "{body:.40}"
        );
    }
    assert_eq!(send(&large).await, (413, "BODY_TOO_LARGE".to_owned()));
}

#[tokio::test]
async fn each_operation_has_a_name_of_its_own_and_tells_of_the_limit() {
    let world = World::new().await;
    let document = world.json("/api/v1/openapi.json").await;
    let paths = document["paths"].as_object().expect("there are paths");
    let mut names = BTreeSet::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("a path has methods") {
            let name = operation["operationId"].as_str().unwrap_or_default();
            let is_word = name.bytes().all(|byte| byte.is_ascii_alphabetic());
            let has_noun = name.bytes().any(|byte| byte.is_ascii_uppercase());
            assert!(
                is_word && has_noun && names.insert(name),
                "{method} {path} needs an operation_id of its own, a verb and a noun, such as listUsers: {name:?}"
            );
            let refusal = &operation["responses"]["429"]["$ref"];
            assert_eq!(refusal, "#/components/responses/TooManyRequests");
        }
    }
    let refusal = &document["components"]["responses"]["TooManyRequests"];
    let content = &refusal["content"]["application/json"]["schema"]["$ref"];
    assert_eq!(content, "#/components/schemas/Errors");
    assert!(document["components"]["schemas"]["Errors"].is_object());
}

#[tokio::test]
async fn the_description_is_a_document_of_openapi() {
    let world = World::new().await;
    let response = World::http().get(world.url("/api/v1/openapi.json"));
    let answer = Answer::read(response.send().await.expect("the server answers")).await;
    assert_eq!(answer.body["openapi"], "3.1.0");
    assert_eq!(
        answer.body["servers"][0]["url"],
        Value::from(world.issuer())
    );
    let flow = &answer.body["components"]["securitySchemes"]["management"]["flows"];
    let scopes = flow["clientCredentials"]["scopes"].as_object();
    assert_eq!(scopes.map(serde_json::Map::len), Some(scopes::ALL.len()));
}
