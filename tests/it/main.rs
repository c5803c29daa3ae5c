//! The integration tests: one binary, so that they link once.
//!
//! `support` holds the world that they live in; the rest has the names of `src`.

mod browser;
mod clients;
mod programs;
mod signin;
mod support;
