//! What holds of every decision, whatever is said and whoever is here: the properties, over generated cases.

mod cases;
mod model;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Map;

use super::{Membership, Reconciliation, Refusal, Rule, Who, Why};
use crate::federation::Presence;
use crate::federation::assertion::EmailProof;
use crate::federation::mapping::{Attribute, Mapping};
use crate::federation::settings::Kind;
use crate::id::UserId;
use cases::case;
use model::Case;

const CASES: u32 = 1_000;

/// Whom a decision is about, unless they are new.
fn subject(decided: &Reconciliation) -> Option<&UserId> {
    match &decided.who {
        Who::Bound(_, user) | Who::Known(_, user) | Who::Linked(user, _) => Some(user),
        Who::Created => None,
    }
}

/// Everything that is written, to be compared byte by byte.
fn bytes(thing: &impl std::fmt::Debug) -> String {
    format!("{thing:?}")
}

/// Whether the upstream vouches for the address, as §2.1 says of each kind of upstream.
fn is_proven_there(case: &Case) -> bool {
    let connection = &case.upstream.connection;
    let rule = connection.mapping.0.0.get(&Attribute::Email);
    let is_usual = rule.is_none_or(|rule| rule.claim == "email");
    let key = case.asserted_key().unwrap_or_default();
    let domain = key.rsplit('@').next().unwrap_or_default().to_owned();
    let is_at_home = case.upstream.domains.contains(&domain);
    match case.assertion.email_proof {
        EmailProof::Domain => is_at_home,
        EmailProof::Stated => {
            (is_usual || connection.settings.0.kind() == Kind::OAuth2)
                && (connection.organization_id.is_none() || is_at_home)
        }
        EmailProof::None | EmailProof::Unsaid => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn the_same_assertion_changes_nothing_the_second_time(mut case in case()) {
        let Ok(first) = case.sign_in() else { return Ok(()) };
        let before = bytes(&case.directory);
        let second = case.sign_in();
        prop_assert!(second.is_ok(), "they got in before: {second:?}");
        let second = second.unwrap();
        prop_assert!(second.is_unchanged(), "{second:?}");
        prop_assert_eq!(second.displaced, None);
        prop_assert!(!second.takes_over);
        prop_assert_eq!(second.membership.held, first.membership.held);
        prop_assert_eq!(bytes(&case.directory), before);
    }

    #[test]
    fn what_is_absent_changes_and_withdraws_nothing(case in case(), gone in any::<u16>()) {
        // Some claims, and the groups.
        let mut less = case.clone();
        less.assertion.groups = Presence::Absent;
        for (index, attribute) in Attribute::ALL.iter().enumerate() {
            if gone & (1 << index) != 0 {
                less.assertion.claims.remove(attribute.as_str());
            }
        }
        // All.
        let mut nothing = less.clone();
        nothing.assertion.claims = Map::new();
        for case in [less, nothing] {
            let Ok(decided) = case.decide() else { continue };
            for change in &decided.changes {
                prop_assert!(case.assertion.claims.contains_key(&change.claim), "{change:?}");
            }
            let Membership { joins: _, leads_to: _, granted, withdrawn, held } = &decided.membership;
            prop_assert!(granted.is_empty() && withdrawn.is_empty() && held.is_empty());
            if case.assertion.claims.is_empty() {
                prop_assert_eq!(decided.displaced, None);
                prop_assert!(decided.changes.is_empty());
            }
        }
    }

    #[test]
    fn nobody_is_linked_without_proof_on_both_sides(case in case()) {
        let Ok(decided) = case.decide() else { return Ok(()) };
        let here = &case.directory;
        let key = case.asserted_key();
        let holder = key.as_ref().and_then(|key| here.addresses.get(key));
        match &decided.who {
            Who::Known(identity, user) => {
                prop_assert_eq!(here.known.as_ref(), Some(&(identity.clone(), user.clone())));
            }
            // Their own sign-in here, and the one there.
            Who::Linked(user, Rule::Asked) => prop_assert_eq!(here.asking.as_ref(), Some(user)),
            Who::Linked(user, rule) => {
                prop_assert_eq!(*rule, Rule::VerifiedEmail);
                prop_assert!(is_proven_there(&case) && case.upstream.connection.trusts_emails);
                let holder = holder.expect("somebody has it");
                prop_assert!(holder.is_verified && holder.user == *user);
            }
            // Who put it there, and the upstream that the business chose, which does not deny the address.
            Who::Bound(identity, user) => {
                let key = key.expect("it waits for an address");
                prop_assert_eq!(here.waiting.get(&key), Some(&(identity.clone(), user.clone())));
                prop_assert!(case.assertion.email_proof != EmailProof::None);
                let domains = &case.upstream.domains;
                let is_home = domains.iter().any(|domain| key.ends_with(&format!("@{domain}")));
                prop_assert!(domains.is_empty() || is_home);
            }
            Who::Created => {
                prop_assert!(here.known.is_none() && here.asking.is_none());
                // Nothing of a proven address is left to whoever only claims it.
                if let Some((identity, user)) = &decided.displaced {
                    let holder = holder.expect("somebody has it");
                    prop_assert!(!holder.is_verified && holder.user == *user && holder.identity == *identity);
                }
            }
        }
        if let Some(change) = decided.changes.iter().find(|change| change.attribute == Attribute::Email) {
            let is_theirs = holder.is_some_and(|holder| Some(&holder.user) == subject(&decided));
            let is_proven = is_proven_there(&case) && case.upstream.connection.trusts_emails;
            let was_proven = is_theirs && holder.is_some_and(|holder| holder.is_verified);
            prop_assert_eq!(change.is_verified, Some(is_proven || was_proven));
        }
    }

    #[test]
    fn what_a_person_granted_is_never_withdrawn(mut case in case()) {
        let before = case.directory.clone();
        let Ok(decided) = case.sign_in() else { return Ok(()) };
        prop_assert_eq!(&case.directory.by_hand, &before.by_hand);
        // What is withdrawn or held was given by a group of the connection, and no group that is told gives it.
        let by_groups = subject(&decided).map(|user| before.people[user].group_roles.clone());
        let by_groups = by_groups.unwrap_or_default();
        let Membership { granted, withdrawn, held, .. } = &decided.membership;
        for gone in withdrawn.iter().chain(held) {
            prop_assert!(by_groups.contains(gone));
            prop_assert!(!granted.contains(gone));
            let told = case.assertion.groups.present().is_some_and(|told| told.contains(&gone.group_name));
            let gives = case.upstream.group_roles.iter().any(|given| {
                given.group_name == gone.group_name
                    && given.organization_id == gone.organization_id
                    && given.role_id == gone.role_id
            });
            prop_assert!(!(told && gives));
        }
    }

    #[test]
    fn order_does_not_matter(case in case(), seed in any::<u64>()) {
        let mut turned = case.clone();
        if let Presence::Present(groups) = &mut turned.assertion.groups {
            let again = groups.clone();
            groups.extend(again);
        }
        turn(&mut turned, seed);
        prop_assert_eq!(turned.decide(), case.decide());
    }

    #[test]
    fn each_attribute_is_decided_by_itself(case in case()) {
        let Ok(whole) = case.decide() else { return Ok(()) };
        let rules = &case.upstream.connection.mapping.0.0;
        prop_assert_eq!(whole.changes.len() + whole.kept.len(), rules.len());
        for (attribute, rule) in rules {
            // The rule of the address says by which address somebody is found.
            let kept = rules.iter().filter(|(other, _)| *other == attribute || **other == Attribute::Email);
            let mut alone = case.clone();
            alone.upstream.connection.mapping.0 = Mapping(kept.map(|(other, rule)| (*other, rule.clone())).collect());
            let alone = alone.decide().expect("the others do not decide who gets in");
            prop_assert_eq!(&alone.who, &whole.who);
            prop_assert_eq!(alone.why_kept(*attribute), whole.why_kept(*attribute));
            let of = |decided: &Reconciliation| {
                decided.changes.iter().find(|change| change.attribute == *attribute).cloned()
            };
            let change = of(&whole);
            prop_assert_eq!(&of(&alone), &change);
            prop_assert_eq!(change.is_none(), whole.why_kept(*attribute).is_some());
            prop_assert!(change.is_none_or(|change| change.claim == rule.claim));
        }
    }

    #[test]
    fn no_grant_appears_in_another_organization(case in case()) {
        let Ok(decided) = case.decide() else { return Ok(()) };
        let Membership { joins, leads_to, granted, .. } = &decided.membership;
        let home = &case.upstream.connection.organization_id;
        prop_assert!(joins.is_none() || joins == home);
        prop_assert!(leads_to.is_none() || leads_to == home);
        let belongs = subject(&decided).map(|user| case.directory.people[user].memberships.clone());
        let belongs: BTreeSet<_> = belongs.into_iter().flatten().chain(joins.clone()).collect();
        for role in granted {
            prop_assert!(belongs.contains(&role.organization_id), "{role:?}");
            let is_mapped = case.upstream.group_roles.iter().any(|given| {
                given.group_name == role.group_name
                    && given.organization_id == role.organization_id
                    && given.role_id == role.role_id
            });
            let told = case.assertion.groups.present().is_some_and(|told| told.contains(&role.group_name));
            prop_assert!(is_mapped && told, "{role:?}");
        }
    }

    #[test]
    fn whoever_is_refused_leaves_nothing_behind(mut case in case()) {
        let before = bytes(&case.directory);
        let outcome = case.sign_in();
        if let Err(refusal) = &outcome {
            prop_assert_eq!(bytes(&case.directory), before);
            let again = case.sign_in();
            prop_assert_eq!(again.as_ref(), Err(refusal));
        }
        let suspended = outcome.as_ref().ok().and_then(subject);
        let suspended = suspended.and_then(|user| case.directory.people[user].user.suspended_at);
        prop_assert_eq!(suspended, None);
        if !case.upstream.connection.is_enabled || case.directory.organization_suspended {
            prop_assert!(outcome.is_err());
        }
        let may_create = case.upstream.connection.creates_users && case.terms.self_sign_up_allowed;
        if !may_create {
            prop_assert!(outcome.is_err() || outcome.is_ok_and(|decided| decided.who != Who::Created));
        }
    }

    #[test]
    fn without_sync_a_profile_stays_as_it_is(mut case in case()) {
        case.terms.syncs_profiles = false;
        let before = case.directory.clone();
        let Ok(decided) = case.sign_in() else { return Ok(()) };
        let syncs = case.upstream.connection.sync.0.decides(false);
        let Some(user) = subject(&decided).filter(|_| !syncs) else { return Ok(()) };
        let (before_them, after) = (&before.people[user], &case.directory.people[user]);
        prop_assert_eq!(bytes(&after.user), bytes(&before_them.user));
        prop_assert_eq!(&after.email, &before_them.email);
        prop_assert_eq!(&after.sources, &before_them.sources);
        prop_assert_eq!(bytes(&case.directory.addresses), bytes(&before.addresses));
        prop_assert!(decided.changes.is_empty());
        prop_assert!(decided.kept.iter().all(|kept| kept.why == Why::SyncOff));
    }

    #[test]
    fn nobody_else_is_touched_and_no_proof_is_lost(mut case in case()) {
        let before = case.directory.clone();
        let Ok(decided) = case.sign_in() else { return Ok(()) };
        let displaced = decided.displaced.as_ref();
        for (id, person) in &before.people {
            let is_concerned = Some(id) == subject(&decided) || displaced.is_some_and(|(_, user)| user == id);
            prop_assert!(is_concerned || bytes(person) == bytes(&case.directory.people[id]), "{id}");
        }
        for (key, held) in &before.addresses {
            if held.is_verified {
                let now = &case.directory.addresses[key];
                prop_assert!(now.is_verified && now.user == held.user, "{key}");
            }
        }
        if let Some((identity, user)) = displaced {
            prop_assert!(Some(user) != subject(&decided));
            let lost = before.addresses.values().find(|held| held.identity == *identity);
            prop_assert!(lost.is_some_and(|held| !held.is_verified && held.user == *user));
        }
    }
}

/// Turns every list round, or further.
fn turn(case: &mut Case, seed: u64) {
    fn turn<T>(list: &mut [T], seed: u64) {
        if !list.is_empty() {
            let steps = usize::try_from(seed % 1000).unwrap_or_default() % list.len();
            list.rotate_left(steps);
            if seed.is_multiple_of(2) {
                list.reverse();
            }
        }
    }
    if let Presence::Present(groups) = &mut case.assertion.groups {
        turn(groups, seed);
    }
    turn(&mut case.upstream.group_roles, seed / 3);
    turn(&mut case.upstream.domains, seed / 5);
    turn(&mut case.terms.sign_up_domains, seed / 7);
    for person in case.directory.people.values_mut() {
        turn(&mut person.sources, seed / 11);
        turn(&mut person.memberships, seed / 13);
        turn(&mut person.group_roles, seed / 17);
    }
}

/// A property says little of what is never generated: each outcome is reached often.
#[test]
fn the_cases_reach_every_outcome() {
    let counts = count_outcomes();
    let refusals = [
        Refusal::ConnectionDisabled,
        Refusal::DomainNotAllowed,
        Refusal::IdentityTaken,
        Refusal::NoAccount,
        Refusal::OrganizationSuspended,
        Refusal::UserSuspended,
    ];
    let whys = [
        Why::Absent,
        Why::Edited,
        Why::Empty,
        Why::Filled,
        Why::ImportOnly,
        Why::Malformed,
        Why::Never,
        Why::Same,
        Why::SyncOff,
        Why::Taken,
    ];
    let rules = Rule::ALL.iter().map(ToString::to_string);
    let refusals = refusals.iter().map(|refusal| format!("{refusal:?}"));
    let others = [
        "a change",
        "displaced",
        "takes over",
        "joins",
        "granted",
        "withdrawn",
        "held",
    ];
    let others = others.into_iter().map(str::to_owned);
    let whys = whys.iter().map(|why| format!("{why:?}"));
    for outcome in rules.chain(refusals).chain(whys).chain(others) {
        let count = counts.get(&outcome).copied().unwrap_or_default();
        assert!(count >= 10, "{outcome}: {count}: {counts:?}");
    }
}

/// How often each rule, refusal, reason and change comes of the generated cases.
fn count_outcomes() -> BTreeMap<String, u32> {
    let mut runner = TestRunner::deterministic();
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut count = |outcome: String| *counts.entry(outcome).or_default() += 1;
    for _ in 0..3 * CASES {
        let case = case().new_tree(&mut runner).unwrap().current();
        match case.decide() {
            Err(refusal) => count(format!("{refusal:?}")),
            Ok(decided) => {
                count(decided.who.rule().to_string());
                decided
                    .changes
                    .iter()
                    .for_each(|_| count("a change".to_owned()));
                decided
                    .kept
                    .iter()
                    .for_each(|kept| count(format!("{:?}", kept.why)));
                let Membership {
                    joins,
                    granted,
                    withdrawn,
                    held,
                    ..
                } = decided.membership;
                for (what, is_so) in [
                    ("displaced", decided.displaced.is_some()),
                    ("takes over", decided.takes_over),
                    ("joins", joins.is_some()),
                    ("granted", !granted.is_empty()),
                    ("withdrawn", !withdrawn.is_empty()),
                    ("held", !held.is_empty()),
                ] {
                    if is_so {
                        count(what.to_owned());
                    }
                }
            }
        }
    }
    counts
}
