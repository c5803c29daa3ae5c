//! How the business, its organizations and their applications show themselves on pages.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::logos::path;
use super::look::Look;
use super::page::{ClientFace, LogoFace, OrganizationFace};
use crate::clock::Timestamp;
use crate::config;
use crate::id::OrganizationId;
use crate::store::branding::{self, Theme};
use crate::store::clients::Client;
use crate::store::logos::{self, Bearer, Ground};
use crate::store::{Db, Tx};

/// How a client shows itself to people.
pub fn client(client: &Client) -> ClientFace {
    ClientFace {
        name: client.name.clone(),
        logo_uri: client.logo_uri.clone(),
        policy_uri: client.policy_uri.clone(),
        terms_uri: client.terms_uri.clone(),
        has_cancel_button: client.page_options.0.has_cancel_button,
    }
}

/// How an organization shows itself to people; none when there is none of that code.
pub async fn organization(
    tx: &mut Tx,
    code: &OrganizationId,
    brand: &config::Branding,
) -> sqlx::Result<Option<OrganizationFace>> {
    let Some((name, branding)) = branding::find_face(tx, code).await? else {
        return Ok(None);
    };
    Ok(Some(OrganizationFace {
        name,
        logos: Logos::load(tx, Bearer::Organization(code)).await?,
        look: Look::of(&branding, brand),
        sender_name: branding.sender_name,
        sender_email: branding.sender_email,
    }))
}

/// Where the logos of somebody are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logos {
    /// The one for light pages.
    pub light: Option<String>,
    /// The one for dark pages.
    pub dark: Option<String>,
}

impl Logos {
    /// Finds them.
    pub async fn load(tx: &mut Tx, bearer: Bearer<'_>) -> sqlx::Result<Self> {
        let mut found = Self::default();
        for logo in logos::list(tx, bearer).await? {
            let place = match logo.ground.0 {
                Ground::Dark => &mut found.dark,
                Ground::Light => &mut found.light,
            };
            *place = Some(path(&logo.address));
        }
        Ok(found)
    }

    /// The logo for a page in that scheme: the other one will do where there is but one. Pure.
    pub fn on(&self, theme: Theme) -> Option<LogoFace<'_>> {
        let (light, dark) = (self.light.as_deref(), self.dark.as_deref());
        match theme {
            Theme::Dark => dark.or(light).map(|usual| LogoFace { usual, dark: None }),
            Theme::Light => light.or(dark).map(|usual| LogoFace { usual, dark: None }),
            Theme::UserPreference => light.or(dark).map(|usual| LogoFace {
                usual,
                dark: dark.filter(|_| light.is_some()),
            }),
        }
    }
}

/// The logos of the environment in memory, since almost every page bears them. They are as of the second in which
/// they are asked for.
#[derive(Debug, Default)]
pub struct EnvironmentLogos(RwLock<(Option<Timestamp>, Logos)>);

impl EnvironmentLogos {
    /// The logos. Those that were read last, when the database can't be asked: pages do without a new one.
    pub async fn current(&self, db: &Db, now: Timestamp) -> Logos {
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if known.0 == Some(now) {
                return known.1.clone();
            }
        }
        match Self::read(db).await {
            Ok(logos) => {
                let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
                *known = (Some(now), logos.clone());
                logos
            }
            Err(error) => {
                tracing::warn!(%error, "the logos of the environment could not be read");
                self.last()
            }
        }
    }

    /// Those that were read last.
    pub fn last(&self) -> Logos {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.1.clone()
    }

    async fn read(db: &Db) -> sqlx::Result<Logos> {
        Logos::load(&mut db.read().await?, Bearer::Environment).await
    }
}

/// Travels with a request, and tells the page of an error whose look it is in: that of the first organization that was
/// found to be meant.
#[derive(Clone, Debug, Default)]
pub struct Meant(Arc<OnceLock<OrganizationFace>>);

impl Meant {
    /// Tells which organization is meant.
    pub fn tell(&self, organization: Option<&OrganizationFace>) {
        if let Some(organization) = organization {
            self.0.get_or_init(|| organization.clone());
        }
    }

    /// The organization, if it is known.
    pub fn organization(&self) -> Option<&OrganizationFace> {
        self.0.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_bears_the_logo_that_is_made_for_it_or_the_only_one() {
        let (light, dark) = (Some("/logo/l".to_owned()), Some("/logo/d".to_owned()));
        let none = Logos::default();
        let all = Logos {
            light: light.clone(),
            dark: dark.clone(),
        };
        let light = Logos { light, dark: None };
        let dark = Logos { light: None, dark };
        for (logos, theme, usual, other) in [
            (&none, Theme::UserPreference, None, None),
            (
                &all,
                Theme::UserPreference,
                Some("/logo/l"),
                Some("/logo/d"),
            ),
            (&all, Theme::Dark, Some("/logo/d"), None),
            (&all, Theme::Light, Some("/logo/l"), None),
            (&light, Theme::UserPreference, Some("/logo/l"), None),
            (&light, Theme::Dark, Some("/logo/l"), None),
            (&dark, Theme::UserPreference, Some("/logo/d"), None),
            (&dark, Theme::Light, Some("/logo/d"), None),
        ] {
            let found = logos.on(theme);
            let shown = found.as_ref();
            assert_eq!(shown.map(|face| face.usual), usual, "{theme:?}");
            assert_eq!(shown.and_then(|face| face.dark), other, "{theme:?}");
        }
    }
}
