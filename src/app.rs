//! The application: configuration, database, clock, randomness, keys; built once.
//!
//! [`App::start`] is the one place where the parts meet, and the one seam that tests use.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::access::{Catalogues, management};
use crate::clients::Clients;
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::directory::organizations;
use crate::federation::Outside;
use crate::mail::{MailError, Mailer};
use crate::passwords::{PasswordError, PasswordHasher};
use crate::secret::HashKey;
use crate::store::Db;
use crate::store::db::OpenError;
use crate::tokens::keyring::{KeyError, Keys};
use crate::tokens::rotation::{self, Schedule};
use crate::vault::Vault;

/// Everything a request may need.
pub struct App {
    /// The settings.
    pub config: Config,
    /// The database.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// The source of randomness.
    pub random: Random,
    /// The signing keys.
    pub keys: Arc<Keys>,
    /// The key under which guessable secrets are hashed.
    pub hash_key: HashKey,
    /// The clients in memory.
    pub clients: Clients,
    /// The roles and permissions in memory.
    pub catalogues: Catalogues,
    /// What upstream providers are asked through.
    pub outside: Outside,
    /// Hashes passwords.
    pub hasher: PasswordHasher,
    /// Sends mail.
    pub mailer: Mailer,
}

/// Where secrets come from.
#[derive(Debug, Clone, Copy)]
pub enum Random {
    /// The operating system.
    System,
}

impl Random {
    /// A generator for one request: cryptographically strong, and it can be sent between threads.
    pub fn generator(self) -> StdRng {
        match self {
            Self::System => StdRng::from_rng(&mut rand::rng()),
        }
    }

    /// A number, without the cost of a generator.
    pub fn number(self) -> u64 {
        match self {
            Self::System => rand::rng().random(),
        }
    }
}

/// Why the application can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database.
    #[error("the database can't be opened: {0}")]
    Database(#[from] OpenError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The mail.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The password hashing.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// A statement.
    #[error("the database refused: {0}")]
    Sql(#[from] sqlx::Error),
}

impl App {
    /// Starts the application: opens the database, makes what keys are missing, reads the others.
    ///
    /// An `SQLite` file is brought up to date; a server must have been, since several nodes may use it.
    ///
    /// # Errors
    ///
    /// Whatever is missing, in words for the operator.
    pub async fn start(config: Config, clock: Clock, random: Random) -> Result<Self, StartError> {
        let db = Db::open(&config.database).await?;
        match db {
            Db::Postgres(_) => db.check_schema().await?,
            Db::Sqlite { .. } => {
                db.migrate().await?;
            }
        }
        let mut rng = random.generator();
        let keys = Keys::new(Vault::new(config.keys.master_keys(&mut rng)?));
        let now = clock.now();
        let mut tx = db.write().await?;
        rotation::ensure_keys(&mut tx, keys.vault(), now, &mut rng).await?;
        let hash_key = rotation::ensure_hash_key(&mut tx, keys.vault(), &mut rng).await?;
        let imports = rotation::ensure_import_vault(&mut tx, keys.vault(), &mut rng).await?;
        organizations::ensure_default(&mut tx, now, &mut rng).await?;
        management::ensure_api(&mut tx, &config.server.issuer, now, &mut rng).await?;
        keys.reload(&mut tx, now).await?;
        tx.commit().await?;
        Ok(Self {
            hasher: PasswordHasher::new(&config.passwords, imports, &mut rng)?,
            mailer: Mailer::new(&config.mail, &mut rng)?,
            outside: Outside::new(Arc::clone(&config.federation.allowed_networks)),
            clients: Clients::default(),
            catalogues: Catalogues::default(),
            config,
            db,
            clock,
            random,
            keys: Arc::new(keys),
            hash_key,
        })
    }

    /// When signing keys are replaced.
    pub fn key_schedule(&self) -> Schedule {
        let keys = &self.config.keys;
        Schedule {
            rotate_after: keys.rotate_after,
            publish_before: keys.publish_before,
            retain: keys.retain,
        }
    }
}
