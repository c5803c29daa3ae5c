//! A document: read, checked against everything that can be known without the database.

use std::collections::HashSet;
use std::hash::Hash;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::error::{DocumentError, Refusal};
use super::references::References;
use super::{
    Defaults, apis, applications, connections, feature_flags, logos, organizations, permissions,
    policies, properties, roles, users,
};

/// What a document wants.
#[derive(Debug)]
pub struct Document {
    pub(super) policies: Option<policies::Written>,
    pub(super) logos: Option<logos::Wanted>,
    pub(super) feature_flags: Vec<feature_flags::Desired>,
    pub(super) properties: Vec<properties::Desired>,
    pub(super) apis: Vec<apis::Desired>,
    pub(super) applications: Vec<applications::Desired>,
    pub(super) permissions: Vec<permissions::Desired>,
    pub(super) roles: Vec<roles::Desired>,
    /// The one that is to be the default organization comes first, so that the former one can go.
    pub(super) organizations: Vec<organizations::Desired>,
    pub(super) connections: Vec<connections::Desired>,
    pub(super) users: Vec<users::Desired>,
    /// How many roles that groups give may be withdrawn from each connection, however large a share of them that is.
    pub(super) confirmed_withdrawals: Option<i64>,
}

/// The document as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    policies: Option<policies::Written>,
    logos: Option<logos::Written>,
    #[serde(default)]
    feature_flags: Vec<feature_flags::Written>,
    #[serde(default)]
    properties: Vec<properties::Written>,
    #[serde(default)]
    apis: Vec<apis::Written>,
    #[serde(default)]
    applications: Vec<Spanned<applications::Written>>,
    #[serde(default)]
    permissions: Vec<permissions::Written>,
    #[serde(default)]
    roles: Vec<roles::Written>,
    #[serde(default)]
    organizations: Vec<Spanned<organizations::Written>>,
    #[serde(default)]
    connections: Vec<Spanned<connections::Written>>,
    #[serde(default)]
    users: Vec<Spanned<users::Written>>,
}

impl Document {
    /// Reads the text of the document at `path`, and the secrets that it refers to.
    ///
    /// # Errors
    ///
    /// The first thing in it that is unknown or impossible, with its place and what to do.
    pub fn parse(
        path: &Path,
        text: &str,
        defaults: &Defaults,
        references: &References<'_>,
    ) -> Result<Self, DocumentError> {
        read(text, defaults, references).map_err(|refusal| refusal.in_file(path, text))
    }

    /// The same document, of whose withdrawals so many are confirmed for each connection.
    #[must_use]
    pub fn confirming_withdrawals(self, confirmed: Option<i64>) -> Self {
        Self {
            confirmed_withdrawals: confirmed,
            ..self
        }
    }
}

fn read(text: &str, defaults: &Defaults, references: &References<'_>) -> Result<Document, Refusal> {
    let written: Written = toml::from_str(text)?;
    let (mut audiences, mut ids, mut people) = (Seen::new(), Seen::new(), Seen::new());
    let (mut permissions, mut roles) = (Seen::new(), Seen::new());
    let mut document = Document {
        policies: written.policies,
        logos: (written.logos.as_ref())
            .map(|logos| logos.check(references))
            .transpose()?,
        feature_flags: read_feature_flags(&written.feature_flags)?,
        properties: read_properties(&written.properties)?,
        apis: Vec::new(),
        applications: Vec::new(),
        permissions: Vec::new(),
        roles: Vec::new(),
        organizations: Vec::new(),
        connections: read_connections(written.connections, references)?,
        users: Vec::new(),
        confirmed_withdrawals: None,
    };
    for entry in written.apis {
        let span = entry.audience.span();
        let api = entry.check(defaults)?;
        audiences.add(api.audience.clone(), span, "this audience")?;
        document.apis.push(api);
    }
    for entry in written.applications {
        ids.add(entry.get_ref().id.clone(), entry.span(), "this id")?;
        document
            .applications
            .push(applications::Written::check(&entry, defaults, references)?);
    }
    for entry in written.permissions {
        let permission = entry.check()?;
        permissions.add(permission.key.clone(), entry.key.span(), "this permission")?;
        document.permissions.push(permission);
    }
    for entry in written.roles {
        let role = entry.check()?;
        roles.add(role.key.clone(), entry.key.span(), "this role")?;
        document.roles.push(role);
    }
    document.organizations = read_organizations(&written.organizations, references)?;
    for entry in written.users {
        let span = entry.span();
        let user = users::Written::check(entry, references)?;
        people.add(user.key(), span, "this user")?;
        document.users.push(user);
    }
    Ok(document)
}

fn read_feature_flags(
    written: &[feature_flags::Written],
) -> Result<Vec<feature_flags::Desired>, Refusal> {
    let (mut keys, mut desired) = (Seen::new(), Vec::new());
    for entry in written {
        let flag = entry.check()?;
        keys.add(flag.key.clone(), entry.key.span(), "this feature flag")?;
        desired.push(flag);
    }
    Ok(desired)
}

fn read_properties(written: &[properties::Written]) -> Result<Vec<properties::Desired>, Refusal> {
    let (mut keys, mut desired) = (Seen::new(), Vec::new());
    for entry in written {
        let property = entry.check()?;
        keys.add(property.key.clone(), entry.key.span(), "this property")?;
        desired.push(property);
    }
    Ok(desired)
}

fn read_organizations(
    written: &[Spanned<organizations::Written>],
    references: &References<'_>,
) -> Result<Vec<organizations::Desired>, Refusal> {
    let (mut codes, mut defaults) = (Seen::new(), Seen::new());
    let mut desired = Vec::new();
    for entry in written {
        codes.add(entry.get_ref().code.clone(), entry.span(), "this code")?;
        let organization = organizations::Written::check(entry, references)?;
        if organization.is_default() {
            defaults.add((), entry.span(), "is_default = true")?;
        }
        desired.push(organization);
    }
    desired.sort_by_key(|organization| !organization.is_default());
    Ok(desired)
}

fn read_connections(
    written: Vec<Spanned<connections::Written>>,
    references: &References<'_>,
) -> Result<Vec<connections::Desired>, Refusal> {
    let (mut ids, mut desired) = (Seen::new(), Vec::new());
    for entry in written {
        ids.add(entry.get_ref().id.clone(), entry.span(), "this id")?;
        desired.push(connections::Written::check(entry, references)?);
    }
    Ok(desired)
}

/// What has been named, so that nothing is named twice.
struct Seen<T>(HashSet<T>);

impl<T: Eq + Hash> Seen<T> {
    fn new() -> Self {
        Self(HashSet::new())
    }

    fn add(&mut self, key: T, span: std::ops::Range<usize>, what: &str) -> Result<(), Refusal> {
        if self.0.insert(key) {
            return Ok(());
        }
        let reason = format!("{what} stands in the document twice: remove one");
        Err(Refusal::at(span, reason))
    }
}
