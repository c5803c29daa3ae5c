//! The authorization request (RFC 6749 §4.1.1, OpenID Connect Core 1.0 §3.1.2.1).
//!
//! Owns reading and judging a request by itself and by what its client may do. Who the End-User
//! is and which step comes next is decided by `interaction`.
//!
//! Two phases, because the client must be found in between: [`client_id`], then [`parse`].
//!
//! # Decision
//!
//! Request objects (Core §6) are refused by the code made for that, not ignored: a client that
//! signs its request must not believe that the signature was looked at.

mod others;
mod prompt;
mod response;

pub use prompt::{Prompt, Prompts, StartPage};
pub use response::{error_response, reauth_state};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    claims::ClaimsRequest,
    client::{GrantType, redirect_uri_matches},
    error::{ErrorCode, OAuthError},
    lists,
    params::Params,
    pkce::CodeChallenge,
    response_mode::ResponseMode,
    scope::{OFFLINE, OFFLINE_ACCESS, Scopes},
    target::Targets,
};
use crate::{
    clock::{Seconds, Timestamp},
    id::{ClientId, ConnectionId, OrganizationId, UserId},
    secret::Secret,
};

/// The longest `state` and `nonce`. Bytes. React applications keep their own state in it.
const LONGEST_STATE: usize = 4096;

/// The longest name, address or hint of a person or organization. Bytes.
const LONGEST_TEXT: usize = 512;

/// A request that holds: of a known client, to a proven redirect URI, with all parameters read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client_id: ClientId,
    /// Where the response goes.
    pub redirect_uri: String,
    /// Whether the request named it, so that the token request must too (RFC 6749 §4.1.3).
    pub redirect_uri_was_given: bool,
    /// How the response travels.
    pub response_mode: ResponseMode,
    /// What is asked for, less what the client may not have.
    pub scopes: Scopes,
    /// The client's own, returned unaltered.
    pub state: Option<String>,
    /// The client's own, for the ID token.
    pub nonce: Option<String>,
    /// What the token request must prove (RFC 7636).
    pub code_challenge: Option<CodeChallenge>,
    /// Which steps the End-User must, or must not, be shown.
    pub prompts: Prompts,
    /// How long ago the End-User may have authenticated.
    pub max_age: Option<Seconds>,
    /// An ID token of ours, perhaps expired, about the End-User expected. Not verified here.
    pub id_token_hint: Option<Secret>,
    /// What the End-User might type as identifier.
    pub login_hint: Option<String>,
    /// Languages for the pages, the best first.
    pub ui_locales: Vec<String>,
    /// Authentication contexts, the best first.
    pub acr_values: Vec<String>,
    /// Claims asked for by name.
    pub claims: ClaimsRequest,
    /// APIs that the access token is wanted for.
    pub audiences: Vec<String>,
    /// The page to begin with.
    pub start_page: StartPage,
    /// The organization to sign in to.
    pub org_code: Option<OrganizationId>,
    /// Whether an organization is to be made with the user.
    pub is_create_org: bool,
    /// Its name.
    pub org_name: Option<String>,
    /// The connection to go straight to.
    pub connection_id: Option<ConnectionId>,
    /// Whether the client understands `login_link_expired`, and begins the sign-in anew.
    pub supports_reauth: bool,
    /// The invitation to accept.
    pub invitation_code: Option<Secret>,
    /// Parameters that mean nothing here, for an upstream that they mean something to.
    #[serde(default)]
    pub others: BTreeMap<String, String>,
    /// When the request arrived, the claim `rat`.
    pub rat: Timestamp,
}

impl AuthorizationRequest {
    /// Gives the address or user name that `login_hint` suggests.
    ///
    /// Kinde's forms are an address, `username:x` and `phone:+61…:au`; nobody signs in by phone number here.
    pub fn hinted_identifier(&self) -> Option<&str> {
        let hint = self.login_hint.as_deref()?.trim();
        let identifier = hint.strip_prefix("username:").unwrap_or(hint);
        (!identifier.is_empty() && !hint.starts_with("phone:")).then_some(identifier)
    }
}

/// What a client may ask for.
#[derive(Clone, Copy, Debug)]
pub struct ClientPolicy<'a> {
    /// Which client.
    pub client_id: &'a ClientId,
    /// Its registered redirect URIs.
    pub redirect_uris: &'a [String],
    /// The grants it may use.
    pub grant_types: &'a [GrantType],
    /// The scopes it may have; others are dropped from the request.
    pub allowed_scopes: &'a Scopes,
    /// The APIs it may name as resources (RFC 8707 §2).
    pub resources: &'a [&'a str],
    /// Whether it must send a code challenge.
    pub pkce_required: bool,
}

/// Why a request does not hold, and who is told (RFC 6749 §4.1.2.1).
#[derive(Debug)]
pub enum Rejection {
    /// The client is told, where the response would have gone.
    Redirect {
        /// Proven to be the client's.
        redirect_uri: String,
        /// As asked for, the default when that was not understood.
        response_mode: ResponseMode,
        /// The client's own, unless it was sent twice.
        state: Option<String>,
        /// What is wrong.
        error: OAuthError,
    },
    /// The End-User is told: client or redirect URI is unproven.
    Show(OAuthError),
}

/// Reads which client asks.
///
/// # Errors
///
/// What the End-User is told; there is no client yet to send it to.
pub fn client_id(params: &Params) -> Result<ClientId, OAuthError> {
    let text = params.required("client_id")?;
    ClientId::parse(text).ok_or_else(|| OAuthError::invalid_client("the client is unknown"))
}

/// Reads the request of a known client.
///
/// # Errors
///
/// The [`Rejection`] says whether the client may be told.
pub fn parse(
    params: &Params,
    policy: &ClientPolicy<'_>,
    now: Timestamp,
) -> Result<AuthorizationRequest, Rejection> {
    let redirect_uri = redirect_uri(params, policy).map_err(Rejection::Show)?;
    read(params, policy, redirect_uri, now).map_err(|error| Rejection::Redirect {
        redirect_uri: redirect_uri.to_owned(),
        response_mode: response_mode(params).unwrap_or(ResponseMode::Query),
        state: params.get("state").ok().flatten().map(str::to_owned),
        error,
    })
}

/// Finds the redirect URI, given and registered or the only one registered (RFC 6749 §3.1.2.3).
fn redirect_uri<'a>(params: &'a Params, policy: &ClientPolicy<'a>) -> Result<&'a str, OAuthError> {
    match (params.get("redirect_uri")?, policy.redirect_uris) {
        (Some(given), registered)
            if registered
                .iter()
                .any(|one| redirect_uri_matches(one, given)) =>
        {
            Ok(given)
        }
        (Some(_), _) => Err(OAuthError::invalid_request(
            "redirect_uri is not registered for this client",
        )),
        (None, [only]) => Ok(only),
        (None, _) => Err(OAuthError::invalid_request("redirect_uri is missing")),
    }
}

fn read(
    params: &Params,
    policy: &ClientPolicy<'_>,
    redirect_uri: &str,
    now: Timestamp,
) -> Result<AuthorizationRequest, OAuthError> {
    refuse_unsupported(params)?;
    let response_mode = response_mode(params)?;
    check_response_type(params, policy)?;
    let prompts = Prompts::parse(params.get("prompt")?.unwrap_or_default())?;
    let targets = Targets::read(params)?;
    targets.check_resources(|resource| policy.resources.contains(&resource))?;
    let text = |name, longest| Ok(params.bounded(name, longest)?.map(str::to_owned));
    Ok(AuthorizationRequest {
        client_id: policy.client_id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        redirect_uri_was_given: params.get("redirect_uri")?.is_some(),
        response_mode,
        scopes: scopes(params, policy)?,
        state: text("state", LONGEST_STATE)?,
        nonce: text("nonce", LONGEST_STATE)?,
        code_challenge: code_challenge(params, policy)?,
        max_age: max_age(params)?,
        id_token_hint: params.get("id_token_hint")?.map(Secret::from),
        login_hint: text("login_hint", LONGEST_TEXT)?,
        ui_locales: lists::ui_locales(params)?,
        acr_values: lists::acr_values(params)?,
        claims: claims(params)?,
        audiences: targets.all(),
        start_page: StartPage::read(params, &prompts)?,
        prompts,
        org_code: identifier(params, "org_code", OrganizationId::parse)?,
        is_create_org: params.is_true("is_create_org")?,
        org_name: text("org_name", LONGEST_TEXT)?,
        connection_id: identifier(params, "connection_id", ConnectionId::parse)?,
        supports_reauth: params.is_true("supports_reauth")?,
        invitation_code: params
            .bounded("invitation_code", LONGEST_TEXT)?
            .map(Secret::from),
        others: others::read(params),
        rat: now,
    })
}

/// Refuses what would change the meaning of the request if it were ignored (Core §3.1.2.6).
fn refuse_unsupported(params: &Params) -> Result<(), OAuthError> {
    for (name, code) in [
        ("request", ErrorCode::RequestNotSupported),
        ("request_uri", ErrorCode::RequestUriNotSupported),
        ("registration", ErrorCode::RegistrationNotSupported),
    ] {
        if params.get(name)?.is_some() {
            return Err(OAuthError::new(code, format!("{name} is not supported")));
        }
    }
    Ok(())
}

fn check_response_type(params: &Params, policy: &ClientPolicy<'_>) -> Result<(), OAuthError> {
    if params.required("response_type")? != "code" {
        return Err(OAuthError::new(
            ErrorCode::UnsupportedResponseType,
            "response_type must be code",
        ));
    }
    if !policy.grant_types.contains(&GrantType::AuthorizationCode) {
        return Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            "this client may not use the authorization code grant",
        ));
    }
    Ok(())
}

fn response_mode(params: &Params) -> Result<ResponseMode, OAuthError> {
    match params.get("response_mode")? {
        None => Ok(ResponseMode::Query),
        Some(word) => ResponseMode::parse(word).ok_or_else(|| {
            OAuthError::invalid_request("response_mode must be query, fragment or form_post")
        }),
    }
}

/// Reads the scopes and drops those the client may not have (RFC 6749 §3.3).
fn scopes(params: &Params, policy: &ClientPolicy<'_>) -> Result<Scopes, OAuthError> {
    let asked = Scopes::parse(params.get("scope")?.unwrap_or_default())?;
    let may_refresh = policy.grant_types.contains(&GrantType::RefreshToken);
    Ok(asked
        .intersection(policy.allowed_scopes)
        .filter(|scope| may_refresh || (scope != OFFLINE && scope != OFFLINE_ACCESS)))
}

fn code_challenge(
    params: &Params,
    policy: &ClientPolicy<'_>,
) -> Result<Option<CodeChallenge>, OAuthError> {
    match CodeChallenge::from_params(params)? {
        None if policy.pkce_required => Err(OAuthError::invalid_request(
            "code_challenge is missing; this client must use PKCE with S256",
        )),
        challenge => Ok(challenge),
    }
}

fn claims(params: &Params) -> Result<ClaimsRequest, OAuthError> {
    let claims = params
        .get("claims")?
        .map(ClaimsRequest::parse)
        .transpose()?
        .unwrap_or_default();
    match claims.subject() {
        Some(subject) if UserId::parse(subject).is_none() => Err(OAuthError::new(
            ErrorCode::LoginRequired,
            "claims asks for a subject that is nobody here",
        )),
        _ => Ok(claims),
    }
}

fn max_age(params: &Params) -> Result<Option<Seconds>, OAuthError> {
    params
        .get("max_age")?
        .map(|text| {
            // `u32` takes a leading plus, the specification does not.
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let seconds = text.parse::<u32>().ok().filter(|_| digits);
            seconds
                .map(|seconds| Seconds::new(seconds.into()))
                .ok_or_else(|| {
                    OAuthError::invalid_request("max_age must be a number of seconds, 0 or more")
                })
        })
        .transpose()
}

fn identifier<T>(
    params: &Params,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, OAuthError> {
    params
        .get(name)?
        .map(|text| {
            parse(text).ok_or_else(|| OAuthError::invalid_request(format!("{name} is malformed")))
        })
        .transpose()
}

#[cfg(test)]
mod tests;
