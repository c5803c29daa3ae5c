//! Which origins may read our answers from a script (the Fetch standard's CORS protocol).

use reqwest::{Method, Response};
use vestibule::clock::Timestamp;
use vestibule::protocol::client::ApplicationKind;
use vestibule::store::clients::Client;

use super::{Scene, header};
use crate::support::World;

const ORIGIN: &str = "https://app.example.test";
const STRANGER: &str = "https://attacker.example.test";

const METADATA: [&str; 4] = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/jwks.json",
    "/.well-known/jwks",
];

const FOR_CLIENTS: [&str; 5] = [
    "/oauth2/token",
    "/oauth2/revoke",
    "/oauth2/v2/user_profile",
    "/oauth2/userinfo",
    "/oauth2/user_profile",
];

async fn send(world: &World, method: Method, path: &str, origin: &str) -> Response {
    let request = World::http().request(method.clone(), world.url(path));
    let mut request = request.header("origin", origin);
    if method == Method::OPTIONS {
        request = request
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "kinde-sdk,authorization");
    }
    request.send().await.expect("the server answers")
}

#[tokio::test]
async fn metadata_and_keys_are_for_every_origin() {
    let world = World::new().await;
    for path in METADATA {
        for method in [Method::GET, Method::OPTIONS] {
            let response = send(&world, method, path, STRANGER).await;
            let headers = response.headers();
            assert!(response.status().is_success(), "{path}");
            assert_eq!(header(headers, "access-control-allow-origin"), "*");
            assert_eq!(header(headers, "access-control-allow-credentials"), "");
        }
    }
}

#[tokio::test]
async fn a_preflight_of_a_clients_origin_is_granted_with_credentials() {
    let scene = Scene::new().await;
    for path in FOR_CLIENTS {
        let response = send(&scene.world, Method::OPTIONS, path, ORIGIN).await;
        assert_eq!(response.status(), 204, "{path}");
        let headers = response.headers();
        assert_eq!(header(headers, "access-control-allow-origin"), ORIGIN);
        assert_eq!(header(headers, "access-control-allow-credentials"), "true");
        assert_eq!(
            header(headers, "access-control-allow-headers"),
            "kinde-sdk,authorization"
        );
        assert!(header(headers, "access-control-allow-methods").contains("POST"));
        assert!(header(headers, "vary").contains("origin"));
    }
}

#[tokio::test]
async fn an_error_can_be_read_by_a_clients_origin_too() {
    let scene = Scene::new().await;
    let response = send(&scene.world, Method::POST, "/oauth2/token", ORIGIN).await;
    assert_eq!(response.status(), 400);
    assert_eq!(
        header(response.headers(), "access-control-allow-origin"),
        ORIGIN
    );
    let response = send(&scene.world, Method::GET, "/oauth2/userinfo", ORIGIN).await;
    assert_eq!(response.status(), 401);
    let exposed = header(response.headers(), "access-control-expose-headers");
    assert_eq!(exposed, "www-authenticate");
}

#[tokio::test]
async fn other_origins_are_granted_nothing() {
    let scene = Scene::new().await;
    for origin in [
        STRANGER,
        "null",
        "https://app.example.test.attacker.test",
        "http://app.example.test",
        "https://app.example.test:8443",
        "https://app.example.tes",
        "https://APP.example.test",
        "https://%.example.test",
        "https://",
    ] {
        for path in FOR_CLIENTS {
            for method in [Method::OPTIONS, Method::POST] {
                let response = send(&scene.world, method, path, origin).await;
                let allowed = header(response.headers(), "access-control-allow-origin");
                assert_eq!(allowed, "", "{origin} at {path}");
            }
        }
    }
}

async fn is_granted(world: &World, origin: &str) -> bool {
    let response = send(world, Method::OPTIONS, "/oauth2/token", origin).await;
    header(response.headers(), "access-control-allow-origin") == origin
}

#[tokio::test]
async fn an_origin_is_that_of_a_redirect_uri_as_browsers_write_it() {
    let world = World::new().await;
    let uris = [
        "https://a.example.test:443/callback",
        "https://b.example.test:8443/callback?tenant=1",
        "com.example.app:/callback",
        "http://localhost:3000/callback",
    ];
    world
        .register(
            ApplicationKind::Native,
            &uris,
            &["https://out.example.test/"],
            |_| {},
        )
        .await;
    for (origin, granted) in [
        ("https://a.example.test", true),
        ("https://a.example.test:443", false),
        ("https://b.example.test:8443", true),
        ("https://b.example.test", false),
        ("http://localhost:3000", true),
        ("http://localhost:3001", false),
        ("com.example.app://", false),
        ("https://out.example.test", false),
    ] {
        assert_eq!(is_granted(&world, origin).await, granted, "{origin}");
    }
}

#[tokio::test]
async fn the_origin_of_a_client_that_is_disabled_is_a_strangers() {
    let scene = Scene::new().await;
    assert!(is_granted(&scene.world, ORIGIN).await);
    let disable = |client: &mut Client| client.disabled_at = Some(Timestamp::from_unix(0));
    scene.world.change(&scene.client, disable).await;
    assert!(!is_granted(&scene.world, ORIGIN).await);
}

#[tokio::test]
async fn the_authorization_endpoint_and_introspection_are_for_no_script() {
    let scene = Scene::new().await;
    for path in ["/oauth2/auth", "/oauth2/introspect", "/logout"] {
        for method in [Method::OPTIONS, Method::POST] {
            let response = send(&scene.world, method, path, ORIGIN).await;
            let allowed = header(response.headers(), "access-control-allow-origin");
            assert_eq!(allowed, "", "{path}");
        }
    }
}
