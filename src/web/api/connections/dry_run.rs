//! What a sign-in through a connection would do, before the connection is changed or anybody signs in.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::rehearsed::{AccessOutcome, AttributeOutcome, Person, attributes};
use super::{NewConnectionOptions, unknown};
use crate::access::scopes::{ReadUsers, TestConnections};
use crate::access::{Catalogue, Reason};
use crate::clients::RegisteredClient;
use crate::clock::Timestamp;
use crate::directory::connections;
use crate::directory::reconcile::Upstream;
use crate::directory::upstream::AdoptionError;
use crate::directory::upstream::rehearsal::{Rehearsal, Source, imagine, rehearse};
use crate::federation::reading::asks_for_groups;
use crate::id::{ClientId, ConnectionId, OrganizationId, UpstreamSignInId, UserId};
use crate::interaction::ACR;
use crate::store::{Tx, organizations, upstream_sign_ins, users};
use crate::tokens::explain::{self as tokens, Explained, HYPOTHETICAL, Question};
use crate::web::api::answer::Answer;
use crate::web::api::caller::May;
use crate::web::api::error::{ApiError, Errors};
use crate::web::api::explain::{find_client, find_organization};
use crate::web::api::extract::{Body, Path};
use crate::web::api::sync_records::{GroupRole, group_roles};
use crate::web::api::upstream_sign_ins::Stated as ShownAssertion;
use crate::web::extract::Now;
use crate::web::site::Site;

/// What to rehearse: either `claims` or `sign_in_id` is needed.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewDryRun {
    /// The claims of an ID Token, decoded, joined by those of the profile endpoint if there is one. They count as
    /// proven here, and nowhere else.
    #[schema(value_type = Option<Object>)]
    claims: Option<Map<String, Value>>,
    /// A recorded sign-in through this connection, by its id.
    sign_in_id: Option<String>,
    /// How the connection might be: what is left out is as it is. Nothing of it is saved.
    #[schema(value_type = Option<NewConnectionOptions>)]
    options: Option<Map<String, Value>>,
    /// The application whose tokens are wanted; without it no claims are shown.
    client_id: Option<String>,
    /// The organization that the tokens would be for; the one that the sign-in leads to, when left out.
    org_code: Option<String>,
}

/// What would come of it. Nothing has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionDryRun)]
pub struct DryRun {
    dry_run: Shown,
}

/// What would come of a sign-in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DryRunOutcome)]
pub struct Shown {
    /// `assumed`: the claims were entered, and nothing proves them. `recorded`: the upstream stated them, and their proof
    /// held then.
    #[schema(pattern = "^(assumed|recorded)$")]
    proof: &'static str,
    /// What is to be known of this rehearsal, in words.
    notes: Vec<String>,
    /// `signed_in`, the check that would fail, such as `id_token`, or why nobody would be signed in, such as
    /// `no_account`.
    outcome: String,
    /// What would be wrong, in words; null when somebody would be signed in.
    reason: Option<String>,
    /// What is stated, as the connection reads it; null when a check would fail.
    assertion: Option<ShownAssertion>,
    /// Who would be signed in; null when nobody would.
    user: Option<Person>,
    /// Each attribute that the mapping names.
    attributes: Vec<AttributeOutcome>,
    /// The organization that they would join.
    #[schema(value_type = Option<String>)]
    joins_org_code: Option<OrganizationId>,
    /// The organization that the sign-in leads to, past the choice of one.
    #[schema(value_type = Option<String>)]
    leads_to_org_code: Option<OrganizationId>,
    /// The roles that groups would give from then on.
    roles_granted: Vec<GroupRole>,
    /// The roles that groups would give no more.
    roles_withdrawn: Vec<GroupRole>,
    /// The roles that groups would give no more, and that would stay because so many at once are likely to be a mistake.
    roles_held: Vec<GroupRole>,
    /// What would change of their roles and permissions, by organization.
    access: Vec<AccessOutcome>,
    /// What tokens would say after the sign-in; null when no application was named or nobody would be signed in.
    tokens: Option<TokensAfter>,
}

/// What tokens would say after a sign-in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DryRunTokens)]
pub struct TokensAfter {
    #[schema(value_type = String)]
    client_id: ClientId,
    #[schema(value_type = Option<String>)]
    org_code: Option<OrganizationId>,
    /// What would keep any token from the user, in the words of `explainUser`.
    #[schema(value_type = Vec<String>)]
    obstacles: Vec<Reason>,
    /// Null when there would be none.
    #[schema(value_type = Option<Object>)]
    access_token: Option<Map<String, Value>>,
    /// But for `at_hash`; null when there would be none.
    #[schema(value_type = Option<Object>)]
    id_token: Option<Map<String, Value>>,
    /// Which claims a real token would have with other values.
    hypothetical_claims: &'static [&'static str],
}

/// Tells what a sign-in would do, under the connection as it is or as it might be: who it would be and why, each
/// attribute, the roles given and withdrawn, and what tokens would say. The claims are entered, or those of a recorded
/// sign-in. Nothing is changed, and nobody is signed in.
///
/// It needs the scope `read:users` besides, as it shows people's profiles.
#[utoipa::path(
    post, path = "/connections/{connection_id}/dry_run", tag = "Connections",
    operation_id = "dryRunConnection",
    security(("management" = ["test:connections", "read:users"])),
    params(("connection_id" = String, Path)),
    request_body = NewDryRun,
    responses((status = 200, body = Answer<DryRun>), (status = "4XX", body = Errors)),
)]
pub async fn dry_run(
    may: May<TestConnections>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Body(new): Body<NewDryRun>,
) -> Result<Answer<DryRun>, ApiError> {
    let id = ConnectionId::parse(&id).ok_or_else(unknown)?;
    // Carried out for the tokens, and rolled back: it is never committed.
    let wants_tokens = new.client_id.as_deref().is_some_and(|id| !id.is_empty());
    let app = &site.app;
    let mut tx = if wants_tokens {
        app.db.write().await?
    } else {
        app.db.read().await?
    };
    let before = connections::find(&mut tx, &id).await?;
    let before = before.ok_or_else(unknown)?;
    may.check_also::<ReadUsers>()?;
    let client = find_client(&mut tx, new.client_id.as_deref(), now).await?;
    let asked = find_organization(&mut tx, new.org_code.as_deref()).await?;
    if asked.is_some() && client.is_none() {
        let reason = "says for whom tokens would be: name their application as client_id, too";
        return Err(ApiError::field("org_code", reason));
    }
    let source = source(&mut tx, &id, new.claims, new.sign_in_id.as_deref()).await?;
    let mut shown = Shown::announcing(&source);
    let upstream = imagine(&mut tx, &before, new.options, now).await?;
    let catalogue = app.catalogues.current(&mut tx, now).await?;
    let rehearsed = rehearse(&mut tx, &catalogue, &upstream, (source, false), now).await?;
    shown.tell(&upstream, &rehearsed, &catalogue);
    if let Some(client) = &client {
        let mut rng = app.random.generator();
        let performed = rehearsed.perform(&mut tx, &upstream, now, &mut rng).await;
        if let Some(user) = performed.map_err(outrun)? {
            let leads_to = shown.leads_to_org_code.clone();
            let organization = match (asked, leads_to) {
                (Some(asked), _) => Some(asked),
                (None, Some(id)) => organizations::find(&mut tx, &id).await?,
                (None, None) => None,
            };
            shown.tokens = Some(explain(&mut tx, &site, (&user, client), organization, now).await?);
        }
    }
    Ok(Answer::of(DryRun { dry_run: shown }))
}

/// What is to be rehearsed: what was entered, or what was recorded.
async fn source(
    tx: &mut Tx,
    connection: &ConnectionId,
    claims: Option<Map<String, Value>>,
    sign_in: Option<&str>,
) -> Result<Source, ApiError> {
    let sign_in = sign_in.filter(|id| !id.is_empty());
    match (claims, sign_in) {
        (Some(claims), None) => Ok(Source::Entered(claims)),
        (None, Some(id)) => {
            let unknown = || {
                let message =
                    "there is no such sign-in through this connection, or it is kept no more";
                ApiError::not_found("SIGN_IN_NOT_FOUND", message)
            };
            let id = UpstreamSignInId::parse(id).ok_or_else(unknown)?;
            let found = upstream_sign_ins::find(tx, connection, &id).await?;
            let recorded = found.ok_or_else(unknown)?.assertion;
            let recorded = recorded.ok_or_else(|| {
                let message = "nothing was proven in that sign-in, so that nothing was kept of it: send claims instead";
                ApiError::refused("SIGN_IN_NOT_PROVEN", message)
            })?;
            Ok(Source::Recorded(recorded.0))
        }
        (None, None) | (Some(_), Some(_)) => Err(ApiError::field(
            "claims",
            "is what to rehearse, or sign_in_id: send one of them, and not both",
        )),
    }
}

fn outrun(error: AdoptionError) -> ApiError {
    match error {
        AdoptionError::Sql(error) => error.into(),
        AdoptionError::Outrun | AdoptionError::Refused(_) => ApiError::refused(
            "CONFLICT",
            "somebody else has just taken the address or the identity; repeat",
        ),
    }
}

/// What the tokens of a client would say of a user, as they are in this transaction.
async fn explain(
    tx: &mut Tx,
    site: &Site,
    (user, client): (&UserId, &RegisteredClient),
    organization: Option<organizations::Organization>,
    now: Timestamp,
) -> Result<TokensAfter, ApiError> {
    let app = &site.app;
    let subject = users::find_subject(tx, user).await?;
    let org_code = organization
        .as_ref()
        .map(|organization| organization.id.clone());
    let question = Question {
        subject: subject.ok_or_else(ApiError::internal)?,
        organization,
        client: Some(client),
        expected: &[],
        acr: ACR,
    };
    let (issuer, mut rng) = (&app.config.server.issuer, app.random.generator());
    let explained = tokens::explain(tx, &app.catalogues, issuer, question, now, &mut rng);
    let Explained {
        obstacles, tokens, ..
    } = explained.await?;
    let (access_token, id_token) = match tokens {
        Some(preview) => (Some(preview.access_token), preview.id_token),
        None => (None, None),
    };
    Ok(TokensAfter {
        client_id: client.client.id.clone(),
        org_code,
        obstacles,
        access_token,
        id_token,
        hypothetical_claims: HYPOTHETICAL,
    })
}

impl Shown {
    /// The beginning of an answer: what it rests on.
    fn announcing(source: &Source) -> Self {
        let (proof, notes) = match source {
            Source::Entered(_) => {
                let note = "The claims were entered: they count as proven in this dry run alone. Signature, nonce and times were not checked.";
                ("assumed", vec![note.to_owned()])
            }
            Source::Recorded(recorded) => {
                let redacted = recorded.redacted_claims();
                let note = format!(
                    "Not kept of the sign-in, and absent here: {}.",
                    redacted.join(", ")
                );
                let notes = Some(note).filter(|_| !redacted.is_empty());
                ("recorded", notes.into_iter().collect())
            }
        };
        Self {
            proof,
            notes,
            outcome: "signed_in".to_owned(),
            reason: None,
            assertion: None,
            user: None,
            attributes: Vec::new(),
            joins_org_code: None,
            leads_to_org_code: None,
            roles_granted: Vec::new(),
            roles_withdrawn: Vec::new(),
            roles_held: Vec::new(),
            access: Vec::new(),
            tokens: None,
        }
    }

    /// Tells what would come of it.
    fn tell(&mut self, upstream: &Upstream, rehearsed: &Rehearsal, catalogue: &Catalogue) {
        let stated = match &rehearsed.stated {
            Ok(stated) => stated,
            Err(failed) => {
                failed.word().clone_into(&mut self.outcome);
                self.reason = Some(failed.to_string());
                return;
            }
        };
        let connection = &upstream.connection;
        if self.proof == "assumed"
            && asks_for_groups(&connection.settings.0, &stated.assertion.claims)
        {
            let note = "The claims leave the groups out because they are too many: in a sign-in, Microsoft Graph is asked for them. Here they count as absent.";
            self.notes.push(note.to_owned());
        }
        self.assertion = Some(stated.assertion.clone().into());
        let reconciled = match &stated.decided.outcome {
            Ok(reconciled) => reconciled,
            Err(refusal) => {
                refusal.word().clone_into(&mut self.outcome);
                self.reason = Some(refusal.to_string());
                return;
            }
        };
        self.user = Person::of(stated);
        self.attributes = attributes(&connection.mapping.0, stated);
        let membership = reconciled.membership.clone();
        self.joins_org_code = membership.joins;
        self.leads_to_org_code = membership.leads_to;
        self.roles_granted = group_roles(membership.granted);
        self.roles_withdrawn = group_roles(membership.withdrawn);
        self.roles_held = group_roles(membership.held);
        let access = stated.access.iter().cloned();
        self.access = access
            .map(|outlook| AccessOutcome::of(outlook, catalogue))
            .collect();
    }
}
