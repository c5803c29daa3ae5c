//! What requests say of an organization: to create one, to change one, and of its sessions.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

use super::branding::AppearanceChange;
use super::error::{ApiError, checked};
use super::extract::Edit;
use super::feature_flags::Given;
use crate::clients::lifetimes::{self, LONGEST_IDLE, SHORTEST};
use crate::clock::Timestamp;
use crate::directory::organizations::Details;
use crate::naming;
use crate::store::organizations::SessionPolicy;

/// To how many flags a new organization can be given values at once.
const MOST_FLAGS: usize = 100;

/// An organization to create.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewOrganization {
    #[schema(min_length = 1, max_length = 64)]
    pub name: String,
    /// Values of feature flags, by their keys, in place of those that hold for the business. At most 100.
    pub feature_flags: Option<BTreeMap<String, Given>>,
    #[serde(flatten)]
    pub settings: Settings,
}

impl NewOrganization {
    /// Takes the values of feature flags out, if there are not too many.
    pub fn take_feature_flags(&mut self) -> Result<BTreeMap<String, Given>, ApiError> {
        let flags = self.feature_flags.take().unwrap_or_default();
        if flags.len() > MOST_FLAGS {
            let reason = format!("must be at most {MOST_FLAGS}: set the others afterwards");
            return Err(ApiError::field("feature_flags", reason));
        }
        Ok(flags)
    }
}

/// What to change of an organization; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct OrganizationChange {
    #[schema(min_length = 1, max_length = 64)]
    name: Option<String>,
    /// Whether nobody may sign in to it. Suspending it ends what was granted there.
    is_suspended: Option<bool>,
    /// Makes it the organization of those who belong to no other one, in place of the one that is. There always
    /// is one.
    is_default: Option<bool>,
    /// Must not be true: there are no second factors that could be enforced.
    is_enforce_mfa: Option<bool>,
    #[serde(flatten)]
    settings: Settings,
}

/// What can be said of an organization at any time.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = OrganizationSettings)]
pub struct Settings {
    /// What the business calls it elsewhere. Unique.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    external_id: Edit<String>,
    /// A short name for addresses. Unique.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, pattern = "^[a-z0-9_-]+$")]
    handle: Edit<String>,
    /// Whether whoever asks for it may join.
    is_auto_membership_enabled: Option<bool>,
    /// The older word for the same, which counts when the other is left out.
    is_allow_registrations: Option<bool>,
    /// Whether whoever has a proven address at one of `allowed_domains` may join.
    is_auto_join_domain_list: Option<bool>,
    /// Domains such as `acme.test`.
    #[schema(max_items = 200)]
    allowed_domains: Option<Vec<String>>,
    #[serde(flatten)]
    appearance: AppearanceChange,
}

impl Settings {
    /// Changes an organization, or says what can't be.
    pub fn apply_to(self, details: &mut Details) -> Result<(), ApiError> {
        let organization = &mut details.organization;
        self.external_id
            .try_map(|text| checked("external_id", &text, naming::external_id))?
            .apply_to(&mut organization.external_id);
        self.handle
            .try_map(|text| checked("handle", &text, naming::handle))?
            .apply_to(&mut organization.handle);
        let is_open = self
            .is_auto_membership_enabled
            .or(self.is_allow_registrations);
        organization.is_auto_membership = is_open.unwrap_or(organization.is_auto_membership);
        let admits = self.is_auto_join_domain_list;
        organization.admits_domains = admits.unwrap_or(organization.admits_domains);
        if let Some(domains) = self.allowed_domains {
            details.allowed_domains = naming::domains(&domains)
                .map_err(|reason| ApiError::field("allowed_domains", reason))?;
        }
        self.appearance.apply_to(&mut details.branding)
    }
}

impl OrganizationChange {
    /// Whether it says what the business alone may say, and no machine of the organization.
    pub fn is_for_business(&self) -> bool {
        self.is_suspended.is_some() || self.is_default.is_some()
    }

    /// Changes an organization, or says what can't be.
    pub fn apply_to(self, details: &mut Details, now: Timestamp) -> Result<(), ApiError> {
        if self.is_enforce_mfa == Some(true) {
            return Err(ApiError::field(
                "is_enforce_mfa",
                "can't be true: there are no second factors here that could be enforced",
            ));
        }
        let organization = &mut details.organization;
        if let Some(name) = self.name {
            organization.name = checked("name", &name, naming::organization)?;
        }
        organization.is_default = self.is_default.unwrap_or(organization.is_default);
        if let Some(is_suspended) = self.is_suspended {
            let since = organization.suspended_at.unwrap_or(now);
            organization.suspended_at = is_suspended.then_some(since);
        }
        self.settings.apply_to(details)
    }
}

/// Whether a session outlives the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Persistence {
    NonPersistent,
    Persistent,
}

/// What to change of the sessions that sign in to an organization; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OrganizationSessions)]
pub struct SessionsChange {
    /// Whether `sso_session_persistence_mode` counts.
    is_use_org_sso_session_policy: Option<bool>,
    /// Whether sessions outlive the browser.
    sso_session_persistence_mode: Option<Persistence>,
    /// Whether `authenticated_session_lifetime` counts.
    is_use_org_authenticated_session_lifetime: Option<bool>,
    /// For how long somebody who is signed in may go on before they have to prove anew who they are. Seconds.
    #[schema(minimum = 60, maximum = 31_536_000)]
    authenticated_session_lifetime: Option<i64>,
}

impl SessionsChange {
    /// Changes a policy, or says what can't be.
    pub fn apply_to(&self, policy: &mut SessionPolicy) -> Result<(), ApiError> {
        let decides = self.is_use_org_sso_session_policy;
        policy.decides_persistence = decides.unwrap_or(policy.decides_persistence);
        if let Some(mode) = self.sso_session_persistence_mode {
            policy.persists_sessions = mode == Persistence::Persistent;
        }
        let decides = self.is_use_org_authenticated_session_lifetime;
        policy.decides_session_lifetime = decides.unwrap_or(policy.decides_session_lifetime);
        if let Some(seconds) = self.authenticated_session_lifetime {
            let lifetime = lifetimes::within(SHORTEST..=LONGEST_IDLE, seconds)
                .map_err(|reason| ApiError::field("authenticated_session_lifetime", reason))?;
            policy.session_lifetime_seconds = Some(lifetime);
        }
        if policy.decides_session_lifetime && policy.session_lifetime_seconds.is_none() {
            let reason = "is missing: it says how long, where the organization decides";
            return Err(ApiError::field("authenticated_session_lifetime", reason));
        }
        Ok(())
    }
}
