//! Properties and their categories, defined, changed and removed; once for the business.

use rand::CryptoRng;

use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::id::{PropertyCategoryId, PropertyId};
use crate::store::properties::{Context, Property, PropertyKind};
use crate::store::property_categories::PropertyCategory;
use crate::store::types::Text;
use crate::store::{Tx, properties, property_categories};

/// What a property is that can change. The texts are checked by [`crate::naming`].
#[derive(Debug, Clone)]
pub struct Definition {
    /// The name shown to people.
    pub name: String,
    /// What it is for, in words.
    pub description: String,
    /// Whether it is for the programs of the business alone, and never in a token.
    pub is_private: bool,
    /// Its category.
    pub category_id: PropertyCategoryId,
}

/// Why a property or category was not stored; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A category of that name is there already.
    #[error("there is a category {0} already")]
    CategoryTaken(String),
    /// Another property has the key.
    #[error("the key {0} is taken: keys are unique, whatever their properties are of")]
    KeyTaken(String),
    /// There is no such category for properties of that context.
    #[error("there is no category of that id for properties of the context {0}")]
    NoCategory(Context),
}

/// Adds a category.
pub async fn add_category(
    tx: &mut Tx,
    actor: Actor<'_>,
    (context, name): (Context, String),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<PropertyCategory, Refused>> {
    let found = property_categories::find_by_name(tx, context, &name).await?;
    if found.is_some() {
        return Ok(Err(Refused::CategoryTaken(name)));
    }
    let category = PropertyCategory {
        id: PropertyCategoryId::generate(rng),
        name,
        context: Text(context),
        created_at: now,
        updated_at: now,
    };
    property_categories::upsert(tx, &category).await?;
    let details = audit::difference(None, Some(&category));
    let (id, action) = (category.id.as_str(), "property_category.created");
    audit::record(tx, actor, action, id, details, now, rng).await?;
    Ok(Ok(category))
}

/// Gives a category another name.
pub async fn rename_category(
    tx: &mut Tx,
    actor: Actor<'_>,
    before: &PropertyCategory,
    name: String,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), Refused>> {
    let other = property_categories::find_by_name(tx, before.context.0, &name).await?;
    if other.is_some_and(|other| other.id != before.id) {
        return Ok(Err(Refused::CategoryTaken(name)));
    }
    let after = PropertyCategory {
        name,
        updated_at: now,
        ..before.clone()
    };
    property_categories::upsert(tx, &after).await?;
    let details = audit::difference(Some(before), Some(&after));
    let (id, action) = (before.id.as_str(), "property_category.updated");
    audit::record(tx, actor, action, id, details, now, rng).await?;
    Ok(Ok(()))
}

/// Defines a property.
pub async fn define(
    tx: &mut Tx,
    actor: Actor<'_>,
    (key, context, kind): (String, Context, PropertyKind),
    new: Definition,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<Property, Refused>> {
    if properties::find_by_key(tx, &key).await?.is_some() {
        return Ok(Err(Refused::KeyTaken(key)));
    }
    if !has_category(tx, context, &new.category_id).await? {
        return Ok(Err(Refused::NoCategory(context)));
    }
    let property = Property {
        id: PropertyId::generate(rng),
        key,
        name: new.name,
        description: new.description,
        kind: Text(kind),
        context: Text(context),
        is_private: new.is_private,
        category_id: new.category_id,
        created_at: now,
        updated_at: now,
    };
    properties::upsert(tx, &property).await?;
    let details = audit::difference(None, Some(&property));
    let id = property.id.as_str();
    audit::record(tx, actor, "property.created", id, details, now, rng).await?;
    Ok(Ok(property))
}

/// Changes what a property is; its key, type and context stay. Tokens follow from the next one on.
pub async fn redefine(
    tx: &mut Tx,
    actor: Actor<'_>,
    before: &Property,
    definition: Definition,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), Refused>> {
    if !has_category(tx, before.context.0, &definition.category_id).await? {
        return Ok(Err(Refused::NoCategory(before.context.0)));
    }
    let after = Property {
        name: definition.name,
        description: definition.description,
        is_private: definition.is_private,
        category_id: definition.category_id,
        updated_at: now,
        ..before.clone()
    };
    properties::upsert(tx, &after).await?;
    let details = audit::difference(Some(before), Some(&after));
    let id = before.id.as_str();
    audit::record(tx, actor, "property.updated", id, details, now, rng).await?;
    Ok(Ok(()))
}

/// Removes a property with every value of it.
pub async fn remove(
    tx: &mut Tx,
    actor: Actor<'_>,
    property: &Property,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    properties::remove(tx, &property.id).await?;
    let details = audit::difference(Some(property), None);
    let id = property.id.as_str();
    audit::record(tx, actor, "property.removed", id, details, now, rng).await
}

async fn has_category(
    tx: &mut Tx,
    context: Context,
    id: &PropertyCategoryId,
) -> sqlx::Result<bool> {
    let found = property_categories::find(tx, id).await?;
    Ok(found.is_some_and(|category| category.context.0 == context))
}
