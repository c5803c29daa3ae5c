//! The interaction: one sign-in, from authorization request to response.
//!
//! Owns what happens between a client's request and our answer: which page comes next, what each page
//! records, and the session that comes of it. Accounts are `directory`'s, codes and tokens `tokens`'.
//!
//! Steps never lead to one another. Each records one fact and returns to the interaction's address,
//! where [`next`] decides from the facts of that moment. So a page that is reloaded, opened in a second
//! tab or come back to after an hour does what makes sense then.

mod begin;
mod circumstances;
pub mod destination;
pub mod email_code;
pub mod errand;
mod facts;
pub mod invitation;
pub mod local;
mod next;
mod open;
pub mod organization;
pub mod password_change;
pub mod recovery;
pub mod registration;
mod respond;
pub mod session;
pub mod throttle;
pub mod upstream;
pub mod upstream_logout;
mod upstream_proof;

pub use begin::{Choice, begin, begin_here, record_choice};
pub use circumstances::Circumstances;
pub use facts::{Facts, SignedIn};
pub use next::{Step, next};
pub use open::{OpenError, claim, open};
pub use respond::{ACR, finish, refuse, respond};

use crate::clock::Timestamp;
use crate::secret::Secret;

/// Something to be sent by mail. How it reads is the pages' business.
#[derive(Debug)]
pub enum Letter {
    /// The address has an account already; there was no need to create one.
    AlreadyRegistered {
        /// To whom.
        to: String,
    },
    /// They are asked to join an organization.
    Invitation {
        /// To whom.
        to: String,
        /// The name of the organization.
        organization: String,
        /// Where the invitation is accepted.
        link: String,
        /// Until when it can be.
        expires_at: Timestamp,
    },
    /// There is no account for the address whose password was to be replaced.
    NoAccount {
        /// To whom.
        to: String,
    },
    /// The password was changed.
    PasswordChanged {
        /// To whom.
        to: String,
    },
    /// The code that proves the address, to replace a password.
    ResetPassword {
        /// To whom.
        to: String,
        /// The code.
        code: Secret,
        /// Until when it is taken.
        expires_at: Timestamp,
    },
    /// The code that proves the address of a new account.
    VerifyEmail {
        /// To whom.
        to: String,
        /// The code.
        code: Secret,
        /// Until when it is taken.
        expires_at: Timestamp,
    },
}
