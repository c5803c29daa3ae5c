//! What people see of their own account, and do with it.
//!
//! Whoever is signed in sees it. Whoever changes how they sign in, or what is known of them, has proven a moment ago who
//! they are: a page that changes something leads to that proof first, and is come back to.

mod identities;
mod link;
mod name;
mod overview;
mod password;
mod visit;
mod words;

pub use identities::IdentityPage;
pub use link::LinkPage;
pub use name::NamePage;
pub use overview::AccountPage;
pub use password::{AccountPasswordPage, check_new_password};

use axum::Router;
use axum::routing::{get, post};

use crate::store::users::User;
use crate::store::{Tx, users};
use crate::web::page::Person;
use crate::web::site::Site;

/// Where the account is.
pub const ACCOUNT: &str = "/account";

/// The routes of one's own account.
pub fn routes() -> Router<Site> {
    Router::new()
        .route("/account", get(overview::show))
        .route(
            "/account/password",
            get(password::show).post(password::change),
        )
        .route("/account/name", get(name::show).post(name::change))
        .route("/account/link", get(link::show).post(link::begin))
        .route("/account/identities/{id}", get(identities::show))
        .route(
            "/account/identities/{id}/primary",
            post(identities::make_primary).get(identities::back),
        )
        .route(
            "/account/identities/{id}/remove",
            post(identities::remove).get(identities::back),
        )
}

/// How a user is shown: by name, and by mail address or user name.
pub async fn person(tx: &mut Tx, user: &User) -> sqlx::Result<Person> {
    let subject = users::find_subject(tx, &user.id).await?;
    let identifier = subject.and_then(|it| it.email.or(it.username).or(it.phone));
    let identifier = identifier.unwrap_or_default();
    Ok(Person {
        name: user.full_name().unwrap_or_else(|| identifier.clone()),
        identifier,
    })
}
