//! Sign-in at an OpenID Provider: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0 §3.1).
//!
//! What Google and Entra ID do their own way is in `google` and `entra`.

use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AuthorizationCode, Client, ClientId, ClientSecret,
    CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken,
    IdTokenClaims, IdTokenFields, IdTokenVerifier, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenResponse as _, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::answer::{Callback, check_issuer, code};
use super::egress::Egress;
use super::error::{Check, FederationError};
use super::metadata::{Metadata, Providers, TENANT};
use super::reading::LONGEST_SUBJECT;
use super::settings::Registration;
use super::wishes::Wishes;
use crate::clock::{Seconds, Timestamp};
use crate::secret::Secret;

/// All that an ID Token or a profile says beyond the standard claims.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Everything {
    #[serde(flatten)]
    claims: Map<String, Value>,
}

impl AdditionalClaims for Everything {}

type Fields = IdTokenFields<
    Everything,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Tokens = StandardTokenResponse<Fields, CoreTokenType>;
type Claims = IdTokenClaims<Everything, CoreGenderClaim>;
type Verifier = IdTokenVerifier<'static, CoreJsonWebKey>;
type OurClient = Client<
    Everything,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// How far the clocks of an upstream may be off.
pub(super) const SKEW: Seconds = Seconds::new(60);

/// The algorithms that a signature may have: none that a public key could be mistaken for a secret of.
pub(super) const ALGORITHMS: [CoreJwsSigningAlgorithm; 7] = [
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
];

/// Whether an ID Token of that issuer, with those claims, is taken.
pub(super) type Issuers<'a> = Box<dyn Fn(&str, &Map<String, Value>) -> bool + Send + Sync + 'a>;

/// Where a provider is, and what we are there.
pub(super) struct Provider<'a> {
    /// Where its documents begin.
    pub(super) base: String,
    /// The issuer that its metadata name, which may be a template.
    pub(super) issuer: String,
    /// The issuers whose ID Tokens are taken; where there are none, the one above.
    pub(super) issuers: Issuers<'a>,
    /// How we are registered.
    pub(super) client: &'a Registration,
    /// Our secret.
    pub(super) secret: Option<&'a Secret>,
    /// Where its answer goes.
    pub(super) redirect_uri: &'a str,
    /// The scopes that are asked for when the connection names none.
    pub(super) usual_scopes: &'a [&'a str],
}

/// What the answer is compared with. Secret until then.
#[derive(Debug, Serialize, Deserialize)]
pub struct Expected {
    nonce: String,
    pkce_verifier: String,
    /// How long ago they may have proven who they are.
    max_age: Option<Seconds>,
    login_again: bool,
    began_at: Timestamp,
}

impl Expected {
    /// What the answer of a provider without ID Tokens is compared with.
    pub(super) fn without_nonce(pkce_verifier: String, now: Timestamp) -> Self {
        Self {
            nonce: String::new(),
            pkce_verifier,
            max_age: None,
            login_again: false,
            began_at: now,
        }
    }

    /// What the code is redeemed with (RFC 7636 §4.5).
    pub(super) fn pkce_verifier(&self) -> &str {
        &self.pkce_verifier
    }
}

/// What was proven: the claims of the ID Token, joined by those of the profile.
pub(super) struct Proven {
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) claims: Map<String, Value>,
    pub(super) access_token: Secret,
    /// As it came, where there is one.
    pub(super) id_token: Option<Secret>,
}

impl Provider<'_> {
    pub(super) fn metadata_key(&self) -> (&str, &str) {
        (&self.base, &self.issuer)
    }

    fn our_client(&self, metadata: &Metadata) -> Result<OurClient, FederationError> {
        let redirect_uri = RedirectUrl::new(self.redirect_uri.to_owned());
        let redirect_uri =
            redirect_uri.map_err(|error| FederationError::NotSetUp(error.to_string()))?;
        let id = ClientId::new(self.client.client_id.clone());
        let secret = self
            .secret
            .map(|secret| ClientSecret::new(secret.expose().to_owned()));
        let client = OurClient::from_provider_metadata(metadata.clone(), id, secret);
        Ok(client.set_redirect_uri(redirect_uri))
    }

    /// Gives the address of the authorization request, and what its answer is compared with.
    pub(super) async fn begin(
        &self,
        (egress, providers): (&Egress, &Providers),
        state: &Secret,
        wishes: &Wishes,
        now: Timestamp,
    ) -> Result<(Url, Expected), FederationError> {
        let metadata = providers.find(egress, self.metadata_key(), now).await?;
        let client = self.our_client(&metadata)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = state.expose().to_owned();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let mut request = client
            .authorize_url(flow, move || CsrfToken::new(state), Nonce::new_random)
            .set_pkce_challenge(challenge);
        let scopes = &self.client.scopes;
        request = if scopes.is_empty() {
            let usual = self.usual_scopes.iter();
            request.add_scopes(usual.map(|scope| Scope::new((*scope).to_owned())))
        } else {
            let wanted = scopes.iter().filter(|scope| *scope != "openid");
            request.add_scopes(wanted.cloned().map(Scope::new))
        };
        for (name, value) in wishes.parameters(self.client) {
            request = request.add_extra_param(name, value);
        }
        if let Some(hint) = &wishes.login_hint {
            request = request.add_extra_param("login_hint", hint.clone());
        }
        if wishes.login_again {
            request = request.add_prompt(CoreAuthPrompt::Login);
        }
        if let Some(max_age) = wishes.max_age {
            request = request.set_max_age(max_age.to_std());
        }
        if !wishes.ui_locales.is_empty() {
            request = request.add_extra_param("ui_locales", wishes.ui_locales.join(" "));
        }
        let (address, _state, nonce) = request.url();
        let expected = Expected {
            nonce: nonce.secret().clone(),
            pkce_verifier: verifier.into_secret(),
            max_age: wishes.max_age,
            login_again: wishes.login_again,
            began_at: now,
        };
        Ok((address, expected))
    }

    /// Checks an answer: redeems its code, and takes from the tokens who it is.
    pub(super) async fn complete(
        &self,
        (egress, providers): (&Egress, &Providers),
        callback: Callback,
        expected: Expected,
        now: Timestamp,
    ) -> Result<Proven, FederationError> {
        let metadata = providers.find(egress, self.metadata_key(), now).await?;
        check_issuer(&metadata, callback.iss.as_deref())?;
        let code = code(callback)?;
        let client = self.our_client(&metadata)?;
        let verifier = PkceCodeVerifier::new(expected.pkce_verifier.clone());
        let request = client
            .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
            .map_err(|error| FederationError::unproven(Check::Metadata, error))?;
        let tokens = request.set_pkce_verifier(verifier).request_async(egress);
        let tokens = tokens
            .await
            .map_err(|error| FederationError::unproven(Check::Code, chain(&error)))?;
        let id_token = tokens.id_token().ok_or_else(|| {
            FederationError::unproven(Check::IdToken, "the answer holds no ID Token")
        })?;
        let nonce = Nonce::new(expected.nonce.clone());
        // Its keys may have changed since they were read.
        let (metadata, claims) = if let Ok(claims) = self.read(&metadata, id_token, &nonce, now) {
            (metadata, claims)
        } else {
            let newer = providers.renew(egress, self.metadata_key(), now).await?;
            let claims = self.read(&newer, id_token, &nonce, now)?;
            (newer, claims)
        };
        self.check_hash(&metadata, &tokens, id_token, &claims)?;
        check_auth_time(&claims, &expected, now)?;
        let mut said = as_map(&claims);
        let subject = claims.subject().as_str().to_owned();
        if subject.is_empty() || subject.len() > LONGEST_SUBJECT {
            return Err(FederationError::unproven(
                Check::Subject,
                "it can't be a key",
            ));
        }
        if metadata.userinfo_endpoint().is_some() {
            let profile = self.profile(&client, egress, &tokens, &claims).await?;
            for (claim, value) in profile {
                // What is signed wins.
                said.entry(claim).or_insert(value);
            }
        }
        Ok(Proven {
            issuer: claims.issuer().as_str().to_owned(),
            subject,
            claims: said,
            access_token: Secret::from(tokens.access_token().secret().clone()),
            id_token: Some(Secret::from(id_token.to_string())),
        })
    }

    /// The claims of an ID Token, once everything about it has been checked (Core §3.1.3.7).
    fn read(
        &self,
        metadata: &Metadata,
        id_token: &IdTokenOf,
        nonce: &Nonce,
        now: Timestamp,
    ) -> Result<Claims, FederationError> {
        let failed = |why: String| FederationError::unproven(Check::IdToken, why);
        let verifier = self.verifier(metadata, now);
        let claims = id_token
            .claims(&verifier, nonce)
            .map_err(|error| failed(chain(&error)))?
            .clone();
        let issuer = claims.issuer().as_str();
        if !self.is_issuer(metadata, issuer, &as_map(&claims)) {
            return Err(failed(format!(
                "the issuer {issuer} is not the one expected"
            )));
        }
        // Core §3.1.3.7 items 4 and 5.
        let party = claims.authorized_party().map(|party| party.as_str());
        let is_ours = party.is_none_or(|party| party == self.client.client_id);
        if !is_ours || (claims.audiences().len() > 1 && party.is_none()) {
            let why = "the token was issued for another client";
            return Err(FederationError::unproven(Check::AuthorizedParty, why));
        }
        Ok(claims)
    }

    /// Whether a token of that issuer, with those claims, is one of this provider's.
    pub(super) fn is_issuer(
        &self,
        metadata: &Metadata,
        issuer: &str,
        claims: &Map<String, Value>,
    ) -> bool {
        let is_of_metadata = metadata.issuer().as_str() == issuer;
        let is_expected = is_of_metadata || !self.issuer.contains(TENANT);
        is_expected && (self.issuers)(issuer, claims)
    }

    fn verifier(&self, metadata: &Metadata, now: Timestamp) -> Verifier {
        let id = ClientId::new(self.client.client_id.clone());
        let issuer = metadata.issuer().clone();
        let keys = metadata.jwks().clone();
        let verifier = match self.secret {
            Some(secret) => {
                let secret = ClientSecret::new(secret.expose().to_owned());
                IdTokenVerifier::new_confidential_client(id, secret, issuer, keys)
            }
            None => IdTokenVerifier::new_public_client(id, issuer, keys),
        };
        let latest = now.plus(SKEW).as_i64();
        verifier
            .set_allowed_algs(ALGORITHMS)
            // The issuer is compared by `read`, which knows templates.
            .require_issuer_match(false)
            .set_other_audience_verifier_fn(|_| true)
            .set_time_fn(move || instant(now.minus(SKEW)))
            .set_issue_time_verifier_fn(move |issued| {
                if issued.timestamp() <= latest {
                    Ok(())
                } else {
                    Err("it was issued in the future".to_owned())
                }
            })
    }

    /// That the access token is the one that came with the ID Token (Core §3.1.3.6).
    fn check_hash(
        &self,
        metadata: &Metadata,
        tokens: &Tokens,
        id_token: &IdTokenOf,
        claims: &Claims,
    ) -> Result<(), FederationError> {
        let Some(stated) = claims.access_token_hash() else {
            return Ok(());
        };
        let failed = |why: String| FederationError::unproven(Check::AccessTokenHash, why);
        let verifier = self.verifier(metadata, claims_time(claims));
        let algorithm = id_token
            .signing_alg()
            .map_err(|error| failed(error.to_string()))?;
        let key = id_token
            .signing_key(&verifier)
            .map_err(|error| failed(error.to_string()))?;
        let computed = AccessTokenHash::from_token(tokens.access_token(), algorithm, key);
        let computed = computed.map_err(|error| failed(error.to_string()))?;
        if computed == *stated {
            Ok(())
        } else {
            Err(failed("at_hash is of another access token".to_owned()))
        }
    }

    /// What the UserInfo endpoint says of the same subject (Core §5.3.2).
    async fn profile(
        &self,
        client: &OurClient,
        egress: &Egress,
        tokens: &Tokens,
        claims: &Claims,
    ) -> Result<Map<String, Value>, FederationError> {
        let failed = |why: String| FederationError::unproven(Check::UserInfo, why);
        let subject = Some(claims.subject().clone());
        let request = client
            .user_info(tokens.access_token().clone(), subject)
            .map_err(|error| failed(error.to_string()))?;
        let profile: UserInfoClaims<Everything, CoreGenderClaim> = request
            .request_async(egress)
            .await
            .map_err(|error| failed(chain(&error)))?;
        match serde_json::to_value(&profile) {
            Ok(Value::Object(map)) => Ok(map),
            _ => Ok(Map::new()),
        }
    }
}

type IdTokenOf = IdToken<
    Everything,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// That they proved who they are as recently as was asked for (Core §3.1.2.1).
fn check_auth_time(
    claims: &Claims,
    expected: &Expected,
    now: Timestamp,
) -> Result<(), FederationError> {
    let earliest = if expected.login_again {
        Some(expected.began_at.minus(SKEW))
    } else {
        let max_age = expected.max_age;
        max_age.map(|age| now.minus(age).minus(SKEW))
    };
    let auth_time = claims.auth_time();
    let auth_time = auth_time.map(|time| Timestamp::from_unix(time.timestamp()));
    match (earliest, auth_time) {
        (Some(earliest), Some(time)) if time < earliest => Err(FederationError::unproven(
            Check::AuthTime,
            "they proved who they are longer ago than was asked for",
        )),
        // Without `auth_time` the provider does not say: required with max_age (Core §2).
        (Some(_), None) if expected.max_age.is_some() => Err(FederationError::unproven(
            Check::AuthTime,
            "the provider does not say when they proved who they are, as max_age asks it to",
        )),
        _ => Ok(()),
    }
}

fn as_map(claims: &Claims) -> Map<String, Value> {
    match serde_json::to_value(claims) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn claims_time(claims: &Claims) -> Timestamp {
    Timestamp::from_unix(claims.issue_time().timestamp())
}

/// As the library counts time.
fn instant(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp(at.as_i64(), 0).unwrap_or_default()
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        words.push_str(": ");
        words.push_str(&error.to_string());
        source = error.source();
    }
    words
}
