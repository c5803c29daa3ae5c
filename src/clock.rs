//! Instants and durations in whole seconds, and the clock that tells them.
//!
//! Every decision takes `now` as an argument. The clock is read once for each request, by
//! `web::extract::Now`, and once for each command. Seconds suffice: so do all claims of a
//! JSON Web Token (RFC 7519 §2, `NumericDate`).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// An instant, in seconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant that lies `seconds` after the Unix epoch.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the Unix epoch.
    pub const fn as_i64(self) -> i64 {
        self.0
    }

    /// The instant `duration` later.
    #[must_use]
    pub const fn plus(self, duration: Seconds) -> Self {
        Self(self.0.saturating_add(duration.0))
    }

    /// The instant `duration` earlier.
    #[must_use]
    pub const fn minus(self, duration: Seconds) -> Self {
        Self(self.0.saturating_sub(duration.0))
    }

    /// The time that has passed since `earlier`; negative when it lies ahead.
    pub const fn since(self, earlier: Self) -> Seconds {
        Seconds(self.0.saturating_sub(earlier.0))
    }
}

/// A duration, in seconds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Seconds(i64);

impl Seconds {
    /// A duration of that many seconds.
    pub const fn new(seconds: i64) -> Self {
        Self(seconds)
    }

    /// The number of seconds.
    pub const fn as_i64(self) -> i64 {
        self.0
    }

    /// The same for timers; a negative duration is none.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_secs(u64::try_from(self.0).unwrap_or(0))
    }
}

/// Tells the time.
#[derive(Debug, Clone)]
pub enum Clock {
    /// Stands where it is put; for tests, which do not sleep.
    Manual(Arc<AtomicI64>),
    /// The machine's clock.
    System,
}

impl Clock {
    /// A clock that stands at `start`.
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.0)))
    }

    /// The current instant.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Manual(seconds) => Timestamp(seconds.load(Ordering::SeqCst)),
            Self::System => {
                // A machine whose clock stands before 1970 has no meaningful time to offer.
                let elapsed = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                Timestamp(i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX))
            }
        }
    }

    /// Moves a manual clock on; the machine's clock does not move for us.
    pub fn advance(&self, duration: Seconds) {
        if let Self::Manual(seconds) = self {
            seconds.fetch_add(duration.0, Ordering::SeqCst);
        }
    }
}
