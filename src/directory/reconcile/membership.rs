//! Where they belong, and what groups of the upstream give them there.

use std::collections::BTreeSet;

use super::{Facts, Person, Upstream};
use crate::federation::{Assertion, Presence};
use crate::id::OrganizationId;
use crate::store::group_role_assignments::GroupRoleAssignment;

/// What becomes of somebody's memberships and roles.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Membership {
    /// The organization that they join.
    pub joins: Option<OrganizationId>,
    /// The organization that the sign-in leads to.
    pub leads_to: Option<OrganizationId>,
    /// What groups give from now on.
    pub granted: Vec<GroupRoleAssignment>,
    /// What groups give no more.
    pub withdrawn: Vec<GroupRoleAssignment>,
    /// What groups give no more, and stays until somebody has looked at it: it is too much at once.
    pub held: Vec<GroupRoleAssignment>,
}

impl Membership {
    /// Whether nothing changes.
    pub fn is_unchanged(&self) -> bool {
        self.joins.is_none() && self.granted.is_empty() && self.withdrawn.is_empty()
    }
}

/// Below so many roles that groups of a connection give, nothing is too much at once.
const BRAKE_FROM: i64 = 20;

/// One sign-in, or one change of the connection, withdraws at most one in so many of them.
const BRAKE_SHARE: i64 = 4;

/// Compares what groups give with what they gave.
///
/// When the groups are not told, nothing is withdrawn: an upstream that leaves them out does not say that there
/// are none.
pub(super) fn compare(
    assertion: &Assertion,
    upstream: &Upstream,
    facts: &Facts,
    person: Option<&Person>,
) -> Membership {
    let belongs =
        |id: &OrganizationId| person.is_some_and(|person| person.memberships.contains(id));
    let connection = &upstream.connection;
    let home = connection.organization_id.as_ref();
    let joins = home.filter(|id| connection.joins_organization && !belongs(id));
    let leads_to = home.filter(|id| connection.joins_organization || belongs(id));
    let mut membership = Membership {
        joins: joins.cloned(),
        leads_to: leads_to.cloned(),
        ..Membership::default()
    };
    let groups: BTreeSet<&str> = match &assertion.groups {
        Presence::Absent => return membership,
        Presence::Empty => BTreeSet::new(),
        Presence::Present(groups) => groups.iter().map(String::as_str).collect(),
    };
    let given = upstream.group_roles.iter();
    let wanted: BTreeSet<GroupRoleAssignment> = given
        .filter(|given| groups.contains(given.group_name.as_str()))
        .filter(|given| belongs(&given.organization_id) || joins == Some(&given.organization_id))
        .map(|given| GroupRoleAssignment {
            organization_id: given.organization_id.clone(),
            role_id: given.role_id.clone(),
            group_name: given.group_name.clone(),
        })
        .collect();
    let held = person.into_iter().flat_map(|person| &person.group_roles);
    let held: BTreeSet<GroupRoleAssignment> = held.cloned().collect();
    membership.granted = wanted.difference(&held).cloned().collect();
    let gone: Vec<GroupRoleAssignment> = held.difference(&wanted).cloned().collect();
    // Those that are granted with it count as given, so that the same assertion, when it comes again, is decided alike.
    let given = facts
        .group_roles_given
        .saturating_add(count(&membership.granted));
    if is_too_much(given, count(&gone)) {
        membership.held = gone;
    } else {
        membership.withdrawn = gone;
    }
    membership
}

fn count(roles: &[GroupRoleAssignment]) -> i64 {
    i64::try_from(roles.len()).unwrap_or(i64::MAX)
}

/// Whether so many of the roles that groups of a connection give are too much to withdraw at once.
pub fn is_too_much(given: i64, withdrawn: i64) -> bool {
    given >= BRAKE_FROM && withdrawn > given / BRAKE_SHARE
}
