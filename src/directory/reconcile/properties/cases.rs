//! Generated cases: assertions, connections, policies and directories of three people.
//!
//! Few addresses, groups and organizations, so that what is said often meets what is here.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::btree_map;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::model::{Case, Directory, Held, set};
use crate::directory::reconcile::tests::{
    ADA, EVE, GRACE, NOW, address, assertion, identity_id, organization_id, person, role_id,
    upstream, user_id,
};
use crate::directory::reconcile::{Person, Terms, Upstream};
use crate::federation::assertion::EmailProof;
use crate::federation::mapping::{Attribute, Mapping, Mode, Rule};
use crate::federation::settings::{Kind, Sync};
use crate::federation::{Assertion, Presence};
use crate::store::attribute_sources::{AttributeSource, Source};
use crate::store::connections::GroupRole;
use crate::store::group_role_assignments::GroupRoleAssignment;
use crate::store::types::{Json, Text};

const PEOPLE: [u8; 3] = [ADA, GRACE, EVE];
const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];
const GROUPS: [&str; 4] = ["admins", "owners", "readers", "writers"];
const ORGANIZATIONS: [u8; 3] = [1, 2, 3];
const ROLES: [u8; 2] = [1, 2];

const ADDRESSES: [&str; 4] = [
    "ada@acme.test",
    "ada@globex.test",
    "eve@evil.test",
    "grace@acme.test",
];

/// A claim that no provider has, which rules may read all the same.
const ALIAS: &str = "alias";

pub(super) fn case() -> impl Strategy<Value = Case> {
    (said(), connection(), policies(), directory()).prop_map(
        |(assertion, upstream, terms, directory)| Case {
            assertion,
            upstream,
            terms,
            directory,
        },
    )
}

/// Texts that can be an attribute, and texts that can't.
fn texts(attribute: Attribute) -> (&'static [&'static str], &'static [&'static str]) {
    match attribute {
        Attribute::Birthdate => (&["1815-12-10", "1906"], &["10.12.1815"]),
        Attribute::Email => (
            &[
                "ada@acme.test",
                "Ada@Acme.Test",
                "ada@globex.test",
                "eve@evil.test",
                "grace@acme.test",
                "grace@acme.test ",
                "new@acme.test",
            ],
            &["ada", "ada@", "ada@acme.test\nx"],
        ),
        // Names to be called by may be anything, even an address.
        Attribute::PreferredUsername => (&["ada", "ada@acme.test", "grace@acme.test"], &["a\nb"]),
        Attribute::FamilyName
        | Attribute::Gender
        | Attribute::GivenName
        | Attribute::MiddleName
        | Attribute::Nickname => (&["Ada", "Augusta", "ada@acme.test"], &["two\nlines"]),
        Attribute::Locale => (&["en-GB", "de"], &["de_CH"]),
        Attribute::Picture | Attribute::Profile | Attribute::Website => (
            &["https://a.test/1", "https://a.test/2"],
            &["javascript:alert(1)", "a.test"],
        ),
        Attribute::Zoneinfo => (&["Europe/London", "UTC"], &["+01:00"]),
    }
}

/// A number for each attribute: what is said of it, how it is mapped, what it is. So generating is quick.
type Numbers = [u16; Attribute::ALL.len()];

/// Every attribute, with its number.
fn numbered(numbers: Numbers) -> impl Iterator<Item = (Attribute, usize)> {
    let numbers = numbers.into_iter().map(usize::from);
    Attribute::ALL.iter().copied().zip(numbers)
}

/// What a claim says, if it is sent: most often something that can be the attribute.
fn value(attribute: Attribute, number: usize) -> Option<Value> {
    let kinds = if attribute == Attribute::Email {
        24
    } else {
        12
    };
    let (kind, number) = (number % kinds, number / kinds);
    let (good, bad) = texts(attribute);
    let good = good[number % good.len()];
    let blank = [json!(null), json!(""), json!("  "), json!([]), json!([""])];
    let odd = [
        json!({ "a": "b" }),
        json!(["a", "b"]),
        json!(true),
        json!(7),
    ];
    match kind {
        0 | 1 => None,
        2 => Some(blank[number % blank.len()].clone()),
        3 => Some(json!(bad[number % bad.len()])),
        4 => Some(odd[number % odd.len()].clone()),
        5 => Some(json!([good])),
        _ => Some(json!(good)),
    }
}

pub(super) fn proof() -> impl Strategy<Value = EmailProof> {
    prop_oneof![
        1 => Just(EmailProof::Domain),
        1 => Just(EmailProof::None),
        3 => Just(EmailProof::Stated),
        1 => Just(EmailProof::Unsaid),
    ]
}

fn said() -> impl Strategy<Value = Assertion> {
    let groups = prop_oneof![
        1 => Just(Presence::Absent),
        1 => Just(Presence::Empty),
        4 => subsequence(GROUPS.to_vec(), 1..=GROUPS.len())
            .prop_map(|names| Presence::Present(names.into_iter().map(str::to_owned).collect())),
    ];
    let numbers = any::<(Numbers, u16)>();
    (numbers, groups, proof()).prop_map(|((numbers, alias), groups, proof)| {
        let usual = numbered(numbers)
            .map(|(attribute, number)| (attribute.as_str(), value(attribute, number)));
        let alias = value(Attribute::PreferredUsername, usize::from(alias));
        let claims = usual.chain([(ALIAS, alias)]);
        let claims = claims.filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let said = Value::Object(claims.collect());
        Assertion {
            groups,
            ..assertion(said, proof)
        }
    })
}

/// The rule of an attribute, if there is one.
fn rule(attribute: Attribute, number: usize) -> Option<(Attribute, Rule)> {
    let (is_mapped, number) = (!number.is_multiple_of(5), number / 5);
    let (claim, number) = (number % 14, number / 14);
    let (mode, number) = (number % 8, number / 8);
    let claim = match claim {
        0 => ALIAS,
        1 => Attribute::PreferredUsername.as_str(),
        _ => attribute.as_str(),
    };
    let rule = Rule {
        claim: claim.to_owned(),
        mode: Mode::ALL.get(mode).copied().unwrap_or(Mode::Follow),
        clear_when_empty: number % 2 == 1,
    };
    is_mapped.then_some((attribute, rule))
}

/// Of the roles that groups could give somewhere, those whose bits are set.
fn group_roles(bits: u32) -> impl Iterator<Item = GroupRole> {
    let mut all = Vec::new();
    for group in GROUPS {
        for organization in ORGANIZATIONS {
            all.extend(ROLES.map(|role| GroupRole {
                group_name: group.to_owned(),
                organization_id: organization_id(organization),
                role_id: role_id(role),
            }));
        }
    }
    let bits = (0..u32::BITS).map(move |bit| bits & (1 << bit) != 0);
    all.into_iter()
        .zip(bits)
        .filter_map(|(role, is_set)| is_set.then_some(role))
}

fn connection() -> impl Strategy<Value = Upstream> {
    let kind = select(Kind::ALL);
    let switches = (
        prop::bool::weighted(0.95),
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.75),
        any::<bool>(),
    );
    let home = prop::option::of(select(ORGANIZATIONS.to_vec()));
    let domains = subsequence(DOMAINS.to_vec(), 0..=DOMAINS.len());
    (
        kind,
        switches,
        home,
        domains,
        select(Sync::ALL),
        any::<Numbers>(),
        any::<u32>(),
    )
        .prop_map(|(kind, switches, home, domains, sync, numbers, bits)| {
            let mut upstream = upstream(kind);
            let connection = &mut upstream.connection;
            (
                connection.is_enabled,
                connection.creates_users,
                connection.trusts_emails,
                connection.joins_organization,
            ) = switches;
            connection.organization_id = home.map(organization_id);
            connection.sync = Text(sync);
            connection.mapping = Json(Mapping(
                numbered(numbers)
                    .filter_map(|(attribute, number)| rule(attribute, number))
                    .collect(),
            ));
            upstream.domains = domains.into_iter().map(str::to_owned).collect();
            upstream.group_roles = group_roles(bits).collect();
            upstream
        })
}

fn policies() -> impl Strategy<Value = Terms> {
    let domains = prop_oneof![
        3 => Just(Vec::new()),
        1 => Just(vec!["acme.test".to_owned()]),
    ];
    (any::<bool>(), prop::bool::weighted(0.8), domains).prop_map(
        |(syncs_profiles, self_sign_up_allowed, sign_up_domains)| Terms {
            syncs_profiles,
            self_sign_up_allowed,
            sign_up_domains,
        },
    )
}

/// Somebody with a profile, memberships and roles of groups, and without an address.
fn somebody(number: u8) -> impl Strategy<Value = Person> {
    let memberships = subsequence(ORGANIZATIONS.to_vec(), 0..=ORGANIZATIONS.len());
    let is_suspended = prop::bool::weighted(0.08);
    (any::<Numbers>(), memberships, any::<u32>(), is_suspended).prop_map(
        move |(numbers, memberships, bits, is_suspended)| {
            let mut person = person(number);
            for (attribute, number) in numbered(numbers) {
                describe(&mut person, attribute, number);
            }
            person.memberships = memberships.into_iter().map(organization_id).collect();
            let here = group_roles(bits).map(|given| GroupRoleAssignment {
                organization_id: given.organization_id,
                role_id: given.role_id,
                group_name: given.group_name,
            });
            let here = here.filter(|given| person.memberships.contains(&given.organization_id));
            person.group_roles = here.collect();
            person.user.suspended_at = is_suspended.then_some(NOW);
            person
        },
    )
}

/// Gives somebody an attribute, and a source of it; or one of them, or neither.
fn describe(person: &mut Person, attribute: Attribute, number: usize) {
    let (good, _) = texts(attribute);
    let (text, number) = (number % (good.len() + 1), number / (good.len() + 1));
    if attribute != Attribute::Email {
        set(
            person,
            attribute,
            good.get(text).map(|&text| text.to_owned()),
        );
    }
    let source = Source::ALL.get(number % (Source::ALL.len() + 2));
    person.sources.extend(source.map(|&source| AttributeSource {
        attribute: Text(attribute),
        source: Text(source),
        connection_id: None,
        claim: None,
        previous: None,
        written_at: NOW,
    }));
}

/// Who has which addresses, proven or not, and whether it is the one that is shown.
fn holdings() -> impl Strategy<Value = BTreeMap<&'static str, (u8, bool, bool)>> {
    let holding = (
        select(PEOPLE.to_vec()),
        any::<bool>(),
        prop::bool::weighted(0.8),
    );
    btree_map(select(ADDRESSES.to_vec()), holding, 0..=ADDRESSES.len())
}

fn directory() -> impl Strategy<Value = Directory> {
    let somebody_of = || select(PEOPLE.to_vec());
    let by_hand = (
        somebody_of(),
        select(ORGANIZATIONS.to_vec()),
        select(ROLES.to_vec()),
    );
    (
        PEOPLE.map(somebody),
        holdings(),
        prop::option::weighted(0.4, somebody_of()),
        btree_map(select(ADDRESSES.to_vec()), somebody_of(), 0..=2),
        prop::option::weighted(0.15, somebody_of()),
        prop::collection::vec(by_hand, 0..6),
        0i64..60,
        prop::bool::weighted(0.05),
    )
        .prop_map(
            |(people, holdings, known, waiting, asking, by_hand, elsewhere, suspended)| {
                let held = people.iter().map(|person| person.group_roles.len());
                let held = i64::try_from(held.sum::<usize>()).unwrap();
                let mut directory = Directory {
                    people: people
                        .into_iter()
                        .map(|one| (one.user.id.clone(), one))
                        .collect(),
                    addresses: BTreeMap::new(),
                    known: known.map(|number| (identity_id(number), user_id(number))),
                    waiting: BTreeMap::new(),
                    asking: asking.map(user_id),
                    by_hand: by_hand
                        .into_iter()
                        .map(|(user, organization, role)| {
                            (user_id(user), organization_id(organization), role_id(role))
                        })
                        .collect::<BTreeSet<_>>(),
                    group_roles_given: held + elsewhere,
                    organization_suspended: suspended,
                };
                for (number, (key, user)) in (10..).zip(waiting) {
                    let identity = (identity_id(number), user_id(user));
                    directory.waiting.insert(key.to_owned(), identity);
                }
                for (number, (key, holding)) in (20..).zip(holdings) {
                    hold(&mut directory, number, key, holding);
                }
                directory
            },
        )
}

fn hold(directory: &mut Directory, number: u8, key: &str, holding: (u8, bool, bool)) {
    let (user, is_verified, is_shown) = holding;
    let user = user_id(user);
    if is_shown {
        let person = directory.people.get_mut(&user).unwrap();
        person.email = Some(address(key, is_verified));
    }
    let held = Held {
        identity: identity_id(number),
        user,
        is_verified,
    };
    directory.addresses.insert(key.to_owned(), held);
}
