//! What tokens say of organizations: the one they are for, and those the user belongs to.

use super::attributes::{self, Attributes};
use crate::access::{Catalogues, RoleScope, combine};
use crate::clients::RegisteredClient;
use crate::clock::Timestamp;
use crate::id::OrganizationId;
use crate::protocol::scope::is_reserved;
use crate::protocol::{OAuthError, Scopes};
use crate::store::grants::Grant;
use crate::store::memberships::Held;
use crate::store::organizations::{Named, Shown};
use crate::store::roles::Role;
use crate::store::{Tx, memberships, organizations};

/// The organizations of a user, as tokens show them.
#[derive(Debug, Clone, Default)]
pub struct Memberships {
    /// The one that the tokens are for.
    pub current: Option<Current>,
    /// All that the user belongs to, by code.
    pub all: Vec<OrganizationId>,
    /// The same with their names, where the client's tokens say these.
    pub named: Vec<Named>,
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
    async fn read(
        tx: &mut Tx,
        catalogues: &Catalogues,
        held: &Held,
        now: Timestamp,
    ) -> sqlx::Result<Self> {
        let catalogue = catalogues.current(tx, now).await?;
        let access = combine(&catalogue, &held.roles(), &held.permissions());
        let scopes = access.roles.iter();
        let scopes = scopes.flat_map(|role| catalogue.scopes(&role.id));
        Ok(Self {
            organization: held.organization.clone(),
            scopes: scopes.cloned().collect(),
            roles: access.roles.into_iter().cloned().collect(),
            permissions: access.permissions.into_iter().map(str::to_owned).collect(),
        })
    }

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
    let held = match find_held(tx, grant, now).await? {
        Ok(held) => held,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let current = match &held {
        Some(held) => Some(Current::read(tx, catalogues, held, now).await?),
        None => None,
    };
    if let Err(refusal) = check_admission(registered, current.as_ref()) {
        return Ok(Err(refusal));
    }
    let client = &registered.client;
    let shows_names = client.claim_switches.0.organizations;
    let named = if shows_names || held.is_none() {
        organizations::list_named_for_user(tx, &grant.user_id).await?
    } else {
        Vec::new()
    };
    let all = match held {
        Some(held) => held.organizations(),
        None => named.iter().map(|one| one.id.clone()).collect(),
    };
    let whose = (&grant.user_id, grant.organization_id.as_ref());
    Ok(Ok(Memberships {
        current,
        all,
        named,
        attributes: attributes::of_user(tx, catalogues, client, whose, now).await?,
    }))
}

/// The organization that a grant is for, if any, with what its user has there now.
///
/// Returns `invalid_grant` when the grant is for an organization that its user has left, or that is suspended.
pub async fn find_current(
    tx: &mut Tx,
    catalogues: &Catalogues,
    grant: &Grant,
    now: Timestamp,
) -> sqlx::Result<Result<Option<Current>, OAuthError>> {
    Ok(match find_held(tx, grant, now).await? {
        Ok(Some(held)) => Ok(Some(Current::read(tx, catalogues, &held, now).await?)),
        Ok(None) => Ok(None),
        Err(refusal) => Err(refusal),
    })
}

/// The membership that a grant is for, if it is for any.
async fn find_held(
    tx: &mut Tx,
    grant: &Grant,
    now: Timestamp,
) -> sqlx::Result<Result<Option<Held>, OAuthError>> {
    let Some(wanted) = &grant.organization_id else {
        return Ok(Ok(None));
    };
    let Some(held) = memberships::find_held(tx, wanted, &grant.user_id, now).await? else {
        return Ok(Err(OAuthError::invalid_grant(
            "the End-User does not belong to the organization any more",
        )));
    };
    if held.organization.suspended_at.is_some() {
        return Ok(Err(OAuthError::invalid_grant(
            "the organization is suspended",
        )));
    }
    Ok(Ok(Some(held)))
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
