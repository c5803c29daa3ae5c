//! Self sign-up: names and address, then a password, then the code that was mailed.
//!
//! Nothing is created before the address is proven, so that nobody can put a password on an address
//! that isn't theirs and wait for its owner. What is entered until then lives in the interaction.

use rand::CryptoRng;

use super::Letter;
use super::circumstances::Circumstances;
use super::email_code::{self, CodeError, Entered};
use super::local::{self, SignInError, save};
use crate::access::members;
use crate::audit::Actor;
use crate::directory::accounts::{self, NewAccount, Taken};
use crate::directory::policies;
use crate::id::OrganizationId;
use crate::passwords::PasswordHash;
use crate::store::Tx;
use crate::store::email_codes::Purpose;
use crate::store::identities::{self, IdentityKind};
use crate::store::interactions::{Interaction, Registration, Screen};

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
) -> Result<(), SignInError> {
    if !policies::admit(tx, &registration.email).await? {
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
    let is_taken = identities::find_by_value(&mut tx, IdentityKind::Email, &to)
        .await?
        .is_some();
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
    // Policy may have changed since they began.
    if !policies::admit(tx, proven).await? {
        return Err(SignInError::AddressNotAdmitted.into());
    }
    let password_hash: Option<PasswordHash> = registration.password_hash;
    let new = NewAccount {
        email: Some(registration.email),
        email_verified: true,
        given_name: registration.given_name,
        family_name: registration.family_name,
        password_hash,
        organization: admitted(tx, interaction, proven).await?,
        ..NewAccount::default()
    };
    let user = match accounts::create(tx, Actor::Anonymous, new, at.now, rng).await? {
        Ok(user) => user,
        Err(Taken(_)) => return Err(CodeError::Taken),
    };
    let identity = identities::list_for_user(tx, &user.id).await?.pop();
    let identity = identity.ok_or(sqlx::Error::RowNotFound)?;
    let cookie = local::authenticate(tx, interaction, &identity, at, rng).await?;
    Ok(Entered::SignedIn(cookie))
}
