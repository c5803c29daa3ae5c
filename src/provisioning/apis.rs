//! `[[apis]]`: resource servers and their scopes (RFC 8707).
//!
//! An API is known by its audience. A scope that the document no longer names is taken away, from the
//! API and from every application that had it.

use std::collections::HashSet;

use rand::CryptoRng;
use serde::Deserialize;
use toml::Spanned;

use super::change::{Change, Fields, Noun, Subject};
use super::check;
use super::error::Refusal;
use super::{Defaults, record};
use crate::clients::apis::{check_audience, narrow};
use crate::clock::Timestamp;
use crate::id::{ApiId, ApiScopeId};
use crate::protocol::scope::{Scope, Scopes};
use crate::store::Tx;
use crate::store::apis::{self, Api, ApiScope};

/// An entry as the document writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) audience: Spanned<String>,
    name: Option<Spanned<String>>,
    #[serde(default)]
    scopes: Vec<Spanned<WrittenScope>>,
    #[serde(default)]
    remove: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenScope {
    name: Scope,
    #[serde(default)]
    description: String,
}

/// What a document wants of the API of an audience.
#[derive(Debug)]
pub(super) struct Desired {
    pub(super) audience: String,
    /// How it shall be; none, when it shall be gone.
    api: Option<WantedApi>,
}

/// An API as the document wants it.
#[derive(Debug)]
struct WantedApi {
    name: String,
    scopes: Vec<WrittenScope>,
}

impl Written {
    pub(super) fn check(self, defaults: &Defaults) -> Result<Desired, Refusal> {
        let about = |refusal: Refusal| refusal.about(Subject(Noun::Api, self.audience.get_ref()));
        let management = defaults.issuer.join("/api");
        let audience = check::read("audience", &self.audience, |audience| {
            parse_audience(audience, &management)
        })
        .map_err(about)?;
        let mut names = HashSet::new();
        for scope in &self.scopes {
            if !names.insert(scope.get_ref().name.as_str()) {
                let reason = format!("names {} twice: remove one", scope.get_ref().name.as_str());
                return Err(about(Refusal::at(scope.span(), reason).about("scopes")));
            }
        }
        let api = if self.remove {
            None
        } else {
            let name = self.name.as_ref().ok_or_else(|| {
                about(Refusal::at(
                    self.audience.span(),
                    "name is missing: add one",
                ))
            })?;
            Some(WantedApi {
                name: check::read("name", name, check::name).map_err(about)?,
                scopes: self.scopes.into_iter().map(Spanned::into_inner).collect(),
            })
        };
        Ok(Desired { audience, api })
    }
}

fn parse_audience(audience: &str, management: &str) -> Result<String, String> {
    let audience = check_audience(audience)?;
    if audience == management {
        return Err("is the management API, which `vestibule bootstrap` registers".into());
    }
    Ok(audience)
}

pub(super) async fn apply(
    tx: &mut Tx,
    desired: &Desired,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Change> {
    let found = apis::find_by_audience(tx, &desired.audience).await?;
    let Some(wanted) = &desired.api else {
        return remove(tx, &desired.audience, found, now, rng).await;
    };
    let stored = match &found {
        Some(api) => apis::list_scopes(tx, &api.id).await?,
        None => Vec::new(),
    };
    let before = found.as_ref().map(|api| {
        let scopes = stored
            .iter()
            .map(|scope| describe(&scope.name, &scope.description));
        fields(&api.name, scopes)
    });
    let scopes = wanted
        .scopes
        .iter()
        .map(|scope| describe(scope.name.as_str(), &scope.description));
    let change = Change::between(
        Noun::Api,
        &desired.audience,
        before.as_ref(),
        &fields(&wanted.name, scopes),
    );
    if change.is_unchanged() {
        return Ok(change);
    }
    let api = Api {
        name: wanted.name.clone(),
        ..found.unwrap_or_else(|| Api {
            id: ApiId::generate(rng),
            name: String::new(),
            audience: desired.audience.clone(),
            is_management: false,
            created_at: now,
        })
    };
    apis::upsert(tx, &api).await?;
    replace_scopes(tx, &api.id, &stored, &wanted.scopes, rng).await?;
    record(tx, &change, api.id.as_str(), now, rng).await?;
    Ok(change)
}

async fn remove(
    tx: &mut Tx,
    audience: &str,
    found: Option<Api>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Change> {
    let change = Change::removal(Noun::Api, audience, found.is_some());
    if let Some(api) = found {
        apis::remove(tx, &api.id).await?;
        record(tx, &change, api.id.as_str(), now, rng).await?;
    }
    Ok(change)
}

async fn replace_scopes(
    tx: &mut Tx,
    api: &ApiId,
    stored: &[ApiScope],
    wanted: &[WrittenScope],
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    for scope in wanted {
        let scope = ApiScope {
            id: ApiScopeId::generate(rng),
            name: scope.name.as_str().to_owned(),
            description: scope.description.clone(),
        };
        apis::upsert_scope(tx, api, &scope).await?;
    }
    let remaining: Scopes = wanted.iter().map(|scope| scope.name.clone()).collect();
    let surplus = stored
        .iter()
        .filter(|scope| !remaining.contains(&scope.name));
    let mut is_narrower = false;
    for scope in surplus {
        apis::remove_scope(tx, &scope.id).await?;
        is_narrower = true;
    }
    if is_narrower {
        narrow(tx, api).await?;
    }
    Ok(())
}

fn fields(name: &str, scopes: impl Iterator<Item = String>) -> Fields {
    Fields::default()
        .with("name", name)
        .with_set("scopes", scopes)
}

fn describe(name: &str, description: &str) -> String {
    if description.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({description})")
    }
}
