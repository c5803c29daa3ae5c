//! The security headers of every response.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use url::Url;

use super::page::FORM_POST_SCRIPT;
use super::site::Site;

/// What a page's content security policy has to allow beyond the usual.
#[derive(Debug, Clone, Default)]
pub struct PagePolicy {
    /// Where its forms, or the redirects that follow them, may lead besides ourselves.
    pub form_target: Option<String>,
    /// Whether it is the page that posts itself.
    pub posts_itself: bool,
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
            posts_itself: false,
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

/// Sets the headers.
pub async fn secure(State(site): State<Site>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let policy = response
        .extensions_mut()
        .remove::<PagePolicy>()
        .unwrap_or_default();
    let server = &site.app.config.server;
    let is_strict = server.issuer.is_https() && server.strict_transport_security;
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&content_security_policy(&policy)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::X_FRAME_OPTIONS, "DENY");
    set(headers, header::REFERRER_POLICY, "no-referrer");
    set(
        headers,
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        headers,
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    );
    if is_strict {
        set(
            headers,
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=31536000; includeSubDomains",
        );
    }
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

fn content_security_policy(policy: &PagePolicy) -> String {
    let target = policy.form_target.as_deref().unwrap_or_default();
    let script = if policy.posts_itself {
        FORM_POST_SCRIPT
    } else {
        "'none'"
    };
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self' https: data:; script-src {script}; \
         form-action 'self' {target}; frame-ancestors 'none'; base-uri 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
