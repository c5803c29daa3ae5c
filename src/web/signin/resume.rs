//! What comes next in an interaction: a page, or the client's answer.

use axum::extract::RawQuery;
use axum::response::{IntoResponse, Redirect};
use axum_extra::extract::cookie::CookieJar;

use super::outcome::{self, Answer};
use super::pages;
use super::scene::{Opened, Scene};
use super::upstream;
use crate::id::OrganizationId;
use crate::interaction::{self, SignedIn, Step, invitation, organization};
use crate::protocol::{OAuthError, Params, Scopes};
use crate::store::interactions::Interaction;
use crate::web::account::ACCOUNT;
use crate::web::cookies::Ours;
use crate::web::error::PageError;
use crate::web::page::{Fields, Problems};

/// `GET /interaction/{id}`
pub(super) async fn resume(opened: Opened, RawQuery(query): RawQuery) -> Answer {
    let Opened {
        interaction,
        scene,
        new_browser,
    } = opened;
    if interaction.progress.0.asserted.is_some() {
        return upstream::adopt(&scene, interaction).await;
    }
    let response = match scene.next(&interaction) {
        Ok(Step::Connect(id)) => {
            let browser = new_browser.as_ref().or(scene.browser_secret());
            upstream::connect(&scene, &interaction, &id, (browser, false), None).await?
        }
        Ok(Step::Respond {
            scopes,
            organization,
        }) => respond(&scene, &interaction, scopes, organization).await?,
        Ok(Step::AcceptInvitation) => accept(&scene, &interaction).await?,
        Ok(Step::CreateOrganization(name)) => create(&scene, interaction, &name).await?,
        Ok(Step::Finish(organization)) => {
            let signed_in = scene.facts.signed_in.as_ref();
            let arrived = signed_in.map(|signed_in| (signed_in, organization.as_ref()));
            finish(&scene, &interaction, arrived).await?
        }
        Ok(Step::JoinOrganization(id)) => join(&scene, &interaction, &id).await?,
        Ok(step) => {
            // Nothing else in the address may fill a form in.
            let query =
                query.filter(|query| query == outcome::SENT_AGAIN || query.starts_with(SEARCH));
            let fields = Params::parse(query.unwrap_or_default()).unwrap_or_default();
            let fields = Fields::from(fields);
            pages::show(&scene, &interaction, &step, &fields, Problems::none()).await?
        }
        Err(_) if interaction.progress.0.ends_here => finish(&scene, &interaction, None).await?,
        Err(error) => refuse(&scene, &interaction, &error).await?,
    };
    Ok(match new_browser {
        Some(browser) => {
            let issuer = &scene.site.app.config.server.issuer;
            let cookie = Ours::Browser.set(CookieJar::new(), issuer, &browser);
            (cookie, response).into_response()
        }
        None => response,
    })
}

/// What the address holds when organizations are searched.
const SEARCH: &str = "search=";

/// Accepts the invitation that the request names; then it is asked anew what comes next.
async fn accept(scene: &Scene, interaction: &Interaction) -> Answer {
    let app = &scene.site.app;
    let (signed_in, open) = (&scene.facts.signed_in, scene.facts.open_invitation());
    if let (Some(signed_in), Some(open)) = (signed_in, open) {
        let (mut rng, now) = (app.random.generator(), scene.facts.now);
        invitation::accept(&app.db, &open.invitation, signed_in, now, &mut rng).await?;
    }
    Ok(outcome::onward(interaction))
}

/// Joins the organization that the request names, or the default one; then it is asked anew what comes next.
async fn join(scene: &Scene, interaction: &Interaction, id: &OrganizationId) -> Answer {
    let app = &scene.site.app;
    if let Some(signed_in) = &scene.facts.signed_in {
        let mut rng = app.random.generator();
        organization::join(&app.db, id, signed_in, scene.facts.now, &mut rng).await?;
    }
    Ok(outcome::onward(interaction))
}

/// Creates the organization that the request names; then it is asked anew what comes next.
async fn create(scene: &Scene, mut interaction: Interaction, name: &str) -> Answer {
    let app = &scene.site.app;
    if let Some(signed_in) = &scene.facts.signed_in {
        let mut rng = app.random.generator();
        let now = scene.facts.now;
        organization::create(&app.db, &mut interaction, name, signed_in, now, &mut rng).await?;
    }
    Ok(outcome::onward(&interaction))
}

async fn respond(
    scene: &Scene,
    interaction: &Interaction,
    scopes: Scopes,
    organization: Option<OrganizationId>,
) -> Answer {
    let (config, facts) = (&scene.site.app.config, &scene.facts);
    let Some(signed_in) = &facts.signed_in else {
        return Ok(outcome::onward(interaction));
    };
    let terms = (&config.server.issuer, config.sign_in.code_lifetime);
    let persistence = organization
        .as_ref()
        .and_then(|organization| facts.session_policy(organization).persistence());
    let mut rng = scene.site.app.random.generator();
    let mut tx = scene.site.app.db.write().await?;
    let answer = interaction::respond(
        &mut tx,
        interaction,
        facts,
        signed_in,
        (scopes, organization),
        terms,
        &mut rng,
    )
    .await?;
    tx.commit().await?;
    Ok(match answer {
        Some(delivery) => match persistence {
            Some(persists) => {
                let cookie = scene.session_cookie(&signed_in.session, persists);
                (cookie, scene.deliver(delivery)).into_response()
            }
            None => scene.deliver(delivery),
        },
        None => {
            return Err(PageError::ExpiredLink {
                back: scene.way_back(),
            });
        }
    })
}

/// Ends a sign-in that leads to no application, at our own page.
async fn finish(
    scene: &Scene,
    interaction: &Interaction,
    arrived: Option<(&SignedIn, Option<&OrganizationId>)>,
) -> Answer {
    let progress = &interaction.progress.0;
    // An errand goes to no organization.
    let arrived = arrived.filter(|_| progress.errand.is_none());
    let mut tx = scene.site.app.db.write().await?;
    interaction::finish(&mut tx, interaction, arrived, scene.facts.now).await?;
    tx.commit().await?;
    let target = match &progress.errand {
        None => "/",
        Some(errand) if errand.is_done() && !progress.cancelled => &errand.returns_to,
        Some(_) => ACCOUNT,
    };
    Ok(Redirect::to(target).into_response())
}

async fn refuse(scene: &Scene, interaction: &Interaction, error: &OAuthError) -> Answer {
    let issuer = &scene.site.app.config.server.issuer;
    let mut tx = scene.site.app.db.write().await?;
    let answer = interaction::refuse(&mut tx, interaction, error, &scene.facts, issuer).await?;
    tx.commit().await?;
    Ok(match answer {
        Some(delivery) => scene.deliver(delivery),
        None => {
            return Err(PageError::ExpiredLink {
                back: scene.way_back(),
            });
        }
    })
}
