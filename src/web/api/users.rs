//! `/users` and `/user`: people.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answer, Done, Instant};
use super::caller::{May, no_organization};
use super::error::{ApiError, Errors, checked};
use super::extract::{Body, Edit, Path, Query};
use super::new_users::{CreatedUser, NewUser};
use super::paging::{Position, page_size};
use super::user_rows::{Alone, Expand, Row};
use crate::access::scopes::{
    CreateUsers, DeleteUsers, ReadUsers, UpdateUserRefreshClaims, UpdateUsers,
};
use crate::clock::Timestamp;
use crate::directory::people::{self, Filter, Place};
use crate::directory::users::{self, Refusal, Wanted};
use crate::directory::{accounts, identifier};
use crate::id::UserId;
use crate::naming;
use crate::protocol::claims::format::is_web_address;
use crate::store::identities::IdentityKind;
use crate::store::users::{self as stored, User};
use crate::store::{Tx, organizations};
use crate::web::extract::Now;
use crate::web::site::Site;

/// How many values a filter takes.
const MOST_VALUES: usize = 500;

/// The longest `provided_id`. Characters.
const LONGEST_PROVIDED_ID: usize = 255;

/// What a single user or a list of users can tell beyond the usual.
const EXPANSIONS: &[&str] = &["organizations", "identities", "billing"];

/// The routes.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read, create, update, remove))
        .routes(routes!(refresh_claims))
}

/// Which users, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Listed {
    /// How many entries, 1 to 500; 10 when left out.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    page_size: Option<String>,
    /// The `next_token` of the page before.
    next_token: Option<String>,
    /// Those with one of these ids, separated by commas; 500 at most.
    user_id: Option<String>,
    /// Those with one of these mail addresses, separated by commas; 500 at most.
    email: Option<String>,
    /// Those with one of these user names, separated by commas; 500 at most.
    username: Option<String>,
    /// Those with one of these phone numbers, separated by commas; 500 at most.
    phone: Option<String>,
    /// `organizations`, `identities` and `billing`, separated by commas.
    expand: Option<String>,
    /// Those who belong to an organization, or those who belong to none.
    has_organization: Option<bool>,
    /// Those who have signed in since then (RFC 3339).
    #[param(format = DateTime)]
    active_since: Option<String>,
}

impl Listed {
    fn filter(&self) -> Result<Filter, ApiError> {
        let ids = values("user_id", self.user_id.as_ref())?;
        let mut identities = Vec::new();
        for (name, kind, given) in [
            ("email", IdentityKind::Email, &self.email),
            ("username", IdentityKind::Username, &self.username),
            ("phone", IdentityKind::Phone, &self.phone),
        ] {
            if let Some(values) = values(name, given.as_ref())? {
                identities.push((kind, values));
            }
        }
        let active_since = self.active_since.as_deref().filter(|text| !text.is_empty());
        let active_since = active_since.map(|text| {
            Instant::parse(text).ok_or_else(|| {
                ApiError::field("active_since", "is an instant such as 2026-11-22T08:00:00Z")
            })
        });
        Ok(Filter {
            // What has not the form of an id names nobody.
            ids: ids.map(|ids| ids.iter().filter_map(|id| UserId::parse(id)).collect()),
            identities,
            has_organization: self.has_organization,
            active_since: active_since.transpose()?,
        })
    }

    /// Where the page begins.
    fn place(&self, filter: &Filter) -> Result<Place, ApiError> {
        let start = filter.start();
        let Some(token) = self.next_token.as_deref().filter(|token| !token.is_empty()) else {
            return Ok(start);
        };
        let Position(by, id) = Position::parse("next_token", token)?;
        let at = by.parse().ok().map(Timestamp::from_unix);
        let is_of_this_list = UserId::parse(&id).is_some()
            && if start.at.is_some() {
                at.is_some()
            } else {
                by == BY_ID
            };
        if !is_of_this_list {
            let reason = "is no cursor of this list: begin without it";
            return Err(ApiError::field("next_token", reason));
        }
        Ok(Place { at, id })
    }
}

/// Stands in cursors of lists that are sorted by id, in place of an instant.
const BY_ID: &str = "user";

fn token(place: Place) -> String {
    let by = place
        .at
        .map_or_else(|| BY_ID.to_owned(), |at| at.as_i64().to_string());
    Position(by, place.id).to_token()
}

/// The values of a filter. None when it is not given.
fn values(name: &'static str, text: Option<&String>) -> Result<Option<Vec<String>>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text.split(',').count() > MOST_VALUES {
        return Err(ApiError::refused(
            "TOO_MANY_PARAMETERS",
            format!("{name} takes at most {MOST_VALUES} values: ask for the others separately"),
        ));
    }
    let values = text.split(',').map(|value| value.trim().to_owned());
    Ok(Some(values.filter(|value| !value.is_empty()).collect()))
}

/// A page of users.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Users)]
pub struct Page {
    users: Vec<Row>,
    /// The cursor to the next page; null on the last. With `has_organization` a page can hold fewer users than it
    /// may although others follow.
    next_token: Option<String>,
}

/// Lists users, by id; with `active_since` and no filter that names users, by last sign-in.
#[utoipa::path(
    get, path = "/users", tag = "Users",
    operation_id = "listUsers",
    security(("management" = ["read:users"])),
    params(Listed),
    responses((status = 200, body = Answer<Page>), (status = "4XX", body = Errors)),
)]
pub async fn list(
    _may: May<ReadUsers>,
    State(site): State<Site>,
    Query(listed): Query<Listed>,
) -> Result<Answer<Page>, ApiError> {
    let most = page_size(listed.page_size.as_deref())?;
    let expand = Expand::parse(listed.expand.as_deref(), EXPANSIONS)?;
    let filter = listed.filter()?;
    let after = listed.place(&filter)?;
    let mut tx = site.app.db.read().await?;
    let found = people::list(&mut tx, &filter, after, most).await?;
    let entries = users::entries(&mut tx, &found.ids).await?;
    Ok(Answer::of(Page {
        users: entries
            .into_iter()
            .map(|entry| Row::of(entry, &expand))
            .collect(),
        next_token: found.next.map(token),
    }))
}

/// Which user.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Named {
    /// The id of the user.
    id: String,
}

/// What to tell of a user.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Told {
    /// `organizations`, `identities` and `billing`, separated by commas.
    expand: Option<String>,
}

/// Shows a user.
#[utoipa::path(
    get, path = "/user", tag = "Users",
    operation_id = "getUser",
    security(("management" = ["read:users"])),
    params(Named, Told),
    responses((status = 200, body = Alone), (status = "4XX", body = Errors)),
)]
pub async fn read(
    _may: May<ReadUsers>,
    State(site): State<Site>,
    Query(named): Query<Named>,
    Query(told): Query<Told>,
) -> Result<axum::Json<Alone>, ApiError> {
    let expand = Expand::parse(told.expand.as_deref(), EXPANSIONS)?;
    let id = UserId::parse(&named.id).ok_or_else(unknown)?;
    let mut tx = site.app.db.read().await?;
    let entry = users::entry(&mut tx, &id).await?.ok_or_else(unknown)?;
    Ok(axum::Json(Alone::of(entry, &expand)))
}

/// Creates a user, who joins the organization named, else the default one.
///
/// When somebody has one of the identities already, nothing is stored.
#[utoipa::path(
    post, path = "/user", tag = "Users",
    operation_id = "createUser",
    security(("management" = ["create:users"])),
    request_body = NewUser,
    responses((status = 200, body = CreatedUser), (status = "4XX", body = Errors)),
)]
pub async fn create(
    may: May<CreateUsers>,
    State(site): State<Site>,
    Now(now): Now,
    Body(new): Body<NewUser>,
) -> Result<axum::Json<CreatedUser>, ApiError> {
    let account = new.check()?;
    let kinds = account.further.iter().map(|identity| identity.kind);
    let kinds: Vec<IdentityKind> = kinds.collect();
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    if let Some(organization) = &account.organization
        && organizations::find(&mut tx, organization).await?.is_none()
    {
        return Err(no_organization());
    }
    if let Some(provided_id) = &account.provided_id
        && stored::find_by_provided_id(&mut tx, provided_id)
            .await?
            .is_some()
    {
        return Err(Refusal::ProvidedIdTaken(provided_id.clone()).into());
    }
    let user = accounts::create(&mut tx, may.actor(), account, now, &mut rng)
        .await?
        .map_err(|taken| ApiError::refused("USER_ALREADY_EXISTS", taken.to_string()))?;
    tx.commit().await?;
    Ok(axum::Json(CreatedUser::of(user.id, &kinds)))
}

/// What to change of a user; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct UserChange {
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    given_name: Edit<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    family_name: Edit<String>,
    /// The http or https address of a picture.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2048)]
    picture: Edit<String>,
    /// What the business calls them elsewhere. Unique.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    provided_id: Edit<String>,
    /// Who is suspended may not sign in: sessions end at once, and no token is worth anything any more.
    is_suspended: Option<bool>,
    /// Whether the next sign-in only leads to a new password. Sessions that there are go on.
    is_password_reset_requested: Option<bool>,
}

impl UserChange {
    fn apply(self, user: &User) -> Result<Wanted, ApiError> {
        let mut wanted = Wanted::as_is(user);
        let given = self.given_name.try_map(|text| name("given_name", &text))?;
        let family = self
            .family_name
            .try_map(|text| name("family_name", &text))?;
        let called = self.provided_id.try_map(|text| provided_id(&text))?;
        given.apply_flat(&mut wanted.given_name);
        family.apply_flat(&mut wanted.family_name);
        called.apply_flat(&mut wanted.provided_id);
        let picture = self.picture.try_map(|text| picture(&text))?;
        picture.apply_flat(&mut wanted.picture);
        if let Some(is_suspended) = self.is_suspended {
            wanted.is_suspended = is_suspended;
        }
        wanted.must_change_password = self.is_password_reset_requested;
        Ok(wanted)
    }
}

/// A given or family name; an empty text is none.
pub fn name(field: &'static str, text: &str) -> Result<Option<String>, ApiError> {
    optional(field, text, |text| {
        naming::line(text, identifier::LONGEST_NAME)
    })
}

/// What the business calls a user elsewhere; an empty text is nothing.
pub fn provided_id(text: &str) -> Result<Option<String>, ApiError> {
    optional("provided_id", text, |text| {
        naming::line(text, LONGEST_PROVIDED_ID)
    })
}

/// The address of a picture; an empty text is none.
pub fn picture(text: &str) -> Result<Option<String>, ApiError> {
    optional("picture", text, |text| {
        let reason = "is an http or https address of at most 2048 characters";
        is_web_address(text)
            .then(|| text.to_owned())
            .ok_or_else(|| reason.to_owned())
    })
}

fn optional(
    field: &'static str,
    text: &str,
    check: impl FnOnce(&str) -> Result<String, String>,
) -> Result<Option<String>, ApiError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    checked(field, text, check).map(Some)
}

/// A user after a change.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedUser {
    #[schema(value_type = String)]
    id: UserId,
    given_name: Option<String>,
    family_name: Option<String>,
    /// The primary mail address.
    email: Option<String>,
    is_suspended: bool,
    is_password_reset_requested: bool,
    picture: Option<String>,
}

/// Changes a user.
#[utoipa::path(
    patch, path = "/user", tag = "Users",
    operation_id = "updateUser",
    security(("management" = ["update:users"])),
    params(Named),
    request_body = UserChange,
    responses((status = 200, body = ChangedUser), (status = "4XX", body = Errors)),
)]
pub async fn update(
    may: May<UpdateUsers>,
    State(site): State<Site>,
    Now(now): Now,
    Query(named): Query<Named>,
    Body(change): Body<UserChange>,
) -> Result<axum::Json<ChangedUser>, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let before = find_to_change(&mut tx, &named.id).await?;
    let wanted = change.apply(&before)?;
    let (user, must_change_password) =
        users::change(&mut tx, may.actor(), &before, wanted, now, &mut rng).await??;
    let subject = stored::find_subject(&mut tx, &user.id).await?;
    tx.commit().await?;
    Ok(axum::Json(ChangedUser {
        id: user.id,
        given_name: user.given_name,
        family_name: user.family_name,
        email: subject.and_then(|subject| subject.email),
        is_suspended: user.suspended_at.is_some(),
        is_password_reset_requested: must_change_password,
        picture: user.picture,
    }))
}

/// How to remove a user.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Removal {
    /// Makes no difference: everything that is known of them is removed in any case.
    #[serde(rename = "is_delete_profile")]
    #[param(rename = "is_delete_profile")]
    _is_delete_profile: Option<bool>,
}

/// Removes a user with everything that was theirs. This can't be undone. The audit log keeps their id, what
/// happened, when and by whom, and forgets names and addresses.
#[utoipa::path(
    delete, path = "/user", tag = "Users",
    operation_id = "deleteUser",
    security(("management" = ["delete:users"])),
    params(Named, Removal),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn remove(
    may: May<DeleteUsers>,
    State(site): State<Site>,
    Now(now): Now,
    Query(named): Query<Named>,
    Query(_removal): Query<Removal>,
) -> Result<Done, ApiError> {
    let mut rng = site.app.random.generator();
    let mut tx = site.app.db.write().await?;
    let user = find_to_change(&mut tx, &named.id).await?;
    users::remove(&mut tx, may.actor(), &user, now, &mut rng).await?;
    tx.commit().await?;
    Ok(Done::saying("User deleted"))
}

/// Confirms that the next refresh of a user's tokens shows what they have then. That is always so: claims are
/// read anew for each token, and this changes nothing. Tokens that are out stay as they are until they expire.
#[utoipa::path(
    post, path = "/users/{user_id}/refresh_claims", tag = "Users",
    operation_id = "refreshUserClaims",
    security(("management" = ["update:user_refresh_claims"])),
    params(("user_id" = String, Path)),
    responses((status = 200, body = Done), (status = "4XX", body = Errors)),
)]
pub async fn refresh_claims(
    _may: May<UpdateUserRefreshClaims>,
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<Done, ApiError> {
    find(&mut site.app.db.read().await?, &id).await?;
    Ok(Done::saying(
        "The next token of the user shows what they have then, as each does",
    ))
}

/// The user of that id.
pub async fn find(tx: &mut Tx, id: &str) -> Result<User, ApiError> {
    let found = match UserId::parse(id) {
        Some(id) => stored::find(tx, &id).await?,
        None => None,
    };
    found.ok_or_else(unknown)
}

/// The user of that id, whom nobody else changes until the transaction ends.
pub async fn find_to_change(tx: &mut Tx, id: &str) -> Result<User, ApiError> {
    let found = match UserId::parse(id) {
        Some(id) => stored::find_to_change(tx, &id).await?,
        None => None,
    };
    found.ok_or_else(unknown)
}

/// There is no such user.
pub fn unknown() -> ApiError {
    ApiError::not_found("USER_NOT_FOUND", "there is no user of that id")
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::NoPassword => "NO_PASSWORD",
            Refusal::ProvidedIdTaken(_) => "PROVIDED_ID_ALREADY_EXISTS",
        };
        Self::refused(code, refusal.to_string())
    }
}
