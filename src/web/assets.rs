//! What pages load besides their HTML: the stylesheet, the brand's colours and its mark.
//!
//! Each file carries the hash of its content in its name, so that browsers may keep it for good.
//! The brand's colours are a stylesheet of their own because the content security policy
//! allows no inline styles.

use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::config::{Branding, Colour};
use crate::web::colour::{self, DARK_CARD, LIGHT_CARD};
use crate::web::look::Look;

#[derive(RustEmbed)]
#[folder = "templates/static/"]
struct Files;

/// The files under `/static/`, made once from the brand.
#[derive(Debug)]
pub struct Assets {
    /// Path of the stylesheet.
    pub stylesheet: String,
    /// Path of what the stylesheet says otherwise in the dark.
    pub dark_stylesheet: String,
    /// Path of what the page of the management API adds to it.
    pub docs_stylesheet: String,
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
    body: Bytes,
}

impl Assets {
    /// Makes the files of a brand.
    pub fn new(branding: &Branding) -> Self {
        let files = vec![
            File::new("vestibule", "css", embedded("vestibule.css")),
            File::new("brand", "css", brand_stylesheet(branding)),
            File::new("mark", "svg", mark(branding.accent_light)),
            File::new("dark", "css", embedded("dark.css")),
            File::new("docs", "css", embedded("docs.css")),
        ];
        Self {
            stylesheet: files[0].path.clone(),
            brand_stylesheet: files[1].path.clone(),
            mark: files[2].path.clone(),
            dark_stylesheet: files[3].path.clone(),
            docs_stylesheet: files[4].path.clone(),
            files,
        }
    }

    /// Answers a request below `/static/`.
    pub fn respond(&self, path: &str) -> Response {
        let for_good = "public, max-age=31536000, immutable";
        if let Some(look) = Look::parse(path) {
            let file = File {
                path: path.to_owned(),
                content_type: "text/css; charset=utf-8",
                body: look.stylesheet().into(),
            };
            return file.respond(for_good);
        }
        match self.files.iter().find(|file| file.path == path) {
            Some(file) => file.respond(for_good),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }

    /// The mark under a name that stays the same when the brand changes.
    pub fn icon(&self) -> Response {
        self.files
            .iter()
            .find(|file| file.path == self.mark)
            .map_or_else(
                || StatusCode::NOT_FOUND.into_response(),
                |file| file.respond("public, max-age=86400"),
            )
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
            body: body.into(),
        }
    }

    fn respond(&self, cache_control: &'static str) -> Response {
        let headers = [
            (header::CONTENT_TYPE, self.content_type),
            (header::CACHE_CONTROL, cache_control),
        ];
        (headers, self.body.clone()).into_response()
    }
}

fn embedded(name: &str) -> String {
    Files::get(name)
        .map(|file| String::from_utf8_lossy(&file.data).into_owned())
        .unwrap_or_default()
}

fn brand_stylesheet(branding: &Branding) -> String {
    format!(
        ":root{{{}}}\n@media (prefers-color-scheme:dark){{:root{{{}}}}}\n",
        colour::properties(branding.accent_light, None, None, LIGHT_CARD),
        colour::properties(branding.accent_dark, None, None, DARK_CARD)
    )
}

/// An open door in an archway, on a tile of the brand's colour.
fn mark(accent: Colour) -> String {
    let ink = colour::ink(accent);
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" rx="10" fill="{accent}"/><path d="M12 30V18a8 8 0 0 1 16 0v12" fill="none" stroke="{ink}" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round"/><path d="M20 15.500 26 18v12l-6-2.500z" fill="{ink}"/></svg>"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assets(green: u8) -> Assets {
        let accent = Colour {
            red: 0,
            green,
            blue: 200,
        };
        Assets::new(&Branding {
            name: "Acme".to_owned(),
            logo_url: None,
            accent_light: accent,
            accent_dark: accent,
            terms_url: None,
            privacy_url: None,
        })
    }

    #[test]
    fn a_file_is_found_by_its_content() {
        let one = assets(80);
        let other = assets(90);
        assert_eq!(one.stylesheet, other.stylesheet);
        assert_ne!(one.brand_stylesheet, other.brand_stylesheet);
        assert_eq!(one.respond(&one.stylesheet).status(), StatusCode::OK);
        let stale = one.respond(&other.brand_stylesheet);
        assert_eq!(stale.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn the_icon_of_the_tab_may_change() {
        let response = assets(80).icon();
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_TYPE], "image/svg+xml");
        assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=86400");
    }

    #[test]
    fn files_are_kept_for_good() {
        let assets = assets(80);
        let response = assets.respond(&assets.stylesheet);
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_TYPE], "text/css; charset=utf-8");
        assert_eq!(
            headers[header::CACHE_CONTROL],
            "public, max-age=31536000, immutable"
        );
    }
}
