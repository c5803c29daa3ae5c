//! Connections.

use super::*;
use crate::id::ConnectionId;
use crate::store::connections::{self, Connection};

const ID: &str = "conn_3b9d2e7f5c8a4d61b0e94f27a6c15d83";

impl World {
    async fn connection(&self) -> Option<Connection> {
        let mut tx = self.db.read().await.unwrap();
        let id = ConnectionId::parse(ID).unwrap();
        connections::find(&mut tx, &id).await.unwrap()
    }
}

fn acme(keys: &str) -> String {
    format!(
        "[[roles]]\nkey = 'editor'\nname = 'Editor'\n\
         [[organizations]]\ncode = 'org_0a1c3e5f7b2'\nname = 'Acme'\n\
         [[connections]]\nid = '{ID}'\nname = 'Acme'\nstrategy = 'oidc'\n{keys}\n"
    )
}

const COMPLETE: &str = "issuer = 'https://login.acme.test'\nclient_id = 'vestibule'\n\
    client_secret = { env = 'SECRET' }\norganization = 'org_0a1c3e5f7b2'\n\
    home_realm_domains = ['@Acme.test']\ngroup_roles = [{ group = 'Editors', role = 'editor' }]";

#[tokio::test]
async fn a_connection_is_made_changed_and_removed() {
    let world = World::new().await;
    let changes = world.apply(&acme(COMPLETE)).await.unwrap().to_string();
    let told = changes.split("+ connection").nth(1).unwrap_or_default();
    for line in [
        "strategy: oidc",
        "organization: org_0a1c3e5f7b2",
        "home_realm_domains: acme.test",
        "issuer: https://login.acme.test",
        "client_secret: changed",
    ] {
        assert!(told.contains(line), "{line} is missing in {told}");
    }
    let stored = world.connection().await.unwrap();
    let sealed = stored.secret_jwe.unwrap();
    assert!(!changes.contains(&sealed));
    assert!(world.apply(&acme(COMPLETE)).await.unwrap().is_unchanged());
    assert_eq!(world.connection().await.unwrap().secret_jwe, Some(sealed));

    let trusted = format!("{COMPLETE}\nis_trusted = true\nsync = 'off'");
    insta::assert_snapshot!(world.apply(&acme(&trusted)).await.unwrap(), @r#"
    ~ connection "Acme"
        is_trusted: false -> true
        sync: inherit -> off
    2 unchanged, 1 updated
    "#);
    let there = format!(
        "{trusted}\nis_provider_sign_out_enabled = true\nend_session_endpoint = 'https://login.acme.test/out'"
    );
    insta::assert_snapshot!(world.apply(&acme(&there)).await.unwrap(), @r#"
    ~ connection "Acme"
        end_session_endpoint: https://login.acme.test/out
        is_provider_sign_out_enabled: false -> true
    2 unchanged, 1 updated
    "#);
    assert!(world.apply(&acme(&there)).await.unwrap().is_unchanged());
    world.apply(&acme(&trusted)).await.unwrap();
    let other_secret = trusted.replace("'SECRET'", "'OTHER_SECRET'");
    insta::assert_snapshot!(world.apply(&acme(&other_secret)).await.unwrap(), @r#"
    ~ connection "Acme"
        client_secret: changed
    2 unchanged, 1 updated
    "#);
    // What is left out has its default again.
    world.apply(&acme(COMPLETE)).await.unwrap();
    assert!(!world.connection().await.unwrap().trusts_emails);

    insta::assert_snapshot!(world.apply(&acme("remove = true")).await.unwrap(), @r#"
    - connection "Acme"
    1 removed, 2 unchanged
    "#);
    assert!(world.connection().await.is_none());
    assert!(
        world
            .apply(&acme("remove = true"))
            .await
            .unwrap()
            .is_unchanged()
    );
}

#[tokio::test]
async fn what_can_not_be_a_connection_is_refused_with_its_place() {
    let world = World::new().await;
    let entry = |keys: &str| format!("[[connections]]\nid = '{ID}'\n{keys}\n");
    let complete = "name = 'Acme'\nstrategy = 'oidc'";
    let documents = [
        "[[connections]]\nid = 'acme'".to_owned(),
        entry("strategy = 'oidc'"),
        entry("name = 'Acme'"),
        entry(&format!("{complete}\nissuers = 'https://a.test'")),
        entry(&format!("{complete}\nclient_secret = 'hunter2'")),
        entry(&format!("{complete}\nclient_secret = {{ env = 'UNSET' }}")),
        entry(&format!("{complete}\norganization = 'acme'")),
        entry(complete).repeat(2),
    ];
    let refusals = world.refusals(&documents);
    assert!(!refusals.contains("hunter2"), "{refusals}");
    insta::assert_snapshot!(refusals);

    for (keys, expected) in [
        ("client_id = 'vestibule'", "it is not complete: say issuer"),
        (
            "issuer = 'http://a.test'",
            "issuer must be an https address",
        ),
        (
            "tenants = ['a.test']",
            "tenants means something to entra_id alone",
        ),
        (
            "group_roles = [{ group = 'a', role = 'editor' }]",
            "group_roles must say in which",
        ),
        (
            "applications = ['0123456789abcdef0123456789abcdef']",
            "there is no application",
        ),
    ] {
        let error = world.apply(&acme(keys)).await.unwrap_err().to_string();
        assert!(error.starts_with("connection \"Acme\": "), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    world.apply(&acme(COMPLETE)).await.unwrap();
    let google = acme("client_id = 'x'\nclient_secret = { env = 'SECRET' }");
    let error = world.apply(&google.replace("'oidc'", "'google'")).await;
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("is oidc, which never changes")
    );
}
