//! Signing keys: published before they sign, kept while their tokens live (Core §10.1.1).

use serde_json::Value;
use vestibule::clock::{Seconds, Timestamp};
use vestibule::config::{MasterKey, MasterKeys};
use vestibule::federation::settings::{OAuth2, Settings};
use vestibule::maintenance;
use vestibule::protocol::algorithm::SigningAlgorithm;
use vestibule::store::connections;
use vestibule::store::types::Text;
use vestibule::tokens::rotation::{self, Retirement};
use vestibule::vault::Vault;

use super::{Scene, header, verified, verify_with};
use crate::support::{Engine, World, jwt_header, on_each_engine, registration};

const DAY: i64 = 86_400;

on_each_engine! {
    the_next_key_is_published_before_it_signs
    an_old_key_verifies_while_it_is_retained
    a_retired_keys_tokens_verify_no_more
    another_node_takes_up_a_rotated_key
    keys_rotate_by_age
    a_new_master_key_takes_the_place_of_the_former
}

async fn a_new_master_key_takes_the_place_of_the_former(engine: Engine) {
    let world = World::on(engine).await;
    let client = world.client().await;
    let settings = Settings::OAuth2(OAuth2 {
        client: registration(),
        ..OAuth2::default()
    });
    let connection = world.connection_to(settings, &client, |_| {}).await;
    let mut rng = world.app.random.generator();
    let former = world.app.config.keys.master_keys(&mut rng).unwrap().current;
    let next = MasterKey::generate(&mut rng);
    let both = Vault::new(MasterKeys {
        current: next.clone(),
        previous: vec![former],
    });
    let mut tx = world.app.db.write().await.unwrap();
    let imports = rotation::ensure_import_vault(&mut tx, &both, &mut rng);
    let sealed = imports.await.unwrap().seal(b"of a project").unwrap();
    // The signing keys, the key for hashes and the one for imported passwords; and our secret at an upstream.
    let count = rotation::reencrypt(&mut tx, &both, world.now())
        .await
        .unwrap();
    assert_eq!(count, SigningAlgorithm::ALL.len() + 3);
    let alone = Vault::new(next.into());
    assert_eq!(
        rotation::reencrypt(&mut tx, &alone, world.now())
            .await
            .unwrap(),
        0
    );
    let imports = rotation::ensure_import_vault(&mut tx, &alone, &mut rng);
    let opened = imports.await.unwrap().open(&sealed).unwrap();
    assert_eq!(opened, b"of a project");
    let found = connections::find(&mut tx, &connection).await.unwrap();
    let sealed = found.and_then(|found| found.secret_jwe).unwrap();
    assert!(alone.open(&sealed).is_ok());
    assert!(
        rotation::ensure_hash_key(&mut tx, &alone, &mut rng)
            .await
            .is_ok()
    );
}

/// Makes the next RS256 key, which signs from `activates_at`. Returns its `kid`.
pub(crate) async fn rotate(world: &World, activates_at: Timestamp) -> String {
    let mut tx = world
        .app
        .db
        .write()
        .await
        .expect("the database takes writes");
    let kid = rotation::rotate(
        &mut tx,
        world.app.keys.vault(),
        SigningAlgorithm::Rs256,
        activates_at,
        &world.app.key_schedule(),
        world.now(),
        &mut world.app.random.generator(),
    )
    .await
    .expect("a key can be made");
    tx.commit().await.expect("the database takes writes");
    tick(world).await;
    kid
}

async fn retire(world: &World, kid: &str) -> Retirement {
    let mut tx = world
        .app
        .db
        .write()
        .await
        .expect("the database takes writes");
    let mut rng = world.app.random.generator();
    let vault = world.app.keys.vault();
    let retirement = rotation::retire(&mut tx, vault, kid, world.now(), &mut rng).await;
    tx.commit().await.expect("the database takes writes");
    tick(world).await;
    retirement.expect("a key can be withdrawn")
}

/// What a running server does every few seconds. Returns the keys that came of it.
async fn tick(world: &World) -> Vec<String> {
    let app = &world.app;
    let mut rng = app.random.generator();
    let schedule = app.key_schedule();
    let report = maintenance::tick(&app.db, &app.keys, &schedule, world.now(), &mut rng).await;
    assert_eq!(report.failed, Vec::<&str>::new());
    report.new_keys
}

async fn published(world: &World) -> Vec<String> {
    let jwks = world.json("/.well-known/jwks.json").await;
    let keys = jwks["keys"].as_array().expect("it is a JWK Set");
    let kid = |key: &Value| key["kid"].as_str().expect("each has a name").to_owned();
    keys.iter().map(kid).collect()
}

fn kid_of(jwt: &str) -> String {
    let kid = jwt_header(jwt)["kid"].clone();
    kid.as_str().expect("each token names its key").to_owned()
}

async fn id_token(scene: &mut Scene) -> String {
    scene.browser = scene.world.browser();
    scene.browser.open(&scene.client.authorize_url(&[])).await;
    scene
        .browser
        .sign_in(super::EMAIL, crate::support::PASSWORD)
        .await;
    let tokens = scene.client.redeem(scene.browser.arrived()).await;
    tokens.id_token.expect("openid")
}

async fn the_next_key_is_published_before_it_signs(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let old = kid_of(&id_token(&mut scene).await);
    let next = rotate(&scene.world, scene.world.now().plus(Seconds::new(DAY))).await;
    assert!(published(&scene.world).await.contains(&next));
    scene.world.pass(DAY - 1);
    assert_eq!(kid_of(&id_token(&mut scene).await), old);
    scene.world.pass(1);
    let token = id_token(&mut scene).await;
    assert_eq!(kid_of(&token), next);
    verified(&scene.world, &token).await;
}

async fn an_old_key_verifies_while_it_is_retained(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let tokens = scene.tokens(&[]).await;
    let old = kid_of(&tokens.access_token);
    rotate(&scene.world, scene.world.now()).await;
    verified(&scene.world, &tokens.access_token).await;
    assert_eq!(
        scene.client.userinfo(&tokens.access_token).await.status,
        200
    );

    scene.world.pass(7 * DAY - 1);
    tick(&scene.world).await;
    assert!(published(&scene.world).await.contains(&old));
    scene.world.pass(1);
    tick(&scene.world).await;
    assert!(!published(&scene.world).await.contains(&old));
}

async fn a_retired_keys_tokens_verify_no_more(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let tokens = scene.tokens(&[]).await;
    let kid = kid_of(&tokens.access_token);
    let retirement = retire(&scene.world, &kid).await;
    let Retirement::Replaced(replacement) = retirement else {
        panic!("another must sign from now on: {retirement:?}");
    };
    let jwks = scene.world.json("/.well-known/jwks.json").await;
    assert_eq!(verify_with(&jwks, &tokens.access_token), None);
    let userinfo = scene.client.userinfo(&tokens.access_token).await;
    assert_eq!(userinfo.error(), "invalid_token");
    assert_eq!(kid_of(&id_token(&mut scene).await), replacement);
    assert_eq!(retire(&scene.world, &kid).await, Retirement::Unknown);
}

async fn another_node_takes_up_a_rotated_key(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let second = scene.world.second_node().await;
    let next = rotate(&scene.world, scene.world.now()).await;
    assert!(!published(&second).await.contains(&next), "not yet");
    tick(&second).await;
    assert!(published(&second).await.contains(&next));

    // Tokens of one node are good at the other.
    let tokens = scene.tokens(&[]).await;
    assert_eq!(kid_of(&tokens.access_token), next);
    let there = scene.client.at(&second);
    assert_eq!(there.userinfo(&tokens.access_token).await.status, 200);
    let refreshed = there.refresh(&tokens.refresh_token.expect("offline")).await;
    assert_eq!(refreshed.status, 200);
}

async fn keys_rotate_by_age(engine: Engine) {
    let scene = Scene::on(engine).await;
    scene.world.pass(89 * DAY - 1);
    assert_eq!(tick(&scene.world).await, Vec::<String>::new());
    scene.world.pass(1);
    let made = tick(&scene.world).await;
    assert_eq!(made.len(), SigningAlgorithm::ALL.len());
    assert_eq!(tick(&scene.world).await, Vec::<String>::new(), "once");
    let published = published(&scene.world).await;
    assert!(made.iter().all(|kid| published.contains(kid)));
}

#[tokio::test]
async fn when_the_key_that_signs_is_retired_a_new_one_signs_and_not_one_that_is_on_its_way_out() {
    let mut scene = Scene::new().await;
    let current = rotate(&scene.world, scene.world.now()).await;
    retire(&scene.world, &current).await;
    // By now the first key has left, as it was to since it was succeeded.
    scene.world.pass(7 * DAY);
    tick(&scene.world).await;
    let token = id_token(&mut scene).await;
    verified(&scene.world, &token).await;
}

#[tokio::test]
async fn a_key_made_in_haste_signs_on_though_an_earlier_one_was_to_follow() {
    let mut scene = Scene::new().await;
    rotate(&scene.world, scene.world.now().plus(Seconds::new(DAY))).await;
    let in_haste = rotate(&scene.world, scene.world.now()).await;
    scene.world.pass(2 * DAY);
    tick(&scene.world).await;
    // The one that was to follow has an end already, and would take its tokens along.
    assert_eq!(kid_of(&id_token(&mut scene).await), in_haste);
}

#[tokio::test]
async fn each_algorithm_has_a_key_and_clients_choose() {
    let mut scene = Scene::new().await;
    let client = scene.client.clone();
    for algorithm in SigningAlgorithm::ALL {
        scene
            .world
            .change(&client, |client| {
                client.signing_algorithm = Text(*algorithm);
            })
            .await;
        let tokens = scene.tokens(&[]).await;
        let id_token = tokens.id_token.unwrap();
        for token in [&tokens.access_token, &id_token] {
            assert_eq!(jwt_header(token)["alg"], algorithm.as_str());
            scene.verified(token).await;
        }
        assert_eq!(client.userinfo(&tokens.access_token).await.status, 200);
    }
}

#[tokio::test]
async fn the_key_set_can_be_cached_but_not_for_long() {
    let world = World::new().await;
    let address = world.url("/.well-known/jwks.json");
    let response = World::http().get(address).send().await.unwrap();
    assert_eq!(
        header(response.headers(), "content-type"),
        "application/jwk-set+json"
    );
    let caching = header(response.headers(), "cache-control");
    let seconds = caching.split_once("max-age=").unwrap().1;
    let seconds: i64 = seconds.parse().unwrap();
    assert!(
        (60..DAY / 2).contains(&seconds),
        "shorter than keys are published ahead"
    );
}

#[tokio::test]
async fn a_token_signed_by_the_right_key_for_another_issuer_is_not_ours() {
    let mut scene = Scene::new().await;
    let token = scene.tokens(&[]).await.access_token;
    let mut claims = scene.verified(&token).await;
    claims.insert("iss".to_owned(), "https://other.example.test".into());
    let keyring = scene.world.app.keys.current();
    let algorithm = SigningAlgorithm::Rs256;
    let forged = keyring
        .sign(algorithm, "JWT", &claims, scene.world.now())
        .unwrap();
    assert_eq!(scene.client.userinfo(&forged).await.status, 401);
}
