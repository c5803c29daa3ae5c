//! `[passwords]`: which passwords are accepted, and how they are hashed.

use super::error::ConfigError;
use super::section::Section;

/// Five passes over seven mebibytes, the leanest setting that OWASP still counts as equal to the
/// others; fewer passes need proportionally more memory.
const LEAST_WORK_KIB: u32 = 5 * 7168;

/// Which passwords are accepted, and how they are hashed.
#[derive(Debug, Clone, Copy)]
pub struct Passwords {
    /// Characters (Unicode scalar values).
    pub minimum_length: usize,
    /// Characters (Unicode scalar values).
    pub maximum_length: usize,
    /// Argon2's `m` (RFC 9106 §3.1).
    pub memory_kib: u32,
    /// Argon2's `t`.
    pub iterations: u32,
    /// Argon2's `p`.
    pub parallelism: u32,
    /// Hashes computed at once.
    pub parallel_hashes: usize,
    /// Hashes that may wait for their turn.
    pub waiting_hashes: usize,
}

impl Passwords {
    pub(super) fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        let passwords = Self {
            minimum_length: section.integer("minimum_length", 8..=64)?,
            maximum_length: section.integer("maximum_length", 64..=1024)?,
            memory_kib: section.integer("memory_kib", 7168..=1024 * 1024)?,
            iterations: section.integer("iterations", 1..=20)?,
            parallelism: section.integer("parallelism", 1..=16)?,
            parallel_hashes: section.integer("parallel_hashes", 1..=256)?,
            waiting_hashes: section.integer("waiting_hashes", 0..=10_000)?,
        };
        section.require(
            passwords.memory_kib * passwords.iterations >= LEAST_WORK_KIB,
            &["memory_kib", "iterations"],
            "memory_kib times iterations must be at least 35840: raise one of them",
        )?;
        Ok(passwords)
    }
}
