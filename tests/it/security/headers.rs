//! The security headers of every answer, and that pages need nothing from elsewhere.

use reqwest::header::HeaderMap;

use crate::support::{PASSWORD, Page, World};

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let value = headers.get(name).map(|value| value.to_str());
    value.and_then(Result::ok).unwrap_or_default()
}

fn assert_secure(headers: &HeaderMap, what: &str) {
    let expected = [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ];
    for (name, value) in expected {
        assert_eq!(text(headers, name), value, "{name} of {what}");
    }
    let policy = text(headers, "content-security-policy");
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ] {
        assert!(policy.contains(part), "{part} of {what}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    assert!(!policy.contains('*'), "{what}: {policy}");
    assert_eq!(text(headers, "x-request-id").len(), 16, "{what}");
}

fn assert_self_contained(page: &Page, what: &str) {
    let cache = text(&page.headers, "cache-control");
    assert!(cache.contains("no-store"), "{what} is kept: {cache:?}");
    let is_form_post = page.has("#page-form-post");
    assert_eq!(page.has("script"), is_form_post, "{what} has a script");
    for inline in [
        "style",
        "[style]",
        "[onclick]",
        "[onload]",
        "iframe",
        "object",
    ] {
        assert!(!page.has(inline), "{what} has {inline}");
    }
    for (css, name) in [("link", "href"), ("img", "src"), ("script", "src")] {
        let address = page.attribute(css, name);
        let is_ours = address
            .as_deref()
            .is_none_or(|address| address.starts_with('/'));
        assert!(is_ours, "{what} needs {address:?}");
    }
}

/// Every kind of page, by what a browser does to see it.
async fn pages(world: &World) -> Vec<(&'static str, Page)> {
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let mut pages = Vec::new();
    let mut browser = world.browser();
    let url = client.authorize_url(&[("prompt", "consent"), ("response_mode", "form_post")]);
    pages.push(("identify", browser.open(&url).await.clone()));
    pages.push(("register", browser.turn_to("register").await.clone()));
    pages.push((
        "choose a password",
        browser.introduce("G", "g@example.test").await.clone(),
    ));
    pages.push(("code", browser.choose_password(PASSWORD).await.clone()));
    pages.push(("wrong code", browser.enter_code("1").await.clone()));
    browser.open(&url).await;
    let page = browser
        .press("sign-in", &[("p_email", "ada@example.test")])
        .await;
    pages.push(("password", page.clone()));
    pages.push(("forgot", browser.turn_to("forgot_password").await.clone()));
    browser.turn_to("sign_in").await;
    let page = browser.sign_in("ada@example.test", "a guess").await;
    pages.push(("wrong password", page.clone()));
    let page = browser.press("sign-in", &[("p_password", PASSWORD)]).await;
    pages.push(("consent", page.clone()));
    pages.push(("form post", browser.press("allow", &[]).await.clone()));
    let select = client.authorize_url(&[("prompt", "select_account")]);
    for (what, address) in [
        ("select account", select.as_str()),
        ("home", "/"),
        ("account", "/account/password"),
        ("logout", "/logout"),
        ("unknown", "/nothing"),
        ("bad request", "/oauth2/auth"),
        ("unknown interaction", "/interaction/x"),
    ] {
        pages.push((what, browser.open(address).await.clone()));
    }
    pages.push((
        "foreign form",
        browser.post("/account/password", &[]).await.clone(),
    ));
    browser.open("/logout").await;
    pages.push((
        "signed out",
        browser.press("confirm-logout", &[]).await.clone(),
    ));
    pages
}

#[tokio::test]
async fn every_page_is_locked_down() {
    let world = World::new().await;
    for (what, page) in pages(&world).await {
        page.id();
        assert_secure(&page.headers, what);
        assert_self_contained(&page, what);
        assert!(
            !page.headers.contains_key("strict-transport-security"),
            "{what}"
        );
    }
}

#[tokio::test]
async fn so_is_every_other_answer() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = world.browser();
    let style = browser
        .open("/")
        .await
        .attribute("link[rel='stylesheet']", "href");
    let style = style.expect("pages have a style");
    let answers = [
        "/healthz",
        "/readyz",
        "/.well-known/jwks.json",
        "/oauth2/userinfo",
        &style,
    ];
    for path in answers {
        let answer = World::http().get(world.url(path)).send().await;
        assert_secure(answer.expect("the server answers").headers(), path);
    }
    assert_secure(&client.token(&[]).await.headers, "/oauth2/token");
    let redirect = World::http().get(client.authorize_url(&[])).send().await;
    assert_secure(
        redirect.expect("the server answers").headers(),
        "a redirect",
    );
}

#[tokio::test]
async fn on_https_browsers_are_told_to_stay_there() {
    let world = World::with(&[("SERVER__ISSUER", "https://id.example.test")]).await;
    for path in ["/", "/nothing", "/healthz", "/.well-known/jwks.json"] {
        let answer = World::http().get(world.url(path)).send().await;
        let answer = answer.expect("the server answers");
        let value = text(answer.headers(), "strict-transport-security");
        assert!(value.starts_with("max-age=31536000"), "{path}: {value:?}");
    }
}

#[tokio::test]
async fn the_authorization_endpoint_and_the_pages_are_not_read_across_origins() {
    let world = World::new().await;
    let client = world.client().await;
    let url = client.authorize_url(&[]);
    for address in [url.as_str(), &world.url("/"), &world.url("/logout")] {
        let request = World::http()
            .get(address)
            .header("origin", "https://app.example.test");
        let answer = request.send().await.expect("the server answers");
        let allowed = answer.headers().contains_key("access-control-allow-origin");
        assert!(!allowed, "{address}");
    }
}
