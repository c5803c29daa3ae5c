//! Users as the API shows them, alone and in lists.

use std::collections::HashSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Instant;
use super::error::ApiError;
use super::identities::upstream_name;
use crate::directory::connections::strategy;
use crate::directory::users::Entry;
use crate::id::{ConnectionId, OrganizationId, UserId};
use crate::store::identities::{Identity, IdentityKind};
use crate::store::upstream_identities::Listed;

/// A user in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserRow)]
pub struct Row {
    #[serde(flatten)]
    user: Shown,
    /// The primary mail address.
    email: Option<String>,
}

/// A user alone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct Alone {
    #[serde(flatten)]
    user: Shown,
    /// The primary mail address.
    preferred_email: Option<String>,
}

/// What lists and single users have in common.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommonUser)]
struct Shown {
    #[schema(value_type = String)]
    id: UserId,
    /// What the business calls them elsewhere.
    provided_id: Option<String>,
    /// The primary phone number (E.164).
    phone: Option<String>,
    /// The primary user name.
    username: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    /// Whether they may not sign in.
    is_suspended: bool,
    /// The address of a picture.
    picture: Option<String>,
    /// How often they have signed in.
    total_sign_ins: i64,
    /// How often somebody has tried a wrong password.
    failed_sign_ins: i64,
    /// When they last signed in; null when they never did.
    last_signed_in: Option<Instant>,
    created_on: Instant,
    /// When they last went to an organization, for each that they ever went to.
    last_organization_sign_ins: Vec<OrganizationSignIn>,
    /// The codes of the organizations they belong to; only with `expand=organizations`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, nullable = false)]
    organizations: Option<Vec<OrganizationId>>,
    /// How they sign in; only with `expand=identities`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    identities: Option<Vec<ShownIdentity>>,
    /// Only with `expand=billing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    billing: Option<Billing>,
}

/// When a user last went to an organization.
#[derive(Debug, Serialize, ToSchema)]
struct OrganizationSignIn {
    #[schema(value_type = String)]
    org_code: OrganizationId,
    last_signed_in: Instant,
}

/// A way to sign in, in short.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IdentitySummary)]
struct ShownIdentity {
    /// `email`, `phone` or `username`, or the kind of upstream: `oauth2:azure_ad`, `oauth2:google`, `oauth2`, `oidc`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The address, number or name.
    identity: String,
    /// The connection that proves it; null when it is proven here.
    #[schema(value_type = Option<String>)]
    connection_id: Option<ConnectionId>,
}

impl ShownIdentity {
    fn here(identity: Identity) -> Self {
        Self {
            kind: identity.kind.0.as_str(),
            identity: identity.value,
            connection_id: None,
        }
    }

    fn upstream(listed: Listed) -> Self {
        Self {
            kind: strategy::name(&listed.connection_settings.0),
            identity: upstream_name(&listed.identity),
            connection_id: Some(listed.identity.connection_id),
        }
    }
}

/// There is no billing here; the member is for clients that expect it.
#[derive(Debug, Serialize, ToSchema)]
struct Billing {
    /// Always null.
    customer_id: Option<String>,
}

/// What a list tells beyond the usual.
#[derive(Debug, Clone, Default)]
pub struct Expand(HashSet<String>);

impl Expand {
    /// Reads the parameter `expand`: words separated by commas, of those that a list `knows`.
    pub fn parse(text: Option<&str>, knows: &[&str]) -> Result<Self, ApiError> {
        let words = text.unwrap_or_default().split(',').map(str::trim);
        let words: HashSet<String> = words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        if words.iter().all(|word| knows.contains(&word.as_str())) {
            return Ok(Self(words));
        }
        let list = knows.join(", ");
        Err(ApiError::field(
            "expand",
            format!("is a list of these, separated by commas: {list}"),
        ))
    }

    fn has(&self, word: &str) -> bool {
        self.0.contains(word)
    }
}

impl Row {
    /// A user in a list.
    pub fn of(entry: Entry, expand: &Expand) -> Self {
        Self {
            email: entry.primary(IdentityKind::Email).map(str::to_owned),
            user: Shown::of(entry, expand),
        }
    }
}

impl Alone {
    /// A user alone.
    pub fn of(entry: Entry, expand: &Expand) -> Self {
        Self {
            preferred_email: entry.primary(IdentityKind::Email).map(str::to_owned),
            user: Shown::of(entry, expand),
        }
    }
}

impl Shown {
    fn of(entry: Entry, expand: &Expand) -> Self {
        let primary = |kind| entry.primary(kind).map(str::to_owned);
        let (phone, username) = (
            primary(IdentityKind::Phone),
            primary(IdentityKind::Username),
        );
        let total_sign_ins = entry.sign_ins();
        let last_signed_in = entry.last_sign_in_at().map(Instant);
        let Entry {
            user,
            identities,
            upstream,
            memberships,
        } = entry;
        let sign_ins = memberships.iter().filter_map(|membership| {
            Some(OrganizationSignIn {
                org_code: membership.organization_id.clone(),
                last_signed_in: Instant(membership.last_sign_in_at?),
            })
        });
        Self {
            phone,
            username,
            total_sign_ins,
            last_signed_in,
            last_organization_sign_ins: sign_ins.collect(),
            organizations: expand.has("organizations").then(|| {
                let codes = memberships.into_iter();
                codes.map(|membership| membership.organization_id).collect()
            }),
            identities: expand.has("identities").then(|| {
                let here = identities.into_iter().map(ShownIdentity::here);
                let there = upstream.into_iter().map(ShownIdentity::upstream);
                here.chain(there).collect()
            }),
            billing: expand
                .has("billing")
                .then_some(Billing { customer_id: None }),
            id: user.id,
            provided_id: user.provided_id,
            first_name: user.given_name,
            last_name: user.family_name,
            is_suspended: user.suspended_at.is_some(),
            picture: user.picture,
            failed_sign_ins: user.failed_sign_ins,
            created_on: Instant(user.created_at),
        }
    }
}
