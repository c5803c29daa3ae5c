//! Users and identities as requests describe them that create some.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::no_organization;
use super::error::ApiError;
use super::users;
use crate::directory::accounts::{NewAccount, NewIdentity};
use crate::directory::{identifier, identities};
use crate::id::{OrganizationId, UserId};
use crate::store::identities::IdentityKind;

/// A user to create.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewUser {
    profile: Option<Profile>,
    /// The organization to join; the default one when left out.
    organization_code: Option<String>,
    /// What the business calls them elsewhere. Unique.
    #[schema(max_length = 255)]
    provided_id: Option<String>,
    /// How they sign in; the first of each kind is the primary one.
    #[schema(max_items = 100)]
    identities: Option<Vec<Described>>,
}

/// Who somebody is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = NewUserProfile)]
struct Profile {
    #[schema(max_length = 64)]
    given_name: Option<String>,
    #[schema(max_length = 64)]
    family_name: Option<String>,
    /// The http or https address of a picture.
    #[schema(max_length = 2048)]
    picture: Option<String>,
}

/// A way to sign in.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewUserIdentity)]
struct Described {
    #[serde(rename = "type")]
    kind: Kind,
    /// Whether the address or number is known to be theirs; it is not when left out.
    is_verified: Option<bool>,
    details: Details,
}

/// The kinds of identities that a user can be created with.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = NewUserIdentityType)]
enum Kind {
    Email,
    Phone,
    Username,
}

/// The member that its kind names.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewUserIdentityDetails)]
struct Details {
    #[schema(max_length = 254)]
    email: Option<String>,
    /// With `+` and the country code (E.164).
    #[schema(max_length = 64)]
    phone: Option<String>,
    /// Makes no difference: the number holds its country code.
    #[serde(rename = "phone_country_id")]
    #[schema(rename = "phone_country_id")]
    _phone_country_id: Option<String>,
    /// 2 to 64 letters, digits, `.`, `_` and `-`.
    #[schema(max_length = 64)]
    username: Option<String>,
}

impl NewUser {
    /// The account that is to be created.
    pub fn check(self) -> Result<NewAccount, ApiError> {
        let profile = self.profile.unwrap_or_default();
        let described = self.identities.unwrap_or_default();
        if described.len() > identities::MOST {
            return Err(ApiError::refused(
                "TOO_MANY_IDENTITIES",
                format!("a user has at most {} identities", identities::MOST),
            ));
        }
        let further: Vec<NewIdentity> = described
            .into_iter()
            .map(Described::check)
            .collect::<Result<_, _>>()?;
        let mut keys = HashSet::new();
        for NewIdentity { kind, value, .. } in &further {
            if !keys.insert((*kind, kind.key(value))) {
                let reason = format!("names {value} twice: leave one out");
                return Err(ApiError::field("identities", reason));
            }
        }
        let organization = self.organization_code.filter(|code| !code.is_empty());
        let organization = organization
            .map(|code| OrganizationId::parse(&code).ok_or_else(no_organization))
            .transpose()?;
        let text = Option::unwrap_or_default;
        Ok(NewAccount {
            given_name: users::name("given_name", &text(profile.given_name))?,
            family_name: users::name("family_name", &text(profile.family_name))?,
            picture: users::picture(&text(profile.picture))?,
            provided_id: users::provided_id(&text(self.provided_id))?,
            organization,
            further,
            ..NewAccount::default()
        })
    }
}

impl Described {
    fn check(self) -> Result<NewIdentity, ApiError> {
        let (kind, value) = match self.kind {
            Kind::Email => (IdentityKind::Email, self.details.email),
            Kind::Phone => (IdentityKind::Phone, self.details.phone),
            Kind::Username => (IdentityKind::Username, self.details.username),
        };
        Ok(NewIdentity {
            kind,
            value: value_of(kind, kind.as_str(), &value.unwrap_or_default())?,
            // A user name needs no proof.
            is_verified: kind == IdentityKind::Username || self.is_verified.unwrap_or_default(),
        })
    }
}

/// The address, number or name that `field` gives, as it is stored.
pub fn value_of(kind: IdentityKind, field: &'static str, text: &str) -> Result<String, ApiError> {
    let (value, reason) = match kind {
        IdentityKind::Email => (
            identifier::email(text).map(str::to_owned),
            "is a mail address such as ada@example.com",
        ),
        IdentityKind::Phone => (
            identifier::phone(text),
            "is a phone number with + and the country code, such as +4930901820 (E.164)",
        ),
        IdentityKind::Username => (
            identifier::username(text).map(str::to_owned),
            "has 2 to 64 letters, digits, '.', '_' or '-'",
        ),
    };
    value.ok_or_else(|| ApiError::field(field, reason))
}

/// A user who was created.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedUser {
    #[schema(value_type = String)]
    id: UserId,
    /// Always true.
    created: bool,
    /// In the order of the request.
    identities: Vec<CreatedIdentity>,
}

/// An identity that was created with its user.
#[derive(Debug, Serialize, ToSchema)]
struct CreatedIdentity {
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: IdentityKind,
    result: Outcome,
}

/// What became of an identity.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedIdentityResult)]
struct Outcome {
    /// Always true: with an identity that can't be created, no user is.
    created: bool,
}

impl CreatedUser {
    /// A user with identities of these kinds.
    pub fn of(id: UserId, kinds: &[IdentityKind]) -> Self {
        let created = true;
        let identities = kinds.iter().map(|kind| CreatedIdentity {
            kind: *kind,
            result: Outcome { created },
        });
        Self {
            id,
            created,
            identities: identities.collect(),
        }
    }
}
