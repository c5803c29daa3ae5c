//! What tokens say of organizations: the one they are for, and those the user belongs to.

use super::attributes::{self, Attributes};
use crate::access::{Catalogues, RoleScope, evaluate};
use crate::clients::RegisteredClient;
use crate::clock::Timestamp;
use crate::protocol::scope::is_reserved;
use crate::protocol::{OAuthError, Scopes};
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
    /// The scopes of APIs that the roles grant.
    pub scopes: Vec<RoleScope>,
}

impl Memberships {
    /// What tokens for `audiences` allow: of what was granted, what the client may still have, and what the user's
    /// roles add. Pure.
    pub fn scopes_at(
        &self,
        client: &RegisteredClient,
        granted: &Scopes,
        audiences: &[String],
    ) -> Scopes {
        let allowed = client.allowed_scopes(granted, audiences);
        match &self.current {
            Some(current) => allowed.union(&current.role_scopes(client, audiences)),
            None => allowed,
        }
    }
}

impl Current {
    /// The scopes that roles add to a token of this client for `audiences`. Pure.
    ///
    /// They come from the organization alone, not from what the client may ask for. Yet a client that has to
    /// ask the End-User gets no more than they allowed it. And a scope is a name, which two APIs may use: in a
    /// token for both it is left out when the roles do not grant it at both.
    pub fn role_scopes(&self, client: &RegisteredClient, audiences: &[String]) -> Scopes {
        if client.client.requires_consent {
            return Scopes::default();
        }
        let is_granted = |scope: &str, audience: &str| {
            let mut granted = self.scopes.iter();
            granted.any(|one| one.scope.as_str() == scope && one.audience == audience)
        };
        let everywhere = |scope: &str| {
            let chosen = client.apis.iter();
            let mut chosen = chosen.filter(|api| audiences.contains(&api.audience));
            chosen.all(|api| !api.defined.contains(scope) || is_granted(scope, &api.audience))
        };
        let wanted = self.scopes.iter().filter(|one| {
            let scope = one.scope.as_str();
            audiences.contains(&one.audience) && !is_reserved(scope) && everywhere(scope)
        });
        wanted.map(|one| one.scope.clone()).collect()
    }
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
        scopes: access
            .roles
            .iter()
            .flat_map(|role| catalogue.scopes(&role.id))
            .cloned()
            .collect(),
        roles: access.roles.into_iter().cloned().collect(),
        permissions: access.permissions.into_iter().map(str::to_owned).collect(),
    };
    Ok(Ok((Some(current), all)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::CallableApi;
    use crate::id::{ApiId, ClientId, OrganizationId};
    use crate::protocol::Scope;
    use crate::protocol::client::ApplicationKind;

    fn granted(pairs: &[(&str, &str)]) -> Current {
        let scopes = pairs.iter().map(|(audience, scope)| RoleScope {
            audience: (*audience).to_owned(),
            scope: Scope::parse(scope).unwrap(),
        });
        Current {
            organization: Shown {
                id: OrganizationId::parse("org_00000000001").unwrap(),
                name: "Acme".to_owned(),
                external_id: None,
                sessions_end_with_browser: false,
                suspended_at: None,
            },
            roles: Vec::new(),
            permissions: Vec::new(),
            scopes: scopes.collect(),
        }
    }

    #[test]
    fn roles_add_scopes_of_the_apis_that_the_token_is_for() {
        let id = ClientId::generate(&mut rand::rng());
        let mut client = RegisteredClient::example(id, ApplicationKind::Web);
        client.apis = [("orders", "read write openid"), ("billing", "read pay")]
            .map(|(audience, defined)| CallableApi {
                id: ApiId::generate(&mut rand::rng()),
                audience: audience.to_owned(),
                allowed: Scopes::default(),
                defined: defined.parse().unwrap(),
            })
            .into();
        let both = &["orders", "billing"][..];
        // granted by roles, audiences of the token, added
        for (pairs, audiences, expected) in [
            (&[][..], both, ""),
            (&[("orders", "write")], &["orders"], "write"),
            (&[("orders", "write")], &["billing"], ""),
            (&[("orders", "write")], &[], ""),
            (
                &[("orders", "write"), ("billing", "pay")],
                both,
                "write pay",
            ),
            // Both define `read`; it is granted at one.
            (&[("orders", "read")], both, ""),
            (&[("orders", "read")], &["orders"], "read"),
            (&[("orders", "read"), ("billing", "read")], both, "read"),
            // Of OpenID Connect, whatever an API calls so.
            (&[("orders", "openid")], &["orders"], ""),
        ] {
            let audiences: Vec<String> = audiences.iter().map(|one| (*one).to_owned()).collect();
            let added = granted(pairs).role_scopes(&client, &audiences);
            assert_eq!(added, expected.parse().unwrap(), "{pairs:?} {audiences:?}");
        }
        let audiences = ["orders".to_owned()];
        let granted = granted(&[("orders", "write")]);
        client.client.requires_consent = true;
        assert!(granted.role_scopes(&client, &audiences).is_empty());
    }
}
