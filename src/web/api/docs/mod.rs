//! The description of the API as a page, for people.
//!
//! # Decision
//!
//! A page of ours, made of the document that programs read, rather than one of the known viewers: those are a
//! megabyte of script and need a weaker policy. This one needs no script, can be searched and printed by the
//! browser, and is never out of date. It is in English, as the description is.

mod reading;

use std::sync::OnceLock;

use askama::Template;
use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use serde_json::Value;

use crate::config::Branding;
use crate::web::assets::Assets;
use crate::web::site::Site;
use reading::{Docs, Piece};

/// The page at `/api/v1/docs`, which is made when it is first asked for.
#[derive(Debug, Default)]
pub struct Viewer(OnceLock<Bytes>);

#[derive(Template)]
#[template(path = "api/docs.html")]
struct DocsPage<'a> {
    assets: &'a Assets,
    brand: &'a Branding,
    docs: &'a Docs,
}

impl Viewer {
    /// Shows the description that `document` is.
    pub fn show(&self, site: &Site, document: &[u8]) -> Response {
        let page = self.0.get_or_init(|| render(site, document));
        if page.is_empty() {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        let headers = [(header::CACHE_CONTROL, "no-store")];
        (headers, Html(page.clone())).into_response()
    }
}

/// The page; empty when it can't be made, which is logged.
fn render(site: &Site, document: &[u8]) -> Bytes {
    let description: Value = serde_json::from_slice(document).unwrap_or_default();
    let page = DocsPage {
        assets: &site.assets,
        brand: &site.brand,
        docs: &Docs::read(&description),
    };
    match page.render() {
        Ok(html) => html.into(),
        Err(error) => {
            tracing::error!(%error, "the page of the API could not be rendered");
            Bytes::new()
        }
    }
}
