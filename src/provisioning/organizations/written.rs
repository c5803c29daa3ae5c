//! `[[organizations]]` as a document writes them, and what may be written. Pure.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::look::{WrittenBranding, WrittenSessions};
use super::{Desired, WantedOrganization};
use crate::id::OrganizationId;
use crate::naming;
use crate::provisioning::change::{Noun, Subject};
use crate::provisioning::check::{self, read, read_optional};
use crate::provisioning::error::Refusal;
use crate::provisioning::logos;
use crate::provisioning::references::References;

/// An entry as the document writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::provisioning) struct Written {
    #[serde(deserialize_with = "code")]
    pub(in crate::provisioning) code: OrganizationId,
    name: Option<Spanned<String>>,
    handle: Option<Spanned<String>>,
    external_id: Option<Spanned<String>>,
    is_default: Option<Spanned<bool>>,
    #[serde(default)]
    is_auto_membership: bool,
    admits_domains: Option<bool>,
    #[serde(default)]
    allowed_domains: Vec<Spanned<String>>,
    #[serde(default)]
    default_roles: Vec<Spanned<String>>,
    branding: Option<WrittenBranding>,
    logos: Option<logos::Written>,
    sessions: Option<WrittenSessions>,
    #[serde(default)]
    suspended: bool,
    #[serde(default)]
    remove: bool,
}

/// Reads the code of an organization.
pub(in crate::provisioning) fn code<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<OrganizationId, D::Error> {
    let text = String::deserialize(deserializer)?;
    OrganizationId::parse(&text).ok_or_else(|| {
        let reason = "an organization's code is org_ and 11 lower-case hexadecimal digits, which never change: make the digits with `openssl rand -hex 6 | cut -c 2-`";
        D::Error::custom(reason)
    })
}

impl Written {
    /// What the entry asks for, if it may be asked for.
    pub(in crate::provisioning) fn check(
        entry: &Spanned<Self>,
        references: &References<'_>,
    ) -> Result<Desired, Refusal> {
        let written = entry.get_ref();
        let code = written.code.clone();
        if written.remove {
            return Ok(Desired {
                code,
                organization: None,
            });
        }
        let name = written.name.as_ref().map(|name| name.get_ref().as_str());
        let organization = written.organization(entry, references).map_err(|refusal| {
            refusal.about(Subject(Noun::Organization, name.unwrap_or(code.as_str())))
        })?;
        Ok(Desired {
            code,
            organization: Some(organization),
        })
    }

    fn organization(
        &self,
        entry: &Spanned<Self>,
        references: &References<'_>,
    ) -> Result<WantedOrganization, Refusal> {
        let missing = || Refusal::at(entry.span(), "name is missing: add one");
        let is_suspended = self.suspended;
        let is_default = read_optional("is_default", self.is_default.as_ref(), |is_default| {
            if *is_default && is_suspended {
                return Err("what is suspended can't be the default: remove one of the two".into());
            }
            Ok(*is_default)
        })?;
        Ok(WantedOrganization {
            name: read("name", self.name.as_ref().ok_or_else(missing)?, |text| {
                naming::organization(text)
            })?,
            handle: read_optional("handle", self.handle.as_ref(), |text| naming::handle(text))?,
            external_id: read_optional("external_id", self.external_id.as_ref(), |text| {
                naming::external_id(text)
            })?,
            is_default,
            is_auto_membership: self.is_auto_membership,
            admits_domains: self.admits_domains.unwrap_or(true),
            allowed_domains: domains(&self.allowed_domains)?,
            default_roles: check::distinct("default_roles", &self.default_roles)?,
            branding: self
                .branding
                .as_ref()
                .map(WrittenBranding::check)
                .transpose()?,
            logos: self
                .logos
                .as_ref()
                .map(|logos| logos.check(references))
                .transpose()?,
            sessions: self
                .sessions
                .as_ref()
                .map(WrittenSessions::check)
                .transpose()?,
            is_suspended,
        })
    }
}

/// Domains as they are compared: bare, in lower case, each once.
fn domains(written: &[Spanned<String>]) -> Result<Vec<String>, Refusal> {
    let mut domains = written
        .iter()
        .map(|domain| read("allowed_domains", domain, |text| naming::domain(text)))
        .collect::<Result<Vec<_>, _>>()?;
    domains.sort_unstable();
    domains.dedup();
    Ok(domains)
}
