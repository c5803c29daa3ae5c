//! How an authorization response travels to the client.
//!
//! OAuth 2.0 Multiple Response Type Encoding Practices §2.1, OAuth 2.0 Form Post Response Mode §2.

use super::words;

words! {
    /// A response mode.
    pub enum ResponseMode {
        /// In the query of the redirect URI, the default for `code`.
        Query = "query",
        /// In its fragment.
        Fragment = "fragment",
        /// As a form that the browser posts.
        FormPost = "form_post",
    }
}

/// A response on its way to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A page with one form that posts itself.
    FormPost {
        /// Where the form is posted.
        action: String,
        /// Its hidden fields.
        fields: Vec<(String, String)>,
    },
    /// A redirect (303) to this address.
    Redirect(String),
}

/// Puts the fields of a response where the mode says.
///
/// The redirect URI stays byte for byte what it is, its query included (RFC 6749 §3.1.2).
pub fn deliver(redirect_uri: &str, mode: ResponseMode, fields: Vec<(&str, String)>) -> Delivery {
    match mode {
        ResponseMode::FormPost => Delivery::FormPost {
            action: redirect_uri.to_owned(),
            fields: fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        },
        ResponseMode::Fragment => Delivery::Redirect(append(redirect_uri, '#', &fields)),
        ResponseMode::Query => {
            let separator = if redirect_uri.contains('?') { '&' } else { '?' };
            Delivery::Redirect(append(redirect_uri, separator, &fields))
        }
    }
}

fn append(redirect_uri: &str, separator: char, fields: &[(&str, String)]) -> String {
    let mut address = redirect_uri.to_owned();
    if !address.ends_with(['?', '&']) || separator == '#' {
        address.push(separator);
    }
    let start = address.len();
    form_urlencoded::Serializer::for_suffix(address, start)
        .extend_pairs(fields)
        .finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::Params;

    #[test]
    fn the_redirect_uri_is_kept_byte_for_byte() {
        use ResponseMode::{Fragment, Query};
        for (redirect_uri, mode, address) in [
            ("https://a.test", Query, "https://a.test?code=c+%26"),
            ("https://a.test/cb", Query, "https://a.test/cb?code=c+%26"),
            (
                "https://A.test:443/./cb?x=%7E&y",
                Query,
                "https://A.test:443/./cb?x=%7E&y&code=c+%26",
            ),
            ("https://a.test/cb?", Query, "https://a.test/cb?code=c+%26"),
            (
                "https://a.test/cb?x=1&",
                Query,
                "https://a.test/cb?x=1&code=c+%26",
            ),
            (
                "https://a.test/cb?x=1",
                Fragment,
                "https://a.test/cb?x=1#code=c+%26",
            ),
            (
                "https://a.test/cb?",
                Fragment,
                "https://a.test/cb?#code=c+%26",
            ),
            (
                "com.example.app:/cb",
                Query,
                "com.example.app:/cb?code=c+%26",
            ),
            (
                "com.example.app://cb",
                Query,
                "com.example.app://cb?code=c+%26",
            ),
        ] {
            let delivery = deliver(redirect_uri, mode, vec![("code", "c &".to_owned())]);
            assert_eq!(delivery, Delivery::Redirect(address.to_owned()));
        }
    }

    #[test]
    fn form_post_posts_every_parameter_to_the_redirect_uri() {
        let fields = vec![("code", "c".to_owned()), ("state", "<\">".to_owned())];
        let Delivery::FormPost { action, fields } =
            deliver("https://a.test/cb?x=1", ResponseMode::FormPost, fields)
        else {
            panic!("a redirect")
        };
        assert_eq!(action, "https://a.test/cb?x=1");
        assert_eq!(fields[1], ("state".to_owned(), "<\">".to_owned()));
    }

    proptest! {
        #[test]
        fn state_comes_back_unaltered(state in "[^\0]{1,200}", fragment: bool) {
            let (mode, mark) =
                if fragment { (ResponseMode::Fragment, '#') } else { (ResponseMode::Query, '?') };
            let fields = vec![("code", "c".to_owned()), ("state", state.clone())];
            let Delivery::Redirect(address) = deliver("https://a.test/cb", mode, fields) else {
                panic!("a form")
            };
            prop_assert!(address.bytes().all(|byte| byte.is_ascii_graphic()));
            let (_, response) = address.split_once(mark).unwrap();
            let response = Params::parse(response).unwrap();
            prop_assert_eq!(response.get("state").unwrap(), Some(state.as_str()));
        }
    }
}
