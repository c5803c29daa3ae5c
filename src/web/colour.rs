//! Contrast of the brand's colours, as people see it (WCAG 2.2 §1.4.3).

use crate::config::Colour;

/// What pages are printed on in the light scheme, as in `vestibule.css`.
pub const LIGHT_CARD: Colour = rgb(0xff, 0xff, 0xff);
/// The same in the dark scheme.
pub const DARK_CARD: Colour = rgb(0x17, 0x18, 0x1c);
const BLACK: Colour = rgb(0x10, 0x11, 0x14);
const BLACKEST: Colour = rgb(0, 0, 0);
const WHITE: Colour = rgb(0xff, 0xff, 0xff);

/// The colour of text on `background`: white, or the first black that can be read there. One always can: where white
/// has less than 4.5, the blackest has more than 4.6, as the two have 21 between them.
pub fn ink(background: Colour) -> Colour {
    let inks = [WHITE, BLACK];
    let readable = |ink: &Colour| contrast(*ink, background) >= 4.5;
    inks.into_iter().find(readable).unwrap_or(BLACKEST)
}

/// The colour that was chosen for text on `background`, if it can be read there; else one that can.
pub fn readable(chosen: Option<Colour>, background: Colour) -> Colour {
    chosen
        .filter(|text| contrast(*text, background) >= 4.5)
        .unwrap_or_else(|| ink(background))
}

/// The custom properties of `vestibule.css` for what is in a business's own colours, on a card of that colour. Text
/// and rings keep the colours that were chosen only where they can be seen.
pub fn properties(
    accent: Colour,
    on_accent: Option<Colour>,
    link: Option<Colour>,
    card: Colour,
) -> String {
    let on_accent = readable(on_accent, accent);
    let pointed = pointed(accent, on_accent);
    let edge = match contrasting(accent, card, 3.0) {
        edge if edge == accent => "transparent".to_owned(),
        edge => edge.to_string(),
    };
    let wanted = link.unwrap_or(accent);
    let link = contrasting(wanted, card, 4.5);
    let ring = contrasting(wanted, card, 3.0);
    format!(
        "--accent:{accent};--on-accent:{on_accent};--accent-pointed:{pointed};--accent-edge:{edge};--link:{link};--ring:{ring};"
    )
}

/// What is mixed into the accent where it is pointed at: away from its text, but where that would not be seen.
fn pointed(accent: Colour, on_accent: Colour) -> Colour {
    let away = if luminance(on_accent) > luminance(accent) {
        BLACKEST
    } else {
        WHITE
    };
    let is_readable = contrast(mixed(accent, on_accent, 0.2), on_accent) >= 4.5;
    if contrast(accent, away) < 1.25 && is_readable {
        on_accent
    } else {
        away
    }
}

/// `colour`, or the nearest darker or lighter one that reaches `ratio` on `background`.
pub fn contrasting(colour: Colour, background: Colour, ratio: f64) -> Colour {
    let target = ink(background);
    (0..=20)
        .map(|step| mixed(colour, target, f64::from(step) / 20.0))
        .find(|candidate| contrast(*candidate, background) >= ratio)
        .unwrap_or(target)
}

/// The colour by hue, saturation and lightness, as CSS writes it.
pub fn hsl(colour: Colour) -> String {
    let [red, green, blue] = [colour.red, colour.green, colour.blue].map(i32::from);
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    let (sum, range) = (most + least, most - least);
    let share = |part: i32, whole: i32| if whole == 0 { 0 } else { rounded(part, whole) };
    let hue = if range == 0 {
        0
    } else if most == red {
        rounded(60 * (green - blue), range)
    } else if most == green {
        120 + rounded(60 * (blue - red), range)
    } else {
        240 + rounded(60 * (red - green), range)
    };
    // How far the lightness, in 510ths, leaves room for colour.
    let room = if sum <= 255 { sum } else { 510 - sum };
    format!(
        "hsl({}, {}%, {}%)",
        hue.rem_euclid(360),
        share(100 * range, room),
        share(100 * sum, 510)
    )
}

/// A quotient of whole numbers, to the nearest one.
fn rounded(part: i32, whole: i32) -> i32 {
    (2 * part + whole).div_euclid(2 * whole)
}

/// Contrast ratio, from 1 (none) to 21.
fn contrast(one: Colour, other: Colour) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(colour: Colour) -> f64 {
    let linear = |channel: u8| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue)
}

fn mixed(colour: Colour, other: Colour, share: f64) -> Colour {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what lies between two bytes is a byte"
    )]
    let mix =
        |from: u8, to: u8| (f64::from(from) * (1.0 - share) + f64::from(to) * share).round() as u8;
    rgb(
        mix(colour.red, other.red),
        mix(colour.green, other.green),
        mix(colour.blue, other.blue),
    )
}

const fn rgb(red: u8, green: u8, blue: u8) -> Colour {
    Colour { red, green, blue }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accent_can_be_read() {
        let steps = || (0..=255).step_by(15);
        for red in steps() {
            for green in steps() {
                for blue in steps() {
                    let accent = rgb(red, green, blue);
                    assert!(contrast(accent, ink(accent)) >= 4.5, "{accent}");
                    // Text that is quiet stands on what the business puts below the card.
                    for quiet in [rgb(0x5f, 0x64, 0x70), rgb(0xa2, 0xa7, 0xb3)] {
                        let text = contrasting(quiet, accent, 4.5);
                        assert!(contrast(text, accent) >= 4.5, "{quiet} on {accent}");
                    }
                    for card in [LIGHT_CARD, DARK_CARD] {
                        let link = contrasting(accent, card, 4.5);
                        assert!(contrast(link, card) >= 4.5, "{accent}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_button_that_is_pointed_at_can_still_be_read() {
        let worst = rgb(0x76, 0x76, 0x76);
        for (accent, on_accent, pointed) in [
            (WHITE, None, BLACK),
            (WHITE, Some(worst), WHITE),
            (worst, None, BLACKEST),
            (worst, Some(WHITE), BLACKEST),
            (rgb(0xff, 0xd4, 0), Some(WHITE), WHITE),
            (rgb(0xff, 0xd4, 0), Some(rgb(0x40, 0x20, 0)), WHITE),
        ] {
            let found = properties(accent, on_accent, None, LIGHT_CARD);
            let expected = format!("--accent-pointed:{pointed};");
            assert!(found.contains(&expected), "{found}");
        }
    }

    #[test]
    fn a_button_like_its_card_has_an_edge() {
        for (accent, card, has_edge) in [
            (WHITE, LIGHT_CARD, true),
            (rgb(0xff, 0xe6, 0), LIGHT_CARD, true),
            (rgb(0x34, 0x51, 0xb2), LIGHT_CARD, false),
            (DARK_CARD, DARK_CARD, true),
        ] {
            let found = properties(accent, None, None, card);
            let has_none = found.contains("--accent-edge:transparent;");
            assert_eq!(!has_none, has_edge, "{found}");
        }
    }

    #[test]
    fn a_colour_is_told_by_hue_saturation_and_lightness() {
        for (colour, expected) in [
            (rgb(0, 0, 0), "hsl(0, 0%, 0%)"),
            (rgb(255, 255, 255), "hsl(0, 0%, 100%)"),
            (rgb(255, 0, 0), "hsl(0, 100%, 50%)"),
            (rgb(0, 0x56, 0xf1), "hsl(219, 100%, 47%)"),
            (rgb(0xff, 0, 0x80), "hsl(330, 100%, 50%)"),
            (rgb(0x34, 0x51, 0xb2), "hsl(226, 55%, 45%)"),
        ] {
            assert_eq!(hsl(colour), expected);
        }
    }

    #[test]
    fn an_accent_that_can_be_read_is_left_alone() {
        let accent = rgb(0x34, 0x51, 0xb2);
        assert_eq!(contrasting(accent, LIGHT_CARD, 4.5), accent);
    }
}
