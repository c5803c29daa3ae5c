//! The secrets of an application: which to add, and whether the others are to end.

use rand::CryptoRng;

use crate::clock::{Seconds, Timestamp};
use crate::id::{ClientId, ClientSecretId};
use crate::secret::SecretHash;
use crate::store::Tx;
use crate::store::clients::{self, StoredSecret};

/// What is to be done about the secrets of an application.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// To be added.
    added: Vec<SecretHash>,
    /// Whether those that are there are to end, once the overlap has passed.
    ends_others: bool,
}

impl Plan {
    /// Compares the secrets that are there with those that the document wants. Pure.
    pub(super) fn between(stored: &[StoredSecret], wanted: &[SecretHash]) -> Self {
        let lasting: Vec<&SecretHash> = stored
            .iter()
            .filter(|secret| secret.expires_at.is_none())
            .map(|secret| &secret.secret_hash)
            .collect();
        let ends_others = lasting.iter().any(|hash| !wanted.contains(hash));
        let mut added: Vec<SecretHash> = Vec::new();
        for hash in wanted {
            // All that are there are ended together, so that those which stay are added anew.
            if (ends_others || !lasting.contains(&hash)) && !added.contains(hash) {
                added.push(hash.clone());
            }
        }
        Self { added, ends_others }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.added.is_empty() && !self.ends_others
    }

    pub(super) async fn carry_out(
        self,
        tx: &mut Tx,
        client: &ClientId,
        overlap: Seconds,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> sqlx::Result<()> {
        if self.ends_others {
            clients::expire_secrets(tx, client, now.plus(overlap)).await?;
        }
        for secret_hash in self.added {
            let secret = StoredSecret {
                id: ClientSecretId::generate(rng),
                secret_hash,
                created_at: now,
                expires_at: None,
            };
            clients::insert_secret(tx, client, &secret).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{ClientSecret, HashKey, Secret};

    fn hash(text: &str) -> SecretHash {
        ClientSecret::hash(&HashKey::from_bytes([1; 32]), &Secret::from(text))
    }

    fn stored(text: &str, expires_at: Option<i64>) -> StoredSecret {
        StoredSecret {
            id: ClientSecretId::generate(&mut rand::rng()),
            secret_hash: hash(text),
            created_at: Timestamp::from_unix(0),
            expires_at: expires_at.map(Timestamp::from_unix),
        }
    }

    #[test]
    fn secrets_are_added_and_ended_as_the_document_says() {
        // stored (and when it ends), wanted, added, whether others end
        type Row<'a> = (
            &'a [(&'a str, Option<i64>)],
            &'a [&'a str],
            &'a [&'a str],
            bool,
        );
        let rows: [Row<'_>; 8] = [
            (&[], &["a"], &["a"], false),
            (&[], &["a", "a"], &["a"], false),
            (&[("a", None)], &["a"], &[], false),
            (&[("a", None)], &["b"], &["b"], true),
            (&[("a", None)], &["b", "a"], &["b"], false),
            (&[("a", None), ("b", None)], &["b"], &["b"], true),
            (&[("a", Some(9)), ("b", None)], &["b"], &[], false),
            (&[("a", Some(9)), ("b", None)], &["a", "b"], &["a"], false),
        ];
        for (there, wanted, added, ends_others) in rows {
            let there: Vec<_> = there.iter().map(|(text, end)| stored(text, *end)).collect();
            let hashes = |texts: &[&str]| texts.iter().map(|text| hash(text)).collect::<Vec<_>>();
            let expected = Plan {
                added: hashes(added),
                ends_others,
            };
            assert_eq!(
                Plan::between(&there, &hashes(wanted)),
                expected,
                "{wanted:?}"
            );
        }
    }

    #[test]
    fn an_application_made_public_loses_its_secrets() {
        let plan = Plan::between(&[stored("a", None)], &[]);
        assert!(plan.ends_others && plan.added.is_empty() && !plan.is_empty());
    }
}
