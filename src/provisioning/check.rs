//! Values that several nouns have in common, as a document may write them. Pure.

use std::ops::{Range, RangeInclusive};

use toml::Spanned;

use super::error::Refusal;
use crate::clients::lifetimes;
use crate::clock::Seconds;
use crate::naming;
use crate::protocol::client::check_page_uri;

/// Reads the value of `key`; what `parse` has against it is said of where it stands.
pub(super) fn read<T, R>(
    key: &str,
    value: &Spanned<T>,
    parse: impl FnOnce(&T) -> Result<R, String>,
) -> Result<R, Refusal> {
    parse(value.get_ref()).map_err(|reason| Refusal::at(value.span(), reason).about(key))
}

/// Reads the value of a key that may be absent.
pub(super) fn read_optional<T, R>(
    key: &str,
    value: Option<&Spanned<T>>,
    parse: impl FnOnce(&T) -> Result<R, String>,
) -> Result<Option<R>, Refusal> {
    value.map(|value| read(key, value, parse)).transpose()
}

/// A name to be shown to people.
#[expect(clippy::ptr_arg, reason = "`read` gives what the document holds")]
pub(super) fn name(text: &String) -> Result<String, String> {
    naming::name(text)
}

/// A name that may not be left out of the entry at `entry`.
pub(super) fn required_name(
    written: Option<&Spanned<String>>,
    entry: Range<usize>,
) -> Result<String, Refusal> {
    let written = written.ok_or_else(|| Refusal::at(entry, "name is missing: add one"))?;
    read("name", written, name)
}

/// What something is for, in words; none are none.
pub(super) fn optional_description(written: Option<&Spanned<String>>) -> Result<String, Refusal> {
    let text = read_optional("description", written, |text| naming::description(text))?;
    Ok(text.unwrap_or_default())
}

/// A key, as tokens name a permission or a role.
#[expect(clippy::ptr_arg, reason = "`read` gives what the document holds")]
pub(super) fn key(text: &String) -> Result<String, String> {
    naming::key(text)
        .map_err(|reason| format!("{reason}; it never changes: another key names another thing"))
}

/// The names in the list of `key`, none of which may stand there twice.
pub(super) fn distinct(key: &str, written: &[Spanned<String>]) -> Result<Vec<String>, Refusal> {
    let mut names = Vec::new();
    for name in written {
        let name = read(key, name, |name| {
            if names.contains(name) {
                return Err(format!("names {name} twice: remove one"));
            }
            Ok(name.clone())
        })?;
        names.push(name);
    }
    Ok(names)
}

/// The address of a page or picture that pages of ours link to.
pub(super) fn page(text: &String) -> Result<String, String> {
    check_page_uri(text)
        .map(|()| text.clone())
        .map_err(|reason| format!("{text:?} {reason}"))
}

/// A duration within bounds.
pub(super) fn seconds(
    allowed: RangeInclusive<Seconds>,
) -> impl FnOnce(&i64) -> Result<Seconds, String> {
    move |value| lifetimes::within(allowed, *value)
}
