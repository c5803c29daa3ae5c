//! Lists page by page, as this API writes them.

use axum::Json;
use serde::{Deserialize, Serialize};

/// How many entries a page has.
const PAGE_SIZE: usize = 100;

/// Where a page begins.
#[derive(Debug, Deserialize)]
pub struct From {
    /// The id of the last entry of the page before.
    starting_after: Option<String>,
}

/// One page.
#[derive(Debug)]
pub struct Page<T> {
    entries: Vec<T>,
    next: Option<String>,
}

/// A page with what is said about it.
#[derive(Debug, Serialize)]
pub struct Envelope<T> {
    data: T,
    metadata: Metadata,
}

#[derive(Debug, Serialize)]
struct Metadata {
    has_more: bool,
    /// Empty on the last page.
    next_page_starting_after: String,
}

impl From {
    /// The page of a list, in the order of ids: it stays right whatever comes or goes between two requests.
    pub fn page<T>(&self, mut entries: Vec<T>, id: impl Fn(&T) -> &str) -> Page<T> {
        entries.sort_by(|one, other| id(one).cmp(id(other)));
        let after = self.starting_after.as_deref().unwrap_or_default();
        entries.retain(|entry| id(entry) > after);
        let has_more = entries.len() > PAGE_SIZE;
        entries.truncate(PAGE_SIZE);
        let last = entries.last().filter(|_| has_more);
        Page {
            next: last.map(|entry| id(entry).to_owned()),
            entries,
        }
    }
}

impl<T> Page<T> {
    /// The page in its envelope, as the list in `data`.
    pub fn enveloped<D>(self, data: impl FnOnce(Vec<T>) -> D) -> Json<Envelope<D>> {
        Json(Envelope {
            data: data(self.entries),
            metadata: Metadata {
                has_more: self.next.is_some(),
                next_page_starting_after: self.next.unwrap_or_default(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_each_entry_once() {
        let all: Vec<String> = (0..250)
            .rev()
            .map(|number| format!("{number:03}"))
            .collect();
        let (mut seen, mut from, mut pages) = (
            Vec::new(),
            From {
                starting_after: None,
            },
            0,
        );
        loop {
            let page = from.page(all.clone(), |entry| entry);
            seen.extend(page.entries);
            pages += 1;
            from.starting_after = page.next;
            if from.starting_after.is_none() {
                break;
            }
        }
        let expected: Vec<String> = all.into_iter().rev().collect();
        assert_eq!((seen, pages), (expected, 3));
    }
}
