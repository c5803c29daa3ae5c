//! Which value of a flag holds, and what a value may be. Pure.

use crate::store::feature_flags::{FeatureFlag, FlagKind, FlagValue, OverrideLevel};

/// The longest text that is a value of a flag: it travels in every token. Characters.
pub const LONGEST_VALUE: usize = 2000;

/// The largest whole number that every reader of JSON has (RFC 8259 §6), and its negative the smallest.
const LARGEST_NUMBER: i64 = (1 << 53) - 1;

/// The value that holds: the user's, else the organization's, else the environment's, else the default, of those
/// that the flag allows.
///
/// A value that is not of the flag's kind does not count, nor one at a level that the flag no longer allows.
pub fn effective<'a>(
    flag: &'a FeatureFlag,
    organization: Option<&'a FlagValue>,
    user: Option<&'a FlagValue>,
) -> &'a FlagValue {
    let environment = flag.environment_value.as_ref().map(|value| &value.0);
    [
        (OverrideLevel::User, user),
        (OverrideLevel::Organization, organization),
        (OverrideLevel::Environment, environment),
    ]
    .into_iter()
    .filter(|(level, _)| *level <= flag.override_level.0)
    .filter_map(|(_, value)| value)
    .find(|value| value.kind() == flag.kind.0)
    .unwrap_or(&flag.default_value.0)
}

/// The value of that kind that `text` spells.
///
/// # Errors
///
/// What it must be.
pub fn parse_value(kind: FlagKind, text: &str) -> Result<FlagValue, String> {
    let value = match kind {
        FlagKind::Bool => text.parse().ok().map(FlagValue::Bool),
        FlagKind::Int => text.parse().ok().map(FlagValue::Int),
        FlagKind::Str => Some(FlagValue::Str(text.to_owned())),
    };
    value.map_or_else(|| Err(must_be(kind)), |value| check_value(kind, value))
}

/// The value, if it is one of that kind.
///
/// # Errors
///
/// What it must be.
pub fn check_value(kind: FlagKind, value: FlagValue) -> Result<FlagValue, String> {
    let is_possible = match &value {
        FlagValue::Bool(_) => true,
        FlagValue::Int(number) => (-LARGEST_NUMBER..=LARGEST_NUMBER).contains(number),
        FlagValue::Str(text) => text.chars().count() <= LONGEST_VALUE && !text.contains('\0'),
    };
    if is_possible && value.kind() == kind {
        return Ok(value);
    }
    Err(must_be(kind))
}

fn must_be(kind: FlagKind) -> String {
    match kind {
        FlagKind::Bool => "must be true or false, as the flag is of type bool".to_owned(),
        FlagKind::Int => format!(
            "must be a whole number between -{LARGEST_NUMBER} and {LARGEST_NUMBER}, as the flag is of type int"
        ),
        FlagKind::Str => {
            format!(
                "must be a text of at most {LONGEST_VALUE} characters, as the flag is of type str"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::id::FeatureFlagId;
    use crate::store::types::{Json, Text};

    fn text(value: &str) -> FlagValue {
        FlagValue::Str(value.to_owned())
    }

    #[test]
    fn the_most_specific_value_that_is_allowed_holds() {
        use OverrideLevel::{Environment, Organization, User};
        let now = Timestamp::from_unix(0);
        // level, environment, organization, user, what holds
        for (level, environment, organization, user, expected) in [
            (User, None, None, None, "default"),
            (User, Some("env"), None, None, "env"),
            (User, Some("env"), Some("org"), None, "org"),
            (User, Some("env"), Some("org"), Some("usr"), "usr"),
            (User, None, None, Some("usr"), "usr"),
            (Organization, Some("env"), Some("org"), Some("usr"), "org"),
            (Organization, Some("env"), None, Some("usr"), "env"),
            (Organization, None, None, Some("usr"), "default"),
            (Environment, Some("env"), Some("org"), Some("usr"), "env"),
            (Environment, None, Some("org"), Some("usr"), "default"),
        ] {
            let flag = FeatureFlag {
                id: FeatureFlagId::generate(&mut rand::rng()),
                key: "theme".to_owned(),
                name: "Theme".to_owned(),
                description: String::new(),
                kind: Text(FlagKind::Str),
                override_level: Text(level),
                default_value: Json(text("default")),
                environment_value: environment.map(|value| Json(text(value))),
                created_at: now,
                updated_at: now,
            };
            let (organization, user) = (organization.map(text), user.map(text));
            let holds = effective(&flag, organization.as_ref(), user.as_ref());
            assert_eq!(holds, &text(expected), "{level} {environment:?}");
            // One of another kind is as good as none.
            let other = Some(&FlagValue::Bool(true));
            let without_user = effective(&flag, organization.as_ref(), None);
            assert_eq!(effective(&flag, organization.as_ref(), other), without_user);
        }
    }

    #[test]
    fn a_value_is_of_the_kind_of_its_flag() {
        use FlagKind::{Bool, Int, Str};
        let long = "a".repeat(LONGEST_VALUE + 1);
        for (kind, written, expected) in [
            (Bool, "true", Some(FlagValue::Bool(true))),
            (Bool, "false", Some(FlagValue::Bool(false))),
            (Bool, "1", None),
            (Bool, "", None),
            (Int, "-7", Some(FlagValue::Int(-7))),
            (
                Int,
                "9007199254740991",
                Some(FlagValue::Int(LARGEST_NUMBER)),
            ),
            (Int, "9007199254740992", None),
            (Int, "1.5", None),
            (Int, "ten", None),
            (Str, "", Some(text(""))),
            (Str, "true", Some(text("true"))),
            (Str, &long, None),
        ] {
            assert_eq!(
                parse_value(kind, written).ok(),
                expected,
                "{kind} {written}"
            );
        }
        assert!(check_value(Str, FlagValue::Int(1)).is_err());
        assert!(check_value(Int, FlagValue::Int(i64::MIN)).is_err());
    }
}
