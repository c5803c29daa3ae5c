//! Forms of ours that somebody else sends, and sessions that somebody else has prepared.

use reqwest::StatusCode;
use url::Url;

use crate::support::{Browser, PASSWORD, World};

const ADDRESS: &str = "ada@example.test";

/// The forms of an interaction, with what would do something if they were taken.
const FORMS: &[(&str, &[(&str, &str)])] = &[
    ("account", &[("choice", "continue")]),
    ("cancel", &[]),
    ("code", &[("p_confirmation_code", "123456")]),
    ("consent", &[("decision", "allow")]),
    ("forgot", &[("p_email", ADDRESS)]),
    ("identifier", &[("p_email", "mallory@example.test")]),
    (
        "new-password",
        &[
            ("p_first_password", PASSWORD),
            ("p_second_password", PASSWORD),
        ],
    ),
    ("password", &[("p_password", PASSWORD)]),
    (
        "register",
        &[("p_first_name", "M"), ("p_email", "mallory@example.test")],
    ),
    ("resend", &[]),
    ("screen", &[("screen", "register")]),
];

fn csrf(browser: &Browser) -> String {
    let token = browser.page().attribute("input[name='csrf']", "value");
    token.expect("the page has a form")
}

#[tokio::test]
async fn a_form_without_the_token_of_this_browser_does_nothing() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let mut stranger = world.browser();
    stranger.open(&client.authorize_url(&[])).await;
    let foreign = csrf(&stranger);
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.press("sign-in", &[("p_email", ADDRESS)]).await;
    let interaction = browser.page().url.path().to_owned();
    let own = csrf(&browser);
    let flipped: String = own.chars().rev().collect();

    for (form, fields) in FORMS {
        let path = format!("{interaction}/{form}");
        for token in [
            None,
            Some(""),
            Some("x"),
            Some(foreign.as_str()),
            Some(&flipped),
        ] {
            let mut fields = fields.to_vec();
            fields.extend(token.map(|token| ("csrf", token)));
            let page = browser.post(&path, &fields).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{form} with {token:?}");
            assert_eq!(page.id(), "page-error");
        }
    }
    assert!(world.mails_to(ADDRESS).is_empty());
    assert!(browser.cookie("vestibule_session").is_none());
    let page = browser.open(&interaction).await;
    assert!(
        page.has("#password"),
        "the interaction stands where it stood"
    );
    assert!(page.text(".who").contains(ADDRESS));
}

#[tokio::test]
async fn a_password_is_changed_by_no_foreign_form() {
    let world = World::new().await;
    let user = world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, _) = world.signed_in(&client, ADDRESS).await;
    let mut stranger = world.browser();
    stranger.open(&client.authorize_url(&[])).await;
    let foreign = csrf(&stranger);
    let new = "four copper kettles hum";
    for token in ["", "x", &foreign] {
        let fields = [
            ("csrf", token),
            ("p_password", PASSWORD),
            ("p_first_password", new),
            ("p_second_password", new),
        ];
        let page = browser.post("/account/password", &fields).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
    }
    let audited = world.audited(user.as_str()).await;
    assert!(!audited.contains(&"user.password_changed".to_owned()));
}

#[tokio::test]
async fn nobody_is_signed_out_by_a_foreign_form() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, tokens) = world.signed_in(&client, ADDRESS).await;
    for token in ["", "x"] {
        let fields = [("csrf", token), ("decision", "sign_out")];
        let page = browser.post("/logout", &fields).await;
        assert_eq!(page.id(), "page-logout", "the user is asked");
    }
    assert_eq!(
        client.userinfo(&tokens.access_token).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_session_that_somebody_prepared_is_never_taken_up() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    world.user("mallory@example.test", PASSWORD).await;
    let client = world.client().await;
    let (attacker, _) = world.signed_in(&client, "mallory@example.test").await;
    let theirs = attacker.cookie("vestibule_session").expect("signed in");
    let home = Url::parse(world.issuer()).expect("an address");
    let unknown = "A".repeat(43);
    for planted in [theirs.as_str(), &unknown, "x"] {
        let mut browser = world.browser();
        let cookie = format!("vestibule_session={planted}; Path=/");
        browser.jar.add_cookie_str(&cookie, &home);
        browser
            .open(&client.authorize_url(&[("prompt", "login")]))
            .await;
        browser.sign_in(ADDRESS, PASSWORD).await;
        browser.arrived();
        let value = browser.cookie("vestibule_session").expect("signed in");
        assert_ne!(value, planted);
        let mut prepared = world.browser();
        prepared.jar.add_cookie_str(&cookie, &home);
        let page = prepared.open("/").await;
        assert!(!page.text("main").contains(ADDRESS));
    }
}

#[tokio::test]
async fn the_former_value_of_a_session_cookie_is_worth_nothing() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let (mut browser, _) = world.signed_in(&client, ADDRESS).await;
    let former = browser.cookie("vestibule_session").expect("signed in");
    browser
        .open(&client.authorize_url(&[("prompt", "login")]))
        .await;
    browser.sign_in(ADDRESS, PASSWORD).await;
    let mut thief = world.browser();
    let home = Url::parse(world.issuer()).expect("an address");
    let cookie = format!("vestibule_session={former}; Path=/");
    thief.jar.add_cookie_str(&cookie, &home);
    let page = thief.open(&client.authorize_url(&[])).await;
    assert_eq!(page.id(), "page-sign-in");
}

#[tokio::test]
async fn the_signed_in_session_is_no_key_to_another_browsers_interaction() {
    let world = World::new().await;
    world.user(ADDRESS, PASSWORD).await;
    let client = world.client().await;
    let mut attacker = world.browser();
    attacker.open(&client.authorize_url(&[])).await;
    let interaction = attacker.page().url.path().to_owned();
    let (mut victim, _) = world.signed_in(&client, ADDRESS).await;
    victim
        .open(&client.authorize_url(&[("prompt", "login")]))
        .await;
    let token = csrf(&victim);
    let page = victim.open(&interaction).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    let fields = [("csrf", token.as_str()), ("p_email", ADDRESS)];
    let page = victim
        .post(&format!("{interaction}/identifier"), &fields)
        .await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    let page = attacker.open(&interaction).await;
    assert!(
        page.has("#username"),
        "nothing of the victim's came into it"
    );
}
