//! The policies of the business: what holds for everybody.

use rand::CryptoRng;
use serde::Serialize;

use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::naming;
use crate::store::Tx;
use crate::store::environment::{self, Policies};

/// All policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AllPolicies {
    /// The switches.
    #[serde(flatten)]
    pub switches: Policies,
    /// The domains at which strangers must have an address to create an account; none stand for all.
    pub sign_up_domains: Vec<String>,
}

impl AllPolicies {
    /// Those in force.
    pub async fn load(tx: &mut Tx) -> sqlx::Result<Self> {
        Ok(Self {
            switches: environment::policies(tx).await?,
            sign_up_domains: environment::list_sign_up_domains(tx).await?,
        })
    }

    /// Those in force, which nobody else changes until this transaction ends.
    pub async fn load_to_change(tx: &mut Tx) -> sqlx::Result<Self> {
        Ok(Self {
            switches: environment::policies_to_change(tx).await?,
            sign_up_domains: environment::list_sign_up_domains(tx).await?,
        })
    }

    /// Puts them in force.
    pub async fn store(&self, tx: &mut Tx) -> sqlx::Result<()> {
        environment::update(tx, &self.switches).await?;
        environment::replace_sign_up_domains(tx, &self.sign_up_domains).await
    }
}

/// Changes the policies. `before` is as [`AllPolicies::load_to_change`] read it.
pub async fn change(
    tx: &mut Tx,
    actor: Actor<'_>,
    before: &AllPolicies,
    after: &AllPolicies,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    if before == after {
        return Ok(());
    }
    after.store(tx).await?;
    let details = audit::difference(Some(before), Some(after));
    let (action, subject) = ("policies.updated", "policies");
    audit::record(tx, actor, action, subject, details, now, rng).await
}

/// Whether a stranger with this address may create an account, as far as domains go.
pub async fn admit(tx: &mut Tx, email: &str) -> sqlx::Result<bool> {
    let domains = environment::list_sign_up_domains(tx).await?;
    Ok(is_admitted(&domains, email))
}

/// Whether an address is at one of these domains; none stand for all. Pure.
fn is_admitted(domains: &[String], email: &str) -> bool {
    let domain = email
        .rsplit_once('@')
        .and_then(|(_, domain)| naming::domain(domain).ok());
    domains.is_empty() || domain.is_some_and(|domain| domains.contains(&domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_admitted_by_its_very_domain() {
        let domains = ["acme.test".to_owned(), "xn--bcher-kva.test".to_owned()];
        for (email, expected) in [
            ("ada@acme.test", true),
            ("ada@ACME.test", true),
            ("ada@bücher.test", true),
            ("ada@evil-acme.test", false),
            ("ada@sub.acme.test", false),
            ("ada@acme.test.evil.test", false),
            ("ada", false),
        ] {
            assert_eq!(is_admitted(&domains, email), expected, "{email}");
            assert!(is_admitted(&[], email));
        }
    }
}
