//! Linking an identity at an upstream to one's own account: which, and the way there.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::ACCOUNT;
use super::visit::Visit;
use crate::directory::reconcile::is_of_business;
use crate::id::{ConnectionId, UserId};
use crate::store::{Tx, connections};
use crate::web::error::PageError;
use crate::web::extract::{Browser, Now, SignedForm};
use crate::web::page::{Fields, Shell, page};
use crate::web::signin;
use crate::web::site::Site;

/// Where the connection is chosen.
const LINK: &str = "/account/link";

/// Asks through which connection they want to sign in besides.
#[derive(Template)]
#[template(path = "account/link.html")]
pub struct LinkPage<'a> {
    pub shell: &'a Shell,
    pub choices: Vec<Choice>,
}

/// A connection that can be chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    pub id: ConnectionId,
    pub name: String,
    /// Whether it takes over from their other ways to sign in.
    pub takes_over: bool,
}

async fn choices(tx: &mut Tx, user: &UserId) -> sqlx::Result<Vec<Choice>> {
    let mut choices = Vec::new();
    for connection in connections::list_linkable(tx, user).await? {
        let domains = connections::list_domains(tx, &connection.id).await?;
        choices.push(Choice {
            takes_over: is_of_business(&connection, &domains),
            id: connection.id,
            name: connection.display_name,
        });
    }
    Ok(choices)
}

/// `GET /account/link`
pub(super) async fn show(
    State(site): State<Site>,
    Now(now): Now,
    browser: Browser,
) -> Result<Response, PageError> {
    let visit = match Visit::open_fresh(site, browser, now, LINK).await? {
        Ok(visit) => visit,
        Err(answer) => return Ok(answer),
    };
    let mut tx = visit.site.app.db.read().await?;
    let (shell, jar) = visit.shell();
    let template = LinkPage {
        shell: &shell,
        choices: choices(&mut tx, &visit.signed_in.user.id).await?,
    };
    Ok((jar, page(StatusCode::OK, &template)).into_response())
}

/// `POST /account/link`
pub(super) async fn begin(
    State(site): State<Site>,
    Now(now): Now,
    browser: Browser,
    SignedForm(params): SignedForm,
) -> Result<Response, PageError> {
    let Some(visit) = Visit::open(site, browser, now).await? else {
        return Ok(Redirect::to("/").into_response());
    };
    let fields = Fields::from(params);
    let chosen = ConnectionId::parse(fields.get("connection_id"));
    let user = &visit.signed_in.user.id;
    let mut tx = visit.site.app.db.read().await?;
    let offered = connections::list_linkable(&mut tx, user).await?;
    drop(tx);
    let is_offered = |id: &ConnectionId| offered.iter().any(|offered| offered.id == *id);
    let Some(chosen) = chosen.filter(is_offered) else {
        return Ok(Redirect::to(LINK).into_response());
    };
    // Who has not proven lately who they are does so on the way.
    let purpose = (Some(chosen), format!("{ACCOUNT}?done=linked"));
    signin::errand::begin(&visit.site, &visit.signed_in, purpose, now).await
}
