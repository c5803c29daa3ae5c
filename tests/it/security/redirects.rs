//! Nobody is sent to an address that no client has registered.

use crate::support::{PASSWORD, Page, World, parameters_of};

/// Addresses that look like the registered ones, to a careless comparison.
const LOOKALIKES: &[&str] = &[
    "https://evil.example.test/",
    "https://app.example.test.evil.test/callback",
    "https://app.example.test@evil.test/callback",
    "https://app.example.test/callback/../evil",
    "https://app.example.test/callback?next=https://evil.test",
    "https://app.example.test/callback#x",
    "https://app.example.test/signed-out.evil",
    "https://app.example.test:444/callback",
    "http://app.example.test/callback",
    "HTTPS://APP.EXAMPLE.TEST/callback/",
    "//evil.test/callback",
    "/\\evil.test",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://app.example.test/callback%0d%0aLocation:%20https://evil.test",
];

fn assert_leads_nowhere_else(page: &Page, target: &str) {
    assert!(!page.is_elsewhere, "sent to {} for {target}", page.url);
    for css in ["a", "form", "img", "meta"] {
        for name in ["href", "action", "src", "content"] {
            let address = page.attribute(css, name).unwrap_or_default();
            assert_ne!(address, target);
            assert!(!address.contains("evil"), "{css} leads to {address}");
        }
    }
}

#[tokio::test]
async fn an_unregistered_redirect_uri_ends_on_a_page() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = world.browser();
    for target in LOOKALIKES {
        for more in [
            ("state", "a state"),
            ("prompt", "none"),
            ("response_type", "token"),
        ] {
            let url = client.authorize_url(&[("redirect_uri", target), more]);
            let page = browser.open(&url).await;
            assert_eq!(page.status, 400, "{target}");
            assert_leads_nowhere_else(page, target);
        }
    }
}

#[tokio::test]
async fn logout_leads_to_registered_addresses_alone() {
    let world = World::new().await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    for target in LOOKALIKES {
        let (mut browser, tokens) = world.signed_in(&client, "ada@example.test").await;
        let hint = tokens.id_token.expect("openid was asked for");
        for spelling in [
            "post_logout_redirect_uri",
            "redirect",
            "logout_uri",
            "returnTo",
            "return_to",
        ] {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair(spelling, target);
            query.append_pair("client_id", client.id.as_str());
            let named = format!("/logout?{}", query.finish());
            assert_leads_nowhere_else(browser.open(&named).await, target);
            // The first time this ends the session; then there is none.
            let hinted = format!("{named}&id_token_hint={hint}");
            assert_leads_nowhere_else(browser.open(&hinted).await, target);
        }
    }
}

#[tokio::test]
async fn another_clients_address_is_not_ones_own() {
    let world = World::new().await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let other = world
        .web_client(
            "https://other.example.test/cb",
            "https://other.example.test/out",
        )
        .await;
    let (mut browser, tokens) = world.signed_in(&client, "ada@example.test").await;
    let url = client.authorize_url(&[("redirect_uri", &other.redirect_uri)]);
    let page = browser.open(&url).await;
    assert_eq!(page.status, 400);
    assert!(!page.is_elsewhere);
    let hint = tokens.id_token.expect("openid was asked for");
    let out = format!(
        "/logout?id_token_hint={hint}&post_logout_redirect_uri=https://other.example.test/out"
    );
    let page = browser.open(&out).await;
    assert!(!page.is_elsewhere, "{}", page.url);
}

#[tokio::test]
async fn a_path_that_looks_like_a_host_is_no_redirect() {
    let world = World::new().await;
    for path in [
        "//evil.test",
        "/%2f%2fevil.test",
        "/\\evil.test",
        "/interaction//evil.test",
        "/logout//evil.test",
    ] {
        let answer = World::http().get(world.url(path)).send().await;
        let answer = answer.expect("the server answers");
        assert!(!answer.headers().contains_key("location"), "{path}");
    }
}

#[tokio::test]
async fn an_error_goes_to_the_redirect_uri_with_the_issuer_and_the_state() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser
        .open(&client.authorize_url(&[("prompt", "none")]))
        .await;
    let answer = parameters_of(browser.arrived());
    assert_eq!(answer["error"], "login_required");
    assert_eq!(answer["state"], "a state");
    assert_eq!(answer["iss"], world.issuer());
}
