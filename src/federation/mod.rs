//! Upstream identity providers: what is configured of one, how it is spoken to, and what it states of somebody.
//!
//! Knows nothing of our users. Whom an [`Assertion`] is about and what it changes is decided in
//! `directory::reconcile`.

pub mod answer;
pub mod assertion;
pub mod connector;
pub mod egress;
pub mod end_session;
mod entra;
pub mod error;
mod google;
pub mod logout_token;
pub mod mapping;
pub mod metadata;
mod oauth2;
pub mod oidc;
pub mod probe;
pub mod reading;
pub mod settings;
pub mod wishes;

pub use assertion::{Assertion, Presence};
pub use connector::{Connector, Outside, Stated};
pub use error::{Check, FederationError};
