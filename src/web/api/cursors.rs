//! Long lists of the newer kind: a page begins after an entry, or ends before one, which is named by its id.
//!
//! Who removes entries while they page through a list may name one that is gone. In a list that is in the order of
//! its ids, its place is known all the same. In others it is not, and to guess could leave entries out: such a
//! cursor is refused, and the list has to be begun anew.

use serde::Deserialize;
use utoipa::IntoParams;

use super::error::ApiError;
use super::paging::page_size;
use crate::directory::people::Start;

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Cursors {
    /// How many entries, 1 to 500; 10 when left out.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    page_size: Option<String>,
    /// The id of the entry after which the page begins.
    starting_after: Option<String>,
    /// The id of the entry before which the page ends. Not together with `starting_after`.
    ending_before: Option<String>,
}

/// A page that was asked for, with everything checked.
#[derive(Debug)]
pub struct Stretch<T> {
    size: usize,
    /// Where it begins or ends.
    pub start: Start<T>,
}

impl Cursors {
    /// Checks what was asked for. `parse` reads an id of the list's entries.
    pub fn check<T>(&self, parse: impl Fn(&str) -> Option<T>) -> Result<Stretch<T>, ApiError> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let entry = |name, text: &str| parse(text).ok_or_else(|| foreign(name));
        let start = match (given(&self.starting_after), given(&self.ending_before)) {
            (None, None) => Start::Beginning,
            (Some(after), None) => Start::After(entry("starting_after", &after)?),
            (None, Some(before)) => Start::Before(entry("ending_before", &before)?),
            (Some(_), Some(_)) => {
                return Err(ApiError::refused(
                    "TOO_MANY_PARAMETERS",
                    "starting_after and ending_before can't be combined: leave one out",
                ));
            }
        };
        Ok(Stretch {
            size: page_size(self.page_size.as_deref())?,
            start,
        })
    }
}

fn foreign(name: &'static str) -> ApiError {
    let why = "is the id of no entry of this list, or of one that is gone: begin without it";
    ApiError::field(name, why)
}

impl<T: PartialEq> Stretch<T> {
    /// How many rows to read: one more than the page holds shows whether another follows.
    pub fn limit(&self) -> i64 {
        i64::try_from(self.size).map_or(i64::MAX, |size| size + 1)
    }

    /// The error that the entry named is not of this list.
    pub fn foreign(&self) -> ApiError {
        foreign(match self.start {
            Start::Before(_) => "ending_before",
            Start::After(_) | Start::Beginning => "starting_after",
        })
    }

    /// Cuts the page from rows that were read from its start on: backwards, when it ends before an entry.
    /// Tells whether more follow in that direction.
    pub fn cut<R>(&self, mut rows: Vec<R>) -> (Vec<R>, bool) {
        let has_more = rows.len() > self.size;
        rows.truncate(self.size);
        if matches!(self.start, Start::Before(_)) {
            rows.reverse();
        }
        (rows, has_more)
    }

    /// The page of a list that was read whole, as short ones are, in the order of its ids.
    pub fn select_by_id<R>(&self, mut rows: Vec<R>, id: impl Fn(&R) -> &T) -> (Vec<R>, bool)
    where
        T: Ord,
    {
        rows.sort_by(|one, other| id(one).cmp(id(other)));
        match &self.start {
            Start::Beginning => {}
            Start::After(entry) => rows.retain(|row| id(row) > entry),
            Start::Before(entry) => {
                rows.retain(|row| id(row) < entry);
                rows.reverse();
            }
        }
        self.cut(rows)
    }

    /// The page of a list that was read whole, in the order in which it was read.
    pub fn select<R>(
        &self,
        mut rows: Vec<R>,
        id: impl Fn(&R) -> &T,
    ) -> Result<(Vec<R>, bool), ApiError> {
        let place = |entry: &T| rows.iter().position(|row| id(row) == entry);
        match &self.start {
            Start::Beginning => {}
            Start::After(entry) => {
                let place = place(entry).ok_or_else(|| self.foreign())?;
                rows.drain(..=place);
            }
            Start::Before(entry) => {
                let place = place(entry).ok_or_else(|| self.foreign())?;
                rows.truncate(place);
                rows.reverse();
            }
        }
        Ok(self.cut(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(size: &str, after: &str, before: &str) -> Result<Stretch<u8>, ApiError> {
        let given = |text: &str| Some(text.to_owned());
        let cursors = Cursors {
            page_size: given(size),
            starting_after: given(after),
            ending_before: given(before),
        };
        cursors.check(|text| text.parse().ok())
    }

    fn page(size: &str, after: &str, before: &str) -> Result<(Vec<u8>, bool), ApiError> {
        stretch(size, after, before)?.select(vec![1, 2, 3, 4, 5], |row| row)
    }

    #[test]
    fn a_page_lies_after_an_entry_or_before_one() {
        for (after, before, expected) in [
            ("", "", (vec![1, 2], true)),
            ("2", "", (vec![3, 4], true)),
            ("3", "", (vec![4, 5], false)),
            ("5", "", (vec![], false)),
            ("", "5", (vec![3, 4], true)),
            ("", "3", (vec![1, 2], false)),
            ("", "1", (vec![], false)),
        ] {
            assert_eq!(page("2", after, before), Ok(expected), "{after} {before}");
        }
        for (after, before) in [("9", ""), ("", "9"), ("x", ""), ("1", "2")] {
            assert!(page("2", after, before).is_err(), "{after} {before}");
        }
        assert!(page("0", "", "").is_err());
    }

    #[test]
    fn in_the_order_of_ids_the_place_of_an_entry_that_is_gone_is_known() {
        for (after, before, expected) in [
            ("", "", (vec![10, 20], true)),
            ("20", "", (vec![30, 40], false)),
            ("15", "", (vec![20, 30], true)),
            ("50", "", (vec![], false)),
            ("", "40", (vec![20, 30], true)),
            ("", "25", (vec![10, 20], false)),
            ("", "5", (vec![], false)),
        ] {
            let page = stretch("2", after, before).map(|stretch| {
                let rows = vec![30, 10, 40, 20];
                stretch.select_by_id(rows, |row| row)
            });
            assert_eq!(page, Ok(expected), "{after} {before}");
        }
    }
}
