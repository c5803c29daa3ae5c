//! The one place that decides what comes next in a sign-in. Pure.

use serde_json::json;

use super::destination::{Destination, destination};
use super::facts::{Facts, SignedIn};
use super::invitation::{Addressee, Closed, Invited, OpenInvitation};
use super::{ACR, errand};
use crate::id::{ConnectionId, OrganizationId};
use crate::protocol::authorization::{AuthorizationRequest, Prompt};
use crate::protocol::scope::Scopes;
use crate::protocol::{ErrorCode, OAuthError};
use crate::store::interactions::{Consent, Interaction, Progress, Screen};

/// What comes next: a page, or the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The invitation is accepted.
    AcceptInvitation,
    /// Choose a password: for a new account, or in place of a forgotten one.
    ChoosePassword,
    /// Whoever is signed in proves anew who they are, for a change of their account.
    Confirm,
    /// The upstream that the request names is asked.
    Connect(ConnectionId),
    /// Allow the client these scopes, or not.
    Consent(Scopes),
    /// An organization of this name is created.
    CreateOrganization(String),
    /// Enter the code that was mailed.
    EnterCode,
    /// The sign-in leads to no application, and is over.
    Finish(Option<OrganizationId>),
    /// Say whose password was forgotten.
    ForgotPassword,
    /// Say who you are.
    Identify,
    /// The invitation can't be accepted.
    InvitationClosed(Closed),
    /// The invitation is for another address than theirs.
    InvitationForAnother,
    /// The invitation is for an address of theirs that they have not proven yet.
    InvitationUnproven,
    /// The organization is joined.
    JoinOrganization(OrganizationId),
    /// Name the organization that will be created.
    NameOrganization,
    /// The application lets in only those who hold one of its access roles.
    NotAdmitted,
    /// The identity was not linked.
    NotLinked,
    /// The organization that the request names is not theirs.
    NotAMember,
    /// The organization is suspended.
    OrganizationSuspended,
    /// Enter the password.
    Password,
    /// Say who you will be.
    Register,
    /// Self sign-up is off.
    RegistrationClosed,
    /// Answer the client.
    Respond {
        /// What it is given.
        scopes: Scopes,
        /// In which organization.
        organization: Option<OrganizationId>,
    },
    /// Go on with the account that is signed in, or take another.
    SelectAccount,
    /// Choose one of several organizations.
    SelectOrganization,
}

/// Chooses the next step.
///
/// # Errors
///
/// What the client is told: that the End-User refused; or, with `prompt=none`, which step they would
/// have had to take (OpenID Connect Core 1.0 §3.1.2.6).
pub fn next(interaction: &Interaction, facts: &Facts) -> Result<Step, OAuthError> {
    match answer(interaction, facts) {
        Ok(answer) => Ok(answer),
        Err(Pause::Ask(_, code, why)) if interaction.request.0.prompts.is_none() => {
            Err(OAuthError::new(code, why))
        }
        Err(Pause::Ask(step, ..)) => Ok(step),
        Err(Pause::Refuse(error)) => Err(error),
    }
}

/// Why the client can't be answered yet, or not with what it wants.
enum Pause {
    /// The End-User has to take this step; the error names it to clients that don't let us ask.
    Ask(Step, ErrorCode, &'static str),
    /// The client gets nothing.
    Refuse(OAuthError),
}

/// The answer, once nothing is left to ask: who it is, of which account, in which organization, with what.
fn answer(interaction: &Interaction, facts: &Facts) -> Result<Step, Pause> {
    if let Some(errand) = &interaction.progress.0.errand {
        return Ok(errand::next(errand, &interaction.progress.0, facts));
    }
    if interaction.progress.0.cancelled {
        let why = "the End-User turned back";
        return Err(Pause::Refuse(OAuthError::new(ErrorCode::AccessDenied, why)));
    }
    check_acr(&interaction.request.0).map_err(Pause::Refuse)?;
    let invitation = invitation(facts)?;
    let signed_in = person(interaction, facts)?;
    account(interaction, signed_in)?;
    acceptance(invitation)?;
    let organization = organization(interaction, facts)?;
    proof_of_organization(interaction, signed_in, facts, organization.as_ref())?;
    if interaction.progress.0.ends_here {
        return Ok(Step::Finish(organization));
    }
    admission(facts, organization.as_ref())?;
    let scopes = consent(interaction, signed_in, facts)?;
    Ok(Step::Respond {
        scopes,
        organization,
    })
}

/// The invitation that is still to be accepted.
fn invitation(facts: &Facts) -> Result<Option<&OpenInvitation>, Pause> {
    match &facts.invited {
        Some(Invited::Closed(reason)) => {
            let why = "the invitation can't be accepted";
            let step = Step::InvitationClosed(*reason);
            Err(Pause::Ask(step, ErrorCode::InteractionRequired, why))
        }
        Some(Invited::Open(open)) => Ok(Some(open)),
        Some(Invited::Joined(_)) | None => Ok(None),
    }
}

/// That no invitation is left to accept.
fn acceptance(invitation: Option<&OpenInvitation>) -> Result<(), Pause> {
    let Some(open) = invitation else {
        return Ok(());
    };
    let (step, why) = match open.addressee {
        Addressee::Another => (
            Step::InvitationForAnother,
            "the invitation is for another End-User",
        ),
        Addressee::Proven => (
            Step::AcceptInvitation,
            "the End-User has not accepted the invitation yet",
        ),
        Addressee::Unproven => (
            Step::InvitationUnproven,
            "the End-User has to prove the invited address",
        ),
    };
    Err(Pause::Ask(step, ErrorCode::InteractionRequired, why))
}

/// Who the End-User is, proven as the request wants it.
fn person<'a>(interaction: &Interaction, facts: &'a Facts) -> Result<&'a SignedIn, Pause> {
    let signed_in = facts
        .signed_in
        .as_ref()
        .filter(|now| suffices(now, interaction, facts));
    let Some(signed_in) = signed_in else {
        let step = connect(interaction, facts)
            .unwrap_or_else(|| authenticate(&interaction.progress.0, facts.may_register()));
        return Err(Pause::Ask(
            step,
            ErrorCode::LoginRequired,
            "the End-User has to sign in",
        ));
    };
    if is_expected(signed_in, facts) {
        return Ok(signed_in);
    }
    // They have just signed in, and not as the one the client expects: asking again would not help.
    let why = "another End-User signed in than the one asked for";
    Err(Pause::Refuse(OAuthError::new(
        ErrorCode::LoginRequired,
        why,
    )))
}

/// That it is the account they want to go on with (`prompt=select_account`).
fn account(interaction: &Interaction, signed_in: &SignedIn) -> Result<(), Pause> {
    let progress = &interaction.progress.0;
    let is_confirmed = progress.account_confirmed.as_ref() == Some(&signed_in.user.id);
    let is_chosen = is_confirmed || authenticated_here(progress, signed_in);
    if is_chosen
        || !interaction
            .request
            .0
            .prompts
            .contains(Prompt::SelectAccount)
    {
        return Ok(());
    }
    let why = "the End-User has to choose an account";
    Err(Pause::Ask(
        Step::SelectAccount,
        ErrorCode::AccountSelectionRequired,
        why,
    ))
}

/// The organization that the sign-in leads to.
fn organization(interaction: &Interaction, facts: &Facts) -> Result<Option<OrganizationId>, Pause> {
    let choose = |step| {
        let why = "the End-User has to choose an organization";
        Err(Pause::Ask(step, ErrorCode::InteractionRequired, why))
    };
    match destination(interaction, &facts.organizations, &facts.policies) {
        Destination::Create(name) => choose(Step::CreateOrganization(name)),
        Destination::Join(id) => {
            let why = "the End-User does not belong to the organization yet";
            Err(Pause::Ask(
                Step::JoinOrganization(id),
                ErrorCode::AccessDenied,
                why,
            ))
        }
        Destination::Name => choose(Step::NameOrganization),
        Destination::NotAMember => {
            let why = "the End-User does not belong to the organization";
            Err(Pause::Ask(Step::NotAMember, ErrorCode::AccessDenied, why))
        }
        Destination::Nowhere => Ok(None),
        Destination::Organization(id) => Ok(Some(id)),
        Destination::Pick => choose(Step::SelectOrganization),
        Destination::Suspended => {
            let why = "the organization is suspended";
            Err(Pause::Ask(
                Step::OrganizationSuspended,
                ErrorCode::OrganizationSuspended,
                why,
            ))
        }
    }
}

/// That who they are was proven as lately as the organization wants it.
fn proof_of_organization(
    interaction: &Interaction,
    signed_in: &SignedIn,
    facts: &Facts,
    organization: Option<&OrganizationId>,
) -> Result<(), Pause> {
    let progress = &interaction.progress.0;
    let longest = organization.and_then(|entered| facts.session_policy(entered).lifetime());
    let age = facts.now.since(signed_in.session.auth_time);
    if authenticated_here(progress, signed_in) || longest.is_none_or(|longest| age <= longest) {
        return Ok(());
    }
    let step = authenticate(progress, facts.may_register());
    let why = "the organization wants the End-User to sign in again";
    Err(Pause::Ask(step, ErrorCode::LoginRequired, why))
}

/// That the client lets them in, by the roles that they hold where the sign-in leads.
fn admission(facts: &Facts, organization: Option<&OrganizationId>) -> Result<(), Pause> {
    let held = facts.held_roles.iter();
    // What they hold elsewhere counts nothing here.
    let here = held
        .filter(|(held_in, _)| Some(held_in) == organization)
        .flat_map(|(_, roles)| roles);
    if facts.client.admits(here) {
        return Ok(());
    }
    let why = "the application does not admit the End-User";
    Err(Pause::Ask(Step::NotAdmitted, ErrorCode::AccessDenied, why))
}

/// What the client may have, by what the End-User said now or before.
fn consent(
    interaction: &Interaction,
    signed_in: &SignedIn,
    facts: &Facts,
) -> Result<Scopes, Pause> {
    let request = &interaction.request.0;
    match &interaction.progress.0.consent {
        // What one End-User said counts for no other who sits down at the same browser.
        Some(Consent::Allowed { user, scopes }) if *user == signed_in.user.id => {
            Ok(scopes.intersection(&request.scopes))
        }
        Some(Consent::Denied) => {
            let why = "the End-User did not consent";
            Err(Pause::Refuse(OAuthError::new(ErrorCode::AccessDenied, why)))
        }
        _ if needs_consent(request, facts) => {
            let why = "the End-User has to consent";
            Err(Pause::Ask(
                Step::Consent(request.scopes.clone()),
                ErrorCode::ConsentRequired,
                why,
            ))
        }
        _ => Ok(request.scopes.clone()),
    }
}

/// Refuses a context that is essential to the client and can't be reached (Core §5.5.1.1).
fn check_acr(request: &AuthorizationRequest) -> Result<(), OAuthError> {
    match request.claims.acr() {
        Some(wanted) if wanted.essential && !wanted.accepts(&json!(ACR)) => Err(OAuthError::new(
            ErrorCode::UnmetAuthenticationRequirements,
            "the authentication context that claims asks for can't be reached",
        )),
        _ => Ok(()),
    }
}

/// Whether the End-User's session is what the request asks for.
fn suffices(signed_in: &SignedIn, interaction: &Interaction, facts: &Facts) -> bool {
    let request = &interaction.request.0;
    let progress = &interaction.progress.0;
    if authenticated_here(progress, signed_in) {
        return true;
    }
    let session = &signed_in.session;
    // `max_age=0` asks for a new proof even within the second of the last one. Of two bounds, the narrower holds. What
    // the client asks for counts from the proof; how long a session lasts for it, from the sign-in here.
    let bounds = [
        (request.max_age, session.told_auth_time()),
        (
            facts.client.client.session_lifetime_seconds,
            session.auth_time,
        ),
    ];
    let is_recent = bounds.into_iter().all(|(longest, since)| {
        let age = facts.now.since(since);
        longest.is_none_or(|longest| longest.as_i64() > 0 && age <= longest)
    });
    let is_fresh_wanted =
        request.prompts.contains(Prompt::Login) || request.prompts.contains(Prompt::Create);
    // With `prompt=none` nobody can sign in as someone else: then `next` says that the hint doesn't fit.
    is_recent
        && (is_expected(signed_in, facts) || request.prompts.is_none())
        && !is_fresh_wanted
        && !progress.other_account_wanted
}

/// Whether they are the one that the client asks for, by name or by a hint.
fn is_expected(signed_in: &SignedIn, facts: &Facts) -> bool {
    facts
        .expected
        .as_deref()
        .is_none_or(|expected| expected == signed_in.user.id.as_str())
}

fn authenticated_here(progress: &Progress, signed_in: &SignedIn) -> bool {
    progress
        .authenticated
        .as_ref()
        .is_some_and(|proof| proof.session_id == signed_in.session.id)
}

/// The upstream that the request names, until it has turned them down or they have begun to sign in some other way.
fn connect(interaction: &Interaction, facts: &Facts) -> Option<Step> {
    let progress = &interaction.progress.0;
    let wanted = interaction.request.0.connection_id.as_ref()?;
    let is_offered = facts
        .connections
        .iter()
        .any(|offered| offered.id == *wanted);
    let has_begun = progress.setback.is_some()
        || progress.identifier.is_some()
        || progress.registration.is_some()
        || progress.screen == Screen::ForgotPassword;
    (is_offered && !has_begun).then(|| Step::Connect(wanted.clone()))
}

/// The page of the door that the End-User stands at.
fn authenticate(progress: &Progress, may_register: bool) -> Step {
    match progress.screen {
        Screen::ForgotPassword => match (&progress.reset_sent_to, &progress.reset_proof) {
            (_, Some(_)) => Step::ChoosePassword,
            (Some(_), None) => Step::EnterCode,
            (None, None) => Step::ForgotPassword,
        },
        Screen::Register if !may_register => Step::RegistrationClosed,
        Screen::Register => match &progress.registration {
            None => Step::Register,
            Some(registration) if registration.password_hash.is_none() => Step::ChoosePassword,
            Some(_) => Step::EnterCode,
        },
        Screen::SignIn if progress.identifier.is_some() => Step::Password,
        Screen::SignIn => Step::Identify,
    }
}

fn needs_consent(request: &AuthorizationRequest, facts: &Facts) -> bool {
    let is_asked_for = request.prompts.contains(Prompt::Consent);
    // Never having been asked is not the same as having allowed nothing.
    let is_given = facts
        .consented
        .as_ref()
        .is_some_and(|allowed| request.scopes.is_subset(allowed));
    is_asked_for || (facts.client.client.requires_consent && !is_given)
}

#[cfg(test)]
mod tests;
