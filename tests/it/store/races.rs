//! Of several that do the same thing at once, one succeeds.

use std::future::Future;

use vestibule::app::Random;
use vestibule::audit::Actor;
use vestibule::directory::accounts::{self, NewAccount};
use vestibule::id::InteractionId;
use vestibule::secret::Secret;
use vestibule::store::identities::IdentityKind;
use vestibule::store::{Db, codes, identities, interactions, refresh_tokens};

use crate::support::{Engine, PASSWORD, START, World, code_in, on_each_engine};

on_each_engine! {
    an_address_belongs_to_one_account
    a_username_belongs_to_one_account
    an_interaction_belongs_to_the_first_browser
    an_interaction_is_finished_once
    of_two_changes_to_an_interaction_one_is_stored
    a_code_is_redeemed_once
    a_refresh_token_is_rotated_once
}

const RIVALS: usize = 12;

/// Runs the same attempt many times at once. Returns how many succeeded.
async fn successes<F>(db: &Db, attempt: impl Fn(Db) -> F) -> usize
where
    F: Future<Output = bool> + Send + 'static,
{
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..RIVALS {
        tasks.spawn(attempt(db.clone()));
    }
    let outcomes = tasks.join_all().await;
    outcomes.into_iter().filter(|succeeded| *succeeded).count()
}

async fn create(db: Db, new: NewAccount) -> bool {
    let mut tx = db.write().await.expect("it takes writes");
    let mut rng = Random::System.generator();
    let created = accounts::create(&mut tx, Actor::Operator, new, START, &mut rng).await;
    let created = created.expect("a conflict is no error").is_ok();
    if created {
        tx.commit().await.expect("it takes writes");
    }
    created
}

async fn an_address_belongs_to_one_account(engine: Engine) {
    let (db, _folder) = engine.database().await;
    for spelling in ["ada@example.test", "ADA@Example.Test", "ÄDA@example.test"] {
        let attempt = |db| {
            let new = NewAccount {
                email: Some(spelling.to_owned()),
                ..NewAccount::default()
            };
            create(db, new)
        };
        let expected = usize::from(!spelling.starts_with("ADA"));
        assert_eq!(successes(&db, attempt).await, expected, "{spelling}");
        let mut tx = db.read().await.expect("it can be read");
        let lower = spelling.to_lowercase();
        let found = identities::find_by_value(&mut tx, IdentityKind::Email, &lower).await;
        assert!(found.expect("it can be read").is_some());
    }
}

async fn a_username_belongs_to_one_account(engine: Engine) {
    let (db, _folder) = engine.database().await;
    let attempt = |db| {
        let new = NewAccount {
            username: Some("ada".to_owned()),
            ..NewAccount::default()
        };
        create(db, new)
    };
    assert_eq!(successes(&db, attempt).await, 1);
}

/// A world with an interaction in it.
async fn begun(engine: Engine) -> (World, InteractionId) {
    let world = World::on(engine).await;
    let client = world.client().await;
    let answer = World::http().get(client.authorize_url(&[])).send().await;
    let answer = answer.expect("the server answers");
    let location = answer.headers()["location"].to_str().expect("text");
    let id = location.trim_start_matches("/interaction/");
    let id = InteractionId::parse(id).expect("it leads to an interaction");
    (world, id)
}

async fn an_interaction_belongs_to_the_first_browser(engine: Engine) {
    let (world, id) = begun(engine).await;
    let attempt = |db: Db| {
        let id = id.clone();
        async move {
            let browser = Secret::generate(&mut Random::System.generator()).hash();
            let mut tx = db.write().await.expect("it takes writes");
            let bound = interactions::bind(&mut tx, &id, &browser).await;
            tx.commit().await.expect("it takes writes");
            bound.expect("it takes writes")
        }
    };
    assert_eq!(successes(&world.app.db, attempt).await, 1);
}

async fn an_interaction_is_finished_once(engine: Engine) {
    let (world, id) = begun(engine).await;
    let attempt = |db: Db| {
        let id = id.clone();
        async move {
            let mut tx = db.write().await.expect("it takes writes");
            let finished = interactions::finish(&mut tx, &id, START).await;
            tx.commit().await.expect("it takes writes");
            finished.expect("it takes writes")
        }
    };
    assert_eq!(successes(&world.app.db, attempt).await, 1);
}

async fn of_two_changes_to_an_interaction_one_is_stored(engine: Engine) {
    let (world, id) = begun(engine).await;
    let mut tx = world.write().await;
    let found = interactions::find(&mut tx, &id).await;
    let interaction = found.expect("it can be read").expect("it is there");
    drop(tx);
    let attempt = |db: Db| {
        let interaction = interaction.clone();
        async move {
            let mut tx = db.write().await.expect("it takes writes");
            let stored = interactions::update(&mut tx, &interaction).await;
            tx.commit().await.expect("it takes writes");
            stored.expect("it takes writes")
        }
    };
    assert_eq!(successes(&world.app.db, attempt).await, 1);
}

async fn a_code_is_redeemed_once(engine: Engine) {
    let world = World::on(engine).await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.sign_in("ada@example.test", PASSWORD).await;
    let hash = Secret::from(code_in(browser.arrived())).hash();
    let attempt = |db: Db| {
        let hash = hash.clone();
        async move {
            let mut tx = db.write().await.expect("it takes writes");
            let redeemed = codes::redeem(&mut tx, &hash, START).await;
            tx.commit().await.expect("it takes writes");
            redeemed.expect("it takes writes")
        }
    };
    assert_eq!(successes(&world.app.db, attempt).await, 1);
}

async fn a_refresh_token_is_rotated_once(engine: Engine) {
    let world = World::on(engine).await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let (_, tokens) = world.signed_in(&client, "ada@example.test").await;
    let hash = Secret::from(tokens.refresh_token.expect("offline")).hash();
    let attempt = |db: Db| {
        let hash = hash.clone();
        async move {
            let mut tx = db.write().await.expect("it takes writes");
            let rotated = refresh_tokens::rotate(&mut tx, &hash, START).await;
            tx.commit().await.expect("it takes writes");
            rotated.expect("it takes writes")
        }
    };
    assert_eq!(successes(&world.app.db, attempt).await, 1);
}
