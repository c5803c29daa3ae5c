//! What a document says of an organization's pages, mails and sessions. Pure.

use serde::Deserialize;
use toml::Spanned;

use crate::clients::lifetimes::{LONGEST_IDLE, SHORTEST};
use crate::config::Colour;
use crate::directory::branding;
use crate::provisioning::check::{self, read_optional};
use crate::provisioning::error::Refusal;
use crate::store::branding::{Branding, Palette, Theme};
use crate::store::organizations::SessionPolicy;

/// How its pages look, and what its mails are signed with; all of it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenBranding {
    theme: Option<Theme>,
    light: WrittenPalette,
    dark: WrittenPalette,
    button_radius: Option<Spanned<i64>>,
    card_radius: Option<Spanned<i64>>,
    input_radius: Option<Spanned<i64>>,
    sender_name: Option<Spanned<String>>,
    sender_email: Option<Spanned<String>>,
}

/// The colours of one scheme.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenPalette {
    background: Option<Colour>,
    button: Option<Colour>,
    button_text: Option<Colour>,
    link: Option<Colour>,
}

impl WrittenBranding {
    pub(super) fn check(&self) -> Result<Branding, Refusal> {
        let radius = |key, written: Option<&_>| {
            read_optional(key, written, |pixels| branding::radius(*pixels))
        };
        Ok(Branding {
            theme: self.theme,
            light: self.light.into(),
            dark: self.dark.into(),
            button_radius: radius("button_radius", self.button_radius.as_ref())?,
            card_radius: radius("card_radius", self.card_radius.as_ref())?,
            input_radius: radius("input_radius", self.input_radius.as_ref())?,
            sender_name: read_optional("sender_name", self.sender_name.as_ref(), |text| {
                branding::sender_name(text)
            })?,
            sender_email: read_optional("sender_email", self.sender_email.as_ref(), |text| {
                branding::sender_email(text)
            })?,
        })
    }
}

impl From<WrittenPalette> for Palette {
    fn from(written: WrittenPalette) -> Self {
        Self {
            background: written.background,
            button: written.button,
            button_text: written.button_text,
            link: written.link,
        }
    }
}

/// What it decides about sessions that sign in to it; what is left out, it does not decide.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenSessions {
    persist: Option<bool>,
    lifetime_seconds: Option<Spanned<i64>>,
}

impl WrittenSessions {
    pub(super) fn check(&self) -> Result<SessionPolicy, Refusal> {
        let lifetime = read_optional(
            "lifetime_seconds",
            self.lifetime_seconds.as_ref(),
            check::seconds(SHORTEST..=LONGEST_IDLE),
        )?;
        Ok(SessionPolicy {
            decides_persistence: self.persist.is_some(),
            persists_sessions: self.persist.unwrap_or(true),
            decides_session_lifetime: lifetime.is_some(),
            session_lifetime_seconds: lifetime,
        })
    }
}

/// A branding in one line, for people who are told of a change; none when nothing was chosen.
pub(super) fn told(branding: &Branding) -> Option<String> {
    let chosen = Some(branding).filter(|branding| **branding != Branding::default())?;
    serde_json::to_string(chosen).ok()
}
