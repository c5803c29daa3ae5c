//! Everything that a database holds, to see that nothing of it has changed.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;
use vestibule::store::Db;

use super::World;

impl World {
    /// Every row of every table, as text.
    pub(crate) async fn contents(&self) -> BTreeMap<String, Vec<String>> {
        let mut contents = BTreeMap::new();
        match &self.app.db {
            Db::Postgres(pool) => {
                let tables = "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema()";
                let tables: Vec<(String,)> = sqlx::query_as(tables).fetch_all(pool).await.unwrap();
                for (table,) in tables {
                    let rows = format!("SELECT CAST({table} AS TEXT) FROM {table} ORDER BY 1");
                    let rows = sqlx::query_as(AssertSqlSafe(rows)).fetch_all(pool).await;
                    contents.insert(table, texts(rows.unwrap()));
                }
            }
            Db::Sqlite { writer, .. } => {
                let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
                let tables: Vec<(String,)> =
                    sqlx::query_as(tables).fetch_all(writer).await.unwrap();
                for (table,) in tables {
                    let columns = "SELECT group_concat('quote(\"' || name || '\")', ' || '','' || ') FROM pragma_table_info($1)";
                    let columns = sqlx::query_as(columns).bind(&table).fetch_one(writer).await;
                    let (columns,): (String,) = columns.unwrap();
                    let rows = format!("SELECT {columns} FROM {table} ORDER BY 1");
                    let rows = sqlx::query_as(AssertSqlSafe(rows)).fetch_all(writer).await;
                    contents.insert(table, texts(rows.unwrap()));
                }
            }
        }
        assert!(contents.len() > 30, "all tables are there");
        contents
    }
}

fn texts(rows: Vec<(String,)>) -> Vec<String> {
    rows.into_iter().map(|(text,)| text).collect()
}
