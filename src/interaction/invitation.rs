//! The invitation that a request names: what it means for whoever has opened it, and accepting it.

use rand::CryptoRng;

use super::facts::SignedIn;
use crate::clock::Timestamp;
use crate::directory::claims;
use crate::directory::invitations::{self, State};
use crate::id::{InvitationCode, OrganizationId};
use crate::protocol::authorization::AuthorizationRequest;
use crate::store::identities;
use crate::store::interactions::{Interaction, Progress, Screen};
use crate::store::invitations::{self as stored, Invitation};
use crate::store::organizations::Organization;
use crate::store::{Db, Tx, organizations};

/// What an invitation means for a sign-in.
#[derive(Debug, Clone)]
pub enum Invited {
    /// Nothing: it can't be accepted.
    Closed(Closed),
    /// Whoever is signed in has accepted it.
    Joined(OrganizationId),
    /// Somebody is asked to join.
    Open(Box<OpenInvitation>),
}

/// Why an invitation can't be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// Somebody has joined by it.
    Accepted,
    /// It was not accepted in time.
    Expired,
    /// The organization is suspended.
    OrganizationSuspended,
    /// It was withdrawn.
    Revoked,
    /// There is none of that code.
    Unknown,
}

/// An invitation that can be accepted.
#[derive(Debug, Clone)]
pub struct OpenInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// To which organization.
    pub organization: Organization,
    /// Whether there is an account for whoever proves that address. One that merely claims it says nothing of the
    /// invited person, and gives way.
    pub has_account: bool,
    /// Whose it is, as far as who is signed in knows.
    pub addressee: Addressee,
}

/// Whose an invited address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressee {
    /// Somebody else's than whoever is signed in, if anybody is.
    Another,
    /// Theirs, and proven to be.
    Proven,
    /// Theirs, as is said; not proven.
    Unproven,
}

impl OpenInvitation {
    /// The door at which the invited person stands: into their account, or into a new one.
    pub fn door(&self) -> Progress {
        let (screen, identifier) = if self.has_account {
            (Screen::SignIn, Some(self.invitation.email.clone()))
        } else {
            (Screen::Register, None)
        };
        Progress {
            screen,
            identifier,
            ..Progress::default()
        }
    }

    /// The door at which they prove that the address is theirs: a code is mailed there, for a new password; or for a
    /// new account, to which the present one gives way.
    pub fn proof(&self) -> Progress {
        if !self.has_account {
            return self.door();
        }
        Progress {
            screen: Screen::ForgotPassword,
            identifier: Some(self.invitation.email.clone()),
            ..Progress::default()
        }
    }
}

/// What the invitation that a request names means; nothing when it names none.
pub async fn find(
    tx: &mut Tx,
    request: &AuthorizationRequest,
    signed_in: Option<&SignedIn>,
    now: Timestamp,
) -> sqlx::Result<Option<Invited>> {
    let Some(code) = &request.invitation_code else {
        return Ok(None);
    };
    let invitation = match InvitationCode::parse(code.expose()) {
        Some(code) => stored::find(tx, &code).await?,
        None => None,
    };
    look_at(tx, invitation, signed_in, now).await.map(Some)
}

/// What an invitation means for whoever is signed in, if there is one of the code that was asked for.
pub async fn look_at(
    tx: &mut Tx,
    invitation: Option<Invitation>,
    signed_in: Option<&SignedIn>,
    now: Timestamp,
) -> sqlx::Result<Invited> {
    let Some(invitation) = invitation else {
        return Ok(Invited::Closed(Closed::Unknown));
    };
    let user = signed_in.map(|signed_in| &signed_in.user.id);
    let closed = match invitations::state(&invitation, now) {
        State::Accepted if user.is_some() && user == invitation.accepted_by.as_ref() => {
            return Ok(Invited::Joined(invitation.organization_id));
        }
        State::Accepted => Closed::Accepted,
        State::Expired => Closed::Expired,
        State::Revoked => Closed::Revoked,
        State::Open => return open(tx, invitation, signed_in).await,
    };
    Ok(Invited::Closed(closed))
}

async fn open(
    tx: &mut Tx,
    invitation: Invitation,
    signed_in: Option<&SignedIn>,
) -> sqlx::Result<Invited> {
    let organization = organizations::find(tx, &invitation.organization_id).await?;
    let Some(organization) = organization.filter(|found| found.suspended_at.is_none()) else {
        return Ok(Invited::Closed(Closed::OrganizationSuspended));
    };
    let theirs = match signed_in {
        Some(signed_in) => identities::list_for_user(tx, &signed_in.user.id).await?,
        None => Vec::new(),
    };
    let addressee = match invitations::addressed(&invitation, &theirs) {
        None => Addressee::Another,
        Some(identity) if identity.verified_at.is_some() => Addressee::Proven,
        Some(_) => Addressee::Unproven,
    };
    // A claim that gives way leads nobody into the account.
    let entered = claims::find_entered(tx, &invitation.email).await?;
    Ok(Invited::Open(Box::new(OpenInvitation {
        invitation,
        organization,
        has_account: entered.is_some(),
        addressee,
    })))
}

/// The invitation by which a new account with this proven address joins, if the request names one.
pub(super) async fn for_new_account(
    tx: &mut Tx,
    interaction: &Interaction,
    proven: &str,
    now: Timestamp,
) -> sqlx::Result<Option<Invitation>> {
    if interaction.progress.0.invitation_declined {
        return Ok(None);
    }
    let found = find(tx, &interaction.request.0, None, now).await?;
    Ok(match found {
        Some(Invited::Open(open)) if open.invitation.email_key == proven => Some(open.invitation),
        _ => None,
    })
}

/// Lets the signed-in user join by an invitation. Whether they may, and whether it is still open, is decided by the
/// write; then it is asked anew what comes next.
pub async fn accept(
    db: &Db,
    invitation: &Invitation,
    signed_in: &SignedIn,
    now: Timestamp,
    rng: &mut (impl CryptoRng + Send),
) -> sqlx::Result<()> {
    let mut tx = db.write().await?;
    invitations::accept(&mut tx, invitation, &signed_in.user.id, now, rng).await?;
    tx.commit().await
}
