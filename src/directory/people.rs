//! Finds users: page by page, by filters, and by what somebody types. However many users there are, each step
//! reads a range of an index.

use std::collections::{BTreeSet, HashSet};

use super::identifier;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::store::identities::IdentityKind;
use crate::store::user_words::Beginnings;
use crate::store::{Tx, identities, memberships, upstream_identities, users};

/// How many users are looked at in one step when a filter has no index of its own.
const WINDOW: i64 = 1000;

/// How many such steps a page takes at most.
const WINDOWS: usize = 10;

/// Which users.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Those with one of these ids.
    pub ids: Option<Vec<UserId>>,
    /// Those with one of these values, for each kind.
    pub identities: Vec<(IdentityKind, Vec<String>)>,
    /// Those who belong to an organization, or those who belong to none.
    pub has_organization: Option<bool>,
    /// Those who have signed in since.
    pub active_since: Option<Timestamp>,
}

/// A place in a list of users: their last sign-in, where that is what the list is sorted by, and their id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The last sign-in.
    pub at: Option<Timestamp>,
    /// The id.
    pub id: String,
}

/// A part of a list.
#[derive(Debug, Default)]
pub struct Found {
    /// Users, in order.
    pub ids: Vec<UserId>,
    /// Where to go on; none at the end.
    pub next: Option<Place>,
}

impl Filter {
    /// The place before all users of the list.
    ///
    /// Who were active are listed in the order of their last sign-ins, all others in the order of their ids.
    pub fn start(&self) -> Place {
        Place {
            at: self.active_since.filter(|_| !self.names_users()),
            id: String::new(),
        }
    }

    fn names_users(&self) -> bool {
        self.ids.is_some() || !self.identities.is_empty()
    }

    /// The users that are named.
    async fn named(&self, tx: &mut Tx) -> sqlx::Result<BTreeSet<UserId>> {
        let mut named: Option<BTreeSet<UserId>> = self.ids.clone().map(BTreeSet::from_iter);
        for (kind, values) in &self.identities {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let owners = identities::list_owners(tx, *kind, &values).await?;
            let owners = BTreeSet::from_iter(owners);
            named = Some(match named {
                None => owners,
                Some(named) => named.intersection(&owners).cloned().collect(),
            });
        }
        Ok(named.unwrap_or_default())
    }

    /// Which of these users belong where the filter says.
    async fn belonging(&self, tx: &mut Tx, ids: &[UserId]) -> sqlx::Result<HashSet<UserId>> {
        let Some(has_organization) = self.has_organization else {
            return Ok(ids.iter().cloned().collect());
        };
        let members = memberships::list_members_among(tx, ids).await?;
        let members: HashSet<UserId> = members.into_iter().collect();
        let wanted = ids
            .iter()
            .filter(|id| members.contains(id) == has_organization);
        Ok(wanted.cloned().collect())
    }

    /// Which of these users were active since the filter says.
    async fn active(&self, tx: &mut Tx, ids: Vec<UserId>) -> sqlx::Result<Vec<UserId>> {
        let Some(since) = self.active_since else {
            return Ok(ids);
        };
        let here = identities::list_for_users(tx, &ids).await?;
        let here = here
            .into_iter()
            .map(|one| (one.user_id, one.last_sign_in_at));
        let there = upstream_identities::list_for_users(tx, &ids).await?;
        let there = there.into_iter().map(|one| one.identity);
        let there = there.map(|one| (one.user_id, one.last_sign_in_at));
        let active: HashSet<UserId> = here
            .chain(there)
            .filter(|(_, last)| last.is_some_and(|at| at >= since))
            .map(|(user, _)| user)
            .collect();
        Ok(ids.into_iter().filter(|id| active.contains(id)).collect())
    }
}

/// The users that a filter lets through, after a place, at most `size`.
///
/// Among many users it is a matter of luck how soon those who belong nowhere are met: after some thousands
/// the list breaks off, to be gone on with from there.
pub async fn list(tx: &mut Tx, filter: &Filter, after: Place, size: usize) -> sqlx::Result<Found> {
    if filter.names_users() {
        return list_named(tx, filter, &after, size).await;
    }
    let limit = match filter.has_organization {
        Some(_) => WINDOW,
        None => i64::try_from(size).map_or(i64::MAX, |size| size + 1),
    };
    let mut found = Vec::new();
    let mut place = after;
    for _ in 0..WINDOWS {
        let window = window(tx, &place, limit).await?;
        let ids: Vec<UserId> = window.iter().map(|(id, _)| id.clone()).collect();
        let wanted = filter.belonging(tx, &ids).await?;
        let is_last = i64::try_from(window.len()).is_ok_and(|length| length < limit);
        for (id, at) in window {
            if wanted.contains(&id) {
                if found.len() == size {
                    return Ok(Found {
                        ids: found,
                        next: Some(place),
                    });
                }
                found.push(id.clone());
            }
            place = Place {
                at,
                id: id.to_string(),
            };
        }
        if is_last {
            return Ok(Found {
                ids: found,
                next: None,
            });
        }
    }
    Ok(Found {
        ids: found,
        next: Some(place),
    })
}

/// The users after a place, with what the list is sorted by.
async fn window(
    tx: &mut Tx,
    place: &Place,
    limit: i64,
) -> sqlx::Result<Vec<(UserId, Option<Timestamp>)>> {
    if let Some(at) = place.at {
        let users = identities::list_signed_in_after(tx, (at, &place.id), limit).await?;
        return Ok(users.into_iter().map(|(id, at)| (id, Some(at))).collect());
    }
    let users = users::list_ids_after(tx, &place.id, limit).await?;
    Ok(users.into_iter().map(|id| (id, None)).collect())
}

async fn list_named(
    tx: &mut Tx,
    filter: &Filter,
    after: &Place,
    size: usize,
) -> sqlx::Result<Found> {
    let named = filter.named(tx).await?;
    let ahead = named.into_iter().filter(|id| id.as_str() > &*after.id);
    let ahead = filter.active(tx, ahead.collect()).await?;
    let wanted = filter.belonging(tx, &ahead).await?;
    let mut ids: Vec<UserId> = ahead.into_iter().filter(|id| wanted.contains(id)).collect();
    // A name in the filter is no proof that there is such a user; `entries` leaves out who is not there.
    let has_more = ids.len() > size;
    ids.truncate(size);
    let last = ids.last().filter(|_| has_more);
    let next = last.map(|last| Place {
        at: None,
        id: last.to_string(),
    });
    Ok(Found { ids, next })
}

/// What somebody looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// Everybody.
    Everybody,
    /// The user of that id.
    One(UserId),
    /// Those whose names, addresses and numbers begin so.
    Words {
        /// Each word that was typed.
        beginnings: Beginnings,
        /// All of them in their order, when there are several: perhaps a whole name.
        phrase: Option<String>,
    },
}

impl Search {
    /// What a text means: `*` and nothing mean everybody, several words mean all of them. Pure.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if let Some(id) = UserId::parse(text) {
            return Self::One(id);
        }
        if let Some(number) = identifier::phone(text) {
            return Self::Words {
                beginnings: Beginnings::of(number),
                phrase: None,
            };
        }
        let typed: Vec<String> = text
            .split_whitespace()
            .map(|word| word.trim_end_matches('*').to_lowercase())
            .filter(|word| !word.is_empty())
            .collect();
        let mut others: BTreeSet<String> = typed.iter().cloned().collect();
        // The longest is likely to be the rarest: the fewer users are looked at.
        let longest = others
            .iter()
            .rev()
            .max_by_key(|word| word.chars().count())
            .cloned();
        match longest {
            None => Self::Everybody,
            Some(first) => {
                others.remove(&first);
                Self::Words {
                    beginnings: Beginnings { first, others },
                    phrase: (typed.len() > 1).then(|| typed.join(" ")),
                }
            }
        }
    }
}

/// From where on a list is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start<T> {
    /// After an entry.
    After(T),
    /// Before an entry, towards the beginning.
    Before(T),
    /// At the beginning.
    Beginning,
}

/// The users who are searched for, from an entry on: in the order of reading, at most `limit`. None when the
/// entry is not of this list.
pub async fn search(
    tx: &mut Tx,
    search: &Search,
    from: &Start<UserId>,
    limit: i64,
) -> sqlx::Result<Option<Vec<UserId>>> {
    match search {
        Search::Everybody => Ok(Some(match from {
            Start::After(id) => users::list_ids_after(tx, id.as_str(), limit).await?,
            Start::Before(id) => users::list_ids_before(tx, id.as_str(), limit).await?,
            Start::Beginning => users::list_ids_after(tx, "", limit).await?,
        })),
        Search::One(id) => Ok(match from {
            Start::After(entry) | Start::Before(entry) => (entry == id).then(Vec::new),
            Start::Beginning => Some(vec![id.clone()]),
        }),
        Search::Words { beginnings, phrase } => {
            // Whoever types a whole name means those who are called so, and not all who share a part of it.
            if let Some(phrase) = phrase
                && Beginnings::is_known(tx, phrase).await?
            {
                let called_so = Beginnings::of(phrase.clone());
                return search_words(tx, &called_so, from, limit).await;
            }
            search_words(tx, beginnings, from, limit).await
        }
    }
}

async fn search_words(
    tx: &mut Tx,
    beginnings: &Beginnings,
    from: &Start<UserId>,
    limit: i64,
) -> sqlx::Result<Option<Vec<UserId>>> {
    for other in &beginnings.others {
        if !Beginnings::is_known(tx, other).await? {
            return Ok(Some(Vec::new()));
        }
    }
    let (Start::After(entry) | Start::Before(entry)) = from else {
        let (word, id) = beginnings.start();
        let found = beginnings.list_after(tx, (&word, &id), limit).await?;
        return Ok(Some(found));
    };
    let Some(word) = beginnings.place_of(tx, entry).await? else {
        return Ok(None);
    };
    let place = (word.as_str(), entry.as_str());
    Ok(Some(match from {
        Start::Before(_) => beginnings.list_before(tx, place, limit).await?,
        _ => beginnings.list_after(tx, place, limit).await?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_everybody_one_or_words() {
        let words = |first: &str, others: &[&str]| Beginnings {
            first: first.to_owned(),
            others: others.iter().map(|word| (*word).to_owned()).collect(),
        };
        let one = |word: &str| Search::Words {
            beginnings: words(word, &[]),
            phrase: None,
        };
        let several = |first: &str, others: &[&str], phrase: &str| Search::Words {
            beginnings: words(first, others),
            phrase: Some(phrase.to_owned()),
        };
        let id = "kp_0123456789abcdef0123456789abcdef";
        for (typed, expected) in [
            ("", Search::Everybody),
            (" * ", Search::Everybody),
            (id, Search::One(UserId::parse(id).unwrap())),
            ("ADA", one("ada")),
            ("ada*", one("ada")),
            ("Ada  Byron", several("byron", &["ada"], "ada byron")),
            ("ada bob", several("ada", &["bob"], "ada bob")),
            ("ada ada", several("ada", &[], "ada ada")),
            ("\u{212A}elvin", one("kelvin")),
            ("+49 (30) 901820", one("+4930901820")),
            ("+49 30", several("+49", &["30"], "+49 30")),
        ] {
            assert_eq!(Search::parse(typed), expected, "{typed:?}");
        }
    }
}
