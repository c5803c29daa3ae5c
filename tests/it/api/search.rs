//! `/search/users`: finds users by name, address or property.
