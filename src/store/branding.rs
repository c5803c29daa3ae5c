//! How the pages of an organization look, and what its mails are signed with.

use serde::{Deserialize, Serialize};

use super::Tx;
use super::types::Json;
use crate::config::Colour;
use crate::id::OrganizationId;
use crate::words::words;

/// What an organization has chosen for its pages and mails. What it has not, is as the configuration says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Branding {
    /// The scheme.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
    /// The colours of the light scheme.
    #[serde(skip_serializing_if = "Palette::is_empty")]
    pub light: Palette,
    /// The colours of the dark scheme.
    #[serde(skip_serializing_if = "Palette::is_empty")]
    pub dark: Palette,
    /// How round buttons are. Pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub button_radius: Option<u16>,
    /// How round the card is that everything stands on. Pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_radius: Option<u16>,
    /// How round fields are. Pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_radius: Option<u16>,
    /// Who mails seem to be from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_name: Option<String>,
    /// Where answers to mails go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_email: Option<String>,
}

/// The colours of one scheme.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Palette {
    /// What the card stands on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<Colour>,
    /// The button that does what a page is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub button: Option<Colour>,
    /// What is written on that button.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub button_text: Option<Colour>,
    /// Links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Colour>,
}

impl Palette {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

words! {
    /// Which scheme pages are shown in.
    pub enum Theme {
        /// The dark one.
        Dark = "dark",
        /// The light one.
        Light = "light",
        /// The one that the user prefers elsewhere.
        UserPreference = "user_preference",
    }
}

/// The branding of an organization; none when there is no organization of that code.
pub async fn find(tx: &mut Tx, organization: &OrganizationId) -> sqlx::Result<Option<Branding>> {
    let row: Option<(Json<Branding>,)> = tx
        .optional(
            "SELECT branding FROM organizations WHERE id = $1",
            (organization,),
        )
        .await?;
    Ok(row.map(|(branding,)| branding.0))
}

/// The name and the branding of an organization.
pub async fn find_face(
    tx: &mut Tx,
    organization: &OrganizationId,
) -> sqlx::Result<Option<(String, Branding)>> {
    let row: Option<(String, Json<Branding>)> = tx
        .optional(
            "SELECT name, branding FROM organizations WHERE id = $1",
            (organization,),
        )
        .await?;
    Ok(row.map(|(name, branding)| (name, branding.0)))
}

/// Replaces the branding of an organization.
pub async fn replace(
    tx: &mut Tx,
    organization: &OrganizationId,
    branding: &Branding,
) -> sqlx::Result<()> {
    tx.execute(
        "UPDATE organizations SET branding = $2 WHERE id = $1",
        (organization, &Json(branding.clone())),
    )
    .await?;
    Ok(())
}
