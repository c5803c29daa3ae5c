//! Transactions and migrations.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use vestibule::store::db::OpenError;
use vestibule::store::environment::{self, Policies};
use vestibule::store::{Db, throttles};

use crate::support::{Engine, START, on_each_engine};

on_each_engine! {
    a_write_in_a_read_transaction_fails
    a_transaction_that_is_dropped_is_rolled_back
    a_transaction_that_is_committed_is_seen_by_others
    a_read_transaction_sees_one_moment
    an_error_ends_its_transaction_and_not_the_connection
    whoever_stops_waiting_for_a_transaction_leaves_none_behind
    migrations_can_be_repeated
    a_database_without_its_schema_is_refused
    a_newer_database_is_refused
}

async fn set_policy(db: &Db, self_sign_up_allowed: bool) {
    let mut tx = db.write().await.expect("it takes writes");
    let policies = with_sign_up(self_sign_up_allowed);
    environment::update(&mut tx, &policies)
        .await
        .expect("it takes writes");
    tx.commit().await.expect("it takes writes");
}

async fn policy(db: &Db) -> bool {
    let mut tx = db.read().await.expect("it can be read");
    let policies = environment::policies(&mut tx).await;
    policies.expect("it can be read").self_sign_up_allowed
}

async fn a_write_in_a_read_transaction_fails(engine: Engine) {
    let (db, _folder) = engine.database().await;
    let before = policy(&db).await;
    let mut tx = db.read().await.expect("it can be read");
    let policies = with_sign_up(!before);
    let refused = environment::update(&mut tx, &policies).await;
    refused.expect_err("a read transaction takes no writes");
    drop(tx);
    let mut tx = db.read().await.expect("it can be read");
    let refused = throttles::count(&mut tx, "x", START, START).await;
    refused.expect_err("not even one that returns rows");
    drop(tx);
    assert_eq!(policy(&db).await, before);
}

async fn a_transaction_that_is_dropped_is_rolled_back(engine: Engine) {
    let (db, _folder) = engine.database().await;
    let before = policy(&db).await;
    for _ in 0..20 {
        let mut tx = db.write().await.expect("it takes writes");
        let policies = with_sign_up(!before);
        environment::update(&mut tx, &policies)
            .await
            .expect("it takes writes");
        drop(tx);
        assert_eq!(policy(&db).await, before);
    }
}

async fn a_transaction_that_is_committed_is_seen_by_others(engine: Engine) {
    let (db, _folder) = engine.database().await;
    for value in [false, true, false] {
        set_policy(&db, value).await;
        assert_eq!(policy(&db).await, value);
    }
}

async fn a_read_transaction_sees_one_moment(engine: Engine) {
    let (db, _folder) = engine.database().await;
    set_policy(&db, true).await;
    let mut tx = db.read().await.expect("it can be read");
    let first = environment::policies(&mut tx)
        .await
        .expect("it can be read");
    set_policy(&db, false).await;
    let second = environment::policies(&mut tx)
        .await
        .expect("it can be read");
    assert_eq!(first, second);
    drop(tx);
    assert!(!policy(&db).await);
}

async fn an_error_ends_its_transaction_and_not_the_connection(engine: Engine) {
    let (db, _folder) = engine.database().await;
    // More than there are connections, so that each meets a failure.
    for _ in 0..20 {
        let mut tx = db.write().await.expect("it takes writes");
        let refused = tx.execute("UPDATE no_such_table SET x = 1", ()).await;
        refused.expect_err("there is no such table");
    }
    set_policy(&db, false).await;
    assert!(!policy(&db).await);
}

async fn whoever_stops_waiting_for_a_transaction_leaves_none_behind(engine: Engine) {
    let (db, _folder) = engine.database().await;
    set_policy(&db, true).await;
    // From never asked, through each step of the exchange with the server, to answered.
    for patience in 0..400 {
        abandon(patience, db.read()).await;
        abandon(patience, db.write()).await;
        // One left in a read transaction would refuse the write, and its successor would end it.
        for value in [false, true] {
            set_policy(&db, value).await;
            assert_eq!(policy(&db).await, value);
        }
    }
}

/// Asks a future so many times whether it is ready, then drops it with its outcome.
async fn abandon<T>(patience: u32, future: impl Future<Output = T>) {
    let mut future = pin!(future);
    for _ in 0..patience {
        if poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn migrations_can_be_repeated(engine: Engine) {
    let (db, _folder) = engine.empty_database().await;
    let applied = db
        .migrate()
        .await
        .expect("an empty database can be migrated");
    assert!(applied > 0);
    set_policy(&db, false).await;
    for _ in 0..3 {
        assert_eq!(db.migrate().await.expect("again"), 0);
    }
    db.check_schema()
        .await
        .expect("it is the one of this program");
    assert!(!policy(&db).await, "what is in it stays");
}

async fn a_database_without_its_schema_is_refused(engine: Engine) {
    let (db, _folder) = engine.empty_database().await;
    let refused = db.check_schema().await.expect_err("nothing is in it");
    assert!(matches!(refused, OpenError::Outdated(missing) if missing > 0));
    let text = refused.to_string();
    assert!(text.contains("run `vestibule migrate`"), "{text}");
}

async fn a_newer_database_is_refused(engine: Engine) {
    let (db, _folder) = engine.database().await;
    let mut tx = db.write().await.expect("it takes writes");
    let newer = "UPDATE _sqlx_migrations SET version = 9999
         WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)";
    tx.execute(newer, ()).await.expect("it takes writes");
    tx.commit().await.expect("it takes writes");
    let refused = db
        .migrate()
        .await
        .expect_err("this program doesn't know it");
    assert!(matches!(refused, OpenError::Newer(9999)), "{refused}");
    let text = refused.to_string();
    assert!(text.contains("newer version"), "{text}");
    assert!(matches!(
        db.check_schema().await,
        Err(OpenError::Newer(9999))
    ));
}

fn with_sign_up(self_sign_up_allowed: bool) -> Policies {
    Policies {
        default_organization_takes_users: true,
        organization_creation_allowed: true,
        self_sign_up_allowed,
        skips_picker_for_most_recent: false,
        syncs_profiles: true,
    }
}
