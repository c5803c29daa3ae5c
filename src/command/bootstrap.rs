//! `vestibule bootstrap`

use clap::Args;
use vestibule::config::Config;
use vestibule::provisioning::{self, Bootstrap, Defaults, Hashing};

use super::Outcome;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The mail address of the first administrator
    #[arg(long)]
    email: String,
    /// Print JSON, for scripts
    #[arg(long)]
    json: bool,
    /// Give the management client another secret; the present one is taken for another day
    #[arg(long)]
    rotate_secret: bool,
}

/// Creates what is not there yet, and prints it. Secrets are printed once.
pub(crate) async fn run(config: Config, arguments: &Arguments) -> Outcome {
    let defaults = Defaults::from(&config);
    let app = super::start(config).await?;
    let hashing = Hashing {
        key: &app.hash_key,
        passwords: &app.hasher,
        vault: app.keys.vault(),
    };
    let wanted = Bootstrap {
        email: &arguments.email,
        rotates_secret: arguments.rotate_secret,
    };
    let (now, mut rng) = (app.clock.now(), app.random.generator());
    let mut tx = app.db.write().await?;
    let outcome =
        provisioning::bootstrap(&mut tx, wanted, &defaults, &hashing, now, &mut rng).await?;
    tx.commit().await?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&outcome)?);
    } else {
        print!("{outcome}");
    }
    app.db.close().await;
    Ok(())
}
