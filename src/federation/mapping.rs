//! How what an upstream says becomes a profile: which claim gives which attribute, and when it is written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::words::words;

words! {
    /// What a profile consists of (OpenID Connect Core 1.0 §5.1).
    pub enum Attribute {
        /// The mail address, and whether it is proven.
        Email = "email",
        /// Given name.
        GivenName = "given_name",
        /// Family name.
        FamilyName = "family_name",
        /// Address of a picture.
        Picture = "picture",
        /// Middle name.
        MiddleName = "middle_name",
        /// Casual name.
        Nickname = "nickname",
        /// The name to be called by; not unique.
        PreferredUsername = "preferred_username",
        /// Address of the profile page.
        Profile = "profile",
        /// Address of a home page or blog.
        Website = "website",
        /// Gender.
        Gender = "gender",
        /// Date of birth.
        Birthdate = "birthdate",
        /// Time zone.
        Zoneinfo = "zoneinfo",
        /// Language.
        Locale = "locale",
    }
}

words! {
    /// When a sign-in writes an attribute.
    pub enum Mode {
        /// Only while it is empty here.
        Fill = "fill",
        /// Each time.
        Follow = "follow",
        /// Each time, until a user or an administrator edits it here.
        FollowUnlessEdited = "follow_unless_edited",
        /// Only when the user is created.
        Import = "import",
        /// Not at all.
        Never = "never",
    }
}

/// Where an attribute comes from, and when it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The claim that it is read from.
    pub claim: String,
    /// When it is written.
    #[serde(default = "follow")]
    pub mode: Mode,
    /// Whether an empty claim empties it.
    #[serde(default)]
    pub clear_when_empty: bool,
}

const fn follow() -> Mode {
    Mode::Follow
}

/// The rules of a connection, by attribute.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mapping(pub BTreeMap<Attribute, Rule>);

impl Mapping {
    /// The rules of a provider that speaks OpenID Connect: the claims are called as we call them.
    pub fn standard() -> Self {
        use Attribute::{Email, FamilyName, GivenName, Locale, Picture, Zoneinfo};
        let follows = |attribute: Attribute| {
            let rule = Rule {
                claim: attribute.as_str().to_owned(),
                mode: Mode::Follow,
                clear_when_empty: false,
            };
            (attribute, rule)
        };
        let all = [Email, GivenName, FamilyName, Picture, Zoneinfo, Locale];
        Self(all.map(follows).into())
    }
}
