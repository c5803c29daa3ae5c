//! `[policies]`: what holds for everybody.

use rand::CryptoRng;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::change::{Change, Fields, Noun};
use super::record;
use crate::clock::Timestamp;
use crate::directory::policies::AllPolicies;
use crate::naming;
use crate::store::Tx;
use crate::store::environment::Policies;

/// The policies that a document sets; those it does not name stay as they are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    default_organization_takes_users: Option<bool>,
    organization_creation_allowed: Option<bool>,
    self_sign_up_allowed: Option<bool>,
    #[serde(default, deserialize_with = "domains")]
    sign_up_domains: Option<Vec<String>>,
    skips_picker_for_most_recent: Option<bool>,
    syncs_profiles: Option<bool>,
}

fn domains<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let domains = naming::domains(&texts);
    let refused = |reason| D::Error::custom(format!("sign_up_domains {reason}"));
    domains.map(Some).map_err(refused)
}

impl Written {
    fn over(&self, current: &AllPolicies) -> AllPolicies {
        let domains = self.sign_up_domains.as_ref();
        AllPolicies {
            switches: self.switches_over(&current.switches),
            sign_up_domains: domains.unwrap_or(&current.sign_up_domains).clone(),
        }
    }

    fn switches_over(&self, current: &Policies) -> Policies {
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
    let before = AllPolicies::load_to_change(tx).await?;
    let after = written.over(&before);
    let change = Change::between(
        Noun::Policies,
        "policies",
        Some(&fields(&before)),
        &fields(&after),
    );
    if !change.is_unchanged() {
        after.store(tx).await?;
        record(tx, &change, "policies", now, rng).await?;
    }
    Ok(change)
}

fn fields(policies: &AllPolicies) -> Fields {
    let switches = &policies.switches;
    Fields::default()
        .with(
            "default_organization_takes_users",
            switches.default_organization_takes_users,
        )
        .with(
            "organization_creation_allowed",
            switches.organization_creation_allowed,
        )
        .with("self_sign_up_allowed", switches.self_sign_up_allowed)
        .with_set("sign_up_domains", &policies.sign_up_domains)
        .with(
            "skips_picker_for_most_recent",
            switches.skips_picker_for_most_recent,
        )
        .with("syncs_profiles", switches.syncs_profiles)
}
