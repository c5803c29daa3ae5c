//! The facts that `next` decides from, gathered anew each time.

use std::sync::Arc;

use super::session;
use crate::clients::{Clients, RegisteredClient};
use crate::clock::Timestamp;
use crate::config::Sessions;
use crate::id::UserId;
use crate::protocol::scope::Scopes;
use crate::secret::Secret;
use crate::store::interactions::Interaction;
use crate::store::sessions::Session;
use crate::store::users::User;
use crate::store::{Db, Tx, consents, environment};

/// A session in good standing, and whose it is.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// The user.
    pub user: User,
}

/// What holds now.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The client that asked.
    pub client: Arc<RegisteredClient>,
    /// Who is signed in with this browser.
    pub signed_in: Option<SignedIn>,
    /// What they have allowed this client before.
    pub consented: Scopes,
    /// Whom the client expects, by its `id_token_hint` or by name.
    pub hinted: Option<UserId>,
    /// Whether strangers may create an account.
    pub self_sign_up_allowed: bool,
    /// The time.
    pub now: Timestamp,
}

impl Facts {
    /// Gathers the facts of `interaction`. None when its client is gone.
    ///
    /// `hinted` is whom the verified `id_token_hint` names, or the `claims` parameter.
    pub async fn gather(
        db: &Db,
        clients: &Clients,
        interaction: &Interaction,
        cookie: Option<&Secret>,
        hinted: Option<UserId>,
        lifetimes: &Sessions,
        now: Timestamp,
    ) -> sqlx::Result<Option<Self>> {
        let Some(client) = clients.find(db, &interaction.client_id, now).await? else {
            return Ok(None);
        };
        let mut tx = db.read().await?;
        let signed_in = session::find(&mut tx, cookie, lifetimes, now).await?;
        Ok(Some(Self {
            consented: consented(&mut tx, signed_in.as_ref(), &client).await?,
            self_sign_up_allowed: environment::policies(&mut tx).await?.self_sign_up_allowed,
            client,
            signed_in,
            hinted,
            now,
        }))
    }
}

async fn consented(
    tx: &mut Tx,
    signed_in: Option<&SignedIn>,
    client: &RegisteredClient,
) -> sqlx::Result<Scopes> {
    match signed_in {
        Some(signed_in) => consents::find(tx, &signed_in.user.id, &client.client.id).await,
        None => Ok(Scopes::default()),
    }
}
