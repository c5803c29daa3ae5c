//! Access: which roles and permissions somebody has, in one organization (NIST RBAC, core and
//! hierarchical in one step: user, role, permission).
//!
//! Roles and permissions are defined once for the business and assigned per user *and organization*.
//! What somebody may is the union of their direct permissions and those of their roles, in that
//! organization and in no other. [`combine`] is the one function that says so; [`evaluate`] leaves out before what has
//! expired.

pub mod catalogue;
mod evaluate;
pub mod management;
pub mod members;
mod missing;
pub mod permissions;
pub mod role_scopes;
pub mod roles;
pub mod scopes;

pub use catalogue::{Catalogue, Catalogues, RoleScope, held_roles};
pub use evaluate::{Access, Chain, Explanation, Via, combine, evaluate, explain};
pub use missing::{AtClient, Facts, Missing, Reason, Standing, missing};
