//! What rehearsals of sign-ins show of people: attributes, ways in, roles and permissions.

use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Catalogue;
use crate::directory::reconcile::{Rule, Who, Why};
use crate::directory::upstream::Outlook;
use crate::directory::upstream::rehearsal::Stated;
use crate::federation::mapping::{Attribute, Mapping, Mode};
use crate::id::{IdentityId, OrganizationId, RoleId, UserId};

/// Who it would be, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RehearsedUser)]
pub struct Person {
    /// Null when an account would be created.
    #[schema(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// Why the identity would be theirs: it is `known`, it was `waiting` for their address, their `verified_email` is
    /// the same on both sides, or they are `new`.
    #[schema(value_type = String, pattern = "^(known|asked|waiting|verified_email|new)$")]
    rule: Rule,
    /// The identity that they come by; null when it would be added.
    #[schema(value_type = Option<String>)]
    identity_id: Option<IdentityId>,
    /// The address that is proven on both sides, if there is one.
    verified_email: Option<String>,
    /// Whether their other ways to sign in would be set aside.
    takes_over: bool,
    /// The user who would lose the address: they never proved that it is theirs.
    #[schema(value_type = Option<String>)]
    displaced_user_id: Option<UserId>,
}

impl Person {
    /// Who it would be; none when nobody would be signed in.
    pub(super) fn of(stated: &Stated) -> Option<Self> {
        let reconciled = stated.decided.outcome.as_ref().ok()?;
        let evidence = stated.evidence.clone().unwrap_or_default();
        Some(Self {
            user_id: reconciled.who.user().cloned(),
            rule: reconciled.who.rule(),
            identity_id: match &reconciled.who {
                Who::Bound(identity, _) | Who::Known(identity, _) => Some(identity.clone()),
                Who::Created | Who::Linked(..) => None,
            },
            verified_email: evidence.verified_email,
            takes_over: reconciled.takes_over,
            displaced_user_id: reconciled.displaced.clone().map(|(_, user)| user),
        })
    }
}

/// What would become of an attribute.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RehearsedAttribute)]
pub struct AttributeOutcome {
    #[schema(value_type = String)]
    attribute: Attribute,
    /// The claim that it is read from.
    claim: String,
    #[schema(value_type = String, pattern = "^(fill|follow|follow_unless_edited|import|never)$")]
    mode: Mode,
    /// What the claim holds; null when that is nothing, or can't be an attribute.
    stated: Option<String>,
    /// What it is now.
    before: Option<String>,
    /// What it would be.
    after: Option<String>,
    /// Whether it would be written.
    is_written: bool,
    /// Why it would stay as it is; null when it would be written. The words are those of sync records.
    #[schema(
        value_type = Option<String>,
        pattern = "^(absent|edited|empty|filled|import_only|malformed|never|same|sync_off|taken)$"
    )]
    why_kept: Option<Why>,
    /// Whether the two sides contradict each other, so that somebody should look at it.
    is_conflict: bool,
    /// Of a mail address that would be written, whether it is proven; null otherwise.
    is_verified: Option<bool>,
}

impl AttributeOutcome {
    /// Whether it would be written, or is in conflict.
    pub(super) fn is_notable(&self) -> bool {
        self.is_written || self.is_conflict
    }
}

/// What would become of each attribute that the mapping names.
pub(super) fn attributes(mapping: &Mapping, stated: &Stated) -> Vec<AttributeOutcome> {
    let Ok(reconciled) = &stated.decided.outcome else {
        return Vec::new();
    };
    let user = reconciled.who.user();
    let person = user.and_then(|user| stated.decided.facts.person(user));
    let outcomes = mapping.0.iter().map(|(attribute, rule)| {
        let before = person.and_then(|person| person.value(*attribute));
        let mut changes = reconciled.changes.iter();
        let change = changes.find(|change| change.attribute == *attribute);
        let why_kept = reconciled.why_kept(*attribute);
        let said = stated.assertion.text(&rule.claim).ok();
        AttributeOutcome {
            attribute: *attribute,
            claim: rule.claim.clone(),
            mode: rule.mode,
            stated: said.and_then(|said| said.present().cloned()),
            after: change.map_or_else(|| before.clone(), |change| change.after.clone()),
            before,
            is_written: change.is_some(),
            why_kept,
            is_conflict: why_kept.is_some_and(Why::is_conflict),
            is_verified: change.and_then(|change| change.is_verified),
        }
    });
    outcomes.collect()
}

/// What would change of somebody's access in an organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RehearsedAccess)]
pub struct AccessOutcome {
    #[schema(value_type = String)]
    org_code: OrganizationId,
    /// The roles that they would have and do not have now, from anywhere.
    roles_gained: Vec<NamedRole>,
    /// The roles that they have now and would not have any more: nothing else gives them.
    roles_lost: Vec<NamedRole>,
    /// The keys of permissions that they would have and do not have now.
    permissions_gained: Vec<String>,
    /// The keys of permissions that they have now and would not have any more.
    permissions_lost: Vec<String>,
}

/// A role by its id and key.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NamedRole {
    #[schema(value_type = String, format = Uuid)]
    id: RoleId,
    key: String,
}

impl NamedRole {
    pub(super) fn of(id: &RoleId, catalogue: &Catalogue) -> Option<Self> {
        let (role, _) = catalogue.role(id)?;
        Some(Self {
            id: role.id.clone(),
            key: role.key.clone(),
        })
    }
}

impl AccessOutcome {
    pub(super) fn of(outlook: Outlook, catalogue: &Catalogue) -> Self {
        let named = |ids: &[RoleId]| -> Vec<NamedRole> {
            let mut named: Vec<NamedRole> = ids
                .iter()
                .filter_map(|id| NamedRole::of(id, catalogue))
                .collect();
            named.sort_by(|one, other| one.key.cmp(&other.key));
            named
        };
        Self {
            roles_gained: named(&outlook.roles_gained),
            roles_lost: named(&outlook.roles_lost),
            org_code: outlook.organization,
            permissions_gained: outlook.permissions_gained,
            permissions_lost: outlook.permissions_lost,
        }
    }
}
