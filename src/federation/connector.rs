//! The connector: one way to begin a sign-in at an upstream of any kind, and to complete it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use url::Url;

use super::answer::Callback;
use super::assertion::{Assertion, Presence};
use super::egress::{Egress, EgressError};
use super::error::FederationError;
use super::metadata::Providers;
use super::oidc::{Expected, Issuers, Proven, Provider};
use super::reading::{Said, read};
use super::settings::Settings;
use super::wishes::Wishes;
use super::{entra, google, oauth2};
use crate::clock::Timestamp;
use crate::config::Network;
use crate::secret::Secret;

/// What all connectors share: the way out, and what upstreams said of themselves.
#[derive(Debug, Default)]
pub struct Outside {
    excepted: Arc<[Network]>,
    pub(super) providers: Providers,
    /// A way out for each set of extra roots.
    ways: Mutex<HashMap<Option<String>, Egress>>,
}

/// For how many sets of extra roots a way out is kept.
const MOST_WAYS: usize = 100;

impl Outside {
    /// What connectors share, where the networks `excepted` may be asked too.
    pub fn new(excepted: Arc<[Network]>) -> Self {
        Self {
            excepted,
            ..Self::default()
        }
    }

    /// The way out that trusts these extra roots besides those of the system.
    fn egress(&self, extra_roots: Option<&String>) -> Result<Egress, EgressError> {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        let key = extra_roots.cloned();
        if let Some(egress) = ways.get(&key) {
            return Ok(egress.clone());
        }
        let egress = Egress::new(Arc::clone(&self.excepted), key.as_deref())?;
        if ways.len() >= MOST_WAYS {
            ways.clear();
        }
        ways.insert(key, egress.clone());
        Ok(egress)
    }
}

/// What an upstream answers.
#[derive(Debug)]
pub struct Stated {
    /// What it states of somebody.
    pub assertion: Assertion,
    /// The ID Token that states it, where there is one.
    pub id_token: Option<Secret>,
}

/// How one upstream is spoken to.
pub struct Connector<'a> {
    /// What is set of it.
    pub settings: &'a Settings,
    /// Our secret there.
    pub secret: Option<Secret>,
    /// Where its answer goes.
    pub redirect_uri: String,
    /// What all connectors share.
    pub outside: &'a Outside,
}

impl Connector<'_> {
    /// Gives the address to send the browser to, and what the answer is compared with.
    ///
    /// # Errors
    ///
    /// When the upstream does not answer, or the connection is not set up.
    pub async fn begin(
        &self,
        state: &Secret,
        wishes: &Wishes,
        now: Timestamp,
    ) -> Result<(Url, Expected), FederationError> {
        let egress = self.egress()?;
        let at = (&egress, &self.outside.providers);
        match self.settings {
            Settings::OAuth2(settings) => self.profile_provider(settings).begin(state, wishes, now),
            _ => self.openid_provider()?.begin(at, state, wishes, now).await,
        }
    }

    /// Checks the answer, and gives what the upstream states.
    ///
    /// # Errors
    ///
    /// The check that failed.
    pub async fn complete(
        &self,
        callback: Callback,
        expected: Expected,
        now: Timestamp,
    ) -> Result<Stated, FederationError> {
        let egress = self.egress()?;
        if let Settings::OAuth2(settings) = self.settings {
            let provider = self.profile_provider(settings);
            let (proven, proof) = provider.complete(&egress, callback, &expected).await?;
            let said = Said {
                proof_apart: proof,
                ..said(proven)
            };
            return Ok(Stated {
                assertion: read(self.settings, said)?,
                id_token: None,
            });
        }
        let at = (&egress, &self.outside.providers);
        let provider = self.openid_provider()?;
        let mut proven = provider.complete(at, callback, expected, now).await?;
        let id_token = proven.id_token.take();
        let mut groups_apart = Presence::Absent;
        if let Settings::EntraId(settings) = self.settings
            && entra::groups(settings, &proven.claims).is_none()
        {
            groups_apart = entra::groups_of_graph(settings, &egress, &proven.access_token).await;
        }
        let said = Said {
            groups_apart,
            ..said(proven)
        };
        Ok(Stated {
            assertion: read(self.settings, said)?,
            id_token,
        })
    }

    pub(super) fn egress(&self) -> Result<Egress, FederationError> {
        let extra_roots = self.settings.client().extra_roots.as_ref();
        let egress = self.outside.egress(extra_roots);
        egress.map_err(|error| FederationError::NotSetUp(error.to_string()))
    }

    fn profile_provider<'b>(
        &'b self,
        settings: &'b super::settings::OAuth2,
    ) -> oauth2::Provider<'b> {
        oauth2::Provider {
            settings,
            secret: self.secret.as_ref(),
            redirect_uri: &self.redirect_uri,
        }
    }

    pub(super) fn openid_provider(&self) -> Result<Provider<'_>, FederationError> {
        let (place, issuers): ((String, String), Issuers<'_>) = match self.settings {
            Settings::EntraId(settings) => (
                entra::place(settings),
                Box::new(|issuer, claims| entra::is_expected_issuer(settings, issuer, claims)),
            ),
            Settings::Google(settings) => {
                let issuer = google::issuer(settings);
                let place = (issuer.to_owned(), issuer.to_owned());
                (place, Box::new(move |said, _| said == issuer))
            }
            Settings::Oidc(settings) => {
                let issuer = settings.issuer.as_str();
                let place = (issuer.to_owned(), issuer.to_owned());
                (place, Box::new(move |said, _| said == issuer))
            }
            Settings::OAuth2(_) => {
                let why = "a provider of OAuth 2.0 alone has no ID Token";
                return Err(FederationError::NotSetUp(why.to_owned()));
            }
        };
        let (base, issuer) = place;
        Ok(Provider {
            base,
            issuer,
            issuers,
            client: self.settings.client(),
            secret: self.secret.as_ref(),
            redirect_uri: &self.redirect_uri,
            usual_scopes: &["email", "profile"],
        })
    }
}

fn said(proven: Proven) -> Said {
    Said {
        issuer: proven.issuer,
        subject: proven.subject,
        claims: proven.claims,
        groups_apart: Presence::Absent,
        proof_apart: None,
    }
}
