//! Signing in: a file for each story.

mod password;
