//! Self sign-up: names and address, then a password, then the code that was mailed.
//!
//! Nothing is created before the address is proven, so that nobody can put a password on an address
//! that isn't theirs and wait for its owner. What is entered until then lives in the interaction. For the same
//! reason an account that claims the address and has never proven it gives way: the newcomer gets one of their own,
//! and never one that somebody else may have prepared.

use rand::CryptoRng;

use super::circumstances::Circumstances;
use super::email_code::{self, CodeError, Entered};
use super::local::{self, SignInError, save};
use super::{Letter, invitation};
use crate::access::members;
use crate::audit::Actor;
use crate::clock::Timestamp;
use crate::directory::accounts::{self, NewAccount, Taken};
use crate::directory::{identities as operations, invitations, policies};
use crate::id::OrganizationId;
use crate::passwords::PasswordHash;
use crate::store::email_codes::Purpose;
use crate::store::identities::{self, IdentityKind};
use crate::store::interactions::{Interaction, Registration, Screen};
use crate::store::{Tx, environment};

/// Records who the End-User will be.
///
/// # Errors
///
/// [`SignInError::AddressNotAdmitted`] when policy admits addresses at other domains alone, [`SignInError::Changed`]
/// when the interaction has changed meanwhile.
pub async fn begin(
    tx: &mut Tx,
    interaction: &mut Interaction,
    registration: Registration,
    now: Timestamp,
) -> Result<(), SignInError> {
    let key = IdentityKind::Email.key(&registration.email);
    let invited = invitation::for_new_account(tx, interaction, &key, now).await?;
    // Who is invited by name needs no admission by domain.
    if invited.is_none() && !policies::admit(tx, &registration.email).await? {
        return Err(SignInError::AddressNotAdmitted);
    }
    let progress = &mut interaction.progress.0;
    progress.screen = Screen::Register;
    progress.registration = Some(registration);
    save(tx, interaction).await
}

/// Records the password chosen, and mails the code. Returns the mail.
///
/// # Errors
///
/// [`SignInError::Throttled`] after too many mails.
pub async fn choose_password(
    interaction: &mut Interaction,
    password: &str,
    at: &Circumstances<'_>,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Letter, SignInError> {
    let hash = at.hasher.hash(password, rng).await?;
    let registration = interaction
        .progress
        .0
        .registration
        .as_mut()
        .ok_or(SignInError::Changed)?;
    registration.password_hash = Some(hash);
    send_code(interaction, at, rng).await
}

/// Mails a code for the registration. Returns the mail.
pub(super) async fn send_code(
    interaction: &mut Interaction,
    at: &Circumstances<'_>,
    rng: &mut (impl CryptoRng + Send),
) -> Result<Letter, SignInError> {
    let registration = interaction
        .progress
        .0
        .registration
        .as_ref()
        .ok_or(SignInError::Changed)?;
    let to = registration.email.clone();
    let mut tx = at.db.write().await?;
    email_code::count_mail(&mut tx, &to, at).await??;
    let (code, expires_at) =
        email_code::make(&mut tx, interaction, Purpose::Register, &to, at, rng).await?;
    let holder = identities::find_by_value(&mut tx, IdentityKind::Email, &to).await?;
    // Who has not proven it gives way to whoever does.
    let is_taken = holder.is_some_and(|holder| holder.verified_at.is_some());
    save(&mut tx, interaction).await?;
    tx.commit().await?;
    Ok(if is_taken {
        Letter::AlreadyRegistered { to }
    } else {
        Letter::VerifyEmail {
            to,
            code,
            expires_at,
        }
    })
}

/// The organization that the request names, if it admits whoever has this proven address.
async fn admitted(
    tx: &mut Tx,
    interaction: &Interaction,
    proven: &str,
) -> sqlx::Result<Option<OrganizationId>> {
    let Some(code) = &interaction.request.0.org_code else {
        return Ok(None);
    };
    let found = members::find_admitting(tx, code, Some(proven)).await?;
    Ok(found.and_then(|(organization, admits)| admits.then_some(organization.id)))
}

/// Creates the account whose address was proven, and signs its user in.
pub(super) async fn complete(
    tx: &mut Tx,
    interaction: &mut Interaction,
    proven: &str,
    at: &Circumstances<'_>,
    rng: &mut impl CryptoRng,
) -> Result<Entered, CodeError> {
    let registration = interaction
        .progress
        .0
        .registration
        .take()
        .ok_or(SignInError::Changed)?;
    // The address may have been replaced in another tab after the code was sent.
    if IdentityKind::Email.key(&registration.email) != proven {
        return Err(CodeError::Spent);
    }
    let password_hash: Option<PasswordHash> = registration.password_hash;
    let invited = invitation::for_new_account(tx, interaction, proven, at.now).await?;
    let organization = match &invited {
        Some(invitation) => Some(invitation.organization_id.clone()),
        // An invitation that let them register may have been withdrawn.
        None if !environment::policies(tx).await?.self_sign_up_allowed => {
            return Err(SignInError::Changed.into());
        }
        // Policy may have changed since they began.
        None if !policies::admit(tx, proven).await? => {
            return Err(SignInError::AddressNotAdmitted.into());
        }
        None => admitted(tx, interaction, proven).await?,
    };
    let new = NewAccount {
        email: Some(registration.email),
        email_verified: true,
        given_name: registration.given_name,
        family_name: registration.family_name,
        password_hash,
        organization,
        ..NewAccount::default()
    };
    if let Some(holder) = identities::find_by_value(tx, IdentityKind::Email, proven).await? {
        // When it has been proven meanwhile, it is taken.
        operations::give_way(tx, &holder.id, at.now, rng).await?;
    }
    let user = match accounts::create(tx, Actor::Anonymous, new, at.now, rng).await? {
        Ok(user) => user,
        Err(Taken(_)) => return Err(CodeError::Taken),
    };
    if let Some(invitation) = &invited
        && !invitations::accept(tx, invitation, &user.id, at.now, rng).await?
    {
        return Err(SignInError::Changed.into());
    }
    let identity = identities::list_for_user(tx, &user.id).await?.pop();
    let identity = identity.ok_or(sqlx::Error::RowNotFound)?;
    let cookie = local::authenticate(tx, interaction, &identity, at, rng).await?;
    Ok(Entered::SignedIn(cookie))
}
