//! The store: records, and the SQL that reads and writes them, one file for each noun.
//!
//! Records are plain data with public fields. What may be done with them, and by whom, is decided
//! in the concepts (`directory`, `interaction`, `tokens`).

pub mod db;
pub mod types;

pub use db::{Db, Tx};
