//! Who it is: every rule, in its order.

use serde_json::json;

use super::*;
use crate::federation::mapping;
use crate::federation::mapping::Mode;
use crate::id::InvitationCode;
use crate::store::invitations::Invitation;

/// The rule that fits and whom it finds, none of them a newcomer; or why they are refused.
pub(super) type Outcome = Result<(Rule, u8), Refusal>;

pub(super) const CREATED: Outcome = Ok((Rule::New, 0));

fn found(who: &Who) -> (Rule, u8) {
    let user = match who {
        Who::Bound(_, user) | Who::Known(_, user) | Who::Linked(user, _) => user,
        Who::Created => return (Rule::New, 0),
    };
    let mut people = [ADA, GRACE, EVE].into_iter();
    let person = people.find(|person| user_id(*person) == *user).unwrap();
    if let Who::Bound(identity, _) | Who::Known(identity, _) = who {
        assert_eq!(*identity, identity_id(person));
    }
    (who.rule(), person)
}

pub(super) fn who(
    assertion: &Assertion,
    upstream: &Upstream,
    terms: &Terms,
    facts: &Facts,
) -> Outcome {
    reconcile(assertion, upstream, terms, facts).map(|decided| found(&decided.who))
}

/// Facts of these people: whose the identity is, who asks, for whom an identity waits, who has the address.
pub(super) fn facts(
    known: Option<u8>,
    linking: Option<u8>,
    waiting: Option<u8>,
    holding: Option<(u8, bool)>,
) -> Facts {
    Facts {
        known: known.map(identified),
        linking: linking.map(person),
        waiting: waiting.map(identified),
        holder: holding.map(|(person, is_verified)| holder(person, is_verified)),
        ..Facts::default()
    }
}

fn at_home(kind: Kind) -> Upstream {
    Upstream {
        domains: vec!["acme.test".to_owned()],
        ..upstream(kind)
    }
}

/// Whose the identity is, who asks for it, for whom one waits, who has the address (and has proven it), what vouches
/// for it there; and who it is.
type Row = (
    Option<u8>,
    Option<u8>,
    Option<u8>,
    Option<(u8, bool)>,
    EmailProof,
    Outcome,
);

const RULES: &[Row] = &[
    (None, None, None, None, EmailProof::Stated, CREATED),
    (None, None, None, None, EmailProof::None, CREATED),
    // 1. the key of the identity is known
    (
        Some(ADA),
        None,
        None,
        None,
        EmailProof::Stated,
        Ok((Rule::Known, ADA)),
    ),
    (
        Some(ADA),
        None,
        None,
        None,
        EmailProof::None,
        Ok((Rule::Known, ADA)),
    ),
    (
        Some(ADA),
        None,
        Some(GRACE),
        Some((EVE, true)),
        EmailProof::Stated,
        Ok((Rule::Known, ADA)),
    ),
    (
        Some(ADA),
        Some(ADA),
        None,
        None,
        EmailProof::Stated,
        Ok((Rule::Known, ADA)),
    ),
    (
        Some(ADA),
        Some(GRACE),
        None,
        None,
        EmailProof::Stated,
        Err(Refusal::IdentityTaken),
    ),
    (
        Some(ADA),
        Some(GRACE),
        Some(GRACE),
        Some((GRACE, true)),
        EmailProof::Stated,
        Err(Refusal::IdentityTaken),
    ),
    // 2. somebody who is signed in asks for it: their own proof, whatever the address
    (
        None,
        Some(GRACE),
        None,
        None,
        EmailProof::Stated,
        Ok((Rule::Asked, GRACE)),
    ),
    (
        None,
        Some(GRACE),
        None,
        None,
        EmailProof::None,
        Ok((Rule::Asked, GRACE)),
    ),
    (
        None,
        Some(GRACE),
        Some(ADA),
        Some((EVE, true)),
        EmailProof::Stated,
        Ok((Rule::Asked, GRACE)),
    ),
    // 3. an identity waits for the address, unless anybody could have entered it there
    (
        None,
        None,
        Some(ADA),
        None,
        EmailProof::Stated,
        Ok((Rule::Waiting, ADA)),
    ),
    (
        None,
        None,
        Some(ADA),
        None,
        EmailProof::Unsaid,
        Ok((Rule::Waiting, ADA)),
    ),
    (None, None, Some(ADA), None, EmailProof::None, CREATED),
    (
        None,
        None,
        Some(ADA),
        Some((GRACE, true)),
        EmailProof::Stated,
        Ok((Rule::Waiting, ADA)),
    ),
    (
        None,
        None,
        Some(ADA),
        Some((GRACE, true)),
        EmailProof::None,
        CREATED,
    ),
    // 4. the address is proven on both sides
    (
        None,
        None,
        None,
        Some((GRACE, true)),
        EmailProof::Stated,
        Ok((Rule::VerifiedEmail, GRACE)),
    ),
    (
        None,
        None,
        None,
        Some((GRACE, true)),
        EmailProof::Unsaid,
        CREATED,
    ),
    (
        None,
        None,
        None,
        Some((GRACE, true)),
        EmailProof::None,
        CREATED,
    ),
    (
        None,
        None,
        None,
        Some((GRACE, true)),
        EmailProof::Domain,
        CREATED,
    ),
    (
        None,
        None,
        None,
        Some((GRACE, false)),
        EmailProof::Stated,
        CREATED,
    ),
    (
        None,
        None,
        None,
        Some((GRACE, false)),
        EmailProof::None,
        CREATED,
    ),
];

#[test]
fn the_first_rule_that_fits_says_who_it_is() {
    for &(known, linking, waiting, holding, proof, ref expected) in RULES {
        let facts = facts(known, linking, waiting, holding);
        let decided = decide(&of_address(proof), &facts).map(|decided| found(&decided.who));
        let case = format!("{known:?} {linking:?} {waiting:?} {holding:?} {proof:?}");
        assert_eq!(&decided, expected, "{case}");
    }
}

#[test]
fn an_address_is_proven_as_its_kind_of_upstream_proves_addresses() {
    use EmailProof::{Domain, None as Unproven, Stated, Unsaid};
    use Kind::{EntraId, Google, OAuth2, Oidc};
    for (kind, proof, claim, is_home, trusts, expected) in [
        // Google: email_verified.
        (Google, Stated, "email", false, true, true),
        (Google, Unproven, "email", false, true, false),
        (Google, Unsaid, "email", true, true, false),
        (Google, Stated, "other", false, true, false),
        // Entra ID: xms_edov, or a pinned tenant whose domain it is.
        (EntraId, Stated, "email", false, true, true),
        (EntraId, Unproven, "email", false, true, false),
        (EntraId, Unproven, "email", true, true, false),
        (EntraId, Domain, "email", true, true, true),
        (EntraId, Domain, "email", false, true, false),
        (EntraId, Stated, "preferred_username", true, true, false),
        // Any other: email_verified, which speaks of the claim `email` alone.
        (Oidc, Stated, "email", false, true, true),
        (Oidc, Unsaid, "email", true, true, false),
        (Oidc, Unproven, "email", true, true, false),
        (Oidc, Stated, "upn", true, true, false),
        // OAuth 2.0: the claim that the connection names for it.
        (OAuth2, Stated, "mail", false, true, true),
        (OAuth2, Unsaid, "mail", false, true, false),
        // Who is not trusted for addresses proves none.
        (Google, Stated, "email", true, false, false),
        (EntraId, Domain, "email", true, false, false),
        (OAuth2, Stated, "mail", true, false, false),
    ] {
        let mut upstream = if is_home {
            at_home(kind)
        } else {
            upstream(kind)
        };
        upstream.connection.trusts_emails = trusts;
        let rule = mapping::Rule {
            claim: claim.to_owned(),
            mode: Mode::Follow,
            clear_when_empty: false,
        };
        upstream
            .connection
            .mapping
            .0
            .0
            .insert(Attribute::Email, rule);
        let assertion = assertion(json!({ claim: ADDRESS }), proof);
        let facts = facts(None, None, None, Some((GRACE, true)));
        let decided = who(&assertion, &upstream, &terms(), &facts);
        let expected = if expected {
            Ok((Rule::VerifiedEmail, GRACE))
        } else {
            CREATED
        };
        let case = format!("{kind} {proof:?} {claim} {is_home} {trusts}");
        assert_eq!(decided, expected, "{case}");
    }
}

/// nOAuth. The naive implementation matches the address of an Entra ID token, which the administrator of any tenant
/// can set to anybody's, with an account or an identity that waits.
#[test]
fn an_address_without_proof_links_nobody() {
    for kind in [Kind::EntraId, Kind::Google, Kind::OAuth2, Kind::Oidc] {
        for upstream in [upstream(kind), at_home(kind)] {
            for waiting in [None, Some(ADA)] {
                let facts = facts(None, None, waiting, Some((GRACE, true)));
                let claims =
                    json!({ "email": ADDRESS, "preferred_username": ADDRESS, "upn": ADDRESS });
                let assertion = assertion(claims, EmailProof::None);
                let decided = reconcile(&assertion, &upstream, &terms(), &facts).unwrap();
                assert_eq!(decided.who, Who::Created, "{kind} {waiting:?}");
                assert_eq!(decided.displaced, None);
                assert_eq!(decided.why_kept(Attribute::Email), Some(Why::Taken));
            }
        }
    }
}

/// The naive implementation reads the address from what somebody may set as they like, and takes the proof of
/// another claim for it.
#[test]
fn a_proof_of_the_mail_address_says_nothing_of_a_user_name() {
    let mut upstream = at_home(Kind::EntraId);
    let mapping = &mut upstream.connection.mapping.0.0;
    mapping.get_mut(&Attribute::Email).unwrap().claim = "preferred_username".to_owned();
    let claims = json!({ "email": "eve@evil.test", "preferred_username": ADDRESS });
    let assertion = assertion(claims, EmailProof::Stated);
    for (waiting, holding) in [(None, Some((GRACE, true))), (Some(ADA), None)] {
        let facts = facts(None, None, waiting, holding);
        assert_eq!(who(&assertion, &upstream, &terms(), &facts), CREATED);
    }
}

/// Pre-hijacking. The naive implementation links the newcomer to the account that a stranger has made with their
/// address, whose password the stranger knows.
#[test]
fn an_unproven_claim_gives_way_and_nothing_is_inherited() {
    let mut facts = facts(None, None, None, Some((EVE, false)));
    let eve = &mut facts.holder.as_mut().unwrap().person;
    eve.user.given_name = Some("Eve".to_owned());
    eve.memberships.push(organization_id(1));
    let claims = json!({ "email": "Ada@Acme.Test", "given_name": "Ada" });
    let said = assertion(claims, EmailProof::Stated);
    let decided = decide(&said, &facts).unwrap();
    assert_eq!(decided.who, Who::Created);
    assert_eq!(decided.displaced, Some((identity_id(EVE), user_id(EVE))));
    let email = &decided.changes[0];
    assert_eq!(email.before, None);
    assert_eq!(email.after.as_deref(), Some("Ada@Acme.Test"));
    assert_eq!(email.is_verified, Some(true));
    let before: Vec<_> = decided
        .changes
        .iter()
        .map(|change| &change.before)
        .collect();
    assert_eq!(before, [&None, &None]);
    assert!(decided.membership.is_unchanged());
    // Where newcomers get no account, nothing gives way.
    let terms = Terms {
        self_sign_up_allowed: false,
        ..terms()
    };
    let refused = reconcile(&said, &upstream(Kind::Oidc), &terms, &facts);
    assert_eq!(refused, Err(Refusal::NoAccount));
}

#[test]
fn an_identity_waits_for_addresses_at_home() {
    use EmailProof::{Domain, None as Unproven, Stated, Unsaid};
    let home: &[&str] = &["acme.test", "acme.example"];
    for (domains, address, proof, is_bound) in [
        (&[][..], "ada@acme.test", Stated, true),
        (&[][..], "ada@acme.test", Unsaid, true),
        (&[][..], "ada@acme.test", Unproven, false),
        (home, "ada@acme.test", Stated, true),
        (home, "ada@acme.test", Unsaid, true),
        (home, "ada@acme.test", Domain, true),
        (home, "ada@acme.test", Unproven, false),
        (home, "Ada@ACME.Test", Stated, true),
        (home, "ada@acme.example", Stated, true),
        (home, "ada@globex.test", Stated, false),
        (home, "ada@globex.test", Domain, false),
        (home, "ada@sub.acme.test", Stated, false),
        (home, "ada@notacme.test", Stated, false),
        (home, "\"ada@acme.test\"@globex.test", Stated, false),
    ] {
        let mut upstream = upstream(Kind::Oidc);
        upstream.domains = domains.iter().map(|&domain| domain.to_owned()).collect();
        let assertion = assertion(json!({ "email": address }), proof);
        let facts = facts(None, None, Some(ADA), None);
        let decided = who(&assertion, &upstream, &terms(), &facts);
        let expected = if is_bound {
            Ok((Rule::Waiting, ADA))
        } else {
            CREATED
        };
        assert_eq!(decided, expected, "{domains:?} {address} {proof:?}");
    }
}

#[test]
fn without_a_readable_address_nobody_is_found_by_one() {
    let facts = facts(None, None, Some(ADA), Some((GRACE, true)));
    for said in [
        json!({}),
        json!({ "email": null }),
        json!({ "email": "" }),
        json!({ "email": "ada" }),
        json!({ "email": [ADDRESS, "eve@evil.test"] }),
        json!({ "email": { "value": ADDRESS } }),
        json!({ "mail": ADDRESS, "preferred_username": ADDRESS }),
    ] {
        let decided = decide(&assertion(said.clone(), EmailProof::Stated), &facts).unwrap();
        assert_eq!(decided.who, Who::Created, "{said}");
        assert_eq!(decided.displaced, None, "{said}");
        assert!(decided.changes.is_empty(), "{said}");
    }
}

#[test]
fn who_is_invited_needs_no_admission_by_policy() {
    let invitation = |email_key: &str| Invitation {
        code: InvitationCode::parse(&format!("inv_{:032x}", 1)).unwrap(),
        organization_id: organization_id(1),
        client_id: None,
        email: email_key.to_owned(),
        email_key: email_key.to_owned(),
        given_name: None,
        family_name: None,
        created_at: NOW,
        expires_at: NOW,
        sent_at: None,
        accepted_at: None,
        accepted_by: None,
        revoked_at: None,
    };
    let none = Err(Refusal::NoAccount);
    for (invited, creates, self_sign_up, proof, expected) in [
        (ADDRESS, true, false, EmailProof::Stated, Ok(true)),
        (ADDRESS, true, true, EmailProof::Stated, Ok(true)),
        // Of another address, or one that anybody could have entered there, an invitation says nothing.
        (ADDRESS, true, false, EmailProof::None, none),
        ("eve@acme.test", true, false, EmailProof::Stated, none),
        // A connection for those who are known is for nobody else.
        (ADDRESS, false, true, EmailProof::Stated, none),
    ] {
        let mut upstream = upstream(Kind::Oidc);
        upstream.connection.creates_users = creates;
        let terms = Terms {
            self_sign_up_allowed: self_sign_up,
            sign_up_domains: vec!["globex.test".to_owned()],
            ..terms()
        };
        let facts = Facts {
            invited: Some(invitation(invited)),
            ..Facts::default()
        };
        let decided = reconcile(&of_address(proof), &upstream, &terms, &facts);
        let decided = decided.map(|decided| decided.is_invited);
        assert_eq!(decided, expected, "{invited} {creates} {self_sign_up}");
    }
}

#[test]
fn an_identity_of_the_business_takes_over() {
    let anybody = upstream(Kind::Oidc);
    let mut owned = upstream(Kind::Oidc);
    owned.connection.organization_id = Some(organization_id(1));
    owned.domains = vec!["acme.test".to_owned()];
    let home = at_home(Kind::Oidc);
    let assertion = of_address(EmailProof::Stated);
    for (known, linking, waiting, holding, of_anybody, of_business) in [
        (Some(ADA), None, None, None, false, false),
        (None, None, None, None, false, false),
        (None, None, Some(ADA), None, true, true),
        (None, Some(ADA), None, None, false, true),
        (None, None, None, Some((ADA, true)), false, true),
    ] {
        let facts = facts(known, linking, waiting, holding);
        for (upstream, expected) in [
            (&anybody, of_anybody),
            (&owned, of_business),
            (&home, of_business),
        ] {
            let decided = reconcile(&assertion, upstream, &terms(), &facts).unwrap();
            assert_eq!(decided.takes_over, expected, "{:?}", decided.who);
        }
    }
    // At an upstream for everybody people have accounts of their own, which are none of the business's.
    let waiting = facts(None, None, Some(ADA), None);
    for (kind, has_domain, expected) in [
        (Kind::EntraId, false, true),
        (Kind::Google, false, false),
        (Kind::Google, true, true),
        (Kind::OAuth2, false, false),
        (Kind::OAuth2, true, true),
    ] {
        let upstream = if has_domain {
            at_home(kind)
        } else {
            upstream(kind)
        };
        let decided = reconcile(&assertion, &upstream, &terms(), &waiting).unwrap();
        assert_eq!(decided.takes_over, expected, "{kind:?} {has_domain}");
    }
}

#[test]
fn the_provider_of_one_organization_proves_addresses_at_its_domains_alone() {
    let facts = facts(None, None, None, Some((ADA, true)));
    let assertion = of_address(EmailProof::Stated);
    // Naive: whoever runs some organization's provider says that he is Ada.
    for (organization, domains, expected) in [
        (None, &[][..], Ok((Rule::VerifiedEmail, ADA))),
        (Some(1), &[], CREATED),
        (Some(1), &["evil.test"], CREATED),
        (Some(1), &["acme.test"], Ok((Rule::VerifiedEmail, ADA))),
    ] {
        let mut upstream = upstream(Kind::Oidc);
        upstream.connection.organization_id = organization.map(organization_id);
        upstream.domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
        let decided = who(&assertion, &upstream, &terms(), &facts);
        assert_eq!(decided, expected, "{organization:?} {domains:?}");
    }
}
