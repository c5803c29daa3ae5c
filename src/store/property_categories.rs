//! Categories: how properties are grouped where people see them.

use serde::Serialize;
use sqlx::FromRow;

use super::Tx;
use super::properties::Context;
use super::types::Text;
use crate::clock::Timestamp;
use crate::id::PropertyCategoryId;

/// A category of properties.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct PropertyCategory {
    /// Its name here.
    pub id: PropertyCategoryId,
    /// The name shown to people.
    pub name: String,
    /// Of what its properties are.
    pub context: Text<Context>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The category of that id, which nobody else changes until this transaction ends.
pub async fn find_to_change(
    tx: &mut Tx,
    id: &PropertyCategoryId,
) -> sqlx::Result<Option<PropertyCategory>> {
    tx.optional(
        "UPDATE property_categories SET updated_at = updated_at WHERE id = $1 RETURNING *",
        (id,),
    )
    .await
}

/// The category of that id.
pub async fn find(tx: &mut Tx, id: &PropertyCategoryId) -> sqlx::Result<Option<PropertyCategory>> {
    tx.optional("SELECT * FROM property_categories WHERE id = $1", (id,))
        .await
}

/// The category of that name.
pub async fn find_by_name(
    tx: &mut Tx,
    context: Context,
    name: &str,
) -> sqlx::Result<Option<PropertyCategory>> {
    tx.optional(
        "SELECT * FROM property_categories WHERE context = $1 AND name = $2",
        (context.as_str(), name),
    )
    .await
}

/// All categories, by name.
pub async fn list(tx: &mut Tx) -> sqlx::Result<Vec<PropertyCategory>> {
    tx.all("SELECT * FROM property_categories ORDER BY name, id", ())
        .await
}

/// Adds a category, or writes the whole record of an existing one.
pub async fn upsert(tx: &mut Tx, category: &PropertyCategory) -> sqlx::Result<()> {
    tx.execute(
        "INSERT INTO property_categories (id, name, context, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, updated_at = excluded.updated_at",
        (
            &category.id,
            &category.name,
            &category.context,
            category.created_at,
            category.updated_at,
        ),
    )
    .await?;
    Ok(())
}
