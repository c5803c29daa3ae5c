//! Properties: what else may be known of users, organizations and applications, defined once for the
//! business. Their values are in [`super::property_values`].

use serde::Serialize;
use sqlx::FromRow;

use super::Tx;
use super::permissions::bump;
use super::types::Text;
use crate::clock::Timestamp;
use crate::id::{PropertyCategoryId, PropertyId};
use crate::words::words;

words! {
    /// Of what a property is.
    pub enum Context {
        /// Of applications.
        Application = "app",
        /// Of organizations.
        Organization = "org",
        /// Of users.
        User = "usr",
    }
}

words! {
    /// What the values of a property look like.
    pub enum PropertyKind {
        /// A text of several lines.
        MultiLineText = "multi_line_text",
        /// A text of one line.
        SingleLineText = "single_line_text",
    }
}

/// A property.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct Property {
    /// Its name here.
    pub id: PropertyId,
    /// What tokens say; no two properties have the same, whatever they are of.
    pub key: String,
    /// The name shown to people.
    pub name: String,
    /// What it is for, in words.
    pub description: String,
    /// What its values look like.
    pub kind: Text<PropertyKind>,
    /// Of what it is.
    pub context: Text<Context>,
    /// Whether it is for the programs of the business alone, and never in a token.
    pub is_private: bool,
    /// Its category.
    pub category_id: PropertyCategoryId,
    /// When it was defined.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The property of that id, which nobody else changes until this transaction ends.
pub async fn find_to_change(tx: &mut Tx, id: &PropertyId) -> sqlx::Result<Option<Property>> {
    tx.optional(
        "UPDATE properties SET updated_at = updated_at WHERE id = $1 RETURNING *",
        (id,),
    )
    .await
}

/// The property of that key.
pub async fn find_by_key(tx: &mut Tx, key: &str) -> sqlx::Result<Option<Property>> {
    tx.optional("SELECT * FROM properties WHERE key = $1", (key,))
        .await
}

/// All properties, by key.
pub async fn list(tx: &mut Tx) -> sqlx::Result<Vec<Property>> {
    tx.all("SELECT * FROM properties ORDER BY key", ()).await
}

/// Defines a property, or writes the whole record of an existing one.
pub async fn upsert(tx: &mut Tx, property: &Property) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO properties (id, key, name, description, kind, context, is_private, category_id, created_at,
            updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (id) DO UPDATE SET
            name = excluded.name, description = excluded.description, kind = excluded.kind,
            is_private = excluded.is_private, category_id = excluded.category_id, updated_at = excluded.updated_at",
        (
            &property.id,
            &property.key,
            &property.name,
            &property.description,
            &property.kind,
            &property.context,
            property.is_private,
            &property.category_id,
            property.created_at,
            property.updated_at,
        ),
    )
    .await?;
    bump(tx).await
}

/// Removes a property with all its values. Returns false when there is none.
pub async fn remove(tx: &mut Tx, id: &PropertyId) -> sqlx::Result<bool> {
    let removed = tx
        .execute("DELETE FROM properties WHERE id = $1", (id,))
        .await?;
    bump(tx).await?;
    Ok(removed == 1)
}
