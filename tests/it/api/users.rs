//! `/users` and `/user`: people.
