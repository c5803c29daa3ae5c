//! The logos of organizations, and those of the business itself.

use serde::Serialize;
use sqlx::FromRow;

use super::Tx;
use super::types::Text;
use crate::clock::Timestamp;
use crate::id::OrganizationId;
use crate::words::words;

words! {
    /// What a logo is shown on.
    pub enum Ground {
        /// Dark pages.
        Dark = "dark",
        /// Light pages, and dark ones where there is no other.
        Light = "light",
    }
}

words! {
    /// What a picture is. All of these are pixels: none can hold a script or lead anywhere.
    pub enum MediaType {
        /// Graphics Interchange Format.
        Gif = "image/gif",
        /// JPEG.
        Jpeg = "image/jpeg",
        /// Portable Network Graphics.
        Png = "image/png",
        /// WebP.
        Webp = "image/webp",
    }
}

/// Whose logos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearer<'a> {
    /// The business.
    Environment,
    /// An organization of it.
    Organization(&'a OrganizationId),
}

/// What is known of a logo, but for the picture itself.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize)]
pub struct Logo {
    /// What it is shown on.
    pub ground: Text<Ground>,
    /// The last part of its path. Nobody else is to know it, but who sees the picture.
    #[serde(skip)]
    pub address: String,
    /// What its file was called.
    pub file_name: String,
    /// What it is.
    pub media_type: Text<MediaType>,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// A logo with its picture in base64.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Picture {
    /// What it is shown on.
    pub ground: Text<Ground>,
    /// What its file was called.
    pub file_name: String,
    /// Its bytes.
    pub content: String,
}

/// The logos of somebody, by ground.
pub async fn list(tx: &mut Tx, bearer: Bearer<'_>) -> sqlx::Result<Vec<Logo>> {
    match bearer {
        Bearer::Environment => {
            tx.all(
                "SELECT ground, address, file_name, media_type, created_at FROM environment_logos ORDER BY ground",
                (),
            )
            .await
        }
        Bearer::Organization(organization) => {
            tx.all(
                "SELECT ground, address, file_name, media_type, created_at FROM organization_logos
                 WHERE organization_id = $1 ORDER BY ground",
                (organization,),
            )
            .await
        }
    }
}

/// The same with their pictures.
pub async fn list_pictures(tx: &mut Tx, bearer: Bearer<'_>) -> sqlx::Result<Vec<Picture>> {
    match bearer {
        Bearer::Environment => {
            tx.all(
                "SELECT ground, file_name, content FROM environment_logos ORDER BY ground",
                (),
            )
            .await
        }
        Bearer::Organization(organization) => {
            tx.all(
                "SELECT ground, file_name, content FROM organization_logos
                 WHERE organization_id = $1 ORDER BY ground",
                (organization,),
            )
            .await
        }
    }
}

/// The picture at an address: what it is, and its bytes in base64.
pub async fn find_picture(
    tx: &mut Tx,
    address: &str,
) -> sqlx::Result<Option<(Text<MediaType>, String)>> {
    tx.optional(
        "SELECT media_type, content FROM organization_logos WHERE address = $1
         UNION ALL
         SELECT media_type, content FROM environment_logos WHERE address = $1",
        (address,),
    )
    .await
}

/// Gives somebody a logo, in place of the one there is for that ground. `content` is base64.
pub async fn upsert(
    tx: &mut Tx,
    bearer: Bearer<'_>,
    logo: &Logo,
    content: &str,
) -> sqlx::Result<()> {
    let Logo {
        ground,
        address,
        file_name,
        media_type,
        created_at,
    } = logo;
    let values = (ground, address, file_name, media_type, content, *created_at);
    match bearer {
        Bearer::Environment => {
            tx.execute(
                "INSERT INTO environment_logos (ground, address, file_name, media_type, content, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (ground) DO UPDATE SET
                    address = excluded.address, file_name = excluded.file_name, media_type = excluded.media_type,
                    content = excluded.content, created_at = excluded.created_at",
                values,
            )
            .await?
        }
        Bearer::Organization(organization) => {
            let (ground, address, file_name, media_type, content, created_at) = values;
            tx.execute(
                "INSERT INTO organization_logos
                    (organization_id, ground, address, file_name, media_type, content, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (organization_id, ground) DO UPDATE SET
                    address = excluded.address, file_name = excluded.file_name, media_type = excluded.media_type,
                    content = excluded.content, created_at = excluded.created_at",
                (organization, ground, address, file_name, media_type, content, created_at),
            )
            .await?
        }
    };
    Ok(())
}

/// Takes a logo from somebody. Returns false when there is none for that ground.
pub async fn remove(tx: &mut Tx, bearer: Bearer<'_>, ground: Ground) -> sqlx::Result<bool> {
    let ground = Text(ground);
    let removed = match bearer {
        Bearer::Environment => {
            tx.execute(
                "DELETE FROM environment_logos WHERE ground = $1",
                (&ground,),
            )
            .await?
        }
        Bearer::Organization(organization) => {
            tx.execute(
                "DELETE FROM organization_logos WHERE organization_id = $1 AND ground = $2",
                (organization, &ground),
            )
            .await?
        }
    };
    Ok(removed == 1)
}
