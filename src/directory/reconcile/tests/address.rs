//! What becomes of mail addresses, which are identities too.

use super::*;

/// Of the address: whether it is written, as proven or not, and from whom it is taken; or why it stays.
type Outcome = Result<(bool, Option<u8>), Why>;

const OTHER: &str = "ada@globex.test";

fn outcome(decided: &Reconciliation) -> Outcome {
    let mut changes = decided.changes.iter();
    let Some(change) = changes.find(|change| change.attribute == Attribute::Email) else {
        assert_eq!(decided.displaced, None);
        return Err(decided.why_kept(Attribute::Email).unwrap());
    };
    assert_eq!(change.claim, "email");
    let displaced = decided.displaced.as_ref().map(|(identity, user)| {
        let mut people = [ADA, GRACE, EVE].into_iter();
        let person = people.find(|person| user_id(*person) == *user).unwrap();
        assert_eq!(*identity, identity_id(person));
        person
    });
    Ok((change.is_verified.unwrap(), displaced))
}

/// Which address of Ada's is shown, and whether it is proven; who has the asserted one, and has proven it; whether
/// it is proven there; and what becomes of it.
type Row = (
    Option<(&'static str, bool)>,
    Option<(u8, bool)>,
    bool,
    Outcome,
);

const FATES: &[Row] = &[
    // Nobody has it: it is written, as proven as it was said.
    (None, None, true, Ok((true, None))),
    (None, None, false, Ok((false, None))),
    (Some((OTHER, true)), None, true, Ok((true, None))),
    (Some((OTHER, true)), None, false, Ok((false, None))),
    (Some((OTHER, false)), None, true, Ok((true, None))),
    (Some((OTHER, false)), None, false, Ok((false, None))),
    // It is the same: it gains proof, and keeps it.
    (
        Some((ADDRESS, true)),
        Some((ADA, true)),
        true,
        Err(Why::Same),
    ),
    (
        Some((ADDRESS, true)),
        Some((ADA, true)),
        false,
        Err(Why::Same),
    ),
    (
        Some((ADDRESS, false)),
        Some((ADA, false)),
        true,
        Ok((true, None)),
    ),
    (
        Some((ADDRESS, false)),
        Some((ADA, false)),
        false,
        Err(Why::Same),
    ),
    (
        Some(("Ada@Acme.Test", true)),
        Some((ADA, true)),
        false,
        Err(Why::Same),
    ),
    (
        Some(("Ada@Acme.Test", false)),
        Some((ADA, false)),
        true,
        Ok((true, None)),
    ),
    // It is another of theirs: what they have proven here stays proven.
    (
        Some((OTHER, true)),
        Some((ADA, true)),
        true,
        Ok((true, None)),
    ),
    (
        Some((OTHER, true)),
        Some((ADA, true)),
        false,
        Ok((true, None)),
    ),
    (
        Some((OTHER, true)),
        Some((ADA, false)),
        true,
        Ok((true, None)),
    ),
    (
        Some((OTHER, true)),
        Some((ADA, false)),
        false,
        Ok((false, None)),
    ),
    // Somebody else has proven it.
    (None, Some((GRACE, true)), true, Err(Why::Taken)),
    (
        Some((OTHER, true)),
        Some((GRACE, true)),
        true,
        Err(Why::Taken),
    ),
    (
        Some((OTHER, true)),
        Some((GRACE, true)),
        false,
        Err(Why::Taken),
    ),
    // Somebody else claims it.
    (None, Some((GRACE, false)), true, Ok((true, Some(GRACE)))),
    (
        Some((OTHER, true)),
        Some((GRACE, false)),
        true,
        Ok((true, Some(GRACE))),
    ),
    (
        Some((OTHER, true)),
        Some((GRACE, false)),
        false,
        Err(Why::Taken),
    ),
    (None, Some((GRACE, false)), false, Err(Why::Taken)),
];

#[test]
fn an_address_keeps_its_own_proof_and_takes_none_from_whoever_has_proven_it() {
    for &(shown, holding, is_proven, expected) in FATES {
        let case = format!("{shown:?} {holding:?} {is_proven}");
        let before = shown.map(|(value, _)| value.to_owned());
        let known = Person {
            email: shown.map(|(value, is_verified)| address(value, is_verified)),
            ..person(ADA)
        };
        let facts = Facts {
            known: Some((identity_id(ADA), known)),
            holder: holding.map(|(person, is_verified)| holder(person, is_verified)),
            ..Facts::default()
        };
        let proof = if is_proven {
            EmailProof::Stated
        } else {
            EmailProof::Unsaid
        };
        let decided = decide(&of_address(proof), &facts).unwrap();
        assert_eq!(outcome(&decided), expected, "{case}");
        // The sign-in succeeds all the same, and a conflict is one.
        assert_eq!(decided.who.rule(), Rule::Known, "{case}");
        let is_conflict = expected == Err(Why::Taken);
        assert_eq!(
            decided.kept.iter().any(|kept| kept.why.is_conflict()),
            is_conflict,
            "{case}"
        );
        if let Some(change) = decided.changes.first() {
            assert_eq!(change.before, before, "{case}");
            assert_eq!(change.after.as_deref(), Some(ADDRESS), "{case}");
        }
    }
}

#[test]
fn an_upstream_that_is_not_trusted_for_addresses_takes_none() {
    let mut upstream = upstream(Kind::Oidc);
    upstream.connection.trusts_emails = false;
    for (holding, expected) in [
        (None, Ok((false, None))),
        (Some((GRACE, true)), Err(Why::Taken)),
        (Some((GRACE, false)), Err(Why::Taken)),
    ] {
        let facts = Facts {
            holder: holding.map(|(person, is_verified)| holder(person, is_verified)),
            ..Facts::default()
        };
        let said = of_address(EmailProof::Stated);
        let decided = reconcile(&said, &upstream, &terms(), &facts).unwrap();
        assert_eq!(decided.who, Who::Created);
        assert_eq!(outcome(&decided), expected, "{holding:?}");
    }
}

/// Where nothing is written, nothing is taken either.
#[test]
fn an_address_that_is_not_written_is_taken_from_nobody() {
    use crate::federation::mapping::Mode;
    let facts = |email: Option<Address>| Facts {
        known: Some((
            identity_id(ADA),
            Person {
                email,
                ..person(ADA)
            },
        )),
        holder: Some(holder(GRACE, false)),
        ..Facts::default()
    };
    let theirs = || Some(address(OTHER, true));
    for (mode, sync, email, why) in [
        (Mode::Never, Sync::On, None, Why::Never),
        (Mode::Import, Sync::On, None, Why::ImportOnly),
        (Mode::Fill, Sync::On, theirs(), Why::Filled),
        (Mode::FollowUnlessEdited, Sync::On, theirs(), Why::Edited),
        (Mode::Follow, Sync::Off, None, Why::SyncOff),
    ] {
        let mut upstream = upstream(Kind::Oidc);
        upstream.connection.sync = Text(sync);
        let mapping = &mut upstream.connection.mapping.0.0;
        mapping.get_mut(&Attribute::Email).unwrap().mode = mode;
        let said = of_address(EmailProof::Stated);
        let decided = reconcile(&said, &upstream, &terms(), &facts(email)).unwrap();
        assert_eq!(outcome(&decided), Err(why));
    }
}

/// Nobody could find an account without an address again, so that an empty claim empties it in no mode.
#[test]
fn an_address_is_never_emptied() {
    let mut upstream = upstream(Kind::Oidc);
    let mapping = &mut upstream.connection.mapping.0.0;
    mapping.get_mut(&Attribute::Email).unwrap().clear_when_empty = true;
    let known = Person {
        email: Some(address(ADDRESS, true)),
        ..person(ADA)
    };
    let facts = Facts {
        known: Some((identity_id(ADA), known)),
        ..Facts::default()
    };
    for empty in [json!(""), json!(null), json!([])] {
        let said = assertion(json!({ "email": empty }), EmailProof::Stated);
        let decided = reconcile(&said, &upstream, &terms(), &facts).unwrap();
        assert_eq!(outcome(&decided), Err(Why::Empty), "{empty}");
    }
}
