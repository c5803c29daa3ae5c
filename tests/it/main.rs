//! The integration tests: one binary, so that they link once.
//!
//! `support` holds the world that they live in; the rest has the names of `src`.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod access;
mod account_api;
mod api;
mod architecture;
mod browser;
mod clients;
mod maintenance;
mod model;
mod oidc;
mod operation;
mod programs;
mod provisioning;
mod security;
mod signin;
mod store;
mod support;
