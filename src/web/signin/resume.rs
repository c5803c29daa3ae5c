//! What comes next in an interaction: a page, or the client's answer.

use axum::extract::RawQuery;
use axum::response::IntoResponse;
use axum_extra::extract::cookie::CookieJar;

use super::outcome::{self, Answer};
use super::pages;
use super::scene::{Opened, Scene};
use crate::interaction::{self, Step};
use crate::protocol::{OAuthError, Params, Scopes};
use crate::store::interactions::Interaction;
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
    let response = match scene.next(&interaction) {
        Ok(Step::Respond(scopes)) => respond(&scene, &interaction, scopes).await?,
        Ok(step) => {
            // Nothing else in the address may fill a form in.
            let query = query.filter(|query| query == outcome::SENT_AGAIN);
            let fields = Params::parse(query.unwrap_or_default()).unwrap_or_default();
            let fields = Fields::from(fields);
            pages::show(&scene, &interaction, &step, &fields, Problems::none()).await?
        }
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

async fn respond(scene: &Scene, interaction: &Interaction, scopes: Scopes) -> Answer {
    let (config, facts) = (&scene.site.app.config, &scene.facts);
    let Some(signed_in) = &facts.signed_in else {
        return Ok(outcome::onward(interaction));
    };
    let terms = (&config.server.issuer, config.sign_in.code_lifetime);
    let mut rng = scene.site.app.random.generator();
    let mut tx = scene.site.app.db.write().await?;
    let answer = interaction::respond(
        &mut tx,
        interaction,
        facts,
        signed_in,
        scopes,
        terms,
        &mut rng,
    )
    .await?;
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
