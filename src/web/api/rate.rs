//! How often a client may call the management API: so many requests a minute.
//!
//! Each client is counted by itself, behind its authentication, so that nobody can use up what is another's.
//! Each node counts by itself and in memory, so that counting costs no statement: of two nodes a client gets the
//! double.
//!
//! The fields of the answer are those of draft-ietf-httpapi-ratelimit-headers-06 §3, which published clients of
//! this API read: `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`.
//!
//! # Decision
//!
//! A client's minute begins with its first request and ends as a whole, rather than that a bucket fills steadily.
//! So what is told is exact: after the seconds of `RateLimit-Reset`, everything is there again. The price is that
//! a client can make twice as many requests within two minutes that meet.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ContentBuilder, ObjectBuilder, OpenApi, Ref, ResponseBuilder};

use crate::clock::{Seconds, Timestamp};
use crate::id::ClientId;

/// How long what is allowed lasts.
const WINDOW: Seconds = Seconds::new(60);

/// Clients remembered at once; one more, and the one that began first begins anew.
const MOST_CLIENTS: usize = 10_000;

/// The name of the refusal in the description.
const REFUSAL: &str = "TooManyRequests";

static LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
static REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
static RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// How often clients have called.
#[derive(Debug)]
pub struct Rates {
    /// Requests in a window; without it, as many as a client likes.
    limit: Option<u32>,
    clients: Mutex<HashMap<ClientId, Use>>,
}

/// What a client has used of its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Use {
    /// When the window began.
    since: Timestamp,
    requests: u32,
}

/// What becomes of a request, and what the client has left after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Whether the request may pass.
    pub is_allowed: bool,
    limit: u32,
    remaining: u32,
    /// How long until everything is there again.
    reset: Seconds,
}

impl Rates {
    /// Nobody has called yet. `requests_per_minute` is what a client may; 0: as many as it likes.
    pub fn new(requests_per_minute: u32) -> Self {
        Self {
            limit: (requests_per_minute > 0).then_some(requests_per_minute),
            clients: Mutex::default(),
        }
    }

    /// Counts a request of a client. Nothing when there is no limit.
    pub fn count(&self, client: &ClientId, now: Timestamp) -> Option<Allowance> {
        let limit = self.limit?;
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let known = clients.get(client).copied();
        if known.is_none() && clients.len() >= MOST_CLIENTS {
            make_room(&mut clients, now);
        }
        let (used, allowance) = allow(known, limit, now);
        clients.insert(client.clone(), used);
        Some(allowance)
    }
}

/// Forgets whoever may begin anew; if there is nobody, the client that began first.
fn make_room(clients: &mut HashMap<ClientId, Use>, now: Timestamp) {
    clients.retain(|_, used| used.is_current(now));
    if clients.len() < MOST_CLIENTS {
        return;
    }
    let first = clients.iter().min_by_key(|(_, used)| used.since);
    if let Some(first) = first.map(|(client, _)| client.clone()) {
        clients.remove(&first);
    }
}

impl Use {
    /// Whether the window lasts still. One that begins later than now was counted before the clock was set back.
    fn is_current(self, now: Timestamp) -> bool {
        self.since <= now && now < self.since.plus(WINDOW)
    }
}

/// Decides about a request of a client that has used so much, and counts it. One that is refused costs nothing.
fn allow(used: Option<Use>, limit: u32, now: Timestamp) -> (Use, Allowance) {
    let mut used = used.filter(|used| used.is_current(now)).unwrap_or(Use {
        since: now,
        requests: 0,
    });
    let is_allowed = used.requests < limit;
    if is_allowed {
        used.requests += 1;
    }
    let allowance = Allowance {
        is_allowed,
        limit,
        remaining: limit - used.requests,
        reset: used.since.plus(WINDOW).since(now),
    };
    (used, allowance)
}

impl Allowance {
    /// Tells the client, in the head of the answer.
    pub fn tell(self, response: &mut Response) {
        let headers = response.headers_mut();
        let reset = HeaderValue::from(self.reset.as_i64());
        headers.insert(LIMIT.clone(), HeaderValue::from(self.limit));
        headers.insert(REMAINING.clone(), HeaderValue::from(self.remaining));
        if !self.is_allowed {
            headers.insert(header::RETRY_AFTER, reset.clone());
        }
        headers.insert(RESET.clone(), reset);
    }
}

/// Adds the refusal to every operation of a description.
pub fn describe(description: &mut OpenApi) {
    let number = |what: &str| {
        let schema = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0));
        HeaderBuilder::new()
            .schema(Some(schema))
            .description(Some(what))
            .build()
    };
    let all = "Seconds until all of them are there again.";
    let errors = ContentBuilder::new().schema(Some(Ref::from_schema_name("Errors")));
    let refusal = ResponseBuilder::new()
        .description("The application has made more requests than it may within a minute.")
        .header(
            "RateLimit-Limit",
            number("Requests that it may make within a minute."),
        )
        .header("RateLimit-Remaining", number("How many of them are left."))
        .header("RateLimit-Reset", number(all))
        .header("Retry-After", number(all))
        .content("application/json", errors.build())
        .build();
    let components = description.components.get_or_insert_default();
    components
        .responses
        .insert(REFUSAL.to_owned(), refusal.into());
    for item in description.paths.paths.values_mut() {
        let methods = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.patch,
        ];
        for operation in methods.into_iter().flatten() {
            let refusal = Ref::from_response_name(REFUSAL);
            let answers = &mut operation.responses.responses;
            answers.insert("429".to_owned(), refusal.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_begins_with_the_first_request_and_ends_as_a_whole() {
        let mut used = None;
        // when, whether it is allowed, what remains, seconds until everything is there again
        for (second, is_allowed, remaining, reset) in [
            (1000, true, 2, 60),
            (1010, true, 1, 50),
            (1010, true, 0, 50),
            (1010, false, 0, 50),
            (1059, false, 0, 1),
            (1060, true, 2, 60),
            (1119, true, 1, 1),
            (9000, true, 2, 60),
            // The clock was set back.
            (1000, true, 2, 60),
        ] {
            let (now_used, allowance) = allow(used, 3, Timestamp::from_unix(second));
            let expected = Allowance {
                is_allowed,
                limit: 3,
                remaining,
                reset: Seconds::new(reset),
            };
            assert_eq!(allowance, expected, "{second} {used:?}");
            used = Some(now_used);
        }
    }

    #[test]
    fn no_more_clients_are_remembered_than_there_is_room_for() {
        let rates = Rates::new(1);
        let mut rng = rand::rng();
        let mut is_new_allowed = |second: i64| {
            let client = ClientId::generate(&mut rng);
            let allowance = rates.count(&client, Timestamp::from_unix(second));
            (
                allowance.is_some_and(|allowance| allowance.is_allowed),
                client,
            )
        };
        let (_, first) = is_new_allowed(0);
        let (_, second) = is_new_allowed(1);
        for _ in 2..=MOST_CLIENTS {
            assert!(is_new_allowed(2).0);
        }
        let remembered = || rates.clients.lock().unwrap().len();
        assert_eq!(remembered(), MOST_CLIENTS);
        let is_known = |client| rates.clients.lock().unwrap().contains_key(client);
        assert!(!is_known(&first) && is_known(&second));
        is_new_allowed(63);
        assert_eq!(remembered(), 1);
    }

    #[test]
    fn without_a_limit_nobody_is_counted() {
        let rates = Rates::new(0);
        let client = ClientId::generate(&mut rand::rng());
        assert_eq!(rates.count(&client, Timestamp::from_unix(0)), None);
        assert!(rates.clients.lock().unwrap().is_empty());
    }
}
