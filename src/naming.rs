//! What names, keys and descriptions look like, wherever they come from: a document, a page, an API. Pure.
//!
//! Each function gives the text as it is stored, or says what it must be.

use lettre::Address;
use url::Host;

/// The longest name of an application, an API, a role, a permission. Characters.
const LONGEST_NAME: usize = 100;

/// The longest key of a permission or a role.
const LONGEST_KEY: usize = 100;

/// The longest description. Characters.
const LONGEST_DESCRIPTION: usize = 1000;

/// A name to be shown to people.
pub fn name(text: &str) -> Result<String, String> {
    line(text, LONGEST_NAME)
}

/// A text of one line, of at most so many characters, that can't be empty.
pub fn line(text: &str, longest: usize) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > longest || text.contains(char::is_control) {
        return Err(format!(
            "must have 1 to {longest} characters and no line break"
        ));
    }
    Ok(text.to_owned())
}

/// The longest name of an organization. Characters.
pub const LONGEST_ORGANIZATION_NAME: usize = 64;

/// The longest handle of an organization.
const LONGEST_HANDLE: usize = 64;

/// The longest id that the business gives elsewhere. Characters.
const LONGEST_EXTERNAL_ID: usize = 255;

/// The longest name of a host (RFC 1035 §2.3.4).
const LONGEST_DOMAIN: usize = 253;

/// The name of an organization.
pub fn organization(text: &str) -> Result<String, String> {
    line(text, LONGEST_ORGANIZATION_NAME)
}

/// The short name of an organization, for addresses.
pub fn handle(text: &str) -> Result<String, String> {
    let is_allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if text.is_empty() || text.len() > LONGEST_HANDLE || !text.bytes().all(is_allowed) {
        return Err(format!(
            "must have 1 to {LONGEST_HANDLE} lower-case letters, digits, '-' or '_'"
        ));
    }
    Ok(text.to_owned())
}

/// What the business calls something elsewhere.
pub fn external_id(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if length == 0 || length > LONGEST_EXTERNAL_ID || text.contains(char::is_control) {
        return Err(format!(
            "must have 1 to {LONGEST_EXTERNAL_ID} characters and no line break"
        ));
    }
    Ok(text.to_owned())
}

/// The domain of mail addresses as it is compared: without the `@`, in lower case, as ASCII (RFC 5890 §2.3.2.1).
pub fn domain(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix('@').unwrap_or(text);
    let ascii = match Host::parse(bare) {
        Ok(Host::Domain(ascii)) => Some(ascii),
        _ => None,
    };
    // What can't stand after the @ of an address admits nobody; and `Host` would decode what is encoded.
    ascii
        .filter(|ascii| !bare.contains('%') && ascii.len() <= LONGEST_DOMAIN)
        .filter(|ascii| format!("somebody@{ascii}").parse::<Address>().is_ok())
        .ok_or_else(|| format!("{text:?} is no domain, such as acme.test"))
}

/// The most domains in one list.
pub const MOST_DOMAINS: usize = 200;

/// Domains as they are compared, in the order of the alphabet, each once.
pub fn domains(texts: &[String]) -> Result<Vec<String>, String> {
    if texts.len() > MOST_DOMAINS {
        return Err(format!("may hold at most {MOST_DOMAINS} domains"));
    }
    let domains: Result<Vec<String>, String> = texts.iter().map(|text| domain(text)).collect();
    let mut domains = domains.map_err(|reason| format!("may hold domains alone: {reason}"))?;
    domains.sort_unstable();
    domains.dedup();
    Ok(domains)
}

/// What something is for, in words.
pub fn description(text: &str) -> Result<String, String> {
    if text.chars().count() > LONGEST_DESCRIPTION {
        return Err(format!(
            "must have at most {LONGEST_DESCRIPTION} characters"
        ));
    }
    Ok(text.trim().to_owned())
}

/// A key, as tokens name a permission or a role. Requests name several, separated by commas.
pub fn key(text: &str) -> Result<String, String> {
    let is_readable = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b',');
    if text.is_empty() || text.len() > LONGEST_KEY || !is_readable {
        return Err(format!(
            "must have 1 to {LONGEST_KEY} ASCII characters, no space and no comma, such as read:reports"
        ));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_trimmed_and_held_to_their_lengths() {
        assert_eq!(name(" Acme "), Ok("Acme".to_owned()));
        for bad in ["", "  ", "two\nlines", &"a".repeat(101)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
        assert!(name(&"ü".repeat(100)).is_ok());
        assert!(description(&"a".repeat(1001)).is_err());
        assert!(handle("acme-2").is_ok() && handle("Acme").is_err() && handle("a b").is_err());
        assert!(external_id("47/11").is_ok() && external_id(&"a".repeat(256)).is_err());
        assert_eq!(key("read:reports"), Ok("read:reports".to_owned()));
        for bad in ["", "a b", "a,b", "ä", &"a".repeat(101)] {
            assert!(key(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_domain_has_one_spelling() {
        for (text, expected) in [
            ("acme.test", "acme.test"),
            ("@Acme.Test", "acme.test"),
            ("bücher.test", "xn--bcher-kva.test"),
            ("BÜCHER.test", "xn--bcher-kva.test"),
            ("xn--bcher-kva.test", "xn--bcher-kva.test"),
        ] {
            assert_eq!(domain(text), Ok(expected.to_owned()), "{text}");
        }
        let long = format!("{}.test", "a.".repeat(130));
        for bad in [
            "",
            "@",
            "*.acme.test",
            "acme test",
            " acme.test",
            "ada@acme.test",
            "acme..test",
            "192.0.2.1",
            "[::1]",
            "acme.test/x",
            "%61cme.test",
            "acme.test\n",
            &long,
        ] {
            assert!(domain(bad).is_err(), "{bad:?}");
        }
    }
}
