//! Self sign-up: names and address, then a password, then the code that was mailed.

use reqwest::StatusCode;

use crate::support::{Browser, Engine, PASSWORD, TestClient, World, on_each_engine, parameters_of};

const ADDRESS: &str = "grace@example.test";

on_each_engine! {
    a_visitor_registers_and_the_client_receives_tokens
    an_address_that_is_taken_meets_the_same_pages_and_another_mail
    a_code_is_spent_after_five_wrong_ones
}

/// A browser that waits for the code for this address.
async fn at_the_code(world: &World, client: &TestClient, address: &str) -> Browser {
    let mut browser = world.browser();
    let page = browser
        .open(&client.authorize_url(&[("prompt", "create")]))
        .await;
    assert_eq!(page.id(), "page-register");
    let page = browser.introduce("Grace", address).await;
    assert_eq!(page.id(), "page-choose-password");
    let page = browser.choose_password(PASSWORD).await;
    assert_eq!(page.id(), "page-code");
    browser
}

/// A code that is not this one.
fn another(code: &str) -> String {
    let number: u32 = code.parse().expect("a code has six digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

async fn a_visitor_registers_and_the_client_receives_tokens(engine: Engine) {
    let world = World::on(engine).await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    assert_eq!(browser.turn_to("register").await.id(), "page-register");
    let fields = [
        ("p_first_name", "Grace"),
        ("p_last_name", "Hopper"),
        ("p_email", "Grace@Example.test"),
    ];
    browser.press("register", &fields).await;
    let page = browser.choose_password(PASSWORD).await;
    assert!(page.text("main").contains("Grace@Example.test"));
    let code = world.code_for("Grace@Example.test");
    let spaced = format!(" {} {}", &code[..3], &code[3..]);
    browser.enter_code(&spaced).await;

    let claims = client.redeem(browser.arrived()).await.id_claims();
    assert_eq!(claims["name"], "Grace Hopper");
    assert_eq!(claims["email"], "Grace@Example.test");
    assert_eq!(claims["email_verified"], true);
    let subject = claims["sub"].as_str().expect("there is a subject");
    let mut audited = world.audited(subject).await;
    audited.sort(); // Both happen within one second.
    assert_eq!(
        audited,
        ["membership.created", "user.created", "user.signed_in"]
    );

    let (_, tokens) = world.signed_in(&client, "grace@example.test").await;
    assert_eq!(tokens.id_claims()["sub"], subject);
}

async fn an_address_that_is_taken_meets_the_same_pages_and_another_mail(engine: Engine) {
    let world = World::on(engine).await;
    let client = world.client().await;
    let owner = world.user(ADDRESS, PASSWORD).await;
    let mut browser = at_the_code(&world, &client, "GRACE@example.test").await;

    let mails = world.mails_to("GRACE@example.test");
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].contains("tried to create an account"),
        "{}",
        mails[0]
    );
    let digits = mails[0]
        .split_whitespace()
        .filter(|word| word.parse::<u32>().is_ok());
    assert_eq!(digits.count(), 0, "no code is told");
    let page = browser.enter_code("123456").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.problems().contains("isn’t the code"));
    let audited = world.audited(owner.as_str()).await;
    assert_eq!(
        audited,
        ["membership.created", "user.created"],
        "nothing happens to the account"
    );
}

async fn a_code_is_spent_after_five_wrong_ones(engine: Engine) {
    let world = World::on(engine).await;
    let client = world.client().await;
    let mut browser = at_the_code(&world, &client, ADDRESS).await;
    let code = world.code_for(ADDRESS);
    for attempt in 1..=5 {
        let page = browser.enter_code(&another(&code)).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        let is_spent = page.problems().contains("no longer valid");
        assert_eq!(is_spent, attempt == 5, "attempt {attempt}");
    }
    let page = browser.enter_code(&code).await;
    assert!(page.problems().contains("no longer valid"));

    let page = browser.resend_code().await;
    assert!(page.text("[role=status]").contains("new code"));
    let new = world.code_for(ADDRESS);
    browser.enter_code(&new).await;
    browser.arrived();
}

#[tokio::test]
async fn a_code_is_taken_for_fifteen_minutes() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = at_the_code(&world, &client, ADDRESS).await;
    let code = world.code_for(ADDRESS);
    world.pass(900);
    let page = browser.enter_code(&code).await;
    assert!(page.problems().contains("no longer valid"));

    browser.resend_code().await;
    let code = world.code_for(ADDRESS);
    world.pass(899);
    browser.enter_code(&code).await;
    browser.arrived();
}

#[tokio::test]
async fn a_resent_code_replaces_the_one_before() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = at_the_code(&world, &client, ADDRESS).await;
    let first = world.code_for(ADDRESS);
    world.pass(1);
    browser.resend_code().await;
    let second = world.code_for(ADDRESS);
    if first != second {
        let page = browser.enter_code(&first).await;
        assert!(page.problems().contains("isn’t the code"));
    }
    browser.enter_code(&second).await;
    browser.arrived();
}

#[tokio::test]
async fn a_code_belongs_to_the_interaction_it_was_sent_for() {
    let world = World::new().await;
    let client = world.client().await;
    at_the_code(&world, &client, ADDRESS).await;
    let code = world.code_for(ADDRESS);
    world.pass(1);
    let mut other = at_the_code(&world, &client, "mallory@example.test").await;
    if code != world.code_for("mallory@example.test") {
        let page = other.enter_code(&code).await;
        assert!(page.problems().contains("isn’t the code"));
    }
}

#[tokio::test]
async fn mails_to_one_recipient_are_limited() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = at_the_code(&world, &client, ADDRESS).await;
    for _ in 0..4 {
        world.pass(1);
        assert_eq!(browser.resend_code().await.status, StatusCode::OK);
    }
    let page = browser.resend_code().await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(world.mails_to(ADDRESS).len(), 5);
    world.pass(900);
    assert_eq!(browser.resend_code().await.status, StatusCode::OK);
}

#[tokio::test]
async fn weak_and_mistyped_passwords_are_pointed_out() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser
        .open(&client.authorize_url(&[("prompt", "create")]))
        .await;
    browser.introduce("Grace", ADDRESS).await;
    let long = "x".repeat(1025);
    let cases = [
        ("", "", "Please choose a password"),
        ("short", "short", "at least 8 characters"),
        ("password123", "password123", "easy to guess"),
        (ADDRESS, ADDRESS, "easy to guess"),
        (PASSWORD, "seven brass lanterns", "differ"),
        (&long, &long, "at most 1024 characters"),
    ];
    for (first, second, expected) in cases {
        let fields = [("p_first_password", first), ("p_second_password", second)];
        let page = browser.press("choose-password", &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{first}");
        assert_eq!(page.id(), "page-choose-password");
        assert!(
            page.problems().contains(expected),
            "{first}: {}",
            page.problems()
        );
    }
    assert!(world.mails_to(ADDRESS).is_empty());
    browser.choose_password(PASSWORD).await;
    assert_eq!(world.mails_to(ADDRESS).len(), 1);
}

#[tokio::test]
async fn what_was_typed_is_kept_when_something_is_missing() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = world.browser();
    browser
        .open(&client.authorize_url(&[("prompt", "create")]))
        .await;
    let fields = [("p_first_name", "Grace"), ("p_email", "no address")];
    let page = browser.press("register", &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.problems()
            .contains("doesn’t look like an email address")
    );
    assert!(page.has("input[name='p_first_name'][value='Grace']"));
    assert!(page.has("input[name='p_email'][value='no address']"));
    let fields = [("p_first_name", " "), ("p_email", "")];
    let page = browser.press("register", &fields).await;
    assert!(page.problems().contains("first name"));
    assert!(page.problems().contains("enter your email address"));
}

#[tokio::test]
async fn another_address_can_be_entered_before_the_code() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = at_the_code(&world, &client, "typo@example.test").await;
    let page = browser.turn_to("register").await;
    assert_eq!(page.id(), "page-register");
    browser.introduce("Grace", ADDRESS).await;
    browser.choose_password(PASSWORD).await;
    browser.enter_code(&world.code_for(ADDRESS)).await;
    let claims = client.redeem(browser.arrived()).await.id_claims();
    assert_eq!(claims["email"], ADDRESS);
}

#[tokio::test]
async fn a_code_for_a_replaced_address_creates_nothing() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = at_the_code(&world, &client, "mallory@example.test").await;
    let code = world.code_for("mallory@example.test");
    let mut tab = browser.tab();
    browser.turn_to("register").await;
    browser.introduce("Grace", ADDRESS).await;
    let page = tab.enter_code(&code).await;
    assert!(!page.is_elsewhere, "the address was not proven");
    assert!(browser.cookie("vestibule_session").is_none());
}

#[tokio::test]
async fn with_sign_up_switched_off_there_is_no_way_to_register() {
    let world = World::new().await;
    world.allow_sign_up(false).await;
    let client = world.client().await;
    let mut browser = world.browser();
    let page = browser.open(&client.authorize_url(&[])).await;
    assert!(!page.has("button[value='register']"));
    let page = browser
        .open(&client.authorize_url(&[("prompt", "create")]))
        .await;
    assert_eq!(page.id(), "page-registration-closed");
    let path = page.url.path().to_owned();
    let (_, fields) = page.form_of("#cancel");
    let csrf = fields[0].1.clone();
    let fields = [
        ("csrf", csrf.as_str()),
        ("p_first_name", "G"),
        ("p_email", ADDRESS),
    ];
    let page = browser.post(&format!("{path}/register"), &fields).await;
    assert_eq!(page.id(), "page-registration-closed");
    browser.press("cancel", &[]).await;
    assert_eq!(parameters_of(browser.arrived())["error"], "access_denied");
}

#[tokio::test]
async fn sign_up_switched_off_in_the_middle_lets_nobody_finish() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = at_the_code(&world, &client, ADDRESS).await;
    let code = world.code_for(ADDRESS);
    world.allow_sign_up(false).await;
    let page = browser.enter_code(&code).await;
    assert_eq!(page.id(), "page-registration-closed");
    assert!(browser.cookie("vestibule_session").is_none());
}

#[tokio::test]
async fn where_there_are_terms_they_are_agreed_to() {
    let world = World::with(&[("BRANDING__TERMS_URL", "https://example.test/terms")]).await;
    let client = world.client().await;
    let mut browser = world.browser();
    let page = browser
        .open(&client.authorize_url(&[("prompt", "create")]))
        .await;
    assert!(page.has("input[type='checkbox'][name='p_has_clickwrap_accepted']"));
    assert!(page.has("a[href='https://example.test/terms']"));
    let page = browser.introduce("Grace", ADDRESS).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.problems().contains("agree to the terms"));
    let fields = [
        ("p_first_name", "Grace"),
        ("p_email", ADDRESS),
        ("p_has_clickwrap_accepted", "true"),
    ];
    let page = browser.press("register", &fields).await;
    assert_eq!(page.id(), "page-choose-password");
}

#[tokio::test]
async fn start_page_registration_is_the_older_way_to_ask_for_it() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = world.browser();
    let url = client.authorize_url(&[("start_page", "registration")]);
    assert_eq!(browser.open(&url).await.id(), "page-register");
}
