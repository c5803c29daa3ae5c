//! Whether there is an account behind an address shows on no page.

use crate::support::{PASSWORD, Page, World};

/// Alike in length, so that pages can be compared byte by byte.
const KNOWN: &str = "known@example.test";
const UNKNOWN: &str = "other@example.test";

/// A page without what differs each time: the names of things, and the address itself.
fn masked(page: &Page, address: &str) -> (u16, String, String) {
    let csrf = page.attribute("input[name='csrf']", "value");
    let interaction = page.url.path().split('/').nth(2).unwrap_or_default();
    let mut html = page.html.replace(address, "ADDRESS");
    for secret in [csrf.unwrap_or_default(), interaction.to_owned()] {
        if !secret.is_empty() {
            html = html.replace(&secret, "…");
        }
    }
    let mut headers: Vec<String> = page
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id" | "set-cookie"))
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    headers.sort();
    (page.status.as_u16(), headers.join("\n"), html)
}

#[tokio::test]
async fn sign_in_pages_are_alike() {
    let world = World::new().await;
    world.user(KNOWN, PASSWORD).await;
    let client = world.client().await;
    let mut seen = Vec::new();
    for address in [KNOWN, UNKNOWN] {
        let mut browser = world.browser();
        browser.open(&client.authorize_url(&[])).await;
        let page = browser.press("sign-in", &[("p_email", address)]).await;
        let asked = masked(page, address);
        let page = browser.press("sign-in", &[("p_password", "a guess")]).await;
        seen.push((asked, masked(page, address)));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn throttled_pages_are_alike() {
    let world = World::with(&[("SIGN_IN__THROTTLE_ACCOUNT_ATTEMPTS", "1")]).await;
    world.user(KNOWN, PASSWORD).await;
    let client = world.client().await;
    let mut seen = Vec::new();
    for address in [KNOWN, UNKNOWN] {
        let mut browser = world.browser();
        browser.open(&client.authorize_url(&[])).await;
        browser.sign_in(address, "a guess").await;
        let page = browser.press("sign-in", &[("p_password", "a guess")]).await;
        assert_eq!(page.status, 429);
        seen.push(masked(page, address));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn registration_pages_are_alike() {
    let world = World::new().await;
    world.user(KNOWN, PASSWORD).await;
    let client = world.client().await;
    let mut seen = Vec::new();
    for address in [KNOWN, UNKNOWN] {
        let mut browser = world.browser();
        browser
            .open(&client.authorize_url(&[("prompt", "create")]))
            .await;
        let page = browser.introduce("Grace", address).await;
        let choose = masked(page, address);
        let code = masked(browser.choose_password(PASSWORD).await, address);
        let resent = masked(browser.resend_code().await, address);
        // Nobody has a code of seven digits.
        let wrong = masked(browser.enter_code("1234567").await, address);
        seen.push([choose, code, resent, wrong]);
        assert_eq!(world.mails_to(address).len(), 2, "both are written to");
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn pages_for_a_forgotten_password_are_alike() {
    let world = World::new().await;
    world.user(KNOWN, PASSWORD).await;
    let client = world.client().await;
    let mut seen = Vec::new();
    for address in [KNOWN, UNKNOWN] {
        let mut browser = world.browser();
        browser.open(&client.authorize_url(&[])).await;
        browser.press("sign-in", &[("p_email", address)]).await;
        browser.turn_to("forgot_password").await;
        let page = browser.press("send-code", &[("p_email", address)]).await;
        let code = masked(page, address);
        let wrong: Vec<_> = masked_attempts(&mut browser, address).await;
        let resent = masked(browser.resend_code().await, address);
        seen.push((code, wrong, resent));
        assert_eq!(world.mails_to(address).len(), 2, "both are written to");
    }
    assert_eq!(seen[0], seen[1]);
}

/// Wrong codes until the code is spent, and one more.
async fn masked_attempts(
    browser: &mut crate::support::Browser,
    address: &str,
) -> Vec<(u16, String, String)> {
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(masked(browser.enter_code("1234567").await, address));
    }
    seen
}

#[tokio::test]
async fn too_many_mails_are_refused_alike() {
    let world = World::with(&[("SIGN_IN__THROTTLE_MAIL_ATTEMPTS", "1")]).await;
    world.user(KNOWN, PASSWORD).await;
    let client = world.client().await;
    let mut seen = Vec::new();
    for address in [KNOWN, UNKNOWN] {
        let mut browser = world.browser();
        browser.open(&client.authorize_url(&[])).await;
        browser.press("sign-in", &[("p_email", address)]).await;
        browser.turn_to("forgot_password").await;
        browser.press("send-code", &[("p_email", address)]).await;
        let page = browser.resend_code().await;
        assert_eq!(page.status, 429);
        seen.push(masked(page, address));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_secret_that_is_wrong_is_refused_as_an_unknown_client_is() {
    let world = World::new().await;
    let client = world.client().await;
    let grant = [
        ("grant_type", "client_credentials"),
        ("client_secret", "a guess"),
    ];
    let known = client.token(&grant).await;
    let mut stranger = grant.to_vec();
    stranger.push(("client_id", "0123456789abcdef0123456789abcdef"));
    let unknown = client.post_bare("/oauth2/token", &stranger).await;
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    assert_eq!(known.error(), "invalid_client");
}
