//! `/users/{id}/password`: passwords that come from elsewhere, as hashes.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::Done;
use super::caller::May;
use super::error::{ApiError, Errors};
use super::extract::{Body, Path};
use super::users;
use crate::access::scopes::UpdateUserPasswords;
use crate::directory::accounts;
use crate::id::UserId;
use crate::passwords::imported::{Foreign, Method, Refusal, SaltPosition};
use crate::store::passwords::Password;
use crate::web::extract::Now;
use crate::web::site::Site;

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(replace))
}

/// The longest text of a part of a hash. Bytes.
const LONGEST: usize = 1024;

/// A hashed password.
#[expect(
    clippy::struct_field_names,
    reason = "published clients send these names"
)]
#[derive(Deserialize, ToSchema)]
pub struct HashedPassword {
    /// The hash as the system writes it that made it; of `md5`, `sha256` and `pbkdf2` in hexadecimal or base64, or
    /// as Django writes it (`pbkdf2_sha256$...`). Refused when checking it would take more than about a second or
    /// more than 64 MiB.
    #[schema(min_length = 1, max_length = 1024)]
    hashed_password: String,
    /// How it was made; `bcrypt` when left out. `crypt` knows `$5$` and `$6$`, `wordpress` knows `$wp$2y$`,
    /// `argon2` knows PHC strings.
    #[schema(value_type = Option<String>, pattern = "^(argon2|aspnet-identity-v2|bcrypt|crypt|firebase-scrypt|md5|pbkdf2|sha256|wordpress)$")]
    hashing_method: Option<String>,
    /// What the password was mixed with: of `md5` and `sha256` the text, of `pbkdf2` and `firebase-scrypt` in base64.
    #[schema(max_length = 1024)]
    salt: Option<String>,
    /// On which side of the password the salt of `md5` or `sha256` stands; `prefix` when left out.
    #[schema(value_type = Option<String>, pattern = "^(prefix|suffix)$")]
    salt_position: Option<String>,
    /// How often `pbkdf2` was applied.
    #[schema(minimum = 1, maximum = 1_500_000)]
    iterations: Option<u32>,
    /// The hash function of `pbkdf2`: `sha1`, `sha256` or `sha512`; `sha256` when left out.
    #[schema(max_length = 1024)]
    variant: Option<String>,
    /// The key of the Firebase project, in base64.
    #[schema(max_length = 1024)]
    signer_key: Option<String>,
    /// The separator of the Firebase project, in base64.
    #[schema(max_length = 1024)]
    salt_separator: Option<String>,
    /// The rounds of the Firebase project, such as 8.
    #[schema(minimum = 1, maximum = 1024)]
    rounds: Option<u32>,
    /// The memory cost of the Firebase project, such as 14.
    #[schema(minimum = 1, maximum = 19)]
    mem_cost: Option<u32>,
    /// Whether the user has to choose another at the next sign-in.
    is_temporary_password: Option<bool>,
}

impl HashedPassword {
    fn foreign(&self) -> Result<Foreign<'_>, ApiError> {
        let texts = [
            ("hashed_password", Some(&self.hashed_password)),
            ("salt", self.salt.as_ref()),
            ("variant", self.variant.as_ref()),
            ("signer_key", self.signer_key.as_ref()),
            ("salt_separator", self.salt_separator.as_ref()),
        ];
        let is_long = |text: Option<&String>| text.is_some_and(|text| text.len() > LONGEST);
        if let Some((field, _)) = texts.into_iter().find(|(_, text)| is_long(*text)) {
            return Err(ApiError::field(field, "has at most 1024 characters"));
        }
        Ok(Foreign {
            method: word(
                "hashing_method",
                self.hashing_method.as_deref(),
                Method::parse,
                Method::ALL,
            )?
            .unwrap_or(Method::Bcrypt),
            hash: &self.hashed_password,
            salt: self.salt.as_deref(),
            salt_position: word(
                "salt_position",
                self.salt_position.as_deref(),
                SaltPosition::parse,
                SaltPosition::ALL,
            )?
            .unwrap_or(SaltPosition::Prefix),
            iterations: self.iterations,
            variant: self.variant.as_deref(),
            signer_key: self.signer_key.as_deref(),
            salt_separator: self.salt_separator.as_deref(),
            rounds: self.rounds,
            mem_cost: self.mem_cost,
        })
    }
}

/// One of the words that a member may have.
fn word<T: ToString>(
    field: &'static str,
    text: Option<&str>,
    parse: fn(&str) -> Option<T>,
    all: &[T],
) -> Result<Option<T>, ApiError> {
    let Some(text) = text else {
        return Ok(None);
    };
    let words = || {
        let words: Vec<String> = all.iter().map(T::to_string).collect();
        ApiError::field(field, format!("is one of {}", words.join(", ")))
    };
    parse(text).map(Some).ok_or_else(words)
}

/// Gives a user a password that another system hashed. The first right sign-in replaces the hash by one of
/// Argon2id. The user's sessions end, and what applications were granted.
#[utoipa::path(
    put, path = "/users/{user_id}/password", tag = "Users",
    operation_id = "setUserPassword",
    security(("management" = ["update:user_passwords"])),
    params(("user_id" = String, Path)),
    request_body = HashedPassword,
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn replace(
    may: May<UpdateUserPasswords>,
    State(site): State<Site>,
    Now(now): Now,
    Path(id): Path<String>,
    Body(hashed): Body<HashedPassword>,
) -> Result<Done, ApiError> {
    let foreign = hashed.foreign()?;
    let password = Password {
        password_hash: site.app.hasher.import(foreign)?,
        is_temporary: hashed.is_temporary_password.unwrap_or(false),
        changed_at: now,
    };
    let id = UserId::parse(&id).ok_or_else(users::unknown)?;
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let what = (foreign.method, &password);
    if !accounts::import_password(&mut tx, may.actor(), &id, what, now, &mut rng).await? {
        return Err(users::unknown());
    }
    tx.commit().await?;
    Ok(Done::saying(
        "Password set; the user is signed out everywhere",
    ))
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::field(refusal.field, refusal.reason)
    }
}
