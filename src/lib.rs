//! Vestibule, a self-hosted `OpenID` Connect identity provider.
//!
//! ```text
//!    main ─▶ web ─▶ app ─▶ concepts ─▶ adapters ─▶ vocabulary
//! ```
//!
//! Each imports what is to its right, never to its left.

// Vocabulary: pure; knows nothing of this server.
pub mod clock;
pub mod id;
pub mod naming;
pub mod protocol;
pub mod secret;
pub mod words;

// The settings: read once, passed as arguments.
pub mod config;

// Adapters: talk to the outside.
pub mod federation;
pub mod mail;
pub mod passwords;
pub mod store;
pub mod vault;

// Concepts: decide and act.
pub mod access;
pub mod audit;
pub mod clients;
pub mod directory;
pub mod flags;
pub mod interaction;
pub mod maintenance;
pub mod properties;
pub mod provisioning;
pub mod tokens;

// Built once of all of the above.
pub mod app;

// Surfaces: parse, call, render.
pub mod playground;
pub mod web;
