//! Nothing secret stands in the log: canaries go through everything, and the log is searched for them.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{Browser, PASSWORD, TestClient, Tokens, World, code_in};

const FIRST: &str = "canary of a first password";
const SECOND: &str = "canary of a second password";
const WRONG: &str = "canary of a wrong password";

/// What this process logs, from when it is first asked for.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Captured {
    /// The log of all threads: the database's drivers have some of their own.
    fn start() -> Self {
        static LOG: OnceLock<Captured> = OnceLock::new();
        let log = LOG.get_or_init(|| {
            let log = Self::default();
            let filter = "vestibule=trace,axum=trace,tower_http=trace,sqlx=trace,lettre=trace,info";
            tracing_subscriber::fmt()
                .with_env_filter(EnvFilter::new(filter))
                .with_ansi(false)
                .without_time()
                .with_writer(log.clone())
                .init();
            log
        });
        log.clone()
    }

    fn text(&self) -> String {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&log).into_owned()
    }
}

/// Secrets, each with what it is.
#[derive(Default)]
struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    fn add(&mut self, what: &'static str, value: impl Into<String>) {
        let value = value.into();
        assert!(value.len() >= 6, "{what} is no canary: {value}");
        self.0.push((what, value));
    }

    fn add_tokens(&mut self, tokens: &Tokens) {
        let signature = |jwt: &str| jwt.rsplit('.').next().map(str::to_owned);
        self.add(
            "access token",
            signature(&tokens.access_token).expect("a JWT"),
        );
        let id_token = tokens.id_token.as_deref().and_then(signature);
        self.add("ID Token", id_token.expect("a JWT"));
        self.add(
            "refresh token",
            tokens.refresh_token.clone().expect("offline"),
        );
    }

    fn add_cookies(&mut self, browser: &Browser) {
        for name in ["vestibule_browser", "vestibule_session"] {
            self.add(name, browser.cookie(name).expect("the cookie is set"));
        }
        self.add("csrf", csrf(browser));
    }

    fn assert_unseen(&self, log: &str) {
        for (what, value) in &self.0 {
            let seen = log.match_indices(value.as_str()).any(|(at, _)| {
                let before = log[..at].chars().next_back();
                let after = log[at + value.len()..].chars().next();
                // Six digits may also stand within a reference.
                let is_inside = |sign: Option<char>| sign.is_some_and(char::is_alphanumeric);
                value.len() > 6 || !(is_inside(before) || is_inside(after))
            });
            assert!(!seen, "the log tells the {what}");
        }
    }
}

fn csrf(browser: &Browser) -> String {
    let page = browser.page();
    let token = page.attribute("input[name='csrf']", "value");
    token.unwrap_or_else(|| "no form on this page".to_owned())
}

/// Registers, with every mistake on the way.
async fn register(world: &World, client: &TestClient, canaries: &mut Canaries) -> Browser {
    let mut browser = world.browser();
    browser
        .open(&client.authorize_url(&[("prompt", "create")]))
        .await;
    canaries.add("csrf", csrf(&browser));
    browser.introduce("Grace", "grace@example.test").await;
    let mistyped = [("p_first_password", FIRST), ("p_second_password", WRONG)];
    browser.press("choose-password", &mistyped).await;
    browser.choose_password(FIRST).await;
    browser.resend_code().await;
    let code = world.code_for("grace@example.test");
    browser.enter_code("canary").await;
    browser.enter_code(&code).await;
    canaries.add("code by mail", code);
    browser
}

/// Replaces the password, after guesses.
async fn recover(world: &World, client: &TestClient, canaries: &mut Canaries) -> Browser {
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.sign_in("grace@example.test", WRONG).await;
    browser.press("sign-in", &[("p_password", WRONG)]).await;
    browser.turn_to("forgot_password").await;
    browser
        .press("send-code", &[("p_email", "grace@example.test")])
        .await;
    let code = world.code_for("grace@example.test");
    browser.enter_code(&code).await;
    canaries.add("code by mail", code);
    browser.choose_password(SECOND).await;
    browser
}

/// Redeems, refreshes and presents everything, also wrongly.
async fn spend(client: &TestClient, code: &str, canaries: &mut Canaries) -> Tokens {
    canaries.add("authorization code", code);
    let wrong = [
        ("client_secret", "canary of a wrong secret"),
        ("code_verifier", ""),
    ];
    client.try_redeem(code, &wrong).await;
    let verifier = "canary-of-a-code-verifier-that-is-long-enough-123";
    canaries.add("code verifier", verifier);
    client
        .try_redeem(code, &[("code_verifier", verifier)])
        .await;
    let tokens = Tokens::of(&client.try_redeem(code, &[]).await);
    canaries.add_tokens(&tokens);
    let refresh_token = tokens.refresh_token.clone().expect("offline");
    let refreshed = Tokens::of(&client.refresh(&refresh_token).await);
    canaries.add_tokens(&refreshed);
    client.userinfo(&refreshed.access_token).await;
    client.userinfo("canary.of.a-bearer-token").await;
    for path in ["/oauth2/introspect", "/oauth2/revoke"] {
        for token in [&refreshed.access_token, &refresh_token] {
            client.post(path, &[("token", token)]).await;
        }
    }
    client.try_redeem(code, &[]).await; // once too often
    refreshed
}

async fn change_password(browser: &mut Browser) {
    browser.open("/account/password").await;
    for (present, new) in [(WRONG, SECOND), (SECOND, FIRST)] {
        let fields = [
            ("p_password", present),
            ("p_first_password", new),
            ("p_second_password", new),
        ];
        browser.press("change-password", &fields).await;
    }
}

#[tokio::test]
async fn no_secret_is_logged_or_audited_from_sign_up_to_logout() {
    let log = Captured::start();
    let mut canaries = Canaries::default();
    for (what, value) in [
        ("password", FIRST),
        ("password", SECOND),
        ("password", WRONG),
    ] {
        canaries.add(what, value);
        canaries.add(what, value.replace(' ', "+"));
        canaries.add(what, value.replace(' ', "%20"));
    }
    canaries.add("wrong secret", "canary of a wrong secret");
    canaries.add("bearer token", "canary.of.a-bearer-token");
    let world = World::new().await;
    let client = world.client().await;
    let machine = world.machine_client("https://api.example.test").await;
    for client in [&client, &machine] {
        canaries.add(
            "client secret",
            client.secret.clone().expect("it is confidential"),
        );
    }
    let answer = machine.token(&[("grant_type", "client_credentials")]).await;
    canaries.add(
        "machine's token",
        answer.body["access_token"].as_str().expect("a JWT"),
    );

    let browser = register(&world, &client, &mut canaries).await;
    spend(&client, &code_in(browser.arrived()), &mut canaries).await;
    canaries.add_cookies(&browser);
    let mut browser = recover(&world, &client, &mut canaries).await;
    let tokens = spend(&client, &code_in(browser.arrived()), &mut canaries).await;
    canaries.add_cookies(&browser);
    change_password(&mut browser).await;
    let hint = tokens.id_token.expect("a JWT");
    browser.open(&format!("/logout?id_token_hint={hint}")).await;
    browser.post("/logout", &[("id_token_hint", &hint)]).await;

    let text = log.text();
    assert!(
        text.contains("status=303") && text.contains("/oauth2/token"),
        "it is captured"
    );
    canaries.assert_unseen(&text);
    let events = audit_log(&world).await;
    assert!(
        events.contains("user.password_changed") && events.contains("user.sign_in_failed"),
        "it is recorded: {events}"
    );
    canaries.assert_unseen(&events);
}

/// Everything that the audit log tells.
async fn audit_log(world: &World) -> String {
    let api = world.api().await;
    let (mut text, mut token) = (String::new(), String::new());
    loop {
        let route = format!("/audit_events?page_size=500&next_token={token}");
        let page = api.get(&route).await;
        text.push_str(&page["audit_events"].to_string());
        match page["next_token"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => return text,
        }
    }
}

#[tokio::test]
async fn the_query_is_never_logged_and_the_reference_always() {
    let log = Captured::start();
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser
        .open("/oauth2/auth?client_id=canary-in-a-query&state=canary-in-a-state")
        .await;
    let reference = page.text("#error-reference");
    assert_eq!(page.headers["x-request-id"], reference.as_str());
    let text = log.text();
    assert!(text.contains(&reference));
    assert!(!text.contains("canary-in-a-query") && !text.contains("canary-in-a-state"));
}

#[test]
fn what_holds_a_secret_does_not_print_it() {
    let secret = vestibule::secret::Secret::from(PASSWORD);
    assert!(!format!("{secret:?}").contains(PASSWORD));
    let encoded = "p_password=seven+brass+lanterns+swing";
    let params = vestibule::protocol::Params::parse(encoded).expect("it is a form");
    assert!(!format!("{params:?}").contains("brass"));
}
