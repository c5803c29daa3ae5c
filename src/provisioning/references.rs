//! What a document refers to: secrets, of which it says where they are and never what they are; and files.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Error as _, MapAccess, Visitor};

use crate::secret::Secret;

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    /// In a variable of the environment.
    Environment(String),
    /// In a file that holds nothing else.
    File(PathBuf),
}

/// Finds the secrets and files that a document refers to.
pub struct References<'a> {
    /// Where relative paths start: the folder of the document.
    pub folder: &'a Path,
    /// The value of a variable of the environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

impl References<'_> {
    /// The secret that `reference` leads to; a line end after it is not part of it.
    ///
    /// # Errors
    ///
    /// A sentence for whoever wrote the reference.
    pub(super) fn resolve(&self, reference: &Reference) -> Result<Secret, String> {
        let text = match reference {
            Reference::Environment(name) => (self.variable)(name)
                .ok_or_else(|| format!("the environment variable {name} is not set"))?,
            Reference::File(path) => {
                let path = self.folder.join(path);
                std::fs::read_to_string(&path)
                    .map_err(|error| format!("{} can't be read: {error}", path.display()))?
            }
        };
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            return Err(format!("{reference} is empty"));
        }
        Ok(Secret::from(secret))
    }

    /// What is in a file, up to one byte more than may be there: whoever counts sees that it is too much.
    ///
    /// # Errors
    ///
    /// A sentence for whoever wrote the path.
    pub(super) fn read(&self, path: &Path, most: usize) -> Result<Vec<u8>, String> {
        let path = self.folder.join(path);
        let read = || {
            let mut content = Vec::new();
            let limit = most as u64 + 1;
            File::open(&path)?.take(limit).read_to_end(&mut content)?;
            Ok(content)
        };
        read().map_err(|error: io::Error| format!("{} can't be read: {error}", path.display()))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(formatter, "the environment variable {name}"),
            Self::File(path) => write!(formatter, "the file {}", path.display()),
        }
    }
}

const FORM: &str =
    r#"a secret is not written here: say where it is, { env = "NAME" } or { file = "path" }"#;

/// By hand, because a derived refusal of a text would quote the text: a secret.
impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReferenceVisitor)
    }
}

struct ReferenceVisitor;

impl<'de> Visitor<'de> for ReferenceVisitor {
    type Value = Reference;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(r#"{ env = "NAME" } or { file = "path" }"#)
    }

    fn visit_str<E: serde::de::Error>(self, _secret: &str) -> Result<Reference, E> {
        Err(E::custom(FORM))
    }

    fn visit_i64<E: serde::de::Error>(self, _secret: i64) -> Result<Reference, E> {
        Err(E::custom(FORM))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Reference, A::Error> {
        let reference = match map.next_key::<String>()?.as_deref() {
            Some("env") => Reference::Environment(map.next_value()?),
            Some("file") => Reference::File(map.next_value()?),
            _ => return Err(A::Error::custom(FORM)),
        };
        match map.next_key::<String>()? {
            None => Ok(reference),
            Some(_) => Err(A::Error::custom(
                "a secret is in one place: give `env` or `file`, and nothing else",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(reference: &Reference) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "from a file\n").unwrap();
        std::fs::write(folder.path().join("empty"), "\n").unwrap();
        let references = References {
            folder: folder.path(),
            variable: &|name| (name == "SET").then(|| "from a variable".to_owned()),
        };
        references
            .resolve(reference)
            .map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn a_secret_is_found_in_the_environment_or_in_a_file() {
        let variable = |name: &str| Reference::Environment(name.into());
        let file = |path: &str| Reference::File(path.into());
        assert_eq!(resolve(&variable("SET")).unwrap(), "from a variable");
        assert_eq!(resolve(&file("secret")).unwrap(), "from a file");
        assert_eq!(
            resolve(&variable("UNSET")).unwrap_err(),
            "the environment variable UNSET is not set"
        );
        assert_eq!(
            resolve(&file("empty")).unwrap_err(),
            "the file empty is empty"
        );
        assert!(
            resolve(&file("absent"))
                .unwrap_err()
                .contains("can't be read")
        );
    }

    #[test]
    fn a_secret_in_the_document_is_refused_and_not_repeated() {
        #[derive(Debug, Deserialize)]
        struct Document {
            #[expect(dead_code, reason = "it is to be refused")]
            secret: Reference,
        }
        for text in [
            "secret = 'hunter2'",
            "secret = 2222222",
            "secret = { value = 'hunter2' }",
            "secret = { env = 'A', file = 'b' }",
        ] {
            let error = toml::from_str::<Document>(text).unwrap_err();
            assert!(error.message().contains("env"), "{}", error.message());
            assert!(!error.message().contains("2222"), "{}", error.message());
            assert!(!error.message().contains("hunter2"), "{}", error.message());
        }
    }
}
