//! The directory: users, their ways to sign in and their passwords.
//!
//! Owns what an account is and how it comes about. How somebody proves that an account is theirs is
//! `interaction`'s.

pub mod accounts;
pub mod branding;
pub mod claims;
pub mod connections;
pub mod identifier;
pub mod identities;
pub mod invitations;
pub mod logos;
pub mod organizations;
pub mod own;
pub mod people;
pub mod policies;
pub mod provenance;
pub mod reconcile;
pub mod upstream;
pub mod users;
