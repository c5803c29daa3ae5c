//! Properties: what else is known of users, organizations and applications, beyond what everything here has.
//!
//! A property is defined once for the business, in a category, and is of one kind of thing. Its values are
//! texts. Those of public properties may be in tokens, where an application selects them.

mod definitions;
mod values;

pub use definitions::{
    Definition, Refused, add_category, define, redefine, remove, rename_category,
};
pub use values::{BadValue, LONGEST_VALUE, Values, change, list_public};
