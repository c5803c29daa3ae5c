//! Tries an upstream out without a sign-in: each step in its order, until one fails.

use std::time::Duration;

use openidconnect::{HttpRequest, http};
use tokio::time::timeout;

use super::connector::Connector;
use super::egress::Egress;
use super::error::FederationError;
use super::metadata;
use super::settings::Settings;
use crate::words::words;

words! {
    /// What is tried, in this order.
    pub enum Step {
        /// Everything is set that has to be.
        Settings = "settings",
        /// The addresses may be asked.
        Address = "address",
        /// The metadata are there, and of the issuer (OpenID Connect Discovery 1.0 §4.3).
        Metadata = "metadata",
        /// The keys can be read.
        Keys = "keys",
        /// The endpoints are there, and answer.
        Endpoints = "endpoints",
    }
}

/// A step that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Which.
    pub step: Step,
    /// Why it failed; none when it went well.
    pub failure: Option<String>,
}

/// How long a step may take.
const LONGEST: Duration = Duration::from_secs(5);

/// How much is told of a failure. Characters.
const LONGEST_FAILURE: usize = 500;

/// Tries the steps that an upstream of this kind has. Nothing follows one that failed.
pub async fn probe(connector: &Connector<'_>) -> Vec<Tried> {
    let mut tried = Vec::new();
    // What fails ends it: the steps are in the list by then.
    let _ = run(connector, &mut tried).await;
    tried
}

/// Something has failed, and stands in the list.
struct Failed;

/// Notes how a step went.
fn note<T>(
    tried: &mut Vec<Tried>,
    step: Step,
    outcome: Result<T, impl std::fmt::Display>,
) -> Result<T, Failed> {
    let (failure, outcome) = match outcome {
        Ok(value) => (None, Ok(value)),
        Err(error) => {
            let told = error.to_string().chars().take(LONGEST_FAILURE).collect();
            (Some(told), Err(Failed))
        }
    };
    tried.push(Tried { step, failure });
    outcome
}

async fn in_time<T, E: std::fmt::Display>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    match timeout(LONGEST, work).await {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} seconds", LONGEST.as_secs())),
    }
}

async fn run(connector: &Connector<'_>, tried: &mut Vec<Tried>) -> Result<(), Failed> {
    let egress = note(tried, Step::Settings, ready(connector))?;
    if let Settings::OAuth2(settings) = connector.settings {
        let emails = settings.emails_endpoint.as_deref();
        let asked: Vec<&str> = [settings.token_endpoint.as_str(), &settings.profile_endpoint]
            .into_iter()
            .chain(emails)
            .collect();
        let reached = in_time(reach(&egress, &asked)).await;
        note(tried, Step::Address, reached)?;
        return note(tried, Step::Endpoints, answer(&egress, &asked).await);
    }
    let place = connector.openid_provider().map(|it| (it.base, it.issuer));
    let (base, issuer) = note(
        tried,
        Step::Address,
        async {
            let place = place.map_err(|error| error.to_string())?;
            in_time(reach(&egress, &[&place.0])).await?;
            Ok::<_, String>(place)
        }
        .await,
    )?;
    let found = in_time(metadata::document(&egress, &base, &issuer)).await;
    let found = note(tried, Step::Metadata, found)?;
    let keys = in_time(metadata::keys(&egress, &found)).await;
    let keys = keys.and_then(|keys| {
        let none = || {
            format!(
                "{} holds no key that can be used",
                found.jwks_uri().as_str()
            )
        };
        if keys.keys().is_empty() {
            Err(none())
        } else {
            Ok(())
        }
    });
    note(tried, Step::Keys, keys)?;
    let endpoints = match found.token_endpoint() {
        None => Err("the metadata name no token_endpoint".to_owned()),
        Some(token) => {
            let profile = found.userinfo_endpoint().map(|it| it.as_str());
            let asked: Vec<&str> = [token.as_str()].into_iter().chain(profile).collect();
            answer(&egress, &asked).await
        }
    };
    note(tried, Step::Endpoints, endpoints)
}

/// The way out, when everything is set.
fn ready(connector: &Connector<'_>) -> Result<Egress, FederationError> {
    let missing = connector.settings.missing(connector.secret.is_some());
    if missing.is_empty() {
        return connector.egress();
    }
    let why = format!("say {}", missing.join(", "));
    Err(FederationError::NotSetUp(why))
}

async fn reach(egress: &Egress, addresses: &[&str]) -> Result<(), String> {
    for address in addresses {
        egress
            .reach(address)
            .await
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// That each endpoint answers something: without a code or a token, it refuses.
async fn answer(egress: &Egress, endpoints: &[&str]) -> Result<(), String> {
    for endpoint in endpoints {
        let request: Result<HttpRequest, _> = http::Request::get(*endpoint)
            .header(http::header::ACCEPT, "application/json")
            .body(Vec::new());
        let request = request.map_err(|error| format!("{endpoint}: {error}"))?;
        let answered = in_time(egress.send(request)).await;
        let answered = answered.map_err(|why| format!("{endpoint}: {why}"))?;
        if answered.status().is_server_error() {
            return Err(format!("{endpoint}: answered {}", answered.status()));
        }
    }
    Ok(())
}
