//! What pages load besides their HTML: the stylesheet, the brand's colours and its mark.
//!
//! Each file carries the hash of its content in its name, so that browsers may keep it for good.
//! The brand's colours are a stylesheet of their own because the content security policy
//! allows no inline styles.

use std::fmt::Write as _;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::web::colour::Colour;

#[derive(RustEmbed)]
#[folder = "templates/static/"]
struct Files;

/// How the pages present the organization that runs them.
#[derive(Clone, Debug)]
pub struct Brand {
    /// Shown in titles, on our own pages and in mails.
    pub name: String,
    /// An image; without one, the built-in mark.
    pub logo_url: Option<String>,
    /// Buttons, links and focus rings.
    pub accent: Colour,
    /// The same in the dark scheme; without one, `accent`, made lighter where it would be lost.
    pub accent_dark: Option<Colour>,
    /// Linked at the foot of every page.
    pub privacy_url: Option<String>,
    /// Linked at the foot of every page.
    pub terms_url: Option<String>,
    /// Linked at the foot of every page: an address of a page or `mailto:`.
    pub support_url: Option<String>,
}

/// The files under `/static/`, made once from the brand.
#[derive(Debug)]
pub struct Assets {
    /// Path of the stylesheet.
    pub stylesheet: String,
    /// Path of the stylesheet that sets the brand's colours.
    pub brand_stylesheet: String,
    /// Path of the built-in mark, which is also the icon of the browser's tab.
    pub mark: String,
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    path: String,
    content_type: &'static str,
    body: String,
}

impl Assets {
    /// Makes the files of a brand.
    pub fn new(brand: &Brand) -> Self {
        let files = vec![
            File::new("vestibule", "css", embedded("vestibule.css")),
            File::new("brand", "css", brand_stylesheet(brand)),
            File::new("mark", "svg", mark(brand.accent)),
        ];
        Self {
            stylesheet: files[0].path.clone(),
            brand_stylesheet: files[1].path.clone(),
            mark: files[2].path.clone(),
            files,
        }
    }

    /// Answers a request below `/static/`.
    pub fn respond(&self, path: &str) -> Response {
        let Some(file) = self.files.iter().find(|file| file.path == path) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let headers = [
            (header::CONTENT_TYPE, file.content_type),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ];
        (headers, file.body.clone()).into_response()
    }
}

impl File {
    fn new(name: &str, extension: &str, body: String) -> Self {
        let hash = hex::encode(&Sha256::digest(&body)[..8]);
        Self {
            path: format!("/static/{name}-{hash}.{extension}"),
            content_type: match extension {
                "css" => "text/css; charset=utf-8",
                _ => "image/svg+xml",
            },
            body,
        }
    }
}

fn embedded(name: &str) -> String {
    Files::get(name)
        .map(|file| String::from_utf8_lossy(&file.data).into_owned())
        .unwrap_or_default()
}

fn brand_stylesheet(brand: &Brand) -> String {
    let dark = brand
        .accent_dark
        .unwrap_or_else(|| brand.accent.contrasting(Colour::DARK_CARD, 2.25));
    let mut css = String::from(":root{");
    colours(&mut css, brand.accent, Colour::LIGHT_CARD);
    css.push_str("}\n@media (prefers-color-scheme:dark){:root{");
    colours(&mut css, dark, Colour::DARK_CARD);
    css.push_str("}}\n");
    css
}

fn colours(css: &mut String, accent: Colour, card: Colour) {
    let on_accent = accent.ink();
    let link = accent.contrasting(card, 4.5);
    let ring = accent.contrasting(card, 3.0);
    let _ = write!(
        css,
        "--accent:{accent};--on-accent:{on_accent};--link:{link};--ring:{ring}"
    );
}

/// An open door in an archway, on a tile of the brand's colour.
fn mark(accent: Colour) -> String {
    let ink = accent.ink();
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" rx="10" fill="{accent}"/><path d="M12 30V18a8 8 0 0 1 16 0v12" fill="none" stroke="{ink}" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round"/><path d="M20 15.500 26 18v12l-6-2.500z" fill="{ink}"/></svg>"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brand(accent: &str) -> Brand {
        Brand {
            name: "Acme".to_owned(),
            logo_url: None,
            accent: Colour::parse(accent).unwrap(),
            accent_dark: None,
            privacy_url: None,
            terms_url: None,
            support_url: None,
        }
    }

    #[test]
    fn a_file_is_found_by_its_content() {
        let blue = Assets::new(&brand("#2f54d0"));
        let green = Assets::new(&brand("#0a7a4b"));
        assert_eq!(blue.stylesheet, green.stylesheet);
        assert_ne!(blue.brand_stylesheet, green.brand_stylesheet);
        assert_eq!(blue.respond(&blue.stylesheet).status(), StatusCode::OK);
        let stale = blue.respond(&green.brand_stylesheet);
        assert_eq!(stale.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn files_are_kept_for_good() {
        let assets = Assets::new(&brand("#2f54d0"));
        let response = assets.respond(&assets.stylesheet);
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_TYPE], "text/css; charset=utf-8");
        assert_eq!(
            headers[header::CACHE_CONTROL],
            "public, max-age=31536000, immutable"
        );
    }
}
