//! Invitations: somebody is asked by mail address to join an organization, with roles.
//!
//! # Decision
//!
//! The code in the link is a name, not a secret: the API lists it, and a mail can be passed on. What lets
//! somebody accept is that the invited address is theirs, proven as for every account. So whoever finds a
//! link can't join by it; they learn who is invited where, and on the first page whether that address has
//! an account.
//!
//! One invitation at a time is open to an address and an organization: a new one withdraws the former, so
//! that the last word on roles counts, and a link that went astray can be made void by inviting again.

use rand::CryptoRng;
use serde_json::{Value, json};

use crate::access::members;
use crate::audit::{self, Actor};
use crate::clock::{Seconds, Timestamp};
use crate::id::{ClientId, InvitationCode, RoleId, UserId};
use crate::protocol::client::ApplicationKind;
use crate::store::assignments::Source;
use crate::store::clients::{self, Client};
use crate::store::identities::{Identity, IdentityKind};
use crate::store::invitations::{self, Invitation};
use crate::store::organizations::Organization;
use crate::store::{Tx, identities, memberships};

/// What has become of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Somebody has joined by it.
    Accepted,
    /// It was not accepted in time.
    Expired,
    /// It can be accepted.
    Open,
    /// It was withdrawn.
    Revoked,
}

/// What has become of an invitation. Pure.
pub fn state(invitation: &Invitation, now: Timestamp) -> State {
    if invitation.revoked_at.is_some() {
        State::Revoked
    } else if invitation.accepted_at.is_some() {
        State::Accepted
    } else if invitation.expires_at <= now {
        State::Expired
    } else {
        State::Open
    }
}

/// The identity that the invited address is, among those of a user. Pure.
///
/// It need not be the primary one: people have several addresses, and are invited by any of them.
pub fn addressed<'a>(invitation: &Invitation, identities: &'a [Identity]) -> Option<&'a Identity> {
    identities.iter().find(|identity| {
        identity.kind.0 == IdentityKind::Email
            && IdentityKind::Email.key(&identity.value) == invitation.email_key
    })
}

/// Somebody to be invited. Texts are checked by [`identifier`](super::identifier).
#[derive(Debug)]
pub struct NewInvitation {
    /// The application that the link leads to; without one, it is chosen when the link is opened.
    pub client: Option<ClientId>,
    /// The mail address.
    pub email: String,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// What they are given there.
    pub roles: Vec<RoleId>,
    /// How long it can be accepted.
    pub lifetime: Seconds,
}

/// Why nobody was invited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The address belongs to somebody who belongs to the organization.
    #[error("who has this address belongs to the organization already: change their roles instead")]
    AlreadyAMember,
    /// Nobody signs in to the organization.
    #[error("the organization is suspended: resume it before anybody is invited")]
    Suspended,
}

/// Invites somebody to an organization. An invitation of the same address to it that is pending is withdrawn.
///
/// `organization` is as [`find_to_change`](crate::store::organizations::find_to_change) read it, so that two who
/// invite the same person at once come one after the other.
pub async fn invite(
    tx: &mut Tx,
    actor: Actor<'_>,
    organization: &Organization,
    new: NewInvitation,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<Invitation, Refusal>> {
    if organization.suspended_at.is_some() {
        return Ok(Err(Refusal::Suspended));
    }
    let email_key = IdentityKind::Email.key(&new.email);
    let owner = identities::find_by_value(tx, IdentityKind::Email, &new.email).await?;
    if let Some(owner) = owner
        && memberships::find(tx, &organization.id, &owner.user_id)
            .await?
            .is_some()
    {
        return Ok(Err(Refusal::AlreadyAMember));
    }
    for earlier in invitations::list_pending(tx, &organization.id, &email_key).await? {
        revoke(tx, actor, &earlier, now, rng).await?;
    }
    let invitation = Invitation {
        code: InvitationCode::generate(rng),
        organization_id: organization.id.clone(),
        client_id: new.client,
        email: new.email,
        email_key,
        given_name: new.given_name,
        family_name: new.family_name,
        created_at: now,
        expires_at: now.plus(new.lifetime),
        sent_at: None,
        accepted_at: None,
        accepted_by: None,
        revoked_at: None,
    };
    invitations::insert(tx, &invitation).await?;
    for role in &new.roles {
        invitations::insert_role(tx, &invitation.code, role).await?;
    }
    let mut details = audit::difference(None, Some(&invitation));
    details["after"]["roles"] = json!(new.roles);
    let code = invitation.code.as_str();
    audit::record(tx, actor, "invitation.created", code, details, now, rng).await?;
    Ok(Ok(invitation))
}

/// Notes that the mail with the link is on its way.
pub async fn record_sent(
    tx: &mut Tx,
    actor: Actor<'_>,
    invitation: &mut Invitation,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    invitations::mark_sent(tx, &invitation.code, now).await?;
    invitation.sent_at = Some(now);
    let details = event(invitation);
    let code = invitation.code.as_str();
    audit::record(tx, actor, "invitation.sent", code, details, now, rng).await
}

/// Withdraws an invitation. Returns false when it was accepted or withdrawn before.
pub async fn revoke(
    tx: &mut Tx,
    actor: Actor<'_>,
    invitation: &Invitation,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<bool> {
    if !invitations::revoke(tx, &invitation.code, now).await? {
        return Ok(false);
    }
    let details = event(invitation);
    let code = invitation.code.as_str();
    audit::record(tx, actor, "invitation.revoked", code, details, now, rng).await?;
    Ok(true)
}

/// Lets a user join an organization by an invitation. Returns false, and changes nothing, when the invitation is not
/// open any more, its address is not proven to be theirs, or the organization is suspended.
pub async fn accept(
    tx: &mut Tx,
    invitation: &Invitation,
    user: &UserId,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<bool> {
    if !invitations::accept(tx, &invitation.code, user, now).await? {
        return Ok(false);
    }
    let (actor, organization) = (Actor::User(user), &invitation.organization_id);
    members::join(tx, actor, organization, user, now, rng).await?;
    // A role that was removed meanwhile is not given: the rest of what was meant still holds.
    for role in invitations::list_roles(tx, [&invitation.code]).await? {
        let what = (&role.role_id, Source::Invitation, None);
        // They have just joined, or belonged to it before.
        let _ = members::assign_role(tx, actor, (organization, user), what, now, rng).await?;
    }
    let mut details = event(invitation);
    details["user"] = json!(user);
    let code = invitation.code.as_str();
    audit::record(tx, actor, "invitation.accepted", code, details, now, rng).await?;
    Ok(true)
}

/// What every event of an invitation tells.
fn event(invitation: &Invitation) -> Value {
    json!({ "organization": invitation.organization_id, "email": invitation.email })
}

/// The application that an invitation leads to, which has a login URI: its own, or else the oldest one that has any.
pub async fn entrance(tx: &mut Tx, invitation: &Invitation) -> sqlx::Result<Option<Client>> {
    let own = match &invitation.client_id {
        Some(id) => clients::find(tx, id).await?,
        None => None,
    };
    match own.filter(|client| client.disabled_at.is_none() && starts_sign_ins(client)) {
        Some(own) => Ok(Some(own)),
        None => clients::find_entrance(tx).await,
    }
}

/// Whether an application has a page where people start to sign in. Pure.
pub fn starts_sign_ins(client: &Client) -> bool {
    client.kind.0 != ApplicationKind::Machine && client.login_uri.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{IdentityId, OrganizationId};
    use crate::store::types::Text;

    const NOW: Timestamp = Timestamp::from_unix(1000);

    fn invitation() -> Invitation {
        Invitation {
            code: InvitationCode::generate(&mut rand::rng()),
            organization_id: OrganizationId::generate(&mut rand::rng()),
            client_id: None,
            email: "Grace@example.test".to_owned(),
            email_key: "grace@example.test".to_owned(),
            given_name: None,
            family_name: None,
            created_at: NOW,
            expires_at: NOW.plus(Seconds::new(1)),
            sent_at: None,
            accepted_at: None,
            accepted_by: None,
            revoked_at: None,
        }
    }

    #[test]
    fn an_invitation_ends_by_acceptance_withdrawal_or_time() {
        let open = invitation();
        assert_eq!(state(&open, NOW), State::Open);
        assert_eq!(state(&open, open.expires_at), State::Expired);
        let accepted = Invitation {
            accepted_at: Some(NOW),
            ..open.clone()
        };
        assert_eq!(state(&accepted, open.expires_at), State::Accepted);
        let revoked = Invitation {
            revoked_at: Some(NOW),
            ..open
        };
        assert_eq!(state(&revoked, NOW), State::Revoked);
    }

    #[test]
    fn an_invitation_is_addressed_to_whoever_has_the_address_among_theirs() {
        let user = UserId::generate(&mut rand::rng());
        let identity = |kind, value: &str| Identity {
            id: IdentityId::generate(&mut rand::rng()),
            user_id: user.clone(),
            kind: Text(kind),
            value: value.to_owned(),
            verified_at: None,
            is_primary: false,
            sign_ins: 0,
            last_sign_in_at: None,
            created_at: NOW,
            set_aside_at: None,
        };
        let first = identity(IdentityKind::Email, "ada@example.test");
        for (kind, value, expected) in [
            (IdentityKind::Email, "grace@example.test", true),
            (IdentityKind::Email, "GRACE@example.test", true),
            (IdentityKind::Email, "grace@example.test.evil.test", false),
            (IdentityKind::Username, "grace@example.test", false),
        ] {
            let identities = [first.clone(), identity(kind, value)];
            let found = addressed(&invitation(), &identities);
            assert_eq!(found.is_some(), expected, "{value}");
        }
    }
}
