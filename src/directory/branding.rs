//! What an organization may choose for its pages and mails. Pure.

use super::identifier;
use crate::naming;

/// The longest name that mails are signed with. Characters.
const LONGEST_SENDER: usize = 100;

/// The roundest corners. Pixels.
const ROUNDEST: u16 = 100;

/// How round corners are. Pixels.
pub fn radius(pixels: i64) -> Result<u16, String> {
    u16::try_from(pixels)
        .ok()
        .filter(|pixels| *pixels <= ROUNDEST)
        .ok_or_else(|| format!("must be from 0 to {ROUNDEST} pixels"))
}

/// Who mails seem to be from.
pub fn sender_name(text: &str) -> Result<String, String> {
    naming::line(text, LONGEST_SENDER)
}

/// Where answers to mails go.
pub fn sender_email(text: &str) -> Result<String, String> {
    identifier::email(text)
        .map(str::to_owned)
        .ok_or_else(|| "must be a mail address".to_owned())
}
