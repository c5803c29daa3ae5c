//! What applying a document changes: compared as fields of text, shown to people. Pure.

use std::fmt::{self, Display};

use serde::Serialize;
use serde_json::{Value, json};

use crate::words::words;

words! {
    /// What something in a document is.
    pub enum Noun {
        /// A registered API.
        Api = "api",
        /// A client.
        Application = "application",
        /// A provider elsewhere.
        Connection = "connection",
        /// The business itself, of which there is one.
        Environment = "environment",
        /// A feature flag.
        FeatureFlag = "feature_flag",
        /// An organization.
        Organization = "organization",
        /// A permission.
        Permission = "permission",
        /// The policies of the business, of which there is one set.
        Policies = "policies",
        /// A property.
        Property = "property",
        /// A role.
        Role = "role",
        /// A user.
        User = "user",
    }
}

words! {
    /// What was done to it.
    pub enum Action {
        /// It was not there.
        Created = "created",
        /// It is gone.
        Removed = "removed",
        /// It already was as the document says.
        Unchanged = "unchanged",
        /// Some of its fields differed.
        Updated = "updated",
    }
}

/// What applying a document changed, or would change, about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it is.
    pub noun: Noun,
    /// What people call it.
    pub name: String,
    /// What was done to it.
    pub action: Action,
    /// Which of its fields changed.
    pub fields: Vec<FieldChange>,
}

/// A field that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// Its key in the document.
    pub field: &'static str,
    /// What changed about it.
    #[serde(flatten)]
    pub values: Values,
}

/// What changed about a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Values {
    /// From one value to another.
    Shown {
        /// What it was, if anything.
        before: Option<String>,
        /// What it is, if anything.
        after: Option<String>,
    },
    /// It changed, and from what to what is not told.
    Secret,
}

/// The fields of a thing, as text.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(&'static str, Option<String>)>);

impl Fields {
    /// Adds a field that always has a value.
    pub(super) fn with(mut self, field: &'static str, value: impl Display) -> Self {
        self.0.push((field, Some(value.to_string())));
        self
    }

    /// Adds a field that may have none.
    pub(super) fn with_optional(
        mut self,
        field: &'static str,
        value: Option<impl Display>,
    ) -> Self {
        self.0.push((field, value.map(|value| value.to_string())));
        self
    }

    /// Adds a field whose value is a set, in which order means nothing.
    pub(super) fn with_set(
        mut self,
        field: &'static str,
        values: impl IntoIterator<Item = impl Display>,
    ) -> Self {
        let mut values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
        values.sort_unstable();
        self.0
            .push((field, (!values.is_empty()).then(|| values.join(" "))));
        self
    }
}

impl Change {
    /// Compares what is there with what shall be there. Both name the same fields.
    pub(super) fn between(
        noun: Noun,
        name: impl Into<String>,
        before: Option<&Fields>,
        after: &Fields,
    ) -> Self {
        let former = |field| {
            before
                .and_then(|before| before.0.iter().find(|(known, _)| *known == field))
                .and_then(|(_, value)| value.clone())
        };
        let fields: Vec<FieldChange> = after
            .0
            .iter()
            .map(|(field, after)| (*field, former(*field), after.clone()))
            .filter(|(_, before, after)| before != after)
            .map(|(field, before, after)| FieldChange {
                field,
                values: Values::Shown { before, after },
            })
            .collect();
        let action = match before {
            None => Action::Created,
            Some(_) if fields.is_empty() => Action::Unchanged,
            Some(_) => Action::Updated,
        };
        Self {
            noun,
            name: name.into(),
            action,
            fields,
        }
    }

    /// Something that goes, or that was not there to go.
    pub(super) fn removal(noun: Noun, name: impl Into<String>, is_there: bool) -> Self {
        Self {
            noun,
            name: name.into(),
            action: if is_there {
                Action::Removed
            } else {
                Action::Unchanged
            },
            fields: Vec::new(),
        }
    }

    /// Adds that a field changed whose values are not told.
    pub(super) fn note_secret(&mut self, field: &'static str) {
        let values = Values::Secret;
        self.add([FieldChange { field, values }]);
    }

    /// Adds what changed about further fields.
    pub(super) fn add(&mut self, fields: impl IntoIterator<Item = FieldChange>) {
        let known = self.fields.len();
        self.fields.extend(fields);
        if self.action == Action::Unchanged && self.fields.len() > known {
            self.action = Action::Updated;
        }
    }

    /// Whether there is nothing to do.
    pub fn is_unchanged(&self) -> bool {
        self.action == Action::Unchanged
    }

    /// The name of the audit event that tells of it.
    pub(super) fn event(&self) -> String {
        format!("{}.{}", self.noun, self.action)
    }

    /// The details of that event.
    pub(super) fn details(&self) -> Value {
        match self.noun {
            // What a person is called and where they live is theirs, not the log's.
            Noun::User => {
                let names: Vec<&str> = self.fields.iter().map(|change| change.field).collect();
                json!({ "fields": names })
            }
            Noun::Api
            | Noun::Application
            | Noun::Connection
            | Noun::Environment
            | Noun::FeatureFlag
            | Noun::Organization
            | Noun::Permission
            | Noun::Policies
            | Noun::Property
            | Noun::Role => {
                json!({ "name": self.name, "fields": self.fields })
            }
        }
    }
}

impl Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.action {
            Action::Created => '+',
            Action::Removed => '-',
            Action::Unchanged => ' ',
            Action::Updated => '~',
        };
        write!(formatter, "{mark} {}", Subject(self.noun, &self.name))?;
        self.fields
            .iter()
            .try_for_each(|change| write!(formatter, "\n    {change}"))
    }
}

impl Display for FieldChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.field)?;
        match &self.values {
            Values::Secret => formatter.write_str("changed"),
            Values::Shown { before, after } => {
                if let Some(before) = before {
                    write!(formatter, "{before} -> ")?;
                }
                formatter.write_str(after.as_deref().unwrap_or("(none)"))
            }
        }
    }
}

/// A thing as messages name it: `application "Shop"`.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a>(pub(super) Noun, pub(super) &'a str);

impl Display for Subject<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Noun::Policies => formatter.write_str("policies"),
            noun => write!(formatter, "{noun} \"{}\"", self.1),
        }
    }
}

/// Everything that applying a document changed, or would change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Changes(pub Vec<Change>);

impl Changes {
    /// Whether the database already said what the document says.
    pub fn is_unchanged(&self) -> bool {
        self.0.iter().all(Change::is_unchanged)
    }

    fn count(&self, action: Action) -> usize {
        let alike = |change: &&Change| change.action == action;
        self.0.iter().filter(alike).count()
    }
}

/// What changes, one after the other, and how much that is; lines.
impl Display for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in self.0.iter().filter(|change| !change.is_unchanged()) {
            writeln!(formatter, "{change}")?;
        }
        let counts: Vec<String> = Action::ALL
            .iter()
            .map(|action| (self.count(*action), action))
            .filter(|(count, _)| *count > 0)
            .map(|(count, action)| format!("{count} {action}"))
            .collect();
        match counts.as_slice() {
            [] => writeln!(formatter, "the document is empty"),
            counts => writeln!(formatter, "{}", counts.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(name: &str, login_uri: Option<&str>, scopes: &[&str]) -> Fields {
        Fields::default()
            .with("name", name)
            .with_optional("login_uri", login_uri)
            .with_set("scopes", scopes)
    }

    #[test]
    fn a_change_is_told_field_by_field() {
        let before = fields("Shop", None, &["openid", "email"]);
        let after = fields("The shop", Some("https://shop.test"), &["email", "openid"]);
        let mut updated = Change::between(Noun::Application, "The shop", Some(&before), &after);
        updated.note_secret("secrets");
        let created = Change::between(Noun::Api, "Orders", None, &fields("Orders", None, &[]));
        let same = Change::between(Noun::Application, "Shop", Some(&before), &before);
        let removed = Change::removal(Noun::Application, "Old", true);
        let text = Changes(vec![updated, created, same, removed]).to_string();
        insta::assert_snapshot!(text, @r#"
        ~ application "The shop"
            name: Shop -> The shop
            login_uri: https://shop.test
            secrets: changed
        + api "Orders"
            name: Orders
        - application "Old"
        1 created, 1 removed, 1 unchanged, 1 updated
        "#);
    }

    #[test]
    fn what_is_alike_is_unchanged_and_says_nothing() {
        let fields = fields("Shop", None, &[]);
        let changes = Changes(vec![Change::between(
            Noun::Application,
            "Shop",
            Some(&fields),
            &fields,
        )]);
        assert!(changes.is_unchanged());
        assert_eq!(changes.to_string(), "1 unchanged\n");
    }

    #[test]
    fn the_audit_log_tells_of_users_only_which_fields_changed() {
        let change = Change::between(
            Noun::User,
            "ada@example.test",
            None,
            &Fields::default().with("family_name", "Byron"),
        );
        assert_eq!(change.event(), "user.created");
        assert!(!change.details().to_string().contains("Byron"));
    }
}
