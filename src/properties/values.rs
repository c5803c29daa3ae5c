//! What is known of one user, organization or application.

use std::collections::BTreeMap;

use rand::CryptoRng;
use serde_json::json;

use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::store::properties::{Context, Property, PropertyKind};
use crate::store::property_values::{self, Holder};
use crate::store::{Tx, properties};

/// The longest value. Characters.
pub const LONGEST_VALUE: usize = 2000;

/// New values by key; none takes the value away.
pub type Values = BTreeMap<String, Option<String>>;

/// Why no value was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    /// The value is none of the property's.
    #[error("the value of {key} {reason}")]
    Malformed {
        /// The key of the property.
        key: String,
        /// What a value must be.
        reason: String,
    },
    /// There is no such property of this kind of thing.
    #[error("there is no property of the key {key} in the context {context}")]
    Unknown {
        /// The key.
        key: String,
        /// The context in which it was looked for.
        context: Context,
    },
}

/// Changes these values of `holder`, which must exist, and leaves others as they are: all of them, or none.
///
/// The audit log tells which of a user's values changed, and not what they say: that is theirs, not the log's.
pub async fn change(
    tx: &mut Tx,
    actor: Actor<'_>,
    holder: Holder<'_>,
    values: &Values,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Result<(), BadValue>> {
    let defined = properties::list(tx).await?;
    let changes = match read(&defined, holder.context(), values) {
        Ok(changes) => changes,
        Err(refused) => return Ok(Err(refused)),
    };
    let before = property_values::list(tx, holder).await?;
    let (mut was, mut is) = (BTreeMap::new(), BTreeMap::new());
    for (property, value) in changes {
        let present = before.get(&property.id).map(String::as_str);
        if present == value {
            continue;
        }
        match value {
            Some(value) => property_values::set(tx, holder, property, value).await?,
            None => property_values::remove(tx, holder, property).await?,
        }
        was.insert(&property.key, present);
        is.insert(&property.key, value);
    }
    if is.is_empty() {
        return Ok(Ok(()));
    }
    let (action, details) = match holder {
        Holder::User(_) => {
            let keys: Vec<_> = is.keys().collect();
            ("user.properties_changed", json!({ "properties": keys }))
        }
        Holder::Application(_) => (
            "application.properties_changed",
            json!({ "before": was, "after": is }),
        ),
        Holder::Organization(_) => (
            "organization.properties_changed",
            json!({ "before": was, "after": is }),
        ),
    };
    audit::record(tx, actor, action, holder.as_str(), details, now, rng).await?;
    Ok(Ok(()))
}

/// What is publicly known of `holders`, by key, of those properties that `is_wanted` names.
///
/// A holder is asked for only when a property of its kind is wanted.
pub async fn list_public(
    tx: &mut Tx,
    defined: &[Property],
    holders: &[Holder<'_>],
    is_wanted: impl Fn(&Property) -> bool,
) -> sqlx::Result<Vec<(Property, String)>> {
    let wanted: Vec<&Property> = defined
        .iter()
        .filter(|property| !property.is_private && is_wanted(property))
        .collect();
    let mut known = Vec::new();
    for holder in holders {
        let context = holder.context();
        if !wanted.iter().any(|property| property.context.0 == context) {
            continue;
        }
        let mut values = property_values::list(tx, *holder).await?;
        let of_holder = wanted.iter().filter_map(|property| {
            let value = values.remove(&property.id)?;
            Some(((*property).clone(), value))
        });
        known.extend(of_holder);
    }
    known.sort_by(|(one, _), (other, _)| one.key.cmp(&other.key));
    Ok(known)
}

/// The properties that are to change, each with its new value. Pure.
fn read<'a>(
    defined: &'a [Property],
    context: Context,
    values: &'a Values,
) -> Result<Vec<(&'a Property, Option<&'a str>)>, BadValue> {
    let mut changes = Vec::new();
    for (key, value) in values {
        let mut known = defined.iter();
        let property = known
            .find(|property| property.key == *key && property.context.0 == context)
            .ok_or_else(|| BadValue::Unknown {
                key: key.clone(),
                context,
            })?;
        if let Some(value) = value {
            check(property, value).map_err(|reason| BadValue::Malformed {
                key: key.clone(),
                reason,
            })?;
        }
        changes.push((property, value.as_deref()));
    }
    Ok(changes)
}

/// Whether a text is a value of the property. Pure.
fn check(property: &Property, value: &str) -> Result<(), String> {
    let is_forbidden = |character: char| {
        let is_break = matches!(character, '\n' | '\r' | '\t');
        character.is_control() && !(is_break && property.kind.0 == PropertyKind::MultiLineText)
    };
    if value.chars().count() > LONGEST_VALUE || value.contains(is_forbidden) {
        return Err(match property.kind.0 {
            PropertyKind::MultiLineText => {
                format!(
                    "must have at most {LONGEST_VALUE} characters, none of them a control character"
                )
            }
            PropertyKind::SingleLineText => {
                format!("must have at most {LONGEST_VALUE} characters and no line break")
            }
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{PropertyCategoryId, PropertyId};
    use crate::store::types::Text;

    #[test]
    fn a_value_is_a_text_of_the_propertys_form() {
        let now = Timestamp::from_unix(0);
        let property = |kind| Property {
            id: PropertyId::generate(&mut rand::rng()),
            key: "note".to_owned(),
            name: "Note".to_owned(),
            description: String::new(),
            kind: Text(kind),
            context: Text(Context::User),
            is_private: false,
            category_id: PropertyCategoryId::generate(&mut rand::rng()),
            created_at: now,
            updated_at: now,
        };
        let line = property(PropertyKind::SingleLineText);
        let lines = property(PropertyKind::MultiLineText);
        // value, one line, several lines
        for (value, in_line, in_lines) in [
            ("", true, true),
            ("blue", true, true),
            (&"ü".repeat(LONGEST_VALUE), true, true),
            (&"a".repeat(LONGEST_VALUE + 1), false, false),
            ("one\ntwo", false, true),
            ("one\ttwo", false, true),
            ("\u{7}", false, false),
            ("\0", false, false),
        ] {
            assert_eq!(check(&line, value).is_ok(), in_line, "{value:.9?}");
            assert_eq!(check(&lines, value).is_ok(), in_lines, "{value:.9?}");
        }
    }
}
