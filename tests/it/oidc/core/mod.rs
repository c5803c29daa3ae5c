//! `OpenID` Connect Core 1.0.

mod authentication;
mod claims;
mod id_token;
mod request;
