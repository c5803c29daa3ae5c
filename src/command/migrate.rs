//! `vestibule migrate`

use vestibule::config::Config;
use vestibule::store::Db;

use super::Outcome;

/// Brings the database up to date.
pub(crate) async fn run(config: &Config) -> Outcome {
    let db = Db::open(&config.database).await?;
    match db.migrate().await? {
        0 => println!("The database is up to date."),
        1 => println!("Applied 1 migration."),
        count => println!("Applied {count} migrations."),
    }
    db.close().await;
    Ok(())
}
