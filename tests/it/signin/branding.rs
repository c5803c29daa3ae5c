//! The pages of an organization, as it wants them.

use serde_json::json;

use vestibule::id::OrganizationId;

use crate::support::{Api, PASSWORD, Page, World};

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

/// An organization whose pages are always dark, and red.
async fn night(api: &Api) -> String {
    let new = json!({ "name": "Night", "button_color": "#b91c1c", "theme_code": "dark" });
    let created = api.post("/organization", new).await;
    let code = created["organization"]["code"].as_str();
    code.expect("it has a code").to_owned()
}

/// Whether a page says that something went wrong, in the look of that organization.
fn is_error_of_night(page: &Page) -> bool {
    page.id() == "page-error"
        && page.text("#organization") == "Night"
        && page.has("link[href^='/static/look/']")
        && page.html.contains(r#"name="color-scheme" content="dark""#)
}

#[tokio::test]
async fn an_error_is_told_in_the_look_of_the_organization_that_is_meant() {
    let world = World::new().await;
    let api = world.api().await;
    let night = night(&api).await;
    let client = world.client().await;
    let in_night = [("org_code", night.as_str())];
    let mut browser = world.browser();

    // A request that can't be answered to the client names it.
    let nowhere = ("redirect_uri", "https://evil.example.test/");
    let page = browser
        .open(&client.authorize_url(&[in_night[0], nowhere]))
        .await;
    assert!(is_error_of_night(page), "{}", page.html);
    let unknown = ("org_code", "org_00000000000");
    for parameters in [&[nowhere][..], &[unknown], &[unknown, nowhere]] {
        let page = browser.open(&client.authorize_url(parameters)).await;
        assert_eq!(page.id(), "page-error");
        assert!(!page.has("#organization") && !page.html.contains("/static/look/"));
    }

    // So does one whose time is over, or which another browser opens.
    let page = browser.open(&client.authorize_url(&in_night)).await;
    let address = page.url.to_string();
    let page = world.browser().open(&address).await.clone();
    assert!(is_error_of_night(&page), "{}", page.html);
    let forged = page.url.path().to_owned() + "/identifier";
    let page = browser.post(&forged, &[("csrf", "forged")]).await;
    assert_eq!(page.id(), "page-error");
    let page = browser.open(&client.authorize_url(&in_night)).await;
    let address = page.url.to_string();
    let user = world.user("ada@example.test", PASSWORD).await;
    world.suspend(&user).await;
    let page = browser.sign_in("ada@example.test", PASSWORD).await;
    assert_eq!(page.status, 403);
    assert!(is_error_of_night(page), "{}", page.html);
    world.pass(24 * 60 * 60);
    let page = browser.open(&address).await;
    assert!(is_error_of_night(page), "{}", page.html);
}

#[tokio::test]
async fn what_somebody_has_chosen_is_told_to_nobody_else() {
    let world = World::new().await;
    let api = world.api().await;
    let night = night(&api).await;
    let user = world.user("ada@example.test", PASSWORD).await;
    world
        .join(&user, &OrganizationId::parse(&night).expect("it is a code"))
        .await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    let page = browser.sign_in("ada@example.test", PASSWORD).await;
    assert_eq!(page.id(), "page-select-organization");
    let address = page.url.to_string();
    let choice = format!("button[value='{night}']");
    browser.submit(&choice, &[]).await;
    assert!(browser.try_arrived().is_some());

    // The sign-in is answered: its address leads nowhere any more.
    let theirs = browser.open(&address).await;
    assert!(is_error_of_night(theirs), "{}", theirs.html);
    let mut other = world.browser();
    let page = other.open(&address).await;
    assert_eq!(page.id(), "page-error");
    assert!(!page.has("#organization") && !page.html.contains("/static/look/"));
}
