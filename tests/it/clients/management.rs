//! Services that manage the server with Kinde's SDKs, which speak nothing but TLS.
//!
//! A program does everything with one noun that there is to do: first without the scopes, which is refused, then with
//! all of them and one token.

use crate::programs::{self, Setting};
use crate::support::{Front, TestClient, World, every_scope};

const JAVASCRIPT: &str = "clients/management_api_js.js";
const PYTHON: &str = "clients/kinde_python_management.py";

async fn settings(world: &World, front: &Front, noun: &str) -> Vec<Setting> {
    let certificate = front.certificate.display().to_string();
    let manager = world.manager(&every_scope()).await;
    let stranger = world.manager("").await;
    let secret = |client: &TestClient| client.secret.clone().expect("a machine has a secret");
    vec![
        ("VESTIBULE_ISSUER", front.issuer.clone()),
        ("NODE_EXTRA_CA_CERTS", certificate.clone()),
        ("REQUESTS_CA_BUNDLE", certificate.clone()),
        ("SSL_CERT_FILE", certificate),
        ("NOUN", noun.to_owned()),
        ("MANAGER_CLIENT_ID", manager.id.to_string()),
        ("MANAGER_CLIENT_SECRET", secret(&manager)),
        ("STRANGER_CLIENT_ID", stranger.id.to_string()),
        ("STRANGER_CLIENT_SECRET", secret(&stranger)),
    ]
}

async fn manage(program: &'static str, noun: &str) {
    let (world, front) = World::behind_tls().await;
    programs::run(program, settings(&world, &front, noun).await).await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn a_machine_manages_apis_with_kindes_sdk() {
    manage(JAVASCRIPT, "apis").await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn a_machine_manages_applications_with_kindes_sdk() {
    manage(JAVASCRIPT, "applications").await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn a_machine_manages_connections_with_kindes_sdk() {
    manage(JAVASCRIPT, "connections").await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn a_machine_reads_the_environment_with_kindes_sdk() {
    manage(JAVASCRIPT, "environment").await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn a_machine_manages_feature_flags_with_kindes_sdk() {
    manage(JAVASCRIPT, "feature_flags").await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn a_machine_manages_invitations_with_kindes_sdk() {
    manage(JAVASCRIPT, "invitations").await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn a_machine_manages_logos_with_kindes_sdk() {
    manage(JAVASCRIPT, "logos").await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn a_machine_manages_members_with_kindes_sdk() {
    manage(JAVASCRIPT, "members").await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn a_machine_manages_organizations_with_kindes_sdk() {
    manage(JAVASCRIPT, "organizations").await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn a_machine_manages_permissions_with_kindes_sdk() {
    manage(JAVASCRIPT, "permissions").await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn a_machine_manages_properties_with_kindes_sdk() {
    manage(JAVASCRIPT, "properties").await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn a_machine_manages_roles_with_kindes_sdk() {
    manage(JAVASCRIPT, "roles").await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn a_machine_manages_users_with_kindes_sdk() {
    manage(JAVASCRIPT, "users").await;
}

#[tokio::test]
#[ignore = "needs python"]
async fn a_machine_manages_apis_with_kindes_python_sdk() {
    manage(PYTHON, "apis").await;
}

#[tokio::test]
#[ignore = "needs python"]
async fn a_machine_manages_applications_with_kindes_python_sdk() {
    manage(PYTHON, "applications").await;
}

#[tokio::test]
#[ignore = "needs python"]
async fn a_machine_manages_connections_with_kindes_python_sdk() {
    manage(PYTHON, "connections").await;
}

#[tokio::test]
#[ignore = "needs python"]
async fn a_machine_reads_the_environment_with_kindes_python_sdk() {
    manage(PYTHON, "environment").await;
}

#[tokio::test]
#[ignore = "needs python"]
async fn a_machine_manages_feature_flags_with_kindes_python_sdk() {
    manage(PYTHON, "feature_flags").await;
}

#[tokio::test]
#[ignore = "needs python"]
async fn a_machine_manages_invitations_with_kindes_python_sdk() {
    manage(PYTHON, "invitations").await;
}

#[tokio::test]
#[ignore = "needs python"]
async fn a_machine_manages_logos_with_kindes_python_sdk() {
    manage(PYTHON, "logos").await;
}

#[tokio::test]
#[ignore = "needs python"]
async fn a_machine_manages_members_with_kindes_python_sdk() {
    manage(PYTHON, "members").await;
}

#[tokio::test]
#[ignore = "needs python"]
async fn a_machine_manages_organizations_with_kindes_python_sdk() {
    manage(PYTHON, "organizations").await;
}

#[tokio::test]
#[ignore = "needs python"]
async fn a_machine_manages_permissions_with_kindes_python_sdk() {
    manage(PYTHON, "permissions").await;
}

#[tokio::test]
#[ignore = "needs python"]
async fn a_machine_manages_properties_with_kindes_python_sdk() {
    manage(PYTHON, "properties").await;
}

#[tokio::test]
#[ignore = "needs python"]
async fn a_machine_manages_roles_with_kindes_python_sdk() {
    manage(PYTHON, "roles").await;
}

#[tokio::test]
#[ignore = "needs python"]
async fn a_machine_manages_users_with_kindes_python_sdk() {
    manage(PYTHON, "users").await;
}
