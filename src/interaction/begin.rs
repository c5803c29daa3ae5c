//! Begins an interaction, and records the simple choices that are made in it.

use rand::CryptoRng;

use super::invitation::{self, Invited};
use crate::clock::{Seconds, Timestamp};
use crate::id::{InteractionId, UserId};
use crate::protocol::authorization::{AuthorizationRequest, StartPage};
use crate::protocol::scope::Scopes;
use crate::store::interactions::{Consent, Interaction, Progress, Screen};
use crate::store::types::Json;
use crate::store::{Tx, interactions};

/// Stores a validated request as a new interaction, which can be finished within `lifetime`.
pub async fn begin(
    tx: &mut Tx,
    request: AuthorizationRequest,
    lifetime: Seconds,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Interaction> {
    begin_at(tx, request, Progress::default(), lifetime, now, rng).await
}

/// Stores a request of ours as a new interaction: the client's terms hold for the sign-in, but it is not answered.
pub async fn begin_here(
    tx: &mut Tx,
    request: AuthorizationRequest,
    lifetime: Seconds,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Interaction> {
    let start = Progress {
        ends_here: true,
        ..Progress::default()
    };
    begin_at(tx, request, start, lifetime, now, rng).await
}

async fn begin_at(
    tx: &mut Tx,
    request: AuthorizationRequest,
    start: Progress,
    lifetime: Seconds,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Interaction> {
    let progress = match invitation::find(tx, &request, None, now).await? {
        Some(Invited::Open(open)) => Progress {
            ends_here: start.ends_here,
            ..open.door()
        },
        _ if request.start_page == StartPage::Register => Progress {
            screen: Screen::Register,
            ..start
        },
        _ => start,
    };
    open(tx, request, progress, lifetime, now, rng).await
}

/// Stores a new interaction at this point of its progress. No browser has it yet.
pub(super) async fn open(
    tx: &mut Tx,
    request: AuthorizationRequest,
    progress: Progress,
    lifetime: Seconds,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<Interaction> {
    let interaction = Interaction {
        id: InteractionId::generate(rng),
        client_id: request.client_id.clone(),
        browser_hash: None,
        request: Json(request),
        progress: Json(progress),
        version: 0,
        created_at: now,
        expires_at: now.plus(lifetime),
        finished_at: None,
    };
    interactions::insert(tx, &interaction).await?;
    Ok(interaction)
}

/// A choice that needs no more than to be remembered.
#[derive(Debug)]
pub enum Choice {
    /// Another account than the one that is signed in, from this door on.
    AnotherAccount(Box<Progress>),
    /// Back to the application, with nothing.
    Cancel,
    /// The client may have these scopes.
    ConsentAllowed {
        /// Who says so.
        user: UserId,
        /// The scopes.
        scopes: Scopes,
    },
    /// The client may have nothing.
    ConsentDenied,
    /// The account of this user, who is signed in.
    ThisAccount(UserId),
    /// Another door; what was begun at the present one is dropped.
    Screen(Screen),
    /// The address or user name to sign in with.
    Identifier(String),
    /// On without the invitation.
    WithoutInvitation,
}

/// Records a choice. Returns false when the interaction has changed meanwhile, and then records nothing.
pub async fn record_choice(
    tx: &mut Tx,
    interaction: &mut Interaction,
    choice: Choice,
) -> sqlx::Result<bool> {
    let progress = &mut interaction.progress.0;
    match choice {
        Choice::AnotherAccount(door) => {
            // Who signed in before, even just now, and where they went, counts for nobody else.
            *progress = Progress {
                other_account_wanted: true,
                ends_here: progress.ends_here,
                invitation_declined: progress.invitation_declined,
                ..*door
            };
        }
        Choice::Cancel => progress.cancelled = true,
        Choice::ConsentAllowed { user, scopes } => {
            progress.consent = Some(Consent::Allowed { user, scopes });
        }
        Choice::ConsentDenied => progress.consent = Some(Consent::Denied),
        Choice::Identifier(identifier) => progress.identifier = Some(identifier),
        Choice::Screen(screen) => {
            progress.screen = screen;
            progress.registration = None;
            progress.reset_sent_to = None;
            progress.reset_proof = None;
            if screen == Screen::SignIn {
                progress.identifier = None;
            }
        }
        Choice::ThisAccount(user) => progress.account_confirmed = Some(user),
        Choice::WithoutInvitation => progress.invitation_declined = true,
    }
    interactions::update(tx, interaction).await
}
