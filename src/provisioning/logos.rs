//! Logos: files beside the document, for the business in `[logos]`, for an organization in its `logos`.
//!
//! A table stands for all logos of its bearer: what it does not name is taken away. Without the table they stay.

use std::path::PathBuf;

use rand::CryptoRng;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use toml::Spanned;

use super::change::{Change, FieldChange, Fields, Noun, Values};
use super::check::read_optional;
use super::error::Refusal;
use super::record;
use super::references::References;
use crate::clock::Timestamp;
use crate::directory::logos::{self as directory, ENVIRONMENT, LARGEST, Picture};
use crate::store::logos::{self, Bearer, Ground};
use crate::store::{Tx, environment};

/// Where the pictures are.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    dark: Option<Spanned<PathBuf>>,
    light: Option<Spanned<PathBuf>>,
}

/// The pictures.
#[derive(Debug)]
pub(super) struct Wanted {
    dark: Option<Picture>,
    light: Option<Picture>,
}

impl Written {
    /// Reads the pictures, if they may be logos.
    pub(super) fn check(&self, references: &References<'_>) -> Result<Wanted, Refusal> {
        let picture = |key, written: Option<&_>| {
            read_optional(key, written, |path: &PathBuf| {
                let content = references.read(path, LARGEST)?;
                let name = path.file_name().and_then(|name| name.to_str());
                Picture::check(content, name).map_err(|unfit| unfit.to_string())
            })
        };
        Ok(Wanted {
            dark: picture("logos.dark", self.dark.as_ref())?,
            light: picture("logos.light", self.light.as_ref())?,
        })
    }
}

/// A logo that is to be another one, or to go.
pub(super) struct Difference<'a> {
    ground: Ground,
    picture: Option<&'a Picture>,
    /// The same, told.
    pub(super) change: FieldChange,
}

/// What has to change, so that somebody has these logos and no others.
pub(super) async fn compare<'a>(
    tx: &mut Tx,
    bearer: Bearer<'_>,
    wanted: &'a Wanted,
) -> sqlx::Result<Vec<Difference<'a>>> {
    let stored = logos::list_pictures(tx, bearer).await?;
    let grounds = [
        (Ground::Dark, "logos.dark", wanted.dark.as_ref()),
        (Ground::Light, "logos.light", wanted.light.as_ref()),
    ];
    let differences = grounds.into_iter().map(|(ground, field, picture)| {
        let before = stored.iter().find(|logo| logo.ground.0 == ground);
        let before = before.map(|logo| told(&logo.file_name, &logo.content));
        let after = picture.map(|picture| told(picture.file_name(), &picture.encoded()));
        let is_same = before == after;
        let values = Values::Shown { before, after };
        let difference = Difference {
            ground,
            picture,
            change: FieldChange { field, values },
        };
        (!is_same).then_some(difference)
    });
    Ok(differences.flatten().collect())
}

/// A picture in a few words: what its file is called, and the beginning of its hash.
fn told(file_name: &str, content: &str) -> String {
    let hash = hex::encode(&Sha256::digest(content)[..6]);
    format!("{file_name} ({hash})")
}

/// Makes these changes; they are for the caller to record.
pub(super) async fn store(
    tx: &mut Tx,
    bearer: Bearer<'_>,
    differences: &[Difference<'_>],
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    for difference in differences {
        let ground = difference.ground;
        match difference.picture {
            Some(picture) => {
                directory::store(tx, (bearer, ground), picture, now, rng).await?;
            }
            None => {
                logos::remove(tx, bearer, ground).await?;
            }
        }
    }
    Ok(())
}

/// Gives the environment these logos.
pub(super) async fn apply(
    tx: &mut Tx,
    wanted: &Wanted,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Change> {
    environment::hold(tx).await?;
    let differences = compare(tx, Bearer::Environment, wanted).await?;
    let nothing_else = Fields::default();
    let mut change = Change::between(
        Noun::Environment,
        ENVIRONMENT,
        Some(&nothing_else),
        &nothing_else,
    );
    change.add(
        differences
            .iter()
            .map(|difference| difference.change.clone()),
    );
    store(tx, Bearer::Environment, &differences, now, rng).await?;
    record(tx, &change, ENVIRONMENT, now, rng).await?;
    Ok(change)
}
