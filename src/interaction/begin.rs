//! Begins an interaction, and records the simple choices that are made in it.

use rand::CryptoRng;

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
    let screen = if request.start_page == StartPage::Register {
        Screen::Register
    } else {
        Screen::SignIn
    };
    let interaction = Interaction {
        id: InteractionId::generate(rng),
        client_id: request.client_id.clone(),
        browser_hash: None,
        request: Json(request),
        progress: Json(Progress {
            screen,
            ..Progress::default()
        }),
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
    /// Another account than the one that is signed in.
    AnotherAccount,
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
}

/// Records a choice. Returns false when the interaction has changed meanwhile, and then records nothing.
pub async fn record_choice(
    tx: &mut Tx,
    interaction: &mut Interaction,
    choice: Choice,
) -> sqlx::Result<bool> {
    let progress = &mut interaction.progress.0;
    match choice {
        Choice::AnotherAccount => {
            // Who signed in before, even just now, and where they went, counts for nobody else.
            *progress = Progress {
                other_account_wanted: true,
                ..Progress::default()
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
    }
    interactions::update(tx, interaction).await
}
