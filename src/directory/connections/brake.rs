//! The brake: a change of a connection that would withdraw much of what its groups give is held until somebody confirms
//! it, with the number.
//!
//! # Decision
//!
//! What counts is what is given now and what the changed mapping would not give: nobody is asked, and no sign-in is
//! replayed, so that the number is the same for whoever looks. A role that a group gave is withdrawn at its holder's
//! next sign-in, so that the change takes effect bit by bit, where the brake of a single sign-in sees little of it. When
//! groups are read from another claim, nobody knows what that claim holds: all that is given counts as withdrawn.
//! When they are read no more, nothing is: groups that are not told withdraw nothing.

use serde::Serialize;

use super::Configured;
use crate::directory::reconcile::is_too_much;
use crate::federation::settings::Settings;
use crate::store::connections::GroupRole;
use crate::store::{Tx, group_role_assignments};

/// What a change would withdraw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Withdrawals {
    /// How many roles groups of the connection give now, to all.
    pub given: i64,
    /// How many of these they would give no more.
    pub withdrawn: i64,
}

impl Withdrawals {
    /// Whether that waits for a confirmation, when so many were confirmed.
    pub fn is_held(self, confirmed: Option<i64>) -> bool {
        let is_confirmed = confirmed.is_some_and(|confirmed| confirmed >= self.withdrawn);
        is_too_much(self.given, self.withdrawn) && !is_confirmed
    }
}

impl std::fmt::Display for Withdrawals {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { given, withdrawn } = self;
        write!(
            formatter,
            "this would withdraw {withdrawn} of the {given} roles that groups give through the connection"
        )
    }
}

/// What a change of a connection would withdraw of what its groups give.
pub async fn withdrawals(
    tx: &mut Tx,
    before: &Configured,
    after: &Configured,
) -> sqlx::Result<Withdrawals> {
    let (source_before, source) = (groups_from(before), groups_from(after));
    if before.group_roles == after.group_roles && source_before == source {
        return Ok(Withdrawals::default());
    }
    let given = group_role_assignments::count_each(tx, &before.connection.id).await?;
    let mut sum = Withdrawals::default();
    for (assignment, count) in given {
        let given = GroupRole {
            group_name: assignment.group_name,
            organization_id: assignment.organization_id,
            role_id: assignment.role_id,
        };
        sum.given += count;
        let is_kept = source_before == source && after.group_roles.contains(&given);
        if source.is_some() && !is_kept {
            sum.withdrawn += count;
        }
    }
    Ok(sum)
}

/// Where groups are read from, if they are read at all.
fn groups_from(configured: &Configured) -> Option<&str> {
    match &configured.connection.settings.0 {
        Settings::EntraId(settings) => settings.reads_groups.then_some("groups"),
        Settings::Google(_) | Settings::OAuth2(_) => None,
        Settings::Oidc(settings) => settings.groups_claim.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn much_at_once_waits_until_its_number_is_confirmed() {
        // given, withdrawn, confirmed, held
        for (given, withdrawn, confirmed, expected) in [
            (19, 19, None, false),
            (20, 5, None, false),
            (20, 6, None, true),
            (20, 6, Some(5), true),
            (20, 6, Some(6), false),
            (20, 6, Some(100), false),
            (1000, 250, None, false),
            (1000, 251, Some(250), true),
        ] {
            let held = Withdrawals { given, withdrawn }.is_held(confirmed);
            assert_eq!(held, expected, "{given} {withdrawn} {confirmed:?}");
        }
    }
}
