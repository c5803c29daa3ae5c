//! How the pages of one organization look: a stylesheet after the usual ones, whose address says all that is in it.
//!
//! # Decision
//!
//! The address holds the colours themselves and not the organization's code. So the stylesheet is made without a
//! database, may be kept for good, and tells nothing of an organization. What an address says is parsed as strictly
//! as what the API is told: colours and pixels, from which no other style can be made.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::colour::{self, DARK_CARD, LIGHT_CARD};
use crate::config::{self, Colour};
use crate::store::branding::{Branding, Palette, Theme};

/// Where the stylesheets of organizations are.
pub const FOLDER: &str = "/static/look/";

/// What stands on the page beside the card, as in `vestibule.css` and `dark.css`.
const LIGHT_QUIET: Colour = Colour {
    red: 0x5f,
    green: 0x64,
    blue: 0x70,
};
const DARK_QUIET: Colour = Colour {
    red: 0xa2,
    green: 0xa7,
    blue: 0xb3,
};

/// How pages look, in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    theme: Theme,
    light: Shades,
    dark: Shades,
    radii: Radii,
}

/// The colours of one scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shades {
    accent: Colour,
    on_accent: Option<Colour>,
    link: Option<Colour>,
    page: Option<Colour>,
}

/// The button of a mail, in one scheme. Its words and its edge can be seen on the paper of that scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Button {
    pub ground: Colour,
    pub ink: Colour,
    pub edge: Colour,
}

/// The buttons of mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buttons {
    pub light: Button,
    pub dark: Button,
}

impl Buttons {
    /// Those of whoever looks so; without a look, those of the brand. A mail is light or dark as its reader has it,
    /// whatever the scheme of the pages.
    pub fn of(look: Option<&Look>, brand: &config::Branding) -> Self {
        let nothing = Palette::default();
        let (light, dark) = match look {
            Some(look) => (look.light, look.dark),
            None => (
                Shades::of(&nothing, brand.accent_light),
                Shades::of(&nothing, brand.accent_dark),
            ),
        };
        Self {
            light: light.button(LIGHT_CARD),
            dark: dark.button(DARK_CARD),
        }
    }
}

/// How round corners are, where that is not as usual. Pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Radii {
    button: Option<u16>,
    card: Option<u16>,
    input: Option<u16>,
}

impl Look {
    /// How the pages of an organization look; none when it has chosen nothing, and they look like all others.
    pub fn of(branding: &Branding, brand: &config::Branding) -> Option<Self> {
        let plain = Branding {
            sender_name: branding.sender_name.clone(),
            sender_email: branding.sender_email.clone(),
            ..Branding::default()
        };
        if *branding == plain {
            return None;
        }
        let (light, dark) = (branding.light, branding.dark);
        // A business has its own colours in the dark too. A ground that is made for the light would blind there.
        let dark = Palette {
            button: dark.button.or(light.button),
            button_text: dark.button_text.or(light.button_text),
            link: dark.link.or(dark.button).or(light.link),
            background: dark.background,
        };
        Some(Self {
            theme: branding.theme.unwrap_or(Theme::UserPreference),
            light: Shades::of(&light, brand.accent_light),
            dark: Shades::of(&dark, brand.accent_dark),
            radii: Radii {
                button: branding.button_radius,
                card: branding.card_radius,
                input: branding.input_radius,
            },
        })
    }

    /// The scheme that the pages are in.
    pub fn theme(&self) -> Theme {
        self.theme
    }

    /// The address of the stylesheet. Its last part changes with what the stylesheet says.
    pub fn path(&self) -> String {
        let css = self.stylesheet();
        let hash = hex::encode(&Sha256::digest(css)[..8]);
        let Self {
            theme,
            light,
            dark,
            radii,
        } = self;
        format!("{FOLDER}{theme}.{light}.{dark}.{radii}.{hash}.css")
    }

    /// The look that an address tells, if it is one that we would make now.
    pub fn parse(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix(FOLDER)?.split('.');
        let look = Self {
            theme: Theme::parse(parts.next()?)?,
            light: Shades::parse(parts.next()?)?,
            dark: Shades::parse(parts.next()?)?,
            radii: Radii::parse(parts.next()?)?,
        };
        (look.path() == path).then_some(look)
    }

    /// The stylesheet.
    pub fn stylesheet(&self) -> String {
        let (light, dark) = (
            self.light.properties(LIGHT_CARD, LIGHT_QUIET),
            self.dark.properties(DARK_CARD, DARK_QUIET),
        );
        let radii = self.radii.properties();
        match self.theme {
            Theme::Dark => format!(":root{{color-scheme:dark;{radii}{dark}}}\n"),
            Theme::Light => format!(":root{{color-scheme:light;{radii}{light}}}\n"),
            Theme::UserPreference => format!(
                ":root{{{radii}{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
            ),
        }
    }
}

impl Shades {
    fn of(palette: &Palette, accent: Colour) -> Self {
        Self {
            accent: palette.button.unwrap_or(accent),
            on_accent: palette.button_text,
            link: palette.link,
            page: palette.background,
        }
    }

    /// The custom properties of `vestibule.css`. Text keeps its colour only where it can be read.
    fn properties(&self, card: Colour, quiet: Colour) -> String {
        let accent = colour::properties(self.accent, self.on_accent, self.link, card);
        let Some(page) = self.page else {
            return accent;
        };
        let on_page = colour::contrasting(quiet, page, 4.5);
        format!("{accent}--page:{page};--on-page:{on_page};--glow:transparent;")
    }

    fn button(&self, card: Colour) -> Button {
        Button {
            ground: self.accent,
            ink: colour::readable(self.on_accent, self.accent),
            edge: colour::contrasting(self.accent, card, 3.0),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-').map(parse_colour);
        let shades = Self {
            accent: parts.next()??.as_ref().copied()?,
            on_accent: parts.next()??,
            link: parts.next()??,
            page: parts.next()??,
        };
        parts.next().is_none().then_some(shades)
    }
}

/// Nothing, or a colour; none when it is neither.
#[expect(
    clippy::option_option,
    reason = "the outer one says whether it can be read"
)]
fn parse_colour(text: &str) -> Option<Option<Colour>> {
    if text.is_empty() {
        return Some(None);
    }
    let is_long = text.len() == 6;
    let colour = Colour::parse(&format!("#{text}")).ok();
    colour.filter(|_| is_long).map(Some)
}

impl fmt::Display for Shades {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = |colour: Option<Colour>| {
            let text = colour.map(|colour| colour.to_string());
            text.unwrap_or_default().replace('#', "")
        };
        let (accent, on_accent) = (digits(Some(self.accent)), digits(self.on_accent));
        let (link, page) = (digits(self.link), digits(self.page));
        write!(formatter, "{accent}-{on_accent}-{link}-{page}")
    }
}

impl Radii {
    fn properties(self) -> String {
        let sides = [
            ("button", self.button),
            ("card", self.card),
            ("input", self.input),
        ];
        let property = |(name, pixels): (&str, Option<u16>)| {
            pixels.map(|pixels| format!("--{name}-radius:{pixels}px;"))
        };
        let properties: Vec<String> = sides.into_iter().filter_map(property).collect();
        properties.concat()
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-').map(|part| match part {
            "" => Some(None),
            pixels => pixels.parse::<u16>().ok().map(Some),
        });
        let radii = Self {
            button: parts.next()??,
            card: parts.next()??,
            input: parts.next()??,
        };
        parts.next().is_none().then_some(radii)
    }
}

impl fmt::Display for Radii {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = |pixels: Option<u16>| pixels.map(|pixels| pixels.to_string());
        let [button, card, input] =
            [self.button, self.card, self.input].map(|one| digits(one).unwrap_or_default());
        write!(formatter, "{button}-{card}-{input}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        Colour::parse(text).unwrap()
    }

    fn brand() -> config::Branding {
        config::Branding {
            name: "Business".to_owned(),
            logo_url: None,
            accent_light: colour("#3451b2"),
            accent_dark: colour("#8da4ef"),
            terms_url: None,
            privacy_url: None,
        }
    }

    fn acme() -> Branding {
        Branding {
            light: Palette {
                background: Some(colour("#ffe9c7")),
                button: Some(colour("#ffd400")),
                button_text: Some(colour("#fff")),
                link: None,
            },
            card_radius: Some(0),
            ..Branding::default()
        }
    }

    #[test]
    fn whoever_has_chosen_nothing_looks_like_all_others() {
        let signed = Branding {
            sender_name: Some("Acme".to_owned()),
            ..Branding::default()
        };
        assert_eq!(Look::of(&signed, &brand()), None);
    }

    #[test]
    fn what_was_chosen_is_kept_where_it_can_be_read() {
        let look = Look::of(&acme(), &brand()).unwrap();
        let css = look.stylesheet();
        // White could not be read on that yellow.
        for part in [
            "--accent:#ffd400;",
            "--on-accent:#101114;",
            "--page:#ffe9c7;",
            "--card-radius:0px;",
            "@media (prefers-color-scheme:dark)",
        ] {
            assert!(css.contains(part), "{part} in {css}");
        }
        for theme in [Theme::Dark, Theme::Light] {
            let themed = Look { theme, ..look };
            let css = themed.stylesheet();
            assert!(css.contains(&format!("color-scheme:{theme};")), "{css}");
            assert!(!css.contains("@media"), "{css}");
        }
    }

    #[test]
    fn the_buttons_of_mails_can_be_read_and_seen() {
        let brand = brand();
        let plain = Buttons::of(None, &brand);
        assert_eq!(plain.light.ground, brand.accent_light);
        assert_eq!(plain.dark.ground, brand.accent_dark);
        let look = Look::of(&acme(), &brand).unwrap();
        let Buttons { light, dark } = Buttons::of(Some(&look), &brand);
        for button in [light, dark] {
            assert_eq!(button.ground, colour("#ffd400"));
            assert_eq!(button.ink, colour("#101114"));
        }
        // On white paper that yellow has no edge of its own.
        assert_ne!(light.edge, light.ground);
        assert_eq!(dark.edge, dark.ground);
    }

    #[test]
    fn an_address_tells_the_look_and_nothing_else_does() {
        let look = Look::of(&acme(), &brand()).unwrap();
        let path = look.path();
        assert_eq!(Look::parse(&path), Some(look));
        for other in [
            String::new(),
            FOLDER.to_owned(),
            path.replace("ffd400", "ffd401"),
            path.replace("ffd400", "red"),
            path.replace("ffd400", "#fff"),
            path.replace("user_preference", "blue"),
            path.replace(".css", ".css.css"),
            path.replace(".css", ""),
        ] {
            assert_eq!(Look::parse(&other), None, "{other}");
        }
    }
}
