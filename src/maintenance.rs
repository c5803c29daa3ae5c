//! Maintenance: removes what has ended, rotates keys by age, and takes up keys that others rotated.
//!
//! Each task has short transactions of its own: on `SQLite` whoever else would write waits for their end,
//! so what is many is removed piece by piece. A task that fails is logged and tried again the next
//! time; nothing depends on it having run, since whatever has expired is refused by its own time.
//! Several nodes may do the same at once: what one has removed, the other no longer finds.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use rand::CryptoRng;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::clock::{Clock, Seconds, Timestamp};
use crate::store::{
    Db, clients, grants, interactions, refresh_tokens, revoked_tokens, sessions, throttles,
    upstream_attempts, upstream_logout_tokens, upstream_logouts, upstream_sign_ins,
};
use crate::tokens::keyring::{KeyError, Keys};
use crate::tokens::rotation::{Schedule, rotate_by_age};

/// How long an expired sign-in is kept, so that it can offer the way back to its application.
const KEEP_INTERACTIONS: Seconds = Seconds::new(7 * 86_400);

/// How long the answers of upstreams are kept, so that administrators can see why a sign-in failed.
const KEEP_UPSTREAM_SIGN_INS: Seconds = Seconds::new(30 * 86_400);

/// How long an ended session is kept, so that its user can see where they were signed in.
const KEEP_SESSIONS: Seconds = Seconds::new(30 * 86_400);

const PURGE_EVERY: Duration = Duration::from_mins(5);
const RELOAD_EVERY: Duration = Duration::from_secs(5);
const ROTATE_EVERY: Duration = Duration::from_mins(1);

/// What one round of maintenance did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What was removed.
    pub purged: Purged,
    /// The `kid`s of new signing keys.
    pub new_keys: Vec<String>,
    /// Whether the keyring in memory has changed.
    pub keyring_changed: bool,
    /// The tasks that failed, and were logged.
    pub failed: Vec<&'static str>,
}

/// How many records of each kind were removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Of clients, replaced by newer ones.
    pub client_secrets: u64,
    /// With their codes and refresh tokens.
    pub grants: u64,
    /// With their mailed codes.
    pub interactions: u64,
    /// Of grants that live on.
    pub refresh_tokens: u64,
    /// Access tokens that have expired since.
    pub revoked_tokens: u64,
    /// Of browsers.
    pub sessions: u64,
    /// Windows that have passed.
    pub throttles: u64,
    /// To sign in through an upstream, that were not answered.
    pub upstream_attempts: u64,
    /// Of upstreams, that were used.
    pub upstream_logout_tokens: u64,
    /// Browsers that did not come back from an upstream.
    pub upstream_logouts: u64,
    /// Answers of upstreams.
    pub upstream_sign_ins: u64,
}

/// Does everything once.
pub async fn tick(
    db: &Db,
    keys: &Keys,
    schedule: &Schedule,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Report {
    let mut report = Report::default();
    purge(db, now, &mut report).await;
    rotate(db, keys, schedule, now, rng, &mut report).await;
    reload(db, keys, now, &mut report).await;
    report
}

/// Does everything over and over, each task at its own pace, until `shutdown` resolves.
pub async fn run(
    db: Db,
    keys: Arc<Keys>,
    schedule: Schedule,
    clock: Clock,
    mut rng: impl CryptoRng,
    shutdown: impl Future<Output = ()>,
) {
    let (mut purge_due, mut reload_due, mut rotate_due) =
        (every(PURGE_EVERY), every(RELOAD_EVERY), every(ROTATE_EVERY));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let mut report = Report::default();
        tokio::select! {
            biased;
            () = &mut shutdown => return,
            _ = reload_due.tick() => reload(&db, &keys, clock.now(), &mut report).await,
            _ = rotate_due.tick() => {
                rotate(&db, &keys, &schedule, clock.now(), &mut rng, &mut report).await;
            }
            _ = purge_due.tick() => purge(&db, clock.now(), &mut report).await,
        }
        report.log();
    }
}

/// Fires at once, then at that pace; what was missed while a task took long is not made up for.
fn every(period: Duration) -> Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

impl Report {
    fn log(&self) {
        if self.purged != Purged::default() {
            tracing::debug!(purged = ?self.purged, "removed what had ended");
        }
        if !self.new_keys.is_empty() {
            tracing::info!(keys = ?self.new_keys, "made the next signing keys");
        }
        if self.keyring_changed {
            tracing::info!("took up the signing keys of now");
        }
    }

    /// Takes the result of a task, or logs that it failed.
    fn take<T: Default>(&mut self, task: &'static str, result: Result<T, impl Display>) -> T {
        result.unwrap_or_else(|error| {
            tracing::warn!(task, %error, "maintenance failed, and will be tried again");
            self.failed.push(task);
            T::default()
        })
    }
}

/// Repeats a statement, each time in a transaction of its own, until it finds nothing more to remove.
macro_rules! in_transactions {
    ($db:expr, |$tx:ident| $work:expr) => {
        async {
            let mut removed = 0;
            loop {
                let mut transaction = $db.write().await?;
                let $tx = &mut transaction;
                let count: u64 = $work.await?;
                transaction.commit().await?;
                if count == 0 {
                    return Ok::<_, sqlx::Error>(removed);
                }
                removed += count;
            }
        }
        .await
    };
}

async fn purge(db: &Db, now: Timestamp, report: &mut Report) {
    let forgotten = in_transactions!(db, |tx| interactions::forget_progress(tx, now));
    report.take("forget what was entered", forgotten);
    let purged = Purged {
        interactions: report.take(
            "purge interactions",
            in_transactions!(db, |tx| interactions::purge(
                tx,
                now.minus(KEEP_INTERACTIONS)
            )),
        ),
        sessions: report.take(
            "purge sessions",
            in_transactions!(db, |tx| sessions::purge(tx, now.minus(KEEP_SESSIONS))),
        ),
        grants: report.take(
            "purge grants",
            in_transactions!(db, |tx| grants::purge(tx, now)),
        ),
        refresh_tokens: report.take(
            "purge refresh tokens",
            in_transactions!(db, |tx| refresh_tokens::purge(tx, now)),
        ),
        revoked_tokens: report.take(
            "purge revoked tokens",
            in_transactions!(db, |tx| revoked_tokens::purge(tx, now)),
        ),
        throttles: report.take(
            "purge throttles",
            in_transactions!(db, |tx| throttles::purge(tx, now)),
        ),
        upstream_attempts: report.take(
            "purge upstream attempts",
            in_transactions!(db, |tx| upstream_attempts::purge(tx, now)),
        ),
        upstream_logout_tokens: report.take(
            "purge upstream logout tokens",
            in_transactions!(db, |tx| upstream_logout_tokens::purge(tx, now)),
        ),
        upstream_logouts: report.take(
            "purge upstream logouts",
            in_transactions!(db, |tx| upstream_logouts::purge(tx, now)),
        ),
        upstream_sign_ins: report.take(
            "purge upstream sign-ins",
            in_transactions!(db, |tx| upstream_sign_ins::purge(
                tx,
                now.minus(KEEP_UPSTREAM_SIGN_INS)
            )),
        ),
        client_secrets: report.take(
            "purge client secrets",
            in_transactions!(db, |tx| clients::purge_secrets(tx, now)),
        ),
    };
    report.purged = purged;
}

async fn rotate(
    db: &Db,
    keys: &Keys,
    schedule: &Schedule,
    now: Timestamp,
    rng: &mut impl CryptoRng,
    report: &mut Report,
) {
    let made = async {
        let mut tx = db.write().await?;
        let made = rotate_by_age(&mut tx, keys.vault(), schedule, now, rng).await?;
        tx.commit().await?;
        Ok::<_, KeyError>(made)
    };
    report.new_keys = report.take("rotate signing keys", made.await);
}

async fn reload(db: &Db, keys: &Keys, now: Timestamp, report: &mut Report) {
    let changed = async {
        let mut tx = db.read().await?;
        keys.reload(&mut tx, now).await
    };
    report.keyring_changed = report.take("reload signing keys", changed.await);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Database, DatabaseUrl, MasterKey};
    use crate::id::{ClientId, ClientSecretId};
    use crate::passwords::PasswordHasher;
    use crate::protocol::algorithm::SigningAlgorithm;
    use crate::provisioning::{Defaults, Document, Hashing, References, apply};
    use crate::secret::{ClientSecret, HashKey, Secret};
    use crate::store::clients::StoredSecret;
    use crate::tokens::rotation::ensure_keys;
    use crate::vault::Vault;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
    const DAY: Seconds = Seconds::new(86_400);
    const NEVER: Schedule = Schedule {
        rotate_after: None,
        publish_before: DAY,
        retain: DAY,
    };

    fn vault() -> Vault {
        Vault::new(MasterKey::generate(&mut rand::rng()).into())
    }

    struct World {
        db: Db,
        keys: Arc<Keys>,
        _folder: tempfile::TempDir,
    }

    impl World {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let settings = Database {
                url: DatabaseUrl::Sqlite(folder.path().join("test.db")),
                max_connections: 2,
                acquire_timeout: Seconds::new(5),
            };
            let db = Db::open(&settings).await.unwrap();
            db.migrate().await.unwrap();
            Self {
                db,
                keys: Arc::new(Keys::new(vault())),
                _folder: folder,
            }
        }

        async fn make_keys(&self) {
            let mut tx = self.db.write().await.unwrap();
            ensure_keys(&mut tx, self.keys.vault(), NOW, &mut rand::rng())
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }

        async fn tick(&self, schedule: &Schedule, now: Timestamp) -> Report {
            tick(&self.db, &self.keys, schedule, now, &mut rand::rng()).await
        }
    }

    #[tokio::test]
    async fn keys_that_others_made_are_taken_up() {
        let world = World::new().await;
        world.make_keys().await;
        assert!(world.tick(&NEVER, NOW).await.keyring_changed);
        assert_eq!(world.tick(&NEVER, NOW).await, Report::default());
    }

    #[tokio::test]
    async fn a_key_that_reaches_its_age_gets_a_successor() {
        let world = World::new().await;
        world.make_keys().await;
        let schedule = Schedule {
            rotate_after: Some(Seconds::new(10 * 86_400)),
            ..NEVER
        };
        assert!(world.tick(&schedule, NOW).await.new_keys.is_empty());
        let later = NOW.plus(Seconds::new(9 * 86_400));
        let report = world.tick(&schedule, later).await;
        assert_eq!(report.new_keys.len(), SigningAlgorithm::ALL.len());
        assert!(report.keyring_changed && report.failed.is_empty());
    }

    #[tokio::test]
    async fn what_has_ended_is_removed() {
        let world = World::new().await;
        let client = ClientId::parse("c86d2f95e01b47a3b7e9504d1a3c6f78").unwrap();
        let ends = StoredSecret {
            id: ClientSecretId::generate(&mut rand::rng()),
            secret_hash: ClientSecret::hash(&HashKey::from_bytes([1; 32]), &Secret::from("old")),
            created_at: NOW,
            expires_at: Some(NOW.plus(DAY)),
        };
        let mut tx = world.db.write().await.unwrap();
        throttles::count(&mut tx, "somebody", NOW, NOW.plus(DAY))
            .await
            .unwrap();
        revoked_tokens::insert(&mut tx, "a token", NOW.plus(DAY))
            .await
            .unwrap();
        apply_demo(&mut tx).await;
        clients::insert_secret(&mut tx, &client, &ends)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let before = world.tick(&NEVER, NOW).await;
        assert_eq!(before.purged, Purged::default());
        let after = world.tick(&NEVER, NOW.plus(DAY)).await;
        let expected = Purged {
            client_secrets: 1,
            revoked_tokens: 1,
            throttles: 1,
            ..Purged::default()
        };
        assert_eq!(after.purged, expected);
    }

    #[tokio::test]
    async fn what_is_many_is_removed_piece_by_piece() {
        let world = World::new().await;
        let mut tx = world.db.write().await.unwrap();
        for number in 0..2_500 {
            revoked_tokens::insert(&mut tx, &number.to_string(), NOW)
                .await
                .unwrap();
        }
        let first = revoked_tokens::purge(&mut tx, NOW).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(first, 1_000);
        assert_eq!(world.tick(&NEVER, NOW).await.purged.revoked_tokens, 1_500);
    }

    async fn apply_demo(tx: &mut crate::store::Tx) {
        let config = crate::config::Config::load(None, std::iter::empty()).unwrap();
        let references = References {
            folder: std::path::Path::new("."),
            variable: &|_| Some("a".repeat(52)),
        };
        let (path, text) = (references.folder, include_str!("../config/demo.toml"));
        let document = Document::parse(path, text, &Defaults::from(&config), &references).unwrap();
        let passwords = PasswordHasher::new(&config.passwords, vault(), &mut rand::rng()).unwrap();
        let hashing = Hashing {
            key: &HashKey::from_bytes([1; 32]),
            passwords: &passwords,
            vault: &vault(),
        };
        apply(tx, &document, &hashing, NOW, &mut rand::rng())
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_database_that_is_gone_is_reported_and_nothing_panics() {
        let world = World::new().await;
        world.db.close().await;
        let report = world.tick(&NEVER, NOW).await;
        assert_eq!(report.failed.len(), 14);
    }

    #[tokio::test]
    async fn it_stops_when_told_to() {
        let world = World::new().await;
        world.make_keys().await;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let keys = Arc::clone(&world.keys);
        let clock = Clock::manual(NOW);
        let rng = rand::rng();
        let shutdown = async {
            let _ = stopped.await;
        };
        let maintenance = run(world.db.clone(), keys, NEVER, clock, rng, shutdown);
        let ask = async {
            while world.keys.current().jwks().len() < 100 {
                tokio::task::yield_now().await;
            }
            stop.send(()).unwrap();
        };
        tokio::join!(maintenance, ask);
    }
}
