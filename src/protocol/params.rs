//! The parameters of a request, as they were sent.
//!
//! Owns decoding and the rules that hold for every parameter: none may be repeated, one without a
//! value counts as omitted (RFC 6749 §3.1, §3.2). What a parameter means is decided elsewhere.

use std::fmt;

use super::error::OAuthError;

/// The decoded parameters of a query or a form body, in the order sent.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// The longest query or body that is read. Bytes, encoded.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// The largest number of parameters that is read.
    pub const MAX_COUNT: usize = 200;

    /// Reads `application/x-www-form-urlencoded` (RFC 6749 Appendix B).
    ///
    /// # Errors
    ///
    /// [`super::ErrorCode::InvalidRequest`] when it is too long, is not UTF-8 or holds U+0000.
    pub fn parse(encoded: impl AsRef<[u8]>) -> Result<Self, OAuthError> {
        let encoded = encoded.as_ref();
        if encoded.len() > Self::MAX_BYTES {
            return Err(OAuthError::invalid_request("the parameters are too long"));
        }
        let pairs: Vec<_> = encoded
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty())
            .collect();
        if pairs.len() > Self::MAX_COUNT {
            return Err(OAuthError::invalid_request("there are too many parameters"));
        }
        pairs
            .into_iter()
            .map(decode_pair)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Finds a parameter that may be given once.
    ///
    /// # Errors
    ///
    /// [`super::ErrorCode::InvalidRequest`] when it is repeated, even with one value.
    pub fn get(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        let mut values = self
            .0
            .iter()
            .filter(|(given, _)| given == name)
            .map(|(_, value)| value);
        let first = values.next();
        if values.next().is_some() {
            return Err(OAuthError::invalid_request(format!("{name} is repeated")));
        }
        Ok(first.map(String::as_str).filter(|value| !value.is_empty()))
    }

    /// Finds a parameter that may be given once and is at most `longest` bytes.
    pub fn bounded(&self, name: &str, longest: usize) -> Result<Option<&str>, OAuthError> {
        match self.get(name)? {
            Some(value) if value.len() > longest => Err(OAuthError::invalid_request(format!(
                "{name} is longer than {longest} bytes"
            ))),
            value => Ok(value),
        }
    }

    /// Finds a parameter that must be given once.
    pub fn required(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name)?
            .ok_or_else(|| OAuthError::invalid_request(format!("{name} is missing")))
    }

    /// Lists the values of a parameter that may be repeated, without the empty ones.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(given, value)| given == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// All parameters, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The parameters as a query.
    pub fn encode(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.iter())
            .finish()
    }

    /// Whether a parameter is `true`; anything else, or nothing, is not.
    pub fn is_true(&self, name: &str) -> Result<bool, OAuthError> {
        Ok(self.get(name)? == Some("true"))
    }
}

/// Shows the names only: values may be secrets.
impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

fn decode_pair(pair: &[u8]) -> Result<(String, String), OAuthError> {
    let mut halves = pair.splitn(2, |byte| *byte == b'=');
    let mut half = || decode(halves.next().unwrap_or_default());
    match (half(), half()) {
        (Some(name), Some(value)) => Ok((name, value)),
        _ => Err(OAuthError::invalid_request("a parameter is not UTF-8 text")),
    }
}

/// Decodes one name or value of `application/x-www-form-urlencoded`; `None` when it is not text.
///
/// # Decision
///
/// Not `form_urlencoded::parse`, which replaces what is not UTF-8 instead of refusing it. U+0000 is
/// refused too: PostgreSQL cannot store it. A `%` without two digits stands for itself, as it
/// does there.
pub(super) fn decode(encoded: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    loop {
        let (byte, after) = match rest {
            [] => break,
            [b'%', high, low, after @ ..] if hex(*high).is_some() && hex(*low).is_some() => {
                (hex(*high)? << 4 | hex(*low)?, after)
            }
            [b'+', after @ ..] => (b' ', after),
            [byte, after @ ..] => (*byte, after),
        };
        decoded.push(byte);
        rest = after;
    }
    String::from_utf8(decoded)
        .ok()
        .filter(|text| !text.contains('\0'))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::ErrorCode;

    #[test]
    fn a_parameter_without_a_value_is_treated_as_omitted() {
        let params = Params::parse("scope=&state&nonce=n").unwrap();
        assert_eq!(params.get("scope").unwrap(), None);
        assert_eq!(params.get("state").unwrap(), None);
        assert_eq!(params.get("nonce").unwrap(), Some("n"));
        assert_eq!(
            params.required("scope").unwrap_err().description(),
            "scope is missing"
        );
    }

    #[test]
    fn a_repeated_parameter_is_an_invalid_request() {
        for query in [
            "state=a&state=b",
            "state=a&state=a",
            "state=&state=a",
            "state=a&st%61te=b",
        ] {
            let error = Params::parse(query).unwrap().get("state").unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidRequest, "{query}");
        }
    }

    #[test]
    fn a_parameter_that_may_be_repeated_keeps_its_order() {
        let params = Params::parse("audience=b&audience=&x=1&audience=a").unwrap();
        assert_eq!(params.all("audience").collect::<Vec<_>>(), ["b", "a"]);
    }

    #[test]
    fn decoding() {
        for (encoded, decoded) in [
            ("a+b%20c", Some("a b c")),
            ("%C3%bc", Some("ü")),
            ("ü", Some("ü")),
            ("100%", Some("100%")),
            ("%zz%4", Some("%zz%4")),
            ("a=b", Some("a=b")),
            ("%ff", None),
            ("%C3", None),
            ("a%00b", None),
        ] {
            assert_eq!(decode(encoded.as_bytes()).as_deref(), decoded, "{encoded}");
        }
        assert!(Params::parse(b"state=\xff").is_err());
    }

    #[test]
    fn size_and_number_are_bounded() {
        assert!(Params::parse("a=b&".repeat(Params::MAX_COUNT)).is_ok());
        assert!(Params::parse("a=b&".repeat(Params::MAX_COUNT + 1)).is_err());
        assert!(Params::parse("a".repeat(Params::MAX_BYTES + 1)).is_err());
        let params = Params::parse("state=12345").unwrap();
        assert!(params.bounded("state", 5).is_ok());
        assert!(params.bounded("state", 4).is_err());
    }

    #[test]
    fn values_are_not_printed() {
        let params = Params::parse("client_secret=hunter2").unwrap();
        assert_eq!(format!("{params:?}"), "[\"client_secret\"]");
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_read_back(
            pairs in prop::collection::vec(("[a-zäß&=+% ]{1,9}", "[^\0]{0,40}"), 0..20),
        ) {
            let encoded = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(&pairs)
                .finish();
            let expected: Params = pairs.into_iter().collect();
            prop_assert_eq!(Params::parse(encoded).unwrap(), expected);
        }

        #[test]
        fn no_input_panics(encoded in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Params::parse(encoded);
        }
    }
}
