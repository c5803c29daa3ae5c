//! Throttling: how often somebody may guess, and how much mail somebody may cause.
//!
//! Counts are kept for an account *as tried from one address*, and for an address as a whole. Nobody
//! can lock another out: whoever guesses at an account from elsewhere uses up their own attempts only.

use std::net::IpAddr;

use crate::clock::{Seconds, Timestamp};
use crate::config::Throttle;
use crate::store::identities::IdentityKind;
use crate::store::{Tx, throttles};

/// Too many attempts; how long until the next is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts; the next one counts in {0:?}")]
pub struct Throttled(pub Seconds);

/// Counts one attempt at `subject`. Returns whether it is one too many.
pub async fn count(
    tx: &mut Tx,
    subject: &str,
    limit: Throttle,
    now: Timestamp,
) -> sqlx::Result<Result<(), Throttled>> {
    let (attempts, window_ends_at) =
        throttles::count(tx, subject, now, now.plus(limit.window)).await?;
    Ok(if attempts > i64::from(limit.attempts) {
        Err(Throttled(window_ends_at.since(now)))
    } else {
        Ok(())
    })
}

/// The subject for guesses at one account from one address.
pub fn account_subject(identifier: &str, address: Option<IpAddr>) -> String {
    format!(
        "account {} {}",
        IdentityKind::Email.key(identifier),
        network(address)
    )
}

/// The subject for all guesses from one address.
pub fn address_subject(address: Option<IpAddr>) -> String {
    format!("address {}", network(address))
}

/// The subject for mails to one recipient.
pub fn mail_subject(recipient: &str) -> String {
    format!("mail {}", IdentityKind::Email.key(recipient))
}

/// What one visitor can hardly change about their address: all of IPv4, the first half of IPv6.
fn network(address: Option<IpAddr>) -> String {
    match address {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(address) => address.to_string(),
            None => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_of_one_ipv6_network_are_one_subject() {
        let subject = |text: &str| address_subject(Some(text.parse().unwrap()));
        assert_eq!(subject("2001:db8:1:2::1"), subject("2001:db8:1:2:ffff::9"));
        assert_ne!(subject("2001:db8:1:2::1"), subject("2001:db8:1:3::1"));
        assert_eq!(subject("::ffff:192.0.2.1"), subject("192.0.2.1"));
    }
}
