//! The answer of an upstream, as it arrives in the browser's address: from whom it comes, and its code.

use super::error::{Check, FederationError};
use super::metadata::Metadata;
use crate::secret::Secret;

/// An authorization response (RFC 6749 §4.1.2, RFC 9207).
#[derive(Debug, Clone, Default)]
pub struct Callback {
    /// The code.
    pub code: Option<Secret>,
    /// Why there is none.
    pub error: Option<String>,
    /// The same, in words.
    pub error_description: Option<String>,
    /// From whom it comes.
    pub iss: Option<String>,
}

/// That an answer comes from the provider that was asked, where it says from whom (RFC 9207 §2.4).
pub(super) fn check_issuer(metadata: &Metadata, iss: Option<&str>) -> Result<(), FederationError> {
    let failed = |why: &str| Err(FederationError::unproven(Check::ResponseIssuer, why));
    let says_so = metadata
        .additional_metadata()
        .authorization_response_iss_parameter_supported;
    match iss {
        Some(iss) if !is_named(metadata.issuer().as_str(), iss) => {
            failed("the answer comes from another provider than the one that was asked")
        }
        None if says_so => {
            failed("the answer does not say from whom it comes, as the provider promises")
        }
        _ => Ok(()),
    }
}

/// Whether an issuer is the one of the metadata, or one that their template stands for: that of Entra ID leaves the
/// tenant open.
pub(super) fn is_named(issuer: &str, iss: &str) -> bool {
    match issuer.split_once("{tenantid}") {
        Some((start, end)) => iss
            .strip_prefix(start)
            .and_then(|rest| rest.strip_suffix(end))
            .is_some_and(|tenant| !tenant.is_empty() && !tenant.contains('/')),
        None => iss == issuer,
    }
}

/// The code of an answer, or what it says instead (RFC 6749 §4.1.2.1).
pub(super) fn code(callback: Callback) -> Result<Secret, FederationError> {
    if let Some(error) = callback.error {
        let described = callback
            .error_description
            .map(|words| format!("{error}: {words}"));
        return Err(FederationError::Declined(described.unwrap_or(error)));
    }
    callback
        .code
        .ok_or_else(|| FederationError::unproven(Check::Code, "the answer holds no code"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_from_the_issuer_or_from_a_tenant_of_it() {
        let template = "https://login.test/{tenantid}/v2.0";
        for (issuer, iss, expected) in [
            ("https://a.test", "https://a.test", true),
            ("https://a.test", "https://b.test", false),
            (template, "https://login.test/1111/v2.0", true),
            (template, "https://login.test//v2.0", false),
            (template, "https://login.test/1111/2222/v2.0", false),
            (template, "https://evil.test/1111/v2.0", false),
        ] {
            assert_eq!(is_named(issuer, iss), expected, "{issuer} {iss}");
        }
    }
}
