//! The language of pages and mails.

use crate::support::{PASSWORD, World};

#[tokio::test]
async fn pages_speak_the_language_of_the_request_then_of_the_browser_then_english() {
    let world = World::new().await;
    let client = world.client().await;
    let cases = [
        // ui_locales, Accept-Language, expected
        ("", None, "en"),
        ("de", None, "de"),
        ("fr de-CH", None, "de"),
        ("xx", Some("de"), "de"),
        ("", Some("de-AT,de;q=0.9,en;q=0.5"), "de"),
        ("", Some("fr, de;q=0.2"), "de"),
        ("", Some("de;q=0, en"), "en"),
        ("en", Some("de"), "en"),
        ("", Some("ja"), "en"),
    ];
    for (wanted, accepted, expected) in cases {
        let mut browser = world.browser();
        if let Some(accepted) = accepted {
            browser = browser.speaking(accepted);
        }
        let page = browser
            .open(&client.authorize_url(&[("ui_locales", wanted)]))
            .await;
        let language = page.attribute("html", "lang");
        assert_eq!(
            language.as_deref(),
            Some(expected),
            "{wanted:?} {accepted:?}"
        );
        let heading = match expected {
            "de" => "Bei Acme Notes anmelden",
            _ => "Sign in to Acme Notes",
        };
        assert_eq!(page.text("h1"), heading, "{wanted:?} {accepted:?}");
    }
}

#[tokio::test]
async fn a_german_sign_in_stays_german_in_its_problems_and_mails() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = world.browser();
    let url = client.authorize_url(&[("ui_locales", "de"), ("prompt", "create")]);
    browser.open(&url).await;
    let page = browser.introduce("", "grace@example.test").await;
    assert!(page.problems().contains("Vornamen"), "{}", page.problems());
    browser.introduce("Grace", "grace@example.test").await;
    browser.choose_password(PASSWORD).await;
    let mails = world.mails_to("grace@example.test");
    assert!(mails[0].contains("Code"), "{}", mails[0]);
    assert!(!mails[0].contains("Enter this code"), "{}", mails[0]);
    browser
        .enter_code(&world.code_for("grace@example.test"))
        .await;
    browser.arrived();
}

#[tokio::test]
async fn kindes_spelling_of_the_language_is_understood() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = world.browser();
    let page = browser.open(&client.authorize_url(&[("lang", "de")])).await;
    assert_eq!(page.attribute("html", "lang").as_deref(), Some("de"));
}

#[tokio::test]
async fn error_pages_speak_the_browsers_language() {
    let world = World::new().await;
    let mut browser = world.browser().speaking("de");
    let page = browser.open("/nothing/here").await;
    assert_eq!(page.status, 404);
    assert_eq!(page.attribute("html", "lang").as_deref(), Some("de"));
}
