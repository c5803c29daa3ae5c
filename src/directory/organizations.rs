//! Organizations: created, suspended, removed; the default one, which there always is.

use rand::CryptoRng;
use serde::Serialize;
use serde_json::json;

use crate::access::members;
use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::{OrganizationId, UserId};
use crate::naming;
use crate::store::branding::{self, Branding};
use crate::store::organizations::{Organization, SessionPolicy};
use crate::store::{Tx, environment, grants, memberships, organizations};

/// What the default organization is called until somebody renames it.
const DEFAULT_NAME: &str = "Default organization";

/// The longest name of an organization.
pub const LONGEST_NAME: usize = naming::LONGEST_ORGANIZATION_NAME;

/// Makes the default organization when there is none, and takes everybody in who belongs nowhere.
pub async fn ensure_default(
    tx: &mut Tx,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    if organizations::find_default(tx).await?.is_none() {
        let organization = Organization {
            is_default: true,
            ..new(DEFAULT_NAME, now, rng)
        };
        organizations::upsert(tx, &organization).await?;
        memberships::insert_homeless(tx, &organization.id, now).await?;
        record(
            tx,
            Actor::System,
            "organization.created",
            &organization,
            now,
            rng,
        )
        .await?;
    }
    Ok(())
}

/// A new organization of that name, not stored yet.
pub fn new(name: &str, now: Timestamp, rng: &mut impl CryptoRng) -> Organization {
    Organization {
        id: OrganizationId::generate(rng),
        name: name.to_owned(),
        handle: None,
        external_id: None,
        is_default: false,
        is_auto_membership: false,
        admits_domains: true,
        session_policy: SessionPolicy::default(),
        suspended_at: None,
        created_at: now,
        updated_at: now,
    }
}

/// Creates an organization.
pub async fn create(
    tx: &mut Tx,
    actor: Actor<'_>,
    organization: &Organization,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    organizations::upsert(tx, organization).await?;
    record(tx, actor, "organization.created", organization, now, rng).await
}

/// All that is kept of an organization itself; not who belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Details {
    /// The organization.
    #[serde(flatten)]
    pub organization: Organization,
    /// The domains whose people may join, in the order of the alphabet.
    pub allowed_domains: Vec<String>,
    /// How its pages look.
    pub branding: Branding,
}

impl Details {
    /// All that is kept of an organization that was just read.
    pub async fn load(tx: &mut Tx, organization: Organization) -> sqlx::Result<Self> {
        let id = &organization.id;
        Ok(Self {
            allowed_domains: organizations::list_domains(tx, id).await?,
            branding: branding::find(tx, id).await?.unwrap_or_default(),
            organization,
        })
    }

    async fn store(&self, tx: &mut Tx) -> sqlx::Result<()> {
        let id = &self.organization.id;
        organizations::upsert(tx, &self.organization).await?;
        branding::replace(tx, id, &self.branding).await?;
        organizations::replace_domains(tx, id, &self.allowed_domains).await
    }
}

/// What can't be done to the default organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the default organization can be neither suspended nor removed: make another one the default first"
)]
pub struct IsDefault;

/// Another organization has the value, which must be unique.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {holder} has it already: choose another one")]
pub struct Taken {
    /// `external_id` or `handle`.
    pub field: &'static str,
    /// Who has it.
    pub holder: OrganizationId,
}

/// Why an organization was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is, or would be, the default one.
    #[error(transparent)]
    IsDefault(#[from] IsDefault),
    /// There would be no default organization.
    #[error(
        "this is the default organization, of which there always is one: make another one the default, which takes its place"
    )]
    LastDefault,
    /// A value is another's.
    #[error(transparent)]
    Taken(#[from] Taken),
}

/// The handle or external id of an organization that another one has.
pub async fn find_taken(tx: &mut Tx, wanted: &Organization) -> sqlx::Result<Option<Taken>> {
    let by_handle = match &wanted.handle {
        Some(handle) => organizations::find_by_handle(tx, handle).await?,
        None => None,
    };
    let by_external_id = match &wanted.external_id {
        Some(external_id) => organizations::find_by_external_id(tx, external_id).await?,
        None => None,
    };
    let holders = [("handle", by_handle), ("external_id", by_external_id)];
    let taken = holders.into_iter().find_map(|(field, holder)| {
        let holder = holder.filter(|holder| holder.id != wanted.id)?.id;
        Some(Taken { field, holder })
    });
    Ok(taken)
}

/// Takes the flag from the default organization, so that another one can have it: there is one at any time.
pub async fn clear_default(
    tx: &mut Tx,
    actor: Actor<'_>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    let Some(former) = organizations::clear_default(tx, now).await? else {
        return Ok(());
    };
    let flag = |is_default: bool| json!({ "is_default": is_default });
    let details = audit::difference(Some(&flag(true)), Some(&flag(false)));
    let id = former.id.as_str();
    audit::record(tx, actor, "organization.updated", id, details, now, rng).await
}

/// Creates an organization, with all that is to be kept of it.
pub async fn define(
    tx: &mut Tx,
    actor: Actor<'_>,
    new: &Details,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), Taken>> {
    if let Some(taken) = find_taken(tx, &new.organization).await? {
        return Ok(Err(taken));
    }
    new.store(tx).await?;
    let details = audit::difference(None, Some(new));
    let id = new.organization.id.as_str();
    audit::record(tx, actor, "organization.created", id, details, now, rng).await?;
    Ok(Ok(()))
}

/// Changes an organization. One that becomes the default takes the place of the one that is; one that is suspended
/// ends what clients were granted there, and resuming it brings nothing of that back.
///
/// `before` is as [`organizations::find_to_change`] read it, so that nobody changes it meanwhile.
pub async fn change(
    tx: &mut Tx,
    actor: Actor<'_>,
    before: &Details,
    mut after: Details,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), Refusal>> {
    if after == *before {
        return Ok(Ok(()));
    }
    let (was, is) = (&before.organization, &after.organization);
    if was.is_default && !is.is_default {
        return Ok(Err(Refusal::LastDefault));
    }
    if is.is_default && is.suspended_at.is_some() {
        return Ok(Err(IsDefault.into()));
    }
    if let Some(taken) = find_taken(tx, is).await? {
        return Ok(Err(taken.into()));
    }
    if is.is_default && !was.is_default {
        clear_default(tx, actor, now, rng).await?;
    }
    let action = match (was.suspended_at, is.suspended_at) {
        (None, Some(_)) => "organization.suspended",
        (Some(_), None) => "organization.resumed",
        _ => "organization.updated",
    };
    if action == "organization.suspended" {
        grants::revoke_for_organization(tx, &is.id, now).await?;
    }
    after.organization.updated_at = now;
    after.store(tx).await?;
    let details = audit::difference(Some(before), Some(&after));
    let id = before.organization.id.as_str();
    audit::record(tx, actor, action, id, details, now, rng).await?;
    Ok(Ok(()))
}

/// Suspends an organization: nobody signs in to it, and what clients were granted there ends.
pub async fn suspend(
    tx: &mut Tx,
    actor: Actor<'_>,
    mut organization: Organization,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), IsDefault>> {
    if organization.is_default {
        return Ok(Err(IsDefault));
    }
    organization.suspended_at = Some(now);
    organization.updated_at = now;
    organizations::upsert(tx, &organization).await?;
    grants::revoke_for_organization(tx, &organization.id, now).await?;
    record(tx, actor, "organization.suspended", &organization, now, rng).await?;
    Ok(Ok(()))
}

/// Removes an organization with everything that its members had there. Those who belonged to no other one belong to
/// the default one then, where policy says so. Returns how many those are.
pub async fn remove(
    tx: &mut Tx,
    actor: Actor<'_>,
    organization: &Organization,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<u64, IsDefault>> {
    if organization.is_default {
        return Ok(Err(IsDefault));
    }
    let id = &organization.id;
    grants::revoke_for_organization(tx, id, now).await?;
    let policies = environment::policies(tx).await?;
    let default = organizations::find_default(tx).await?;
    let moved = match default.filter(|_| policies.default_organization_takes_users) {
        Some(default) => memberships::insert_stranded(tx, id, &default.id, now).await?,
        None => 0,
    };
    if !organizations::remove(tx, id).await? {
        return Ok(Err(IsDefault));
    }
    let mut details = audit::difference(Some(organization), None);
    details["moved_to_default"] = moved.into();
    let (id, action) = (id.as_str(), "organization.removed");
    audit::record(tx, actor, action, id, details, now, rng).await?;
    Ok(Ok(moved))
}

/// Takes a new user in: into the organization named, else into the default one, where policy says so.
pub async fn place(
    tx: &mut Tx,
    actor: Actor<'_>,
    user: &UserId,
    organization: Option<&OrganizationId>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    if let Some(organization) = organization {
        members::join(tx, actor, organization, user, now, rng).await?;
    } else if environment::policies(tx)
        .await?
        .default_organization_takes_users
        && let Some(default) = organizations::find_default(tx).await?
    {
        members::join(tx, actor, &default.id, user, now, rng).await?;
    }
    Ok(())
}

async fn record(
    tx: &mut Tx,
    actor: Actor<'_>,
    action: &str,
    organization: &Organization,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    let details = json!({ "name": organization.name });
    audit::record(
        tx,
        actor,
        action,
        organization.id.as_str(),
        details,
        now,
        rng,
    )
    .await
}
