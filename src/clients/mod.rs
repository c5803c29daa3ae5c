//! Registered clients, as the protocol's endpoints see them: found, authenticated, held to what they may.
//!
//! # Decision
//!
//! A client is needed by every request and changes rarely, so that a copy is kept in memory. A copy
//! is good for the second in which it was read and no longer: under load that is one read a second
//! for each client, and a client that is changed or disabled is seen so everywhere within one second,
//! without any node telling another.

mod access_roles;
mod addresses;
pub mod apis;
mod change;
pub mod lifetimes;
mod register;
mod secrets;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

pub use access_roles::{add_access_role, remove_access_role};
pub use addresses::{check_uris, replace_uris};
pub use change::{Refusal, change, remove};
pub use register::{
    DEFAULT_SCOPES, RegisterRefusal, Registration, STANDARD_SCOPES, fresh, register,
};
pub use secrets::{RenewRefusal, renew_secret, rotate_secret};

use crate::clock::Timestamp;
use crate::id::{ApiId, ClientId, RoleId};
use crate::protocol::client::authentication::UNKNOWN_CLIENT;
use crate::protocol::client::{PresentedClient, way_back};
use crate::protocol::{OAuthError, Scope, Scopes};
use crate::secret::{ClientSecret, HashKey, SecretHash};
use crate::store::clients::{Client, ClientApi, StoredSecret, UriKind};
use crate::store::types::Text;
use crate::store::{Db, Tx, access_roles as stored_access_roles, apis as stored_apis, clients};

/// An API that a client may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallableApi {
    /// The API.
    pub id: ApiId,
    /// Its identifier in `aud` (RFC 8707 §2).
    pub audience: String,
    /// Which of its scopes the client may have.
    pub allowed: Scopes,
    /// All its scopes.
    pub defined: Scopes,
}

impl CallableApi {
    /// What is stored of it.
    pub fn stored(&self) -> ClientApi {
        ClientApi {
            api_id: self.id.clone(),
            audience: self.audience.clone(),
            scopes: Text(self.allowed.clone()),
        }
    }
}

/// A client with everything that belongs to it.
#[derive(Debug, Clone)]
pub struct RegisteredClient {
    /// The client itself.
    pub client: Client,
    /// Where its authorization responses may go.
    pub redirect_uris: Vec<String>,
    /// Where browsers may go once signed out.
    pub post_logout_uris: Vec<String>,
    /// The APIs it may call.
    pub apis: Vec<CallableApi>,
    /// Where access is controlled: the roles of which somebody needs one to sign in to it.
    pub access_roles: Vec<RoleId>,
    secrets: Vec<StoredSecret>,
}

impl RegisteredClient {
    /// Reads a client, disabled or not.
    pub async fn load(tx: &mut Tx, id: &ClientId, now: Timestamp) -> sqlx::Result<Option<Self>> {
        let Some(client) = clients::find(tx, id).await? else {
            return Ok(None);
        };
        Ok(Some(Self {
            redirect_uris: clients::list_uris(tx, id, UriKind::Redirect).await?,
            post_logout_uris: clients::list_uris(tx, id, UriKind::PostLogout).await?,
            apis: callable_apis(tx, id).await?,
            access_roles: if client.is_access_controlled {
                stored_access_roles::list_ids(tx, id).await?
            } else {
                Vec::new()
            },
            secrets: clients::list_secrets(tx, id, now).await?,
            client,
        }))
    }

    /// The scopes it may have at those of its APIs that `audiences` names, all of them together.
    ///
    /// A scope is a name, and two APIs may use the same one. A token for both would give it at both, so a name is
    /// left out when the client lacks it at any API that defines it.
    pub fn api_scopes(&self, audiences: &[String]) -> Scopes {
        let chosen: Vec<&CallableApi> = self
            .apis
            .iter()
            .filter(|api| audiences.contains(&api.audience))
            .collect();
        let everywhere = |scope: &str| {
            chosen
                .iter()
                .all(|api| api.allowed.contains(scope) || !api.defined.contains(scope))
        };
        let any = chosen
            .iter()
            .fold(Scopes::default(), |scopes, api| scopes.union(&api.allowed));
        any.filter(everywhere)
    }

    /// Of `scopes`, those that it may have in a token for `audiences`: its own and those of the APIs.
    pub fn allowed_scopes(&self, scopes: &Scopes, audiences: &[String]) -> Scopes {
        scopes.intersection(&self.client.scopes.0.union(&self.api_scopes(audiences)))
    }

    /// Of `audiences`, those that it may call.
    pub fn allowed_audiences(&self, audiences: &[String]) -> Vec<String> {
        let is_callable =
            |audience: &&String| self.apis.iter().any(|api| api.audience == **audience);
        audiences.iter().filter(is_callable).cloned().collect()
    }

    /// Whether somebody who holds these roles may sign in to it.
    pub fn admits<'a>(&self, mut roles: impl Iterator<Item = &'a RoleId>) -> bool {
        !self.client.is_access_controlled || roles.any(|role| self.access_roles.contains(role))
    }

    /// Whether it may act.
    pub fn is_enabled(&self) -> bool {
        self.client.disabled_at.is_none()
    }

    /// The address to link to, when it leads back to the application: to one of its addresses, or to any page at
    /// the origin of one.
    pub fn leads_back(&self, presented: &str) -> Option<String> {
        let registered = [self.redirect_uris.as_slice(), &self.post_logout_uris].concat();
        way_back(&registered, presented)
    }

    /// The page of the application where a sign-in can start anew.
    pub fn way_back(&self) -> Option<&str> {
        self.client
            .login_uri
            .as_deref()
            .or(self.client.homepage_uri.as_deref())
    }

    /// Confirms that the request comes from this client (RFC 6749 §2.3).
    ///
    /// # Errors
    ///
    /// `invalid_client`, alike for every reason that a stranger could learn something from.
    pub fn authenticate(
        &self,
        presented: &PresentedClient,
        key: &HashKey,
    ) -> Result<(), OAuthError> {
        let method = presented.method();
        if !self.is_enabled() {
            return Err(OAuthError::invalid_client(UNKNOWN_CLIENT));
        }
        if !self.client.auth_methods.0.contains(method) {
            return Err(OAuthError::invalid_client(format!(
                "this client does not authenticate by {method}; it is registered for {}",
                self.client.auth_methods.0
            )));
        }
        match presented.secret() {
            Some(secret) if !self.knows(&ClientSecret::hash(key, secret)) => {
                Err(OAuthError::invalid_client(UNKNOWN_CLIENT))
            }
            _ => Ok(()),
        }
    }

    /// Compares with every secret, so that the time tells nothing of which one fits.
    fn knows(&self, hash: &SecretHash) -> bool {
        let matching = self
            .secrets
            .iter()
            .filter(|secret| secret.secret_hash.matches(hash));
        matching.count() > 0
    }
}

#[cfg(test)]
impl RegisteredClient {
    /// A client for tests of decisions, which look at little of it.
    pub(crate) fn example(id: ClientId, kind: crate::protocol::client::ApplicationKind) -> Self {
        let hour = crate::clock::Seconds::new(3600);
        let tokens = crate::config::Tokens {
            access_lifetime: hour,
            id_lifetime: hour,
            refresh_lifetime: hour,
            machine_lifetime: hour,
            refresh_grace: hour,
        };
        let mut client = fresh(id, "Acme Notes", kind, &tokens, Timestamp::from_unix(0));
        client.scopes = Text("openid".parse().unwrap());
        client.requires_pkce = false;
        Self {
            client,
            redirect_uris: Vec::new(),
            post_logout_uris: Vec::new(),
            apis: Vec::new(),
            access_roles: Vec::new(),
            secrets: Vec::new(),
        }
    }
}

async fn callable_apis(tx: &mut Tx, client: &ClientId) -> sqlx::Result<Vec<CallableApi>> {
    let mut callable = Vec::new();
    for ClientApi {
        api_id,
        audience,
        scopes,
    } in clients::list_apis(tx, client).await?
    {
        let defined = stored_apis::list_scopes(tx, &api_id).await?;
        callable.push(CallableApi {
            defined: defined
                .iter()
                .filter_map(|scope| Scope::parse(&scope.name))
                .collect(),
            allowed: scopes.0,
            id: api_id,
            audience,
        });
    }
    Ok(callable)
}

/// The copies in memory.
#[derive(Debug, Default)]
pub struct Clients {
    copies: RwLock<HashMap<ClientId, (Timestamp, Arc<RegisteredClient>)>>,
}

impl Clients {
    /// The client of that id, disabled or not, as it was at `now`.
    pub async fn find(
        &self,
        db: &Db,
        id: &ClientId,
        now: Timestamp,
    ) -> sqlx::Result<Option<Arc<RegisteredClient>>> {
        if let Some((read_at, copy)) = self
            .copies
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            && *read_at == now
        {
            return Ok(Some(Arc::clone(copy)));
        }
        let mut tx = db.read().await?;
        let found = RegisteredClient::load(&mut tx, id, now)
            .await?
            .map(Arc::new);
        let mut copies = self.copies.write().unwrap_or_else(PoisonError::into_inner);
        match &found {
            Some(client) => copies.insert(id.clone(), (now, Arc::clone(client))),
            None => copies.remove(id),
        };
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ClientSecretId;
    use crate::protocol::ErrorCode;
    use crate::protocol::client::{ApplicationKind, Credential};
    use crate::secret::Secret;

    fn client(secret: &str, key: &HashKey) -> RegisteredClient {
        let id = ClientId::generate(&mut rand::rng());
        let mut client = RegisteredClient::example(id, ApplicationKind::Web);
        client.secrets.push(StoredSecret {
            id: ClientSecretId::generate(&mut rand::rng()),
            secret_hash: ClientSecret::hash(key, &Secret::from(secret)),
            created_at: Timestamp::from_unix(0),
            expires_at: None,
        });
        client
    }

    #[test]
    fn only_its_own_secret_by_a_registered_method_proves_a_client() {
        let key = HashKey::from_bytes([7; 32]);
        let client = client("the secret", &key);
        for (credential, expected) in [
            (Credential::Basic("the secret".into()), true),
            (Credential::Post("the secret".into()), true),
            (Credential::Post("another".into()), false),
            (Credential::Post("".into()), false),
            (Credential::None, false),
        ] {
            let presented = PresentedClient {
                client_id: client.client.id.clone(),
                credential,
            };
            let outcome = client.authenticate(&presented, &key);
            assert_eq!(outcome.is_ok(), expected, "{presented:?}");
            assert!(outcome.is_err_and(|error| error.code == ErrorCode::InvalidClient) || expected);
        }
    }

    #[test]
    fn a_scope_that_two_apis_share_is_given_only_where_both_allow_it() {
        let scopes = |text: &str| text.parse::<Scopes>().unwrap();
        let api = |audience: &str, allowed: &str, defined: &str| CallableApi {
            id: ApiId::generate(&mut rand::rng()),
            audience: audience.to_owned(),
            allowed: scopes(allowed),
            defined: scopes(defined),
        };
        let mut client = RegisteredClient::example(
            ClientId::generate(&mut rand::rng()),
            ApplicationKind::Machine,
        );
        client.apis = vec![
            api("orders", "read write", "read write"),
            api("billing", "read pay", "read write pay"),
        ];
        for (audiences, expected) in [
            (vec!["orders"], "read write"),
            (vec!["billing"], "read pay"),
            (vec!["orders", "billing"], "read pay"),
            (vec!["unknown"], ""),
        ] {
            let audiences: Vec<String> = audiences.into_iter().map(str::to_owned).collect();
            assert_eq!(
                client.api_scopes(&audiences),
                scopes(expected),
                "{audiences:?}"
            );
        }
    }

    #[test]
    fn a_disabled_client_proves_nothing() {
        let key = HashKey::from_bytes([7; 32]);
        let mut client = client("the secret", &key);
        client.client.disabled_at = Some(Timestamp::from_unix(0));
        let presented = PresentedClient {
            client_id: client.client.id.clone(),
            credential: Credential::Post("the secret".into()),
        };
        assert!(client.authenticate(&presented, &key).is_err());
    }
}
