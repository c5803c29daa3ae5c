//! Says what tokens would tell of a user, and why, without minting any.

use std::sync::Arc;

use rand::CryptoRng;

use super::keyring::Claims;
use super::mint::token_id;
use super::{Entitlement, claims, membership};
use crate::access::{
    self, AtClient, Catalogue, Catalogues, Explanation, Facts, Missing, Reason, Standing, members,
};
use crate::clients::RegisteredClient;
use crate::clock::Timestamp;
use crate::id::{GrantId, SessionId};
use crate::protocol::claims::ClaimsRequest;
use crate::protocol::{Issuer, scope};
use crate::store::assignments::RoleAssignment;
use crate::store::grants::Grant;
use crate::store::organizations::Organization;
use crate::store::types::{Json, Text};
use crate::store::users::Subject;
use crate::store::{Tx, assignments, memberships};

/// The claims that a real token would have with other values.
pub const HYPOTHETICAL: &[&str] = &[
    "acr",
    "amr",
    "auth_time",
    "exp",
    claims::GRANT_ID,
    "iat",
    "jti",
    "rat",
    "sid",
];

/// What is asked.
#[derive(Debug)]
pub struct Question<'a> {
    /// Of whom.
    pub subject: Subject,
    /// In which organization, if any.
    pub organization: Option<Organization>,
    /// In tokens of which client, if any.
    pub client: Option<&'a RegisteredClient>,
    /// The permissions that are expected there, by key.
    pub expected: &'a [String],
    /// The authentication context class of a usual sign-in.
    pub acr: &'a str,
}

/// What tokens would say, and why.
#[derive(Debug)]
pub struct Explained {
    /// What keeps any token from the user.
    pub obstacles: Vec<Reason>,
    /// What the tokens would say, if there would be any.
    pub tokens: Option<Preview>,
    /// The roles that the user has there, expired ones included.
    pub roles: Vec<RoleAssignment>,
    /// Where each permission comes from, expired ones included.
    pub permissions: Vec<Explanation>,
    /// What is expected, and not in the token.
    pub missing: Vec<Missing>,
    /// The roles and permissions of the business.
    pub catalogue: Arc<Catalogue>,
}

/// The claims of tokens that nobody has minted.
#[derive(Debug)]
pub struct Preview {
    /// Of the access token.
    pub access_token: Claims,
    /// Of the ID Token, if the client may ask for one; but for `at_hash`, as there is no token to hash.
    pub id_token: Option<Claims>,
}

/// Answers a question as of now.
pub async fn explain(
    tx: &mut Tx,
    catalogues: &Catalogues,
    issuer: &Issuer,
    question: Question<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Explained> {
    let user = question.subject.user.id.clone();
    let catalogue = catalogues.current(tx, now).await?;
    let mut facts = Facts {
        is_user_suspended: question.subject.user.suspended_at.is_some(),
        client: AtClient::default(),
        organization: None,
    };
    let (mut roles, mut direct) = (Vec::new(), Vec::new());
    if let Some(organization) = &question.organization {
        let membership = memberships::find(tx, &organization.id, &user).await?;
        let proven = question.subject.proven_email();
        let admitting = members::find_admitting(tx, &organization.id, proven).await?;
        facts.organization = Some(Standing {
            is_member: membership.is_some(),
            would_join: admitting.is_some_and(|(_, admits)| admits),
            is_suspended: organization.suspended_at.is_some(),
        });
        roles = assignments::list_roles(tx, &organization.id, &user).await?;
        direct = assignments::list_permissions(tx, &organization.id, &user).await?;
    }
    let permissions = access::explain(&catalogue, &roles, &direct, now);
    if let Some(client) = question.client {
        let access = access::evaluate(&catalogue, &roles, &direct, now);
        let admits = client.admits(access.roles.iter().map(|role| &role.id));
        // Who does not belong there can hold no role of the client, and is told the former.
        let is_outside = facts.organization.is_some_and(|here| !here.is_member);
        facts.client.is_disabled = !client.is_enabled();
        facts.client.is_closed = !admits && !is_outside;
    }
    let expected = question.expected;
    let obstacles = facts.obstacles();
    let tokens = match question.client {
        Some(client) if obstacles.is_empty() => {
            preview(tx, catalogues, issuer, client, question, now, rng).await?
        }
        _ => None,
    };
    facts.client.is_omitted = tokens.as_ref().is_some_and(|tokens| {
        tokens
            .access_token
            .contains_key(claims::PERMISSIONS_OMITTED)
    });
    let missing = expected
        .iter()
        .filter_map(|key| access::missing(&catalogue, key, &permissions, &facts));
    Ok(Explained {
        obstacles,
        tokens,
        missing: missing.collect(),
        roles,
        permissions,
        catalogue,
    })
}

/// What the tokens of a client would say if the user allowed it everything that it may ask for.
async fn preview(
    tx: &mut Tx,
    catalogues: &Catalogues,
    issuer: &Issuer,
    registered: &RegisteredClient,
    question: Question<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Option<Preview>> {
    let client = &registered.client;
    let audiences: Vec<String> = registered
        .apis
        .iter()
        .map(|api| api.audience.clone())
        .collect();
    let scopes = client.scopes.0.union(&registered.api_scopes(&audiences));
    let grant = Grant {
        id: GrantId::generate(rng),
        user_id: question.subject.user.id.clone(),
        client_id: client.id.clone(),
        session_id: SessionId::generate(rng),
        organization_id: question.organization.map(|organization| organization.id),
        scopes: Text(scopes.clone()),
        audiences: Json(audiences),
        claims: Json(ClaimsRequest::default()),
        auth_time: now,
        methods: "pwd".to_owned(),
        acr: question.acr.to_owned(),
        nonce: None,
        requested_at: now,
        created_at: now,
        expires_at: now.plus(client.access_token_lifetime_seconds),
        revoked_at: None,
    };
    let Ok(memberships) = membership::load(tx, catalogues, registered, &grant, now).await? else {
        return Ok(None);
    };
    let entitlement = Entitlement {
        grant,
        subject: question.subject,
        memberships,
        scopes,
        refresh_token: None,
        nonce: None,
    };
    let id_token = entitlement.scopes.contains(scope::OPENID).then(|| {
        let mut claims = claims::id_token(issuer, client, &entitlement, "", &token_id(rng), now);
        claims.remove("at_hash");
        claims
    });
    let access_token = claims::access_token(issuer, client, &entitlement, &token_id(rng), now);
    Ok(Some(Preview {
        access_token,
        id_token,
    }))
}
