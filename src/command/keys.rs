//! `vestibule keys`

use clap::{Subcommand, ValueEnum};
use rand::CryptoRng;
use serde_json::{Value, json};
use vestibule::app::App;
use vestibule::audit::{self, Actor};
use vestibule::clock::Timestamp;
use vestibule::config::Config;
use vestibule::protocol::algorithm::SigningAlgorithm;
use vestibule::store::Tx;
use vestibule::store::signing_keys::{self, SigningKey};
use vestibule::tokens::rotation::{self, Retirement};

use super::Outcome;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Encrypt stored keys anew, under the current master key
    Reencrypt,
    /// List the published keys
    List,
    /// Withdraw a key at once, because others may know it: tokens that it signed verify no more
    Retire {
        /// The `kid` of the key
        kid: String,
    },
    /// Publish the next key; it signs once every cache has seen it
    Rotate {
        /// Only the key of this algorithm
        #[arg(long, value_enum)]
        algorithm: Option<Algorithm>,
        /// Sign with it at once; caches of the key set may not know it for some minutes
        #[arg(long)]
        now: bool,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Algorithm {
    #[value(name = "EdDSA")]
    EdDsa,
    #[value(name = "ES256")]
    Es256,
    #[value(name = "RS256")]
    Rs256,
}

impl From<Algorithm> for SigningAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::EdDsa => Self::EdDsa,
            Algorithm::Es256 => Self::Es256,
            Algorithm::Rs256 => Self::Rs256,
        }
    }
}

/// Carries out what is to be done with the keys. A running server takes it up within seconds.
pub(crate) async fn run(config: Config, command: Command) -> Outcome {
    let app = super::start(config).await?;
    let now = app.clock.now();
    match command {
        Command::Reencrypt => reencrypt(&app, now).await?,
        Command::List => list(&app, now).await?,
        Command::Retire { kid } => retire(&app, &kid, now).await?,
        Command::Rotate {
            algorithm,
            now: at_once,
        } => {
            let algorithms = algorithm.map_or(SigningAlgorithm::ALL.to_vec(), |algorithm| {
                vec![algorithm.into()]
            });
            rotate(&app, &algorithms, at_once, now).await?;
        }
    }
    app.db.close().await;
    Ok(())
}

async fn list(app: &App, now: Timestamp) -> Outcome {
    let keys = signing_keys::list_published(&mut app.db.read().await?, now).await?;
    println!("{:<9}  {:<29}  state", "algorithm", "kid");
    for key in &keys {
        println!(
            "{:<9}  {:<29}  {}",
            key.algorithm.0.as_str(),
            key.kid,
            state(key, &keys, now)
        );
    }
    Ok(())
}

fn state(key: &SigningKey, keys: &[SigningKey], now: Timestamp) -> String {
    let rank = |key: &SigningKey| (key.withdrawn_at.is_none(), key.activates_at);
    let is_succeeded = |other: &SigningKey| {
        other.algorithm == key.algorithm && other.activates_at <= now && rank(other) > rank(key)
    };
    if key.activates_at > now {
        format!("next; signs in {} s", key.activates_at.since(now).as_i64())
    } else if !keys.iter().any(is_succeeded) {
        "signs".to_owned()
    } else {
        match key.withdrawn_at {
            Some(at) => format!("verifies for another {} s", at.since(now).as_i64()),
            None => "verifies".to_owned(),
        }
    }
}

async fn rotate(
    app: &App,
    algorithms: &[SigningAlgorithm],
    at_once: bool,
    now: Timestamp,
) -> Outcome {
    let schedule = app.key_schedule();
    let activates_at = if at_once {
        now
    } else {
        now.plus(schedule.publish_before)
    };
    let mut tx = app.db.write().await?;
    for algorithm in algorithms {
        let mut rng = app.random.generator();
        let vault = app.keys.vault();
        let kid = rotation::rotate(
            &mut tx,
            vault,
            *algorithm,
            activates_at,
            &schedule,
            now,
            &mut rng,
        )
        .await?;
        let details = json!({ "activates_at": activates_at });
        record(&mut tx, "signing_key.rotated", &kid, details, now, &mut rng).await?;
        println!(
            "{algorithm}: {kid} signs in {} s",
            activates_at.since(now).as_i64()
        );
    }
    tx.commit().await?;
    Ok(())
}

async fn retire(app: &App, kid: &str, now: Timestamp) -> Outcome {
    let mut tx = app.db.write().await?;
    let mut rng = app.random.generator();
    let retirement = rotation::retire(&mut tx, app.keys.vault(), kid, now, &mut rng).await?;
    record(
        &mut tx,
        "signing_key.retired",
        kid,
        json!({}),
        now,
        &mut rng,
    )
    .await?;
    match retirement {
        Retirement::Replaced(new) => println!("{kid} is withdrawn; {new} signs in its place"),
        Retirement::Retired => println!("{kid} is withdrawn"),
        Retirement::Unknown => {
            return Err(format!("there is no key {kid}; `vestibule keys list` shows them").into());
        }
    }
    tx.commit().await?;
    Ok(())
}

async fn reencrypt(app: &App, now: Timestamp) -> Outcome {
    let mut tx = app.db.write().await?;
    let count = rotation::reencrypt(&mut tx, app.keys.vault(), now).await?;
    let (details, mut rng) = (json!({ "count": count }), app.random.generator());
    record(
        &mut tx,
        "signing_key.reencrypted",
        "all",
        details,
        now,
        &mut rng,
    )
    .await?;
    tx.commit().await?;
    println!("{count} key(s) encrypted anew; the previous master keys are needed no more");
    Ok(())
}

async fn record(
    tx: &mut Tx,
    action: &str,
    subject: &str,
    details: Value,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    audit::record(tx, Actor::Operator, action, subject, details, now, rng).await
}
