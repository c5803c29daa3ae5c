//! Somebody who is signed in, on a page of their account.

use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;

use super::person;
use crate::clock::Timestamp;
use crate::interaction::{SignedIn, errand, session};
use crate::secret::Secret;
use crate::web::cookies::Ours;
use crate::web::error::PageError;
use crate::web::extract::{Browser, csrf_token};
use crate::web::page::{Person, Shell};
use crate::web::signin;
use crate::web::site::Site;

/// Somebody who is signed in, on a page of their account.
pub(super) struct Visit {
    pub(super) site: Site,
    pub(super) browser: Browser,
    pub(super) now: Timestamp,
    pub(super) signed_in: SignedIn,
    pub(super) person: Person,
    surroundings: Shell,
}

impl Visit {
    /// None when nobody is signed in.
    pub(super) async fn open(
        site: Site,
        browser: Browser,
        now: Timestamp,
    ) -> sqlx::Result<Option<Self>> {
        let app = &site.app;
        let mut tx = app.db.read().await?;
        let cookie = browser.session.as_ref();
        let found = session::find(&mut tx, cookie, &app.config.sessions, now).await?;
        let Some(signed_in) = found else {
            return Ok(None);
        };
        let person = person(&mut tx, &signed_in.user).await?;
        drop(tx);
        Ok(Some(Self {
            surroundings: site.page_shell(&browser.headers, None).await,
            person,
            site: site.clone(),
            browser,
            now,
            signed_in,
        }))
    }

    /// The same for a page on which something is changed: who they are was proven lately, or is proven on the way back
    /// to `returns_to`. What to answer, when there is nobody or nothing is proven yet.
    pub(super) async fn open_fresh(
        site: Site,
        browser: Browser,
        now: Timestamp,
        returns_to: &str,
    ) -> Result<Result<Self, Response>, PageError> {
        let Some(visit) = Self::open(site, browser, now).await? else {
            return Ok(Err(Redirect::to("/").into_response()));
        };
        if !visit.is_fresh() {
            return Ok(Err(visit.prove(returns_to.to_owned()).await?));
        }
        Ok(Ok(visit))
    }

    /// Whether who they are was proven lately enough to change something.
    pub(super) fn is_fresh(&self) -> bool {
        errand::is_fresh(&self.signed_in.session, self.now)
    }

    /// Leads to where they prove anew who they are, and from there to a page of ours.
    pub(super) async fn prove(&self, returns_to: String) -> Result<Response, PageError> {
        let purpose = (None, returns_to);
        signin::errand::begin(&self.site, &self.signed_in, purpose, self.now).await
    }

    /// What surrounds a page, and a cookie for a browser that has none yet: the forms' token is made of it.
    pub(super) fn shell(&self) -> (Shell, CookieJar) {
        let app = &self.site.app;
        let secret = match &self.browser.secret {
            Some(secret) => secret.clone(),
            None => Secret::generate(&mut app.random.generator()),
        };
        let mut shell = self.surroundings.clone();
        csrf_token(&secret).expose().clone_into(&mut shell.csrf);
        let issuer = &app.config.server.issuer;
        let jar = Ours::Browser.set(self.browser.jar.clone(), issuer, &secret);
        (shell, jar)
    }
}
