//! One's own name, as far as nobody else keeps it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::visit::Visit;
use super::words;
use crate::directory::{identifier, own};
use crate::federation::mapping::Attribute;
use crate::web::error::PageError;
use crate::web::extract::{Browser, Now, SignedForm};
use crate::web::page::{Fields, Message, Problems, Shell, page};
use crate::web::site::Site;

/// Where the name is changed.
const NAME: &str = "/account/name";

/// Asks for one's name.
#[derive(Template)]
#[template(path = "account/name.html")]
pub struct NamePage<'a> {
    pub shell: &'a Shell,
    pub problems: Problems,
    pub given_name: Field,
    pub family_name: Field,
}

/// A part of the name.
#[derive(Clone, Debug)]
pub struct Field {
    pub value: String,
    /// Who keeps it as it is, in a sentence; then it can't be changed.
    pub kept: Option<String>,
}

/// `GET /account/name`
pub(super) async fn show(
    State(site): State<Site>,
    Now(now): Now,
    browser: Browser,
) -> Result<Response, PageError> {
    let visit = match Visit::open_fresh(site, browser, now, NAME).await? {
        Ok(visit) => visit,
        Err(answer) => return Ok(answer),
    };
    show_page(&visit, StatusCode::OK, Problems::none()).await
}

async fn show_page(
    visit: &Visit,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, PageError> {
    let (shell, jar) = visit.shell();
    let mut tx = visit.site.app.db.read().await?;
    let profile = own::profile(&mut tx, &visit.signed_in.user).await?;
    let field = |attribute: Attribute| {
        let line = profile.iter().find(|line| line.attribute == attribute);
        let kept = line.filter(|line| line.keeper.is_some());
        let kept = kept.and_then(|line| words::origin(line, None, &shell.brand.name));
        Field {
            value: line.and_then(|line| line.value.clone()).unwrap_or_default(),
            kept: kept.map(|sentence| shell.say(&sentence)),
        }
    };
    let template = NamePage {
        shell: &shell,
        problems,
        given_name: field(Attribute::GivenName),
        family_name: field(Attribute::FamilyName),
    };
    Ok((jar, page(status, &template)).into_response())
}

/// `POST /account/name`
pub(super) async fn change(
    State(site): State<Site>,
    Now(now): Now,
    browser: Browser,
    SignedForm(params): SignedForm,
) -> Result<Response, PageError> {
    let visit = match Visit::open_fresh(site, browser, now, NAME).await? {
        Ok(visit) => visit,
        Err(answer) => return Ok(answer),
    };
    let fields = Fields::from(params);
    let user = &visit.signed_in.user;
    let name = |field| identifier::name(fields.get(field));
    let wanted = (name("p_first_name"), name("p_last_name"));
    let mut rng = visit.site.app.random.generator();
    let mut tx = visit.site.app.db.write().await?;
    match own::rename(&mut tx, &user.id, wanted, now, &mut rng).await? {
        Ok(()) => {
            tx.commit().await?;
            Ok(Redirect::to("/account?done=named").into_response())
        }
        Err(kept) => {
            drop(tx);
            let message = Message::with("attribute-kept", vec![("connection", kept.by)]);
            let wrong = StatusCode::UNPROCESSABLE_ENTITY;
            show_page(&visit, wrong, Problems::form(message)).await
        }
    }
}
