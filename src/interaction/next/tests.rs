//! What comes next, as tables: the request, who is signed in, what they have done, the step.

mod errands;
mod invitations;
mod organizations;

use std::sync::Arc;

use super::*;
use crate::clients::RegisteredClient;
use crate::clock::{Seconds, Timestamp};
use crate::id::{ClientId, InteractionId, OrganizationId, RoleId, SessionId, UserId};
use crate::interaction::destination::Organizations;
use crate::protocol::Params;
use crate::protocol::authorization::{self, ClientPolicy};
use crate::protocol::client::ApplicationKind;
use crate::secret::Secret;
use crate::store::environment::Policies;
use crate::store::interactions::{Authenticated, Registration, ResetProof};
use crate::store::organizations::{Organization, SessionPolicy};
use crate::store::sessions::Session;
use crate::store::types::Json;
use crate::store::users::User;

const NOW: Timestamp = Timestamp::from_unix(1_795_334_400);
const ADA: &str = "kp_00000000000000000000000000000001";
const GRACE: &str = "kp_00000000000000000000000000000002";

fn request(extra: &str) -> AuthorizationRequest {
    let client_id = client_id();
    let scopes = "openid profile".parse().unwrap();
    let policy = ClientPolicy {
        client_id: &client_id,
        redirect_uris: &["https://app.example.test/callback".to_owned()],
        grant_types: ApplicationKind::Web.default_grant_types(),
        allowed_scopes: &scopes,
        resources: &[],
        pkce_required: false,
    };
    let query = format!("client_id={client_id}&response_type=code&scope=openid+profile&{extra}");
    authorization::parse(&Params::parse(query).unwrap(), &policy, NOW).unwrap()
}

fn client_id() -> ClientId {
    ClientId::parse("3b0b5c6c8fcc464fab397f4969b5f482").unwrap()
}

fn interaction(extra: &str, progress: Progress) -> Interaction {
    Interaction {
        id: InteractionId::parse("00000000000000000000000000000001").unwrap(),
        client_id: client_id(),
        browser_hash: None,
        request: Json(request(extra)),
        progress: Json(progress),
        version: 0,
        created_at: NOW,
        expires_at: NOW.plus(Seconds::new(3600)),
        finished_at: None,
    }
}

fn signed_in(user: &str, seconds_ago: i64) -> SignedIn {
    let id = UserId::parse(user).unwrap();
    SignedIn {
        session: Session {
            id: session_id(),
            user_id: id.clone(),
            token_hash: Secret::from("cookie").hash(),
            auth_time: NOW.minus(Seconds::new(seconds_ago)),
            organization_id: None,
            methods: "pwd".to_owned(),
            created_at: NOW,
            last_seen_at: NOW,
            expires_at: NOW,
            ended_at: None,
            ip_address: None,
            user_agent: None,
            connection_id: None,
            upstream_auth_time: None,
            upstream_acr: None,
        },
        user: User {
            id,
            given_name: None,
            family_name: None,
            picture: None,
            attributes: Json::default(),
            suspended_at: None,
            created_at: NOW,
            updated_at: NOW,
            provided_id: None,
            failed_sign_ins: 0,
        },
    }
}

fn session_id() -> SessionId {
    SessionId::parse("00000000000000000000000000000002").unwrap()
}

fn facts(signed_in: Option<SignedIn>) -> Facts {
    Facts {
        client: Arc::new(RegisteredClient::example(client_id(), ApplicationKind::Web)),
        signed_in,
        connections: Vec::new(),
        consented: None,
        expected: None,
        held_roles: None,
        invited: None,
        organizations: nowhere(),
        policies: policies(),
        now: NOW,
    }
}

/// What Ada allowed.
fn allowed(scopes: &str) -> Consent {
    Consent::Allowed {
        user: UserId::parse(ADA).unwrap(),
        scopes: scopes.parse().unwrap(),
    }
}

/// A business in which nobody belongs to any organization.
fn nowhere() -> Organizations {
    Organizations {
        memberships: Vec::new(),
        requested: None,
        default: None,
        last_in_session: None,
    }
}

fn policies() -> Policies {
    Policies {
        default_organization_takes_users: true,
        organization_creation_allowed: true,
        self_sign_up_allowed: true,
        skips_picker_for_most_recent: false,
        syncs_profiles: true,
    }
}

/// The step, or the error's code.
fn outcome(interaction: &Interaction, facts: &Facts) -> String {
    match next(interaction, facts) {
        Ok(Step::Consent(_)) => "Consent".to_owned(),
        Ok(Step::Respond { .. }) => "Respond".to_owned(),
        Ok(step) => format!("{step:?}"),
        Err(error) => error.code.to_string(),
    }
}

#[test]
fn a_session_suffices_unless_the_request_asks_for_more() {
    let nobody = || None;
    let ada = |seconds_ago| Some(signed_in(ADA, seconds_ago));
    // request, signed in, step, step with prompt=none
    for (extra, signed_in, expected) in [
        ("", nobody(), "Identify"),
        ("prompt=none", nobody(), "login_required"),
        ("", ada(10), "Respond"),
        ("prompt=none", ada(10), "Respond"),
        ("prompt=login", ada(10), "Identify"),
        ("prompt=create", ada(10), "Identify"),
        ("max_age=60", ada(59), "Respond"),
        ("max_age=60", ada(60), "Respond"),
        ("max_age=60", ada(61), "Identify"),
        ("max_age=60&prompt=none", ada(61), "login_required"),
        ("max_age=0", ada(0), "Identify"),
        ("prompt=select_account", ada(10), "SelectAccount"),
        ("prompt=consent", ada(10), "Consent"),
    ] {
        let interaction = interaction(extra, Progress::default());
        assert_eq!(
            outcome(&interaction, &facts(signed_in)),
            expected,
            "{extra}"
        );
    }
}

#[test]
fn a_proof_within_the_interaction_satisfies_every_wish_for_one() {
    let here = || Progress {
        authenticated: Some(Authenticated {
            session_id: session_id(),
        }),
        ..Progress::default()
    };
    for extra in [
        "prompt=login",
        "prompt=create",
        "max_age=0",
        "prompt=select_account",
    ] {
        let interaction = interaction(extra, here());
        assert_eq!(
            outcome(&interaction, &facts(Some(signed_in(ADA, 0)))),
            "Respond",
            "{extra}"
        );
    }
}

#[test]
fn a_proof_within_the_interaction_counts_only_while_its_session_lives() {
    let elsewhere = SessionId::parse("00000000000000000000000000000009").unwrap();
    let progress = Progress {
        authenticated: Some(Authenticated {
            session_id: elsewhere,
        }),
        ..Progress::default()
    };
    let interaction = interaction("prompt=login", progress);
    assert_eq!(
        outcome(&interaction, &facts(Some(signed_in(ADA, 0)))),
        "Identify"
    );
    assert_eq!(outcome(&interaction, &facts(None)), "Identify");
}

#[test]
fn a_hint_names_the_one_end_user_who_will_do() {
    for (extra, hint, expected) in [
        ("", ADA, "Respond"),
        ("prompt=none", ADA, "Respond"),
        ("", GRACE, "Identify"),
        ("prompt=none", GRACE, "login_required"),
    ] {
        let facts = Facts {
            expected: Some(hint.to_owned()),
            ..facts(Some(signed_in(ADA, 10)))
        };
        assert_eq!(
            outcome(&interaction(extra, Progress::default()), &facts),
            expected,
            "{extra} {hint}"
        );
    }
    let progress = Progress {
        authenticated: Some(Authenticated {
            session_id: session_id(),
        }),
        ..Progress::default()
    };
    let facts = Facts {
        expected: Some(GRACE.to_owned()),
        ..facts(Some(signed_in(ADA, 0)))
    };
    assert_eq!(
        outcome(&interaction("", progress), &facts),
        "login_required"
    );
}

#[test]
fn consent_is_asked_for_once_where_the_client_needs_it() {
    let client = |requires_consent| {
        let mut client = RegisteredClient::example(client_id(), ApplicationKind::Web);
        client.client.requires_consent = requires_consent;
        Arc::new(client)
    };
    let scopes = |text: &str| text.parse::<Scopes>().unwrap();
    // client needs it, allowed before, request, said now, step
    for (requires, before, extra, said, expected) in [
        (false, "", "", None, "Respond"),
        (true, "", "", None, "Consent"),
        (true, "", "prompt=none", None, "consent_required"),
        (true, "openid", "", None, "Consent"),
        (true, "openid profile email", "", None, "Respond"),
        (true, "openid profile", "prompt=consent", None, "Consent"),
        (true, "", "", Some(allowed("openid")), "Respond"),
        (
            false,
            "",
            "prompt=consent",
            Some(Consent::Denied),
            "access_denied",
        ),
    ] {
        let progress = Progress {
            consent: said,
            ..Progress::default()
        };
        let facts = Facts {
            client: client(requires),
            consented: (!before.is_empty()).then(|| scopes(before)),
            ..facts(Some(signed_in(ADA, 10)))
        };
        assert_eq!(
            outcome(&interaction(extra, progress), &facts),
            expected,
            "{requires} {before} {extra}"
        );
    }
}

#[test]
fn no_more_is_given_than_was_asked_for_and_allowed() {
    let progress = Progress {
        consent: Some(allowed("openid email")),
        ..Progress::default()
    };
    let step = next(&interaction("", progress), &facts(Some(signed_in(ADA, 10)))).unwrap();
    let (scopes, organization) = ("openid".parse().unwrap(), None);
    assert_eq!(
        step,
        Step::Respond {
            scopes,
            organization
        }
    );
}

fn at(screen: Screen) -> Progress {
    Progress {
        screen,
        ..Progress::default()
    }
}

fn address() -> String {
    "ada@example.test".to_owned()
}

fn with_nobody_signed_in(progress: Progress) -> String {
    outcome(&interaction("", progress), &facts(None))
}

#[test]
fn signing_in_asks_who_and_then_for_the_password() {
    let mut progress = at(Screen::SignIn);
    assert_eq!(with_nobody_signed_in(progress.clone()), "Identify");
    progress.identifier = Some(address());
    assert_eq!(with_nobody_signed_in(progress.clone()), "Password");
    progress.cancelled = true;
    assert_eq!(with_nobody_signed_in(progress), "access_denied");
}

#[test]
fn registering_asks_who_then_for_a_password_then_for_the_code() {
    let mut progress = at(Screen::Register);
    assert_eq!(with_nobody_signed_in(progress.clone()), "Register");
    let mut registration = Registration {
        email: address(),
        given_name: None,
        family_name: None,
        password_hash: None,
    };
    progress.registration = Some(registration.clone());
    assert_eq!(with_nobody_signed_in(progress.clone()), "ChoosePassword");
    registration.password_hash = Some("$argon2id$".to_owned().into());
    progress.registration = Some(registration);
    assert_eq!(with_nobody_signed_in(progress.clone()), "EnterCode");

    let closed = Facts {
        policies: Policies {
            self_sign_up_allowed: false,
            ..policies()
        },
        ..facts(None)
    };
    assert_eq!(
        outcome(&interaction("", progress), &closed),
        "RegistrationClosed"
    );
}

#[test]
fn a_forgotten_password_asks_whose_then_for_the_code_then_for_another() {
    let mut progress = at(Screen::ForgotPassword);
    assert_eq!(with_nobody_signed_in(progress.clone()), "ForgotPassword");
    progress.reset_sent_to = Some(address());
    assert_eq!(with_nobody_signed_in(progress.clone()), "EnterCode");
    progress.reset_proof = Some(ResetProof {
        identifier: address(),
        replaces: None,
    });
    assert_eq!(with_nobody_signed_in(progress.clone()), "ChoosePassword");
    // A temporary password proves as much as a code does.
    progress.reset_sent_to = None;
    assert_eq!(with_nobody_signed_in(progress), "ChoosePassword");
}

#[test]
fn another_account_is_asked_for_once() {
    let progress = Progress {
        other_account_wanted: true,
        ..Progress::default()
    };
    let wanted = interaction("prompt=select_account", progress);
    assert_eq!(
        outcome(&wanted, &facts(Some(signed_in(ADA, 10)))),
        "Identify"
    );
    let progress = Progress {
        account_confirmed: UserId::parse(ADA),
        ..Progress::default()
    };
    let confirmed = interaction("prompt=select_account", progress);
    assert_eq!(
        outcome(&confirmed, &facts(Some(signed_in(ADA, 10)))),
        "Respond"
    );
}

#[test]
fn what_one_end_user_said_counts_for_no_other() {
    let progress = Progress {
        consent: Some(allowed("openid profile")),
        account_confirmed: UserId::parse(ADA),
        ..Progress::default()
    };
    let mut client = RegisteredClient::example(client_id(), ApplicationKind::Web);
    client.client.requires_consent = true;
    let facts = Facts {
        client: Arc::new(client),
        ..facts(Some(signed_in(GRACE, 10)))
    };
    assert_eq!(
        outcome(&interaction("", progress.clone()), &facts),
        "Consent"
    );
    let choosing = interaction("prompt=select_account", progress);
    assert_eq!(outcome(&choosing, &facts), "SelectAccount");
}

fn organization(digit: char, suspended: bool) -> Organization {
    Organization {
        id: OrganizationId::parse(&format!("org_0000000000{digit}")).unwrap(),
        name: digit.to_string(),
        handle: None,
        external_id: None,
        is_default: false,
        is_auto_membership: false,
        admits_domains: true,
        session_policy: SessionPolicy::default(),
        suspended_at: suspended.then_some(NOW),
        created_at: NOW,
        updated_at: NOW,
    }
}

#[test]
fn the_narrower_bound_on_the_age_of_a_proof_holds() {
    // the client's bound, the request's, seconds ago, step
    for (of_client, of_request, seconds_ago, expected) in [
        (None, "", 100, "Respond"),
        (Some(60), "", 60, "Respond"),
        (Some(60), "", 61, "Identify"),
        (Some(60), "prompt=none", 61, "login_required"),
        (Some(60), "max_age=30", 31, "Identify"),
        (Some(60), "max_age=90", 61, "Identify"),
        (Some(60), "max_age=90", 59, "Respond"),
        (Some(60), "max_age=0", 0, "Identify"),
    ] {
        let mut client = RegisteredClient::example(client_id(), ApplicationKind::Web);
        client.client.session_lifetime_seconds = of_client.map(Seconds::new);
        let facts = Facts {
            client: Arc::new(client),
            ..facts(Some(signed_in(ADA, seconds_ago)))
        };
        let interaction = interaction(of_request, Progress::default());
        assert_eq!(
            outcome(&interaction, &facts),
            expected,
            "{of_client:?} {of_request} {seconds_ago}"
        );
    }
}

#[test]
fn a_sign_in_that_leads_to_no_application_ends_without_its_terms() {
    let mut client = RegisteredClient::example(client_id(), ApplicationKind::Web);
    client.client.requires_consent = true;
    client.client.is_access_controlled = true;
    let facts = Facts {
        client: Arc::new(client),
        ..facts(Some(signed_in(ADA, 10)))
    };
    for (ends_here, expected) in [(true, "Finish(None)"), (false, "NotAdmitted")] {
        let progress = Progress {
            ends_here,
            ..Progress::default()
        };
        assert_eq!(outcome(&interaction("", progress), &facts), expected);
    }
}
