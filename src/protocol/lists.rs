//! Parameters whose value is a list.

use url::Url;

use super::{
    claims::format::is_locale,
    error::{ErrorCode, OAuthError},
    params::Params,
};

/// The largest number of entries that is read. A longer list is no honest request.
const MAX_COUNT: usize = 50;

/// Reads which APIs a token is wanted for.
///
/// `audience` may be repeated, hold several separated by spaces, or be empty, which means none
/// (`kinde-surface.md` §1); `resource` is the standard's way of asking, one URI each (RFC 8707 §2).
///
/// # Errors
///
/// [`ErrorCode::InvalidTarget`] when a resource is no absolute URI, or there are too many.
pub fn audiences(params: &Params) -> Result<Vec<String>, OAuthError> {
    let mut audiences: Vec<String> = Vec::new();
    let named = params
        .all("audience")
        .flat_map(str::split_ascii_whitespace)
        .map(Ok);
    for audience in named.chain(params.all("resource").map(parse_resource)) {
        let audience = audience?;
        if !audiences.iter().any(|known| known == audience) {
            audiences.push(audience.to_owned());
        }
        if audiences.len() > MAX_COUNT {
            return Err(OAuthError::new(
                ErrorCode::InvalidTarget,
                "the request names too many audiences",
            ));
        }
    }
    Ok(audiences)
}

fn parse_resource(resource: &str) -> Result<&str, OAuthError> {
    match Url::parse(resource) {
        Ok(url) if url.fragment().is_none() => Ok(resource),
        _ => Err(OAuthError::new(
            ErrorCode::InvalidTarget,
            "resource must be an absolute URI without a fragment",
        )),
    }
}

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
    fn audience_may_be_one_many_or_empty() {
        for (query, expected) in [
            ("", vec![]),
            ("audience=", vec![]),
            ("audience=a", vec!["a"]),
            ("audience=a&audience=b&audience=a", vec!["a", "b"]),
            ("audience=a+b", vec!["a", "b"]),
            (
                "resource=https://b.test&audience=a",
                vec!["a", "https://b.test"],
            ),
        ] {
            assert_eq!(audiences(&params(query)).unwrap(), expected, "{query}");
        }
    }

    #[test]
    fn a_resource_that_is_no_absolute_uri_is_an_invalid_target() {
        for resource in ["orders", "/orders", "https://a.test/%23x#y"] {
            let params: Params = [("resource", resource)].into_iter().collect();
            assert_eq!(
                audiences(&params).unwrap_err().code,
                ErrorCode::InvalidTarget
            );
        }
        let many = (0..=MAX_COUNT)
            .map(|n| n.to_string())
            .collect::<Vec<_>>()
            .join("+");
        let error = audiences(&params(&format!("audience={many}"))).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidTarget);
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
