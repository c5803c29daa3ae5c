//! Why nobody is signed in: every refusal.

use super::who::{CREATED, facts, who};
use super::*;

#[test]
fn whoever_is_suspended_is_refused_by_every_rule() {
    let suspended = |person: &mut Person| person.user.suspended_at = Some(NOW);
    let assertion = of_address(EmailProof::Stated);
    let mut by_key = facts(Some(ADA), None, None, None);
    suspended(&mut by_key.known.as_mut().unwrap().1);
    let mut by_asking = facts(None, Some(ADA), None, None);
    suspended(by_asking.linking.as_mut().unwrap());
    let mut by_waiting = facts(None, None, Some(ADA), None);
    suspended(&mut by_waiting.waiting.as_mut().unwrap().1);
    let mut by_address = facts(None, None, None, Some((ADA, true)));
    suspended(&mut by_address.holder.as_mut().unwrap().person);
    for facts in [by_key, by_asking, by_waiting, by_address] {
        let refused = decide(&assertion, &facts);
        assert_eq!(refused, Err(Refusal::UserSuspended), "{facts:?}");
    }
    // A suspended stranger's unproven claim is nobody's.
    let mut claimed = facts(None, None, None, Some((EVE, false)));
    suspended(&mut claimed.holder.as_mut().unwrap().person);
    assert_eq!(decide(&assertion, &claimed).unwrap().who, Who::Created);
}

#[test]
fn a_disabled_connection_and_a_suspended_organization_refuse_everybody() {
    let assertion = of_address(EmailProof::Stated);
    for (known, linking, waiting, holding) in [
        (None, None, None, None),
        (Some(ADA), None, None, None),
        (Some(ADA), Some(GRACE), None, None),
        (None, Some(ADA), None, None),
        (None, None, Some(ADA), None),
        (None, None, None, Some((ADA, true))),
    ] {
        let mut facts = facts(known, linking, waiting, holding);
        let mut upstream = upstream(Kind::Oidc);
        upstream.connection.is_enabled = false;
        let refused = who(&assertion, &upstream, &terms(), &facts);
        assert_eq!(refused, Err(Refusal::ConnectionDisabled));
        facts.organization_suspended = true;
        let refused = decide(&assertion, &facts);
        assert_eq!(refused, Err(Refusal::OrganizationSuspended));
    }
}

#[test]
fn newcomers_get_an_account_where_connection_and_policy_permit() {
    let acme: &[&str] = &["acme.test"];
    let other: &[&str] = &["globex.test"];
    let any: &[&str] = &[];
    let none = Err(Refusal::NoAccount);
    let elsewhere = Err(Refusal::DomainNotAllowed);
    for (creates, self_sign_up, domains, proof, expected) in [
        (true, true, any, EmailProof::Stated, CREATED),
        (true, true, any, EmailProof::None, CREATED),
        (false, true, any, EmailProof::Stated, none),
        (true, false, any, EmailProof::Stated, none),
        (false, false, any, EmailProof::Stated, none),
        (true, true, acme, EmailProof::Stated, CREATED),
        // What is not proven is at no domain.
        (true, true, acme, EmailProof::None, elsewhere),
        (true, true, acme, EmailProof::Unsaid, elsewhere),
        (true, true, other, EmailProof::Stated, elsewhere),
        // Whoever gets no account anyway does not learn of the domains.
        (false, true, other, EmailProof::Stated, none),
        (true, false, other, EmailProof::Stated, none),
    ] {
        let mut upstream = upstream(Kind::Oidc);
        upstream.connection.creates_users = creates;
        let terms = Terms {
            self_sign_up_allowed: self_sign_up,
            sign_up_domains: domains.iter().map(|&domain| domain.to_owned()).collect(),
            ..terms()
        };
        let decided = who(&of_address(proof), &upstream, &terms, &Facts::default());
        assert_eq!(
            decided, expected,
            "{creates} {self_sign_up} {domains:?} {proof:?}"
        );
        // The policy is for newcomers alone.
        let facts = facts(None, None, None, Some((GRACE, true)));
        let decided = who(&of_address(EmailProof::Stated), &upstream, &terms, &facts);
        assert_eq!(decided, Ok((Rule::VerifiedEmail, GRACE)));
    }
}
