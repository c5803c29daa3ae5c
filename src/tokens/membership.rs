//! What tokens say of organizations: the one they are for, and those the user belongs to.

use super::attributes::{self, Attributes};
use crate::access::{Catalogues, evaluate};
use crate::clients::RegisteredClient;
use crate::clock::Timestamp;
use crate::protocol::OAuthError;
use crate::store::grants::Grant;
use crate::store::organizations::Shown;
use crate::store::roles::Role;
use crate::store::{Tx, assignments, organizations};

/// The organizations of a user, as tokens show them.
#[derive(Debug, Clone, Default)]
pub struct Memberships {
    /// The one that the tokens are for.
    pub current: Option<Current>,
    /// All that the user belongs to, by name.
    pub all: Vec<Shown>,
    /// The flags and properties of the user there.
    pub attributes: Attributes,
}

/// The organization that tokens are for, and what their user has there.
#[derive(Debug, Clone)]
pub struct Current {
    /// The organization.
    pub organization: Shown,
    /// The roles, by key.
    pub roles: Vec<Role>,
    /// The keys of the permissions, sorted, each once.
    pub permissions: Vec<String>,
}

/// That the client still lets their user in, where it controls access.
fn check_admission(
    registered: &RegisteredClient,
    current: Option<&Current>,
) -> Result<(), OAuthError> {
    let held = current.into_iter().flat_map(|here| &here.roles);
    if registered.admits(held.map(|role| &role.id)) {
        return Ok(());
    }
    Err(OAuthError::invalid_grant(
        "the application does not admit the End-User any more",
    ))
}

/// Reads them as they are now, with what the client's tokens say besides: changes show in the next token.
///
/// Returns `invalid_grant` when the grant is for an organization that its user has left, or that is suspended, or when
/// the client does not let them in any more.
pub(super) async fn load(
    tx: &mut Tx,
    catalogues: &Catalogues,
    registered: &RegisteredClient,
    grant: &Grant,
    now: Timestamp,
) -> sqlx::Result<Result<Memberships, OAuthError>> {
    let (current, all) = match find_current(tx, catalogues, grant, now).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Err(refusal) = check_admission(registered, current.as_ref()) {
        return Ok(Err(refusal));
    }
    let client = &registered.client;
    let whose = (&grant.user_id, grant.organization_id.as_ref());
    Ok(Ok(Memberships {
        current,
        all,
        attributes: attributes::of_user(tx, catalogues, client, whose, now).await?,
    }))
}

/// The organization that a grant is for, if any, with what its user has there now; and all that they belong to.
///
/// Returns `invalid_grant` when the grant is for an organization that its user has left, or that is suspended.
pub async fn find_current(
    tx: &mut Tx,
    catalogues: &Catalogues,
    grant: &Grant,
    now: Timestamp,
) -> sqlx::Result<Result<(Option<Current>, Vec<Shown>), OAuthError>> {
    let all = organizations::list_shown_for_user(tx, &grant.user_id).await?;
    let Some(wanted) = &grant.organization_id else {
        return Ok(Ok((None, all)));
    };
    let Some(organization) = all.iter().find(|organization| organization.id == *wanted) else {
        return Ok(Err(OAuthError::invalid_grant(
            "the End-User does not belong to the organization any more",
        )));
    };
    if organization.suspended_at.is_some() {
        return Ok(Err(OAuthError::invalid_grant(
            "the organization is suspended",
        )));
    }
    let roles = assignments::list_roles(tx, wanted, &grant.user_id).await?;
    let permissions = assignments::list_permissions(tx, wanted, &grant.user_id).await?;
    let catalogue = catalogues.current(tx, now).await?;
    let access = evaluate(&catalogue, &roles, &permissions, now);
    let current = Current {
        organization: organization.clone(),
        roles: access.roles.into_iter().cloned().collect(),
        permissions: access.permissions.into_iter().map(str::to_owned).collect(),
    };
    Ok(Ok((Some(current), all)))
}
