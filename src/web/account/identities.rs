//! One of one's own ways to sign in: made the one that applications see, removed.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::overview::show_ways;
use super::visit::Visit;
use super::words::{self, Shown};
use crate::audit::Actor;
use crate::directory::identities::{self, Way};
use crate::directory::own::{self, Leaves};
use crate::id::IdentityId;
use crate::store::passwords;
use crate::web::error::PageError;
use crate::web::extract::{Browser, Now, SignedForm};
use crate::web::page::{Message, Shell, page};
use crate::web::site::Site;

/// A way to sign in, and what can be done with it.
#[derive(Template)]
#[template(path = "account/identity.html")]
pub struct IdentityPage<'a> {
    pub shell: &'a Shell,
    pub shown: Shown,
    /// Why it is theirs.
    pub evidence: Option<Message>,
    pub can_be_primary: bool,
    pub leaves: Leaves,
    /// The only other way in, when there is but one.
    pub other: Option<Shown>,
    /// Whether it was just refused to remove it.
    pub is_refused: bool,
}

impl IdentityPage<'_> {
    fn can_be_removed(&self) -> bool {
        self.leaves != Leaves::Nothing
    }
}

fn path(id: &IdentityId) -> String {
    format!("/account/identities/{id}")
}

/// Who is signed in, if it is a way of theirs to sign in, and they have proven lately who they are. What to answer, if
/// not.
async fn open(
    site: Site,
    browser: Browser,
    now: Now,
    id: &str,
) -> Result<Result<(Visit, IdentityId), Response>, PageError> {
    let id = IdentityId::parse(id).ok_or(PageError::Unknown)?;
    let Some(visit) = Visit::open(site, browser, now.0).await? else {
        return Ok(Err(Redirect::to("/").into_response()));
    };
    let mut tx = visit.site.app.db.read().await?;
    let found = identities::find_way(&mut tx, &id).await?;
    drop(tx);
    if found.is_none_or(|way| *way.user() != visit.signed_in.user.id) {
        return Err(PageError::Unknown);
    }
    if !visit.is_fresh() {
        return Ok(Err(visit.prove(path(&id)).await?));
    }
    Ok(Ok((visit, id)))
}

/// `GET /account/identities/{id}`
pub(super) async fn show(
    State(site): State<Site>,
    now: Now,
    Path(id): Path<String>,
    browser: Browser,
) -> Result<Response, PageError> {
    match open(site, browser, now, &id).await? {
        Ok((visit, id)) => show_page(&visit, &id, StatusCode::OK).await,
        Err(answer) => Ok(answer),
    }
}

async fn show_page(
    visit: &Visit,
    id: &IdentityId,
    status: StatusCode,
) -> Result<Response, PageError> {
    let user = &visit.signed_in.user.id;
    let mut tx = visit.site.app.db.read().await?;
    let ways = identities::list(&mut tx, user).await?;
    let has_password = passwords::find(&mut tx, user).await?.is_some();
    drop(tx);
    let way = ways.iter().find(|way| way.id() == id);
    let way = way.ok_or(PageError::Unknown)?;
    let (shell, jar) = visit.shell();
    let shown = show_ways(&shell, &ways);
    let find = |id: &IdentityId| shown.iter().find(|shown| shown.id == id.as_str()).cloned();
    let leaves = own::leaves(&ways, id, has_password);
    let template = IdentityPage {
        shell: &shell,
        shown: find(id).ok_or(PageError::Unknown)?,
        evidence: words::evidence(way),
        can_be_primary: can_be_primary(way),
        other: match &leaves {
            Leaves::One(other) => find(other),
            Leaves::Nothing | Leaves::Several => None,
        },
        leaves,
        is_refused: status != StatusCode::OK,
    };
    Ok((jar, page(status, &template)).into_response())
}

/// Whether it could become the one of its kind that applications see. Pure.
fn can_be_primary(way: &Way) -> bool {
    match way {
        Way::Here(identity) => {
            !identity.is_primary
                && identity.verified_at.is_some()
                && identity.set_aside_at.is_none()
        }
        Way::Upstream(_) => false,
    }
}

/// `POST /account/identities/{id}/primary`
pub(super) async fn make_primary(
    State(site): State<Site>,
    now: Now,
    Path(id): Path<String>,
    browser: Browser,
    _form: SignedForm,
) -> Result<Response, PageError> {
    let (visit, id) = match open(site, browser, now, &id).await? {
        Ok(opened) => opened,
        Err(answer) => return Ok(answer),
    };
    let user = &visit.signed_in.user.id;
    let mut rng = visit.site.app.random.generator();
    let mut tx = visit.site.app.db.write().await?;
    let found = identities::find_way_to_change(&mut tx, &id).await?;
    match found.filter(|way| way.user() == user && can_be_primary(way)) {
        Some(Way::Here(identity)) => {
            let actor = Actor::User(user);
            identities::make_primary(&mut tx, actor, &identity, visit.now, &mut rng).await?;
            tx.commit().await?;
            Ok(Redirect::to("/account?done=primary").into_response())
        }
        _ => Ok(Redirect::to(&path(&id)).into_response()),
    }
}

/// `POST /account/identities/{id}/remove`
pub(super) async fn remove(
    State(site): State<Site>,
    now: Now,
    Path(id): Path<String>,
    browser: Browser,
    _form: SignedForm,
) -> Result<Response, PageError> {
    let (visit, id) = match open(site, browser, now, &id).await? {
        Ok(opened) => opened,
        Err(answer) => return Ok(answer),
    };
    let user = &visit.signed_in.user.id;
    let mut rng = visit.site.app.random.generator();
    let mut tx = visit.site.app.db.write().await?;
    let found = identities::find_way_to_change(&mut tx, &id).await?;
    let Some(way) = found.filter(|way| way.user() == user) else {
        return Err(PageError::Unknown);
    };
    let removed = own::remove(&mut tx, user, &way, visit.now, &mut rng).await?;
    if removed.is_err() {
        drop(tx);
        return show_page(&visit, &id, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    tx.commit().await?;
    Ok(Redirect::to("/account?done=removed").into_response())
}

/// The address of a form that was refused stands in the browser: whoever opens it anew is led to its page.
pub(super) async fn back(Path(id): Path<String>) -> Result<Redirect, PageError> {
    let id = IdentityId::parse(&id).ok_or(PageError::Unknown)?;
    Ok(Redirect::to(&path(&id)))
}
