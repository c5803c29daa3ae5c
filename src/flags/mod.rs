//! Feature flags: switches and settings that applications read from tokens.
//!
//! A flag is defined once for the business, with a default. The environment, an organization or a user may
//! have another value, as far down as the flag allows. [`effective`] is the one function that says which holds.

mod definitions;
mod effective;
mod values;

pub use definitions::{Definition, Refused, define, redefine, remove};
pub use effective::{LONGEST_VALUE, check_value, effective, parse_value};
pub use values::{
    clear, clear_for_environment, list_effective, set_for_environment, set_for_organization,
    set_for_user,
};
