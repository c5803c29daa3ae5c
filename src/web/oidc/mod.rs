//! The endpoints of OAuth 2.0 and OpenID Connect.

pub mod authorize;
pub mod browser_app;
pub mod by_client;
pub mod cors;
pub mod delivery;
pub mod discovery;
pub mod introspect;
pub mod logout;
pub mod revoke;
pub mod token;
pub mod userinfo;
