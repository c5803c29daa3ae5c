//! OAuth 2.0 and OpenID Connect as the specifications write them.
//!
//! Owns the vocabulary: requests are parsed into it, responses are written from it, and the
//! decisions that need nothing but a request and what is known of the client are made here. It
//! knows neither this server's store nor its pages: nothing is `async`, nothing reads a clock.

pub mod algorithm;
pub mod authorization;
pub mod claims;
pub mod client;
pub mod discovery;
pub mod error;
pub mod issuer;
pub mod lists;
pub mod logout;
pub mod params;
pub mod pkce;
pub mod response_mode;
pub mod scope;
pub mod target;
pub mod token;

pub use error::{ErrorCode, OAuthError};
pub use issuer::Issuer;
pub use params::Params;
pub use response_mode::{Delivery, ResponseMode};
pub use scope::{Scope, Scopes};
pub use target::Targets;

use crate::words::words;
