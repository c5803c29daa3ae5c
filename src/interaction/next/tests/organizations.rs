//! Which organization a sign-in leads to, and who is admitted there.

use super::*;
use crate::interaction::destination::{Member, Requested};

/// The step for Ada, who belongs to the organizations of these digits; one in capitals is suspended.
fn destination_of(belongs_to: &str, extra: &str, adjust: impl FnOnce(&mut Facts)) -> String {
    let member = |letter: char| Member {
        organization: organization(letter.to_ascii_lowercase(), letter.is_ascii_uppercase()),
        last_sign_in_at: None,
    };
    let mut facts = facts(Some(signed_in(ADA, 10)));
    facts.organizations.memberships = belongs_to.chars().map(member).collect();
    adjust(&mut facts);
    match next(&interaction(extra, Progress::default()), &facts) {
        Ok(Step::Respond { organization, .. }) => {
            organization.map_or("nowhere".to_owned(), |id| id.to_string())
        }
        Ok(step) => format!("{step:?}"),
        Err(error) => error.code.to_string(),
    }
}

#[test]
fn one_membership_goes_straight_through_and_several_are_chosen_from() {
    for (belongs_to, extra, expected) in [
        ("", "", "nowhere"),
        ("a", "", "org_0000000000a"),
        ("A", "", "OrganizationSuspended"),
        ("A", "prompt=none", "organization_suspended"),
        ("aB", "", "org_0000000000a"),
        ("ab", "", "SelectOrganization"),
        ("ab", "prompt=none", "interaction_required"),
    ] {
        assert_eq!(
            destination_of(belongs_to, extra, |_| {}),
            expected,
            "{belongs_to} {extra}"
        );
    }
}

#[test]
fn an_organization_decides_for_how_long_a_proof_will_do() {
    // The proof is ten seconds old.
    for (decides, longest, extra, expected) in [
        (true, 10, "", "org_0000000000a"),
        (true, 9, "", "Identify"),
        (true, 9, "prompt=none", "login_required"),
        (false, 9, "", "org_0000000000a"),
    ] {
        let found = destination_of("a", extra, |facts| {
            let organization = &mut facts.organizations.memberships[0].organization;
            organization.session_policy.decides_session_lifetime = decides;
            organization.session_policy.session_lifetime_seconds = Some(Seconds::new(longest));
        });
        assert_eq!(found, expected, "{decides} {longest} {extra}");
    }
}

#[test]
fn whoever_belongs_nowhere_goes_to_the_default_organization_where_policy_says_so() {
    let default = organization('d', false).id;
    let joins = destination_of("", "", |facts| {
        facts.organizations.default = Some(default.clone());
    });
    assert_eq!(joins, format!("JoinOrganization({default:?})"));
    let stays = destination_of("", "", |facts| {
        facts.organizations.default = Some(default);
        facts.policies.default_organization_takes_users = false;
    });
    assert_eq!(stays, "nowhere");
}

#[test]
fn what_was_chosen_before_is_not_asked_again() {
    let in_session = destination_of("ab", "", |facts| {
        facts.organizations.last_in_session = Some(organization('b', false).id);
    });
    assert_eq!(in_session, "org_0000000000b");
    let recent = |skips| {
        destination_of("ab", "", |facts| {
            facts.policies.skips_picker_for_most_recent = skips;
            facts.organizations.memberships[1].last_sign_in_at = Some(NOW);
        })
    };
    assert_eq!(recent(true), "org_0000000000b");
    assert_eq!(recent(false), "SelectOrganization");
}

#[test]
fn the_organization_that_the_request_names_decides() {
    // belongs to, named (in capitals: suspended), whether it admits, prompt, step
    for (belongs_to, named, admits, prompt, expected) in [
        ("ab", 'b', false, "", "org_0000000000b"),
        ("ab", 'c', false, "", "NotAMember"),
        ("ab", 'c', false, "prompt=none", "access_denied"),
        (
            "ab",
            'c',
            true,
            "",
            "JoinOrganization(OrganizationId(\"org_0000000000c\"))",
        ),
        ("ab", 'c', true, "prompt=none", "access_denied"),
        ("aB", 'B', false, "", "OrganizationSuspended"),
    ] {
        let requested = Requested {
            organization: organization(named.to_ascii_lowercase(), named.is_ascii_uppercase()),
            admits,
        };
        let step = destination_of(belongs_to, prompt, |facts| {
            facts.organizations.requested = Some(requested);
        });
        assert_eq!(step, expected, "{belongs_to} {named} {admits} {prompt}");
    }
}

#[test]
fn an_organization_is_created_where_policy_allows() {
    let named = "is_create_org=true&org_name=Initech";
    assert_eq!(
        destination_of("a", named, |_| {}),
        "CreateOrganization(\"Initech\")"
    );
    assert_eq!(
        destination_of("a", "is_create_org=true&org_name=", |_| {}),
        "NameOrganization"
    );
    let forbidden = destination_of("a", named, |facts| {
        facts.policies.organization_creation_allowed = false;
    });
    assert_eq!(forbidden, "org_0000000000a");
}

#[test]
fn an_application_that_controls_access_admits_those_who_hold_a_role_of_it_there() {
    let role = |digit: char| {
        RoleId::parse(&format!("00000000-0000-0000-0000-00000000000{digit}")).unwrap()
    };
    let acme = organization('a', false).id;
    // controlled, held (where, which), prompt, step
    for (is_controlled, held, prompt, expected) in [
        (false, None, "", "org_0000000000a"),
        (true, Some(('a', "1")), "", "org_0000000000a"),
        (true, Some(('a', "21")), "", "org_0000000000a"),
        (true, Some(('a', "21")), "prompt=none", "org_0000000000a"),
        (true, Some(('a', "2")), "", "NotAdmitted"),
        (true, Some(('a', "2")), "prompt=none", "access_denied"),
        (true, Some(('a', "")), "", "NotAdmitted"),
        (true, Some(('b', "1")), "", "NotAdmitted"),
        (true, None, "", "NotAdmitted"),
        (true, None, "prompt=none", "access_denied"),
    ] {
        let step = destination_of("a", prompt, |facts| {
            let mut client = RegisteredClient::example(client_id(), ApplicationKind::Web);
            client.client.is_access_controlled = is_controlled;
            client.access_roles = vec![role('1'), role('3')];
            facts.client = Arc::new(client);
            facts.held_roles = held.map(|(digit, roles)| {
                let held_in = organization(digit, false).id;
                (held_in, roles.chars().map(role).collect())
            });
        });
        assert_eq!(step, expected, "{is_controlled} {held:?} {prompt} {acme}");
    }
}

#[test]
fn nobody_is_admitted_who_belongs_nowhere() {
    let step = destination_of("", "", |facts| {
        let mut client = RegisteredClient::example(client_id(), ApplicationKind::Web);
        client.client.is_access_controlled = true;
        facts.client = Arc::new(client);
    });
    assert_eq!(step, "NotAdmitted");
}
