//! Answers the client, and closes the interaction.

use rand::CryptoRng;
use serde_json::json;

use super::facts::{Facts, SignedIn};
use crate::audit::{self, Actor};
use crate::clock::{Seconds, Timestamp};
use crate::id::OrganizationId;
use crate::protocol::authorization::AuthorizationRequest;
use crate::protocol::{Delivery, Issuer, OAuthError, Scopes};
use crate::store::interactions::{Consent, Interaction};
use crate::store::{Tx, consents, interactions, memberships, sessions};
use crate::tokens::authorize::{self, Authorization};

/// The authentication context class that a password reaches: the first level of NIST SP 800-63B.
pub const ACR: &str = "aal1";

/// Gives the client a code for these scopes, in that organization. Returns the answer; none
/// when one was given before, or the session has ended: then what was written is to be rolled back.
pub async fn respond(
    tx: &mut Tx,
    interaction: &Interaction,
    facts: &Facts,
    signed_in: &SignedIn,
    (scopes, organization): (Scopes, Option<OrganizationId>),
    (issuer, code_lifetime): (&Issuer, Seconds),
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Option<Delivery>> {
    let now = facts.now;
    // A session that has just ended gives nothing any more.
    if !sessions::touch(tx, &signed_in.session.id, now).await?
        || !interactions::finish(tx, &interaction.id, now).await?
    {
        return Ok(None);
    }
    let request = &interaction.request.0;
    let client = &facts.client.client;
    if let Some(Consent::Allowed {
        user,
        scopes: allowed,
    }) = &interaction.progress.0.consent
        && *user == signed_in.user.id
    {
        let before = facts.consented.clone().unwrap_or_default();
        let remembered = before.union(allowed);
        consents::replace(tx, &signed_in.user.id, &client.id, &remembered, now).await?;
        let details = json!({ "client": client.id, "scopes": allowed });
        let user = &signed_in.user.id;
        audit::record(
            tx,
            Actor::User(user),
            "consent.given",
            user.as_str(),
            details,
            now,
            rng,
        )
        .await?;
    }
    let authorization = Authorization {
        request,
        client,
        session: &signed_in.session,
        acr: told_acr(request, signed_in.session.upstream_acr.as_deref()),
        scopes,
        organization: organization.clone(),
        audiences: request.audiences.clone(),
    };
    let code = authorize::issue_code(tx, authorization, code_lifetime, now, rng).await?;
    if let Some(organization) = &organization {
        memberships::record_sign_in(tx, organization, &signed_in.user.id, now).await?;
    }
    if signed_in.session.organization_id != organization {
        sessions::record_organization(tx, &signed_in.session.id, organization.as_ref()).await?;
    }
    Ok(Some(request.grant(&code, issuer)))
}

/// The authentication context class that the client is told: that of the upstream, where it is trusted to say so, but
/// for a client that asks for another.
fn told_acr<'a>(request: &AuthorizationRequest, of_upstream: Option<&'a str>) -> &'a str {
    let wanted = request.claims.acr();
    let suits = |acr: &&str| wanted.is_none_or(|wanted| wanted.accepts(&json!(acr)));
    of_upstream.filter(suits).unwrap_or(ACR)
}

/// Closes an interaction that leads to no application, with who is signed in and where, if it came that far. Nothing
/// happens when it was closed before.
pub async fn finish(
    tx: &mut Tx,
    interaction: &Interaction,
    arrived: Option<(&SignedIn, Option<&OrganizationId>)>,
    now: Timestamp,
) -> sqlx::Result<()> {
    if !interactions::finish(tx, &interaction.id, now).await? {
        return Ok(());
    }
    if let Some((signed_in, organization)) = arrived
        && sessions::touch(tx, &signed_in.session.id, now).await?
    {
        if let Some(organization) = organization {
            memberships::record_sign_in(tx, organization, &signed_in.user.id, now).await?;
        }
        sessions::record_organization(tx, &signed_in.session.id, organization).await?;
    }
    Ok(())
}

/// Tells the client why it gets nothing. Returns the answer, or none when one was given before.
pub async fn refuse(
    tx: &mut Tx,
    interaction: &Interaction,
    error: &OAuthError,
    facts: &Facts,
    issuer: &Issuer,
) -> sqlx::Result<Option<Delivery>> {
    let is_first = interactions::finish(tx, &interaction.id, facts.now).await?;
    Ok(is_first.then(|| interaction.request.0.refuse(error, issuer)))
}
