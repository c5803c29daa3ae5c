//! The store: what both engines promise alike.

mod db;
mod races;
mod throttles;
mod upgrade;
