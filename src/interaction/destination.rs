//! Which organization a sign-in leads to. Pure.

use crate::clock::Timestamp;
use crate::id::OrganizationId;
use crate::store::environment::Policies;
use crate::store::interactions::Interaction;
use crate::store::organizations::Organization;

/// The organizations that matter to one sign-in.
#[derive(Debug, Clone)]
pub struct Organizations {
    /// Those that the signed-in user belongs to, by name.
    pub memberships: Vec<Member>,
    /// The one that the request names.
    pub requested: Option<Requested>,
    /// The default one.
    pub default: Option<OrganizationId>,
    /// The one that this session went to before.
    pub last_in_session: Option<OrganizationId>,
}

/// An organization that somebody belongs to.
#[derive(Debug, Clone)]
pub struct Member {
    /// The organization.
    pub organization: Organization,
    /// When they last signed in to it.
    pub last_sign_in_at: Option<Timestamp>,
}

/// An organization that a request names.
#[derive(Debug, Clone)]
pub struct Requested {
    /// The organization.
    pub organization: Organization,
    /// Whether it lets the signed-in user join.
    pub admits: bool,
}

/// Where a sign-in leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Into an organization that is created for it.
    Create(String),
    /// Into an organization that the user joins for it.
    Join(OrganizationId),
    /// Into an organization that is to be created, once it has a name.
    Name,
    /// Not into the organization that the request names: the user does not belong to it.
    NotAMember,
    /// Into no organization.
    Nowhere,
    /// Into an organization that the user belongs to.
    Organization(OrganizationId),
    /// Into one of several; the user chooses.
    Pick,
    /// Into none that is open: what there is, is suspended.
    Suspended,
}

/// Decides where a sign-in leads.
pub fn destination(
    interaction: &Interaction,
    organizations: &Organizations,
    policies: &Policies,
) -> Destination {
    let request = &interaction.request.0;
    let open = || {
        organizations
            .memberships
            .iter()
            .filter(|member| member.organization.suspended_at.is_none())
    };
    let member_of = |id: &OrganizationId| open().any(|member| member.organization.id == *id);
    if let Some(chosen) = interaction
        .progress
        .0
        .organization
        .as_ref()
        .filter(|chosen| member_of(chosen))
    {
        return Destination::Organization(chosen.clone());
    }
    if request.is_create_org && policies.organization_creation_allowed {
        return request
            .org_name
            .clone()
            .map_or(Destination::Name, Destination::Create);
    }
    if let Some(requested) = &organizations.requested {
        return into_requested(requested, &member_of);
    }
    let open: Vec<&Member> = open().collect();
    match open.as_slice() {
        [] if !organizations.memberships.is_empty() => Destination::Suspended,
        [] => match &organizations.default {
            Some(default) if policies.default_organization_takes_users => {
                Destination::Join(default.clone())
            }
            _ => Destination::Nowhere,
        },
        [one] => Destination::Organization(one.organization.id.clone()),
        several => remembered(several, organizations, policies)
            .map_or(Destination::Pick, Destination::Organization),
    }
}

fn into_requested(
    requested: &Requested,
    member_of: &impl Fn(&OrganizationId) -> bool,
) -> Destination {
    let organization = &requested.organization;
    if organization.suspended_at.is_some() {
        Destination::Suspended
    } else if member_of(&organization.id) {
        Destination::Organization(organization.id.clone())
    } else if requested.admits {
        Destination::Join(organization.id.clone())
    } else {
        Destination::NotAMember
    }
}

/// The organization that need not be asked for again: this session's, or by policy the most recent one.
fn remembered(
    several: &[&Member],
    organizations: &Organizations,
    policies: &Policies,
) -> Option<OrganizationId> {
    let of_session = organizations.last_in_session.as_ref();
    let known = several
        .iter()
        .find(|member| Some(&member.organization.id) == of_session);
    let recent = || {
        let visited = several
            .iter()
            .filter(|member| member.last_sign_in_at.is_some());
        visited
            .max_by_key(|member| member.last_sign_in_at)
            .filter(|_| policies.skips_picker_for_most_recent)
    };
    known
        .or_else(recent)
        .map(|member| member.organization.id.clone())
}
