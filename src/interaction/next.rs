//! The one place that decides what comes next in a sign-in. Pure.

use serde_json::json;

use super::ACR;
use super::facts::{Facts, SignedIn};
use crate::protocol::authorization::{AuthorizationRequest, Prompt};
use crate::protocol::scope::Scopes;
use crate::protocol::{ErrorCode, OAuthError};
use crate::store::interactions::{Consent, Interaction, Progress, Screen};

/// What comes next: a page, or the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Choose a password: for a new account, or in place of a forgotten one.
    ChoosePassword,
    /// Allow the client these scopes, or not.
    Consent(Scopes),
    /// Enter the code that was mailed.
    EnterCode,
    /// Say whose password was forgotten.
    ForgotPassword,
    /// Say who you are.
    Identify,
    /// Enter the password.
    Password,
    /// Say who you will be.
    Register,
    /// Self sign-up is off.
    RegistrationClosed,
    /// Answer the client, giving these scopes.
    Respond(Scopes),
    /// Go on with the account that is signed in, or take another.
    SelectAccount,
}

/// Chooses the next step.
///
/// # Errors
///
/// What the client is told: that the End-User refused; or, with `prompt=none`, which step they would
/// have had to take (OpenID Connect Core 1.0 §3.1.2.6).
pub fn next(interaction: &Interaction, facts: &Facts) -> Result<Step, OAuthError> {
    let request = &interaction.request.0;
    let progress = &interaction.progress.0;
    let ask = |step, code, why: &'static str| {
        if request.prompts.is_none() {
            Err(OAuthError::new(code, why))
        } else {
            Ok(step)
        }
    };
    if progress.cancelled {
        return Err(OAuthError::new(
            ErrorCode::AccessDenied,
            "the End-User turned back",
        ));
    }
    check_acr(request)?;
    let Some(signed_in) = facts
        .signed_in
        .as_ref()
        .filter(|now| suffices(now, interaction, facts))
    else {
        let step = authenticate(progress, facts.self_sign_up_allowed);
        return ask(
            step,
            ErrorCode::LoginRequired,
            "the End-User has to sign in",
        );
    };
    if facts
        .hinted
        .as_ref()
        .is_some_and(|hinted| *hinted != signed_in.user.id)
    {
        // They have just signed in, and not as the one the client expects: asking again would not help.
        return Err(OAuthError::new(
            ErrorCode::LoginRequired,
            "another End-User signed in than the one asked for",
        ));
    }
    let chosen = progress.account_confirmed || authenticated_here(progress, signed_in);
    if request.prompts.contains(Prompt::SelectAccount) && !chosen {
        let why = "the End-User has to choose an account";
        return ask(
            Step::SelectAccount,
            ErrorCode::AccountSelectionRequired,
            why,
        );
    }
    match consent(interaction, facts)? {
        Some(scopes) => Ok(Step::Respond(scopes)),
        None => ask(
            Step::Consent(request.scopes.clone()),
            ErrorCode::ConsentRequired,
            "the End-User has to consent",
        ),
    }
}

/// What the client may have, by what the End-User said now or before. None when they have to be asked.
fn consent(interaction: &Interaction, facts: &Facts) -> Result<Option<Scopes>, OAuthError> {
    let request = &interaction.request.0;
    match &interaction.progress.0.consent {
        Some(Consent::Allowed(scopes)) => Ok(Some(scopes.intersection(&request.scopes))),
        Some(Consent::Denied) => Err(OAuthError::new(
            ErrorCode::AccessDenied,
            "the End-User did not consent",
        )),
        None if needs_consent(request, facts) => Ok(None),
        None => Ok(Some(request.scopes.clone())),
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
    let age = facts.now.since(signed_in.session.auth_time);
    // `max_age=0` asks for a new proof even within the second of the last one.
    let is_recent = request
        .max_age
        .is_none_or(|longest| longest.as_i64() > 0 && age <= longest);
    let is_expected = facts
        .hinted
        .as_ref()
        .is_none_or(|hinted| *hinted == signed_in.user.id);
    let is_fresh_wanted =
        request.prompts.contains(Prompt::Login) || request.prompts.contains(Prompt::Create);
    // With `prompt=none` nobody can sign in as someone else: then `next` says that the hint doesn't fit.
    is_recent
        && (is_expected || request.prompts.is_none())
        && !is_fresh_wanted
        && !progress.other_account_wanted
}

fn authenticated_here(progress: &Progress, signed_in: &SignedIn) -> bool {
    progress
        .authenticated
        .as_ref()
        .is_some_and(|proof| proof.session_id == signed_in.session.id)
}

/// The page of the door that the End-User stands at.
fn authenticate(progress: &Progress, self_sign_up_allowed: bool) -> Step {
    match progress.screen {
        Screen::ForgotPassword => match (&progress.reset_sent_to, &progress.reset_proven_for) {
            (_, Some(_)) => Step::ChoosePassword,
            (Some(_), None) => Step::EnterCode,
            (None, None) => Step::ForgotPassword,
        },
        Screen::Register if !self_sign_up_allowed => Step::RegistrationClosed,
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
    let asked_for = request.prompts.contains(Prompt::Consent);
    asked_for
        || (facts.client.client.requires_consent && !request.scopes.is_subset(&facts.consented))
}

#[cfg(test)]
#[path = "next_tests.rs"]
mod tests;
