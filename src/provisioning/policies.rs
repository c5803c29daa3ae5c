//! `[policies]`: what holds for everybody.

use rand::CryptoRng;
use serde::Deserialize;

use super::change::{Change, Fields, Noun};
use super::record;
use crate::clock::Timestamp;
use crate::store::Tx;
use crate::store::environment::{self, Policies};

/// The policies that a document sets; those it does not name stay as they are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    default_organization_takes_users: Option<bool>,
    organization_creation_allowed: Option<bool>,
    self_sign_up_allowed: Option<bool>,
    skips_picker_for_most_recent: Option<bool>,
    syncs_profiles: Option<bool>,
}

impl Written {
    fn over(&self, current: &Policies) -> Policies {
        let or = |written: Option<bool>, current| written.unwrap_or(current);
        Policies {
            default_organization_takes_users: or(
                self.default_organization_takes_users,
                current.default_organization_takes_users,
            ),
            organization_creation_allowed: or(
                self.organization_creation_allowed,
                current.organization_creation_allowed,
            ),
            self_sign_up_allowed: or(self.self_sign_up_allowed, current.self_sign_up_allowed),
            skips_picker_for_most_recent: or(
                self.skips_picker_for_most_recent,
                current.skips_picker_for_most_recent,
            ),
            syncs_profiles: or(self.syncs_profiles, current.syncs_profiles),
        }
    }
}

pub(super) async fn apply(
    tx: &mut Tx,
    written: &Written,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Change> {
    let before = environment::policies(tx).await?;
    let after = written.over(&before);
    let change = Change::between(
        Noun::Policies,
        "policies",
        Some(&fields(&before)),
        &fields(&after),
    );
    if !change.is_unchanged() {
        environment::update(tx, &after).await?;
        record(tx, &change, "policies", now, rng).await?;
    }
    Ok(change)
}

fn fields(policies: &Policies) -> Fields {
    Fields::default()
        .with(
            "default_organization_takes_users",
            policies.default_organization_takes_users,
        )
        .with(
            "organization_creation_allowed",
            policies.organization_creation_allowed,
        )
        .with("self_sign_up_allowed", policies.self_sign_up_allowed)
        .with(
            "skips_picker_for_most_recent",
            policies.skips_picker_for_most_recent,
        )
        .with("syncs_profiles", policies.syncs_profiles)
}
