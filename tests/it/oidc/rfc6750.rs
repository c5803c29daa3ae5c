//! RFC 6750: bearer tokens, at the `UserInfo` endpoint.

use super::{Scene, header, post};
use crate::support::{Answer, Engine, Tokens, World, on_each_engine};

const PATHS: [&str; 2] = ["/oauth2/v2/user_profile", "/oauth2/userinfo"];

on_each_engine! {
    a_token_may_come_in_the_header_or_in_the_body
}

async fn a_token_may_come_in_the_header_or_in_the_body(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let tokens = scene.tokens(&[]).await;
    let token = &tokens.access_token;
    let in_body = format!("access_token={token}");
    for path in PATHS {
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let credentials = format!("{scheme} {token}");
            let headers = [("authorization", credentials.as_str())];
            let by_post = post(&scene.world, path, &headers, "").await;
            assert_eq!(by_post.body["sub"], scene.user.as_str());
            let by_get = get(&scene, path, Some(&credentials)).await;
            assert_eq!(by_get.body, by_post.body);
            assert_eq!(header(&by_get.headers, "cache-control"), "no-store");
        }
        let by_body = post(&scene.world, path, &[], &in_body).await;
        assert_eq!(by_body.status, 200);
        assert_eq!(by_body.body["sub"], tokens.id_claims()["sub"]);
    }
}

async fn get(scene: &Scene, path: &str, authorization: Option<&str>) -> Answer {
    let mut request = World::http().get(scene.world.url(path));
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    Answer::read(request.send().await.expect("the server answers")).await
}

#[tokio::test]
async fn a_request_without_a_token_is_challenged_without_an_error() {
    let scene = Scene::new().await;
    for path in [PATHS[0], PATHS[1], "/oauth2/user_profile"] {
        let answer = get(&scene, path, None).await;
        assert_eq!(answer.status, 401);
        let challenge = header(&answer.headers, "www-authenticate");
        assert_eq!(challenge, "Bearer realm=\"vestibule\"");
        let other_scheme = get(&scene, path, Some("Basic YTpi")).await;
        assert_eq!(other_scheme.status, 401);
    }
}

#[tokio::test]
async fn a_token_in_the_query_is_not_read() {
    let mut scene = Scene::new().await;
    let token = scene.tokens(&[]).await.access_token;
    for path in PATHS {
        let path = format!("{path}?access_token={token}");
        let answer = get(&scene, &path, None).await;
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(post(&scene.world, &path, &[], "").await.status, 401);
    }
}

#[tokio::test]
async fn a_token_in_two_places_is_an_invalid_request() {
    let mut scene = Scene::new().await;
    let token = scene.tokens(&[]).await.access_token;
    let credentials = format!("Bearer {token}");
    let headers = [("authorization", credentials.as_str())];
    let body = format!("access_token={token}");
    let answer = post(&scene.world, PATHS[0], &headers, &body).await;
    challenged(&answer, 400, "invalid_request");
    let twice = format!("{body}&{body}");
    challenged(
        &post(&scene.world, PATHS[0], &[], &twice).await,
        400,
        "invalid_request",
    );
}

fn challenged(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{:?}", answer.body);
    let challenge = header(&answer.headers, "www-authenticate");
    let expected = format!("Bearer realm=\"vestibule\", error=\"{error}\", error_description=\"");
    assert!(challenge.starts_with(&expected), "{challenge}");
    assert_eq!(answer.error(), error);
}

#[tokio::test]
async fn a_malformed_or_foreign_token_is_an_invalid_token() {
    let mut scene = Scene::new().await;
    let tokens = scene.tokens(&[]).await;
    let token = &tokens.access_token;
    let other_world = Scene::new().await.tokens(&[]).await.access_token;
    let id_token = tokens.id_token.clone().unwrap();
    let refresh_token = tokens.refresh_token.clone().unwrap();
    for invalid in [
        "x",
        "a.b.c",
        &id_token,
        &refresh_token,
        &other_world,
        &altered(token),
        &without_signature(token),
        "with spaces",
        "\"quoted\"",
    ] {
        let credentials = format!("Bearer {invalid}");
        let answer = get(&scene, PATHS[0], Some(&credentials)).await;
        challenged(&answer, 401, "invalid_token");
    }
    let empty = get(&scene, PATHS[0], Some("Bearer ")).await;
    challenged(&empty, 400, "invalid_request");
}

/// The same token, its claims changed.
fn altered(jwt: &str) -> String {
    jwt.replacen(".eyJ", ".eyK", 1)
}

/// The same claims with `alg: none`.
fn without_signature(jwt: &str) -> String {
    let payload = jwt.split('.').nth(1).expect("a JWT has three parts");
    format!("eyJhbGciOiJub25lIn0.{payload}.")
}

#[tokio::test]
async fn an_expired_token_is_an_invalid_token() {
    let mut scene = Scene::new().await;
    let token = scene.tokens(&[]).await.access_token;
    scene.world.pass(86_399);
    assert_eq!(scene.client.userinfo(&token).await.status, 200);
    scene.world.pass(1);
    challenged(&scene.client.userinfo(&token).await, 401, "invalid_token");
}

#[tokio::test]
async fn a_token_without_openid_has_insufficient_scope() {
    let mut scene = Scene::new().await;
    let tokens = scene.tokens(&[("scope", "profile email")]).await;
    let answer = scene.client.userinfo(&tokens.access_token).await;
    challenged(&answer, 403, "insufficient_scope");
}

#[tokio::test]
async fn a_machines_token_is_no_users() {
    let scene = Scene::new().await;
    let machine = scene.world.machine_client("https://api.example.test").await;
    let answer = machine.token(&[("grant_type", "client_credentials")]).await;
    let token = Tokens::of(&answer).access_token;
    challenged(&machine.userinfo(&token).await, 401, "invalid_token");
}

#[tokio::test]
async fn a_deleted_users_token_is_an_invalid_token() {
    let mut scene = Scene::new().await;
    let token = scene.tokens(&[]).await.access_token;
    let mut tx = scene.world.app.db.write().await.unwrap();
    tx.execute("DELETE FROM users WHERE id = $1", (&scene.user,))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    challenged(&scene.client.userinfo(&token).await, 401, "invalid_token");
}
