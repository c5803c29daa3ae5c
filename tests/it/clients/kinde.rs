//! Applications written with Kinde's SDKs.

use serde_json::json;
use vestibule::id::OrganizationId;

use super::{AFTER_LOGOUT, PASSWORD, REDIRECT_URI, USERNAME, application, world_with_user};
use crate::oidc::keys;
use crate::programs::{self, Setting};
use crate::support::{TestClient, Tokens, World};

const AUDIENCES: [&str; 2] = [
    "https://api.example.test/orders",
    "https://api.example.test/stock",
];

/// More than the account API tells in one page.
const MANY_PERMISSIONS: usize = 130;

/// A world whose user belongs to two organizations of three: in one an editor who may read too, in the other somebody
/// with many permissions.
async fn world_with_member() -> (World, Vec<Setting>) {
    let world = World::listening_with(&[("TOKENS__REFRESH_GRACE_SECONDS", "2")]).await;
    let user = world.user(USERNAME, PASSWORD).await;
    let (first, second) = (
        world.organization("Acme").await,
        world.default_organization().await,
    );
    world.join(&user, &first).await;
    let (edit, read) = (
        world.permission("edit:reports").await,
        world.permission("read:reports").await,
    );
    let editor = world.role("editor", &[&edit]).await;
    world.assign_role((&first, &user), &editor, None).await;
    for organization in [&first, &second] {
        world.assign_permission((organization, &user), &read).await;
    }
    let mut many = Vec::new();
    for number in 0..MANY_PERMISSIONS {
        many.push(world.permission(&format!("many:{}", 1000 + number)).await);
    }
    let many = world.role("many", &many.iter().collect::<Vec<_>>()).await;
    world.assign_role((&second, &user), &many, None).await;
    define_flags(&world).await;
    let foreign = world.organization("Globex").await;
    let named = |name, organization: &OrganizationId| (name, organization.to_string());
    let settings = vec![
        named("FIRST_ORGANIZATION", &first),
        named("SECOND_ORGANIZATION", &second),
        named("FOREIGN_ORGANIZATION", &foreign),
        ("MANY_PERMISSIONS", MANY_PERMISSIONS.to_string()),
        (
            "MAIL_DIRECTORY",
            world.mail_directory().display().to_string(),
        ),
        ("NEW_USERNAME", "grace@example.test".to_owned()),
    ];
    (world, settings)
}

/// Defines a feature flag of each type.
async fn define_flags(world: &World) {
    let api = world.api().await;
    for (key, kind, value) in [
        ("colour", "str", json!("teal")),
        ("dark_mode", "bool", json!(true)),
        ("seats", "int", json!(3)),
    ] {
        let flag = json!({ "name": key, "key": key, "type": kind, "default_value": value });
        api.post("/feature_flags", flag).await;
    }
}

/// A client whose tokens say what roles the user has.
async fn with_roles(world: &World, client: &TestClient) {
    world
        .change(client, |client| client.claim_switches.0.roles = true)
        .await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn a_web_application_and_a_service_with_kindes_sdk() {
    let (world, mut settings) = world_with_member().await;
    let client = world.web_client(REDIRECT_URI, AFTER_LOGOUT).await;
    let public = world.public_client(REDIRECT_URI, AFTER_LOGOUT).await;
    let service = world.machine_client(AUDIENCES[0]).await;
    world.allow_api(&service, AUDIENCES[1], "read:stock").await;
    settings.extend(application(&world, &client));
    settings.extend([
        ("PUBLIC_CLIENT_ID", public.id.to_string()),
        ("M2M_CLIENT_ID", service.id.to_string()),
        ("M2M_CLIENT_SECRET", service.secret.unwrap()),
        ("M2M_AUDIENCE", AUDIENCES.join(" ")),
        ("REFRESH_GRACE_SECONDS", "2".to_owned()),
    ]);
    programs::run("clients/kinde_typescript_sdk.js", settings).await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn an_application_of_scripts_with_kindes_sdk() {
    let (world, mut settings) = world_with_member().await;
    let client = world.public_client(REDIRECT_URI, AFTER_LOGOUT).await;
    with_roles(&world, &client).await;
    settings.extend(application(&world, &client));
    programs::run("clients/kinde_js_utils.js", settings).await;
}

#[tokio::test]
#[ignore = "needs python"]
async fn a_web_application_with_kindes_python_sdk() {
    let world = world_with_user().await;
    let client = world.web_client(REDIRECT_URI, AFTER_LOGOUT).await;
    programs::run(
        "clients/kinde_python_oauth.py",
        application(&world, &client),
    )
    .await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn kindes_validator_takes_tokens_of_the_former_key_and_of_the_next() {
    let world = World::listening().await;
    let machine = world.machine_client(AUDIENCES[0]).await;
    let ask = [("grant_type", "client_credentials")];
    let former = Tokens::of(&machine.token(&ask).await).access_token;
    keys::rotate(&world, world.now()).await;
    let next = Tokens::of(&machine.token(&ask).await).access_token;
    let settings = vec![
        ("VESTIBULE_ISSUER", world.issuer().to_owned()),
        ("FORMER_TOKEN", former),
        ("NEXT_TOKEN", next),
    ];
    programs::run("clients/kinde_jwt_validator.js", settings).await;
}
