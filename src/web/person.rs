//! Users, as pages show them to themselves.

use super::page::Person;
use crate::store::users::User;

/// The person a page speaks to; `identifier` is the address or user name, where it is known.
pub fn of(user: &User, identifier: Option<&str>) -> Person {
    let identifier = identifier.unwrap_or_default().to_owned();
    let name = user.full_name().unwrap_or_else(|| identifier.clone());
    Person { name, identifier }
}
