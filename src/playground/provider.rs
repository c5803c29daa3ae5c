//! The OpenID Provider as the playground sees it: its metadata and a call for each endpoint.
//!
//! Authorization, code exchange and refresh go through the `openidconnect` crate. UserInfo,
//! introspection and revocation are sent by hand, because the playground shows the response as
//! it came, with members that the crate's types do not know.

use std::error::Error;
use std::sync::Arc;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient,
    CoreClientAuthMethod, CoreErrorResponseType, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode,
    CoreResponseType, CoreSubjectIdentifierType, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AdditionalProviderMetadata, AuthType, AuthorizationCode, ClientId, ClientSecret,
    ConfigurationError, CsrfToken, DiscoveryError, EndSessionUrl, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, HttpRequest, IntrospectionUrl, IssuerUrl, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, ProviderMetadata, RedirectUrl, RefreshToken, RequestTokenError,
    RevocationUrl, Scope, StandardErrorResponse, SubjectIdentifier, UserInfoError, http,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::RwLock;
use url::Url;

use super::http::{HttpClient, HttpError};
use super::session::Attempt;

/// The provider's metadata, together with its keys.
pub(super) type Metadata = ProviderMetadata<
    Endpoints,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Metadata of RFC 8414 §2, RFC 9207 §3 and RP-Initiated Logout 1.0 §2.1.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Endpoints {
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
    pub(super) end_session_endpoint: Option<EndSessionUrl>,
    pub(super) introspection_endpoint: Option<IntrospectionUrl>,
    pub(super) revocation_endpoint: Option<RevocationUrl>,
}

impl AdditionalProviderMetadata for Endpoints {}

/// Why the provider was of no use.
#[derive(Debug, Error)]
pub(super) enum ProviderError {
    #[error("{0}")]
    IssuerMismatch(String),
    #[error("the provider's metadata names no {0}")]
    NoEndpoint(&'static str),
    #[error("{0}")]
    NotAProvider(String),
    #[error("{code}")]
    Refused {
        code: String,
        description: Option<String>,
    },
    #[error("{0}")]
    Unreachable(String),
    #[error("{0}")]
    Unusable(String),
}

/// A response as it came.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: http::StatusCode,
    pub(super) body: Vec<u8>,
    /// What was found wrong with it, when it was checked.
    pub(super) objection: Option<String>,
}

/// What the End-User chose on the start page.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub(super) audience: Option<String>,
    pub(super) login_hint: Option<String>,
    pub(super) max_age: Option<u64>,
    pub(super) prompt: Option<String>,
    pub(super) scopes: Vec<String>,
}

/// The provider and the client this is at it.
pub(super) struct Provider {
    pub(super) issuer: IssuerUrl,
    pub(super) client_id: ClientId,
    client_secret: Option<ClientSecret>,
    redirect_uri: RedirectUrl,
    http: HttpClient,
    known: RwLock<Option<Arc<Metadata>>>,
}

impl Provider {
    pub(super) fn new(
        issuer: IssuerUrl,
        client_id: ClientId,
        client_secret: Option<ClientSecret>,
        redirect_uri: RedirectUrl,
        http: HttpClient,
    ) -> Self {
        Self {
            issuer,
            client_id,
            client_secret,
            redirect_uri,
            http,
            known: RwLock::new(None),
        }
    }

    /// Whether the client has a secret (RFC 6749 §2.1).
    pub(super) fn is_confidential(&self) -> bool {
        self.client_secret.is_some()
    }

    /// Fetches metadata and keys anew (OpenID Connect Discovery 1.0 §4).
    pub(super) async fn discover(&self) -> Result<Arc<Metadata>, ProviderError> {
        let metadata = Metadata::discover_async(self.issuer.clone(), &self.http).await?;
        let metadata = Arc::new(metadata);
        *self.known.write().await = Some(Arc::clone(&metadata));
        Ok(metadata)
    }

    /// The metadata fetched last, or fetched now when there is none yet.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, ProviderError> {
        if let Some(metadata) = self.known.read().await.as_ref() {
            return Ok(Arc::clone(metadata));
        }
        self.discover().await
    }

    /// Writes an authorization request (OpenID Connect Core 1.0 §3.1.2.1, RFC 7636 §4.3).
    ///
    /// The metadata is fetched anew, so that each sign-in follows the provider as it is.
    pub(super) async fn authorize(
        &self,
        wishes: Wishes,
    ) -> Result<(Url, CsrfToken, Attempt), ProviderError> {
        let client = self.client(&*self.discover().await?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .set_pkce_challenge(challenge)
            .add_scopes(wishes.scopes.into_iter().map(Scope::new));
        let extra = [
            ("audience", wishes.audience),
            ("login_hint", wishes.login_hint),
            ("max_age", wishes.max_age.map(|seconds| seconds.to_string())),
            ("prompt", wishes.prompt),
        ];
        for (name, value) in extra {
            if let Some(value) = value {
                request = request.add_extra_param(name, value);
            }
        }
        let (url, state, nonce) = request.url();
        let attempt = Attempt {
            nonce,
            max_age: wishes.max_age,
            verifier,
        };
        Ok((url, state, attempt))
    }

    /// Redeems a code (OpenID Connect Core 1.0 §3.1.3).
    pub(super) async fn redeem(
        &self,
        code: String,
        verifier: PkceCodeVerifier,
    ) -> Result<CoreTokenResponse, ProviderError> {
        let response = self
            .client(&*self.metadata().await?)
            .exchange_code(AuthorizationCode::new(code))?
            .set_pkce_verifier(verifier)
            .request_async(&self.http)
            .await?;
        Ok(response)
    }

    /// Asks for new tokens (OpenID Connect Core 1.0 §12).
    pub(super) async fn refresh(
        &self,
        token: &RefreshToken,
    ) -> Result<CoreTokenResponse, ProviderError> {
        let response = self
            .client(&*self.metadata().await?)
            .exchange_refresh_token(token)?
            .request_async(&self.http)
            .await?;
        Ok(response)
    }

    /// Asks who signed in; the subject must be that of the ID token (OpenID Connect Core 1.0 §5.3).
    pub(super) async fn userinfo(
        &self,
        token: &AccessToken,
        subject: &SubjectIdentifier,
    ) -> Result<Answer, ProviderError> {
        let metadata = self.metadata().await?;
        let url = metadata
            .userinfo_endpoint()
            .ok_or(ProviderError::NoEndpoint("userinfo_endpoint"))?;
        let request = http::Request::get(url.as_str())
            .header(http::header::ACCEPT, "application/json")
            .header(
                http::header::AUTHORIZATION,
                format!("Bearer {}", token.secret()),
            )
            .body(Vec::new())?;
        let mut answer = self.send(request).await?;
        if answer.status.is_success() {
            answer.objection =
                CoreUserInfoClaims::from_json::<HttpError>(&answer.body, Some(subject))
                    .err()
                    .map(|error: UserInfoError<_>| chain(&error));
        }
        Ok(answer)
    }

    /// Asks about a token (RFC 7662 §2.1).
    pub(super) async fn introspect(&self, token: &str) -> Result<Answer, ProviderError> {
        let metadata = self.metadata().await?;
        let url = &metadata.additional_metadata().introspection_endpoint;
        let url = url.as_ref();
        let url = url.ok_or(ProviderError::NoEndpoint("introspection_endpoint"))?;
        self.post(url.url(), token).await
    }

    /// Revokes a token (RFC 7009 §2.1).
    pub(super) async fn revoke(&self, token: &str) -> Result<Answer, ProviderError> {
        let metadata = self.metadata().await?;
        let url = &metadata.additional_metadata().revocation_endpoint;
        let url = url.as_ref();
        let url = url.ok_or(ProviderError::NoEndpoint("revocation_endpoint"))?;
        self.post(url.url(), token).await
    }

    async fn post(&self, url: &Url, token: &str) -> Result<Answer, ProviderError> {
        let request = http::Request::post(url.as_str())
            .header(http::header::ACCEPT, "application/json")
            .header(
                http::header::CONTENT_TYPE,
                "application/x-www-form-urlencoded",
            )
            .body(self.form(token).into_bytes())?;
        self.send(request).await
    }

    /// The token, and the client's credentials (RFC 6749 §2.3.1).
    fn form(&self, token: &str) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", token)
            .append_pair("client_id", &self.client_id);
        if let Some(secret) = &self.client_secret {
            form.append_pair("client_secret", secret.secret());
        }
        form.finish()
    }

    async fn send(&self, request: HttpRequest) -> Result<Answer, ProviderError> {
        let response = self.http.send(request).await?;
        Ok(Answer {
            status: response.status(),
            body: response.into_body(),
            objection: None,
        })
    }

    fn client(&self, metadata: &Metadata) -> Client {
        CoreClient::from_provider_metadata(
            metadata.clone(),
            self.client_id.clone(),
            self.client_secret.clone(),
        )
        .set_redirect_uri(self.redirect_uri.clone())
        .set_auth_type(AuthType::RequestBody)
    }
}

/// An error and its causes in one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // Transparent errors repeat the words of their cause.
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

impl From<DiscoveryError<HttpError>> for ProviderError {
    fn from(error: DiscoveryError<HttpError>) -> Self {
        match error {
            DiscoveryError::Request(error) => error.into(),
            DiscoveryError::Response(_, _, what) => Self::NotAProvider(what),
            DiscoveryError::Validation(what) => Self::IssuerMismatch(what),
            error => Self::NotAProvider(chain(&error)),
        }
    }
}

impl From<HttpError> for ProviderError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Transport(_) => Self::Unreachable(chain(&error)),
            HttpError::TooLarge | HttpError::Unreadable(_) => Self::Unusable(chain(&error)),
        }
    }
}

impl From<http::Error> for ProviderError {
    fn from(error: http::Error) -> Self {
        HttpError::from(error).into()
    }
}

impl From<ConfigurationError> for ProviderError {
    fn from(_: ConfigurationError) -> Self {
        Self::NoEndpoint("token_endpoint")
    }
}

type TokenError = RequestTokenError<HttpError, StandardErrorResponse<CoreErrorResponseType>>;

impl From<TokenError> for ProviderError {
    fn from(error: TokenError) -> Self {
        match error {
            RequestTokenError::Request(error) => error.into(),
            RequestTokenError::ServerResponse(response) => Self::Refused {
                code: response.error().as_ref().to_owned(),
                description: response.error_description().cloned(),
            },
            error => Self::Unusable(chain(&error)),
        }
    }
}
