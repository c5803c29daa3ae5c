//! Reconciliation: what an upstream's assertion means here. Who is it, what changes of their profile, where they
//! belong, what is granted and withdrawn, and what conflicts.
//!
//! Pure: no I/O, no clock, no randomness. The same function serves a sign-in, a dry run, and a replay of recorded
//! sign-ins against a changed mapping; whoever calls it carries the decision out, or only shows it.

mod membership;
mod profile;
mod who;

use serde::{Deserialize, Serialize};

use crate::directory::provenance;
use crate::federation::Assertion;
use crate::federation::mapping::Attribute;
use crate::id::{IdentityId, OrganizationId, UserId};
use crate::store::attribute_sources::AttributeSource;
use crate::store::connections::{Connection, GroupRole};
use crate::store::group_role_assignments::GroupRoleAssignment;
use crate::store::invitations::Invitation;
use crate::store::users::User;

pub use membership::{Membership, is_too_much};
pub use profile::{Change, Kept, Why};
pub use who::{Refusal, Rule, Who, stated_email};

/// A connection, with all that is set of it.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// The connection.
    pub connection: Connection,
    /// The domains whose addresses lead to it.
    pub domains: Vec<String>,
    /// The roles that groups give.
    pub group_roles: Vec<GroupRole>,
}

/// Whether a connection is that of a business: an organization's, or one with domains. An identity that its user links
/// there takes over from their other ways to sign in. Pure.
pub fn is_of_business(connection: &Connection, domains: &[String]) -> bool {
    connection.organization_id.is_some() || !domains.is_empty()
}

/// The policies that count here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Whether profiles are brought up to date, where the connection does not say otherwise.
    pub syncs_profiles: bool,
    /// Whether strangers may get an account.
    pub self_sign_up_allowed: bool,
    /// The domains of the addresses that strangers may have; any when there are none.
    pub sign_up_domains: Vec<String>,
}

/// Somebody known here, as far as it matters.
#[derive(Debug, Clone)]
pub struct Person {
    /// The user.
    pub user: User,
    /// The mail address that tokens show.
    pub email: Option<Address>,
    /// Where their attributes come from.
    pub sources: Vec<AttributeSource>,
    /// Where they belong.
    pub memberships: Vec<OrganizationId>,
    /// What groups of the connection give them.
    pub group_roles: Vec<GroupRoleAssignment>,
}

/// A mail address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// As it was given.
    pub value: String,
    /// Whether it is known to be theirs.
    pub is_verified: bool,
}

/// Who has the asserted address here.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The identity that holds it.
    pub identity: IdentityId,
    /// Whether it is known to be theirs.
    pub is_verified: bool,
    /// Whose it is.
    pub person: Person,
}

/// What is known here of whom the assertion may be about.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Whose the identity is, when its key is known.
    pub known: Option<(IdentityId, Person)>,
    /// Who asked for it to be linked, and has just proven who they are.
    pub linking: Option<Person>,
    /// Whose the identity is that waits at this connection for the asserted address.
    pub waiting: Option<(IdentityId, Person)>,
    /// Who has the asserted address.
    pub holder: Option<Holder>,
    /// The open invitation that the sign-in brings, for whoever has the address that it names.
    pub invited: Option<Invitation>,
    /// Whether the organization whose connection it is, is suspended.
    pub organization_suspended: bool,
    /// How many roles groups of the connection give, to all.
    pub group_roles_given: i64,
}

impl Person {
    /// What an attribute of theirs is.
    pub fn value(&self, attribute: Attribute) -> Option<String> {
        let email = self.email.as_ref().map(|email| email.value.as_str());
        provenance::value(&self.user, email, attribute)
    }
}

impl Facts {
    /// What is known of a user that it may be about.
    pub fn person(&self, user: &UserId) -> Option<&Person> {
        let known = self.known.as_ref().map(|(_, person)| person);
        let waiting = self.waiting.as_ref().map(|(_, person)| person);
        let holder = self.holder.as_ref().map(|holder| &holder.person);
        [known, self.linking.as_ref(), waiting, holder]
            .into_iter()
            .flatten()
            .find(|person| person.user.id == *user)
    }
}

/// What an assertion means here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// Who it is.
    pub who: Who,
    /// From whom the address is taken: their claim to it is unproven, and the newcomer's is proven.
    pub displaced: Option<(IdentityId, UserId)>,
    /// Whether their other ways to sign in are set aside: from now on their business says who they are.
    pub takes_over: bool,
    /// Whether they get their account by the invitation.
    pub is_invited: bool,
    /// What changes of the profile.
    pub changes: Vec<Change>,
    /// What does not, and why.
    pub kept: Vec<Kept>,
    /// Where they belong, and what groups give and no longer give.
    pub membership: Membership,
}

impl Reconciliation {
    /// Whether anything of the user changes.
    pub fn is_unchanged(&self) -> bool {
        matches!(self.who, Who::Known(..))
            && self.changes.is_empty()
            && self.membership.is_unchanged()
    }

    /// Whether somebody should look at what stays as it is: the two sides contradict each other, or roles are kept that
    /// groups give no more.
    pub fn needs_attention(&self) -> bool {
        let has_conflict = self.kept.iter().any(|kept| kept.why.is_conflict());
        has_conflict || !self.membership.held.is_empty()
    }

    /// Why an attribute stays as it is.
    pub fn why_kept(&self, attribute: Attribute) -> Option<Why> {
        let mut kept = self.kept.iter();
        kept.find(|kept| kept.attribute == attribute)
            .map(|kept| kept.why)
    }
}

/// Decides what an assertion means.
///
/// # Errors
///
/// Why nobody is signed in. Then nothing changes.
pub fn reconcile(
    assertion: &Assertion,
    upstream: &Upstream,
    terms: &Terms,
    facts: &Facts,
) -> Result<Reconciliation, Refusal> {
    let email = who::asserted_email(assertion, upstream);
    let found = who::identify(upstream, terms, facts, email.as_ref())?;
    let profile = profile::compare(assertion, upstream, terms, facts, &found, email.as_ref());
    let membership = membership::compare(assertion, upstream, facts, found.person);
    let is_new = matches!(found.who, Who::Created);
    Ok(Reconciliation {
        is_invited: is_new && who::is_invited(facts, email.as_ref()),
        takes_over: found.who.takes_over(upstream),
        who: found.who,
        displaced: profile.displaced,
        changes: profile.changes,
        kept: profile.kept,
        membership,
    })
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
