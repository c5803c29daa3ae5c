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
    self_sign_up_allowed: Option<bool>,
}

impl Written {
    fn over(&self, current: &Policies) -> Policies {
        Policies {
            self_sign_up_allowed: self
                .self_sign_up_allowed
                .unwrap_or(current.self_sign_up_allowed),
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
    Fields::default().with("self_sign_up_allowed", policies.self_sign_up_allowed)
}
