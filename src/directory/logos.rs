//! The logos of organizations and of the business: what may be one, and changing them.
//!
//! # Decision
//!
//! Pixels alone, and no SVG: that is a document of its own, which can show whatever it likes to whoever is led to its
//! address, on the host that passwords are typed at. What a picture is, is read from its first bytes and never taken
//! from whoever sent it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::CryptoRng;
use serde_json::json;

use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::naming;
use crate::secret::Secret;
use crate::store::Tx;
use crate::store::logos::{self, Bearer, Ground, Logo, MediaType};
use crate::store::types::Text;

/// The largest picture. Bytes.
pub const LARGEST: usize = 256 * 1024;

/// The environment, as the subject of events.
pub const ENVIRONMENT: &str = "environment";

/// The longest name of a file. Characters.
const LONGEST_FILE_NAME: usize = 100;

/// A picture that may be a logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    media_type: MediaType,
    file_name: String,
    content: Vec<u8>,
}

/// Why something is no logo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is too large.
    #[error("must have at most {LARGEST} bytes")]
    TooLarge,
    /// It is none of the pictures that are taken.
    #[error("must be a picture: PNG, JPEG, WebP or GIF")]
    Unknown,
}

impl Picture {
    /// Checks what was sent, and what its file is called.
    pub fn check(content: Vec<u8>, file_name: Option<&str>) -> Result<Self, Unfit> {
        if content.len() > LARGEST {
            return Err(Unfit::TooLarge);
        }
        let media_type = media_type(&content).ok_or(Unfit::Unknown)?;
        let file_name = file_name.and_then(|name| naming::line(name, LONGEST_FILE_NAME).ok());
        Ok(Self {
            media_type,
            file_name: file_name.unwrap_or_else(|| "logo".to_owned()),
            content,
        })
    }

    /// What its file is called.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// Its bytes in base64, as they are stored.
    pub fn encoded(&self) -> String {
        STANDARD.encode(&self.content)
    }
}

/// What a picture is, by its first bytes (WHATWG MIME Sniffing §6.1). Pure.
fn media_type(content: &[u8]) -> Option<MediaType> {
    match content {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(MediaType::Png),
        [0xff, 0xd8, 0xff, ..] => Some(MediaType::Jpeg),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(MediaType::Gif),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            b'V',
            b'P',
            ..,
        ] => Some(MediaType::Webp),
        _ => None,
    }
}

/// Gives somebody a logo. Whose it is, nobody else changes until the end of the transaction: an organization is as
/// [`find_to_change`](crate::store::organizations::find_to_change) read it, and the environment is
/// [held](crate::store::environment::hold).
pub async fn put(
    tx: &mut Tx,
    actor: Actor<'_>,
    (bearer, ground): (Bearer<'_>, Ground),
    picture: &Picture,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    let before = find(tx, bearer, ground).await?;
    let after = store(tx, (bearer, ground), picture, now, rng).await?;
    record(tx, actor, bearer, (before, Some(after)), now, rng).await
}

/// Stores a logo; what happened is for the caller to record.
pub async fn store(
    tx: &mut Tx,
    (bearer, ground): (Bearer<'_>, Ground),
    picture: &Picture,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Logo> {
    let logo = Logo {
        ground: Text(ground),
        // Whoever has seen the former one can tell nothing of this one.
        address: Secret::generate(rng).expose().to_owned(),
        file_name: picture.file_name.clone(),
        media_type: Text(picture.media_type),
        created_at: now,
    };
    logos::upsert(tx, bearer, &logo, &picture.encoded()).await?;
    Ok(logo)
}

/// Takes a logo from somebody. Returns false when there is none for that ground.
pub async fn remove(
    tx: &mut Tx,
    actor: Actor<'_>,
    (bearer, ground): (Bearer<'_>, Ground),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<bool> {
    let before = find(tx, bearer, ground).await?;
    if !logos::remove(tx, bearer, ground).await? {
        return Ok(false);
    }
    record(tx, actor, bearer, (before, None), now, rng).await?;
    Ok(true)
}

/// The picture at an address.
pub async fn read(tx: &mut Tx, address: &str) -> sqlx::Result<Option<(MediaType, Vec<u8>)>> {
    let Some((media_type, content)) = logos::find_picture(tx, address).await? else {
        return Ok(None);
    };
    let content = STANDARD.decode(content);
    let content = content.map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(Some((media_type.0, content)))
}

async fn find(tx: &mut Tx, bearer: Bearer<'_>, ground: Ground) -> sqlx::Result<Option<Logo>> {
    let logos = logos::list(tx, bearer).await?;
    Ok(logos.into_iter().find(|logo| logo.ground.0 == ground))
}

async fn record(
    tx: &mut Tx,
    actor: Actor<'_>,
    bearer: Bearer<'_>,
    (before, after): (Option<Logo>, Option<Logo>),
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    let [before, after] = [before, after].map(|logo| json!({ "logo": logo }));
    let details = audit::difference(Some(&before), Some(&after));
    let (action, subject) = match bearer {
        Bearer::Environment => ("environment.updated", ENVIRONMENT),
        Bearer::Organization(organization) => ("organization.updated", organization.as_str()),
    };
    audit::record(tx, actor, action, subject, details, now, rng).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_first_bytes_alone() {
        for (content, expected) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Ok(MediaType::Png)),
            (b"\xff\xd8\xff\xe0....", Ok(MediaType::Jpeg)),
            (b"GIF89a....", Ok(MediaType::Gif)),
            (b"GIF87a....", Ok(MediaType::Gif)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Ok(MediaType::Webp)),
            (b"RIFF\x10\0\0\0WAVEfmt ", Err(Unfit::Unknown)),
            (b"GIF88a....", Err(Unfit::Unknown)),
            (
                b"<svg xmlns='http://www.w3.org/2000/svg'/>",
                Err(Unfit::Unknown),
            ),
            (b"<html>\x89PNG\r\n\x1a\n", Err(Unfit::Unknown)),
            (b"", Err(Unfit::Unknown)),
        ] {
            let found = Picture::check(content.to_vec(), Some("logo.svg"));
            assert_eq!(
                found.map(|picture| picture.media_type),
                expected,
                "{content:?}"
            );
        }
        let mut large = b"GIF89a".to_vec();
        large.resize(LARGEST, 0);
        assert!(Picture::check(large.clone(), None).is_ok());
        large.push(0);
        assert_eq!(Picture::check(large, None), Err(Unfit::TooLarge));
    }
}
