//! `[branding]`: how pages and mails look.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use super::error::ConfigError;
use super::section::Section;

/// How pages and mails look.
#[derive(Debug, Clone)]
pub struct Branding {
    /// The name shown.
    pub name: String,
    /// A picture: an `https` address, or a path on this server.
    pub logo_url: Option<String>,
    /// The accent on light pages.
    pub accent_light: Colour,
    /// The accent on dark pages.
    pub accent_dark: Colour,
    /// The terms that registration asks agreement to.
    pub terms_url: Option<Url>,
    /// How personal data is treated.
    pub privacy_url: Option<Url>,
}

impl Branding {
    pub(super) fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            name: section.text("name", str::parse::<String>)?,
            logo_url: section.optional("logo_url", logo_address)?,
            accent_light: section.text("accent_light", Colour::parse)?,
            accent_dark: section.text("accent_dark", Colour::parse)?,
            terms_url: section.optional("terms_url", web_address)?,
            privacy_url: section.optional("privacy_url", web_address)?,
        })
    }
}

fn logo_address(text: &str) -> Result<String, String> {
    let is_path = text.starts_with('/') && !text.starts_with("//");
    if is_path || Url::parse(text).is_ok_and(|url| url.scheme() == "https") {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "\"{text}\" is neither an https address nor a path that begins with /"
        ))
    }
}

fn web_address(text: &str) -> Result<Url, String> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| format!("\"{text}\" is not a web address such as https://example.com/terms"))
}

/// A colour, `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    pub red: u8,
    pub green: u8,
    pub blue: u8,
}

impl Colour {
    /// The colour that is written as `#rrggbb`, or short as `#rgb`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('#').unwrap_or_default();
        let digits = match digits.len() {
            3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
            _ => digits.to_owned(),
        };
        let mut bytes = [0; 3];
        hex::decode_to_slice(&digits, &mut bytes)
            .map_err(|_| format!("\"{text}\" is not a colour such as #3451b2"))?;
        let [red, green, blue] = bytes;
        Ok(Self { red, green, blue })
    }
}

impl Serialize for Colour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "#{:02x}{:02x}{:02x}",
            self.red, self.green, self.blue
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_six_digits_or_three_and_nothing_else() {
        for (text, expected) in [
            ("#3451b2", "#3451b2"),
            ("#3451B2", "#3451b2"),
            ("#fa0", "#ffaa00"),
        ] {
            let colour = Colour::parse(text).unwrap();
            assert_eq!(colour.to_string(), expected);
            assert_eq!(serde_json::to_value(colour).unwrap(), expected);
        }
        for text in [
            "",
            "#",
            "3451b2",
            "#3451b",
            "#3451b2ff",
            "#äää",
            "red",
            "#fff;}body{",
        ] {
            assert!(Colour::parse(text).is_err(), "{text}");
        }
    }
}
