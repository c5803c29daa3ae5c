//! A directory in memory, which gathers facts and carries decisions out to the letter.

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::reconcile::tests::{NOW, identity_id, person, user_id};
use crate::directory::reconcile::who::asserted_email;
use crate::directory::reconcile::{
    Address, Change, Facts, Holder, Person, Reconciliation, Refusal, Terms, Upstream, Who,
    reconcile,
};
use crate::federation::Assertion;
use crate::federation::mapping::Attribute;
use crate::id::{ConnectionId, IdentityId, OrganizationId, RoleId, UserId};
use crate::store::attribute_sources::{AttributeSource, Source};
use crate::store::identities::IdentityKind;
use crate::store::types::Text;

/// Everything that a sign-in can meet: the assertion, the connection, the policies, and who is here.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) assertion: Assertion,
    pub(super) upstream: Upstream,
    pub(super) terms: Terms,
    pub(super) directory: Directory,
}

impl Case {
    pub(super) fn facts(&self) -> Facts {
        self.directory.facts(&self.assertion, &self.upstream)
    }

    pub(super) fn decide(&self) -> Result<Reconciliation, Refusal> {
        reconcile(&self.assertion, &self.upstream, &self.terms, &self.facts())
    }

    /// Signs in: decides, and carries the decision out.
    pub(super) fn sign_in(&mut self) -> Result<Reconciliation, Refusal> {
        let decided = self.decide()?;
        let connection = &self.upstream.connection.id;
        self.directory.carry_out(&decided, connection);
        Ok(decided)
    }

    /// The asserted address, in the form that is compared.
    pub(super) fn asserted_key(&self) -> Option<String> {
        asserted_email(&self.assertion, &self.upstream).map(|email| email.key())
    }
}

/// Who is here.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    pub(super) people: BTreeMap<UserId, Person>,
    /// By the form that is compared.
    pub(super) addresses: BTreeMap<String, Held>,
    /// Whose the identity is of which the assertions speak.
    pub(super) known: Option<(IdentityId, UserId)>,
    /// Whose identities wait, by the address.
    pub(super) waiting: BTreeMap<String, (IdentityId, UserId)>,
    /// Who is signed in and asks for a link.
    pub(super) asking: Option<UserId>,
    /// Roles that people gave.
    pub(super) by_hand: BTreeSet<(UserId, OrganizationId, RoleId)>,
    /// How many roles groups of the connection give to all.
    pub(super) group_roles_given: i64,
    pub(super) organization_suspended: bool,
}

/// A mail address that somebody has.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) identity: IdentityId,
    pub(super) user: UserId,
    pub(super) is_verified: bool,
}

/// Whoever is created.
const NEWCOMER: u8 = 99;

impl Directory {
    fn facts(&self, assertion: &Assertion, upstream: &Upstream) -> Facts {
        let key = asserted_email(assertion, upstream).map(|email| email.key());
        let person = |id: &UserId| self.people[id].clone();
        let identified = |(identity, user): &(IdentityId, UserId)| (identity.clone(), person(user));
        let waiting = key.as_ref().and_then(|key| self.waiting.get(key));
        let holder = key.as_ref().and_then(|key| self.addresses.get(key));
        Facts {
            known: self.known.as_ref().map(identified),
            linking: self.asking.as_ref().map(person),
            waiting: waiting.map(identified),
            holder: holder.map(|held| Holder {
                identity: held.identity.clone(),
                is_verified: held.is_verified,
                person: person(&held.user),
            }),
            invited: None,
            organization_suspended: self.organization_suspended,
            group_roles_given: self.group_roles_given,
        }
    }

    fn carry_out(&mut self, decided: &Reconciliation, connection: &ConnectionId) {
        let (identity, id) = self.find(&decided.who);
        self.known = Some((identity, id.clone()));
        if let Some((identity, other)) = &decided.displaced {
            self.addresses.retain(|_, held| held.identity != *identity);
            let other = self.people.get_mut(other).unwrap();
            other.email = None;
        }
        for change in &decided.changes {
            self.write(&id, change, connection);
        }
        let person = self.people.get_mut(&id).unwrap();
        let membership = &decided.membership;
        person.memberships.extend(membership.joins.clone());
        let is_withdrawn = |role: &_| membership.withdrawn.contains(role);
        let before = person.group_roles.len();
        person.group_roles.retain(|role| !is_withdrawn(role));
        let withdrawn = before - person.group_roles.len();
        person.group_roles.extend(membership.granted.clone());
        let count = |roles: usize| i64::try_from(roles).unwrap();
        self.group_roles_given += count(membership.granted.len()) - count(withdrawn);
    }

    /// The identity and the user that a decision speaks of. Nobody waits any more who has come.
    fn find(&mut self, who: &Who) -> (IdentityId, UserId) {
        match who {
            Who::Known(identity, user) => (identity.clone(), user.clone()),
            Who::Bound(identity, user) => {
                self.waiting.retain(|_, (waiting, _)| waiting != identity);
                (identity.clone(), user.clone())
            }
            Who::Linked(user, _) => (identity_id(NEWCOMER), user.clone()),
            Who::Created => {
                self.people.insert(user_id(NEWCOMER), person(NEWCOMER));
                (identity_id(NEWCOMER), user_id(NEWCOMER))
            }
        }
    }

    fn write(&mut self, id: &UserId, change: &Change, connection: &ConnectionId) {
        let person = self.people.get_mut(id).unwrap();
        if change.attribute == Attribute::Email {
            let value = change.after.clone().expect("no address is emptied");
            let is_verified = change.is_verified.expect("an address says its proof");
            let held = Held {
                identity: identity_id(NEWCOMER + 1),
                user: id.clone(),
                is_verified,
            };
            let held_by = self.addresses.insert(IdentityKind::Email.key(&value), held);
            assert!(held_by.is_none_or(|before| before.user == *id));
            person.email = Some(Address { value, is_verified });
        } else {
            set(person, change.attribute, change.after.clone());
        }
        person
            .sources
            .retain(|source| source.attribute.0 != change.attribute);
        person.sources.push(AttributeSource {
            attribute: Text(change.attribute),
            source: Text(Source::Connection),
            connection_id: Some(connection.clone()),
            claim: Some(change.claim.clone()),
            previous: change.before.clone(),
            written_at: NOW,
        });
    }
}

/// Writes an attribute that is no address.
pub(super) fn set(person: &mut Person, attribute: Attribute, value: Option<String>) {
    let user = &mut person.user;
    let further = &mut user.attributes.0;
    *match attribute {
        Attribute::Birthdate => &mut further.birthdate,
        Attribute::Email => unreachable!("an address has a proof"),
        Attribute::FamilyName => &mut user.family_name,
        Attribute::Gender => &mut further.gender,
        Attribute::GivenName => &mut user.given_name,
        Attribute::Locale => &mut further.locale,
        Attribute::MiddleName => &mut further.middle_name,
        Attribute::Nickname => &mut further.nickname,
        Attribute::Picture => &mut user.picture,
        Attribute::PreferredUsername => &mut further.preferred_username,
        Attribute::Profile => &mut further.profile,
        Attribute::Website => &mut further.website,
        Attribute::Zoneinfo => &mut further.zoneinfo,
    } = value;
}
