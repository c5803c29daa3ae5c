//! The facts that `next` decides from, gathered anew each time.

use std::sync::Arc;

use super::destination::{Destination, Member, Organizations, Requested, destination};
use super::invitation::{self, Invited, OpenInvitation};
use super::session;
use crate::access::{Catalogues, held_roles, members};
use crate::clients::{Clients, RegisteredClient};
use crate::clock::Timestamp;
use crate::config::Sessions;
use crate::id::{OrganizationId, RoleId};
use crate::protocol::client::redirect_uri_matches;
use crate::protocol::scope::Scopes;
use crate::secret::Secret;
use crate::store::connections::Offered;
use crate::store::environment::Policies;
use crate::store::interactions::Interaction;
use crate::store::organizations::{Organization, SessionPolicy};
use crate::store::sessions::Session;
use crate::store::users::{Subject, User};
use crate::store::{Db, Tx, connections, consents, environment, memberships, organizations, users};

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
    /// What they have allowed this client before; none when they were never asked.
    pub consented: Option<Scopes>,
    /// The `sub` of whom the client expects, by its `claims` or its `id_token_hint`.
    pub expected: Option<String>,
    /// What the invitation means that the request names, unless they go on without it.
    pub invited: Option<Invited>,
    /// The organizations that matter to them.
    pub organizations: Organizations,
    /// Where the client controls access: the roles that they hold in the organization that the sign-in leads to.
    pub held_roles: Option<(OrganizationId, Vec<RoleId>)>,
    /// The upstreams that the client offers.
    pub connections: Vec<Offered>,
    /// The policies of the business.
    pub policies: Policies,
    /// The time.
    pub now: Timestamp,
}

impl Facts {
    /// Gathers the facts of `interaction`. None when its client is gone or disabled, or may not be answered
    /// where it wanted to be any more.
    pub async fn gather(
        db: &Db,
        (clients, catalogues): (&Clients, &Catalogues),
        interaction: &Interaction,
        cookie: Option<&Secret>,
        expected: Option<String>,
        lifetimes: &Sessions,
        now: Timestamp,
    ) -> sqlx::Result<Option<Self>> {
        let redirect_uri = &interaction.request.0.redirect_uri;
        let found = clients.find(db, &interaction.client_id, now).await?;
        let Some(client) = found.filter(|client| may_be_answered(client, redirect_uri)) else {
            return Ok(None);
        };
        let mut tx = db.read().await?;
        let signed_in = session::find(&mut tx, cookie, lifetimes, now).await?;
        let invited = invited(&mut tx, interaction, signed_in.as_ref(), now).await?;
        // Whoever has joined by an invitation goes where it leads.
        let wanted = match &invited {
            Some(Invited::Joined(joined)) => Some(joined),
            _ => interaction.request.0.org_code.as_ref(),
        };
        let organizations = organizations(&mut tx, wanted, signed_in.as_ref()).await?;
        let policies = environment::policies(&mut tx).await?;
        let leads_to = destination(interaction, &organizations, &policies);
        let held_roles = match (&signed_in, leads_to) {
            (Some(signed_in), Destination::Organization(organization))
                if client.client.is_access_controlled =>
            {
                let user = &signed_in.user.id;
                let roles = held_roles(&mut tx, catalogues, &organization, user, now).await?;
                Some((organization, roles))
            }
            _ => None,
        };
        Ok(Some(Self {
            connections: offered(&mut tx, interaction, &client).await?,
            invited,
            consented: consented(&mut tx, signed_in.as_ref(), &client).await?,
            held_roles,
            organizations,
            policies,
            client,
            signed_in,
            expected,
            now,
        }))
    }
}

impl Facts {
    /// What an organization that the user belongs to decides about sessions; nothing, if they don't.
    pub fn session_policy(&self, organization: &OrganizationId) -> SessionPolicy {
        let mut memberships = self.organizations.memberships.iter();
        memberships
            .find(|member| member.organization.id == *organization)
            .map(|member| member.organization.session_policy)
            .unwrap_or_default()
    }

    /// The invitation that can be accepted.
    pub fn open_invitation(&self) -> Option<&OpenInvitation> {
        match &self.invited {
            Some(Invited::Open(open)) => Some(open),
            _ => None,
        }
    }

    /// The organization that the invitation leads to, once it is known that it leads anywhere.
    pub fn invited_to(&self) -> Option<&OrganizationId> {
        match &self.invited {
            Some(Invited::Open(open)) => Some(&open.organization.id),
            Some(Invited::Joined(organization)) => Some(organization),
            Some(Invited::Closed(_)) | None => None,
        }
    }

    /// Whether somebody new may register: everybody, or only whoever is invited.
    pub fn may_register(&self) -> bool {
        self.policies.self_sign_up_allowed || self.open_invitation().is_some()
    }
}

fn may_be_answered(client: &RegisteredClient, redirect_uri: &str) -> bool {
    let mut registered = client.redirect_uris.iter();
    client.is_enabled()
        && registered.any(|registered| redirect_uri_matches(registered, redirect_uri))
}

/// The upstreams that the client offers; on an errand those by which they are known.
async fn offered(
    tx: &mut Tx,
    interaction: &Interaction,
    client: &RegisteredClient,
) -> sqlx::Result<Vec<Offered>> {
    if let Some(errand) = &interaction.progress.0.errand {
        let known = connections::list_of_user(tx, &errand.user_id).await?;
        return Ok(known.into_iter().map(Offered::from).collect());
    }
    let organization = interaction.request.0.org_code.as_ref();
    connections::list_offered(tx, &client.client.id, organization).await
}

async fn consented(
    tx: &mut Tx,
    signed_in: Option<&SignedIn>,
    client: &RegisteredClient,
) -> sqlx::Result<Option<Scopes>> {
    match signed_in {
        Some(signed_in) => consents::find(tx, &signed_in.user.id, &client.client.id).await,
        None => Ok(None),
    }
}

async fn invited(
    tx: &mut Tx,
    interaction: &Interaction,
    signed_in: Option<&SignedIn>,
    now: Timestamp,
) -> sqlx::Result<Option<Invited>> {
    if interaction.progress.0.invitation_declined {
        return Ok(None);
    }
    invitation::find(tx, &interaction.request.0, signed_in, now).await
}

async fn organizations(
    tx: &mut Tx,
    wanted: Option<&OrganizationId>,
    signed_in: Option<&SignedIn>,
) -> sqlx::Result<Organizations> {
    let Some(SignedIn { session, user }) = signed_in else {
        // Nobody is asked where to go before it is known who they are.
        return Ok(Organizations {
            memberships: Vec::new(),
            requested: None,
            default: None,
            last_in_session: None,
        });
    };
    let visits = memberships::list_for_user(tx, &user.id).await?;
    let last_sign_in = |organization: &Organization| {
        visits
            .iter()
            .find(|visit| visit.organization_id == organization.id)
            .and_then(|visit| visit.last_sign_in_at)
    };
    let belongs_to = organizations::list_for_user(tx, &user.id).await?;
    let memberships = belongs_to
        .into_iter()
        .map(|organization| Member {
            last_sign_in_at: last_sign_in(&organization),
            organization,
        })
        .collect();
    let requested = match wanted {
        Some(code) => requested(tx, code, user).await?,
        None => None,
    };
    let default = organizations::find_default(tx)
        .await?
        .map(|default| default.id);
    Ok(Organizations {
        memberships,
        requested,
        default,
        last_in_session: session.organization_id.clone(),
    })
}

async fn requested(
    tx: &mut Tx,
    code: &OrganizationId,
    user: &User,
) -> sqlx::Result<Option<Requested>> {
    let subject = users::find_subject(tx, &user.id).await?;
    let proven = subject.as_ref().and_then(Subject::proven_email);
    let found = members::find_admitting(tx, code, proven).await?;
    Ok(found.map(|(organization, admits)| Requested {
        organization,
        admits,
    }))
}
