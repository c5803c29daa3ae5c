//! Client authentication at the token endpoint (RFC 6749 §2.3, §3.2.1).

use super::super::{Residue, Scene, basic, header, post};
use vestibule::clients;
use vestibule::clock::Seconds;
use vestibule::id::ClientSecretId;
use vestibule::protocol::client::AuthMethod;
use vestibule::secret::ClientSecret;
use vestibule::store::types::Text;

const REDIRECT: &str = "https%3A%2F%2Fapp.example.test%2Fcallback";

fn redemption(code: &str) -> String {
    format!("grant_type=authorization_code&code={code}&redirect_uri={REDIRECT}")
}

#[tokio::test]
async fn the_secret_may_come_in_the_header() {
    let mut scene = Scene::new().await;
    let code = scene.code(&[]).await;
    let credentials = basic(scene.client.id.as_str(), scene.secret());
    for scheme in ["Basic ", "bAsIc "] {
        let credentials = credentials.replace("Basic ", scheme);
        let body = if scheme == "Basic " {
            redemption(&code)
        } else {
            redemption(&scene.code(&[]).await)
        };
        let headers = [("authorization", credentials.as_str())];
        let answer = post(&scene.world, "/oauth2/token", &headers, &body).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
    }
}

#[tokio::test]
async fn id_and_secret_in_the_header_are_form_encoded() {
    let mut scene = Scene::new().await;
    let code = scene.code(&[]).await;
    let digits = scene.secret().bytes().map(|byte| format!("%{byte:02x}"));
    let encoded = digits.collect::<Vec<_>>().concat();
    let credentials = basic(scene.client.id.as_str(), &encoded);
    let headers = [("authorization", credentials.as_str())];
    let answer = post(&scene.world, "/oauth2/token", &headers, &redemption(&code)).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
}

#[tokio::test]
async fn a_wrong_secret_is_an_invalid_client_and_leaves_the_code_alone() {
    let mut scene = Scene::new().await;
    let code = scene.code(&[]).await;
    let before = Residue::of(&scene.world).await;
    let wrong = scene.secret().to_uppercase();
    let answer = scene
        .client
        .try_redeem(&code, &[("client_secret", &wrong)])
        .await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.error(), "invalid_client");
    assert_eq!(header(&answer.headers, "cache-control"), "no-store");

    let credentials = basic(scene.client.id.as_str(), &wrong);
    let headers = [("authorization", credentials.as_str())];
    let answer = post(&scene.world, "/oauth2/token", &headers, &redemption(&code)).await;
    assert_eq!(answer.status, 401);
    assert!(header(&answer.headers, "www-authenticate").starts_with("Basic realm="));

    assert_eq!(Residue::of(&scene.world).await, before);
    let answer = scene.client.try_redeem(&code, &[]).await;
    assert_eq!(answer.status, 200, "the code is still good");
}

#[tokio::test]
async fn an_unknown_client_and_a_wrong_secret_are_answered_alike() {
    let scene = Scene::new().await;
    let unknown = "client_id=0123456789abcdef0123456789abcdef&client_secret=x&grant_type=refresh_token&refresh_token=x";
    let wrong = format!(
        "client_id={}&client_secret=x&grant_type=refresh_token&refresh_token=x",
        scene.client.id
    );
    let unknown = post(&scene.world, "/oauth2/token", &[], unknown).await;
    let wrong = post(&scene.world, "/oauth2/token", &[], &wrong).await;
    assert_eq!(unknown.status, wrong.status);
    assert_eq!(unknown.body, wrong.body);
}

#[tokio::test]
async fn two_methods_at_once_are_an_invalid_request() {
    let mut scene = Scene::new().await;
    let code = scene.code(&[]).await;
    let credentials = basic(scene.client.id.as_str(), scene.secret());
    let body = format!(
        "{}&client_id={}&client_secret={}",
        redemption(&code),
        scene.client.id,
        scene.secret()
    );
    let headers = [("authorization", credentials.as_str())];
    let answer = post(&scene.world, "/oauth2/token", &headers, &body).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.error(), "invalid_request");
}

#[tokio::test]
async fn a_client_id_that_differs_from_the_header_is_an_invalid_request() {
    let mut scene = Scene::new().await;
    let other = scene.public_client().await;
    let code = scene.code(&[]).await;
    let credentials = basic(scene.client.id.as_str(), scene.secret());
    let body = format!("{}&client_id={}", redemption(&code), other.id);
    let headers = [("authorization", credentials.as_str())];
    let answer = post(&scene.world, "/oauth2/token", &headers, &body).await;
    assert_eq!(answer.error(), "invalid_request");
}

#[tokio::test]
async fn a_method_that_is_not_registered_is_an_invalid_client() {
    let mut scene = Scene::with_client(|client| {
        client.auth_methods = Text([AuthMethod::ClientSecretBasic].into_iter().collect());
    })
    .await;
    let code = scene.code(&[]).await;
    let answer = scene.client.try_redeem(&code, &[]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.error(), "invalid_client");
    let credentials = basic(scene.client.id.as_str(), scene.secret());
    let headers = [("authorization", credentials.as_str())];
    let answer = post(&scene.world, "/oauth2/token", &headers, &redemption(&code)).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_confidential_client_without_its_secret_is_an_invalid_client() {
    let mut scene = Scene::new().await;
    let code = scene.code(&[]).await;
    let body = format!("{}&client_id={}", redemption(&code), scene.client.id);
    let answer = post(&scene.world, "/oauth2/token", &[], &body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (401, "invalid_client")
    );
    let credentials = basic(scene.client.id.as_str(), "");
    let headers = [("authorization", credentials.as_str())];
    let answer = post(&scene.world, "/oauth2/token", &headers, &redemption(&code)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (401, "invalid_client")
    );
}

#[tokio::test]
async fn a_malformed_authorization_header_is_an_invalid_client() {
    let scene = Scene::new().await;
    for malformed in [
        "Basic",
        "Basic !!!",
        "Basic YWJj",
        "Bearer abc",
        "Digest x=y",
    ] {
        let headers = [("authorization", malformed)];
        let answer = post(&scene.world, "/oauth2/token", &headers, "grant_type=x").await;
        assert_eq!(answer.status, 401, "{malformed}");
        assert_eq!(answer.error(), "invalid_client");
        assert!(header(&answer.headers, "www-authenticate").starts_with("Basic "));
    }
}

#[tokio::test]
async fn a_client_assertion_is_an_invalid_client() {
    let scene = Scene::new().await;
    let body = "client_assertion=x&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&grant_type=client_credentials";
    let answer = post(&scene.world, "/oauth2/token", &[], body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (401, "invalid_client")
    );
}

#[tokio::test]
async fn nobody_at_all_is_an_invalid_request() {
    let scene = Scene::new().await;
    let answer = post(
        &scene.world,
        "/oauth2/token",
        &[],
        "grant_type=refresh_token",
    )
    .await;
    assert_eq!(
        (answer.status.as_u16(), answer.error()),
        (400, "invalid_request")
    );
}

#[tokio::test]
async fn a_disabled_client_is_refused_everywhere_within_a_second() {
    let mut scene = Scene::new().await;
    let tokens = scene.tokens(&[]).await;
    let now = scene.world.now();
    let client = scene.client.clone();
    scene
        .world
        .change(&client, |client| client.disabled_at = Some(now))
        .await;
    let refresh = client
        .refresh(tokens.refresh_token.as_deref().unwrap())
        .await;
    assert_eq!(refresh.error(), "invalid_client");
    let token = [("token", tokens.access_token.as_str())];
    for path in ["/oauth2/introspect", "/oauth2/revoke"] {
        assert_eq!(client.post(path, &token).await.error(), "invalid_client");
    }
    assert_eq!(client.userinfo(&tokens.access_token).await.status, 401);
}

#[tokio::test]
async fn a_rotated_secret_is_taken_until_the_overlap_ends() {
    let mut scene = Scene::new().await;
    let old = scene.secret().to_owned();
    let mut rng = scene.world.app.random.generator();
    let new = ClientSecret::generate(&mut rng);
    let mut tx = scene.world.app.db.write().await.unwrap();
    clients::rotate_secret(
        &mut tx,
        &scene.client.id,
        new,
        &scene.world.app.hash_key,
        Seconds::new(60),
        ClientSecretId::generate(&mut rng),
        scene.world.now(),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    scene.world.pass(59);
    assert_eq!(scene.client.secret.as_deref(), Some(old.as_str()));
    scene.tokens(&[]).await;
    scene.world.pass(1);
    let code = scene.code(&[]).await;
    let answer = scene.client.try_redeem(&code, &[]).await;
    assert_eq!(answer.error(), "invalid_client");
}
