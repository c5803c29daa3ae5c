//! The management API: a file for each noun, and what all of its routes have in common.

mod conventions;
mod permissions;
