//! What changes of a profile: per attribute, what is said, what is here, and the mode of its rule.

use serde::{Deserialize, Serialize};

use super::who::{AssertedEmail, Found};
use super::{Facts, Holder, Person, Terms, Upstream, Who};
use crate::directory::identifier;
use crate::federation::mapping::{Attribute, Mode, Rule};
use crate::federation::{Assertion, Presence};
use crate::id::{IdentityId, UserId};
use crate::naming;
use crate::protocol::claims::format;
use crate::store::attribute_sources::Source;
use crate::store::identities::IdentityKind;

/// An attribute that is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The attribute.
    pub attribute: Attribute,
    /// What it was.
    pub before: Option<String>,
    /// What it will be.
    pub after: Option<String>,
    /// The claim that says so.
    pub claim: String,
    /// Of a mail address: whether it is proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_verified: Option<bool>,
}

/// An attribute that stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The attribute.
    pub attribute: Attribute,
    /// Why.
    pub why: Why,
}

/// Why an attribute stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The upstream did not say anything of it.
    Absent,
    /// It was edited here, and the rule honours that.
    Edited,
    /// The upstream says that there is nothing, and the rule does not empty what is here.
    Empty,
    /// There is something here already, and the rule only fills.
    Filled,
    /// The rule writes it when the user is created, and never again.
    ImportOnly,
    /// A conflict: what the upstream says can't be an attribute of that kind.
    Malformed,
    /// The rule never writes it.
    Never,
    /// It is what the upstream says.
    Same,
    /// Profiles are not brought up to date.
    SyncOff,
    /// A conflict: another user has the address.
    Taken,
}

impl Why {
    /// Whether an administrator should look at it.
    pub fn is_conflict(self) -> bool {
        matches!(self, Self::Malformed | Self::Taken)
    }
}

/// What becomes of a profile.
#[derive(Default)]
pub(super) struct Profile {
    pub(super) changes: Vec<Change>,
    pub(super) kept: Vec<Kept>,
    pub(super) displaced: Option<(IdentityId, UserId)>,
}

/// Compares what is said with what is here.
pub(super) fn compare(
    assertion: &Assertion,
    upstream: &Upstream,
    terms: &Terms,
    facts: &Facts,
    found: &Found<'_>,
    email: Option<&AssertedEmail>,
) -> Profile {
    let is_new = matches!(found.who, Who::Created);
    let syncs = upstream.connection.sync.0.decides(terms.syncs_profiles);
    let mut profile = Profile::default();
    for (attribute, rule) in &upstream.connection.mapping.0.0 {
        let attribute = *attribute;
        let before = found.person.and_then(|person| person.value(attribute));
        let is_edited = found
            .person
            .is_some_and(|person| is_edited(person, attribute));
        let wanted = if is_new || syncs {
            may_write(rule.mode, is_new, before.is_some(), is_edited)
                .and_then(|()| said(assertion, attribute, rule))
        } else {
            Err(Why::SyncOff)
        };
        let outcome = wanted.and_then(|after| match (attribute, email) {
            (Attribute::Email, Some(email)) => {
                let taking = address(facts, found.person, email)?;
                profile.displaced = taking.displaced;
                Ok(change(
                    attribute,
                    rule,
                    before,
                    after,
                    Some(taking.is_verified),
                ))
            }
            (Attribute::Email, None) => Err(Why::Malformed),
            _ if before == after => Err(Why::Same),
            _ => Ok(change(attribute, rule, before, after, None)),
        });
        match outcome {
            Ok(change) => profile.changes.push(change),
            Err(why) => profile.kept.push(Kept { attribute, why }),
        }
    }
    profile
}

fn change(
    attribute: Attribute,
    rule: &Rule,
    before: Option<String>,
    after: Option<String>,
    is_verified: Option<bool>,
) -> Change {
    Change {
        attribute,
        before,
        after,
        claim: rule.claim.clone(),
        is_verified,
    }
}

/// Whether a sign-in may write an attribute, by the mode of its rule; if not, why. Where it may not, it does not
/// matter what is said.
fn may_write(mode: Mode, is_new: bool, is_filled: bool, is_edited: bool) -> Result<(), Why> {
    match mode {
        Mode::Never => Err(Why::Never),
        _ if is_new => Ok(()),
        Mode::Fill if is_filled => Err(Why::Filled),
        Mode::FollowUnlessEdited if is_edited => Err(Why::Edited),
        Mode::Import => Err(Why::ImportOnly),
        Mode::Fill | Mode::Follow | Mode::FollowUnlessEdited => Ok(()),
    }
}

/// What an attribute is to be, as it is said, or why that can't be written.
fn said(assertion: &Assertion, attribute: Attribute, rule: &Rule) -> Result<Option<String>, Why> {
    match assertion.text(&rule.claim) {
        Err(_) => Err(Why::Malformed),
        Ok(Presence::Absent) => Err(Why::Absent),
        // An account without an address could not be found again.
        Ok(Presence::Empty) if rule.clear_when_empty && attribute != Attribute::Email => Ok(None),
        Ok(Presence::Empty) => Err(Why::Empty),
        Ok(Presence::Present(text)) => read(attribute, &text).map(Some).ok_or(Why::Malformed),
    }
}

/// How an address becomes somebody's.
struct Taking {
    is_verified: bool,
    displaced: Option<(IdentityId, UserId)>,
}

/// How the asserted address becomes the user's, or why it doesn't. What was proven here once stays proven.
fn address(facts: &Facts, person: Option<&Person>, email: &AssertedEmail) -> Result<Taking, Why> {
    let said_verified = email.address.is_verified;
    let taking = |is_verified, displaced| Taking {
        is_verified,
        displaced,
    };
    let shown = person.and_then(|person| person.email.as_ref());
    let shown = shown.filter(|shown| IdentityKind::Email.key(&shown.value) == email.key());
    if let Some(shown) = shown {
        let gains_proof = said_verified && !shown.is_verified;
        return gains_proof.then_some(taking(true, None)).ok_or(Why::Same);
    }
    let is_theirs =
        |holder: &Holder| person.is_some_and(|person| person.user.id == holder.person.user.id);
    match &facts.holder {
        None => Ok(taking(said_verified, None)),
        Some(holder) if is_theirs(holder) => Ok(taking(said_verified || holder.is_verified, None)),
        Some(holder) if said_verified && !holder.is_verified => {
            let displaced = (holder.identity.clone(), holder.person.user.id.clone());
            Ok(taking(true, Some(displaced)))
        }
        Some(_) => Err(Why::Taken),
    }
}

/// Whether somebody here has written the attribute last. What nobody is known to have written was written by
/// whoever made the account, unless it is empty. An import brought what was elsewhere; nobody edited it here.
fn is_edited(person: &Person, attribute: Attribute) -> bool {
    let mut sources = person.sources.iter();
    match sources.find(|source| source.attribute.0 == attribute) {
        Some(source) => !matches!(source.source.0, Source::Connection | Source::Import),
        None => person.value(attribute).is_some(),
    }
}

const LONGEST_TEXT: usize = 200;
const LONGEST_ADDRESS: usize = 2000;

/// The attribute that a text stands for, if it can be one.
fn read(attribute: Attribute, text: &str) -> Option<String> {
    let line = |longest| naming::line(text, longest).ok();
    let web_address = || {
        let fits = text.len() <= LONGEST_ADDRESS && format::is_web_address(text);
        fits.then(|| text.to_owned())
    };
    match attribute {
        Attribute::Birthdate => format::is_birthdate(text).then(|| text.to_owned()),
        Attribute::Email => read_email(text),
        Attribute::FamilyName | Attribute::GivenName => line(identifier::LONGEST_NAME),
        Attribute::Gender
        | Attribute::MiddleName
        | Attribute::Nickname
        | Attribute::PreferredUsername => line(LONGEST_TEXT),
        Attribute::Locale => format::is_locale(text).then(|| text.to_owned()),
        Attribute::Picture | Attribute::Profile | Attribute::Website => web_address(),
        Attribute::Zoneinfo => format::is_zoneinfo(text).then(|| text.to_owned()),
    }
}

/// The mail address that a text is, if it is one.
pub(super) fn read_email(text: &str) -> Option<String> {
    identifier::email(text).map(str::to_owned)
}
