//! What has ended is removed, no sooner and no later.

use vestibule::maintenance::{self, Purged};

use crate::support::{Engine, PASSWORD, World, on_each_engine};

const DAY: i64 = 86_400;

on_each_engine! {
    a_sign_in_is_forgotten_piece_by_piece
    keys_are_succeeded_by_age_and_a_second_round_finds_nothing_to_do
}

async fn tick(world: &World) -> maintenance::Report {
    let app = &world.app;
    let mut rng = app.random.generator();
    let report = maintenance::tick(
        &app.db,
        &app.keys,
        &app.key_schedule(),
        world.now(),
        &mut rng,
    )
    .await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    report
}

async fn a_sign_in_is_forgotten_piece_by_piece(engine: Engine) {
    let world = World::on(engine).await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.sign_in("ada@example.test", PASSWORD).await;
    client.redeem(browser.arrived()).await;

    world.pass(7 * DAY);
    assert_eq!(tick(&world).await.purged.interactions, 0);
    world.pass(3600);
    assert_eq!(tick(&world).await.purged.interactions, 1);

    // The grant ends with its refresh token; the session is kept for another 30 days after its end.
    world.pass(52 * DAY);
    let purged = tick(&world).await.purged;
    assert_eq!((purged.grants, purged.sessions), (1, 0), "{purged:?}");
    world.pass(DAY);
    assert_eq!(tick(&world).await.purged.sessions, 1);
    assert_eq!(tick(&world).await.purged, Purged::default());
}

async fn keys_are_succeeded_by_age_and_a_second_round_finds_nothing_to_do(engine: Engine) {
    let world = World::on(engine).await;
    world.pass(89 * DAY);
    let report = tick(&world).await;
    assert_eq!(report.new_keys.len(), 3);
    assert!(report.keyring_changed);
    let published = world.json("/.well-known/jwks").await;
    assert_eq!(published["keys"].as_array().map(Vec::len), Some(6));
    assert_eq!(tick(&world).await, maintenance::Report::default());
}
