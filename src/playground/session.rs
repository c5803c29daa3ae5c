//! What the playground remembers of each browser: in memory, bounded, gone when it stops.
//!
//! A browser is known by a random cookie. Sign-ins in progress are found by their `state`, so
//! that two tabs do not disturb each other.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use openidconnect::core::CoreIdToken;
use openidconnect::{AccessToken, CsrfToken, Nonce, PkceCodeVerifier, RefreshToken};

use super::provider::Answer;
use crate::clock::Timestamp;

const MAX_SESSIONS: usize = 256;
const MAX_ATTEMPTS: usize = 8;

/// One browser.
#[derive(Default)]
pub(super) struct Session {
    attempts: VecDeque<(String, Attempt)>,
    pub(super) signed_in: Option<SignedIn>,
    /// The `state` of a sign-out that is under way.
    pub(super) signing_out: Option<CsrfToken>,
}

/// A sign-in in progress: what the answer at the redirect URI will be checked with.
pub(super) struct Attempt {
    pub(super) nonce: Nonce,
    pub(super) max_age: Option<u64>,
    pub(super) verifier: PkceCodeVerifier,
}

/// The outcome of a sign-in.
#[derive(Clone)]
pub(super) struct SignedIn {
    pub(super) tokens: Tokens,
    pub(super) nonce: Nonce,
    pub(super) max_age: Option<u64>,
    pub(super) answered_at: Timestamp,
    /// How often the tokens were refreshed.
    pub(super) refreshes: u32,
    /// The latest response of each endpoint that was asked.
    pub(super) answers: Vec<(&'static str, Answer)>,
}

/// A token response (RFC 6749 §5.1, OpenID Connect Core 1.0 §3.1.3.3).
#[derive(Clone)]
pub(super) struct Tokens {
    pub(super) id_token: CoreIdToken,
    pub(super) access_token: AccessToken,
    pub(super) refresh_token: Option<RefreshToken>,
    pub(super) scope: Option<String>,
    pub(super) received_at: Timestamp,
}

impl Session {
    /// Remembers a sign-in; the oldest one gives way when there are many.
    pub(super) fn begin(&mut self, state: &CsrfToken, attempt: Attempt) {
        if self.attempts.len() == MAX_ATTEMPTS {
            self.attempts.pop_front();
        }
        self.attempts.push_back((state.secret().clone(), attempt));
    }

    /// Takes the sign-in that the `state` belongs to; each is answered once.
    pub(super) fn take(&mut self, state: &str) -> Option<Attempt> {
        let index = self.attempts.iter().position(|(known, _)| known == state)?;
        self.attempts.remove(index).map(|(_, attempt)| attempt)
    }
}

impl SignedIn {
    /// Keeps the latest response of an endpoint.
    pub(super) fn keep(&mut self, endpoint: &'static str, answer: Answer) {
        self.answers.retain(|(known, _)| *known != endpoint);
        self.answers.insert(0, (endpoint, answer));
    }
}

/// All sessions, by the value of their cookie.
#[derive(Default)]
pub(super) struct Sessions(Mutex<Store>);

#[derive(Default)]
struct Store {
    sessions: HashMap<String, Session>,
    oldest_first: VecDeque<String>,
}

impl Sessions {
    /// Opens a session and returns the value of its cookie.
    pub(super) fn open(&self, session: Session) -> String {
        let id = CsrfToken::new_random_len(32).into_secret();
        let mut store = self.lock();
        if store.oldest_first.len() == MAX_SESSIONS
            && let Some(oldest) = store.oldest_first.pop_front()
        {
            store.sessions.remove(&oldest);
        }
        store.oldest_first.push_back(id.clone());
        store.sessions.insert(id.clone(), session);
        id
    }

    /// Ends a session and returns what was in it.
    pub(super) fn close(&self, id: &str) -> Option<Session> {
        let mut store = self.lock();
        store.oldest_first.retain(|known| known != id);
        store.sessions.remove(id)
    }

    /// Reads or changes a session; `None` when there is none under that cookie.
    pub(super) fn with<T>(&self, id: &str, change: impl FnOnce(&mut Session) -> T) -> Option<T> {
        self.lock().sessions.get_mut(id).map(change)
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        // No caller leaves the store half changed, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt() -> Attempt {
        Attempt {
            nonce: Nonce::new_random(),
            max_age: None,
            verifier: PkceCodeVerifier::new("v".repeat(43)),
        }
    }

    #[test]
    fn a_sign_in_is_answered_once() {
        let mut session = Session::default();
        let state = CsrfToken::new("one".to_owned());
        session.begin(&state, attempt());
        assert!(session.take("another").is_none());
        assert!(session.take("one").is_some());
        assert!(session.take("one").is_none());
    }

    #[test]
    fn the_oldest_give_way_when_there_are_many() {
        let sessions = Sessions::default();
        let first = sessions.open(Session::default());
        let others: Vec<_> = (0..MAX_SESSIONS)
            .map(|_| sessions.open(Session::default()))
            .collect();
        assert!(sessions.with(&first, |_| ()).is_none());
        assert!(sessions.with(&others[0], |_| ()).is_some());

        let mut session = Session::default();
        for number in 0..=MAX_ATTEMPTS {
            session.begin(&CsrfToken::new(number.to_string()), attempt());
        }
        assert!(session.take("0").is_none());
        assert!(session.take("1").is_some());
    }
}
