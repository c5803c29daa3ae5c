//! Long lists, page by page.
//!
//! A cursor says after which entry a page begins, by the values that the list is sorted by. It is opaque
//! to clients and no secret; pages stay right whatever is added or removed between them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::error::ApiError;
use crate::clock::Timestamp;

const DEFAULT_PAGE_SIZE: usize = 10;
const LARGEST_PAGE_SIZE: usize = 500;

/// Sorts after every text that is ever stored.
const LAST_TEXT: &str = "\u{10ffff}";

/// What is said of a cursor that leads nowhere.
const NO_CURSOR: &str = "is no cursor of this list: begin without it";

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// How many entries, 1 to 500; 10 when left out.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    page_size: Option<String>,
    /// The `next_token` of the page before.
    next_token: Option<String>,
    /// By what the list is sorted, such as `name_asc`; each list says what it knows.
    sort: Option<String>,
}

/// How a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// By what, e.g. `name`.
    pub by: &'static str,
    /// Whether from the end to the beginning.
    pub descends: bool,
}

/// A page that was asked for, with everything checked.
#[derive(Debug)]
pub struct Wanted {
    /// How many entries.
    pub size: usize,
    /// In which order.
    pub sort: Sort,
    /// After which entry; a page never holds the entry itself.
    pub after: Position,
}

/// A place in a sorted list: the value that it is sorted by, then the id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position(pub String, pub String);

impl Position {
    fn before_all(sort: Sort) -> Self {
        let edge = if sort.descends { LAST_TEXT } else { "" };
        Self(edge.to_owned(), edge.to_owned())
    }

    /// The place of what happened then, in a list that is sorted by time.
    pub fn at(occurred_at: Timestamp, id: &str) -> Self {
        Self(occurred_at.as_i64().to_string(), id.to_owned())
    }

    /// The cursor to this place.
    pub fn to_token(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        BASE64_URL_SAFE_NO_PAD.encode(text)
    }

    /// The place that a cursor leads to. `name` is the parameter's.
    pub fn parse(name: &'static str, token: &str) -> Result<Self, ApiError> {
        let text = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
        text.and_then(|text| serde_json::from_slice(&text).ok())
            .filter(|Self(value, id)| !value.contains('\0') && !id.contains('\0'))
            .ok_or_else(|| ApiError::field(name, NO_CURSOR))
    }
}

impl Paging {
    /// Checks what was asked for. `sorts` are the words that the list knows, the usual one first.
    pub fn check(&self, sorts: &[&'static str]) -> Result<Wanted, ApiError> {
        let sort = match self.sort.as_deref().filter(|sort| !sort.is_empty()) {
            None => sorts.first().copied(),
            Some(asked) => sorts.iter().copied().find(|known| *known == asked),
        };
        let sort = sort
            .and_then(|word| word.rsplit_once('_'))
            .map(|(by, direction)| Sort {
                by,
                descends: direction == "desc",
            })
            .ok_or_else(|| ApiError::field("sort", format!("is one of {}", sorts.join(", "))))?;
        let after = match self.next_token.as_deref().filter(|token| !token.is_empty()) {
            Some(token) => Position::parse("next_token", token)?,
            None => Position::before_all(sort),
        };
        Ok(Wanted {
            size: page_size(self.page_size.as_deref())?,
            sort,
            after,
        })
    }
}

/// How many entries a page may have.
pub fn page_size(asked: Option<&str>) -> Result<usize, ApiError> {
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        return Ok(DEFAULT_PAGE_SIZE);
    };
    match asked.parse() {
        Ok(size @ 1..=LARGEST_PAGE_SIZE) => Ok(size),
        Ok(size) if size > LARGEST_PAGE_SIZE => Err(ApiError::refused(
            "PAGE_SIZE_LIMIT_EXCEEDED",
            format!("page_size is at most {LARGEST_PAGE_SIZE}"),
        )),
        _ => Err(ApiError::field("page_size", "is a number, 1 or more")),
    }
}

impl Wanted {
    /// How many rows to read: one more than the page holds shows whether another follows.
    pub fn limit(&self) -> i64 {
        i64::try_from(self.size).map_or(i64::MAX, |size| size + 1)
    }

    /// Where a list begins that is sorted by an instant, youngest first, then by id.
    pub fn before(&self, name: &'static str) -> Result<(Timestamp, &str), ApiError> {
        let Position(instant, id) = &self.after;
        if *instant == LAST_TEXT {
            return Ok((Timestamp::from_unix(i64::MAX), LAST_TEXT));
        }
        let instant = instant
            .parse()
            .map_err(|_| ApiError::field(name, NO_CURSOR))?;
        Ok((Timestamp::from_unix(instant), id))
    }

    /// Cuts the page from rows that were read in order, and gives the cursor to the next one.
    pub fn cut<T>(
        &self,
        mut rows: Vec<T>,
        position: impl Fn(&T) -> Position,
    ) -> (Vec<T>, Option<String>) {
        let has_more = rows.len() > self.size;
        rows.truncate(self.size);
        let next = rows.last().filter(|_| has_more);
        let token = next.map(|last| position(last).to_token());
        (rows, token)
    }

    /// The page of a list that was read whole, as short ones are.
    pub fn select<T>(
        &self,
        rows: impl IntoIterator<Item = T>,
        position: impl Fn(&T) -> Position,
    ) -> (Vec<T>, Option<String>) {
        let is_ahead = |row: &T| {
            if self.sort.descends {
                position(row) < self.after
            } else {
                position(row) > self.after
            }
        };
        let mut rows: Vec<T> = rows.into_iter().filter(is_ahead).collect();
        rows.sort_by_cached_key(&position);
        if self.sort.descends {
            rows.reverse();
        }
        self.cut(rows, position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(size: &str, token: Option<String>, sort: &str) -> Paging {
        Paging {
            page_size: Some(size.to_owned()),
            next_token: token,
            sort: Some(sort.to_owned()),
        }
    }

    #[test]
    fn pages_show_each_entry_once_in_either_direction() {
        let entries = ["e", "b", "d", "a", "c"];
        for (sort, expected) in [("name_asc", "abcde"), ("name_desc", "edcba")] {
            let (mut seen, mut token) = (String::new(), None);
            loop {
                let wanted = paging("2", token, sort).check(&["name_asc", "name_desc"]);
                let wanted = wanted.unwrap();
                let position = |entry: &&str| Position((*entry).into(), "id".into());
                let (page, next) = wanted.select(entries, position);
                seen.extend(page);
                token = next;
                if token.is_none() {
                    break;
                }
            }
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn what_no_list_has_is_refused() {
        let sorts = ["name_asc"];
        for (size, token, sort) in [
            ("0", None, "name_asc"),
            ("501", None, "name_asc"),
            ("-1", None, "name_asc"),
            ("ten", None, "name_asc"),
            ("10", Some("not a cursor"), "name_asc"),
            ("10", Some("e30"), "name_asc"),
            ("10", None, "color_asc"),
        ] {
            let paging = paging(size, token.map(str::to_owned), sort);
            assert!(paging.check(&sorts).is_err(), "{size} {token:?} {sort}");
        }
        assert_eq!(Paging::default().check(&sorts).unwrap().size, 10);
    }
}
