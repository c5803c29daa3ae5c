//! What names, keys and descriptions look like, wherever they come from: a document, a page, an API. Pure.
//!
//! Each function gives the text as it is stored, or says what it must be.

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
        assert_eq!(key("read:reports"), Ok("read:reports".to_owned()));
        for bad in ["", "a b", "a,b", "ä", &"a".repeat(101)] {
            assert!(key(bad).is_err(), "{bad:?}");
        }
    }
}
