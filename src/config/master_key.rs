//! The master key: encrypts the private halves of the signing keys at rest.
//!
//! For a first start on a developer's machine the key's file is made here. Whoever may read the
//! file and the database can sign tokens, so that a file readable by everyone is refused.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::{CryptoRng, RngExt as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::error::{ConfigError, Origin};

/// 32 bytes, under which other keys are encrypted.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(Zeroizing::new(rng.random()))
    }

    /// The key of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads 32 bytes in base64url (RFC 4648 §5), with or without padding.
    pub fn parse(text: &str) -> Result<Self, String> {
        let reason = "must be 32 bytes in base64url, 43 characters";
        let mut bytes = Zeroizing::new([0; 33]);
        let text = text.trim_end_matches('=').as_bytes();
        let length = BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut *bytes);
        if length != Ok(32) {
            return Err(reason.to_owned());
        }
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(&bytes[..32]);
        Ok(Self(key))
    }

    /// The bytes, for the cipher.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Names the key beside what it encrypted: the first 8 hex digits of its SHA-256.
    pub fn id(&self) -> String {
        hex::encode(&Sha256::digest(*self.0)[..4])
    }

    fn encode(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*self.0))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MasterKey({})", self.id())
    }
}

/// The master key that encrypts, and those that only decrypt.
#[derive(Debug, Clone)]
pub struct MasterKeys {
    /// Encrypts and decrypts.
    pub current: MasterKey,
    /// Decrypt what was encrypted before the current one was introduced.
    pub previous: Vec<MasterKey>,
}

impl From<MasterKey> for MasterKeys {
    fn from(current: MasterKey) -> Self {
        Self {
            current,
            previous: Vec::new(),
        }
    }
}

impl MasterKeys {
    /// The key of that [`MasterKey::id`].
    pub fn find(&self, id: &str) -> Option<&MasterKey> {
        std::iter::once(&self.current)
            .chain(&self.previous)
            .find(|key| key.id() == id)
    }
}

/// Reads the key in the file at `path`, and makes both when there is no file.
pub(super) fn read_or_create(
    path: &Path,
    rng: &mut impl CryptoRng,
) -> Result<MasterKey, ConfigError> {
    let outcome = match read(path) {
        Err(KeyFileError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            create(path, rng).and_then(|()| read(path))
        }
        outcome => outcome,
    };
    outcome.map_err(|error| ConfigError::at(Origin::file(path), format!("the master key {error}")))
}

/// Reads the key in the file at `path`.
pub(super) fn read(path: &Path) -> Result<MasterKey, KeyFileError> {
    let file = File::open(path)?;
    refuse_open_permissions(&file)?;
    let text = Zeroizing::new(io::read_to_string(file)?);
    MasterKey::parse(text.trim()).map_err(KeyFileError::Content)
}

/// Makes a file with a new key, unless another process has just done so.
fn create(path: &Path, rng: &mut impl CryptoRng) -> Result<(), KeyFileError> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let unfinished = unfinished_path(path, rng);
    let mut file = private_file(&unfinished)?;
    file.write_all(MasterKey::generate(rng).encode().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    // A link and not a rename: of two processes that start at once, the second must not replace
    // the key that the first may already use.
    let linked = fs::hard_link(&unfinished, path);
    fs::remove_file(&unfinished)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(File::open(folder)?.sync_all()?),
    }
}

fn unfinished_path(path: &Path, rng: &mut impl CryptoRng) -> PathBuf {
    let suffix: u64 = rng.random();
    path.with_added_extension(format!("{suffix:016x}"))
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
const EVERYONE: u32 = 0o007;

#[cfg(unix)]
fn refuse_open_permissions(file: &File) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata()?.permissions().mode();
    if mode & EVERYONE == 0 {
        Ok(())
    } else {
        Err(KeyFileError::Readable)
    }
}

#[cfg(not(unix))]
fn refuse_open_permissions(_file: &File) -> Result<(), KeyFileError> {
    Ok(())
}

/// Why a key's file can't be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyFileError {
    #[error("{0}")]
    Content(String),
    #[error("can't be read or made: {0}")]
    Io(#[from] io::Error),
    #[error("can be read by every user of this machine; make it private: chmod 600")]
    Readable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/master.key");
        let made = read_or_create(&path, &mut rand::rng()).unwrap();
        assert_eq!(read_or_create(&path, &mut rand::rng()).unwrap(), made);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn the_key_of_a_process_that_was_faster_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        create(&path, &mut rand::rng()).unwrap();
        let first = read(&path).unwrap();
        create(&path, &mut rand::rng()).unwrap();
        assert_eq!(read(&path).unwrap(), first);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_everyone_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        read_or_create(&path, &mut rand::rng()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = read_or_create(&path, &mut rand::rng()).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_damaged_file_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        private_file(&path).unwrap().write_all(b"short\n").unwrap();
        assert!(read_or_create(&path, &mut rand::rng()).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"short\n");
    }

    #[test]
    fn only_32_bytes_are_a_key() {
        let encoded = |length| BASE64_URL_SAFE_NO_PAD.encode(vec![7_u8; length]);
        for (text, accepted) in [
            (encoded(32), true),
            (encoded(32) + "=", true),
            (encoded(31), false),
            (encoded(33), false),
            (encoded(64), false),
            (String::new(), false),
            ("%".repeat(43), false),
        ] {
            assert_eq!(MasterKey::parse(&text).is_ok(), accepted, "{text}");
        }
    }

    #[test]
    fn printing_a_key_shows_its_id_alone() {
        let key = MasterKey::generate(&mut rand::rng());
        assert_eq!(format!("{key:?}"), format!("MasterKey({})", key.id()));
        let keys = MasterKeys {
            current: key.clone(),
            previous: Vec::new(),
        };
        assert_eq!(keys.find(&key.id()), Some(&key));
        assert_eq!(keys.find("00000000"), None);
    }
}
