//! How somebody proved to an upstream who they are, as sessions and tokens tell it. Pure.
//!
//! # Decision
//!
//! `auth_time` is what the upstream says whenever it says so: an earlier time than that of the sign-in here, which
//! claims less. It is never later than the sign-in. How long a session lasts here, and how often an organization or an
//! application wants a sign-in, counts from the sign-in here all the same: otherwise, whoever has been signed in at the
//! upstream for longer would be asked again and again, and sent back by it each time.
//!
//! `acr` and `amr` are words whose meaning only the upstream knows: they are told where the connection is trusted for
//! them, and otherwise our own, which say that they signed in elsewhere.

use serde_json::Value;

use super::session::Proof;
use super::upstream::FEDERATED;
use crate::clock::{Seconds, Timestamp};
use crate::federation::Assertion;
use crate::store::connections::Connection;

/// How many methods are told.
const MOST_METHODS: usize = 10;
const LONGEST_METHOD: usize = 50;
const LONGEST_CONTEXT: usize = 200;

/// How somebody proved who they are, to whom the request gave `max_age`.
pub(super) fn proof<'a>(
    assertion: &Assertion,
    connection: &'a Connection,
    max_age: Option<Seconds>,
    now: Timestamp,
) -> Proof<'a> {
    let mut proof = Proof {
        methods: FEDERATED.to_owned(),
        connection: Some(&connection.id),
        auth_time: assertion
            .authenticated_at
            .map(|at| told_time(at, max_age, now)),
        acr: None,
    };
    if connection.trusts_authentication {
        proof.acr = assertion.claims.get("acr").and_then(context);
        for method in methods(&assertion.claims) {
            proof.methods.push(' ');
            proof.methods.push_str(method);
        }
    }
    proof
}

/// When it was, by our clock. It was checked to be recent enough, give or take what clocks may differ by.
fn told_time(at: Timestamp, max_age: Option<Seconds>, now: Timestamp) -> Timestamp {
    let earliest = max_age.map(|age| now.minus(age));
    let at = earliest.map_or(at, |earliest| at.max(earliest));
    at.min(now)
}

/// The authentication context class (OpenID Connect Core 1.0 §2).
fn context(claim: &Value) -> Option<String> {
    let text = claim.as_str()?;
    is_word(text, LONGEST_CONTEXT).then(|| text.to_owned())
}

/// The authentication methods (RFC 8176), each once.
fn methods(claims: &serde_json::Map<String, Value>) -> Vec<&str> {
    let all = claims.get("amr").and_then(Value::as_array);
    let mut found = vec![FEDERATED];
    for method in all.into_iter().flatten().filter_map(Value::as_str) {
        if is_word(method, LONGEST_METHOD) && !found.contains(&method) {
            found.push(method);
        }
    }
    found.truncate(MOST_METHODS + 1);
    found.remove(0);
    found
}

fn is_word(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_795_334_400);

    #[test]
    fn the_time_is_never_later_than_the_sign_in_and_as_recent_as_was_checked() {
        let ago = |seconds| NOW.minus(Seconds::new(seconds));
        // asserted, max_age, told
        for (asserted, max_age, expected) in [
            (ago(0), None, ago(0)),
            (ago(3600), None, ago(3600)),
            (ago(-30), None, ago(0)),
            (ago(100), Some(60), ago(60)),
            (ago(30), Some(60), ago(30)),
            (ago(20), Some(0), ago(0)),
        ] {
            let told = told_time(asserted, max_age.map(Seconds::new), NOW);
            assert_eq!(told, expected, "{asserted:?} {max_age:?}");
        }
    }

    #[test]
    fn words_are_told_as_they_are_and_nothing_else() {
        let long = "a".repeat(51);
        let many: Vec<String> = (0..20).map(|number| format!("m{number}")).collect();
        for (claims, expected) in [
            (json!({ "amr": ["pwd", "mfa", "pwd", "fed"] }), "pwd mfa"),
            (json!({ "amr": ["two words", "", 7, "mfa", long] }), "mfa"),
            (json!({ "amr": "pwd" }), ""),
            (json!({}), ""),
            (json!({ "amr": many }), "m0 m1 m2 m3 m4 m5 m6 m7 m8 m9"),
        ] {
            let told = methods(claims.as_object().unwrap()).join(" ");
            assert_eq!(told, expected, "{claims}");
        }
        assert_eq!(context(&json!("phr")).as_deref(), Some("phr"));
        for no_context in [
            json!("two words"),
            json!(1),
            json!(""),
            json!("a".repeat(201)),
        ] {
            assert_eq!(context(&no_context), None, "{no_context}");
        }
    }
}
