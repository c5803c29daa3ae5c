//! RFC 8707: resource indicators.

use serde_json::{Value, json};

use super::{Residue, Scene, VERIFIER, WITH_PKCE, error_in, post};
use crate::support::{Answer, TestClient, Tokens, World, code_in};

const CALENDAR: &str = "https://cal.example.test/";
const CONTACTS: &str = "https://contacts.example.test/";
const STRANGE: &str = "https://strange.example.test/";

/// A scene whose client may call two APIs, each with a scope of its own.
async fn scene() -> Scene {
    let scene = Scene::new().await;
    allow_both(&scene.world, &scene.client).await;
    scene
}

async fn allow_both(world: &World, client: &TestClient) {
    world.allow_api(client, CALENDAR, "calendar").await;
    world.allow_api(client, CONTACTS, "contacts").await;
}

/// Resources as a query.
fn resources(resources: &[&str]) -> String {
    let pairs = resources.iter().map(|resource| ("resource", resource));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// The code of an authorization for both APIs.
async fn code_for_both(scene: &mut Scene) -> String {
    let scope = [("scope", "openid offline calendar contacts")];
    let address = scene.client.authorize_url(&scope);
    let address = format!("{address}&{}", resources(&[CALENDAR, CONTACTS]));
    scene.browser.open(&address).await;
    code_in(scene.browser.arrived())
}

/// Posts a grant to the token endpoint, with a query of more.
async fn token(scene: &Scene, client: &TestClient, grant: &str, more: &str) -> Answer {
    let secret = client.secret.as_deref().unwrap_or_default();
    let body = format!(
        "client_id={}&client_secret={secret}&{grant}&{more}",
        client.id
    );
    post(&scene.world, "/oauth2/token", &[], &body).await
}

/// Where an access token is good, and for what of the APIs.
fn reach(answer: &Answer) -> (Value, String) {
    let tokens = Tokens::of(answer);
    let scope = tokens.body["scope"].as_str().unwrap();
    let of_apis: Vec<_> = scope
        .split(' ')
        .filter(|scope| ["calendar", "contacts"].contains(scope))
        .collect();
    (tokens.access_claims()["aud"].clone(), of_apis.join(" "))
}

#[tokio::test]
async fn the_access_token_is_restricted_to_the_resources_of_the_authorization_request() {
    let mut scene = scene().await;
    for (wanted, more, audience, scope) in [
        (&[CALENDAR] as &[_], "", json!([CALENDAR]), "calendar"),
        (
            &[CALENDAR, CONTACTS],
            "",
            json!([CALENDAR, CONTACTS]),
            "calendar contacts",
        ),
        (&[CONTACTS, CONTACTS], "", json!([CONTACTS]), "contacts"),
        (&[], "", json!([]), ""),
        (
            &[CONTACTS],
            "&audience=https://cal.example.test/",
            json!([CALENDAR, CONTACTS]),
            "calendar contacts",
        ),
    ] {
        let scopes = [("scope", "openid calendar contacts")];
        let address = scene.client.authorize_url(&scopes);
        let address = format!("{address}&{}{more}", resources(wanted));
        scene.browser.open(&address).await;
        let code = code_in(scene.browser.arrived());
        let answer = scene.client.try_redeem(&code, &[]).await;
        assert_eq!(
            reach(&answer),
            (audience, scope.to_owned()),
            "{wanted:?}{more}"
        );
    }
}

#[tokio::test]
async fn a_resource_that_is_invalid_or_unknown_is_an_invalid_target() {
    let mut scene = scene().await;
    let before = Residue::of(&scene.world).await;
    for resource in ["calendar", "/", "https://cal.example.test/#today", STRANGE] {
        let asked = [("resource", resource)];
        assert_eq!(scene.refusal(&asked).await, "invalid_target", "{resource}");
    }
    // One of several is enough, and it must be named exactly as it is registered.
    for more in [
        resources(&[CALENDAR, STRANGE]),
        resources(&["https://cal.example.test"]),
    ] {
        let address = format!("{}&{more}", scene.client.authorize_url(&[]));
        scene.browser.open(&address).await;
        assert_eq!(
            error_in(scene.browser.arrived()),
            "invalid_target",
            "{more}"
        );
    }
    assert_eq!(Residue::of(&scene.world).await, before);
}

#[tokio::test]
async fn a_code_may_be_redeemed_for_a_subset_of_what_was_granted() {
    let mut scene = scene().await;
    for (more, audience, scope) in [
        (
            String::new(),
            json!([CALENDAR, CONTACTS]),
            "calendar contacts",
        ),
        (resources(&[CALENDAR]), json!([CALENDAR]), "calendar"),
        (
            resources(&[CONTACTS, CALENDAR]),
            json!([CALENDAR, CONTACTS]),
            "calendar contacts",
        ),
        (
            format!("audience={CONTACTS}"),
            json!([CONTACTS]),
            "contacts",
        ),
        (
            format!("audience={CONTACTS}&{}", resources(&[CALENDAR])),
            json!([CALENDAR, CONTACTS]),
            "calendar contacts",
        ),
    ] {
        let code = code_for_both(&mut scene).await;
        let grant = [("grant_type", "authorization_code"), ("code", &code)];
        let grant = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(grant)
            .append_pair("redirect_uri", &scene.client.redirect_uri)
            .finish();
        let answer = token(&scene, &scene.client, &grant, &more).await;
        assert_eq!(reach(&answer), (audience, scope.to_owned()), "{more}");
    }
}

#[tokio::test]
async fn a_refresh_token_gives_an_access_token_for_each_resource_in_turn() {
    let mut scene = scene().await;
    let code = code_for_both(&mut scene).await;
    let first = scene
        .client
        .try_redeem(&code, &[("resource", CALENDAR)])
        .await;
    let mut refresh_token = Tokens::of(&first).refresh_token.unwrap();
    // What was left out of one token is still granted.
    for (more, audience, scope) in [
        (resources(&[CONTACTS]), json!([CONTACTS]), "contacts"),
        (resources(&[CALENDAR]), json!([CALENDAR]), "calendar"),
        (
            String::new(),
            json!([CALENDAR, CONTACTS]),
            "calendar contacts",
        ),
        (
            format!("{}&scope=openid+contacts", resources(&[CALENDAR])),
            json!([CALENDAR]),
            "",
        ),
    ] {
        let grant = format!("grant_type=refresh_token&refresh_token={refresh_token}");
        let answer = token(&scene, &scene.client, &grant, &more).await;
        assert_eq!(reach(&answer), (audience, scope.to_owned()), "{more}");
        refresh_token = Tokens::of(&answer).refresh_token.unwrap();
    }
}

#[tokio::test]
async fn a_resource_that_was_not_granted_is_an_invalid_target_at_the_token_endpoint() {
    let mut scene = scene().await;
    let only = [("resource", CALENDAR)];
    let code = scene.code(&only).await;
    for wanted in [CONTACTS, STRANGE, "calendar"] {
        let code = if wanted == CONTACTS {
            code.clone()
        } else {
            scene.code(&only).await
        };
        let answer = scene
            .client
            .try_redeem(&code, &[("resource", wanted)])
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.error()),
            (400, "invalid_target")
        );
    }
    let tokens = scene.tokens(&only).await;
    let refresh_token = tokens.refresh_token.unwrap();
    for (name, wanted) in [
        ("resource", CONTACTS),
        ("resource", STRANGE),
        ("resource", "calendar"),
        ("audience", CONTACTS),
    ] {
        let ask = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &refresh_token),
            (name, wanted),
        ];
        let answer = scene.client.token(&ask).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error()),
            (400, "invalid_target")
        );
    }
    // None of that spent the refresh token.
    assert_eq!(scene.client.refresh(&refresh_token).await.status, 200);
}

#[tokio::test]
async fn a_resource_that_was_taken_from_the_client_is_no_more_to_be_had() {
    let mut scene = scene().await;
    let code = code_for_both(&mut scene).await;
    let tokens = Tokens::of(&scene.client.try_redeem(&code, &[]).await);
    let mut tx = scene.world.app.db.write().await.unwrap();
    vestibule::store::clients::replace_apis(&mut tx, &scene.client.id, &[])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    scene
        .world
        .allow_api(&scene.client, CONTACTS, "contacts")
        .await;

    let refresh_token = tokens.refresh_token.unwrap();
    let grant = format!("grant_type=refresh_token&refresh_token={refresh_token}");
    let refused = token(&scene, &scene.client, &grant, &resources(&[CALENDAR])).await;
    assert_eq!(refused.error(), "invalid_target");
    let answer = token(&scene, &scene.client, &grant, "").await;
    assert_eq!(reach(&answer), (json!([CONTACTS]), "contacts".to_owned()));
}

#[tokio::test]
async fn a_public_client_chooses_alike() {
    let mut scene = Scene::new().await;
    let public = scene.public_client().await;
    allow_both(&scene.world, &public).await;
    let parameters = [&WITH_PKCE[..], &[("resource", CONTACTS)]].concat();
    let code = scene.code_for(&public, &parameters).await;
    let answer = public
        .try_redeem(&code, &[("code_verifier", VERIFIER)])
        .await;
    assert_eq!(
        Tokens::of(&answer).access_claims()["aud"],
        json!([CONTACTS])
    );
}

#[tokio::test]
async fn a_machine_names_resources_too() {
    let scene = scene().await;
    let machine = scene.world.machine_client(STRANGE).await;
    allow_both(&scene.world, &machine).await;
    let grant = "grant_type=client_credentials";
    for (more, audience, scope) in [
        (resources(&[CALENDAR]), json!([CALENDAR]), "calendar"),
        (
            resources(&[CONTACTS, CALENDAR]),
            json!([CONTACTS, CALENDAR]),
            "calendar contacts",
        ),
        (
            format!("audience={CALENDAR}&{}", resources(&[CONTACTS])),
            json!([CALENDAR, CONTACTS]),
            "calendar contacts",
        ),
    ] {
        let answer = token(&scene, &machine, grant, &more).await;
        assert_eq!(reach(&answer), (audience, scope.to_owned()), "{more}");
    }
    for (more, error) in [
        (
            resources(&["https://nobody.example.test/"]),
            "invalid_target",
        ),
        (resources(&[CALENDAR, "calendar"]), "invalid_target"),
        (
            format!("{}&scope=contacts", resources(&[CALENDAR])),
            "invalid_scope",
        ),
    ] {
        let answer = token(&scene, &machine, grant, &more).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error()),
            (400, error),
            "{more}"
        );
    }
}
