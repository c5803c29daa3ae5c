//! The pages of an interaction.
//!
//! Every step is a form that is posted below `/interaction/{id}`. Its handler records what was
//! entered and sends the browser back to `/interaction/{id}`, where [`resume`] shows what comes
//! next; or it shows the same page again, with what was wrong.

mod backchannel;
mod choices;
mod code;
pub mod errand;
pub mod here;
mod invitation;
mod letter;
mod organization;
mod outcome;
mod pages;
mod password;
mod register;
mod resume;
mod scene;
mod upstream;

pub use choices::{ConsentPage, SelectAccountPage};
pub use code::CodePage;
pub use invitation::InvitationPage;
pub use letter::write as write_letter;
pub use organization::{
    NameOrganizationPage, NotAdmittedPage, OrganizationClosedPage, SelectOrganizationPage,
};
pub use password::{ChoosePasswordPage, ForgotPasswordPage, IdentifyPage, PasswordPage};
pub use register::{RegisterPage, RegistrationClosedPage};
pub use scene::upstreams;
pub use upstream::{LeavingPage, setback_key};

use axum::Router;
use axum::extract::Path;
use axum::handler::Handler;
use axum::response::Redirect;
use axum::routing::{MethodRouter, get, post};

use crate::id::InteractionId;
use crate::web::error::PageError;
use crate::web::site::Site;

/// The routes of an interaction.
pub fn routes() -> Router<Site> {
    Router::new()
        .route("/interaction/{id}", get(resume::resume))
        .route("/interaction/{id}/identifier", step(password::identify))
        .route("/interaction/{id}/password", step(password::sign_in))
        .route("/interaction/{id}/register", step(register::register))
        .route("/interaction/{id}/new-password", step(password::choose))
        .route("/interaction/{id}/code", step(code::enter))
        .route("/interaction/{id}/resend", step(code::resend))
        .route("/interaction/{id}/forgot", step(password::forgot))
        .route("/interaction/{id}/screen", step(choices::screen))
        .route("/interaction/{id}/account", step(choices::account))
        .route("/interaction/{id}/invitation", step(invitation::choose))
        .route("/interaction/{id}/organization", step(organization::choose))
        .route(
            "/interaction/{id}/organization-name",
            step(organization::name),
        )
        .route("/interaction/{id}/connection", step(upstream::choose))
        .route("/interaction/{id}/confirm", step(errand::confirm))
        .route("/interaction/{id}/consent", step(choices::consent))
        .route("/interaction/{id}/cancel", step(choices::cancel))
        .route("/login/callback", get(upstream::callback))
        .route("/login/callback/{connection_id}", get(upstream::callback))
}

/// What upstreams call by themselves.
pub fn machine_routes() -> Router<Site> {
    Router::new().route(
        "/login/backchannel-logout/{connection_id}",
        post(backchannel::logout),
    )
}

/// A form's route. Its address stands in the browser when the form was refused; whoever opens it anew
/// is led to what comes next.
fn step<H, T>(handler: H) -> MethodRouter<Site>
where
    H: Handler<T, Site>,
    T: 'static,
{
    post(handler).get(onward)
}

async fn onward(Path(id): Path<String>) -> Result<Redirect, PageError> {
    let id = InteractionId::parse(&id).ok_or(PageError::Unknown)?;
    Ok(Redirect::to(&format!("/interaction/{id}")))
}
