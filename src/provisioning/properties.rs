//! `[[properties]]`: what else may be known of users, organizations and applications.
//!
//! A property is known by its key. Its values are not the document's. A category is known by its name, and made
//! when it is named first.

use rand::CryptoRng;
use serde::Deserialize;
use toml::Spanned;

use super::change::{Change, Fields, Noun, Subject};
use super::error::{ApplyError, Refusal};
use super::{check, record};
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::id::{PropertyCategoryId, PropertyId};
use crate::properties::add_category;
use crate::store::properties::{self, Context, Property, PropertyKind};
use crate::store::types::Text;
use crate::store::{Tx, property_categories};

/// The category of a property whose document names none.
const USUAL_CATEGORY: &str = "General";

/// An entry as the document writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) key: Spanned<String>,
    name: Option<Spanned<String>>,
    description: Option<Spanned<String>>,
    context: Option<Context>,
    #[serde(rename = "type")]
    kind: Option<PropertyKind>,
    category: Option<Spanned<String>>,
    #[serde(default)]
    is_private: bool,
    #[serde(default)]
    remove: bool,
}

/// What a document wants of the property of a key.
#[derive(Debug)]
pub(super) struct Desired {
    pub(super) key: String,
    /// How it shall be; none, when it shall be gone.
    property: Option<WantedProperty>,
}

/// A property as the document wants it.
#[derive(Debug)]
struct WantedProperty {
    name: String,
    description: String,
    context: Context,
    kind: PropertyKind,
    category: String,
    is_private: bool,
}

impl Written {
    pub(super) fn check(&self) -> Result<Desired, Refusal> {
        self.read()
            .map_err(|refusal| refusal.about(Subject(Noun::Property, self.key.get_ref())))
    }

    fn read(&self) -> Result<Desired, Refusal> {
        let key = check::read("key", &self.key, check::key)?;
        if self.remove {
            return Ok(Desired {
                key,
                property: None,
            });
        }
        let missing = || Refusal::at(self.key.span(), "context is missing: usr, org or app");
        let category = check::read_optional("category", self.category.as_ref(), check::name)?;
        let property = WantedProperty {
            name: check::required_name(self.name.as_ref(), self.key.span())?,
            description: check::optional_description(self.description.as_ref())?,
            context: self.context.ok_or_else(missing)?,
            kind: self.kind.unwrap_or(PropertyKind::SingleLineText),
            category: category.unwrap_or_else(|| USUAL_CATEGORY.to_owned()),
            is_private: self.is_private,
        };
        Ok(Desired {
            key,
            property: Some(property),
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
    let found = properties::find_by_key(tx, key).await?;
    let Some(wanted) = &desired.property else {
        let change = Change::removal(Noun::Property, key, found.is_some());
        if let Some(property) = found {
            properties::remove(tx, &property.id).await?;
            record(tx, &change, property.id.as_str(), now, rng).await?;
        }
        return Ok(change);
    };
    if found
        .as_ref()
        .is_some_and(|present| present.context.0 != wanted.context)
    {
        let reason = "it is of another context already: use another key, or remove it first";
        return Err(ApplyError::refused(Subject(Noun::Property, key), reason));
    }
    let before = match &found {
        Some(present) => {
            let category = property_categories::find(tx, &present.category_id).await?;
            let category = category.map(|category| category.name);
            Some(fields(present, &category.unwrap_or_default()))
        }
        None => None,
    };
    let property = wanted.record(
        key,
        found.as_ref(),
        category(tx, wanted, now, rng).await?,
        now,
        rng,
    );
    let after = fields(&property, &wanted.category);
    let change = Change::between(Noun::Property, key, before.as_ref(), &after);
    if !change.is_unchanged() {
        properties::upsert(tx, &property).await?;
        record(tx, &change, property.id.as_str(), now, rng).await?;
    }
    Ok(change)
}

impl WantedProperty {
    /// The record to be stored in place of `found`.
    fn record(
        &self,
        key: &str,
        found: Option<&Property>,
        category_id: PropertyCategoryId,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Property {
        Property {
            id: found.map_or_else(|| PropertyId::generate(rng), |present| present.id.clone()),
            key: key.to_owned(),
            name: self.name.clone(),
            description: self.description.clone(),
            kind: Text(self.kind),
            context: Text(self.context),
            is_private: self.is_private,
            category_id,
            created_at: found.map_or(now, |present| present.created_at),
            updated_at: now,
        }
    }
}

/// The category that is named, which is made when there is none.
async fn category(
    tx: &mut Tx,
    wanted: &WantedProperty,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<PropertyCategoryId, ApplyError> {
    let (context, name) = (wanted.context, &wanted.category);
    if let Some(found) = property_categories::find_by_name(tx, context, name).await? {
        return Ok(found.id);
    }
    let what = (context, name.clone());
    let added = add_category(tx, Actor::Operator, what, now, rng).await?;
    let added = added
        .map_err(|taken| ApplyError::refused(format!("category \"{name}\""), taken.to_string()))?;
    Ok(added.id)
}

fn fields(property: &Property, category: &str) -> Fields {
    Fields::default()
        .with("name", &property.name)
        .with_optional(
            "description",
            Some(&property.description).filter(|text| !text.is_empty()),
        )
        .with("context", property.context.0)
        .with("type", property.kind.0)
        .with("category", category)
        .with("is_private", property.is_private)
}
