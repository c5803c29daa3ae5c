//! The page of one's account: how they sign in, what is known of them and from where, and what sign-ins have changed.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::visit::Visit;
use super::words::{self, Shown};
use crate::directory::identities::{self, Way};
use crate::directory::own;
use crate::directory::upstream::Synced;
use crate::id::ConnectionId;
use crate::store::{Tx, connections, passwords, sync_records};
use crate::web::error::PageError;
use crate::web::extract::{Browser, Now};
use crate::web::page::{Person, Shell, page};
use crate::web::site::Site;

/// How many of the last sign-ins that changed something are told of.
const TOLD: i64 = 5;

/// The page of one's account.
#[derive(Template)]
#[template(path = "account/overview.html")]
pub struct AccountPage<'a> {
    pub shell: &'a Shell,
    pub person: Person,
    /// What was just done: a key of the catalogue.
    pub done: Option<&'static str>,
    pub ways: Vec<Shown>,
    pub can_link: bool,
    pub has_password: bool,
    pub lines: Vec<Line>,
    pub can_rename: bool,
    pub records: Vec<Record>,
}

/// An attribute of the profile, as it is shown.
#[derive(Clone, Debug)]
pub struct Line {
    pub label: String,
    pub value: String,
    /// From where it comes, in a sentence.
    pub origin: String,
    /// Whether another one keeps it as it is.
    pub is_kept: bool,
}

/// What a sign-in changed.
#[derive(Clone, Debug)]
pub struct Record {
    pub at: String,
    pub connection: String,
    pub sentences: Vec<String>,
}

/// What was just done, by the last word of the address.
fn done(query: Option<&str>) -> Option<&'static str> {
    match query? {
        "done=linked" => Some("account-linked"),
        "done=named" => Some("account-named"),
        "done=primary" => Some("account-primary"),
        "done=removed" => Some("account-removed"),
        _ => None,
    }
}

/// `GET /account`
pub(super) async fn show(
    State(site): State<Site>,
    Now(now): Now,
    RawQuery(query): RawQuery,
    browser: Browser,
) -> Result<Response, PageError> {
    let Some(visit) = Visit::open(site, browser, now).await? else {
        return Ok(Redirect::to("/").into_response());
    };
    let (shell, jar) = visit.shell();
    let user = &visit.signed_in.user;
    let mut tx = visit.site.app.db.read().await?;
    let profile = own::profile(&mut tx, user).await?;
    let ways = identities::list(&mut tx, &user.id).await?;
    let template = AccountPage {
        shell: &shell,
        person: visit.person.clone(),
        done: done(query.as_deref()),
        ways: show_ways(&shell, &ways),
        can_link: !connections::list_linkable(&mut tx, &user.id)
            .await?
            .is_empty(),
        has_password: passwords::find(&mut tx, &user.id).await?.is_some(),
        can_rename: profile.iter().any(own::Line::is_editable),
        lines: lines(&mut tx, &shell, &profile).await?,
        records: records(&mut tx, &shell, &visit).await?,
    };
    Ok((jar, page(StatusCode::OK, &template)).into_response())
}

/// Ways to sign in, as they are shown.
pub(super) fn show_ways(shell: &Shell, ways: &[Way]) -> Vec<Shown> {
    let is_alike = |one: &Way, other: &Way| match (one, other) {
        (Way::Here(one), Way::Here(other)) => one.kind == other.kind && one.id != other.id,
        _ => false,
    };
    let has_others = |one: &Way| ways.iter().any(|other| is_alike(one, other));
    ways.iter()
        .map(|way| words::way(shell, way, has_others(way)))
        .collect()
}

async fn lines(tx: &mut Tx, shell: &Shell, profile: &[own::Line]) -> sqlx::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for line in profile {
        let Some(value) = line.value.clone() else {
            continue;
        };
        let source = line.source.as_ref();
        let from = source.and_then(|source| source.connection_id.as_ref());
        let from = name_of(tx, from).await?;
        let origin = words::origin(line, from.as_deref(), &shell.brand.name);
        lines.push(Line {
            label: shell.t(words::attribute(line.attribute)),
            value,
            origin: origin.map_or_else(String::new, |origin| shell.say(&origin)),
            is_kept: line.keeper.is_some(),
        });
    }
    Ok(lines)
}

/// What the button of a connection says, if there still is one.
async fn name_of(tx: &mut Tx, id: Option<&ConnectionId>) -> sqlx::Result<Option<String>> {
    let Some(id) = id else {
        return Ok(None);
    };
    let found = connections::find(tx, id).await?;
    Ok(found.map(|connection| connection.display_name))
}

async fn records(tx: &mut Tx, shell: &Shell, visit: &Visit) -> sqlx::Result<Vec<Record>> {
    let user = &visit.signed_in.user.id;
    let from = (visit.now, "~");
    let mut records = Vec::new();
    for record in sync_records::list_for_user(tx, user, from, TOLD).await? {
        // One that was written by another version says nothing here.
        let Ok(synced) = Synced::read(&record) else {
            continue;
        };
        let name = name_of(tx, record.connection_id.as_ref()).await?;
        let connection = name.unwrap_or_else(|| shell.t("former-connection"));
        let sentences = words::synced(shell, &synced, &connection);
        if !sentences.is_empty() {
            records.push(Record {
                at: words::instant(record.occurred_at),
                connection,
                sentences,
            });
        }
    }
    Ok(records)
}
