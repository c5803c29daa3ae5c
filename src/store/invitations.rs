//! Invitations to organizations, with the roles that whoever accepts one is given.

use serde::Serialize;
use sqlx::FromRow;

use super::Tx;
use super::types::keys;
use crate::clock::Timestamp;
use crate::id::{ClientId, InvitationCode, OrganizationId, RoleId, UserId};

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct Invitation {
    /// Names it, in links too.
    pub code: InvitationCode,
    /// To which organization.
    pub organization_id: OrganizationId,
    /// The application that its link leads to, when one was named.
    pub client_id: Option<ClientId>,
    /// Who is invited.
    pub email: String,
    /// What two spellings of the address have in common.
    #[serde(skip)]
    pub email_key: String,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// When it was mailed.
    pub sent_at: Option<Timestamp>,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// By whom.
    pub accepted_by: Option<UserId>,
    /// When it was withdrawn.
    pub revoked_at: Option<Timestamp>,
}

/// The invitation of that code.
pub async fn find(tx: &mut Tx, code: &InvitationCode) -> sqlx::Result<Option<Invitation>> {
    tx.optional("SELECT * FROM invitations WHERE code = $1", (code,))
        .await
}

/// Adds an invitation.
pub async fn insert(tx: &mut Tx, invitation: &Invitation) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO invitations (code, organization_id, client_id, email, email_key, given_name, family_name,
            created_at, expires_at, sent_at, accepted_at, accepted_by, revoked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        (
            &invitation.code,
            &invitation.organization_id,
            &invitation.client_id,
            &invitation.email,
            &invitation.email_key,
            &invitation.given_name,
            &invitation.family_name,
            invitation.created_at,
            invitation.expires_at,
            invitation.sent_at,
            invitation.accepted_at,
            &invitation.accepted_by,
            invitation.revoked_at,
        ),
    )
    .await?;
    Ok(())
}

/// Which invitations of an organization are listed.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// Those that were accepted, too.
    pub with_accepted: bool,
    /// Those that were withdrawn, too.
    pub with_revoked: bool,
}

/// By what invitations are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// When they were made.
    Created,
    /// The address, whatever its case.
    Email,
    /// The full name.
    Name,
}

/// An invitation at its place in a list.
#[derive(Debug, Clone, FromRow)]
pub struct Listed {
    /// The invitation.
    #[sqlx(flatten)]
    pub invitation: Invitation,
    /// What it is sorted by.
    pub position: String,
}

/// The statement for one order: what is shown as the position, and what is compared with it.
macro_rules! page {
    ($position:literal, $compared:literal, $beyond:literal, $direction:literal) => {
        concat!(
            "SELECT invitations.*, ",
            $position,
            " AS position FROM invitations
             WHERE organization_id = $1 AND ($2 OR accepted_at IS NULL) AND ($3 OR revoked_at IS NULL)
                AND (",
            $compared,
            $beyond,
            " $4 OR (",
            $compared,
            " = $4 AND code ",
            $beyond,
            " $5))
             ORDER BY ",
            $compared,
            " ",
            $direction,
            ", code ",
            $direction,
            " LIMIT $6"
        )
    };
}

/// The same, in either direction.
macro_rules! pages {
    ($descends:expr, $position:literal, $compared:literal) => {
        if $descends {
            page!($position, $compared, "<", "DESC")
        } else {
            page!($position, $compared, ">", "ASC")
        }
    };
}

/// The invitations of an organization, in order, from the one after a place on: the position there and the code.
/// An order by time reads the position as seconds; one that is no number lies before or after all.
pub async fn list(
    tx: &mut Tx,
    organization: &OrganizationId,
    filter: Filter,
    (order, descends): (Order, bool),
    (position, code): (&str, &str),
    limit: i64,
) -> sqlx::Result<Vec<Listed>> {
    let Filter {
        with_accepted,
        with_revoked,
    } = filter;
    let statement = match order {
        Order::Created => {
            let edge = if descends { i64::MAX } else { i64::MIN };
            let position = Timestamp::from_unix(position.parse().unwrap_or(edge));
            let statement = pages!(descends, "CAST(created_at AS TEXT)", "created_at");
            let (accepted, revoked) = (with_accepted, with_revoked);
            let parameters = (organization, accepted, revoked, position, code, limit);
            return tx.all(statement, parameters).await;
        }
        Order::Email => pages!(descends, "email_key", "email_key"),
        Order::Name => pages!(
            descends,
            "(COALESCE(given_name, '') || ' ' || COALESCE(family_name, ''))",
            "(COALESCE(given_name, '') || ' ' || COALESCE(family_name, ''))"
        ),
    };
    let parameters = (
        organization,
        with_accepted,
        with_revoked,
        position,
        code,
        limit,
    );
    tx.all(statement, parameters).await
}

/// Notes that an invitation was mailed.
pub async fn mark_sent(tx: &mut Tx, code: &InvitationCode, now: Timestamp) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE invitations SET sent_at = $2 WHERE code = $1",
        (code, now),
    )
    .await?;
    Ok(())
}

/// Lets a user accept an invitation, once: it is open, its address is proven to be theirs, and the organization is not
/// suspended. Returns false, and changes nothing, when one of these does not hold.
pub async fn accept(
    tx: &mut Tx,
    code: &InvitationCode,
    user: &UserId,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let accepted = tx
        .execute(
            "UPDATE invitations SET accepted_at = $3, accepted_by = $2
             WHERE code = $1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3
                AND EXISTS (
                    SELECT 1 FROM identities
                    WHERE identities.user_id = $2 AND identities.kind = 'email'
                        AND identities.value_key = invitations.email_key AND identities.verified_at IS NOT NULL)
                AND EXISTS (
                    SELECT 1 FROM organizations
                    WHERE organizations.id = invitations.organization_id AND organizations.suspended_at IS NULL)",
            (code, user, now),
        )
        .await?;
    Ok(accepted == 1)
}

/// Withdraws an invitation. Returns false when it was accepted or withdrawn before.
pub async fn revoke(tx: &mut Tx, code: &InvitationCode, now: Timestamp) -> sqlx::Result<bool> {
    let revoked = tx
        .execute(
            "UPDATE invitations SET revoked_at = $2
             WHERE code = $1 AND accepted_at IS NULL AND revoked_at IS NULL",
            (code, now),
        )
        .await?;
    Ok(revoked == 1)
}

/// The invitations of an address to an organization that were neither accepted nor withdrawn.
pub async fn list_pending(
    tx: &mut Tx,
    organization: &OrganizationId,
    email_key: &str,
) -> sqlx::Result<Vec<Invitation>> {
    tx.all(
        "SELECT * FROM invitations
         WHERE organization_id = $1 AND email_key = $2 AND accepted_at IS NULL AND revoked_at IS NULL
         ORDER BY code",
        (organization, email_key),
    )
    .await
}

/// Lets an invitation give a role.
pub async fn insert_role(tx: &mut Tx, code: &InvitationCode, role: &RoleId) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO invitation_roles (code, role_id) VALUES ($1, $2) ON CONFLICT (code, role_id) DO NOTHING",
        (code, role),
    )
    .await?;
    Ok(())
}

/// A role that an invitation gives.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct GivenRole {
    /// The invitation.
    pub code: InvitationCode,
    /// The role.
    pub role_id: RoleId,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
}

/// The roles that these invitations give, by key.
pub async fn list_roles(
    tx: &mut Tx,
    codes: impl IntoIterator<Item = &InvitationCode>,
) -> sqlx::Result<Vec<GivenRole>> {
    tx.all(
        "SELECT invitation_roles.code, roles.id AS role_id, roles.key, roles.name
         FROM invitation_roles JOIN roles ON roles.id = invitation_roles.role_id
         WHERE invitation_roles.code IN (SELECT key FROM json_each(json($1)))
         ORDER BY roles.key",
        (keys(codes.into_iter().map(InvitationCode::as_str)),),
    )
    .await
}
