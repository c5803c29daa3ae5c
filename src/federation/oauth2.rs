//! Sign-in at a provider of OAuth 2.0 alone: no ID Token, so that who it is comes from a profile endpoint, asked with
//! the access token that our own code was redeemed for. GitHub is one.

use ::oauth2::basic::BasicClient;
use ::oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _, TokenUrl,
};
use openidconnect::{HttpRequest, http};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::answer::{Callback, code};
use super::assertion::EmailProof;
use super::egress::Egress;
use super::error::{Check, FederationError};
use super::oidc::{Expected, Proven, chain};
use super::reading::profile_issuer;
use super::settings::OAuth2;
use super::wishes::Wishes;
use crate::clock::Timestamp;
use crate::secret::Secret;

type OurClient =
    BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// A provider, and what we are there.
pub(super) struct Provider<'a> {
    pub(super) settings: &'a OAuth2,
    pub(super) secret: Option<&'a Secret>,
    pub(super) redirect_uri: &'a str,
}

/// A mail address, as GitHub lists them.
#[derive(Deserialize)]
struct Listed {
    email: String,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    verified: bool,
}

impl Provider<'_> {
    fn our_client(&self) -> Result<OurClient, FederationError> {
        let not_set_up = |error: url::ParseError| FederationError::NotSetUp(error.to_string());
        let settings = self.settings;
        let mut client = BasicClient::new(ClientId::new(settings.client.client_id.clone()))
            .set_auth_uri(
                AuthUrl::new(settings.authorization_endpoint.clone()).map_err(not_set_up)?,
            )
            .set_token_uri(TokenUrl::new(settings.token_endpoint.clone()).map_err(not_set_up)?)
            .set_redirect_uri(RedirectUrl::new(self.redirect_uri.to_owned()).map_err(not_set_up)?);
        if let Some(secret) = self.secret {
            client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
        }
        Ok(client)
    }

    /// Gives the address of the authorization request, and what its answer is compared with.
    pub(super) fn begin(
        &self,
        state: &Secret,
        wishes: &Wishes,
        now: Timestamp,
    ) -> Result<(Url, Expected), FederationError> {
        let client = self.our_client()?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = state.expose().to_owned();
        let mut request = client
            .authorize_url(move || CsrfToken::new(state))
            .set_pkce_challenge(challenge)
            .add_scopes(self.settings.client.scopes.iter().cloned().map(Scope::new));
        // The others have no parameter in OAuth 2.0.
        let wishes = Wishes {
            forwarded: wishes.forwarded.clone(),
            ..Wishes::default()
        };
        for (name, value) in wishes.parameters(&self.settings.client) {
            request = request.add_extra_param(name, value);
        }
        let (address, _state) = request.url();
        Ok((
            address,
            Expected::without_nonce(verifier.into_secret(), now),
        ))
    }

    /// Redeems the code, and asks whom the token is of, and what a list of their mail addresses says of the one that
    /// counts.
    pub(super) async fn complete(
        &self,
        egress: &Egress,
        callback: Callback,
        expected: &Expected,
    ) -> Result<(Proven, Option<EmailProof>), FederationError> {
        let code = code(callback)?;
        let client = self.our_client()?;
        let verifier = PkceCodeVerifier::new(expected.pkce_verifier().to_owned());
        let tokens = client
            .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
            .set_pkce_verifier(verifier)
            .request_async(egress)
            .await
            .map_err(|error| FederationError::unproven(Check::Code, chain(&error)))?;
        let access_token = Secret::from(tokens.access_token().secret().clone());
        let mut claims: Map<String, Value> =
            ask(egress, &self.settings.profile_endpoint, &access_token).await?;
        let mut proof = None;
        if let Some(endpoint) = &self.settings.emails_endpoint {
            let listed: Vec<Listed> = ask(egress, endpoint, &access_token).await?;
            // The one of the profile is whichever they show to the public, checked or not.
            let primary = listed.into_iter().find(|one| one.primary);
            proof = Some(EmailProof::None);
            claims.remove("email");
            if let Some(primary) = primary {
                if primary.verified {
                    proof = Some(EmailProof::Stated);
                }
                claims.insert("email".to_owned(), Value::String(primary.email));
            }
        }
        let proven = Proven {
            issuer: profile_issuer(self.settings)?,
            // It is one of the claims.
            subject: String::new(),
            claims,
            access_token,
            id_token: None,
        };
        Ok((proven, proof))
    }
}

async fn ask<T: serde::de::DeserializeOwned>(
    egress: &Egress,
    endpoint: &str,
    access_token: &Secret,
) -> Result<T, FederationError> {
    let failed =
        |why: String| FederationError::unproven(Check::UserInfo, format!("{endpoint}: {why}"));
    let request: HttpRequest = http::Request::get(endpoint)
        .header(http::header::ACCEPT, "application/json")
        .header(
            http::header::AUTHORIZATION,
            format!("Bearer {}", access_token.expose()),
        )
        .body(Vec::new())
        .map_err(|error| failed(error.to_string()))?;
    let response = egress.send(request).await;
    let response = response.map_err(|error| failed(error.to_string()))?;
    if response.status() != http::StatusCode::OK {
        return Err(failed(format!("answered {}", response.status())));
    }
    serde_json::from_slice(response.body()).map_err(|error| failed(error.to_string()))
}
