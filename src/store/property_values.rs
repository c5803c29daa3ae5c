//! The values of properties: one table for each kind of thing that has them.

use std::collections::HashMap;

use super::Tx;
use super::properties::{Context, Property};
use crate::id::{ClientId, OrganizationId, PropertyId, UserId};

/// What has properties.
#[derive(Debug, Clone, Copy)]
pub enum Holder<'a> {
    /// An application.
    Application(&'a ClientId),
    /// An organization.
    Organization(&'a OrganizationId),
    /// A user.
    User(&'a UserId),
}

impl<'a> Holder<'a> {
    /// Of what its properties are.
    pub fn context(self) -> Context {
        match self {
            Self::Application(_) => Context::Application,
            Self::Organization(_) => Context::Organization,
            Self::User(_) => Context::User,
        }
    }

    /// Its id.
    pub fn as_str(self) -> &'a str {
        match self {
            Self::Application(id) => id.as_str(),
            Self::Organization(id) => id.as_str(),
            Self::User(id) => id.as_str(),
        }
    }

    fn statements(self) -> &'static Statements {
        match self {
            Self::Application(_) => &OF_APPLICATIONS,
            Self::Organization(_) => &OF_ORGANIZATIONS,
            Self::User(_) => &OF_USERS,
        }
    }
}

/// The statements for the table of one kind of thing.
struct Statements {
    list: &'static str,
    remove: &'static str,
    upsert: &'static str,
}

macro_rules! statements {
    ($table:literal, $holder:literal) => {
        Statements {
            list: concat!(
                "SELECT property_id, value FROM ",
                $table,
                " WHERE ",
                $holder,
                " = $1"
            ),
            remove: concat!(
                "DELETE FROM ",
                $table,
                " WHERE ",
                $holder,
                " = $1 AND property_id = $2"
            ),
            upsert: concat!(
                "INSERT INTO ",
                $table,
                " (",
                $holder,
                ", property_id, value) VALUES ($1, $2, $3)
                 ON CONFLICT (",
                $holder,
                ", property_id) DO UPDATE SET value = excluded.value"
            ),
        }
    };
}

static OF_APPLICATIONS: Statements = statements!("client_properties", "client_id");
static OF_ORGANIZATIONS: Statements = statements!("organization_properties", "organization_id");
static OF_USERS: Statements = statements!("user_properties", "user_id");

/// The values of everything that is known of `holder`, by property.
pub async fn list(tx: &mut Tx, holder: Holder<'_>) -> sqlx::Result<HashMap<PropertyId, String>> {
    let rows: Vec<(PropertyId, String)> =
        tx.all(holder.statements().list, (holder.as_str(),)).await?;
    Ok(rows.into_iter().collect())
}

/// Gives `holder` a value of a property.
pub async fn set(
    tx: &mut Tx,
    holder: Holder<'_>,
    property: &Property,
    value: &str,
) -> sqlx::Result<()> {
    let parameters = (holder.as_str(), &property.id, value);
    tx.execute(holder.statements().upsert, parameters).await?;
    Ok(())
}

/// Takes the value of a property from `holder`.
pub async fn remove(tx: &mut Tx, holder: Holder<'_>, property: &Property) -> sqlx::Result<()> {
    let parameters = (holder.as_str(), &property.id);
    tx.execute(holder.statements().remove, parameters).await?;
    Ok(())
}
