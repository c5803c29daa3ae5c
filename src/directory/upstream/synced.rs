//! What a sign-in through an upstream has changed of a user, as it is recorded.

use serde::{Deserialize, Serialize};

use crate::directory::reconcile::{Change, Kept, Reconciliation, Rule};
use crate::id::{IdentityId, OrganizationId};
use crate::store::group_role_assignments::GroupRoleAssignment;
use crate::store::sync_records::SyncRecord;

/// What a sign-in has changed, and why the rest stayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Synced {
    /// By which identity.
    pub identity: IdentityId,
    /// Why it is theirs.
    pub rule: Rule,
    /// What of the profile was written.
    pub changes: Vec<Change>,
    /// What was not, and why.
    pub kept: Vec<Kept>,
    /// The organization that they joined.
    pub joined: Option<OrganizationId>,
    /// What groups give from then on.
    pub granted: Vec<GroupRoleAssignment>,
    /// What groups gave until then.
    pub withdrawn: Vec<GroupRoleAssignment>,
    /// What groups give no more, and was kept because it was too much at once.
    pub held: Vec<GroupRoleAssignment>,
}

impl Synced {
    /// What was decided.
    pub(super) fn by(identity: &IdentityId, decided: &Reconciliation) -> Self {
        let membership = decided.membership.clone();
        Self {
            identity: identity.clone(),
            rule: decided.who.rule(),
            changes: decided.changes.clone(),
            kept: decided.kept.clone(),
            joined: membership.joins,
            granted: membership.granted,
            withdrawn: membership.withdrawn,
            held: membership.held,
        }
    }

    /// Whether somebody should look at the same things as there.
    pub(super) fn contradicts_alike(&self, other: &Self) -> bool {
        let conflicts = |synced: &Self| -> Vec<Kept> {
            let kept = synced.kept.iter().filter(|kept| kept.why.is_conflict());
            kept.cloned().collect()
        };
        conflicts(self) == conflicts(other) && self.held == other.held
    }

    /// What a record tells.
    ///
    /// # Errors
    ///
    /// When it was not written here.
    pub fn read(record: &SyncRecord) -> serde_json::Result<Self> {
        Self::deserialize(&record.record.0)
    }
}
