//! Counts of attempts within a window of time, in the database so that several nodes agree.

use super::Tx;
use crate::clock::Timestamp;

/// Counts one attempt. Returns how many the current window has seen, this one included, and when it ends.
///
/// The window starts with its first attempt; once it has ended, the next attempt starts another.
pub async fn count(
    tx: &mut Tx,
    subject: &str,
    now: Timestamp,
    window_ends_at: Timestamp,
) -> sqlx::Result<(i64, Timestamp)> {
    tx.one(
        "INSERT INTO throttles (subject, attempts, window_ends_at) VALUES ($1, 1, $3)
         ON CONFLICT (subject) DO UPDATE SET
            attempts = CASE WHEN throttles.window_ends_at > $2 THEN throttles.attempts + 1 ELSE 1 END,
            window_ends_at = CASE WHEN throttles.window_ends_at > $2 THEN throttles.window_ends_at ELSE excluded.window_ends_at END
         RETURNING attempts, window_ends_at",
        (subject, now, window_ends_at),
    )
    .await
}

/// Takes one attempt of a subject back, which was none.
pub async fn give_back(tx: &mut Tx, subject: &str) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE throttles SET attempts = attempts - 1 WHERE subject = $1 AND attempts > 0",
        (subject,),
    )
    .await?;
    Ok(())
}

/// Forgets the attempts of a subject.
pub async fn clear(tx: &mut Tx, subject: &str) -> sqlx::Result<()> {
    tx.execute("DELETE FROM throttles WHERE subject = $1", (subject,))
        .await?;
    Ok(())
}

/// Removes the windows that have ended, at most a thousand. Returns how many those were.
pub async fn purge(tx: &mut Tx, now: Timestamp) -> sqlx::Result<u64> {
    tx.execute(
        "DELETE FROM throttles WHERE window_ends_at <= $1
            AND subject IN (SELECT subject FROM throttles WHERE window_ends_at <= $1 LIMIT 1000)",
        (now,),
    )
    .await
}
