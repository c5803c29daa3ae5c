//! Identities, attributes and what sign-ins changed, in words.

use time::OffsetDateTime;
use time::macros::format_description;

use crate::clock::Timestamp;
use crate::directory::identities::Way;
use crate::directory::own::Line;
use crate::directory::reconcile::Why;
use crate::directory::upstream::Synced;
use crate::federation::mapping::Attribute;
use crate::store::attribute_sources::Source;
use crate::store::identities::IdentityKind;
use crate::web::api::identities::upstream_name;
use crate::web::page::{Message, Shell};

/// An instant, to the minute. Everybody reads this form, in any language.
pub(super) fn instant(at: Timestamp) -> String {
    let form = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    let instant = OffsetDateTime::from_unix_timestamp(at.as_i64()).ok();
    let text = instant.and_then(|instant| instant.format(form).ok());
    text.unwrap_or_default()
}

/// A way to sign in, as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    pub id: String,
    /// The address, number or name.
    pub name: String,
    /// Of what kind it is, or through which connection.
    pub kind: String,
    /// What is special about it.
    pub state: Option<String>,
    /// How often it was used, and when last.
    pub used: String,
}

/// Shows a way to sign in. `tells_primary` is whether others of its kind could be shown to applications in its place.
pub(super) fn way(shell: &Shell, way: &Way, tells_primary: bool) -> Shown {
    let (name, kind, state, sign_ins, last) = match way {
        Way::Here(identity) => {
            let kind = match identity.kind.0 {
                IdentityKind::Email => "email",
                IdentityKind::Phone => "phone",
                IdentityKind::Username => "username",
            };
            let state = if identity.set_aside_at.is_some() {
                Some("identity-set-aside")
            } else if identity.verified_at.is_none() {
                Some("identity-unproven")
            } else {
                (identity.is_primary && tells_primary).then_some("identity-primary")
            };
            let (sign_ins, last) = (identity.sign_ins, identity.last_sign_in_at);
            (identity.value.clone(), shell.t(kind), state, sign_ins, last)
        }
        Way::Upstream(listed) => {
            let identity = &listed.identity;
            let state = if !listed.connection_is_enabled {
                Some("identity-switched-off")
            } else if identity.subject.is_none() {
                Some("identity-waiting")
            } else {
                None
            };
            let kind = listed.connection_name.clone();
            let (sign_ins, last) = (identity.sign_ins, identity.last_sign_in_at);
            (upstream_name(identity), kind, state, sign_ins, last)
        }
    };
    Shown {
        id: way.id().to_string(),
        name,
        kind,
        state: state.map(|key| shell.t(key)),
        used: used(shell, sign_ins, last),
    }
}

fn used(shell: &Shell, sign_ins: i64, last: Option<Timestamp>) -> String {
    let Some(last) = last.filter(|_| sign_ins > 0) else {
        return shell.t("identity-unused");
    };
    let key = if sign_ins == 1 {
        "identity-used-once"
    } else {
        "identity-used"
    };
    shell.with(
        key,
        &[("count", sign_ins.to_string()), ("last", instant(last))],
    )
}

/// Why an upstream identity is theirs.
pub(super) fn evidence(way: &Way) -> Option<Message> {
    let Way::Upstream(listed) = way else {
        return None;
    };
    listed.identity.subject.as_ref()?;
    let key = match listed.identity.evidence.0.rule.as_str() {
        "asked" => "evidence-asked",
        "new" => "evidence-new",
        "verified_email" => "evidence-verified-email",
        "waiting" => "evidence-waiting",
        _ => return None,
    };
    Some(Message::new(key))
}

/// What an attribute is called.
pub(super) fn attribute(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::Birthdate => "attribute-birthdate",
        Attribute::Email => "email",
        Attribute::FamilyName => "last-name",
        Attribute::Gender => "attribute-gender",
        Attribute::GivenName => "first-name",
        Attribute::Locale => "attribute-locale",
        Attribute::MiddleName => "attribute-middle-name",
        Attribute::Nickname => "attribute-nickname",
        Attribute::Picture => "attribute-picture",
        Attribute::PreferredUsername => "attribute-preferred-username",
        Attribute::Profile => "attribute-profile",
        Attribute::Website => "attribute-website",
        Attribute::Zoneinfo => "attribute-zoneinfo",
    }
}

/// Where an attribute comes from, and whether its user can change it. `from` is the name of the connection that wrote
/// it, if there still is one.
pub(super) fn origin(line: &Line, from: Option<&str>, brand: &str) -> Option<Message> {
    if let Some(keeper) = &line.keeper {
        let places = vec![("connection", keeper.display_name.clone())];
        return Some(Message::with("attribute-kept", places));
    }
    let source = line.source.as_ref()?;
    Some(match (source.source.0, from) {
        (Source::Connection, Some(from)) => {
            let places = vec![("connection", from.to_owned())];
            Message::with("attribute-from-connection", places)
        }
        (Source::Connection, None) => Message::new("attribute-from-former"),
        (Source::User, _) => Message::new("attribute-from-user"),
        (Source::Administrator | Source::Api | Source::Import, _) => {
            let places = vec![("brand", brand.to_owned())];
            Message::with("attribute-from-business", places)
        }
    })
}

/// What a sign-in changed of the profile, and what it did not and why, each in a sentence. Nothing is said of what nobody
/// expects to change. `from` is the name of the connection.
pub(super) fn synced(shell: &Shell, synced: &Synced, from: &str) -> Vec<String> {
    let none = shell.t("attribute-empty");
    let written = synced.changes.iter().map(|change| {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| none.clone());
        let key = if change.before == change.after {
            "synced-proven"
        } else {
            "synced-change"
        };
        shell.with(
            key,
            &[
                ("attribute", shell.t(attribute(change.attribute))),
                ("before", text(&change.before)),
                ("after", text(&change.after)),
                ("connection", from.to_owned()),
            ],
        )
    });
    let kept = synced.kept.iter().filter_map(|kept| {
        let key = match kept.why {
            Why::Edited => "kept-edited",
            Why::Filled => "kept-filled",
            Why::Malformed => "kept-malformed",
            Why::Taken => "kept-taken",
            Why::Absent | Why::Empty | Why::ImportOnly | Why::Never | Why::Same | Why::SyncOff => {
                return None;
            }
        };
        let name = shell.t(attribute(kept.attribute));
        let places = [("attribute", name), ("connection", from.to_owned())];
        Some(shell.with(key, &places))
    });
    let mut sentences: Vec<String> = written.chain(kept).collect();
    if synced.kept.iter().any(|kept| kept.why == Why::SyncOff) {
        sentences.push(shell.t("kept-sync-off"));
    }
    let more = [
        (synced.joined.is_some(), "synced-joined"),
        (!synced.granted.is_empty(), "synced-granted"),
        (!synced.withdrawn.is_empty(), "synced-withdrawn"),
    ];
    let more = more.into_iter().filter(|(happened, _)| *happened);
    sentences.extend(more.map(|(_, key)| shell.with(key, &[("connection", from.to_owned())])));
    sentences
}
