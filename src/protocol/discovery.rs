//! What the server says of itself (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).
//!
//! Owns the document and the paths in it. It says what the server does and nothing else: each value
//! is exercised by a test, and what depends on configuration is an argument.

use serde::Serialize;

use super::{
    authorization::Prompt,
    claims::StandardClaims,
    client::{AuthMethod, GrantType},
    issuer::Issuer,
    response_mode::ResponseMode,
    scope::Scopes,
};

/// The paths of the endpoints. Those that no specification names are where Kinde's SDKs look for them.
pub mod path {
    /// Discovery 1.0 §4.
    pub const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
    /// RFC 8414 §3.
    pub const OAUTH_AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";
    /// The keys, where SDKs look for them.
    pub const JWKS: &str = "/.well-known/jwks.json";
    /// The keys, where Kinde's documentation has them.
    pub const JWKS_DOCUMENTED: &str = "/.well-known/jwks";
    /// RFC 6749 §3.1.
    pub const AUTHORIZATION: &str = "/oauth2/auth";
    /// RFC 6749 §3.2.
    pub const TOKEN: &str = "/oauth2/token";
    /// Core §5.3.
    pub const USERINFO: &str = "/oauth2/v2/user_profile";
    /// Kinde's first version, in a shape of its own.
    pub const USER_PROFILE_V1: &str = "/oauth2/user_profile";
    /// Core §5.3, where some clients guess it.
    pub const USERINFO_GUESSED: &str = "/oauth2/userinfo";
    /// RFC 7009 §2.
    pub const REVOCATION: &str = "/oauth2/revoke";
    /// RFC 7662 §2.
    pub const INTROSPECTION: &str = "/oauth2/introspect";
    /// RP-Initiated Logout 1.0 §2.
    pub const END_SESSION: &str = "/logout";
}

/// What depends on configuration or on other modules.
#[derive(Clone, Copy, Debug)]
pub struct Capabilities<'a> {
    /// Scopes that are the server's own; those of registered APIs need not be told.
    pub scopes: &'a Scopes,
    /// Algorithms that an ID token may be signed with, the default first.
    pub id_token_signing_algs: &'a [&'a str],
    /// Values that can be in `acr`.
    pub acr_values: &'a [&'a str],
    /// Languages of the pages, BCP 47.
    pub ui_locales: &'a [&'a str],
    /// Where terms are shown, if there are any.
    pub op_tos_uri: Option<&'a str>,
    /// Where the policy is shown, if there is one.
    pub op_policy_uri: Option<&'a str>,
}

/// The discovery document.
#[derive(Clone, Debug, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the members are the specification's"
)]
pub struct Metadata<'a> {
    issuer: &'a str,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    scopes_supported: Vec<&'a str>,
    response_types_supported: &'a [&'a str],
    response_modes_supported: &'a [ResponseMode],
    grant_types_supported: &'a [GrantType],
    subject_types_supported: &'a [&'a str],
    id_token_signing_alg_values_supported: &'a [&'a str],
    token_endpoint_auth_methods_supported: &'a [AuthMethod],
    revocation_endpoint_auth_methods_supported: &'a [AuthMethod],
    introspection_endpoint_auth_methods_supported: &'a [AuthMethod],
    code_challenge_methods_supported: &'a [&'a str],
    prompt_values_supported: &'a [Prompt],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    acr_values_supported: &'a [&'a str],
    claim_types_supported: &'a [&'a str],
    claims_supported: Vec<&'a str>,
    ui_locales_supported: &'a [&'a str],
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    authorization_response_iss_parameter_supported: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    op_policy_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    op_tos_uri: Option<&'a str>,
}

/// Claims that the server makes itself, beside those about the End-User.
const OWN_CLAIMS: &[&str] = &[
    "sub",
    "iss",
    "aud",
    "azp",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "sid",
    "at_hash",
    "org_code",
    "org_codes",
];

/// Writes the document, the same for both well-known addresses.
pub fn metadata<'a>(issuer: &'a Issuer, capabilities: &Capabilities<'a>) -> Metadata<'a> {
    const CLIENT_METHODS: &[AuthMethod] = &[
        AuthMethod::ClientSecretPost,
        AuthMethod::ClientSecretBasic,
        AuthMethod::None,
    ];
    Metadata {
        issuer: issuer.as_str(),
        authorization_endpoint: issuer.join(path::AUTHORIZATION),
        token_endpoint: issuer.join(path::TOKEN),
        userinfo_endpoint: issuer.join(path::USERINFO),
        jwks_uri: issuer.join(path::JWKS),
        end_session_endpoint: issuer.join(path::END_SESSION),
        revocation_endpoint: issuer.join(path::REVOCATION),
        introspection_endpoint: issuer.join(path::INTROSPECTION),
        scopes_supported: capabilities.scopes.iter().collect(),
        response_types_supported: &["code"],
        response_modes_supported: ResponseMode::ALL,
        grant_types_supported: GrantType::ALL,
        subject_types_supported: &["public"],
        id_token_signing_alg_values_supported: capabilities.id_token_signing_algs,
        token_endpoint_auth_methods_supported: CLIENT_METHODS,
        revocation_endpoint_auth_methods_supported: CLIENT_METHODS,
        // A public client has no business with other people's tokens.
        introspection_endpoint_auth_methods_supported: &CLIENT_METHODS[..2],
        code_challenge_methods_supported: &["S256"],
        prompt_values_supported: Prompt::ALL,
        acr_values_supported: capabilities.acr_values,
        claim_types_supported: &["normal"],
        claims_supported: [OWN_CLAIMS, StandardClaims::names()].concat(),
        ui_locales_supported: capabilities.ui_locales,
        claims_parameter_supported: true,
        request_parameter_supported: false,
        // To be said: absent would mean true (Discovery 1.0 §3).
        request_uri_parameter_supported: false,
        authorization_response_iss_parameter_supported: true,
        op_policy_uri: capabilities.op_policy_uri,
        op_tos_uri: capabilities.op_tos_uri,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document() {
        let issuer = Issuer::parse("https://id.example.test").unwrap();
        let scopes = Scopes::parse("openid profile email phone address offline offline_access");
        let scopes = scopes.unwrap();
        let metadata = metadata(
            &issuer,
            &Capabilities {
                scopes: &scopes,
                id_token_signing_algs: &["RS256", "ES256", "EdDSA"],
                acr_values: &[],
                ui_locales: &["en", "de"],
                op_tos_uri: None,
                op_policy_uri: Some("https://example.test/policy"),
            },
        );
        insta::assert_json_snapshot!(metadata);
    }
}
