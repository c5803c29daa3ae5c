//! The pages of an interaction.
//!
//! Every step is a form that is posted below `/interaction/{id}`. Its handler records what was
//! entered and sends the browser back to `/interaction/{id}`, where [`resume`] shows what comes
//! next; or it shows the same page again, with what was wrong.

mod choices;
mod code;
mod letter;
mod outcome;
mod pages;
mod password;
mod register;
mod resume;
mod scene;

pub use choices::{ConsentPage, SelectAccountPage};
pub use code::CodePage;
pub use letter::write as write_letter;
pub use password::{ChoosePasswordPage, ForgotPasswordPage, IdentifyPage, PasswordPage};
pub use register::{RegisterPage, RegistrationClosedPage};
pub use scene::face;

use axum::Router;
use axum::routing::{get, post};

use crate::web::site::Site;

/// The routes of an interaction.
pub fn routes() -> Router<Site> {
    Router::new()
        .route("/interaction/{id}", get(resume::resume))
        .route("/interaction/{id}/identifier", post(password::identify))
        .route("/interaction/{id}/password", post(password::sign_in))
        .route("/interaction/{id}/register", post(register::register))
        .route("/interaction/{id}/new-password", post(password::choose))
        .route("/interaction/{id}/code", post(code::enter))
        .route("/interaction/{id}/resend", post(code::resend))
        .route("/interaction/{id}/forgot", post(password::forgot))
        .route("/interaction/{id}/screen", post(choices::screen))
        .route("/interaction/{id}/account", post(choices::account))
        .route("/interaction/{id}/consent", post(choices::consent))
        .route("/interaction/{id}/cancel", post(choices::cancel))
}
