//! How the API shows and takes colours, schemes and the like: of organizations, and of the environment.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::{ApiError, checked};
use super::extract::Edit;
use crate::config::Colour;
use crate::directory::branding as choices;
use crate::store::branding::{Branding, Theme};
use crate::web::colour;
use crate::web::faces::Logos;

/// A colour, in the notations of CSS.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Colour)]
pub struct ShownColour {
    raw: String,
    /// Such as `#3451b2`.
    hex: String,
    /// Such as `hsl(226, 55%, 45%)`.
    hsl: String,
}

impl From<Colour> for ShownColour {
    fn from(colour: Colour) -> Self {
        Self {
            raw: colour.to_string(),
            hex: colour.to_string(),
            hsl: colour::hsl(colour),
        }
    }
}

/// How pages look. What is null, is as the configuration says.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Appearance {
    /// Where the logo is, at the issuer.
    logo: Option<String>,
    /// Where the one for dark pages is.
    logo_dark: Option<String>,
    /// Always null: the icon is the configuration's.
    favicon_svg: Option<String>,
    /// Always null, too.
    favicon_fallback: Option<String>,
    link_color: Option<ShownColour>,
    background_color: Option<ShownColour>,
    button_color: Option<ShownColour>,
    button_text_color: Option<ShownColour>,
    link_color_dark: Option<ShownColour>,
    background_color_dark: Option<ShownColour>,
    button_color_dark: Option<ShownColour>,
    button_text_color_dark: Option<ShownColour>,
    /// Pixels.
    button_border_radius: Option<u16>,
    /// Pixels.
    card_border_radius: Option<u16>,
    /// Pixels.
    input_border_radius: Option<u16>,
    /// Whether pages are light, dark, or as the user prefers elsewhere.
    #[schema(value_type = Option<ThemeCode>)]
    theme_code: Option<&'static str>,
    /// The same in the words of CSS.
    #[schema(value_type = Option<ColorScheme>)]
    color_scheme: Option<&'static str>,
}

impl Appearance {
    /// The same, with these logos.
    #[must_use]
    pub fn bearing(self, logos: Logos) -> Self {
        Self {
            logo: logos.light,
            logo_dark: logos.dark,
            ..self
        }
    }
}

/// Whether pages are light, dark, or as the user prefers elsewhere.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThemeCode {
    Dark,
    Light,
    UserPreference,
}

/// The same in the words of CSS. For the description alone.
#[derive(Debug, Serialize, ToSchema)]
pub enum ColorScheme {
    #[serde(rename = "dark")]
    Dark,
    #[serde(rename = "light")]
    Light,
    #[serde(rename = "light dark")]
    LightDark,
}

impl From<ThemeCode> for Theme {
    fn from(code: ThemeCode) -> Self {
        match code {
            ThemeCode::Dark => Self::Dark,
            ThemeCode::Light => Self::Light,
            ThemeCode::UserPreference => Self::UserPreference,
        }
    }
}

impl From<&Branding> for Appearance {
    fn from(branding: &Branding) -> Self {
        let (light, dark) = (&branding.light, &branding.dark);
        let show = |colour: Option<Colour>| colour.map(ShownColour::from);
        Self {
            link_color: show(light.link),
            background_color: show(light.background),
            button_color: show(light.button),
            button_text_color: show(light.button_text),
            link_color_dark: show(dark.link),
            background_color_dark: show(dark.background),
            button_color_dark: show(dark.button),
            button_text_color_dark: show(dark.button_text),
            button_border_radius: branding.button_radius,
            card_border_radius: branding.card_radius,
            input_border_radius: branding.input_radius,
            theme_code: branding.theme.map(Theme::as_str),
            color_scheme: branding.theme.map(|theme| match theme {
                Theme::Dark => "dark",
                Theme::Light => "light",
                Theme::UserPreference => "light dark",
            }),
            ..Self::default()
        }
    }
}

/// How pages shall look, and how mails are signed. What is left out stays; null is as the configuration says.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct AppearanceChange {
    /// `#rrggbb` or `#rgb`.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^#([0-9A-Fa-f]{3}){1,2}$")]
    link_color: Edit<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^#([0-9A-Fa-f]{3}){1,2}$")]
    background_color: Edit<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^#([0-9A-Fa-f]{3}){1,2}$")]
    button_color: Edit<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^#([0-9A-Fa-f]{3}){1,2}$")]
    button_text_color: Edit<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^#([0-9A-Fa-f]{3}){1,2}$")]
    link_color_dark: Edit<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^#([0-9A-Fa-f]{3}){1,2}$")]
    background_color_dark: Edit<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^#([0-9A-Fa-f]{3}){1,2}$")]
    button_color_dark: Edit<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^#([0-9A-Fa-f]{3}){1,2}$")]
    button_text_color_dark: Edit<String>,
    /// Pixels.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 100)]
    button_border_radius: Edit<i64>,
    /// Pixels.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 100)]
    card_border_radius: Edit<i64>,
    /// Pixels.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 100)]
    input_border_radius: Edit<i64>,
    #[serde(default)]
    #[schema(value_type = Option<ThemeCode>)]
    theme_code: Edit<ThemeCode>,
    /// Who mails seem to be from.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100)]
    sender_name: Edit<String>,
    /// Where answers to mails go. The address that mails are sent from is always the configuration's.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Email, max_length = 254)]
    sender_email: Edit<String>,
}

impl AppearanceChange {
    /// Changes a branding, or says what can't be.
    pub fn apply_to(self, branding: &mut Branding) -> Result<(), ApiError> {
        let (light, dark) = (&mut branding.light, &mut branding.dark);
        for (field, edit, colour) in [
            ("link_color", self.link_color, &mut light.link),
            (
                "background_color",
                self.background_color,
                &mut light.background,
            ),
            ("button_color", self.button_color, &mut light.button),
            (
                "button_text_color",
                self.button_text_color,
                &mut light.button_text,
            ),
            ("link_color_dark", self.link_color_dark, &mut dark.link),
            (
                "background_color_dark",
                self.background_color_dark,
                &mut dark.background,
            ),
            (
                "button_color_dark",
                self.button_color_dark,
                &mut dark.button,
            ),
            (
                "button_text_color_dark",
                self.button_text_color_dark,
                &mut dark.button_text,
            ),
        ] {
            edit.try_map(|text| colour_of(field, &text))?
                .apply_to(colour);
        }
        let radii = [
            (self.button_border_radius, &mut branding.button_radius),
            (self.card_border_radius, &mut branding.card_radius),
            (self.input_border_radius, &mut branding.input_radius),
        ];
        let fields = [
            "button_border_radius",
            "card_border_radius",
            "input_border_radius",
        ];
        for (field, (edit, radius)) in fields.into_iter().zip(radii) {
            edit.try_map(|pixels| round(field, pixels))?
                .apply_to(radius);
        }
        self.theme_code
            .try_map(|code| Ok::<_, ApiError>(code.into()))?
            .apply_to(&mut branding.theme);
        self.sender_name
            .try_map(|name| checked("sender_name", &name, choices::sender_name))?
            .apply_to(&mut branding.sender_name);
        self.sender_email
            .try_map(|address| checked("sender_email", &address, choices::sender_email))?
            .apply_to(&mut branding.sender_email);
        Ok(())
    }
}

fn colour_of(field: &'static str, text: &str) -> Result<Colour, ApiError> {
    Colour::parse(text).map_err(|_| ApiError::field(field, "must be a colour such as #3451b2"))
}

fn round(field: &'static str, pixels: i64) -> Result<u16, ApiError> {
    choices::radius(pixels).map_err(|reason| ApiError::field(field, reason))
}
