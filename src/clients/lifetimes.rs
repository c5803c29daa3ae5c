//! How long what clients are given may live, wherever it is written: a document, an API. Pure.

use std::ops::RangeInclusive;

use crate::clock::Seconds;

/// No token, and no proof of who somebody is, lives shorter.
pub const SHORTEST: Seconds = Seconds::new(60);

/// The longest life of a refresh token that lies unused, and of a proof of who somebody is.
pub const LONGEST_IDLE: Seconds = Seconds::new(365 * 86_400);

/// The longest time for which one authorization can be refreshed.
pub const LONGEST_GRANT: Seconds = Seconds::new(3_650 * 86_400);

/// How long an authorization can be refreshed where nothing else is said.
pub const USUAL_GRANT: Seconds = Seconds::new(365 * 86_400);

/// The longest time for which a former secret is taken beside a new one.
pub const LONGEST_OVERLAP: Seconds = Seconds::new(365 * 86_400);

/// A duration within bounds.
///
/// # Errors
///
/// A sentence for the administrator.
pub fn within(allowed: RangeInclusive<Seconds>, seconds: i64) -> Result<Seconds, String> {
    let value = Seconds::new(seconds);
    if allowed.contains(&value) {
        return Ok(value);
    }
    Err(format!(
        "must be between {} and {} seconds",
        allowed.start().as_i64(),
        allowed.end().as_i64()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_keeps_within_its_bounds() {
        for (seconds, holds) in [
            (59, false),
            (60, true),
            (31_536_000, true),
            (31_536_001, false),
        ] {
            let read = within(SHORTEST..=LONGEST_IDLE, seconds);
            assert_eq!(read.is_ok(), holds, "{seconds}");
        }
    }
}
