//! RFC 6749: the OAuth 2.0 Authorization Framework.

mod authorization;
mod client_authentication;
mod token;
