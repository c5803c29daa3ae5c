//! What comes next in an errand from the page of one's account.

use super::*;
use crate::store::interactions::{Errand, Linking, Setback};

#[test]
fn an_errand_is_of_one_session_and_begins_with_a_proof() {
    let connection = ConnectionId::parse("conn_0123456789abcdef0123456789abcdef").unwrap();
    let link = |is_done| {
        Some(Linking {
            connection: connection.clone(),
            is_done,
        })
    };
    let setback = Setback {
        connection: connection.clone(),
        name: "Acme".to_owned(),
        outcome: "identity_taken".to_owned(),
        reference: "reference".to_owned(),
    };
    let connect = format!("{:?}", Step::Connect(connection.clone()));
    let mut other_session = signed_in(ADA, 1);
    other_session.session.id = SessionId::parse("00000000000000000000000000000003").unwrap();
    let ada = || Some(signed_in(ADA, 1));
    let done = "Finish(None)";
    for (who, is_confirmed, links, is_set_back, cancelled, expected) in [
        (ada(), false, None, false, false, "Confirm"),
        (ada(), false, None, true, false, "Confirm"),
        (ada(), false, link(false), false, false, "Confirm"),
        (ada(), true, None, false, false, done),
        (ada(), true, link(false), false, false, &connect),
        (ada(), true, link(false), true, false, "NotLinked"),
        (ada(), true, link(true), false, false, done),
        (ada(), false, link(false), false, true, done),
        (None, false, None, false, false, done),
        (None, true, link(false), false, false, done),
        (
            Some(signed_in(GRACE, 1)),
            true,
            link(false),
            false,
            false,
            done,
        ),
        (Some(other_session), true, link(false), false, false, done),
    ] {
        let progress = Progress {
            ends_here: true,
            cancelled,
            errand: Some(Errand {
                user_id: UserId::parse(ADA).unwrap(),
                session_id: session_id(),
                is_confirmed,
                links,
                returns_to: "/account".to_owned(),
            }),
            setback: is_set_back.then(|| setback.clone()),
            ..Progress::default()
        };
        let errand = interaction("prompt=login", progress);
        let found = outcome(&errand, &facts(who));
        assert_eq!(found, expected, "{:?}", errand.progress.0);
    }
}
