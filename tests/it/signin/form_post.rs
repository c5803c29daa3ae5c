//! The answer as a form that posts itself (OAuth 2.0 Form Post Response Mode).

use crate::support::{PASSWORD, World};

#[tokio::test]
async fn the_answer_is_a_form_that_a_button_sends_without_scripts() {
    let world = World::new().await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    let url = client.authorize_url(&[("response_mode", "form_post")]);
    browser.open(&url).await;
    let page = browser.sign_in("ada@example.test", PASSWORD).await;
    assert_eq!(page.id(), "page-form-post");
    let (action, fields) = page.form_of("#continue");
    assert_eq!(action, client.redirect_uri);
    let value = |name: &str| {
        let found = fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    assert_eq!(value("state"), "a state");
    assert_eq!(value("iss"), world.issuer());
    assert_eq!(client.try_redeem(value("code"), &[]).await.status, 200);
    assert!(
        page.headers["cache-control"]
            .to_str()
            .expect("text")
            .contains("no-store")
    );
    let policy = page.headers["content-security-policy"]
        .to_str()
        .expect("text");
    assert!(
        policy.contains("form-action 'self' https://app.example.test;"),
        "{policy}"
    );
    assert!(policy.contains("script-src 'sha256-"), "{policy}");
}

#[tokio::test]
async fn an_error_comes_the_same_way() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = world.browser();
    let url = client.authorize_url(&[("response_mode", "form_post"), ("prompt", "none")]);
    let page = browser.open(&url).await;
    assert_eq!(page.id(), "page-form-post");
    assert!(page.has("input[name='error'][value='login_required']"));
    assert!(page.has("input[name='iss']"));
}

#[tokio::test]
async fn a_state_with_markup_in_it_comes_back_as_it_was() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = world.browser();
    let state = "\"><script>alert(1)</script>&amp;'";
    let url = client.authorize_url(&[
        ("response_mode", "form_post"),
        ("prompt", "none"),
        ("state", state),
    ]);
    let page = browser.open(&url).await;
    let sent = page.attribute("input[name='state']", "value");
    assert_eq!(sent.as_deref(), Some(state));
    assert!(!page.html.contains("<script>alert"));
}
