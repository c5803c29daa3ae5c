//! Delivers an authorization response: by redirect, or by a form that posts itself.

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};

use crate::protocol::Delivery;
use crate::web::headers::PagePolicy;
use crate::web::page::{FormPostPage, page};
use crate::web::site::Site;

/// The response that carries `answer` to the client.
pub fn deliver(site: &Site, headers: &HeaderMap, answer: Delivery) -> Response {
    match answer {
        // 303, so that no browser posts credentials on to the client (RFC 9700 §4.12).
        Delivery::Redirect(uri) => Redirect::to(&uri).into_response(),
        Delivery::FormPost { action, fields } => {
            let shell = site.shell(headers, None);
            let form = FormPostPage {
                shell: &shell,
                action: &action,
                parameters: &fields,
            };
            let policy = PagePolicy {
                posts_itself: true,
                ..PagePolicy::leading_to(&action)
            };
            policy.apply(page(StatusCode::OK, &form))
        }
    }
}
