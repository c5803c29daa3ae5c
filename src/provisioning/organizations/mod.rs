//! `[[organizations]]`: the customers of the business.
//!
//! An organization is known by its code, which never changes. There is always one default organization,
//! which can be neither suspended nor removed: the flag goes to another one when a document says
//! `is_default = true` there. An entry that does not speak of it leaves the flag where it is. How pages look and how
//! long sessions last is often decided by somebody of the organization itself: an entry that does not speak of it
//! leaves that as it is, too.

mod look;
mod written;

use rand::CryptoRng;

pub(super) use written::{Written, code};

use super::change::{Change, Fields, Noun, Subject};
use super::error::ApplyError;
use super::{logos, record, roles};
use crate::audit::Actor;
use crate::clock::{Seconds, Timestamp};
use crate::directory::organizations as directory;
use crate::id::{OrganizationId, RoleId};
use crate::store::Tx;
use crate::store::branding::{self, Branding};
use crate::store::logos::Bearer;
use crate::store::organizations::{self, Organization, SessionPolicy};
use crate::store::roles as stored_roles;

/// What a document wants of the organization of a code.
#[derive(Debug)]
pub(super) struct Desired {
    code: OrganizationId,
    /// How it shall be; none, when it shall be gone.
    organization: Option<WantedOrganization>,
}

/// An organization as the document wants it.
#[derive(Debug)]
struct WantedOrganization {
    name: String,
    handle: Option<String>,
    external_id: Option<String>,
    /// None leaves the flag where it is.
    is_default: Option<bool>,
    is_auto_membership: bool,
    admits_domains: bool,
    allowed_domains: Vec<String>,
    default_roles: Vec<String>,
    /// None leaves it as it is.
    branding: Option<Branding>,
    /// None leaves them as they are.
    logos: Option<logos::Wanted>,
    /// None leaves it as it is.
    sessions: Option<SessionPolicy>,
    is_suspended: bool,
}

impl Desired {
    /// Whether it is to be the default organization.
    pub(super) fn is_default(&self) -> bool {
        let organization = self.organization.as_ref();
        organization.is_some_and(|wanted| wanted.is_default == Some(true))
    }
}

/// What is stored of an organization.
struct Stored {
    organization: Organization,
    domains: Vec<String>,
    default_roles: Vec<RoleId>,
    branding: Branding,
}

impl Stored {
    async fn load(tx: &mut Tx, code: &OrganizationId) -> sqlx::Result<Option<Self>> {
        let Some(organization) = organizations::find(tx, code).await? else {
            return Ok(None);
        };
        Ok(Some(Self {
            organization,
            domains: organizations::list_domains(tx, code).await?,
            default_roles: organizations::list_default_roles(tx, code).await?,
            branding: branding::find(tx, code).await?.unwrap_or_default(),
        }))
    }

    async fn fields(&self, tx: &mut Tx) -> sqlx::Result<Fields> {
        let mut default_roles = Vec::new();
        for id in &self.default_roles {
            default_roles.extend(stored_roles::find(tx, id).await?.map(|role| role.key));
        }
        let organization = &self.organization;
        let lifetime = organization.session_policy.lifetime();
        Ok(Fields::default()
            .with("name", &organization.name)
            .with_optional("handle", organization.handle.as_ref())
            .with_optional("external_id", organization.external_id.as_ref())
            .with("is_default", organization.is_default)
            .with("is_auto_membership", organization.is_auto_membership)
            .with("admits_domains", organization.admits_domains)
            .with_set("allowed_domains", &self.domains)
            .with_set("default_roles", default_roles)
            .with_optional("branding", look::told(&self.branding))
            .with_optional(
                "sessions.persist",
                organization.session_policy.persistence(),
            )
            .with_optional("sessions.lifetime_seconds", lifetime.map(Seconds::as_i64))
            .with("suspended", organization.suspended_at.is_some()))
    }
}

pub(super) async fn apply(
    tx: &mut Tx,
    desired: &Desired,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Change, ApplyError> {
    let found = Stored::load(tx, &desired.code).await?;
    match &desired.organization {
        Some(wanted) => write(tx, &desired.code, wanted, found, now, rng).await,
        None => remove(tx, &desired.code, found, now, rng).await,
    }
}

async fn remove(
    tx: &mut Tx,
    code: &OrganizationId,
    found: Option<Stored>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Change, ApplyError> {
    let Some(Stored { organization, .. }) = found else {
        return Ok(Change::removal(Noun::Organization, code.as_str(), false));
    };
    let name = &organization.name;
    directory::remove(tx, Actor::Operator, &organization, now, rng)
        .await?
        .map_err(|refused| refused_for(name, refused))?;
    Ok(Change::removal(Noun::Organization, name, true))
}

async fn write(
    tx: &mut Tx,
    code: &OrganizationId,
    wanted: &WantedOrganization,
    before: Option<Stored>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Change, ApplyError> {
    let subject = || Subject(Noun::Organization, &wanted.name);
    let former = before.as_ref().map(|before| &before.organization);
    let organization = wanted.record(code, former, now);
    let branding_before = before.as_ref().map(|before| before.branding.clone());
    let branding_before = branding_before.unwrap_or_default();
    let loses_flag = former.is_some_and(|it| it.is_default) && !organization.is_default;
    if loses_flag {
        let reason = "is the default organization, of which there always is one: write is_default = true for another one, which takes its place";
        return Err(ApplyError::refused(subject(), reason));
    }
    refuse_taken(tx, &organization).await?;
    let mut default_roles = Vec::new();
    for key in &wanted.default_roles {
        default_roles.push(roles::resolve(tx, subject(), key).await?.id);
    }
    let after = Stored {
        organization,
        domains: wanted.allowed_domains.clone(),
        default_roles,
        branding: wanted.branding.clone().unwrap_or(branding_before),
    };
    let fields_before = match &before {
        Some(before) => Some(before.fields(tx).await?),
        None => None,
    };
    let fields_after = after.fields(tx).await?;
    let mut change = Change::between(
        Noun::Organization,
        &wanted.name,
        fields_before.as_ref(),
        &fields_after,
    );
    let bearer = Bearer::Organization(code);
    let logos = match &wanted.logos {
        Some(wanted) => logos::compare(tx, bearer, wanted).await?,
        None => Vec::new(),
    };
    change.add(logos.iter().map(|logo| logo.change.clone()));
    if !change.is_unchanged() {
        store(tx, former, &after, now, rng).await?;
        logos::store(tx, bearer, &logos, now, rng).await?;
        record(tx, &change, code.as_str(), now, rng).await?;
    }
    Ok(change)
}

async fn store(
    tx: &mut Tx,
    former: Option<&Organization>,
    wanted: &Stored,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<(), ApplyError> {
    let organization = &wanted.organization;
    if organization.is_default && former.is_none_or(|former| !former.is_default) {
        directory::clear_default(tx, Actor::Operator, now, rng).await?;
    }
    let was_open = former.is_some_and(|former| former.suspended_at.is_none());
    if organization.suspended_at.is_some() && was_open {
        // What its members hold of it ends with this.
        directory::suspend(tx, Actor::Operator, organization.clone(), now, rng)
            .await?
            .map_err(|refused| refused_for(&organization.name, refused))?;
    } else {
        organizations::upsert(tx, organization).await?;
    }
    branding::replace(tx, &organization.id, &wanted.branding).await?;
    organizations::replace_domains(tx, &organization.id, &wanted.domains).await?;
    organizations::replace_default_roles(tx, &organization.id, &wanted.default_roles).await?;
    Ok(())
}

/// Refuses a handle or an external id that another organization has.
async fn refuse_taken(tx: &mut Tx, wanted: &Organization) -> Result<(), ApplyError> {
    match directory::find_taken(tx, wanted).await? {
        None => Ok(()),
        Some(taken) => {
            let subject = Subject(Noun::Organization, &wanted.name);
            Err(ApplyError::refused(subject, taken.to_string()))
        }
    }
}

fn refused_for(name: &str, refused: directory::IsDefault) -> ApplyError {
    ApplyError::refused(Subject(Noun::Organization, name), refused.to_string())
}

impl WantedOrganization {
    /// The record to be stored in place of `before`.
    fn record(
        &self,
        code: &OrganizationId,
        before: Option<&Organization>,
        now: Timestamp,
    ) -> Organization {
        let was_default = before.is_some_and(|before| before.is_default);
        let sessions_before = before
            .map(|before| before.session_policy)
            .unwrap_or_default();
        let suspended_at = before.and_then(|before| before.suspended_at).unwrap_or(now);
        Organization {
            id: code.clone(),
            name: self.name.clone(),
            handle: self.handle.clone(),
            external_id: self.external_id.clone(),
            is_default: self.is_default.unwrap_or(was_default),
            is_auto_membership: self.is_auto_membership,
            admits_domains: self.admits_domains,
            session_policy: self.sessions.unwrap_or(sessions_before),
            suspended_at: self.is_suspended.then_some(suspended_at),
            created_at: before.map_or(now, |before| before.created_at),
            updated_at: now,
        }
    }
}
