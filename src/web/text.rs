//! The words of pages and mails, in the languages the catalogues speak.
//!
//! Owns which languages there are, how one is chosen for a request (`ui_locales`, OpenID
//! Connect Core 1.0 §3.1.2.1; `Accept-Language`, RFC 9110 §12.5.4) and how a text is looked up.
//! The texts themselves are in `templates/locales/{language}/main.ftl`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid, static_loader};

static_loader! {
    static CATALOGUES = {
        locales: "./templates/locales",
        fallback_language: "en",
        // The marks that isolate bidirectional text would end up in subjects and attributes.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

const ENGLISH: LanguageIdentifier = langid!("en");
const GERMAN: LanguageIdentifier = langid!("de");

/// A language that has a complete catalogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    #[default]
    English,
    German,
}

impl Locale {
    /// Every language, the fallback first.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// Chooses the language of a page.
    ///
    /// `ui_locales` is the request's space-delimited list, in order of preference; then comes
    /// the browser's `Accept-Language`. What no catalogue speaks is passed over.
    pub fn negotiate(ui_locales: Option<&str>, accept_language: Option<&str>) -> Self {
        ui_locales
            .into_iter()
            .flat_map(str::split_whitespace)
            .find_map(Self::from_tag)
            .or_else(|| accept_language.and_then(Self::from_accept_language))
            .unwrap_or_default()
    }

    /// The language of a BCP 47 tag, whatever its region: `de-CH` is German.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let language = tag.split(['-', '_']).next()?;
        Self::ALL
            .into_iter()
            .find(|locale| locale.as_str().eq_ignore_ascii_case(language))
    }

    /// The language tag, as in `<html lang>`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    fn from_accept_language(header: &str) -> Option<Self> {
        let mut best: Option<(Self, f32)> = None;
        for range in header.split(',') {
            let mut parts = range.split(';');
            let Some(locale) = parts.next().and_then(|tag| Self::from_tag(tag.trim())) else {
                continue;
            };
            let quality = parts
                .find_map(|parameter| parameter.trim().strip_prefix("q="))
                .map_or(1.0, |quality| quality.parse().unwrap_or(0.0));
            if quality > best.map_or(0.0, |(_, quality)| quality) {
                best = Some((locale, quality));
            }
        }
        best.map(|(locale, _)| locale)
    }

    fn identifier(self) -> LanguageIdentifier {
        match self {
            Self::English => ENGLISH,
            Self::German => GERMAN,
        }
    }
}

/// The texts of one language.
#[derive(Clone, Copy, Debug, Default)]
pub struct Text {
    pub locale: Locale,
}

impl Text {
    /// The texts of this language.
    pub fn new(locale: Locale) -> Self {
        Self { locale }
    }

    /// The text of `key`.
    pub fn t(&self, key: &str) -> String {
        CATALOGUES.lookup(&self.locale.identifier(), key)
    }

    /// The text of `key`, with its places filled.
    pub fn with<V: fmt::Display>(&self, key: &str, places: &[(&'static str, V)]) -> String {
        let places: HashMap<Cow<'static, str>, FluentValue> = places
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), FluentValue::from(value.to_string())))
            .collect();
        CATALOGUES.lookup_with_args(&self.locale.identifier(), key, &places)
    }

    /// The text of `key`, if the catalogue has one.
    pub fn find(&self, key: &str) -> Option<String> {
        CATALOGUES.try_lookup(&self.locale.identifier(), key)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    /// The `key = text` lines of a catalogue: each key, and the places of its text.
    fn catalogue(locale: Locale) -> BTreeMap<String, BTreeSet<String>> {
        let path = format!("templates/locales/{}/main.ftl", locale.as_str());
        fs::read_to_string(path)
            .unwrap()
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .map(|line| {
                let (key, text) = line.split_once(" = ").unwrap();
                let places = text.split("{ $").skip(1);
                let places = places.map(|rest| rest.split(" }").next().unwrap().to_owned());
                (key.to_owned(), places.collect())
            })
            .collect()
    }

    fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files_below(&path, found);
            } else {
                found.push(path);
            }
        }
    }

    /// The string literals that follow `opening` in `source`.
    fn literals_after<'a>(source: &'a str, opening: &str) -> Vec<&'a str> {
        source
            .split(opening)
            .skip(1)
            .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
            .collect()
    }

    #[test]
    fn every_catalogue_has_the_same_keys_and_places() {
        let english = catalogue(Locale::English);
        assert!(english.len() > 50, "the catalogue was not read");
        for locale in Locale::ALL {
            assert_eq!(catalogue(locale), english, "{locale:?}");
        }
    }

    #[test]
    fn every_key_in_use_has_a_text() {
        let keys = catalogue(Locale::English);
        let mut files = Vec::new();
        files_below(Path::new("templates"), &mut files);
        files_below(Path::new("src/web"), &mut files);
        let mut seen = 0;
        for file in files {
            if file.ends_with("src/web/text.rs") {
                continue;
            }
            let Ok(source) = fs::read_to_string(&file) else {
                continue;
            };
            for name in source.split("\"error-").skip(1) {
                let key = format!("error-{}", name.split('"').next().unwrap_or_default());
                let is_id = ["error-code", "error-description", "error-reference"];
                let known = keys.contains_key(&key) || is_id.contains(&key.as_str());
                assert!(known, "{}: no text for {key}", file.display());
            }
            for (opening, has_places) in [
                (".t(", false),
                (".with(", true),
                ("Message::new(", false),
                ("Message::with(", true),
            ] {
                for key in literals_after(&source, opening) {
                    seen += 1;
                    let place = file.display();
                    let Some(places) = keys.get(key) else {
                        panic!("{place}: no text for {key}");
                    };
                    assert_eq!(!places.is_empty(), has_places, "{place}: places of {key}");
                }
            }
        }
        assert!(seen > 50, "the templates were not read");
    }

    #[test]
    fn the_language_is_negotiated() {
        use Locale::{English, German};
        for (ui_locales, accept_language, expected) in [
            (None, None, English),
            (Some("de"), None, German),
            (Some("de-CH-1996"), None, German),
            (Some("fr DE en"), Some("en"), German),
            (Some("fr"), Some("de;q=0.8, en;q=0.7"), German),
            (Some(""), Some("en-GB,en;q=0.9,de;q=0.8"), English),
            (None, Some("fr, de;q=0.3, en;q=0.2"), German),
            (None, Some("en;q=0.2,de;q=0.9"), German),
            (None, Some("de;q=0"), English),
            (None, Some("de;q=x, ;;,"), English),
            (None, Some("*"), English),
        ] {
            let locale = Locale::negotiate(ui_locales, accept_language);
            assert_eq!(locale, expected, "{ui_locales:?} {accept_language:?}");
        }
    }

    #[test]
    fn places_are_filled_without_marks() {
        let text = Text::new(Locale::German);
        assert_eq!(
            text.with("sign-in-title", &[("application", "Acme")]),
            "Bei Acme anmelden"
        );
    }
}
