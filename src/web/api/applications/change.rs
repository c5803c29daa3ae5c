//! Changes an application.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::find_to_change;
use crate::access::scopes::UpdateApplications;
use crate::clients::{self, check_uris};
use crate::clock::Timestamp;
use crate::naming;
use crate::protocol::algorithm::SigningAlgorithm;
use crate::protocol::client::check_page_uri;
use crate::store::clients::{Client, Language, PageOptions, UriKind};
use crate::store::types::Text;
use crate::web::api::caller::May;
use crate::web::api::error::{ApiError, Errors, checked};
use crate::web::api::extract::{Body, Edit, Path};
use crate::web::extract::Now;
use crate::web::site::Site;

/// What to change of an application; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ApplicationChange {
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^(de|en)?$")]
    language_key: Edit<String>,
    /// In place of all others.
    #[schema(max_items = 200)]
    redirect_uris: Option<Vec<String>>,
    /// In place of all others.
    #[schema(max_items = 200)]
    logout_uris: Option<Vec<String>>,
    #[serde(flatten)]
    pages: Pages,
    #[serde(flatten)]
    switches: Switches,
    #[serde(flatten)]
    rules: Rules,
}

/// The pages of an application.
#[expect(
    clippy::struct_field_names,
    reason = "published clients read these names"
)]
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ApplicationPages)]
pub struct Pages {
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2048)]
    login_uri: Edit<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2048)]
    homepage_uri: Edit<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2048)]
    logo_uri: Edit<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2048)]
    policy_uri: Edit<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2048)]
    terms_uri: Edit<String>,
}

/// What our pages show.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ApplicationSwitches)]
pub struct Switches {
    is_ask_for_name: Option<bool>,
    has_sign_in_link_on_sign_up_page: Option<bool>,
    has_register_link_on_sign_in_page: Option<bool>,
    has_cancel_button: Option<bool>,
    /// Not supported: false at the most.
    is_allow_faceless_auth: Option<bool>,
    /// Not supported: false at the most.
    has_marketing_consent: Option<bool>,
    /// Not supported: false at the most.
    has_sign_in_with_sso_button: Option<bool>,
    /// Not supported: false at the most.
    use_gravatar_fallback: Option<bool>,
}

/// What holds for an application.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ApplicationRules)]
pub struct Rules {
    /// Needs at least one access role.
    is_access_control_enabled: Option<bool>,
    /// Switched off, it is refused everywhere and loses what it was granted.
    is_enabled: Option<bool>,
    requires_pkce: Option<bool>,
    requires_consent: Option<bool>,
    #[schema(value_type = Option<String>, pattern = "^(RS256|ES256|EdDSA)$")]
    signing_algorithm: Option<SigningAlgorithm>,
}

/// Changes an application. Every node follows within a second.
#[utoipa::path(
    patch, path = "/applications/{application_id}", tag = "Applications",
    operation_id = "updateApplication",
    security(("management" = ["update:applications"])),
    params(("application_id" = String, Path)),
    request_body = ApplicationChange,
    responses((status = 200, description = "It is changed."), (status = "4XX", body = Errors)),
)]
pub async fn update(
    may: May<UpdateApplications>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Body(wanted): Body<ApplicationChange>,
) -> Result<StatusCode, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let before = find_to_change(&mut tx, &id).await?;
    let mut after = before.clone();
    if let Some(name) = &wanted.name {
        after.name = checked("name", name, naming::name)?;
    }
    let pages = &mut after.page_options.0;
    match wanted.language_key {
        Edit::Keep => {}
        Edit::Clear => pages.language = None,
        Edit::Set(key) => pages.language = read_language(&key)?,
    }
    wanted.switches.apply_to(pages)?;
    wanted.pages.apply_to(&mut after)?;
    wanted.rules.apply_to(&mut after, now);
    let actor = may.actor();
    clients::change(&mut tx, actor, &before, after, now, &mut rng).await??;
    for (field, kind, uris) in [
        ("redirect_uris", UriKind::Redirect, wanted.redirect_uris),
        ("logout_uris", UriKind::PostLogout, wanted.logout_uris),
    ] {
        if let Some(uris) = uris {
            let uris = check_uris(before.kind.0, kind, uris)
                .map_err(|reason| ApiError::field(field, format!("can't be so: {reason}")))?;
            clients::replace_uris(&mut tx, actor, &before, kind, &uris, now, &mut rng).await?;
        }
    }
    tx.commit().await?;
    Ok(StatusCode::OK)
}

/// The language of that key; an empty one is none.
fn read_language(key: &str) -> Result<Option<Language>, ApiError> {
    if key.is_empty() {
        return Ok(None);
    }
    let words: Vec<&str> = Language::ALL.iter().map(|known| known.as_str()).collect();
    let read = Language::parse(key);
    read.map(Some)
        .ok_or_else(|| ApiError::field("language_key", format!("is one of {}", words.join(", "))))
}

impl Pages {
    fn apply_to(self, client: &mut Client) -> Result<(), ApiError> {
        for (field, edit, target) in [
            ("login_uri", self.login_uri, &mut client.login_uri),
            ("homepage_uri", self.homepage_uri, &mut client.homepage_uri),
            ("logo_uri", self.logo_uri, &mut client.logo_uri),
            ("policy_uri", self.policy_uri, &mut client.policy_uri),
            ("terms_uri", self.terms_uri, &mut client.terms_uri),
        ] {
            match edit {
                Edit::Keep => {}
                Edit::Clear => *target = None,
                Edit::Set(uri) if uri.is_empty() => *target = None,
                Edit::Set(uri) => {
                    check_page_uri(&uri).map_err(|reason| ApiError::field(field, reason))?;
                    *target = Some(uri);
                }
            }
        }
        Ok(())
    }
}

impl Switches {
    fn apply_to(&self, pages: &mut PageOptions) -> Result<(), ApiError> {
        for (field, wanted) in [
            ("is_allow_faceless_auth", self.is_allow_faceless_auth),
            ("has_marketing_consent", self.has_marketing_consent),
            (
                "has_sign_in_with_sso_button",
                self.has_sign_in_with_sso_button,
            ),
            ("use_gravatar_fallback", self.use_gravatar_fallback),
        ] {
            if wanted == Some(true) {
                let why = "is not supported here: leave it out or write false";
                return Err(ApiError::field(field, why));
            }
        }
        for (wanted, target) in [
            (self.is_ask_for_name, &mut pages.asks_for_name),
            (
                self.has_sign_in_link_on_sign_up_page,
                &mut pages.has_sign_in_link,
            ),
            (
                self.has_register_link_on_sign_in_page,
                &mut pages.has_register_link,
            ),
            (self.has_cancel_button, &mut pages.has_cancel_button),
        ] {
            *target = wanted.unwrap_or(*target);
        }
        Ok(())
    }
}

impl Rules {
    fn apply_to(&self, client: &mut Client, now: Timestamp) {
        for (wanted, target) in [
            (
                self.is_access_control_enabled,
                &mut client.is_access_controlled,
            ),
            (self.requires_pkce, &mut client.requires_pkce),
            (self.requires_consent, &mut client.requires_consent),
        ] {
            *target = wanted.unwrap_or(*target);
        }
        match self.is_enabled {
            Some(true) => client.disabled_at = None,
            Some(false) => client.disabled_at = client.disabled_at.or(Some(now)),
            None => {}
        }
        if let Some(algorithm) = self.signing_algorithm {
            client.signing_algorithm = Text(algorithm);
        }
    }
}
