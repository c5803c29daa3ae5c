//! Choices that need no more than a button: another page, another account, consent, or none of it.

use askama::Template;

use super::outcome::{self, Answer};
use super::scene::{Posted, Scene};
use crate::interaction::{self, Choice, Step};
use crate::store::interactions::{Interaction, Screen};
use crate::web::page::{Person, Shell};
use crate::web::text::Text;

/// Asks which account to go on with (`prompt=select_account`, OpenID Connect Core 1.0 §3.1.2.1).
#[derive(Template)]
#[template(path = "signin/select_account.html")]
pub struct SelectAccountPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    pub person: Person,
}

/// Asks whether the client may have what it asks for (OpenID Connect Core 1.0 §3.1.2.4).
#[derive(Template)]
#[template(path = "signin/consent.html")]
pub struct ConsentPage<'a> {
    pub shell: &'a Shell,
    pub interaction: &'a str,
    pub person: Person,
    /// One sentence for each scope.
    pub scopes: Vec<String>,
    /// Host of the redirect URI, or its scheme in a native application.
    pub destination: &'a str,
}

/// What a scope gives, in words. `registered` is the description of a scope of an API.
pub(super) fn describe(text: Text, scope: &str, registered: Option<&str>) -> String {
    match scope {
        "address" => text.t("scope-address"),
        "email" => text.t("scope-email"),
        "offline" | "offline_access" => text.t("scope-offline"),
        "openid" => text.t("scope-openid"),
        "phone" => text.t("scope-phone"),
        "profile" => text.t("scope-profile"),
        other => registered.unwrap_or(other).to_owned(),
    }
}

/// `POST …/screen`
pub(super) async fn screen(posted: Posted) -> Answer {
    let screen = match posted.fields.get("screen") {
        "forgot_password" => Screen::ForgotPassword,
        "register" => Screen::Register,
        _ => Screen::SignIn,
    };
    record(&posted.scene, posted.interaction, Choice::Screen(screen)).await
}

/// `POST …/account`
pub(super) async fn account(posted: Posted) -> Answer {
    let Posted {
        interaction,
        scene,
        fields,
    } = posted;
    let (Ok(Step::NotAdmitted | Step::SelectAccount), Some(signed_in)) =
        (scene.next(&interaction), &scene.facts.signed_in)
    else {
        return Ok(outcome::onward(&interaction));
    };
    let choice = match fields.get("choice") {
        "continue" => Choice::ThisAccount(signed_in.user.id.clone()),
        _ => Choice::AnotherAccount(Box::default()),
    };
    record(&scene, interaction, choice).await
}

/// `POST …/consent`
///
/// Only what the page has just asked for can be allowed, and only by who was asked.
pub(super) async fn consent(posted: Posted) -> Answer {
    let Posted {
        interaction,
        scene,
        fields,
    } = posted;
    let (Ok(Step::Consent(scopes)), Some(signed_in)) =
        (scene.next(&interaction), &scene.facts.signed_in)
    else {
        return Ok(outcome::onward(&interaction));
    };
    let choice = match fields.get("decision") {
        "allow" => Choice::ConsentAllowed {
            user: signed_in.user.id.clone(),
            scopes,
        },
        _ => Choice::ConsentDenied,
    };
    record(&scene, interaction, choice).await
}

/// `POST …/cancel`
pub(super) async fn cancel(posted: Posted) -> Answer {
    record(&posted.scene, posted.interaction, Choice::Cancel).await
}

/// Records a choice. If the interaction has changed meanwhile, what comes next is asked anew.
pub(super) async fn record(scene: &Scene, mut interaction: Interaction, choice: Choice) -> Answer {
    let mut tx = scene.site.app.db.write().await?;
    interaction::record_choice(&mut tx, &mut interaction, choice).await?;
    tx.commit().await?;
    Ok(outcome::onward(&interaction))
}
