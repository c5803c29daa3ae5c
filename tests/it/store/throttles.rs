//! Windows of attempts.

use vestibule::clock::{Seconds, Timestamp};
use vestibule::store::{Db, throttles};

use crate::support::{Engine, START, on_each_engine};

on_each_engine! {
    a_window_counts_until_it_ends
    subjects_do_not_count_for_each_other
    attempts_at_once_are_all_counted
    windows_that_have_ended_are_purged
}

const WINDOW: Seconds = Seconds::new(900);

async fn count(db: &Db, subject: &str, now: Timestamp) -> (i64, Timestamp) {
    let mut tx = db.write().await.expect("it takes writes");
    let counted = throttles::count(&mut tx, subject, now, now.plus(WINDOW)).await;
    tx.commit().await.expect("it takes writes");
    counted.expect("it takes writes")
}

fn at(seconds: i64) -> Timestamp {
    START.plus(Seconds::new(seconds))
}

async fn a_window_counts_until_it_ends(engine: Engine) {
    let (db, _folder) = engine.database().await;
    // at, attempts, end of the window
    let cases = [
        (0, 1, 900),
        (0, 2, 900),
        (899, 3, 900),
        (900, 1, 1_800),
        (1_799, 2, 1_800),
        (5_000, 1, 5_900),
    ];
    for (now, attempts, end) in cases {
        assert_eq!(
            count(&db, "ada", at(now)).await,
            (attempts, at(end)),
            "at {now}"
        );
    }
    let mut tx = db.write().await.expect("it takes writes");
    throttles::clear(&mut tx, "ada")
        .await
        .expect("it takes writes");
    tx.commit().await.expect("it takes writes");
    assert_eq!(count(&db, "ada", at(5_001)).await.0, 1);
}

async fn subjects_do_not_count_for_each_other(engine: Engine) {
    let (db, _folder) = engine.database().await;
    for subject in ["ada", "Ada", "ada ", "adä", "%", "a_a"] {
        assert_eq!(count(&db, subject, START).await.0, 1, "{subject:?}");
    }
}

async fn attempts_at_once_are_all_counted(engine: Engine) {
    let (db, _folder) = engine.database().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let db = db.clone();
        tasks.spawn(async move { count(&db, "ada", START).await.0 });
    }
    let mut seen = tasks.join_all().await;
    seen.sort_unstable();
    assert_eq!(seen, (1..=40).collect::<Vec<i64>>());
}

async fn windows_that_have_ended_are_purged(engine: Engine) {
    let (db, _folder) = engine.database().await;
    count(&db, "ada", at(0)).await;
    count(&db, "grace", at(1)).await;
    let mut tx = db.write().await.expect("it takes writes");
    let purged = throttles::purge(&mut tx, at(900)).await;
    assert_eq!(purged.expect("it takes writes"), 1);
    tx.commit().await.expect("it takes writes");
    assert_eq!(count(&db, "grace", at(900)).await.0, 2);
}
