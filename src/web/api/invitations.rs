//! `/organization/{org_code}/invites`: who is asked to join an organization.

use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Created, Done, Instant};
use super::caller::{MayIn, check_organization, no_organization};
use super::error::{ApiError, Errors};
use super::extract::{Body, Path, Query, at_most};
use super::paging::{Paging, Position};
use crate::access::Catalogue;
use crate::access::scopes::{
    CreateOrganizationInvites, DeleteOrganizationInvites, ReadOrganizationInvites,
};
use crate::clock::Timestamp;
use crate::directory::identifier;
use crate::directory::invitations::{self, NewInvitation, Refusal, State as Became};
use crate::id::{ClientId, InvitationCode, OrganizationId, RoleId};
use crate::interaction::Letter;
use crate::mail::Message;
use crate::protocol::Issuer;
use crate::store::clients::{self, Language};
use crate::store::invitations::{self as stored, Filter, GivenRole, Invitation, Order};
use crate::store::{Tx, organizations};
use crate::web::extract::Now;
use crate::web::faces;
use crate::web::invitation;
use crate::web::page::Shell;
use crate::web::signin::write_letter;
use crate::web::site::Site;

/// How many roles an invitation may give.
const MOST_ROLES: usize = 100;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, remove))
}

/// A role that whoever accepts is given.
#[derive(Debug, Serialize, ToSchema)]
pub struct InviteRole {
    key: String,
    name: String,
}

/// An invitation.
#[expect(
    clippy::struct_field_names,
    reason = "published clients read these names"
)]
#[derive(Debug, Serialize, ToSchema)]
pub struct Invite {
    /// The same as `code`.
    #[schema(value_type = String, pattern = "^inv_[0-9a-f]{32}$")]
    id: InvitationCode,
    #[schema(value_type = String, pattern = "^inv_[0-9a-f]{32}$")]
    code: InvitationCode,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    full_name: Option<String>,
    created_on: Instant,
    /// Whether it was mailed.
    is_sent: bool,
    accepted_on: Option<Instant>,
    roles: Vec<InviteRole>,
    /// Whether it was withdrawn.
    is_revoked: bool,
    /// Where it is accepted.
    invite_link: String,
}

impl Invite {
    /// `roles` are those of several invitations.
    fn new(invitation: Invitation, roles: &[GivenRole], issuer: &Issuer) -> Self {
        let given = |role: &&GivenRole| role.code == invitation.code;
        let shown = |role: &GivenRole| InviteRole {
            key: role.key.clone(),
            name: role.name.clone(),
        };
        let roles = roles.iter().filter(given).map(shown).collect();
        let names = [&invitation.given_name, &invitation.family_name];
        let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
        Self {
            invite_link: invitation::link(issuer, &invitation.code),
            full_name: (!names.is_empty()).then(|| names.join(" ")),
            id: invitation.code.clone(),
            code: invitation.code,
            email: invitation.email,
            first_name: invitation.given_name,
            last_name: invitation.family_name,
            created_on: Instant(invitation.created_at),
            is_sent: invitation.sent_at.is_some(),
            accepted_on: invitation.accepted_at.map(Instant),
            roles,
            is_revoked: invitation.revoked_at.is_some(),
        }
    }

    async fn load(tx: &mut Tx, invitation: Invitation, issuer: &Issuer) -> sqlx::Result<Self> {
        let roles = stored::list_roles(tx, [&invitation.code]).await?;
        Ok(Self::new(invitation, &roles, issuer))
    }
}

/// A page of invitations.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invites {
    invites: Vec<Invite>,
    /// The cursor to the next page; null on the last.
    next_token: Option<String>,
}

/// Which invitations.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Included {
    /// Whether those that were withdrawn are listed too.
    #[serde(default)]
    include_revoked: bool,
    /// Whether those that were accepted are listed too.
    #[serde(default)]
    include_accepted: bool,
}

/// Lists the invitations to an organization, the youngest first. Those that have expired are among them until they
/// are withdrawn.
///
/// They are sorted by `created_on`, `email` or `name`, each followed by `_asc` or `_desc`.
#[utoipa::path(
    get, path = "/organization/{org_code}/invites", tag = "Invitations",
    operation_id = "listOrganizationInvites",
    security(("management" = ["read:organization_invites"])),
    params(("org_code" = String, Path), Paging, Included),
    responses((status = 200, body = Answer<Invites>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    may: MayIn<ReadOrganizationInvites>,
    State(site): State<Site>,
    Query(paging): Query<Paging>,
    Query(included): Query<Included>,
) -> Result<Answer<Invites>, ApiError> {
    let wanted = paging.check(&[
        "created_on_desc",
        "created_on_asc",
        "email_asc",
        "email_desc",
        "name_asc",
        "name_desc",
    ])?;
    let order = match wanted.sort.by {
        "email" => Order::Email,
        "name" => Order::Name,
        _ => Order::Created,
    };
    let filter = Filter {
        with_accepted: included.include_accepted,
        with_revoked: included.include_revoked,
    };
    let Position(position, code) = &wanted.after;
    let mut tx = site.app.db.read().await?;
    let organization = &may.organization;
    check_organization(&mut tx, organization).await?;
    let sort = (order, wanted.sort.descends);
    let after = (position.as_str(), code.as_str());
    let rows = stored::list(&mut tx, organization, filter, sort, after, wanted.limit()).await?;
    let (rows, next_token) = wanted.cut(rows, |row| {
        Position(row.position.clone(), row.invitation.code.to_string())
    });
    let roles = stored::list_roles(&mut tx, rows.iter().map(|row| &row.invitation.code)).await?;
    let issuer = &site.app.config.server.issuer;
    let invites = rows
        .into_iter()
        .map(|row| Invite::new(row.invitation, &roles, issuer))
        .collect();
    Ok(Answer::of(Invites {
        invites,
        next_token,
    }))
}

/// Somebody to invite.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewInvite {
    /// The address is what lets somebody accept: it must be proven to be theirs.
    #[schema(min_length = 3, max_length = 254)]
    email: String,
    #[schema(value_type = Option<String>, max_length = 64)]
    first_name: Option<String>,
    #[schema(value_type = Option<String>, max_length = 64)]
    last_name: Option<String>,
    /// The keys of the roles to give them, besides the default ones.
    #[schema(max_items = 100)]
    roles: Vec<String>,
    /// Whether the link is mailed to them; else it is the caller's to deliver.
    #[schema(value_type = Option<bool>, default = false)]
    send_email: Option<bool>,
    /// The application that the link leads to. Without one it leads to the oldest that has a login URI.
    client_id: Option<String>,
}

/// The invitation that was created.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedInvite {
    invite: Invite,
}

/// Invites somebody to an organization. What the same address was invited with before, and has not accepted, is
/// withdrawn.
///
/// When the mail can't be sent, the invitation stands all the same, and its `is_sent` is false.
#[utoipa::path(
    post, path = "/organization/{org_code}/invites", tag = "Invitations",
    operation_id = "createOrganizationInvite",
    security(("management" = ["create:organization_invites"])),
    params(("org_code" = String, Path)),
    request_body = NewInvite,
    responses((status = 201, body = Answer<CreatedInvite>), (status = "4XX", body = Errors)),
)]
pub async fn create(
    may: MayIn<CreateOrganizationInvites>,
    State(site): State<Site>,
    Now(now): Now,
    headers: HeaderMap,
    Body(new): Body<NewInvite>,
) -> Result<Created<CreatedInvite>, ApiError> {
    at_most(MOST_ROLES, "roles", &new.roles)?;
    let email = email(&new.email)?;
    let given_name = name("first_name", "FIRST_NAME_TOO_LONG", new.first_name)?;
    let family_name = name("last_name", "LAST_NAME_TOO_LONG", new.last_name)?;
    let app = &site.app;
    let (mut rng, actor) = (app.random.generator(), may.actor());
    let mut tx = app.db.write().await?;
    let organization = organizations::find_to_change(&mut tx, &may.organization).await?;
    let organization = organization.ok_or_else(no_organization)?;
    let client = match &new.client_id {
        Some(id) => Some(application(&mut tx, id).await?),
        None => None,
    };
    let catalogue = Catalogue::load(&mut tx).await?;
    let new_invitation = NewInvitation {
        client,
        email,
        given_name,
        family_name,
        roles: roles(&catalogue, &new.roles)?,
        lifetime: app.config.sign_in.invitation_lifetime,
    };
    let invited =
        invitations::invite(&mut tx, actor, &organization, new_invitation, now, &mut rng).await?;
    let mut invitation = invited?;
    tx.commit().await?;
    let mut message = "Invitation created";
    if new.send_email.unwrap_or_default() {
        let letter = letter(&site, &invitation, organization.name);
        if send(&site, &headers, &invitation, &letter, now).await? {
            let mut tx = app.db.write().await?;
            invitations::record_sent(&mut tx, actor, &mut invitation, now, &mut rng).await?;
            tx.commit().await?;
        } else {
            message =
                "Invitation created, but the mail could not be sent: deliver the link yourself";
        }
    }
    let mut tx = app.db.read().await?;
    let invite = Invite::load(&mut tx, invitation, &app.config.server.issuer).await?;
    let answer = Answer::saying(message, CreatedInvite { invite });
    Ok(answer.coded("INVITATION_CREATED").created())
}

fn letter(site: &Site, invitation: &Invitation, organization: String) -> Letter {
    Letter::Invitation {
        to: invitation.email.clone(),
        organization,
        link: invitation::link(&site.app.config.server.issuer, &invitation.code),
        expires_at: invitation.expires_at,
    }
}

/// Mails an invitation, in the language of the application that it leads to, or else in the one that the request
/// prefers. Returns whether the mail is on its way.
async fn send(
    site: &Site,
    headers: &HeaderMap,
    invitation: &Invitation,
    letter: &Letter,
    now: Timestamp,
) -> Result<bool, ApiError> {
    let mut tx = site.app.db.read().await?;
    let application = invitations::entrance(&mut tx, invitation).await?;
    let face = faces::organization(&mut tx, &invitation.organization_id, &site.brand).await?;
    drop(tx);
    let (sender_name, reply_to) = face.as_ref().map_or((None, None), |face| {
        (face.sender_name.clone(), face.sender_email.clone())
    });
    let language = application.and_then(|client| client.page_options.0.language);
    let shell = Shell {
        organization: face,
        ..site.shell(headers, language.map(Language::as_str))
    };
    let message = write_letter(letter, &shell, &shell.brand.name, now).map_err(|error| {
        tracing::error!(%error, "a mail could not be worded");
        ApiError::internal()
    })?;
    let message = Message {
        sender_name,
        reply_to,
        ..message
    };
    let sent = site.app.mailer.send(message, now).await;
    if let Err(error) = &sent {
        tracing::error!(%error, "a mail could not be sent");
    }
    Ok(sent.is_ok())
}

/// An invitation by itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownInvite {
    message: String,
    #[serde(flatten)]
    invite: Invite,
}

/// Shows an invitation.
#[utoipa::path(
    get, path = "/organization/{org_code}/invites/{invite_code}", tag = "Invitations",
    operation_id = "getOrganizationInvite",
    security(("management" = ["read:organization_invites"])),
    params(("org_code" = String, Path), ("invite_code" = String, Path)),
    responses((status = 200, body = ShownInvite), (status = "4XX", body = Errors)),
)]
pub async fn show(
    may: MayIn<ReadOrganizationInvites>,
    State(site): State<Site>,
    Path((_, code)): Path<(String, String)>,
) -> Result<axum::Json<ShownInvite>, ApiError> {
    let mut tx = site.app.db.read().await?;
    let invitation = find(&mut tx, &may.organization, &code).await?;
    let issuer = &site.app.config.server.issuer;
    Ok(axum::Json(ShownInvite {
        message: "Success".to_owned(),
        invite: Invite::load(&mut tx, invitation, issuer).await?,
    }))
}

/// Withdraws an invitation. One that was accepted can't be withdrawn: whoever accepted it is a member.
#[utoipa::path(
    delete, path = "/organization/{org_code}/invites/{invite_code}", tag = "Invitations",
    operation_id = "deleteOrganizationInvite",
    security(("management" = ["delete:organization_invites"])),
    params(("org_code" = String, Path), ("invite_code" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: MayIn<DeleteOrganizationInvites>,
    State(site): State<Site>,
    Now(now): Now,
    Path((_, code)): Path<(String, String)>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let invitation = find(&mut tx, &may.organization, &code).await?;
    if !invitations::revoke(&mut tx, may.actor(), &invitation, now, &mut rng).await? {
        let invitation = find(&mut tx, &may.organization, &code).await?;
        if invitations::state(&invitation, now) == Became::Accepted {
            return Err(ApiError::refused(
                "INVITATION_ALREADY_ACCEPTED",
                "the invitation has been accepted: remove the member from the organization instead",
            ));
        }
    }
    tx.commit().await?;
    Ok(Done::saying("Invitation revoked"))
}

/// The invitation that a path names, if it is of this organization.
async fn find(
    tx: &mut Tx,
    organization: &OrganizationId,
    code: &str,
) -> Result<Invitation, ApiError> {
    check_organization(tx, organization).await?;
    let found = match InvitationCode::parse(code) {
        Some(code) => stored::find(tx, &code).await?,
        None => None,
    };
    let found = found.filter(|invitation| invitation.organization_id == *organization);
    found.ok_or_else(|| {
        ApiError::not_found(
            "INVITATION_NOT_FOUND",
            "there is no invitation of that code to this organization",
        )
    })
}

fn email(text: &str) -> Result<String, ApiError> {
    if text.trim().len() > identifier::LONGEST_EMAIL {
        return Err(too_long(
            "email",
            "EMAIL_TOO_LONG",
            identifier::LONGEST_EMAIL,
        ));
    }
    let email = identifier::email(text).map(str::to_owned);
    email.ok_or_else(|| ApiError::field("email", "is no mail address"))
}

/// A name as it is stored; an empty one is none.
fn name(
    field: &'static str,
    code: &'static str,
    text: Option<String>,
) -> Result<Option<String>, ApiError> {
    let text = text.unwrap_or_default();
    if text.trim().chars().count() > identifier::LONGEST_NAME {
        return Err(too_long(field, code, identifier::LONGEST_NAME));
    }
    super::users::name(field, &text)
}

fn too_long(field: &'static str, code: &'static str, most: usize) -> ApiError {
    ApiError::refused(code, format!("{field} has more than {most} characters")).about(field)
}

fn roles(catalogue: &Catalogue, keys: &[String]) -> Result<Vec<RoleId>, ApiError> {
    let role = |key: &String| {
        let found = catalogue.role_by_key(key).map(|role| role.id.clone());
        let shown: String = key.chars().take(100).collect();
        let reason = format!("there is no role of the key {shown}");
        found.ok_or_else(|| ApiError::not_found("ROLE_NOT_FOUND", reason))
    };
    keys.iter().map(role).collect()
}

/// The application that a request names, where somebody can be led to.
async fn application(tx: &mut Tx, id: &str) -> Result<ClientId, ApiError> {
    let found = match ClientId::parse(id) {
        Some(id) => clients::find(tx, &id).await?,
        None => None,
    };
    let client = found.ok_or_else(|| {
        ApiError::not_found(
            "APPLICATION_NOT_FOUND",
            "there is no application of the id in client_id",
        )
    })?;
    if !invitations::starts_sign_ins(&client) {
        let reason = "names an application without a login URI for people, which an invitation could lead to";
        return Err(ApiError::field("client_id", reason));
    }
    Ok(client.id)
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::AlreadyAMember => "ALREADY_A_MEMBER",
            Refusal::Suspended => "ORGANIZATION_SUSPENDED",
        };
        Self::refused(code, refusal.to_string())
    }
}
