//! Where they belong, and what groups give and no longer give.

use serde_json::json;

use super::*;

const ACME: u8 = 1;
const GLOBEX: u8 = 2;

fn given(group: &str, organization: u8, role: u8) -> GroupRole {
    GroupRole {
        group_name: group.to_owned(),
        organization_id: organization_id(organization),
        role_id: role_id(role),
    }
}

fn has(group: &str, organization: u8, role: u8) -> GroupRoleAssignment {
    GroupRoleAssignment {
        organization_id: organization_id(organization),
        role_id: role_id(role),
        group_name: group.to_owned(),
    }
}

fn in_groups(groups: Presence<Vec<&str>>) -> Assertion {
    let groups = match groups {
        Presence::Absent => Presence::Absent,
        Presence::Empty => Presence::Empty,
        Presence::Present(names) => {
            Presence::Present(names.into_iter().map(str::to_owned).collect())
        }
    };
    Assertion {
        groups,
        ..assertion(json!({}), EmailProof::None)
    }
}

/// A member of these organizations who has these roles through groups.
fn member(organizations: &[u8], roles: Vec<GroupRoleAssignment>) -> Facts {
    let organizations = organizations.iter();
    let ada = Person {
        memberships: organizations
            .map(|&number| organization_id(number))
            .collect(),
        group_roles: roles,
        ..person(ADA)
    };
    Facts {
        known: Some((identity_id(ADA), ada)),
        ..Facts::default()
    }
}

fn decide(groups: Presence<Vec<&str>>, upstream: &Upstream, facts: &Facts) -> Membership {
    let decided = reconcile(&in_groups(groups), upstream, &terms(), facts);
    decided.unwrap().membership
}

#[test]
fn a_group_gives_its_role_while_it_is_told() {
    use Presence::{Absent, Empty, Present};
    let mut upstream = upstream(Kind::Oidc);
    // Two groups give the first role, and one of them a second.
    upstream.group_roles = vec![
        given("admins", ACME, 1),
        given("owners", ACME, 1),
        given("owners", ACME, 2),
    ];
    let admin = || has("admins", ACME, 1);
    let owner = || vec![has("owners", ACME, 1), has("owners", ACME, 2)];
    let gone = || has("gone", ACME, 3);
    for (groups, before, granted, withdrawn) in [
        (Absent, vec![], vec![], vec![]),
        (Absent, vec![admin()], vec![], vec![]),
        (Empty, vec![], vec![], vec![]),
        (Empty, vec![admin()], vec![], vec![admin()]),
        (Present(vec!["admins"]), vec![], vec![admin()], vec![]),
        (Present(vec!["admins"]), vec![admin()], vec![], vec![]),
        (
            Present(vec!["others"]),
            vec![admin()],
            vec![],
            vec![admin()],
        ),
        (Present(vec!["owners"]), vec![], owner(), vec![]),
        (Present(vec!["owners", "owners"]), vec![], owner(), vec![]),
        (
            Present(vec!["owners"]),
            vec![admin()],
            owner(),
            vec![admin()],
        ),
        (
            Present(vec!["owners", "admins"]),
            vec![admin()],
            owner(),
            vec![],
        ),
        // The name of a group is what it is.
        (
            Present(vec!["Admins", " admins", "admin"]),
            vec![],
            vec![],
            vec![],
        ),
        // The mapping gives the role no more.
        (Present(vec!["gone"]), vec![gone()], vec![], vec![gone()]),
        (Absent, vec![gone()], vec![], vec![]),
    ] {
        let case = format!("{groups:?} {before:?}");
        let decided = decide(groups, &upstream, &member(&[ACME], before));
        assert_eq!(decided.granted, granted, "{case}");
        assert_eq!(decided.withdrawn, withdrawn, "{case}");
        assert_eq!(decided.held, [], "{case}");
        let changes = !granted.is_empty() || !withdrawn.is_empty();
        assert_eq!(decided.is_unchanged(), !changes, "{case}");
    }
}

#[test]
fn a_group_gives_roles_only_where_its_member_belongs() {
    let mut everybodys = upstream(Kind::Oidc);
    everybodys.group_roles = vec![given("admins", ACME, 1), given("admins", GLOBEX, 2)];
    let mut acmes = everybodys.clone();
    acmes.connection.organization_id = Some(organization_id(ACME));
    let mut joining = acmes.clone();
    joining.connection.joins_organization = true;
    let (acme, globex) = (has("admins", ACME, 1), has("admins", GLOBEX, 2));
    let (acme, globex) = (|| acme.clone(), || globex.clone());
    for (upstream, organizations, expected) in [
        (&everybodys, &[][..], vec![]),
        (&everybodys, &[ACME][..], vec![acme()]),
        (&everybodys, &[GLOBEX][..], vec![globex()]),
        (&everybodys, &[GLOBEX, ACME][..], vec![acme(), globex()]),
        (&acmes, &[][..], vec![]),
        (&joining, &[][..], vec![acme()]),
        (&joining, &[ACME][..], vec![acme()]),
        (&joining, &[GLOBEX][..], vec![acme(), globex()]),
    ] {
        let groups = || Presence::Present(vec!["admins"]);
        let facts = member(organizations, vec![]);
        let decided = decide(groups(), upstream, &facts);
        assert_eq!(decided.granted, expected, "{organizations:?}");
        // What they have in another organization is not taken for it.
        let facts = member(organizations, expected);
        let decided = decide(groups(), upstream, &facts);
        assert_eq!((decided.granted, decided.withdrawn), (vec![], vec![]));
    }
    // A newcomer belongs nowhere but where they join.
    let groups = || Presence::Present(vec!["admins"]);
    let newcomer = Facts::default();
    assert_eq!(decide(groups(), &joining, &newcomer).granted, [acme()]);
    assert_eq!(decide(groups(), &everybodys, &newcomer).granted, []);
}

#[test]
fn a_connection_of_an_organization_leads_there() {
    let acme = || Some(organization_id(ACME));
    for (home, joins, organizations, expected_joins, expected_leads_to) in [
        (None, true, &[][..], None, None),
        (None, true, &[ACME][..], None, None),
        (acme(), true, &[][..], acme(), acme()),
        (acme(), true, &[ACME][..], None, acme()),
        (acme(), true, &[GLOBEX][..], acme(), acme()),
        (acme(), false, &[][..], None, None),
        (acme(), false, &[ACME][..], None, acme()),
        (acme(), false, &[GLOBEX][..], None, None),
    ] {
        let case = format!("{home:?} {joins} {organizations:?}");
        let mut upstream = upstream(Kind::Oidc);
        upstream.connection.organization_id = home;
        upstream.connection.joins_organization = joins;
        let facts = member(organizations, vec![]);
        // Whether groups are told does not matter.
        for groups in [Presence::Absent, Presence::Empty] {
            let decided = decide(groups, &upstream, &facts);
            assert_eq!(decided.joins, expected_joins, "{case}");
            assert_eq!(decided.leads_to, expected_leads_to, "{case}");
            assert_eq!(decided.is_unchanged(), expected_joins.is_none(), "{case}");
        }
    }
}

#[test]
fn too_much_at_once_is_held() {
    for (given_to_all, gone, granted, is_held) in [
        // Few roles in all: a quarter of them is soon gone.
        (19, 19, 0, false),
        (10, 10, 9, false),
        // A quarter is not too much; more is.
        (20, 5, 0, false),
        (20, 6, 0, true),
        (100, 25, 0, false),
        (100, 26, 0, true),
        (i64::MAX, 40, 0, false),
        // What is granted with it counts as given.
        (19, 6, 1, true),
        (20, 6, 4, false),
        (20, 6, 3, true),
        (i64::MAX, 40, 3, false),
        // There is nothing to hold.
        (100, 0, 0, false),
        (100, 0, 5, false),
    ] {
        let case = format!("{given_to_all} {gone} {granted}");
        let mut upstream = upstream(Kind::Oidc);
        upstream.group_roles = (0..granted).map(|role| given("new", ACME, role)).collect();
        let before: Vec<_> = (0..gone).map(|role| has("old", ACME, role)).collect();
        let mut facts = member(&[ACME], before.clone());
        facts.group_roles_given = given_to_all;
        let decided = decide(Presence::Present(vec!["new"]), &upstream, &facts);
        assert_eq!(decided.granted.len(), usize::from(granted), "{case}");
        let (held, withdrawn) = if is_held {
            (before, vec![])
        } else {
            (vec![], before)
        };
        assert_eq!(decided.held, held, "{case}");
        assert_eq!(decided.withdrawn, withdrawn, "{case}");
        // Untold groups are not even held.
        let untold = decide(Presence::Absent, &upstream, &facts);
        assert!(untold.is_unchanged() && untold.held.is_empty(), "{case}");
    }
}
