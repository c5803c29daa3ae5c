//! The standard claims (OpenID Connect Core 1.0 §5.1), all but `sub`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Timestamp;

/// What is known of an End-User, in the words of Core §5.1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StandardClaims {
    /// Full name, to be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// First names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// Surnames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// Middle names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// Casual name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// The name to be called by; not unique.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    /// Address of the profile page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Address of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Address of a home page or blog.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// Email address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the email address was proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// `female`, `male` or another word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// `YYYY-MM-DD`, `0000-MM-DD` or `YYYY`; see [`super::format::is_birthdate`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthdate: Option<String>,
    /// Name of a time zone; see [`super::format::is_zoneinfo`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<String>,
    /// Language tag; see [`super::format::is_locale`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Phone number, E.164 by preference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// Whether the phone number was proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number_verified: Option<bool>,
    /// Postal address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// When any of these last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
}

/// A postal address (Core §5.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// The whole address, as on a label; lines end with a newline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// Street, house number, floor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// State, province.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

impl StandardClaims {
    /// Lists the names of all standard claims but `sub`.
    pub const fn names() -> &'static [&'static str] {
        &[
            "name",
            "given_name",
            "family_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "email",
            "email_verified",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "phone_number",
            "phone_number_verified",
            "address",
            "updated_at",
        ]
    }

    /// Gives those that are known, without empty strings and empty objects (Core §5.3.2).
    pub fn to_map(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(mut claims)) => {
                remove_empty(&mut claims);
                claims
            }
            // A struct of strings, numbers and booleans always becomes an object.
            _ => Map::new(),
        }
    }
}

fn remove_empty(claims: &mut Map<String, Value>) {
    claims.retain(|_, value| match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Object(members) => {
            remove_empty(members);
            !members.is_empty()
        }
        _ => true,
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn everything() -> Value {
        json!({
            "name": "Ada Byron", "given_name": "Ada", "family_name": "Byron",
            "middle_name": "Augusta", "nickname": "Ada", "preferred_username": "ada",
            "profile": "https://a.test/ada", "picture": "https://a.test/ada.png",
            "website": "https://a.test", "email": "ada@a.test", "email_verified": true,
            "gender": "female", "birthdate": "1815-12-10", "zoneinfo": "Europe/London",
            "locale": "en-GB", "phone_number": "+44 20 7946 0000",
            "phone_number_verified": false,
            "address": {
                "formatted": "12 St James's Square\nLondon", "street_address": "12 St James's Square",
                "locality": "London", "region": "London", "postal_code": "SW1Y 4JH", "country": "UK",
            },
            "updated_at": 1_795_300_000,
        })
    }

    #[test]
    fn every_claim_of_core_5_1_is_there_under_its_name() {
        let claims: StandardClaims = serde_json::from_value(everything()).unwrap();
        assert_eq!(Value::Object(claims.to_map()), everything());
        let map = claims.to_map();
        assert_eq!(map.len(), StandardClaims::names().len());
        assert!(
            StandardClaims::names()
                .iter()
                .all(|name| map.contains_key(*name))
        );
    }

    #[test]
    fn never_an_empty_string_or_an_empty_object() {
        let claims = StandardClaims {
            name: Some("  ".into()),
            nickname: Some(String::new()),
            email_verified: Some(false),
            address: Some(Address {
                country: Some(String::new()),
                ..Address::default()
            }),
            ..StandardClaims::default()
        };
        assert_eq!(
            Value::Object(claims.to_map()),
            json!({"email_verified": false})
        );
        assert!(StandardClaims::default().to_map().is_empty());
    }
}
