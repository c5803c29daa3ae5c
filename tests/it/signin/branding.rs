//! The pages of an organization, as it wants them.

use serde_json::json;

use crate::support::{PASSWORD, World};

#[tokio::test]
async fn the_pages_of_an_organization_are_in_its_colours_and_bear_its_name() {
    let world = World::new().await;
    let api = world.api().await;
    world.user("ada@example.test", PASSWORD).await;
    let new = json!({
        "name": "Acme", "button_color": "#0f766e", "button_text_color": "#10766e", "theme_code": "dark",
        "card_border_radius": 3,
    });
    let created = api.post("/organization", new).await;
    let acme = created["organization"]["code"].as_str().unwrap();
    let client = world.client().await;
    let mut browser = world.browser();
    let page = browser
        .open(&client.authorize_url(&[("org_code", acme)]))
        .await;
    assert_eq!(page.text("#organization"), "Acme");
    assert!(
        page.html
            .contains(r#"<meta name="color-scheme" content="dark">"#)
    );
    assert!(!page.html.contains("prefers-color-scheme") && !page.html.contains("style="));
    let look = page
        .attribute("link[href^='/static/look/']", "href")
        .unwrap();
    assert!(!look.contains(acme));
    let answer = World::http().get(world.url(&look)).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/css; charset=utf-8");
    assert!(
        answer.headers()["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
    let css = answer.text().await.unwrap();
    // What could not be read on the button is not written on it.
    for part in [
        "--accent:#0f766e;",
        "--on-accent:#ffffff;",
        "--card-radius:3px;",
        "color-scheme:dark;",
    ] {
        assert!(css.contains(part), "{part} in {css}");
    }
    let forged = look.replace("0f766e", "0f766f");
    let answer = World::http().get(world.url(&forged)).send().await.unwrap();
    assert_eq!(answer.status(), 404);

    // Without one, and with one that has chosen nothing, pages look as they always did.
    let plain = world.organization("Plain").await;
    for parameters in [&[][..], &[("org_code", plain.as_str())]] {
        let page = browser.open(&client.authorize_url(parameters)).await;
        assert!(!page.html.contains("/static/look/"));
        assert!(page.html.contains(r#"content="light dark""#));
    }
}

#[tokio::test]
async fn mails_of_an_organization_are_signed_with_its_name() {
    let world = World::new().await;
    let api = world.api().await;
    let new =
        json!({ "name": "Acme", "sender_name": "Acme Support", "sender_email": "help@acme.test" });
    let created = api.post("/organization", new).await;
    let acme = created["organization"]["code"].as_str().unwrap();
    let client = world.client().await;
    let mut browser = world.browser();
    browser
        .open(&client.authorize_url(&[("org_code", acme)]))
        .await;
    browser.turn_to("register").await;
    browser.introduce("Grace", "grace@example.test").await;
    browser.choose_password(PASSWORD).await;
    let mails = std::fs::read_dir(world.mail_directory()).unwrap();
    let mail = mails.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let mail: String = mail.collect();
    let configured = &world.app.config.mail.from.email;
    let from = format!("From: \"Acme Support\" <{configured}>");
    assert!(mail.contains(&from), "{mail}");
    assert!(mail.contains("Reply-To: help@acme.test"), "{mail}");
    assert!(world.mails_to("grace@example.test")[0].contains("Acme Support"));
}
