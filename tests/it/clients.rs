//! Applications written with libraries that none of us wrote, each from its registry at a pinned version.
//!
//! Each signs a user in through the hosted pages, verifies the tokens, asks `UserInfo`, refreshes and logs out. What
//! they do is in `tests/clients`; here they get a server, a client and a user.

mod keycloak;
mod kinde;
mod management;
mod upstreams;

use crate::programs::{self, Setting};
use crate::support::{TestClient, World};

/// Nobody listens here: the programs stop at the redirect.
const REDIRECT_URI: &str = "http://localhost:8090/callback";
const AFTER_LOGOUT: &str = "http://localhost:8090/signed-out";
const USERNAME: &str = "ada@example.test";
const PASSWORD: &str = "seven brass lanterns swing";

fn application(world: &World, client: &TestClient) -> Vec<Setting> {
    let mut settings = vec![
        ("VESTIBULE_ISSUER", world.issuer().to_owned()),
        ("CLIENT_ID", client.id.to_string()),
        ("REDIRECT_URI", REDIRECT_URI.to_owned()),
        ("POST_LOGOUT_REDIRECT_URI", AFTER_LOGOUT.to_owned()),
        ("USERNAME_", USERNAME.to_owned()),
        ("PASSWORD_", PASSWORD.to_owned()),
    ];
    if let Some(secret) = &client.secret {
        settings.push(("CLIENT_SECRET", secret.clone()));
    }
    settings
}

async fn world_with_user() -> World {
    let world = World::listening().await;
    world.user(USERNAME, PASSWORD).await;
    world
}

#[tokio::test]
#[ignore = "needs node"]
async fn a_web_application_with_openid_client() {
    let world = world_with_user().await;
    let client = world.web_client(REDIRECT_URI, AFTER_LOGOUT).await;
    programs::run("clients/openid_client.js", application(&world, &client)).await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn a_public_client_with_openid_client() {
    let world = world_with_user().await;
    let client = world.public_client(REDIRECT_URI, AFTER_LOGOUT).await;
    programs::run("clients/openid_client.js", application(&world, &client)).await;
}

#[tokio::test]
#[ignore = "needs python"]
async fn a_web_application_with_authlib() {
    let world = world_with_user().await;
    let client = world.web_client(REDIRECT_URI, AFTER_LOGOUT).await;
    programs::run("clients/authlib_client.py", application(&world, &client)).await;
}
