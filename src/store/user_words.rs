//! The words that users are found by, kept up to date by whoever writes users and identities.
//!
//! Each word of a user's names, the whole name, and each identity whole, in lower case. What somebody types is the beginning
//! of such a word: a range of the index, however many users there are. The local part of an address needs no
//! word of its own, since the address begins with it.

use std::collections::BTreeSet;

use super::Tx;
use super::types::keys;
use crate::id::UserId;

/// Sorts after every text that is ever stored.
const LAST_TEXT: &str = "\u{10ffff}";

/// The words that names are found by: each, and all of them one after the other, as somebody types a whole name. Pure.
fn of_names<'a>(names: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    let names = names.into_iter().flat_map(|name| name.split_whitespace());
    let in_order: Vec<String> = names.map(str::to_lowercase).collect();
    let whole = in_order.join(" ");
    let mut found: BTreeSet<String> = in_order.into_iter().collect();
    if !whole.is_empty() {
        found.insert(whole);
    }
    found
}

/// Adds the words of names.
pub(super) async fn add(
    tx: &mut Tx,
    user: &UserId,
    names: impl IntoIterator<Item = &String>,
) -> sqlx::Result<()> {
    insert(tx, user, &of_names(names)).await
}

/// Adds a word that is compared as it stands.
pub(super) async fn add_whole(tx: &mut Tx, user: &UserId, word: &str) -> sqlx::Result<()> {
    insert(tx, user, &BTreeSet::from([word.to_owned()])).await
}

/// Writes the words of a user anew, as names and identities are now.
pub(super) async fn renew(tx: &mut Tx, user: &UserId) -> sqlx::Result<()> {
    let names: Option<(Option<String>, Option<String>)> = tx
        .optional(
            "SELECT given_name, family_name FROM users WHERE id = $1",
            (user,),
        )
        .await?;
    let Some((given, family)) = names else {
        return Ok(());
    };
    let identities: Vec<(String,)> = tx
        .all(
            "SELECT value_key FROM identities WHERE user_id = $1",
            (user,),
        )
        .await?;
    let mut wanted = of_names([&given, &family].into_iter().flatten());
    wanted.extend(identities.into_iter().map(|(key,)| key));
    tx.execute(
        "DELETE FROM user_words WHERE user_id = $1 AND word NOT IN (SELECT key FROM json_each(json($2)))",
        (user, keys(&wanted)),
    )
    .await?;
    insert(tx, user, &wanted).await
}

async fn insert(tx: &mut Tx, user: &UserId, words: &BTreeSet<String>) -> sqlx::Result<()> {
    if words.is_empty() {
        return Ok(());
    }
    // WHERE TRUE tells SQLite that ON CONFLICT begins no join.
    tx.execute(
        "INSERT INTO user_words (user_id, word)
         SELECT $1, key FROM json_each(json($2)) WHERE TRUE
         ON CONFLICT (word, user_id) DO NOTHING",
        (user, keys(words)),
    )
    .await?;
    Ok(())
}

/// What is searched for: the beginnings of words, all of which a user has to have.
///
/// Users come in the order of their first word that begins with `first`, then of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginnings {
    /// The one by which users are found.
    pub first: String,
    /// The others, which are looked for among those.
    pub others: BTreeSet<String>,
}

impl Beginnings {
    /// What is searched for, when it is one word.
    pub fn of(word: String) -> Self {
        Self {
            first: word,
            others: BTreeSet::new(),
        }
    }

    /// The end of the range of words that begin with the first.
    fn end(&self) -> String {
        format!("{}{LAST_TEXT}", self.first)
    }

    /// The place before all users.
    pub fn start(&self) -> (String, String) {
        (self.first.clone(), String::new())
    }

    /// The place of a user in the order. None when they have no such word.
    pub async fn place_of(&self, tx: &mut Tx, user: &UserId) -> sqlx::Result<Option<String>> {
        let (word,): (Option<String>,) = tx
            .one(
                "SELECT MIN(word) FROM user_words WHERE user_id = $1 AND word >= $2 AND word < $3",
                (user, &self.first, self.end()),
            )
            .await?;
        Ok(word)
    }

    /// Whether anybody has a word that begins so.
    pub async fn is_known(tx: &mut Tx, beginning: &str) -> sqlx::Result<bool> {
        let found: Option<(String,)> = tx
            .optional(
                "SELECT word FROM user_words WHERE word >= $1 AND word < $2 ORDER BY word LIMIT 1",
                (beginning, format!("{beginning}{LAST_TEXT}")),
            )
            .await?;
        Ok(found.is_some())
    }

    /// The users after a place, in their order, at most `limit`.
    pub async fn list_after(
        &self,
        tx: &mut Tx,
        (word, user): (&str, &str),
        limit: i64,
    ) -> sqlx::Result<Vec<UserId>> {
        let rows: Vec<(UserId,)> = tx
            .all(
                "SELECT found.user_id FROM user_words AS found
                 WHERE (found.word, found.user_id) > ($1, $2) AND found.word < $3
                    AND found.word = (SELECT MIN(word) FROM user_words WHERE user_id = found.user_id AND word >= $4)
                    AND NOT EXISTS (SELECT 1 FROM json_each(json($5)) AS wanted WHERE NOT EXISTS (
                        SELECT 1 FROM user_words AS other WHERE other.user_id = found.user_id
                            AND other.word >= wanted.key AND other.word < wanted.key || $6))
                 ORDER BY found.word, found.user_id LIMIT $7",
                (
                    word,
                    user,
                    self.end(),
                    &self.first,
                    keys(&self.others),
                    LAST_TEXT,
                    limit,
                ),
            )
            .await?;
        Ok(rows.into_iter().map(|(user,)| user).collect())
    }

    /// The users before a place, from there backwards, at most `limit`.
    pub async fn list_before(
        &self,
        tx: &mut Tx,
        (word, user): (&str, &str),
        limit: i64,
    ) -> sqlx::Result<Vec<UserId>> {
        let rows: Vec<(UserId,)> = tx
            .all(
                "SELECT found.user_id FROM user_words AS found
                 WHERE (found.word, found.user_id) < ($1, $2) AND found.word >= $3
                    AND found.word = (SELECT MIN(word) FROM user_words WHERE user_id = found.user_id AND word >= $3)
                    AND NOT EXISTS (SELECT 1 FROM json_each(json($4)) AS wanted WHERE NOT EXISTS (
                        SELECT 1 FROM user_words AS other WHERE other.user_id = found.user_id
                            AND other.word >= wanted.key AND other.word < wanted.key || $5))
                 ORDER BY found.word DESC, found.user_id DESC LIMIT $6",
                (word, user, &self.first, keys(&self.others), LAST_TEXT, limit),
            )
            .await?;
        Ok(rows.into_iter().map(|(user,)| user).collect())
    }
}
