//! The playground against a small OpenID Provider on loopback, driven like a browser.

mod fake;

use axum::http::StatusCode;
use serde_json::json;

use self::fake::{Behaviour, Fake, FakeProvider, NOW, Spoil};
use super::*;
use crate::clock::Timestamp;

/// A playground and its provider, both on loopback, and a browser.
struct Stage {
    base: String,
    browser: reqwest::Client,
    fake: Fake,
}

impl Stage {
    async fn new(behaviour: Behaviour) -> Self {
        let fake = FakeProvider::start(behaviour).await;
        let secret = fake.behaviour.secret.map(ToOwned::to_owned);
        let base = start(fake.issuer.clone(), secret).await;
        let browser = browser();
        Self {
            base,
            browser,
            fake,
        }
    }

    async fn visit(&self, path: &str) -> (StatusCode, String) {
        let response = self
            .browser
            .get(format!("{}{path}", self.base))
            .send()
            .await;
        read(response.unwrap()).await
    }

    async fn press(&self, path: &str, body: &'static str) -> (StatusCode, String) {
        let request = self.browser.post(format!("{}{path}", self.base)).body(body);
        let form = "application/x-www-form-urlencoded";
        read(request.header("content-type", form).send().await.unwrap()).await
    }
}

fn browser() -> reqwest::Client {
    // Installs the cryptography that the test's client needs as well.
    HttpClient::new().unwrap();
    let builder = reqwest::Client::builder().cookie_store(true);
    builder.build().unwrap()
}

async fn read(response: reqwest::Response) -> (StatusCode, String) {
    (response.status(), response.text().await.unwrap())
}

async fn start(issuer: String, client_secret: Option<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let options = Options {
        issuer,
        client_id: "client-1".to_owned(),
        client_secret,
        listen: listener.local_addr().unwrap(),
        url: None,
        scopes: "openid profile email".to_owned(),
    };
    let clock = Clock::manual(Timestamp::from_unix(NOW));
    tokio::spawn(serve(options, listener, clock, std::future::pending()));
    base
}

#[tokio::test]
async fn somebody_signs_in_refreshes_and_signs_out() {
    let stage = Stage::new(Behaviour::default()).await;
    let (status, page) = stage.visit("/").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Sign in to a client application"));

    let (_, page) = stage
        .visit("/sign-in?offline=true&prompt=login&max_age=60&login_hint=a%40b.test&audience=")
        .await;
    assert!(page.contains("Signed in as Ada &#60;Byron&#62;"), "{page}");
    assert_eq!(page.matches(">verified<").count(), 2, "{page}");
    assert!(page.contains("expires in 60 minutes"));
    assert!(page.contains("10 seconds before the answer, 60 seconds allowed"));
    {
        let request = stage.fake.request.lock().unwrap();
        assert_eq!(request["scope"], "openid profile email offline");
        assert_eq!(request["prompt"], "login");
        assert_eq!(request["max_age"], "60");
        assert_eq!(request["login_hint"], "a@b.test");
        assert_eq!(request["code_challenge_method"], "S256");
        assert!(request.get("audience").is_none());
    }

    let (_, page) = stage.press("/refresh", "").await;
    assert!(page.contains("refreshed once"), "{page}");
    let (_, page) = stage.press("/userinfo", "").await;
    assert!(page.contains("&#34;given_name&#34;"), "{page}");
    let (_, page) = stage.press("/introspect", "token=access_token").await;
    assert!(page.contains("Introspection of the access token"));
    let (_, page) = stage.press("/revoke", "token=refresh_token").await;
    assert!(page.contains("The response has no body"));

    let (_, page) = stage.press("/sign-out", "").await;
    assert!(page.contains("The provider ended its session"), "{page}");
    let (status, _) = stage.visit("/tokens").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_token_that_does_not_verify_is_shown_as_such() {
    let cases: [(Spoil, &str); 6] = [
        (
            |claims| claims["nonce"] = json!("other"),
            "not the one that was sent",
        ),
        (
            |claims| claims["iss"] = json!("https://evil.test"),
            "https://evil.test, expected",
        ),
        (
            |claims| claims["aud"] = json!(["another"]),
            "is not this client alone",
        ),
        (
            |claims| claims["exp"] = json!(NOW - 1),
            "expired 1 second ago",
        ),
        (|claims| claims["iat"] = json!(NOW + 3_600), "in the future"),
        (
            |claims| claims["at_hash"] = json!("AAAA"),
            "belongs to another access token",
        ),
    ];
    for (spoil, finding) in cases {
        let spoil_claims = Some(spoil);
        let stage = Stage::new(Behaviour {
            spoil_claims,
            ..Behaviour::default()
        })
        .await;
        let (_, page) = stage.visit("/sign-in").await;
        assert!(page.contains(finding), "{finding}: {page}");
        assert!(page.contains("The ID token is not valid"));
    }
    let behaviour = Behaviour {
        spoil_access_token: true,
        ..Behaviour::default()
    };
    let (_, page) = Stage::new(behaviour).await.visit("/sign-in").await;
    assert!(
        !page.contains("Signed in as"),
        "the hash covers the access token: {page}"
    );
}

#[tokio::test]
async fn what_goes_wrong_becomes_a_page_that_says_what_to_do() {
    let plain = Behaviour::default;
    let cases = [
        (
            Behaviour {
                answer_error: Some("login_required"),
                ..plain()
            },
            "prompt=none",
        ),
        (
            Behaviour {
                foreign_iss: true,
                ..plain()
            },
            "another issuer",
        ),
        (
            Behaviour {
                issuer_name: Some("http://other.test"),
                ..plain()
            },
            "The issuer has another name",
        ),
    ];
    for (behaviour, words) in cases {
        let (status, page) = Stage::new(behaviour).await.visit("/sign-in").await;
        assert!(!status.is_success());
        assert!(page.contains(words), "{words}: {page}");
    }

    let stage = Stage::new(plain()).await;
    let (status, page) = stage.visit("/callback?code=code-1&state=stolen").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(page.contains("This answer belongs to no sign-in"));
    let (status, _) = stage.visit("/sign-in?max_age=soon").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_wrong_secret_and_a_foreign_subject_are_told() {
    let secret = Some("right");
    let stage = Stage::new(Behaviour {
        secret,
        ..Behaviour::default()
    })
    .await;
    let (_, page) = stage.visit("/sign-in").await;
    assert!(page.contains("Introspect access token"), "{page}");

    let base = start(stage.fake.issuer.clone(), Some("wrong".to_owned())).await;
    let (status, page) = Stage { base, ..stage }.visit("/sign-in").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(
        page.contains("Check --client-id and --client-secret"),
        "{page}"
    );

    let userinfo_subject = Some("kp_2");
    let stage = Stage::new(Behaviour {
        userinfo_subject,
        ..Behaviour::default()
    })
    .await;
    stage.visit("/sign-in").await;
    let (_, page) = stage.press("/userinfo", "").await;
    assert!(page.contains("Not to be trusted"), "{page}");
}

#[tokio::test]
async fn an_issuer_that_is_not_up_yet_is_asked_again() {
    // Bound and dropped: a port where nothing listens for the moment.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let base = start(issuer, None).await;
    let response = browser()
        .get(format!("{base}/sign-in"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    let page = response.text().await.unwrap();
    assert!(page.contains("The issuer does not answer"), "{page}");
    let (status, page) = read(browser().get(base).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Start the provider, then try again"));
}

#[tokio::test]
async fn requests_from_elsewhere_are_turned_away() {
    let stage = Stage::new(Behaviour::default()).await;
    let post = stage.browser.post(format!("{}/refresh", stage.base));
    let response = post
        .header("origin", "https://evil.test")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);

    let stay = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder().redirect(stay).build().unwrap();
    let get = client.get(format!("{}/tokens?a=1", stage.base));
    let response = get.header("host", "localhost:1").send().await.unwrap();
    let proper = format!("{}/tokens?a=1", stage.base);
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()["location"], proper.as_str());
}
