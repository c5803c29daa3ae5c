//! What an invitation means for the next step.

use super::*;
use crate::id::InvitationCode;
use crate::interaction::invitation::{Addressee, Closed, Invited, OpenInvitation};
use crate::store::invitations::Invitation;

/// An invitation of Ada's address to the organization `f`.
fn open(addressee: Addressee, has_account: bool) -> Invited {
    let organization = organization('f', false);
    Invited::Open(Box::new(OpenInvitation {
        invitation: Invitation {
            code: InvitationCode::parse("inv_00000000000000000000000000000001").unwrap(),
            organization_id: organization.id.clone(),
            client_id: None,
            email: address(),
            email_key: address(),
            given_name: None,
            family_name: None,
            created_at: NOW,
            expires_at: NOW,
            sent_at: None,
            accepted_at: None,
            accepted_by: None,
            revoked_at: None,
        },
        organization,
        has_account,
        addressee,
    }))
}

/// The step of a request that names an invitation, for Ada or for nobody.
fn invited(invited: Invited, is_signed_in: bool, extra: &str) -> String {
    let facts = Facts {
        invited: Some(invited),
        ..facts(is_signed_in.then(|| signed_in(ADA, 10)))
    };
    outcome(&interaction(extra, Progress::default()), &facts)
}

#[test]
fn an_invitation_is_accepted_by_whoever_has_proven_its_address() {
    use Addressee::{Another, Proven, Unproven};
    // whose the address is, whether Ada is signed in, request, step
    for (addressee, is_signed_in, extra, expected) in [
        (Another, false, "", "Identify"),
        (Another, false, "prompt=none", "login_required"),
        (Another, true, "", "InvitationForAnother"),
        (Another, true, "prompt=login", "Identify"),
        (Another, true, "prompt=none", "interaction_required"),
        (Proven, true, "", "AcceptInvitation"),
        (Proven, true, "prompt=none", "interaction_required"),
        (Unproven, true, "", "InvitationUnproven"),
    ] {
        let step = invited(open(addressee, true), is_signed_in, extra);
        assert_eq!(step, expected, "{addressee:?} {is_signed_in} {extra}");
    }
}

#[test]
fn an_invitation_that_is_over_is_said_to_be_unless_they_have_joined_by_it() {
    let joined = || Invited::Joined(organization('f', false).id);
    let closed = Invited::Closed;
    for (state, is_signed_in, extra, expected) in [
        (
            closed(Closed::Expired),
            false,
            "",
            "InvitationClosed(Expired)",
        ),
        (
            closed(Closed::Accepted),
            true,
            "",
            "InvitationClosed(Accepted)",
        ),
        (
            closed(Closed::Unknown),
            true,
            "prompt=none",
            "interaction_required",
        ),
        (joined(), true, "", "Respond"),
        (joined(), true, "prompt=none", "Respond"),
    ] {
        let step = invited(state, is_signed_in, extra);
        assert_eq!(step, expected, "{is_signed_in} {extra}");
    }
}

#[test]
fn who_is_invited_registers_though_self_sign_up_is_off() {
    let closed = Policies {
        self_sign_up_allowed: false,
        ..policies()
    };
    let Invited::Open(new) = open(Addressee::Another, false) else {
        panic!("it is open");
    };
    let interaction = interaction("", new.door());
    for (invited, expected) in [
        (Some(Invited::Open(new)), "Register"),
        (
            Some(Invited::Closed(Closed::Revoked)),
            "InvitationClosed(Revoked)",
        ),
        (None, "RegistrationClosed"),
    ] {
        let facts = Facts {
            policies: closed.clone(),
            invited,
            ..facts(None)
        };
        assert_eq!(outcome(&interaction, &facts), expected);
    }
}

#[test]
fn an_invitation_opens_the_door_that_its_address_needs() {
    for (has_account, expected) in [(true, "Password"), (false, "Register")] {
        let Invited::Open(invitation) = open(Addressee::Another, has_account) else {
            panic!("it is open");
        };
        assert_eq!(with_nobody_signed_in(invitation.door()), expected);
        let proven_by = if has_account {
            "ForgotPassword"
        } else {
            expected
        };
        assert_eq!(with_nobody_signed_in(invitation.proof()), proven_by);
    }
}
