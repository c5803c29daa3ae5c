//! `vestibule apply`

use std::path::{Path, PathBuf};

use clap::Args;
use vestibule::config::{self, Config};
use vestibule::provisioning::{self, Defaults, Document, Hashing, References};

use super::Outcome;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Let each connection withdraw up to this many of the roles that its groups give, however large a share that is
    #[arg(long, value_name = "NUMBER")]
    confirm_withdrawals: Option<i64>,
    /// The document, in TOML
    file: PathBuf,
}

/// Makes the database say what the document says, all of it or nothing. Prints what changed.
pub(crate) async fn run(config: Config, arguments: &Arguments) -> Outcome {
    let document = read(&arguments.file, &Defaults::from(&config))?;
    let document = document.confirming_withdrawals(arguments.confirm_withdrawals);
    let app = super::start(config).await?;
    let hashing = Hashing {
        key: &app.hash_key,
        passwords: &app.hasher,
        vault: app.keys.vault(),
    };
    let (now, mut rng) = (app.clock.now(), app.random.generator());
    if arguments.dry_run {
        print!(
            "{}",
            provisioning::plan(&app.db, &document, &hashing, now, &mut rng).await?
        );
    } else {
        let mut tx = app.db.write().await?;
        match provisioning::apply(&mut tx, &document, &hashing, now, &mut rng).await {
            Ok(changes) => {
                tx.commit().await?;
                print!("{changes}");
            }
            Err(error) => {
                drop(tx);
                provisioning::record_held(&app.db, &error, now, &mut rng).await?;
                return Err(error.into());
            }
        }
    }
    app.db.close().await;
    Ok(())
}

fn read(
    path: &Path,
    defaults: &Defaults,
) -> Result<Document, Box<dyn std::error::Error + Send + Sync>> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let variable = |name: &str| {
        config::environment()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    };
    let references = References {
        folder: path.parent().unwrap_or(Path::new("")),
        variable: &variable,
    };
    Ok(Document::parse(path, &text, defaults, &references)?)
}
