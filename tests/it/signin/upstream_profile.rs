//! Profiles that an upstream keeps in sync, and that are edited here between sign-ins.

use serde_json::{Value, json};
use vestibule::federation::mapping::{Attribute, Mode};
use vestibule::id::UserId;
use vestibule::provisioning::{self, Defaults, Document, Hashing, References};
use vestibule::store::attribute_sources::{self, Source};
use vestibule::store::sync_records;

use super::upstream::Scene;
use crate::support::{Api, Engine, PASSWORD, World, on_each_engine};

on_each_engine! {
    each_mode_honours_edits_in_its_own_way
    whoever_edits_an_attribute_is_its_source
    an_address_that_changes_upstream_changes_here
    an_address_that_somebody_else_has_proven_is_a_conflict
}

/// What the upstream states from now on, besides who it is.
fn states(scene: &Scene, given_name: &str) {
    scene.upstream.states(json!({
        "sub": "ada-there", "email": "ada@acme.test", "email_verified": true,
        "given_name": given_name, "family_name": "Byron",
    }));
}

fn user_of(claims: &Value) -> UserId {
    let subject = claims["sub"].as_str().expect("there is a subject");
    UserId::parse(subject).expect("it is an id")
}

async fn edit(api: &Api, user: &UserId, change: Value) {
    api.patch(&format!("/user?id={user}"), change).await;
}

/// Who wrote an attribute last, and what it was before.
async fn source(
    world: &World,
    user: &UserId,
    attribute: Attribute,
) -> Option<(Source, Option<String>)> {
    let mut tx = world.app.db.read().await.unwrap();
    let sources = attribute_sources::list(&mut tx, user).await.unwrap();
    let found = sources
        .into_iter()
        .find(|source| source.attribute.0 == attribute);
    found.map(|found| (found.source.0, found.previous))
}

async fn each_mode_honours_edits_in_its_own_way(engine: Engine) {
    let cases = [
        // created as Ada, then Augusta there, edited to Countess while it is Grace there, emptied here
        (
            Mode::Follow,
            [Some("Ada"), Some("Augusta"), Some("Grace"), Some("Grace")],
        ),
        (
            Mode::FollowUnlessEdited,
            [Some("Ada"), Some("Augusta"), Some("Countess"), None],
        ),
        (
            Mode::Fill,
            [Some("Ada"), Some("Ada"), Some("Countess"), Some("Grace")],
        ),
        (
            Mode::Import,
            [Some("Ada"), Some("Ada"), Some("Countess"), None],
        ),
        (Mode::Never, [None, None, Some("Countess"), None]),
    ];
    for (mode, [created, followed, edited, emptied]) in cases {
        let scene = Scene::set_with(engine, |connection| {
            let rules = &mut connection.mapping.0.0;
            rules.get_mut(&Attribute::GivenName).unwrap().mode = mode;
        })
        .await;
        let api = scene.world.api().await;
        let claims = scene.claims().await;
        let user = user_of(&claims);
        assert_eq!(claims["given_name"].as_str(), created, "{mode}");
        states(&scene, "Augusta");
        let claims = scene.claims().await;
        assert_eq!(claims["given_name"].as_str(), followed, "{mode}");
        // Somebody edits something else, and says again what was there: that is no edit.
        let same = json!({ "given_name": followed, "picture": "https://acme.test/ada.png" });
        edit(&api, &user, same).await;
        let claims = scene.claims().await;
        assert_eq!(claims["given_name"].as_str(), followed, "{mode}");
        edit(&api, &user, json!({ "given_name": "Countess" })).await;
        states(&scene, "Grace");
        let claims = scene.claims().await;
        assert_eq!(claims["given_name"].as_str(), edited, "{mode}");
        edit(&api, &user, json!({ "given_name": "" })).await;
        let claims = scene.claims().await;
        assert_eq!(claims["given_name"].as_str(), emptied, "{mode}");
    }
}

async fn whoever_edits_an_attribute_is_its_source(engine: Engine) {
    let scene = Scene::set(engine).await;
    let world = &scene.world;
    let api = world.api().await;
    let user = user_of(&scene.claims().await);
    let (given, family) = (Attribute::GivenName, Attribute::FamilyName);
    let by_connection = Some((Source::Connection, None));
    for attribute in [given, family, Attribute::Email] {
        assert_eq!(source(world, &user, attribute).await, by_connection);
    }
    assert_eq!(source(world, &user, Attribute::Picture).await, None);
    edit(&api, &user, json!({ "given_name": "Augusta" })).await;
    let by_api = Some((Source::Api, Some("Ada".to_owned())));
    assert_eq!(source(world, &user, given).await, by_api);
    assert_eq!(source(world, &user, family).await, by_connection);

    apply(
        world,
        "[[users]]\nemail = \"ada@acme.test\"\nfamily_name = \"King\"\n\
         [users.attributes]\nnickname = \"Countess\"",
    )
    .await;
    let by_document = Some((Source::Administrator, Some("Byron".to_owned())));
    assert_eq!(source(world, &user, family).await, by_document);
    assert_eq!(source(world, &user, given).await, by_api);
    let nickname = source(world, &user, Attribute::Nickname).await;
    assert_eq!(nickname, Some((Source::Administrator, None)));

    // Another address becomes the one that tokens show, and is removed again.
    let new = json!({ "type": "email", "value": "king@acme.test" });
    let added = api.post(&format!("/users/{user}/identities"), new).await;
    assert_eq!(source(world, &user, Attribute::Email).await, by_connection);
    let added = added["identity"]["id"].as_str().unwrap();
    let route = format!("/identities/{added}");
    api.patch(&route, json!({ "is_primary": true })).await;
    let by_api = Some((Source::Api, Some("ada@acme.test".to_owned())));
    assert_eq!(source(world, &user, Attribute::Email).await, by_api);
    api.delete(&route).await;
    let by_api = Some((Source::Api, Some("king@acme.test".to_owned())));
    assert_eq!(source(world, &user, Attribute::Email).await, by_api);

    let mut browser = world.browser();
    let url = scene.client.authorize_url(&[("prompt", "create")]);
    browser.open(&url).await;
    browser.introduce("Grace", "grace@example.test").await;
    browser.choose_password(PASSWORD).await;
    let code = world.code_for("grace@example.test");
    browser.enter_code(&code).await;
    let grace = scene.client.redeem(browser.arrived()).await.id_claims();
    for attribute in [given, Attribute::Email] {
        let written = source(world, &user_of(&grace), attribute).await;
        assert_eq!(written, Some((Source::User, None)));
    }
}

async fn apply(world: &World, text: &str) {
    let references = References {
        folder: std::path::Path::new("."),
        variable: &|_| None,
    };
    let defaults = Defaults::from(&world.app.config);
    let path = std::path::Path::new("test.toml");
    let document = Document::parse(path, text, &defaults, &references).unwrap();
    let hashing = Hashing {
        key: &world.app.hash_key,
        passwords: &world.app.hasher,
        vault: world.app.keys.vault(),
    };
    let (now, mut rng) = (world.now(), world.app.random.generator());
    let mut tx = world.write().await;
    provisioning::apply(&mut tx, &document, &hashing, now, &mut rng)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// The mail addresses of a user, sorted; those that are shown with a star.
async fn addresses(api: &Api, user: &UserId) -> Vec<String> {
    let listed = api.get(&format!("/users/{user}/identities")).await;
    let all = listed["identities"].as_array().unwrap();
    let emails = all.iter().filter(|one| one["type"] == "email");
    let mut found: Vec<String> = emails
        .map(|one| {
            let star = if one["is_primary"] == true { "*" } else { "" };
            format!("{}{star}", one["name"].as_str().unwrap())
        })
        .collect();
    found.sort();
    found
}

async fn an_address_that_changes_upstream_changes_here(engine: Engine) {
    let scene = Scene::set(engine).await;
    let api = scene.world.api().await;
    let user = user_of(&scene.claims().await);
    scene.world.pass(1);
    let new = json!({ "type": "email", "value": "own@example.test" });
    api.post(&format!("/users/{user}/identities"), new).await;
    for (address, is_verified) in [("king@acme.test", true), ("countess@acme.test", false)] {
        scene.world.pass(1);
        scene
            .upstream
            .states(json!({ "sub": "ada-there", "email": address, "email_verified": is_verified }));
        let claims = scene.claims().await;
        assert_eq!(user_of(&claims), user);
        assert_eq!(claims["email"], address);
        assert_eq!(claims["email_verified"], is_verified);
        // What came from there gives way to what comes from there; what was entered here stays.
        let starred = format!("{address}*");
        assert_eq!(
            addresses(&api, &user).await,
            [starred.as_str(), "own@example.test"]
        );
    }
}

async fn an_address_that_somebody_else_has_proven_is_a_conflict(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (world, api) = (&scene.world, scene.world.api().await);
    let user = user_of(&scene.claims().await);
    let bob = world.user("bob@acme.test", PASSWORD).await;
    world.pass(1);
    scene.upstream.states(json!({
        "sub": "ada-there", "email": "Bob@acme.test", "email_verified": true, "given_name": "Augusta",
    }));
    let claims = scene.claims().await;
    assert_eq!(user_of(&claims), user);
    assert_eq!(claims["email"], "ada@acme.test");
    assert_eq!(claims["given_name"], "Augusta");
    assert_eq!(addresses(&api, &user).await, ["ada@acme.test*"]);
    assert_eq!(addresses(&api, &bob).await, ["bob@acme.test*"]);
    let mut tx = world.app.db.read().await.unwrap();
    let latest = (vestibule::clock::Timestamp::from_unix(i64::MAX), "");
    let records = sync_records::list_for_user(&mut tx, &user, latest, 1)
        .await
        .unwrap();
    let kept = records[0].record.0["kept"].as_array().unwrap();
    let conflict = json!({ "attribute": "email", "why": "taken" });
    assert!(kept.contains(&conflict), "{kept:?}");
}
