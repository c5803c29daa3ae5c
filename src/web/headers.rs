//! The security headers of every response.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use url::Url;

use super::page::FORM_POST_SCRIPT;
use crate::config::Server;

/// What a page's content security policy has to allow beyond the usual.
#[derive(Debug, Clone, Default)]
pub struct PagePolicy {
    /// Where its forms, or the redirects that follow them, may lead besides ourselves.
    pub form_target: Option<String>,
    /// Whether it is the page that posts itself.
    pub posts_itself: bool,
    /// Whether it is no page, but a picture that somebody gave us.
    pub is_picture: bool,
}

impl PagePolicy {
    /// Lets the forms of `response` lead to `uri` in the end.
    ///
    /// Browsers hold the redirects after a form to the policy of the form's page. So that signing in can
    /// end at the client, its origin must be allowed on the page.
    #[must_use]
    pub fn leading_to(uri: &str) -> Self {
        Self {
            form_target: source(uri),
            ..Self::default()
        }
    }

    /// Lets nothing act, even if a browser should take a picture for a page.
    #[must_use]
    pub fn picture() -> Self {
        Self {
            is_picture: true,
            ..Self::default()
        }
    }

    /// Attaches the policy to a response.
    #[must_use]
    pub fn apply(self, mut response: Response) -> Response {
        response.extensions_mut().insert(self);
        response
    }
}

/// A redirect URI as a source expression (Content Security Policy Level 3 §2.3.1): its origin, or its scheme.
fn source(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    match url.scheme() {
        "http" | "https" => Some(url.origin().ascii_serialization()),
        scheme => Some(format!("{scheme}:")),
    }
}

static CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");
static PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The policy of whatever asks for no other.
const USUAL_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' https: data:; script-src 'none'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The policy of pictures that are not ours.
const PICTURE_POLICY: &str =
    "default-src 'none'; sandbox; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// Sets the headers.
pub fn secure<B>(server: &Server, response: &mut Response<B>) {
    let policy = response.extensions_mut().remove::<PagePolicy>();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        policy.map_or_else(usual_policy, |policy| policy.value()),
    );
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::X_FRAME_OPTIONS, "DENY");
    set(headers, header::REFERRER_POLICY, "no-referrer");
    set(headers, CROSS_ORIGIN_OPENER_POLICY.clone(), "same-origin");
    set(
        headers,
        PERMISSIONS_POLICY.clone(),
        "camera=(), geolocation=(), microphone=()",
    );
    if server.issuer.is_https() && server.strict_transport_security {
        set(
            headers,
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=31536000; includeSubDomains",
        );
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

fn usual_policy() -> HeaderValue {
    HeaderValue::from_static(USUAL_POLICY)
}

impl PagePolicy {
    fn value(&self) -> HeaderValue {
        // An origin or a scheme, as `Url` gives it, fits into a header.
        HeaderValue::from_str(&self.text()).unwrap_or_else(|_| usual_policy())
    }

    fn text(&self) -> String {
        if self.is_picture {
            return PICTURE_POLICY.to_owned();
        }
        let mut text = USUAL_POLICY.to_owned();
        if self.posts_itself {
            text = text.replace(
                "script-src 'none'",
                &format!("script-src {FORM_POST_SCRIPT}"),
            );
        }
        if let Some(target) = &self.form_target {
            text = text.replace(
                "form-action 'self'",
                &format!("form-action 'self' {target}"),
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_allowed_what_it_needs_and_no_more() {
        let leading = PagePolicy::leading_to("https://app.example.test/callback");
        let posting = PagePolicy {
            posts_itself: true,
            ..leading.clone()
        };
        let form_action = "form-action 'self' https://app.example.test;";
        let script = format!("script-src {FORM_POST_SCRIPT};");
        assert_eq!(PagePolicy::default().text(), USUAL_POLICY);
        assert!(leading.text().contains(form_action));
        assert!(leading.text().contains("script-src 'none';"));
        assert!(posting.text().contains(form_action));
        assert!(posting.text().contains(&script));
    }

    #[test]
    fn a_redirect_uri_is_allowed_by_its_origin_or_its_scheme() {
        assert_eq!(
            source("https://app.example.test:8443/callback?x=1").as_deref(),
            Some("https://app.example.test:8443")
        );
        assert_eq!(
            source("com.example.app:/callback").as_deref(),
            Some("com.example.app:")
        );
        assert_eq!(source("not a uri"), None);
    }
}
