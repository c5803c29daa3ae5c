//! `[[users]]` as a document writes them, and what may be written. Pure but for passwords, which are
//! fetched from where the document says they are.

use serde::Deserialize;
use toml::Spanned;

use super::{Desired, memberships};
use crate::directory::identifier;
use crate::protocol::claims::{Address, StandardClaims, format};
use crate::provisioning::change::{Noun, Subject};
use crate::provisioning::check::{read, read_optional};
use crate::provisioning::error::Refusal;
use crate::provisioning::references::{Reference, References};

/// An entry as the document writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::provisioning) struct Written {
    email: Option<Spanned<String>>,
    username: Option<Spanned<String>>,
    #[serde(default)]
    email_verified: bool,
    given_name: Option<Spanned<String>>,
    family_name: Option<Spanned<String>>,
    picture: Option<Spanned<String>>,
    password: Option<Spanned<Reference>>,
    #[serde(default)]
    attributes: Attributes,
    #[serde(default)]
    organizations: Vec<Spanned<memberships::Written>>,
}

/// The claims that have no key of their own (OpenID Connect Core 1.0 §5.1).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    middle_name: Option<String>,
    nickname: Option<String>,
    profile: Option<Spanned<String>>,
    website: Option<Spanned<String>>,
    gender: Option<String>,
    birthdate: Option<Spanned<String>>,
    zoneinfo: Option<Spanned<String>>,
    locale: Option<Spanned<String>>,
    phone_number: Option<String>,
    phone_number_verified: Option<bool>,
    address: Option<PostalAddress>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PostalAddress {
    formatted: Option<String>,
    street_address: Option<String>,
    locality: Option<String>,
    region: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
}

impl Written {
    /// What the entry asks for, if it may be asked for.
    pub(in crate::provisioning) fn check(
        entry: Spanned<Self>,
        references: &References<'_>,
    ) -> Result<Desired, Refusal> {
        let span = entry.span();
        let written = entry.into_inner();
        let named = [&written.email, &written.username].into_iter().flatten();
        let Some(name) = named.map(|name| name.get_ref().clone()).next() else {
            let reason = "a user has an email or a username: add one";
            return Err(Refusal::at(span, reason));
        };
        written
            .read(references)
            .map_err(|refusal| refusal.about(Subject(Noun::User, &name)))
    }

    fn read(self, references: &References<'_>) -> Result<Desired, Refusal> {
        let name = |text: &String| {
            identifier::name(text)
                .filter(|name| name == text)
                .ok_or_else(|| "must have 1 to 64 characters and no line break".to_owned())
        };
        Ok(Desired {
            email: read_optional("email", self.email.as_ref(), |text| {
                let address = identifier::email(text).map(ToOwned::to_owned);
                address.ok_or_else(|| format!("{text:?} is no mail address"))
            })?,
            username: read_optional("username", self.username.as_ref(), |text| {
                let username = identifier::username(text).map(ToOwned::to_owned);
                username
                    .ok_or_else(|| "must have 2 to 64 letters, digits, '.', '_' or '-'".to_owned())
            })?,
            email_verified: self.email_verified,
            given_name: read_optional("given_name", self.given_name.as_ref(), name)?,
            family_name: read_optional("family_name", self.family_name.as_ref(), name)?,
            picture: read_optional("picture", self.picture.as_ref(), web_address)?,
            password: self
                .password
                .as_ref()
                .map(|reference| read("password", reference, |it| references.resolve(it)))
                .transpose()?,
            attributes: self.attributes.read()?,
            memberships: memberships::check(&self.organizations)?,
        })
    }
}

impl Attributes {
    fn read(self) -> Result<StandardClaims, Refusal> {
        let formatted = |key, value: &Option<Spanned<String>>, is_right: fn(&str) -> bool, form| {
            read_optional(key, value.as_ref(), |text| {
                is_right(text)
                    .then(|| text.clone())
                    .ok_or_else(|| format!("{text:?} must be {form}"))
            })
        };
        Ok(StandardClaims {
            middle_name: self.middle_name,
            nickname: self.nickname,
            profile: read_optional("profile", self.profile.as_ref(), web_address)?,
            website: read_optional("website", self.website.as_ref(), web_address)?,
            gender: self.gender,
            birthdate: formatted(
                "birthdate",
                &self.birthdate,
                format::is_birthdate,
                "YYYY-MM-DD, 0000-MM-DD or YYYY",
            )?,
            zoneinfo: formatted(
                "zoneinfo",
                &self.zoneinfo,
                format::is_zoneinfo,
                "a time zone, as Europe/Paris",
            )?,
            locale: formatted(
                "locale",
                &self.locale,
                format::is_locale,
                "a language tag, as de-CH",
            )?,
            phone_number: self.phone_number,
            phone_number_verified: self.phone_number_verified,
            address: self.address.map(PostalAddress::into_claim),
            ..StandardClaims::default()
        })
    }
}

impl PostalAddress {
    fn into_claim(self) -> Address {
        Address {
            formatted: self.formatted,
            street_address: self.street_address,
            locality: self.locality,
            region: self.region,
            postal_code: self.postal_code,
            country: self.country,
        }
    }
}

fn web_address(text: &String) -> Result<String, String> {
    format::is_web_address(text)
        .then(|| text.clone())
        .ok_or_else(|| format!("{text:?} must be an http or https address"))
}
