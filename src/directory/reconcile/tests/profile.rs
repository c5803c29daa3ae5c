//! What changes of a profile: the mode, what is here, and what is said.

use serde_json::json;

use super::*;
use crate::federation::mapping;
use crate::federation::mapping::Mode;
use crate::store::attribute_sources::Source;

/// What is written, or why nothing is.
type Outcome = Result<Option<&'static str>, Why>;

/// What is here of the attribute before the sign-in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Here {
    /// A value that somebody wrote.
    Edited,
    /// Nothing, since somebody removed it.
    Emptied,
    /// A value that an upstream wrote.
    Followed,
    /// The user is created now.
    New,
    /// Nothing, and never was.
    Nothing,
}

const HERE: &[Here] = &[
    Here::Edited,
    Here::Emptied,
    Here::Followed,
    Here::New,
    Here::Nothing,
];

/// What upstreams say of a name: nothing; nothing, to rules that empty; what is here; something else; what is no name.
fn said() -> [(Assertion, bool); 6] {
    let of = |said| assertion(said, EmailProof::None);
    [
        (of(json!({})), true),
        (of(json!({ "given_name": "" })), false),
        (of(json!({ "given_name": null })), true),
        (of(json!({ "given_name": "Ada" })), true),
        (of(json!({ "given_name": " Augusta " })), true),
        (of(json!({ "given_name": ["Ada", "Augusta"] })), true),
    ]
}

const TO_EMPTY: [Outcome; 6] = [
    Err(Why::Absent),
    Err(Why::Empty),
    Err(Why::Same),
    Ok(Some("Ada")),
    Ok(Some("Augusta")),
    Err(Why::Malformed),
];

const TO_FILLED: [Outcome; 6] = [
    Err(Why::Absent),
    Err(Why::Empty),
    Ok(None),
    Err(Why::Same),
    Ok(Some("Augusta")),
    Err(Why::Malformed),
];

const fn always(why: Why) -> [Outcome; 6] {
    [Err(why); 6]
}

fn source(attribute: Attribute, source: Source) -> AttributeSource {
    AttributeSource {
        attribute: Text(attribute),
        source: Text(source),
        connection_id: None,
        claim: None,
        previous: None,
        written_at: NOW,
    }
}

fn facts(here: Here) -> Facts {
    let mut ada = person(ADA);
    let (value, by) = match here {
        Here::New => return Facts::default(),
        Here::Edited => (Some("Ada"), Some(Source::User)),
        Here::Emptied => (None, Some(Source::User)),
        Here::Followed => (Some("Ada"), Some(Source::Connection)),
        Here::Nothing => (None, None),
    };
    ada.user.given_name = value.map(str::to_owned);
    let sources = by.map(|by| source(Attribute::GivenName, by));
    ada.sources.extend(sources);
    known(ada)
}

fn known(person: Person) -> Facts {
    Facts {
        known: Some((identity_id(ADA), person)),
        ..Facts::default()
    }
}

/// A connection that maps the given name alone.
fn mapping_names(mode: Mode, clear_when_empty: bool) -> Upstream {
    mapping_one(Attribute::GivenName, "given_name", mode, clear_when_empty)
}

fn mapping_one(attribute: Attribute, claim: &str, mode: Mode, clear_when_empty: bool) -> Upstream {
    let rule = mapping::Rule {
        claim: claim.to_owned(),
        mode,
        clear_when_empty,
    };
    let mut upstream = upstream(Kind::Oidc);
    upstream.connection.mapping = Json(Mapping([(attribute, rule)].into()));
    upstream
}

/// What becomes of the one attribute that is mapped.
fn outcome(decided: &Reconciliation) -> Result<Option<&str>, Why> {
    match (&decided.changes[..], &decided.kept[..]) {
        ([change], []) => Ok(change.after.as_deref()),
        ([], [kept]) => Err(kept.why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mode_says_when_what_is_said_is_written() {
    let by_what_is_here = |here| match here {
        Here::Emptied | Here::New | Here::Nothing => TO_EMPTY,
        Here::Edited | Here::Followed => TO_FILLED,
    };
    let expected = |mode, here| match (mode, here) {
        (Mode::Never, _) => always(Why::Never),
        (Mode::FollowUnlessEdited, Here::Edited | Here::Emptied) => always(Why::Edited),
        (Mode::Fill, Here::Edited | Here::Followed) => always(Why::Filled),
        (Mode::Import, here) if here != Here::New => always(Why::ImportOnly),
        _ => by_what_is_here(here),
    };
    for &mode in Mode::ALL {
        for &here in HERE {
            for ((said, clears), expected) in said().iter().zip(expected(mode, here)) {
                let upstream = mapping_names(mode, *clears);
                let facts = facts(here);
                let decided = reconcile(said, &upstream, &terms(), &facts).unwrap();
                let case = format!("{mode} {here:?} {:?}", said.claims);
                assert_eq!(outcome(&decided), expected, "{case}");
                if let [change] = &decided.changes[..] {
                    let has = matches!(here, Here::Edited | Here::Followed);
                    assert_eq!(change.before.as_deref(), has.then_some("Ada"), "{case}");
                    assert_eq!(change.claim, "given_name");
                    assert_eq!(change.is_verified, None);
                }
                let is_conflict = expected == Err(Why::Malformed);
                let conflicts = decided.kept.iter().any(|kept| kept.why.is_conflict());
                assert_eq!(conflicts, is_conflict, "{case}");
            }
        }
    }
}

#[test]
fn without_sync_only_new_users_are_written() {
    for &mode in Mode::ALL {
        for &here in HERE {
            for (said, clears) in said() {
                let mut upstream = mapping_names(mode, clears);
                let facts = facts(here);
                let on = reconcile(&said, &upstream, &terms(), &facts).unwrap();
                upstream.connection.sync = Text(Sync::Off);
                let off = reconcile(&said, &upstream, &terms(), &facts).unwrap();
                let expected = match here {
                    Here::New => outcome(&on),
                    _ => Err(Why::SyncOff),
                };
                assert_eq!(outcome(&off), expected, "{mode} {here:?} {:?}", said.claims);
            }
        }
    }
}

#[test]
fn what_a_connection_says_of_sync_wins_over_the_environment() {
    for (sync, environment, syncs) in [
        (Sync::Inherit, true, true),
        (Sync::Inherit, false, false),
        (Sync::Off, true, false),
        (Sync::Off, false, false),
        (Sync::On, true, true),
        (Sync::On, false, true),
    ] {
        let mut upstream = mapping_names(Mode::Follow, false);
        upstream.connection.sync = Text(sync);
        let terms = Terms {
            syncs_profiles: environment,
            ..terms()
        };
        let said = assertion(json!({ "given_name": "Ada" }), EmailProof::None);
        let decided = reconcile(&said, &upstream, &terms, &facts(Here::Nothing)).unwrap();
        let expected = if syncs {
            Ok(Some("Ada"))
        } else {
            Err(Why::SyncOff)
        };
        assert_eq!(outcome(&decided), expected, "{sync} {environment}");
    }
}

/// Whoever is found by another rule than the key had an account before, and is no new user.
#[test]
fn a_linked_user_is_written_as_one_who_was_here() {
    let mut ada = facts(Here::Edited).known.unwrap().1;
    ada.email = Some(address(ADDRESS, true));
    let holder = Holder {
        identity: identity_id(ADA),
        is_verified: true,
        person: ada.clone(),
    };
    let asking = Facts {
        linking: Some(ada.clone()),
        ..Facts::default()
    };
    let waiting = Facts {
        waiting: Some((identity_id(ADA), ada)),
        ..Facts::default()
    };
    let holding = Facts {
        holder: Some(holder),
        ..Facts::default()
    };
    let said = json!({ "email": ADDRESS, "given_name": "Augusta" });
    let said = assertion(said, EmailProof::Stated);
    for (facts, rule) in [
        (asking, Rule::Asked),
        (waiting, Rule::Waiting),
        (holding, Rule::VerifiedEmail),
    ] {
        for (mode, expected) in [
            (Mode::Fill, Err(Why::Filled)),
            (Mode::Follow, Ok(Some("Augusta"))),
            (Mode::FollowUnlessEdited, Err(Why::Edited)),
            (Mode::Import, Err(Why::ImportOnly)),
            (Mode::Never, Err(Why::Never)),
        ] {
            let upstream = mapping_names(mode, false);
            let decided = reconcile(&said, &upstream, &terms(), &facts).unwrap();
            assert_eq!(decided.who.rule(), rule);
            assert_eq!(outcome(&decided), expected, "{rule} {mode}");
        }
    }
}

#[test]
fn an_edit_is_what_people_and_machines_wrote_here() {
    for (by, is_edited) in [
        (Some(Source::Administrator), true),
        (Some(Source::Api), true),
        (Some(Source::User), true),
        (Some(Source::Connection), false),
        (Some(Source::Import), false),
        // Whoever made the account wrote what nobody is known to have written.
        (None, true),
    ] {
        let mut ada = person(ADA);
        ada.user.given_name = Some("Ada".to_owned());
        // Where other attributes come from does not matter.
        let other = source(Attribute::FamilyName, Source::User);
        let own = by.map(|by| source(Attribute::GivenName, by));
        ada.sources = [other].into_iter().chain(own).collect();
        let said = assertion(json!({ "given_name": "Augusta" }), EmailProof::None);
        let upstream = mapping_names(Mode::FollowUnlessEdited, false);
        let decided = reconcile(&said, &upstream, &terms(), &known(ada)).unwrap();
        let expected = if is_edited {
            Err(Why::Edited)
        } else {
            Ok(Some("Augusta"))
        };
        assert_eq!(outcome(&decided), expected, "{by:?}");
    }
}

#[test]
fn a_text_is_written_when_it_can_be_an_attribute_of_its_kind() {
    use Attribute::{
        Birthdate, Email, FamilyName, Gender, GivenName, Locale, MiddleName, Nickname, Picture,
        PreferredUsername, Profile, Website, Zoneinfo,
    };
    let name = "n".repeat(64);
    let text = "t".repeat(200);
    let web = format!("https://a.test/{}", "w".repeat(1985));
    let mail = format!("{}@acme.test", "m".repeat(64));
    for (attribute, longest) in [
        (GivenName, &name),
        (FamilyName, &name),
        (Gender, &text),
        (MiddleName, &text),
        (Nickname, &text),
        (PreferredUsername, &text),
        (Picture, &web),
        (Profile, &web),
        (Website, &web),
        (Email, &mail),
        (Birthdate, &"1815-12-10".to_owned()),
        (Locale, &"en-GB".to_owned()),
        (Zoneinfo, &"Europe/London".to_owned()),
    ] {
        let upstream = mapping_one(attribute, "claim", Mode::Follow, true);
        let decide = |said: &str| {
            let said = assertion(json!({ "claim": said }), EmailProof::None);
            reconcile(&said, &upstream, &terms(), &Facts::default()).unwrap()
        };
        assert_eq!(
            outcome(&decide(longest)),
            Ok(Some(longest.as_str())),
            "{attribute}"
        );
        for bad in [
            format!("{longest}{}", "é".repeat(190)),
            format!("{longest}\u{0}"),
            format!("one\ntwo {longest}"),
        ] {
            assert_eq!(
                outcome(&decide(&bad)),
                Err(Why::Malformed),
                "{attribute} {bad:?}"
            );
        }
    }
    for (attribute, bad) in [
        (Picture, "javascript:alert(1)"),
        (Profile, "data:text/html,x"),
        (Website, "acme.test"),
        (Birthdate, "10.12.1815"),
        (Locale, "de_CH"),
        (Zoneinfo, "../etc/passwd"),
        (Email, "ada"),
    ] {
        let upstream = mapping_one(attribute, "claim", Mode::Follow, true);
        let said = assertion(json!({ "claim": bad }), EmailProof::None);
        let decided = reconcile(&said, &upstream, &terms(), &Facts::default()).unwrap();
        assert_eq!(outcome(&decided), Err(Why::Malformed), "{attribute} {bad}");
    }
}

#[test]
fn a_rule_names_the_claim_that_it_reads() {
    let said =
        json!({ "name": { "first": "Ada" }, "name.first": "Augusta", "names": ["Lovelace"] });
    let said = assertion(said, EmailProof::None);
    for (claim, expected) in [
        // The whole name comes first.
        ("name.first", Ok(Some("Augusta"))),
        ("names", Ok(Some("Lovelace"))),
        ("name", Err(Why::Malformed)),
        ("name.last", Err(Why::Absent)),
        ("given_name", Err(Why::Absent)),
    ] {
        let upstream = mapping_one(Attribute::GivenName, claim, Mode::Follow, true);
        let decided = reconcile(&said, &upstream, &terms(), &Facts::default()).unwrap();
        assert_eq!(outcome(&decided), expected, "{claim}");
        if let [change] = &decided.changes[..] {
            assert_eq!(change.claim, claim);
        }
    }
}

#[test]
fn what_is_not_mapped_is_not_touched() {
    let mut upstream = upstream(Kind::Oidc);
    upstream.connection.mapping = Json(Mapping::default());
    let said = json!({ "email": ADDRESS, "given_name": "Ada", "family_name": "" });
    let said = assertion(said, EmailProof::Stated);
    for facts in [Facts::default(), facts(Here::Followed)] {
        let decided = reconcile(&said, &upstream, &terms(), &facts).unwrap();
        assert!(decided.changes.is_empty() && decided.kept.is_empty());
    }
}
