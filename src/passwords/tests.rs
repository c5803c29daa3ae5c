use super::*;
use crate::config::MasterKey;

pub(super) const POLICY: Passwords = Passwords {
    minimum_length: 8,
    maximum_length: 1024,
    memory_kib: 64,
    iterations: 1,
    parallelism: 1,
    parallel_hashes: 2,
    waiting_hashes: 4,
};

pub(super) fn vault() -> Vault {
    Vault::new(MasterKey::generate(&mut rand::rng()).into())
}

pub(super) fn hasher(settings: &Passwords) -> PasswordHasher {
    PasswordHasher::new(settings, vault(), &mut rand::rng()).unwrap()
}

#[tokio::test]
async fn a_password_is_recognised() {
    let hasher = hasher(&POLICY);
    let stored = hasher
        .hash("correct horse", &mut rand::rng())
        .await
        .unwrap();
    assert!(stored.as_str().starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
    assert_eq!(format!("{stored:?}"), "PasswordHash(…)");
    for (password, stored, verdict) in [
        ("correct horse", Some(&stored), Verdict::Right),
        ("correct Horse", Some(&stored), Verdict::Wrong),
        ("", Some(&stored), Verdict::Wrong),
        ("correct horse", None, Verdict::Wrong),
    ] {
        let found = hasher.verify(password, stored, &mut rand::rng()).await;
        assert_eq!(found.unwrap(), verdict, "{password}");
    }
}

#[tokio::test]
async fn the_same_password_has_a_new_salt_each_time() {
    let hasher = hasher(&POLICY);
    let first = hasher
        .hash("correct horse", &mut rand::rng())
        .await
        .unwrap();
    let second = hasher
        .hash("correct horse", &mut rand::rng())
        .await
        .unwrap();
    assert_ne!(first, second);
}

#[tokio::test]
async fn a_hash_of_another_cost_is_replaced() {
    let stored = hasher(&POLICY)
        .hash("correct horse", &mut rand::rng())
        .await
        .unwrap();
    let dearer = hasher(&Passwords {
        iterations: 2,
        ..POLICY
    });
    let verdict = dearer
        .verify("correct horse", Some(&stored), &mut rand::rng())
        .await
        .unwrap();
    let Verdict::RightRehash(replacement) = verdict else {
        panic!("{verdict:?}");
    };
    assert!(replacement.as_str().contains("m=64,t=2,p=1"));
    let verdict = dearer
        .verify("correct horse", Some(&replacement), &mut rand::rng())
        .await;
    assert_eq!(verdict.unwrap(), Verdict::Right);
    let verdict = dearer
        .verify("wrong horse", Some(&stored), &mut rand::rng())
        .await;
    assert_eq!(verdict.unwrap(), Verdict::Wrong);
}

#[tokio::test]
async fn the_decoy_costs_what_a_hash_costs() {
    let hasher = hasher(&POLICY);
    let stored = hasher
        .hash("correct horse", &mut rand::rng())
        .await
        .unwrap();
    let stored = phc::PasswordHash::new(stored.as_str()).unwrap();
    assert_eq!(hasher.decoy.params, stored.params);
    assert_eq!(hasher.decoy.algorithm, stored.algorithm);
    assert_eq!(hasher.decoy.version, stored.version);
}

#[tokio::test]
async fn hashes_are_those_of_the_library_whatever_their_kind() {
    use argon2::password_hash::{CustomizedPasswordHasher as _, PasswordVerifier as _};
    let hasher = hasher(&POLICY);
    let ours = hasher
        .hash("correct horse", &mut rand::rng())
        .await
        .unwrap();
    let library = Argon2::default();
    assert_eq!(
        library.verify_password(b"correct horse", ours.as_str()),
        Ok(())
    );
    for (algorithm, version, memory) in [
        ("argon2id", 0x13, 64),
        ("argon2id", 0x10, 48),
        ("argon2i", 0x13, 128),
        ("argon2d", 0x13, 32),
    ] {
        let params = Params::new(memory, 3, 2, Some(24)).unwrap();
        let theirs = library
            .hash_password_customized(
                b"correct horse",
                b"salt of theirs",
                Some(algorithm),
                Some(version),
                params,
            )
            .unwrap();
        let theirs = PasswordHash::from(theirs.to_string());
        for (password, right) in [("correct horse", true), ("correct Horse", false)] {
            let verdict = hasher
                .verify(password, Some(&theirs), &mut rand::rng())
                .await;
            let is_replaced = matches!(verdict.unwrap(), Verdict::RightRehash(_));
            assert_eq!(is_replaced, right, "{theirs:?} {algorithm} {version}");
        }
    }
}

#[tokio::test]
async fn a_stored_text_that_is_no_hash_is_an_error() {
    let stored = PasswordHash::from("correct horse".to_owned());
    let outcome = hasher(&POLICY)
        .verify("correct horse", Some(&stored), &mut rand::rng())
        .await;
    assert!(matches!(outcome, Err(PasswordError::Failed(_))));
}

#[tokio::test]
async fn a_weakness_is_found_off_the_async_threads() {
    let hasher = hasher(&POLICY);
    let found = hasher.weakness("johndoe1", &["johndoe"]).await.unwrap();
    assert_eq!(found, Some(Weakness::Guessable));
    assert_eq!(hasher.weakness("kX9#vq2z", &[]).await.unwrap(), None);
}

#[tokio::test]
async fn a_flood_is_turned_away_and_leaves_no_trace() {
    let hasher = hasher(&Passwords {
        parallel_hashes: 1,
        waiting_hashes: 2,
        ..POLICY
    });
    let waiting: Vec<_> = (0..3)
        .map(|_| hasher.hash("correct horse", &mut rand::rng()))
        .collect();
    let refused = hasher.hash("correct horse", &mut rand::rng()).await;
    assert!(matches!(refused, Err(PasswordError::Busy)));
    for hash in waiting {
        hash.await.unwrap();
    }
    hasher
        .hash("correct horse", &mut rand::rng())
        .await
        .unwrap();
}
