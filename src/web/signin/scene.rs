//! What every handler of an interaction begins with: the interaction, opened for the browser that
//! it belongs to; the facts of now; and, of a form, its fields.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::cookie::CookieJar;

use crate::clients::RegisteredClient;
use crate::clock::Timestamp;
use crate::id::{ClientId, InteractionId, OrganizationId};
use crate::interaction::upstream::Upstreams;
use crate::interaction::{self, Circumstances, Facts, OpenError, Step};
use crate::protocol::authorization::AuthorizationRequest;
use crate::protocol::{Delivery, OAuthError};
use crate::secret::Secret;
use crate::store::Tx;
use crate::store::clients::PageOptions;
use crate::store::interactions::{self, Interaction};
use crate::store::organizations::Organization;
use crate::store::sessions::Session;
use crate::tokens::verify;
use crate::web::cookies::Ours;
use crate::web::error::PageError;
use crate::web::extract::{Browser, Now, SignedForm, csrf_token};
use crate::web::faces::{self, Meant};
use crate::web::oidc::delivery::deliver;
use crate::web::page::{Fields, Shell};
use crate::web::site::Site;

/// A browser that asks what comes next. The first to ask is the one the interaction belongs to.
pub(super) struct Opened {
    pub(super) interaction: Interaction,
    pub(super) scene: Scene,
    /// The browser's cookie, when it had none.
    pub(super) new_browser: Option<Secret>,
}

/// A form that was posted within an interaction, from a page of ours.
pub(super) struct Posted {
    pub(super) interaction: Interaction,
    pub(super) scene: Scene,
    pub(super) fields: Fields,
}

/// What surrounds an interaction while one request is served.
pub(super) struct Scene {
    pub(super) site: Site,
    pub(super) facts: Facts,
    pub(super) shell: Shell,
    browser: Browser,
}

impl Scene {
    /// What the operations of a local account need to know.
    pub(super) fn circumstances(&self) -> Circumstances<'_> {
        Circumstances {
            db: &self.site.app.db,
            hasher: &self.site.app.hasher,
            hash_key: &self.site.app.hash_key,
            limits: &self.site.app.config.sign_in,
            lifetimes: &self.site.app.config.sessions,
            present: self.facts.signed_in.as_ref().map(|now| &now.session),
            visitor: &self.browser.visitor,
            now: self.facts.now,
        }
    }

    /// What the browser proves itself by, unless it was new a moment ago.
    pub(super) fn browser_secret(&self) -> Option<&Secret> {
        self.browser.secret.as_ref()
    }

    /// What it takes to speak to upstreams.
    pub(super) fn upstreams(&self) -> Upstreams<'_> {
        upstreams(&self.site)
    }

    /// What the application wants its pages to show.
    pub(super) fn page_options(&self) -> &PageOptions {
        &self.facts.client.client.page_options.0
    }

    /// The organizations of whoever is signed in, the suspended ones apart.
    pub(super) fn open_organizations(&self) -> impl Iterator<Item = &Organization> {
        let memberships = self.facts.organizations.memberships.iter();
        memberships
            .map(|member| &member.organization)
            .filter(|organization| organization.suspended_at.is_none())
    }

    /// Where the application is.
    pub(super) fn way_back(&self) -> Option<String> {
        self.facts.client.way_back().map(str::to_owned)
    }

    /// Hands the client's answer to the browser.
    pub(super) fn deliver(&self, answer: Delivery) -> Response {
        deliver(&self.site, &self.browser.headers, answer)
    }

    /// The session's cookie once more: one that outlives the browser as long as the session does, or one that doesn't.
    pub(super) fn session_cookie(&self, session: &Session, persists: bool) -> CookieJar {
        let (jar, issuer) = (CookieJar::new(), &self.site.app.config.server.issuer);
        match &self.browser.session {
            Some(value) if persists => {
                let lifetime = session.expires_at.since(self.facts.now);
                Ours::Session.keep(jar, issuer, value, lifetime)
            }
            Some(value) => Ours::Session.set(jar, issuer, value),
            None => jar,
        }
    }

    /// What comes next.
    pub(super) fn next(&self, interaction: &Interaction) -> Result<Step, OAuthError> {
        interaction::next(interaction, &self.facts)
    }

    async fn gather(
        arrival: Arrival,
        interaction: &Interaction,
        secret: &Secret,
    ) -> Result<Self, PageError> {
        let Arrival {
            site, browser, now, ..
        } = &arrival;
        let app = &site.app;
        let request = &interaction.request.0;
        let hinted = request.id_token_hint.as_ref().and_then(|hint| {
            let issuer = &app.config.server.issuer;
            verify::id_token_hint(&app.keys.current(), issuer, hint.expose())
        });
        // A subject asked for by name is a condition, a hint a wish (Core §5.5.1, §3.1.2.1). Where nobody can
        // be asked, a hint that says nothing fits nobody.
        let is_void = request.id_token_hint.is_some() && request.prompts.is_none();
        let hinted = hinted
            .map(|hint| hint.subject.to_string())
            .or(is_void.then(String::new));
        let expected = request.claims.subject().map(str::to_owned).or(hinted);
        let facts = Facts::gather(
            &app.db,
            (&app.clients, &app.catalogues),
            interaction,
            browser.session.as_ref(),
            expected,
            &app.config.sessions,
            *now,
        )
        .await?;
        let facts = facts.ok_or(PageError::ExpiredLink { back: None })?;
        let mut shell = arrival.shell(request, &facts.client).await;
        if !interaction.progress.0.ends_here {
            shell.client = Some(faces::client(&facts.client.client));
        }
        let chosen = interaction.progress.0.organization.as_ref();
        let wanted = facts.invited_to().or(request.org_code.as_ref());
        if let Some(code) = chosen.or(wanted) {
            let mut tx = app.db.read().await?;
            shell.organization = faces::organization(&mut tx, code, &site.brand).await?;
            arrival.meant.tell(shell.organization.as_ref());
        }
        csrf_token(secret).expose().clone_into(&mut shell.csrf);
        Ok(Self {
            site: arrival.site,
            facts,
            shell,
            browser: arrival.browser,
        })
    }
}

/// What it takes to speak to upstreams.
pub fn upstreams(site: &Site) -> Upstreams<'_> {
    Upstreams {
        outside: &site.app.outside,
        vault: site.app.keys.vault(),
        issuer: &site.app.config.server.issuer,
    }
}

/// A request, before its interaction is known.
struct Arrival {
    site: Site,
    id: InteractionId,
    browser: Browser,
    now: Timestamp,
    meant: Meant,
}

impl Arrival {
    async fn read(parts: &mut Parts, site: &Site) -> Result<Self, PageError> {
        let unknown = PageError::ExpiredLink { back: None };
        let Ok(Path(id)) = Path::<String>::from_request_parts(parts, site).await else {
            return Err(unknown);
        };
        let Ok(browser) = Browser::from_request_parts(parts, site).await;
        let Ok(Now(now)) = Now::from_request_parts(parts, site).await;
        Ok(Self {
            site: site.clone(),
            id: InteractionId::parse(&id).ok_or(unknown)?,
            browser,
            now,
            meant: parts.extensions.get().cloned().unwrap_or_default(),
        })
    }

    /// In the language that the request asks for, or else that of the application, or else the browser's.
    async fn shell(&self, request: &AuthorizationRequest, client: &RegisteredClient) -> Shell {
        let mut wanted = request.ui_locales.join(" ");
        if let Some(language) = client.client.page_options.0.language {
            wanted.push(' ');
            wanted.push_str(language.as_str());
        }
        let headers = &self.browser.headers;
        self.site.page_shell(headers, Some(&wanted)).await
    }

    /// Tells whose look the page of an error is in, when nothing shows yet whose interaction this is.
    async fn tell_requested(&self) -> sqlx::Result<()> {
        let mut tx = self.site.app.db.read().await?;
        let interaction = interactions::find(&mut tx, &self.id).await?;
        let requested = interaction.and_then(|found| found.request.0.org_code);
        self.tell(&mut tx, requested.as_ref()).await
    }

    async fn tell(&self, tx: &mut Tx, organization: Option<&OrganizationId>) -> sqlx::Result<()> {
        if let Some(code) = organization {
            let face = faces::organization(tx, code, &self.site.brand).await?;
            self.meant.tell(face.as_ref());
        }
        Ok(())
    }

    /// Offers the way back to the application when an interaction can't go on.
    async fn turn_away(&self, error: OpenError) -> Response {
        let (interaction, is_theirs) = match error {
            OpenError::Expired(interaction) | OpenError::Finished(interaction) => {
                (interaction, true)
            }
            OpenError::Foreign(interaction) => (interaction, false),
            OpenError::Sql(error) => return PageError::from(error).into_response(),
            OpenError::Unknown => return PageError::ExpiredLink { back: None }.into_response(),
        };
        let app = &self.site.app;
        let request = &interaction.request.0;
        if let Some(delivery) = request.expire(&app.config.server.issuer) {
            return deliver(&self.site, &self.browser.headers, delivery);
        }
        // What somebody has chosen is nobody else's to see.
        let chosen = interaction.progress.0.organization.as_ref();
        let meant = chosen.filter(|_| is_theirs).or(request.org_code.as_ref());
        match self.expired(&interaction.client_id, meant).await {
            Ok(error) => error.into_response(),
            Err(error) => PageError::from(error).into_response(),
        }
    }

    async fn expired(
        &self,
        client: &ClientId,
        organization: Option<&OrganizationId>,
    ) -> sqlx::Result<PageError> {
        let app = &self.site.app;
        self.tell(&mut app.db.read().await?, organization).await?;
        let client = app.clients.find(&app.db, client, self.now).await?;
        let back = client.as_deref().and_then(RegisteredClient::way_back);
        Ok(PageError::ExpiredLink {
            back: back.map(str::to_owned),
        })
    }
}

impl FromRequestParts<Site> for Opened {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        let arrival = Arrival::read(parts, site).await.map_err(refusal)?;
        let (secret, is_new) = match arrival.browser.secret.clone() {
            Some(secret) => (secret, false),
            None => (Secret::generate(&mut site.app.random.generator()), true),
        };
        let claimed = interaction::claim(&site.app.db, &arrival.id, &secret, arrival.now).await;
        let interaction = match claimed {
            Ok(interaction) => interaction,
            Err(error) => return Err(arrival.turn_away(error).await),
        };
        let scene = Scene::gather(arrival, &interaction, &secret).await;
        Ok(Self {
            scene: scene.map_err(refusal)?,
            interaction,
            new_browser: is_new.then_some(secret),
        })
    }
}

impl FromRequest<Site> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let arrival = Arrival::read(&mut parts, site).await.map_err(refusal)?;
        let form = SignedForm::from_request(Request::from_parts(parts, body), site);
        let SignedForm(params) = match form.await {
            Ok(form) => form,
            Err(error) => {
                arrival.tell_requested().await.map_err(refusal)?;
                return Err(refusal(error));
            }
        };
        let Some(secret) = arrival.browser.secret.clone() else {
            return Err(refusal(PageError::ForeignForm));
        };
        let mut tx = site.app.db.read().await.map_err(refusal)?;
        let opened = interaction::open(&mut tx, &arrival.id, Some(&secret), arrival.now).await;
        drop(tx);
        let interaction = match opened {
            Ok(interaction) => interaction,
            Err(error) => return Err(arrival.turn_away(error).await),
        };
        let scene = Scene::gather(arrival, &interaction, &secret).await;
        Ok(Self {
            scene: scene.map_err(refusal)?,
            interaction,
            fields: Fields::from(params),
        })
    }
}

fn refusal(error: impl Into<PageError>) -> Response {
    error.into().into_response()
}
