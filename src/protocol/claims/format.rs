//! The forms that values of standard claims must have (OpenID Connect Core 1.0 §5.1).

use url::Url;

/// Whether it is `YYYY-MM-DD`, `0000-MM-DD` (year withheld) or `YYYY`.
pub fn is_birthdate(text: &str) -> bool {
    let digits = |part: &str, count: usize| {
        let right = part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        right.then(|| part.parse::<u32>().ok()).flatten()
    };
    let parts: Vec<_> = text.split('-').collect();
    match parts[..] {
        [year] => digits(year, 4).is_some_and(|year| year > 0),
        [year, month, day] => match (digits(year, 4), digits(month, 2), digits(day, 2)) {
            (Some(year), Some(month), Some(day)) => (1..=days_in_month(year, month)).contains(&day),
            _ => false,
        },
        _ => false,
    }
}

/// Gives the number of days, none for a month that does not exist. Year 0 stands for any year.
fn days_in_month(year: u32, month: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    }
}

/// Whether it is a plausible language tag, as `de-CH` (BCP 47).
pub fn is_locale(text: &str) -> bool {
    let mut subtags = text.split('-');
    let language = subtags.next().unwrap_or_default();
    text.len() <= 35
        && matches!(language.len(), 2..=8)
        && language.bytes().all(|byte| byte.is_ascii_alphabetic())
        && subtags.all(|subtag| {
            matches!(subtag.len(), 1..=8) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// Whether it is plausibly the name of a time zone, as `Europe/Paris`.
pub fn is_zoneinfo(text: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
    };
    text.len() <= 64 && text.split('/').count() <= 3 && text.split('/').all(is_part)
}

/// Whether it is an address of the web: `http` or `https`, with a host.
pub fn is_web_address(text: &str) -> bool {
    text.len() <= 2048
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn birthdates() {
        for (text, holds) in [
            ("1815-12-10", true),
            ("1815", true),
            ("0000-02-29", true),
            ("2024-02-29", true),
            ("2023-02-29", false),
            ("1900-02-29", false),
            ("0000", false),
            ("1815-13-01", false),
            ("1815-00-01", false),
            ("1815-04-31", false),
            ("1815-1-1", false),
            ("1815-12", false),
            ("10.12.1815", false),
            ("+815-12-10", false),
            ("", false),
        ] {
            assert_eq!(is_birthdate(text), holds, "{text}");
        }
    }

    #[test]
    fn locales() {
        for (text, holds) in [
            ("de", true),
            ("de-CH", true),
            ("zh-Hant-TW", true),
            ("de_CH", false),
            ("d", false),
            ("", false),
            ("de-", false),
            ("de-abcdefghi", false),
            ("12", false),
        ] {
            assert_eq!(is_locale(text), holds, "{text}");
        }
    }

    #[test]
    fn time_zones() {
        for (text, holds) in [
            ("Europe/Paris", true),
            ("America/Argentina/Buenos_Aires", true),
            ("Etc/GMT+1", true),
            ("UTC", true),
            ("", false),
            ("Europe/", false),
            ("../etc/passwd", false),
            ("+01:00", false),
        ] {
            assert_eq!(is_zoneinfo(text), holds, "{text}");
        }
    }

    #[test]
    fn web_addresses() {
        for (text, holds) in [
            ("https://a.test/ada.png", true),
            ("http://a.test", true),
            ("javascript:alert(1)", false),
            ("a.test", false),
            ("https://", false),
            ("https://a.test/a b", false),
        ] {
            assert_eq!(is_web_address(text), holds, "{text}");
        }
    }
}
