//! The web: the route table, and what stands around every route.

pub mod client_address;
pub mod server;
