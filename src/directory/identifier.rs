//! What people type to say who they are: an address, a phone number or a user name. Pure.

use std::ops::RangeInclusive;

use crate::store::identities::IdentityKind;

/// The longest mail address there can be (RFC 5321 §4.5.3.1.3, less the brackets).
pub const LONGEST_EMAIL: usize = 254;

/// The longest user name.
pub const LONGEST_USERNAME: usize = 64;

/// The longest given or family name.
pub const LONGEST_NAME: usize = 64;

/// How many digits a phone number has, with its country code (E.164 §6.2.1); none has fewer than seven.
const PHONE_DIGITS: RangeInclusive<usize> = 7..=15;

/// Which kind of identity a text means: user names hold no `@`, and begin with no `+`.
pub fn kind_of(text: &str) -> IdentityKind {
    if text.contains('@') {
        IdentityKind::Email
    } else if text.trim_start().starts_with('+') {
        IdentityKind::Phone
    } else {
        IdentityKind::Username
    }
}

/// The mail address that was typed, if mail could be sent there.
pub fn email(text: &str) -> Option<&str> {
    let text = text.trim();
    let plausible = text.len() <= LONGEST_EMAIL && text.parse::<lettre::Address>().is_ok();
    plausible.then_some(text)
}

/// The phone number that was typed, as it is stored: `+`, the country code and the rest, digits alone (E.164).
///
/// Without the country code it is none: which one is meant depends on where somebody is.
pub fn phone(text: &str) -> Option<String> {
    let number = IdentityKind::Phone.key(text);
    let digits = number.strip_prefix('+')?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit())
        && PHONE_DIGITS.contains(&digits.len())
        && !digits.starts_with('0');
    is_number.then_some(number)
}

/// The user name that was typed, if it can be one: letters, digits, `.`, `_` and `-`, 2 to 64 of them.
pub fn username(text: &str) -> Option<&str> {
    let text = text.trim();
    let allowed = |character: char| character.is_alphanumeric() || ".-_".contains(character);
    let length = text.chars().count();
    ((2..=LONGEST_USERNAME).contains(&length) && text.chars().all(allowed)).then_some(text)
}

/// The name that was typed: trimmed, none when nothing is left, cut where nobody's name goes on.
pub fn name(text: &str) -> Option<String> {
    let printable = text.chars().filter(|character| !character.is_control());
    let text: String = printable
        .collect::<String>()
        .trim()
        .chars()
        .take(LONGEST_NAME)
        .collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_recognised() {
        for (typed, expected) in [
            (" ada@example.test ", Some("ada@example.test")),
            ("ada", None),
            ("ada@", None),
            ("ada@exa mple.test", None),
            ("ada@example.test\r\nBcc: eve@example.test", None),
        ] {
            assert_eq!(email(typed), expected, "{typed:?}");
        }
        assert_eq!(email(&format!("{}@example.test", "a".repeat(250))), None);
    }

    #[test]
    fn a_phone_number_is_stored_as_its_digits() {
        for (typed, expected) in [
            ("+49 (30) 901820", Some("+4930901820")),
            (" +1-202-555.0143 ", Some("+12025550143")),
            ("030 901820", None),
            ("0049 30 901820", None),
            ("+49", None),
            ("+0301234567", None),
            ("+49 30 9018x20", None),
            ("+4930٣٤٥٦٧", None),
            ("+1234567890123456", None),
        ] {
            assert_eq!(phone(typed).as_deref(), expected, "{typed:?}");
        }
    }

    #[test]
    fn what_is_typed_tells_its_kind() {
        for (typed, expected) in [
            ("ada@example.test", IdentityKind::Email),
            ("+ada@example.test", IdentityKind::Email),
            (" +49 30 901820", IdentityKind::Phone),
            ("ada", IdentityKind::Username),
            ("4930901820", IdentityKind::Username),
        ] {
            assert_eq!(kind_of(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn a_user_name_is_not_an_address() {
        assert_eq!(username("ada.byron"), Some("ada.byron"));
        assert_eq!(username("ada@example.test"), None);
        assert_eq!(username("a"), None);
    }

    #[test]
    fn a_name_loses_control_characters_and_blank_ends() {
        assert_eq!(name(" Ada\u{0}\n "), Some("Ada".to_owned()));
        assert_eq!(name(" \t "), None);
    }
}
