//! What a new installation needs before anything else: somebody who may administer it, and a client that
//! may call the management API.

use std::fmt::{self, Display};

use rand::CryptoRng;
use rand::distr::{Alphanumeric, SampleString as _};
use serde::Serialize;
use serde_json::json;

use super::error::ApplyError;
use super::{Defaults, Hashing};
use crate::access::management;
use crate::audit::{self, Actor};
use crate::clients::{fresh, rotate_secret};
use crate::clock::{Seconds, Timestamp};
use crate::directory::accounts::{self, NewAccount};
use crate::directory::identifier;
use crate::id::{ClientId, ClientSecretId, UserId};
use crate::protocol::client::ApplicationKind;
use crate::protocol::scope::Scope;
use crate::secret::{ClientSecret, Secret};
use crate::store::Tx;
use crate::store::apis::{self, Api};
use crate::store::clients::{self, ClientApi};
use crate::store::types::Text;

/// By this name and its kind the client is found again.
const MANAGEMENT_CLIENT: &str = "Management";

/// How long the former secret is taken beside a new one.
const OVERLAP: Seconds = Seconds::new(86_400);

/// Letters and digits of a password made here, some 142 bits.
const PASSWORD_LENGTH: usize = 24;

/// What to set up.
#[derive(Debug, Clone, Copy)]
pub struct Bootstrap<'a> {
    /// The mail address of the administrator.
    pub email: &'a str,
    /// Whether an existing management client gets another secret.
    pub rotates_secret: bool,
}

/// What there is now. Holds secrets, which are not shown again.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// The address of this server.
    pub issuer: String,
    /// The administrator.
    pub administrator: Administrator,
    /// The client for the management API.
    pub management_client: ManagementClient,
}

/// The administrator.
#[derive(Debug, Serialize)]
pub struct Administrator {
    /// Who they are.
    pub user_id: UserId,
    /// The address they sign in with.
    pub email: String,
    /// Whether they are new.
    pub created: bool,
    /// Their first password, if they are new.
    pub password: Option<Secret>,
}

/// The client for the management API.
#[derive(Debug, Serialize)]
pub struct ManagementClient {
    /// Its id.
    pub client_id: ClientId,
    /// The API it may call, as its tokens name it.
    pub audience: String,
    /// Whether it is new.
    pub created: bool,
    /// Its secret, if that is new.
    pub client_secret: Option<Secret>,
}

/// Makes sure that there are an administrator and a management client. Safe to repeat: what is there
/// stays as it is.
///
/// # Errors
///
/// When the address is none, or the database refuses; the transaction is then to be rolled back.
pub async fn bootstrap(
    tx: &mut Tx,
    wanted: Bootstrap<'_>,
    defaults: &Defaults,
    hashing: &Hashing<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Outcome, ApplyError> {
    let api = management::ensure_api(tx, &defaults.issuer, now, rng).await?;
    Ok(Outcome {
        issuer: defaults.issuer.to_string(),
        administrator: ensure_administrator(tx, wanted.email, hashing, now, rng).await?,
        management_client: ensure_client(tx, &api, wanted, defaults, hashing, now, rng).await?,
    })
}

async fn ensure_administrator(
    tx: &mut Tx,
    email: &str,
    hashing: &Hashing<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Administrator, ApplyError> {
    let email = identifier::email(email)
        .ok_or_else(|| ApplyError::refused(format!("{email:?}"), "is no mail address"))?;
    if let Some(account) = accounts::find(tx, email).await? {
        return Ok(Administrator {
            user_id: account.user.id,
            email: account.identity.value,
            created: false,
            password: None,
        });
    }
    let password = Secret::from(Alphanumeric.sample_string(rng, PASSWORD_LENGTH));
    let account = NewAccount {
        email: Some(email.to_owned()),
        // Whoever may run commands on the server says so.
        email_verified: true,
        password_hash: Some(hashing.passwords.hash(password.expose(), rng).await?),
        password_is_temporary: true,
        ..NewAccount::default()
    };
    let user = accounts::create(tx, Actor::Operator, account, now, rng)
        .await?
        .map_err(|taken| ApplyError::refused(email, taken.to_string()))?;
    Ok(Administrator {
        user_id: user.id,
        email: email.to_owned(),
        created: true,
        password: Some(password),
    })
}

async fn ensure_client(
    tx: &mut Tx,
    api: &Api,
    wanted: Bootstrap<'_>,
    defaults: &Defaults,
    hashing: &Hashing<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<ManagementClient> {
    let found = find_client(tx, api).await?;
    let created = found.is_none();
    let client_id = match found {
        Some(id) => id,
        None => insert_client(tx, defaults, now, rng).await?,
    };
    allow_everything(tx, api, &client_id).await?;
    let client_secret = if created || wanted.rotates_secret {
        let secret = ClientSecret::generate(rng);
        let id = ClientSecretId::generate(rng);
        Some(rotate_secret(tx, &client_id, secret, hashing.key, OVERLAP, id, now).await?)
    } else {
        None
    };
    let event = match (created, &client_secret) {
        (true, _) => Some("application.created"),
        (false, Some(_)) => Some("application.secret_rotated"),
        (false, None) => None,
    };
    if let Some(event) = event {
        let details = json!({ "name": MANAGEMENT_CLIENT });
        let id = client_id.as_str();
        audit::record(tx, Actor::Operator, event, id, details, now, rng).await?;
    }
    Ok(ManagementClient {
        client_id,
        audience: api.audience.clone(),
        created,
        client_secret,
    })
}

/// The machine of that name that may call the management API.
async fn find_client(tx: &mut Tx, api: &Api) -> sqlx::Result<Option<ClientId>> {
    for client in clients::list(tx).await? {
        let is_alike =
            client.kind.0 == ApplicationKind::Machine && client.name == MANAGEMENT_CLIENT;
        if is_alike {
            let apis = clients::list_apis(tx, &client.id).await?;
            if apis.iter().any(|known| known.api_id == api.id) {
                return Ok(Some(client.id));
            }
        }
    }
    Ok(None)
}

async fn insert_client(
    tx: &mut Tx,
    defaults: &Defaults,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<ClientId> {
    let kind = ApplicationKind::Machine;
    let id = ClientId::generate(rng);
    let client = fresh(id, MANAGEMENT_CLIENT, kind, &defaults.tokens, now);
    clients::upsert(tx, &client).await?;
    Ok(client.id)
}

/// Gives a client every scope of the API, those of newer versions too.
async fn allow_everything(tx: &mut Tx, api: &Api, client: &ClientId) -> sqlx::Result<()> {
    let scopes = apis::list_scopes(tx, &api.id).await?;
    let scopes = scopes.iter().filter_map(|scope| Scope::parse(&scope.name));
    let allowed = ClientApi {
        api_id: api.id.clone(),
        audience: api.audience.clone(),
        scopes: Text(scopes.collect()),
    };
    clients::replace_apis(tx, client, &[allowed]).await
}

/// For the person at the terminal. Shows the secrets: this is the one time.
impl Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let administrator = &self.administrator;
        let client = &self.management_client;
        writeln!(formatter, "Issuer              {}", self.issuer)?;
        writeln!(formatter)?;
        writeln!(formatter, "Administrator       {}", administrator.email)?;
        let password = administrator.password.as_ref();
        let known = "(there already; unchanged)";
        let password = password.map_or(known, Secret::expose);
        writeln!(formatter, "  password          {password}")?;
        writeln!(formatter)?;
        writeln!(formatter, "Management client   {}", client.client_id)?;
        let secret = client.client_secret.as_ref();
        let known = "(there already; --rotate-secret makes another)";
        writeln!(
            formatter,
            "  secret            {}",
            secret.map_or(known, Secret::expose)
        )?;
        writeln!(formatter, "  audience          {}", client.audience)?;
        if administrator.password.is_some() || secret.is_some() {
            writeln!(formatter)?;
            writeln!(formatter, "Secrets are shown this once: keep them now.")?;
        }
        Ok(())
    }
}
