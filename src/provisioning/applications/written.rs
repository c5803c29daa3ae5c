//! `[[applications]]` as a document writes them, and what may be written. Pure but for the secrets,
//! which are fetched from where the document says they are.
//!
//! # Decision
//!
//! A client secret is 40 to 60 letters and digits, as those that are made here: published SDKs send no
//! other, and so long a secret is not thought up by a person. Only then is a fast hash enough for it
//! ([`crate::secret`]).

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::{Application, Desired, WantedApi};
use crate::clients::lifetimes::{LONGEST_GRANT, LONGEST_IDLE, LONGEST_OVERLAP, SHORTEST};
use crate::clients::{DEFAULT_SCOPES, STANDARD_SCOPES, fresh};
use crate::clock::{Seconds, Timestamp};
use crate::id::ClientId;
use crate::protocol::algorithm::SigningAlgorithm;
use crate::protocol::client::{
    ApplicationKind, AuthMethod, AuthMethods, check_post_logout_redirect_uri, check_redirect_uri,
};
use crate::protocol::scope::{Scope, Scopes};
use crate::provisioning::Defaults;
use crate::provisioning::change::{Noun, Subject};
use crate::provisioning::check::{self, read, read_optional};
use crate::provisioning::error::Refusal;
use crate::provisioning::references::{Reference, References};
use crate::secret::Secret;
use crate::store::clients::{ClaimSwitches, Client, PageOptions};
use crate::store::types::{Json, Text};

const DAY: Seconds = Seconds::new(86_400);

/// An entry as the document writes it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each switch stands in the document by itself"
)]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::provisioning) struct Written {
    #[serde(deserialize_with = "client_id")]
    pub(in crate::provisioning) id: ClientId,
    name: Option<Spanned<String>>,
    kind: Option<ApplicationKind>,
    #[serde(default)]
    redirect_uris: Vec<Spanned<String>>,
    #[serde(default)]
    post_logout_redirect_uris: Vec<Spanned<String>>,
    /// What tokens carry beyond the usual.
    #[serde(default)]
    claim_switches: ClaimSwitches,
    /// What the pages of a sign-in to it show.
    #[serde(default)]
    page_options: PageOptions,
    #[serde(default)]
    maps_hasura_claims: bool,
    session_lifetime_seconds: Option<Spanned<i64>>,
    secret: Option<Spanned<Reference>>,
    #[serde(default)]
    secrets: Vec<Spanned<Reference>>,
    secret_overlap_seconds: Option<Spanned<i64>>,
    auth_methods: Option<Spanned<Vec<AuthMethod>>>,
    scopes: Option<Spanned<Vec<Scope>>>,
    requires_pkce: Option<Spanned<bool>>,
    #[serde(default)]
    requires_consent: bool,
    signing_algorithm: Option<SigningAlgorithm>,
    #[serde(default)]
    types_access_tokens: bool,
    profile_in_id_token: Option<bool>,
    access_token_lifetime_seconds: Option<Spanned<i64>>,
    id_token_lifetime_seconds: Option<Spanned<i64>>,
    refresh_token_lifetime_seconds: Option<Spanned<i64>>,
    grant_lifetime_seconds: Option<Spanned<i64>>,
    login_uri: Option<Spanned<String>>,
    homepage_uri: Option<Spanned<String>>,
    logo_uri: Option<Spanned<String>>,
    policy_uri: Option<Spanned<String>>,
    terms_uri: Option<Spanned<String>>,
    enabled: Option<bool>,
    #[serde(default)]
    apis: Vec<WrittenApi>,
    #[serde(default)]
    remove: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenApi {
    audience: String,
    #[serde(default)]
    scopes: Vec<Scope>,
}

fn client_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ClientId, D::Error> {
    let text = String::deserialize(deserializer)?;
    ClientId::parse(&text).ok_or_else(|| {
        let reason = "an application's id is 32 lower-case hexadecimal digits, which never change: make one with `openssl rand -hex 16`";
        D::Error::custom(reason)
    })
}

impl Written {
    /// What the entry asks for, if it may be asked for.
    pub(in crate::provisioning) fn check(
        entry: &Spanned<Self>,
        defaults: &Defaults,
        references: &References<'_>,
    ) -> Result<Desired, Refusal> {
        let written = entry.get_ref();
        if written.remove {
            return Ok(Desired::Absent(written.id.clone()));
        }
        let name = written.name.as_ref().map(|name| name.get_ref().as_str());
        written
            .application(entry, defaults, references)
            .map(|application| Desired::Present(Box::new(application)))
            .map_err(|refusal| {
                let name = name.unwrap_or(written.id.as_str());
                refusal.about(Subject(Noun::Application, name))
            })
    }

    fn application(
        &self,
        entry: &Spanned<Self>,
        defaults: &Defaults,
        references: &References<'_>,
    ) -> Result<Application, Refusal> {
        let missing = |reason: &str| Refusal::at(entry.span(), reason);
        let kind = self
            .kind
            .ok_or_else(|| missing("kind is missing: web, spa, native or m2m"))?;
        if self.name.is_none() {
            return Err(missing("name is missing"));
        }
        if kind != ApplicationKind::Machine && self.redirect_uris.is_empty() {
            return Err(missing(
                "redirect_uris is missing: without one, nobody can sign in to it",
            ));
        }
        let application = Application {
            redirect_uris: uris("redirect_uris", &self.redirect_uris, |uri| {
                check_redirect_uri(kind, uri)
            })?,
            post_logout_uris: uris(
                "post_logout_redirect_uris",
                &self.post_logout_redirect_uris,
                |uri| check_post_logout_redirect_uri(kind, uri),
            )?,
            apis: self.wanted_apis(),
            is_enabled: self.enabled.unwrap_or(true),
            secret_overlap: read_optional(
                "secret_overlap_seconds",
                self.secret_overlap_seconds.as_ref(),
                check::seconds(Seconds::new(0)..=LONGEST_OVERLAP),
            )?
            .unwrap_or(DAY),
            secrets: self.resolve_secrets(kind, references)?,
            client: self.client(kind, defaults)?,
        };
        if kind.is_confidential() && application.secrets.is_empty() {
            return Err(missing(&format!(
                "a {} proves itself by a secret: add secret = {{ env = \"NAME\" }}",
                described(kind)
            )));
        }
        Ok(application)
    }

    /// The client's record, but for its times, which are set when it is applied.
    fn client(&self, kind: ApplicationKind, defaults: &Defaults) -> Result<Client, Refusal> {
        let name = read_optional("name", self.name.as_ref(), check::name)?.unwrap_or_default();
        // The times are set when it is applied.
        let never = Timestamp::from_unix(0);
        let usual = fresh(self.id.clone(), name, kind, &defaults.tokens, never);
        let lifetime = |key, value: &Option<Spanned<i64>>, longest, default| {
            read_optional(key, value.as_ref(), check::seconds(SHORTEST..=longest))
                .map(|value| value.unwrap_or(default))
        };
        let page =
            |key, value: &Option<Spanned<String>>| read_optional(key, value.as_ref(), check::page);
        Ok(Client {
            auth_methods: Text(self.read_auth_methods(kind)?),
            scopes: Text(self.read_scopes(kind)?),
            requires_pkce: self.read_requires_pkce(kind)?,
            requires_consent: self.requires_consent,
            signing_algorithm: Text(self.signing_algorithm.unwrap_or(SigningAlgorithm::Rs256)),
            types_access_tokens: self.types_access_tokens,
            profile_in_id_token: self.profile_in_id_token.unwrap_or(true),
            // A key must not leave the JWKS before the last token that it signed has ended.
            access_token_lifetime_seconds: lifetime(
                "access_token_lifetime_seconds",
                &self.access_token_lifetime_seconds,
                defaults.key_retention,
                usual.access_token_lifetime_seconds,
            )?,
            id_token_lifetime_seconds: lifetime(
                "id_token_lifetime_seconds",
                &self.id_token_lifetime_seconds,
                defaults.key_retention,
                usual.id_token_lifetime_seconds,
            )?,
            refresh_token_lifetime_seconds: lifetime(
                "refresh_token_lifetime_seconds",
                &self.refresh_token_lifetime_seconds,
                LONGEST_IDLE,
                usual.refresh_token_lifetime_seconds,
            )?,
            grant_lifetime_seconds: lifetime(
                "grant_lifetime_seconds",
                &self.grant_lifetime_seconds,
                LONGEST_GRANT,
                usual.grant_lifetime_seconds,
            )?,
            claim_switches: Json(self.claim_switches.clone()),
            page_options: Json(self.page_options.clone()),
            maps_hasura_claims: self.maps_hasura_claims,
            session_lifetime_seconds: read_optional(
                "session_lifetime_seconds",
                self.session_lifetime_seconds.as_ref(),
                check::seconds(SHORTEST..=LONGEST_IDLE),
            )?,
            login_uri: page("login_uri", &self.login_uri)?,
            homepage_uri: page("homepage_uri", &self.homepage_uri)?,
            logo_uri: page("logo_uri", &self.logo_uri)?,
            policy_uri: page("policy_uri", &self.policy_uri)?,
            terms_uri: page("terms_uri", &self.terms_uri)?,
            ..usual
        })
    }

    /// An API that is named twice is one, with the scopes of both.
    fn wanted_apis(&self) -> Vec<WantedApi> {
        let mut wanted: BTreeMap<&str, Scopes> = BTreeMap::new();
        for api in &self.apis {
            let scopes = wanted.entry(&api.audience).or_default();
            api.scopes.iter().cloned().for_each(|it| scopes.insert(it));
        }
        wanted
            .into_iter()
            .map(|(audience, scopes)| WantedApi {
                audience: audience.to_owned(),
                scopes,
            })
            .collect()
    }

    fn read_auth_methods(&self, kind: ApplicationKind) -> Result<AuthMethods, Refusal> {
        let described = described(kind);
        let written = read_optional("auth_methods", self.auth_methods.as_ref(), |methods| {
            let methods: AuthMethods = methods.iter().copied().collect();
            match (kind.is_confidential(), methods.contains(AuthMethod::None)) {
                _ if methods.iter().next().is_none() => {
                    Err("must name one; leave it out for the usual ones".into())
                }
                (true, true) => Err(format!(
                    "a {described} proves itself by its secret, so that \"none\" is not for it"
                )),
                (false, _) if methods != kind.default_auth_methods() => Err(format!(
                    "a {described} can't keep a secret, so that only \"none\" is for it"
                )),
                _ => Ok(methods),
            }
        })?;
        Ok(written.unwrap_or_else(|| kind.default_auth_methods()))
    }

    fn read_scopes(&self, kind: ApplicationKind) -> Result<Scopes, Refusal> {
        let is_machine = kind == ApplicationKind::Machine;
        let written = read_optional("scopes", self.scopes.as_ref(), |scopes| {
            let mut named = scopes.iter().map(Scope::as_str);
            if is_machine && !scopes.is_empty() {
                return Err("a machine has the scopes of its APIs: name them in apis".into());
            }
            match named.find(|name| !STANDARD_SCOPES.contains(name)) {
                Some(unknown) => Err(format!(
                    "{unknown:?} is none of {}; the scopes of an API are named in apis",
                    STANDARD_SCOPES.join(", ")
                )),
                None => Ok(scopes.iter().cloned().collect()),
            }
        })?;
        let default = || {
            let names: &[&str] = if is_machine { &[] } else { &DEFAULT_SCOPES };
            names.iter().filter_map(|name| Scope::parse(name)).collect()
        };
        Ok(written.unwrap_or_else(default))
    }

    /// Public clients use PKCE (RFC 9700 §2.1.1).
    fn read_requires_pkce(&self, kind: ApplicationKind) -> Result<bool, Refusal> {
        let is_public = !kind.is_confidential();
        let written = read_optional("requires_pkce", self.requires_pkce.as_ref(), |requires| {
            if is_public && !requires {
                return Err(format!(
                    "a {} has no secret: PKCE is what protects its codes",
                    described(kind)
                ));
            }
            Ok(*requires)
        })?;
        Ok(written.unwrap_or(is_public))
    }

    fn resolve_secrets(
        &self,
        kind: ApplicationKind,
        references: &References<'_>,
    ) -> Result<Vec<Secret>, Refusal> {
        self.secret
            .iter()
            .chain(&self.secrets)
            .map(|reference| {
                read("secret", reference, |reference| {
                    if !kind.is_confidential() {
                        return Err(format!(
                            "a {} can't keep a secret: remove it, or write kind = \"web\"",
                            described(kind)
                        ));
                    }
                    let secret = references.resolve(reference)?;
                    check_secret(&secret).map_err(|reason| format!("{reference} {reason}"))?;
                    Ok(secret)
                })
            })
            .collect()
    }
}

fn described(kind: ApplicationKind) -> &'static str {
    match kind {
        ApplicationKind::Machine => "machine-to-machine application",
        ApplicationKind::Native => "native application",
        ApplicationKind::Spa => "single-page application",
        ApplicationKind::Web => "web application",
    }
}

fn check_secret(secret: &Secret) -> Result<(), &'static str> {
    let text = secret.expose();
    let is_well_formed =
        (40..=60).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_well_formed.then_some(()).ok_or(
        "must hold 40 to 60 letters and digits, for published SDKs send no other secret: make one with `openssl rand -hex 26`",
    )
}

fn uris(
    key: &str,
    written: &[Spanned<String>],
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<Vec<String>, Refusal> {
    let mut uris = written
        .iter()
        .map(|uri| {
            read(key, uri, |uri| {
                check(uri)
                    .map(|()| uri.clone())
                    .map_err(|reason| format!("{uri:?} {reason}"))
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    uris.sort_unstable();
    uris.dedup();
    Ok(uris)
}
