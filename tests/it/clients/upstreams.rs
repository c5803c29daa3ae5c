//! Upstreams that others wrote, with us as their client.

use vestibule::federation::settings::{EntraId, Google, Oidc, Registration, Settings};

use super::{AFTER_LOGOUT, REDIRECT_URI, application};
use crate::programs;
use crate::support::{World, registration};

/// Signs in through npm oidc-provider, in one of its dresses.
async fn through(dress: &str, settings: impl FnOnce(String) -> Settings) {
    let networks = [("FEDERATION__ALLOWED_NETWORKS", "127.0.0.0/8")];
    let world = World::listening_with(&networks).await;
    let client = world.web_client(REDIRECT_URI, AFTER_LOGOUT).await;
    let port = programs::free_port();
    let settings = settings(format!("http://127.0.0.1:{port}"));
    let connection = world.connection_to(settings, &client, |_| {}).await;
    let mut told = application(&world, &client);
    told.push(("UPSTREAM_PORT", port.to_string()));
    told.push(("CONNECTION_ID", connection.to_string()));
    told.push(("UPSTREAM_DRESS", dress.to_owned()));
    programs::run("clients/upstream_oidc_provider.js", told).await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn oidc_provider_as_it_is() {
    through("plain", |issuer| {
        Settings::Oidc(Oidc {
            client: Registration {
                ends_session: true,
                ..registration()
            },
            issuer,
            groups_claim: None,
        })
    })
    .await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn oidc_provider_in_the_shape_of_google() {
    through("google", |issuer| {
        Settings::Google(Google {
            client: registration(),
            hosted_domains: vec!["acme.test".to_owned()],
            issuer: Some(issuer),
        })
    })
    .await;
}

#[tokio::test]
#[ignore = "needs node"]
async fn oidc_provider_in_the_shape_of_entra_id() {
    through("entra_id", |origin| {
        Settings::EntraId(EntraId {
            client: registration(),
            tenants: Vec::new(),
            reads_groups: true,
            authority: Some(origin.clone()),
            graph: Some(origin),
        })
    })
    .await;
}
