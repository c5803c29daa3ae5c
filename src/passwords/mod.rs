//! Passwords: which are accepted, how they are hashed and how they are checked.
//!
//! Argon2id (RFC 9106), stored in the PHC string form, which carries its own salt and cost. A hash
//! takes some 15 ms of a core and 19 MiB: it runs on the threads for blocking work, only so many at
//! once, and only so many more may wait. A flood of sign-ins therefore costs its senders answers
//! (503), and not the server its memory, which [`memory`] lends from one hash to the next.
//!
//! Hashes that other systems made are read and checked in [`imported`], until the first right sign-in replaces
//! them. A wrong password for one costs its check and one of Argon2id besides: such an account answers
//! no faster than one that does not exist. When its own hash is a slow one, it answers slower, and whoever measures
//! can tell that there is an account with an imported password.
//!
//! Which new passwords are accepted is decided in [`policy`]. Throttling is not here: it needs the
//! database, so that several nodes agree.

pub mod imported;
mod memory;
mod policy;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use argon2::password_hash;
use argon2::password_hash::phc::{self, Output, ParamsString, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use imported::{Foreign, Imported, Refusal};
use memory::Memory;
use rand::{CryptoRng, RngExt as _};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

pub use policy::{Weakness, check};

use crate::config::Passwords;
use crate::vault::Vault;

/// A password's hash as it is stored: a PHC string, or the JSON of [`imported`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for PasswordHash {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(…)")
    }
}

/// What a check of a password found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password.
    Right,
    /// It is the password; this hash of it, at today's cost, is to replace the stored one.
    RightRehash(PasswordHash),
    /// It is not the password, or there is no such user.
    Wrong,
}

/// Why a password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// As many wait as may; the caller answers 503.
    #[error("too many passwords are being checked")]
    Busy,
    /// The stored hash is none, or there is no memory.
    #[error("a password could not be hashed: {0}")]
    Failed(String),
}

/// Hashes and checks passwords, so many at once. Clones share the limits.
#[derive(Clone)]
pub struct PasswordHasher {
    policy: Passwords,
    argon2: Hasher,
    /// Encrypts the keys that imported hashes come with.
    vault: Vault,
    /// Held from the request on: those that run and those that wait.
    admitted: Arc<Semaphore>,
    /// Held while hashing.
    running: Arc<Semaphore>,
    /// Checked when there is no user, so that the answer takes as long as for one.
    decoy: Arc<phc::PasswordHash>,
}

impl PasswordHasher {
    /// A hasher of that cost and those limits.
    pub fn new(
        settings: &Passwords,
        vault: Vault,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, PasswordError> {
        let params = Params::new(
            settings.memory_kib,
            settings.iterations,
            settings.parallelism,
            None,
        )
        .map_err(failed)?;
        Ok(Self {
            decoy: Arc::new(decoy(&params, rng).map_err(failed)?),
            argon2: Hasher {
                memory: Memory::new(&params),
                params,
            },
            policy: *settings,
            vault,
            admitted: Arc::new(Semaphore::new(
                settings.parallel_hashes + settings.waiting_hashes,
            )),
            running: Arc::new(Semaphore::new(settings.parallel_hashes)),
        })
    }

    /// Hashes a new password, under a salt drawn at the call.
    pub fn hash<R: CryptoRng>(
        &self,
        password: &str,
        rng: &mut R,
    ) -> impl Future<Output = Result<PasswordHash, PasswordError>> + Send + use<R> {
        let salt: [u8; 16] = rng.random();
        let (argon2, password) = (self.argon2.clone(), owned(password));
        self.run(move || argon2.hash(&password, salt))
    }

    /// Compares a password with the stored hash; without one, takes the same time to say no.
    ///
    /// A salt is drawn at the call, for the case that the stored hash is to be replaced.
    pub fn verify<R: CryptoRng>(
        &self,
        password: &str,
        stored: Option<&PasswordHash>,
        rng: &mut R,
    ) -> impl Future<Output = Result<Verdict, PasswordError>> + Send + use<R> {
        let salt: [u8; 16] = rng.random();
        let (argon2, password) = (self.argon2.clone(), owned(password));
        let (stored, decoy) = (stored.cloned(), Arc::clone(&self.decoy));
        let vault = self.vault.clone();
        self.run(move || {
            let refuse = || argon2.matches(&password, &decoy).map(|_| Verdict::Wrong);
            let Some(stored) = stored else {
                return refuse();
            };
            match Imported::parse(stored.as_str())? {
                None => argon2.verify(&password, &stored, salt),
                Some(imported) if imported.matches(&password, &vault)? => {
                    argon2.hash(&password, salt).map(Verdict::RightRehash)
                }
                Some(_) => refuse(),
            }
        })
    }

    /// Reads a hash that another system made, and says how it is stored.
    ///
    /// # Errors
    ///
    /// What is missing, malformed, unsupported, or too dear to be checked at each attempt.
    pub fn import(&self, foreign: Foreign<'_>) -> Result<PasswordHash, Refusal> {
        imported::import(foreign, &self.vault)
    }

    /// What is wrong with a new password, by [`check`], if anything is.
    pub fn weakness(
        &self,
        password: &str,
        user_inputs: &[&str],
    ) -> impl Future<Output = Result<Option<Weakness>, PasswordError>> + Send + use<> {
        let (policy, password) = (self.policy, owned(password));
        let inputs: Vec<String> = user_inputs.iter().map(|&input| input.to_owned()).collect();
        self.run(move || {
            let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
            Ok(check(&password, &inputs, &policy).err())
        })
    }

    fn run<T: Send + 'static, F>(
        &self,
        work: F,
    ) -> impl Future<Output = Result<T, PasswordError>> + Send + use<T, F>
    where
        F: FnOnce() -> Result<T, PasswordError> + Send + 'static,
    {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned();
        let running = Arc::clone(&self.running);
        async move {
            let admitted = admitted.map_err(|_| PasswordError::Busy)?;
            let running = running.acquire_owned().await.map_err(failed)?;
            // The permits go with the work, which goes on when nobody waits for it any more.
            tokio::task::spawn_blocking(move || finish((admitted, running), work))
                .await
                .map_err(failed)?
        }
    }
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PasswordHasher")
            .field("params", &self.argon2.params)
            .finish_non_exhaustive()
    }
}

type Permits = (OwnedSemaphorePermit, OwnedSemaphorePermit);

fn finish<T>(permits: Permits, work: impl FnOnce() -> T) -> T {
    let outcome = work();
    drop(permits);
    outcome
}

fn owned(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.to_owned())
}

fn failed(error: impl fmt::Display) -> PasswordError {
    PasswordError::Failed(error.to_string())
}

/// Argon2id at today's cost.
#[derive(Clone)]
struct Hasher {
    params: Params,
    memory: Memory,
}

impl Hasher {
    fn hash(&self, password: &str, salt: [u8; 16]) -> Result<PasswordHash, PasswordError> {
        let salt = Salt::new(&salt).map_err(failed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        let hash = phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&self.params).map_err(failed)?,
            salt: Some(salt),
            hash: Some(self.output(&argon2, password, &salt)?),
        };
        Ok(PasswordHash(hash.to_string()))
    }

    fn verify(
        &self,
        password: &str,
        stored: &PasswordHash,
        salt: [u8; 16],
    ) -> Result<Verdict, PasswordError> {
        let parsed = phc::PasswordHash::new(stored.as_str()).map_err(failed)?;
        if !self.matches(password, &parsed)? {
            return Ok(Verdict::Wrong);
        }
        if is_current(&self.params, &parsed) {
            return Ok(Verdict::Right);
        }
        self.hash(password, salt).map(Verdict::RightRehash)
    }

    /// Whether it is the password of that hash, whose own cost and salt count.
    fn matches(&self, password: &str, hash: &phc::PasswordHash) -> Result<bool, PasswordError> {
        let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
            return Ok(false);
        };
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(failed)?;
        let version = hash.version.map(Version::try_from).transpose();
        let version = version.map_err(failed)?.unwrap_or_default();
        let params = Params::try_from(hash).map_err(failed)?;
        let found = self.output(&Argon2::new(algorithm, version, params), password, salt)?;
        // In constant time: `Output` compares so.
        Ok(found == *expected)
    }

    fn output(
        &self,
        argon2: &Argon2<'_>,
        password: &str,
        salt: &Salt,
    ) -> Result<Output, PasswordError> {
        let params = argon2.params();
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let mut output = [0; Output::MAX_LENGTH];
        let output = output
            .get_mut(..length)
            .ok_or_else(|| failed(password_hash::Error::OutputSize))?;
        self.memory
            .lend(params, |blocks| {
                argon2.hash_password_into_with_memory(password.as_bytes(), salt, output, blocks)
            })
            .map_err(failed)?;
        Output::new(output).map_err(failed)
    }
}

fn is_current(params: &Params, hash: &phc::PasswordHash) -> bool {
    let same_cost = |stored: Params| {
        (stored.m_cost(), stored.t_cost(), stored.p_cost())
            == (params.m_cost(), params.t_cost(), params.p_cost())
    };
    hash.algorithm == Algorithm::Argon2id.ident()
        && hash.version == Some(Version::V0x13.into())
        && Params::try_from(hash).is_ok_and(same_cost)
}

/// A hash of no known password: random bytes in the place of the output.
fn decoy(params: &Params, rng: &mut impl CryptoRng) -> password_hash::Result<phc::PasswordHash> {
    Ok(phc::PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params)?,
        salt: Some(Salt::new(&rng.random::<[u8; 16]>())?),
        hash: Some(Output::new(&rng.random::<[u8; 32]>())?),
    })
}

#[cfg(test)]
mod tests;
