//! One SQL, two engines: `SQLite` in a file, `PostgreSQL` on a server.
//!
//! Every statement is written once, in the SQL that both share, with `$1` placeholders. [`Tx`]
//! sends it to the native driver of whichever database is open. [`Db::read`] and [`Db::write`] are
//! the only ways to a `Tx`; one that is not committed is rolled back.
//!
//! # Decision
//!
//! `SQLite` gets one connection that writes and several that read: it serialises writers anyway, and
//! waiting in our queue is fair and cheap, where waiting for its lock is neither. `synchronous` is
//! `FULL`, because a code or a refresh token that was acknowledged must stay spent after a power cut.

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::migrate::{Migrate as _, MigrateError, Migrator};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow, Postgres};
use sqlx::sqlite::{
    Sqlite, SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool,
    SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Acquire as _, Arguments as _, ConnectOptions as _, FromRow, Transaction};

use crate::config::{Database, DatabaseUrl};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// An open database.
#[derive(Debug, Clone)]
pub enum Db {
    /// A `PostgreSQL` server.
    Postgres(PgPool),
    /// An `SQLite` file.
    Sqlite {
        /// Connections that only read.
        readers: SqlitePool,
        /// The one connection that writes.
        writer: SqlitePool,
    },
}

/// Why a database could not be opened or brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database's schema is newer than this program.
    #[error(
        "the database has migration {0}, which this vestibule does not know: it was written by a newer version; run that one, or restore a backup"
    )]
    Newer(i64),
    /// The schema is older than this program needs.
    #[error("the database lacks {0} migration(s): run `vestibule migrate` first")]
    Outdated(usize),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// A migration failed, or its text is not the one that was applied.
    #[error("the database can't be migrated: {0}")]
    Migration(#[from] MigrateError),
}

impl Db {
    /// Opens the database of the configuration.
    ///
    /// # Errors
    ///
    /// When an `SQLite` file can't be opened, or the address of a server can't be read. A `PostgreSQL` server
    /// that is down is no error yet: each request will say so, and recover with it.
    pub async fn open(settings: &Database) -> Result<Self, OpenError> {
        let acquire_timeout = settings.acquire_timeout.to_std();
        match &settings.url {
            DatabaseUrl::Postgres(url) => {
                let options = PgConnectOptions::from_str(url.expose())?.disable_statement_logging();
                let pool = PgPoolOptions::new()
                    .max_connections(settings.max_connections)
                    .acquire_timeout(acquire_timeout)
                    .test_before_acquire(false)
                    .connect_lazy_with(options);
                Ok(Self::Postgres(pool))
            }
            DatabaseUrl::Sqlite(path) => {
                Self::open_sqlite(path, settings.max_connections, acquire_timeout).await
            }
        }
    }

    async fn open_sqlite(
        path: &Path,
        max_connections: u32,
        acquire_timeout: Duration,
    ) -> Result<Self, OpenError> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder).map_err(sqlx::Error::Io)?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            // So that the thread that reads need not wait for the one that takes the rows.
            .row_buffer_size(512)
            .disable_statement_logging();
        let pool = |size: u32| {
            SqlitePoolOptions::new()
                .max_connections(size)
                .acquire_timeout(acquire_timeout)
                .test_before_acquire(false)
                .idle_timeout(None)
                .max_lifetime(None)
        };
        // The writer opens first: it creates the file and turns the write-ahead log on.
        let writer = pool(1).connect_with(options.clone()).await?;
        let readers = pool(max_connections).connect_lazy_with(options.pragma("query_only", "ON"));
        Ok(Self::Sqlite { readers, writer })
    }

    /// Applies the migrations that the database lacks. Returns how many those were.
    ///
    /// # Errors
    ///
    /// [`OpenError::Newer`] when the database knows a migration that this program doesn't.
    pub async fn migrate(&self) -> Result<usize, OpenError> {
        let pending = self.pending_migrations().await?;
        match self {
            Self::Postgres(pool) => MIGRATIONS.run(pool).await?,
            Self::Sqlite { writer, .. } => {
                // sqlx locks a server against a second process that migrates, but not a file. All in one
                // transaction, the second finds the work done; and a crash leaves none of it.
                let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
                MIGRATIONS.run(&mut *tx).await?;
                tx.commit().await?;
            }
        }
        Ok(pending)
    }

    /// Confirms that the schema is the one this program was built for.
    ///
    /// # Errors
    ///
    /// [`OpenError::Newer`] or [`OpenError::Outdated`] when it isn't.
    pub async fn check_schema(&self) -> Result<(), OpenError> {
        match self.pending_migrations().await? {
            0 => Ok(()),
            pending => Err(OpenError::Outdated(pending)),
        }
    }

    async fn pending_migrations(&self) -> Result<usize, OpenError> {
        let table = &MIGRATIONS.table_name;
        let applied = match self {
            Self::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                connection.ensure_migrations_table(table).await?;
                connection.list_applied_migrations(table).await?
            }
            Self::Sqlite { writer, .. } => {
                let mut connection = writer.acquire().await?;
                connection.ensure_migrations_table(table).await?;
                connection.list_applied_migrations(table).await?
            }
        };
        let known = |version: i64| {
            MIGRATIONS
                .iter()
                .any(|migration| migration.version == version)
        };
        match applied
            .iter()
            .map(|migration| migration.version)
            .find(|version| !known(*version))
        {
            Some(newer) => Err(OpenError::Newer(newer)),
            None => Ok(MIGRATIONS.iter().count().saturating_sub(applied.len())),
        }
    }

    /// Begins a transaction that only reads: a consistent view.
    pub async fn read(&self) -> sqlx::Result<Tx> {
        Ok(match self {
            Self::Postgres(pool) => {
                Tx::Postgres(begin(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
            Self::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
        })
    }

    /// Begins a transaction that may write.
    pub async fn write(&self) -> sqlx::Result<Tx> {
        Ok(match self {
            Self::Postgres(pool) => Tx::Postgres(begin(pool, "BEGIN").await?),
            // IMMEDIATE: to start by reading and find the lock taken would be an error, not a wait.
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
        })
    }

    /// Confirms that the database answers.
    pub async fn ping(&self) -> sqlx::Result<()> {
        match self {
            Self::Postgres(pool) => pool.acquire().await?.acquire().await.map(|_| ())?,
            Self::Sqlite { writer, .. } => writer.acquire().await.map(|_| ())?,
        }
        let mut tx = self.read().await?;
        let (_one,): (i64,) = tx.one("SELECT CAST(1 AS BIGINT)", ()).await?;
        Ok(())
    }

    /// Closes all connections; on `SQLite` this also folds the write-ahead log into the file.
    pub async fn close(&self) {
        match self {
            Self::Postgres(pool) => pool.close().await,
            Self::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

/// Begins a transaction on a server, to the end even when nobody waits for it any more.
///
/// A client that goes away takes the request's future with it. sqlx-postgres 0.9 counts a transaction
/// only when the server has confirmed it: dropped before that, it is not rolled back, and the pool hands
/// the connection to the next in the middle of it. In a task of its own it is confirmed first, then
/// dropped whole.
async fn begin(
    pool: &PgPool,
    statement: &'static str,
) -> sqlx::Result<Transaction<'static, Postgres>> {
    let pool = pool.clone();
    tokio::spawn(async move { pool.begin_with(statement).await })
        .await
        .map_err(|_| sqlx::Error::WorkerCrashed)?
}

/// A transaction.
#[derive(Debug)]
pub enum Tx {
    /// On a `PostgreSQL` server.
    Postgres(Transaction<'static, Postgres>),
    /// In an `SQLite` file.
    Sqlite(Transaction<'static, Sqlite>),
}

/// A row of either engine, as a record.
pub trait Record:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}
impl<T> Record for T where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

/// A column's value, for either engine.
pub trait Column<'q>:
    sqlx::Encode<'q, Sqlite> + sqlx::Type<Sqlite> + sqlx::Encode<'q, Postgres> + sqlx::Type<Postgres>
{
}
impl<'q, T> Column<'q> for T where
    T: sqlx::Encode<'q, Sqlite>
        + sqlx::Type<Sqlite>
        + sqlx::Encode<'q, Postgres>
        + sqlx::Type<Postgres>
{
}

/// The values of a statement's placeholders: a tuple, in their order.
pub trait Parameters {
    /// The values as `SQLite` takes them.
    fn for_sqlite(self) -> Result<SqliteArguments, sqlx::Error>;
    /// The values as `PostgreSQL` takes them.
    fn for_postgres(self) -> Result<PgArguments, sqlx::Error>;
}

impl Parameters for () {
    fn for_sqlite(self) -> Result<SqliteArguments, sqlx::Error> {
        Ok(SqliteArguments::default())
    }

    fn for_postgres(self) -> Result<PgArguments, sqlx::Error> {
        Ok(PgArguments::default())
    }
}

macro_rules! parameters {
    ($($name:ident)+) => {
        #[expect(non_snake_case, reason = "the macro names values after their types")]
        impl<'q, $($name: Column<'q>),+> Parameters for ($($name,)+) {
            fn for_sqlite(self) -> Result<SqliteArguments, sqlx::Error> {
                let ($($name,)+) = self;
                let mut arguments = SqliteArguments::default();
                $(sqlx::Arguments::add(&mut arguments, $name).map_err(sqlx::Error::Encode)?;)+
                Ok(arguments)
            }

            fn for_postgres(self) -> Result<PgArguments, sqlx::Error> {
                let ($($name,)+) = self;
                let mut arguments = PgArguments::default();
                $(arguments.add($name).map_err(sqlx::Error::Encode)?;)+
                Ok(arguments)
            }
        }
    };
}

impl Tx {
    /// Runs a statement. Returns how many rows it changed.
    pub async fn execute(
        &mut self,
        sql: &'static str,
        parameters: impl Parameters,
    ) -> sqlx::Result<u64> {
        Ok(match self {
            Self::Postgres(tx) => sqlx::query_with(sql, parameters.for_postgres()?)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
            Self::Sqlite(tx) => sqlx::query_with(sql, parameters.for_sqlite()?)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
        })
    }

    /// Runs a statement. Returns its one row.
    pub async fn one<T: Record>(
        &mut self,
        sql: &'static str,
        parameters: impl Parameters,
    ) -> sqlx::Result<T> {
        self.optional(sql, parameters)
            .await?
            .ok_or(sqlx::Error::RowNotFound)
    }

    /// Runs a statement. Returns its first row, if it has any.
    pub async fn optional<T: Record>(
        &mut self,
        sql: &'static str,
        parameters: impl Parameters,
    ) -> sqlx::Result<Option<T>> {
        match self {
            Self::Postgres(tx) => {
                sqlx::query_as_with(sql, parameters.for_postgres()?)
                    .fetch_optional(&mut **tx)
                    .await
            }
            Self::Sqlite(tx) => {
                sqlx::query_as_with(sql, parameters.for_sqlite()?)
                    .fetch_optional(&mut **tx)
                    .await
            }
        }
    }

    /// Runs a statement. Returns all its rows.
    pub async fn all<T: Record>(
        &mut self,
        sql: &'static str,
        parameters: impl Parameters,
    ) -> sqlx::Result<Vec<T>> {
        match self {
            Self::Postgres(tx) => {
                sqlx::query_as_with(sql, parameters.for_postgres()?)
                    .fetch_all(&mut **tx)
                    .await
            }
            Self::Sqlite(tx) => {
                sqlx::query_as_with(sql, parameters.for_sqlite()?)
                    .fetch_all(&mut **tx)
                    .await
            }
        }
    }

    /// Makes the changes durable.
    pub async fn commit(self) -> sqlx::Result<()> {
        match self {
            Self::Postgres(tx) => tx.commit().await,
            Self::Sqlite(tx) => tx.commit().await,
        }
    }
}

parameters!(A);
parameters!(A B);
parameters!(A B C);
parameters!(A B C D);
parameters!(A B C D E);
parameters!(A B C D E F);
parameters!(A B C D E F G);
parameters!(A B C D E F G H);
parameters!(A B C D E F G H I);
parameters!(A B C D E F G H I J);
parameters!(A B C D E F G H I J K);
parameters!(A B C D E F G H I J K L);
parameters!(A B C D E F G H I J K L M);
parameters!(A B C D E F G H I J K L M N);
parameters!(A B C D E F G H I J K L M N O);
parameters!(A B C D E F G H I J K L M N O P);
parameters!(A B C D E F G H I J K L M N O P Q);
parameters!(A B C D E F G H I J K L M N O P Q R);
parameters!(A B C D E F G H I J K L M N O P Q R S);
parameters!(A B C D E F G H I J K L M N O P Q R S T);
parameters!(A B C D E F G H I J K L M N O P Q R S T U);
parameters!(A B C D E F G H I J K L M N O P Q R S T U V);
parameters!(A B C D E F G H I J K L M N O P Q R S T U V W);
parameters!(A B C D E F G H I J K L M N O P Q R S T U V W X);
parameters!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z A1 B1);
