//! Colours of the brand: parsing, and contrast as people see it (WCAG 2.2 §1.4.3).

use std::fmt;

/// An opaque sRGB colour, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

impl Colour {
    /// The accent of an installation that names none.
    pub const ACCENT: Self = Self::new(0x2f, 0x54, 0xd0);
    /// What pages are printed on in the light scheme, as in `vestibule.css`.
    pub const LIGHT_CARD: Self = Self::new(0xff, 0xff, 0xff);
    /// The same in the dark scheme.
    pub const DARK_CARD: Self = Self::new(0x17, 0x18, 0x1c);
    const BLACK: Self = Self::new(0x10, 0x11, 0x14);
    const WHITE: Self = Self::new(0xff, 0xff, 0xff);

    const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// Parses `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let mut bytes = [0; 3];
        hex::decode_to_slice(digits, &mut bytes).ok()?;
        let [red, green, blue] = bytes;
        Some(Self { red, green, blue })
    }

    /// The colour of text on this one: white, or black where white would be hard to read.
    pub fn ink(self) -> Self {
        if self.contrast(Self::WHITE) >= 4.5
            || self.contrast(Self::WHITE) >= self.contrast(Self::BLACK)
        {
            Self::WHITE
        } else {
            Self::BLACK
        }
    }

    /// This colour, or the nearest darker or lighter one that reaches `ratio` on `background`.
    pub fn contrasting(self, background: Self, ratio: f64) -> Self {
        let target = background.ink();
        (0..=20)
            .map(|step| self.mixed(target, f64::from(step) / 20.0))
            .find(|colour| colour.contrast(background) >= ratio)
            .unwrap_or(target)
    }

    /// Contrast ratio, from 1 (none) to 21.
    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }

    fn mixed(self, other: Self, share: f64) -> Self {
        let mix = |from: u8, to: u8| {
            let value = f64::from(from) * (1.0 - share) + f64::from(to) * share;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between two bytes"
            )]
            let byte = value.round() as u8;
            byte
        };
        Self {
            red: mix(self.red, other.red),
            green: mix(self.green, other.green),
            blue: mix(self.blue, other.blue),
        }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_hexadecimal_digits_are_a_colour() {
        assert_eq!(Colour::parse("#2F54D0"), Some(Colour::ACCENT));
        for text in [
            "", "#", "2f54d0", "#2f54d", "#2f54d0a", "#gggggg", "#fff", "red;}",
        ] {
            assert_eq!(Colour::parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_accent_can_be_read() {
        for text in [
            "#000000", "#ffffff", "#ffd400", "#2f54d0", "#7f7f7f", "#00ff00",
        ] {
            let accent = Colour::parse(text).unwrap();
            assert!(accent.contrast(accent.ink()) >= 4.5, "{text}");
            for card in [Colour::LIGHT_CARD, Colour::DARK_CARD] {
                assert!(
                    accent.contrasting(card, 4.5).contrast(card) >= 4.5,
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn an_accent_that_can_be_read_is_left_alone() {
        let accent = Colour::ACCENT;
        assert_eq!(accent.contrasting(Colour::LIGHT_CARD, 4.5), accent);
    }
}
