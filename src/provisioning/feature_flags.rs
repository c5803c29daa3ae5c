//! `[[feature_flags]]`: what applications read from tokens to switch on and off.
//!
//! A flag is known by its key. Values of organizations and users are not the document's: they stay, whatever it
//! says, until the flag is removed.

use rand::CryptoRng;
use serde::Deserialize;
use toml::Spanned;

use super::change::{Change, Fields, Noun, Subject};
use super::error::{ApplyError, Refusal};
use super::{check, record};
use crate::clock::Timestamp;
use crate::flags;
use crate::id::FeatureFlagId;
use crate::store::feature_flags::{self, FeatureFlag, FlagKind, FlagValue, OverrideLevel};
use crate::store::types::{Json, Text};
use crate::store::{Tx, feature_flag_values};

/// An entry as the document writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) key: Spanned<String>,
    name: Option<Spanned<String>>,
    description: Option<Spanned<String>>,
    #[serde(rename = "type")]
    kind: Option<FlagKind>,
    default_value: Option<Spanned<FlagValue>>,
    environment_value: Option<Spanned<FlagValue>>,
    allow_override_level: Option<OverrideLevel>,
    #[serde(default)]
    remove: bool,
}

/// What a document wants of the flag of a key.
#[derive(Debug)]
pub(super) struct Desired {
    pub(super) key: String,
    /// How it shall be; none, when it shall be gone.
    flag: Option<WantedFlag>,
}

/// A flag as the document wants it.
#[derive(Debug)]
struct WantedFlag {
    name: String,
    description: String,
    kind: FlagKind,
    override_level: OverrideLevel,
    default_value: FlagValue,
    environment_value: Option<FlagValue>,
}

impl Written {
    pub(super) fn check(&self) -> Result<Desired, Refusal> {
        self.read()
            .map_err(|refusal| refusal.about(Subject(Noun::FeatureFlag, self.key.get_ref())))
    }

    fn read(&self) -> Result<Desired, Refusal> {
        let key = check::read("key", &self.key, check::key)?;
        if self.remove {
            return Ok(Desired { key, flag: None });
        }
        let missing = |what: &str| Refusal::at(self.key.span(), what);
        let kind = self
            .kind
            .ok_or_else(|| missing("type is missing: bool, int or str"))?;
        let default_value = self
            .default_value
            .as_ref()
            .ok_or_else(|| missing("default_value is missing: add one"))?;
        let value = |value: &FlagValue| flags::check_value(kind, value.clone());
        let environment_value = self.environment_value.as_ref();
        let flag = WantedFlag {
            name: check::required_name(self.name.as_ref(), self.key.span())?,
            description: check::optional_description(self.description.as_ref())?,
            kind,
            override_level: self
                .allow_override_level
                .unwrap_or(OverrideLevel::Environment),
            default_value: check::read("default_value", default_value, value)?,
            environment_value: check::read_optional("environment_value", environment_value, value)?,
        };
        Ok(Desired {
            key,
            flag: Some(flag),
        })
    }
}

pub(super) async fn apply(
    tx: &mut Tx,
    desired: &Desired,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Change, ApplyError> {
    let key = &desired.key;
    let found = feature_flags::find_to_change(tx, key).await?;
    let Some(wanted) = &desired.flag else {
        let change = Change::removal(Noun::FeatureFlag, key, found.is_some());
        if let Some(flag) = found {
            feature_flags::remove(tx, &flag.id).await?;
            record(tx, &change, flag.id.as_str(), now, rng).await?;
        }
        return Ok(change);
    };
    if let Some(present) = &found
        && present.kind.0 != wanted.kind
        && feature_flag_values::count(tx, present).await? > 0
    {
        let reason = "its type can't change while organizations or users have values of it: \
            take them back first, or describe another flag";
        return Err(ApplyError::refused(Subject(Noun::FeatureFlag, key), reason));
    }
    let (id, created_at) = match &found {
        Some(present) => (present.id.clone(), present.created_at),
        None => (FeatureFlagId::generate(rng), now),
    };
    let flag = FeatureFlag {
        id,
        key: key.clone(),
        name: wanted.name.clone(),
        description: wanted.description.clone(),
        kind: Text(wanted.kind),
        override_level: Text(wanted.override_level),
        default_value: Json(wanted.default_value.clone()),
        environment_value: wanted.environment_value.clone().map(Json),
        created_at,
        updated_at: now,
    };
    let before = found.as_ref().map(fields);
    let change = Change::between(Noun::FeatureFlag, key, before.as_ref(), &fields(&flag));
    if !change.is_unchanged() {
        feature_flags::upsert(tx, &flag).await?;
        record(tx, &change, flag.id.as_str(), now, rng).await?;
    }
    Ok(change)
}

fn fields(flag: &FeatureFlag) -> Fields {
    let environment_value = flag.environment_value.as_ref();
    Fields::default()
        .with("name", &flag.name)
        .with_optional(
            "description",
            Some(&flag.description).filter(|text| !text.is_empty()),
        )
        .with("type", flag.kind.0)
        .with("allow_override_level", flag.override_level.0)
        .with("default_value", &flag.default_value.0)
        .with_optional("environment_value", environment_value.map(|value| &value.0))
}
