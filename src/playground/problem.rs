//! The page for everything that goes wrong: what happened, and what to do.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::provider::ProviderError;

/// Something that went wrong, as a page.
#[derive(Debug, Template)]
#[template(path = "playground/problem.html")]
pub(super) struct Problem {
    status: StatusCode,
    pub(super) title: String,
    pub(super) happened: String,
    pub(super) advice: Vec<String>,
    pub(super) detail: Option<String>,
    signed_in: bool,
}

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        title: impl Into<String>,
        happened: impl Into<String>,
    ) -> Self {
        Self {
            status,
            title: title.into(),
            happened: happened.into(),
            advice: Vec::new(),
            detail: None,
            signed_in: false,
        }
    }

    /// Adds a thing to do.
    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice.push(advice.into());
        self
    }

    /// Adds the words of the machine that reported it.
    pub(super) fn detail(mut self, detail: impl Into<Option<String>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Offers the way back to the tokens, which are still there.
    pub(super) fn while_signed_in(mut self) -> Self {
        self.signed_in = true;
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        render(self.status, &self)
    }
}

/// Renders a page.
pub(super) fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page of the playground cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Answers where there is no page.
pub(super) async fn no_such_page() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "There is no such page",
        "The playground has a start page, and a page for the tokens.",
    )
}

/// Answers when nobody is signed in, or the playground was restarted.
pub(super) fn not_signed_in() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "Nobody is signed in here",
        "The playground keeps tokens in memory and forgets them when it stops.",
    )
    .advise("Sign in from the start page.")
}

impl From<ProviderError> for Problem {
    fn from(error: ProviderError) -> Self {
        let page = |title, happened| Self::new(StatusCode::BAD_GATEWAY, title, happened);
        match error {
            ProviderError::IssuerMismatch(detail) => page(
                "The issuer has another name",
                "The discovery document names an issuer that is not the one this playground was \
                 given. They must be equal to the letter (OpenID Connect Discovery 1.0 §4.3).",
            )
            .advise("Start the playground with --issuer set to the name the provider uses.")
            .advise("Or correct the issuer in the provider's configuration.")
            .detail(detail),
            ProviderError::NoEndpoint(endpoint) => page(
                "The provider does not offer this",
                "Its discovery document does not name the endpoint that is needed.",
            )
            .detail(format!("missing: {endpoint}")),
            ProviderError::NotAProvider(detail) => page(
                "This is not an OpenID Provider",
                "Something answers at the issuer's address, but not with a discovery document \
                 and keys that can be read.",
            )
            .advise("Check --issuer: the scheme, the port, and whether it has a path.")
            .detail(detail),
            ProviderError::Refused { code, description } => refused(&code, description),
            ProviderError::Unreachable(detail) => page(
                "The issuer does not answer",
                "No connection to the OpenID Provider could be made.",
            )
            .advise("Start the provider, then try again: the playground need not be restarted.")
            .advise("Check --issuer: the scheme, the host and the port.")
            .detail(detail),
            ProviderError::Unusable(detail) => page(
                "The provider's answer cannot be read",
                "It does not have the form that the specification gives it.",
            )
            .advise("Look at the provider's log.")
            .detail(detail),
        }
    }
}

/// What a refusal of the token endpoint means for the developer (RFC 6749 §5.2).
fn refused(code: &str, description: Option<String>) -> Problem {
    let advice: &[&str] = match code {
        "invalid_client" => &[
            "Check --client-id and --client-secret against the registration of the application.",
            "A public client has no secret; a confidential one needs it.",
        ],
        "invalid_grant" => &[
            "A code works once and for a short time; a refresh token ends when it is revoked, \
             replaced or expired. Sign in again.",
            "The redirect URI must be the same in both requests.",
        ],
        "unauthorized_client" => {
            &["Permit this grant type to the application in the provider's configuration."]
        }
        _ => &["Look at the provider's log, then sign in again."],
    };
    let problem = Problem::new(
        StatusCode::BAD_GATEWAY,
        "The token endpoint refused",
        format!("It answered with the error {code}."),
    )
    .detail(description);
    advice.iter().copied().fold(problem, Problem::advise)
}
