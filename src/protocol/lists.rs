//! Parameters whose value is a list.

use super::{claims::format::is_locale, error::OAuthError, params::Params};

/// The largest number of entries that is read. A longer list is no honest request.
const MAX_COUNT: usize = 50;

/// Reads the languages the End-User prefers, the best first (Core §3.1.2.1).
///
/// `lang`, Kinde's way of asking for one, comes before `ui_locales`. What is no language tag is
/// ignored, as is what is not supported.
pub fn ui_locales(params: &Params) -> Result<Vec<String>, OAuthError> {
    let lang = params.get("lang")?.unwrap_or_default();
    let ui_locales = params.get("ui_locales")?.unwrap_or_default();
    Ok([lang, ui_locales]
        .into_iter()
        .flat_map(str::split_ascii_whitespace)
        .filter(|tag| is_locale(tag))
        .take(MAX_COUNT)
        .map(str::to_owned)
        .collect())
}

/// Reads the authentication contexts the client prefers, the best first (Core §3.1.2.1).
pub fn acr_values(params: &Params) -> Result<Vec<String>, OAuthError> {
    Ok(params
        .get("acr_values")?
        .unwrap_or_default()
        .split_ascii_whitespace()
        .take(MAX_COUNT)
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Params {
        Params::parse(query).unwrap()
    }

    #[test]
    fn languages_that_make_no_sense_are_ignored() {
        for (query, expected) in [
            ("", vec![]),
            ("ui_locales=fr-CA+fr+en", vec!["fr-CA", "fr", "en"]),
            ("ui_locales=en&lang=de-CH", vec!["de-CH", "en"]),
            ("ui_locales=se+%3Cscript%3E+!", vec!["se"]),
        ] {
            assert_eq!(ui_locales(&params(query)).unwrap(), expected, "{query}");
        }
    }

    #[test]
    fn authentication_contexts() {
        let read = acr_values(&params("acr_values=urn:a++urn:b")).unwrap();
        assert_eq!(read, ["urn:a", "urn:b"]);
    }
}
