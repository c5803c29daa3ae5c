//! The site: the application, and how it looks.

use std::ops::Deref;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, header};

use super::api::rate::Rates;
use super::assets::Assets;
use super::faces::EnvironmentLogos;
use super::oidc::discovery;
use super::page::Shell;
use super::text::Locale;
use crate::app::App;
use crate::config::Branding;

/// The state of all handlers, of which each request has one: all parts behind one pointer.
#[derive(Clone)]
pub struct Site(Arc<Parts>);

/// What a [`Site`] consists of.
pub struct Parts {
    /// The application.
    pub app: Arc<App>,
    /// The name and colours of the business.
    pub brand: Arc<Branding>,
    /// The files under `/static/`.
    pub assets: Arc<Assets>,
    /// The logos of the environment.
    pub logos: EnvironmentLogos,
    /// How often clients have called the management API.
    pub rates: Rates,
    /// The document that says what this server can do.
    pub configuration: Bytes,
    /// The head of that document and of the keys.
    pub published: HeaderMap,
}

impl Site {
    /// The site of an application.
    pub fn new(app: Arc<App>) -> Self {
        let brand = Arc::new(app.config.branding.clone());
        let assets = Arc::new(Assets::new(&brand));
        Self(Arc::new(Parts {
            logos: EnvironmentLogos::default(),
            rates: Rates::new(app.config.api.requests_per_minute),
            configuration: discovery::document(&app.config),
            published: discovery::head(&app.config),
            app,
            brand,
            assets,
        }))
    }

    /// The surroundings of a page without forms, in the language that suits the browser, with the logos of the
    /// environment.
    pub async fn page_shell(&self, headers: &HeaderMap, ui_locales: Option<&str>) -> Shell {
        let app = &self.app;
        Shell {
            logos: self.logos.current(&app.db, app.clock.now()).await,
            ..self.shell(headers, ui_locales)
        }
    }

    /// The same with the logos that were read last: for what bears none, and when the database can't be asked.
    pub fn shell(&self, headers: &HeaderMap, ui_locales: Option<&str>) -> Shell {
        let accepted = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        let locale = Locale::negotiate(ui_locales, accepted);
        Shell {
            logos: self.logos.last(),
            ..Shell::new(locale, Arc::clone(&self.brand), Arc::clone(&self.assets))
        }
    }
}

impl Deref for Site {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
