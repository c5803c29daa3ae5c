//! The two database engines, each test with a database of its own.

use std::path::Path;

use sqlx::{ConnectOptions as _, Connection as _};
use std::str::FromStr as _;
use vestibule::config::Config;
use vestibule::store::Db;

/// A database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Postgres,
    Sqlite,
}

impl Engine {
    /// The address of a new, empty database.
    pub(crate) async fn url(self, folder: &Path) -> String {
        match self {
            Self::Postgres => schema().await,
            Self::Sqlite => format!("sqlite:{}", folder.join("vestibule.db").display()),
        }
    }

    /// Does what an operator does before the server starts.
    pub(super) async fn prepare(self, config: &Config) {
        let db = Db::open(&config.database)
            .await
            .expect("the database opens");
        db.migrate().await.expect("the database can be migrated");
        db.close().await;
    }

    /// An empty database with the current schema, and the folder that it needs.
    pub(crate) async fn database(self) -> (Db, tempfile::TempDir) {
        let (db, folder) = self.empty_database().await;
        db.migrate().await.expect("the database can be migrated");
        (db, folder)
    }

    /// An empty database without a schema, and the folder that it needs.
    pub(crate) async fn empty_database(self) -> (Db, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let url = self.url(folder.path()).await;
        let environment = [("VESTIBULE__DATABASE__URL".to_owned(), url)];
        let config =
            Config::load(None, environment.into_iter()).expect("the settings are possible");
        let db = Db::open(&config.database)
            .await
            .expect("the database opens");
        (db, folder)
    }
}

/// A new schema on the server that `script/test` starts.
#[expect(
    clippy::disallowed_methods,
    reason = "the script says by environment where its server is"
)]
async fn schema() -> String {
    let server = std::env::var("VESTIBULE_TEST_POSTGRES").expect(
        "VESTIBULE_TEST_POSTGRES names a server: run `script/test`, or script/with-postgres",
    );
    let name = format!("test_{}", hex::encode(rand::random::<[u8; 8]>()));
    let options =
        sqlx::postgres::PgConnectOptions::from_str(&server).expect("its address is well-formed");
    let mut connection = options
        .disable_statement_logging()
        .connect()
        .await
        .expect("the server accepts");
    let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {name}"));
    sqlx::query(create)
        .execute(&mut connection)
        .await
        .expect("a schema can be created");
    connection.close().await.expect("the connection closes");
    let separator = if server.contains('?') { '&' } else { '?' };
    format!("{server}{separator}options=-c%20search_path%3D{name}")
}

/// Runs each of the functions named as a test on `SQLite`, and on `PostgreSQL` when ignored tests are included.
///
/// A function takes the [`Engine`] it runs on.
macro_rules! on_each_engine {
    ($($name:ident)*) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name($crate::support::Engine::Sqlite).await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[ignore = "needs PostgreSQL"]
                async fn $name() {
                    super::$name($crate::support::Engine::Postgres).await;
                }
            )*
        }
    };
}

pub(crate) use on_each_engine;
