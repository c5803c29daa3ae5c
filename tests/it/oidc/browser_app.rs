//! Refresh tokens of browser applications in cookies.
//!
//! The application lives on the host of the server, as both do on a developer's machine.

use std::collections::BTreeMap;

use vestibule::protocol::client::ApplicationKind;

use super::{Scene, VERIFIER, WITH_PKCE, header, post};
use crate::support::{Answer, TestClient, Tokens, code_in};

const OWN: &str = "http://localhost:3000";
const CALLBACK: &str = "http://localhost:3000/callback";
const AFTER: &str = "http://localhost:3000/signed-out";

/// A page of an application, and the cookies of its browser: name to value.
struct Page {
    scene: Scene,
    app: TestClient,
    cookies: BTreeMap<String, String>,
}

impl Page {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let world = &scene.world;
        let kind = ApplicationKind::Spa;
        let app = world.register(kind, &[CALLBACK], &[AFTER], |_| {}).await;
        Self {
            scene,
            app,
            cookies: BTreeMap::new(),
        }
    }

    /// The same browser at a page of another application.
    async fn another(&self, origin: &str) -> TestClient {
        let (kind, callback) = (ApplicationKind::Spa, format!("{origin}/callback"));
        self.scene
            .world
            .register(kind, &[&callback], &[], |_| {})
            .await
    }

    fn cookie(&self) -> String {
        format!("refresh_token_{}", &self.app.id.as_str()[..6])
    }

    /// What `document.cookie` shows of the mark.
    fn is_marked(&self) -> bool {
        self.cookies.contains_key("_kbrte")
    }

    /// Fetches with credentials, from a page of that origin; the browser takes what comes.
    async fn fetch(&mut self, path: &str, origin: &str, body: &str) -> Answer {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let headers = [("origin", origin), ("cookie", &cookies.join("; "))];
        let given = if origin.is_empty() {
            &headers[1..]
        } else {
            &headers[..]
        };
        let answer = post(&self.scene.world, path, given, body).await;
        self.take(&answer.headers);
        answer
    }

    fn take(&mut self, headers: &reqwest::header::HeaderMap) {
        for line in headers.get_all("set-cookie") {
            let (name, rest) = line.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if rest.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Signs Ada in to the application.
    async fn sign_in(&mut self) -> Tokens {
        let app = self.app.clone();
        self.sign_in_to(&app, OWN).await
    }

    async fn sign_in_to(&mut self, app: &TestClient, origin: &str) -> Tokens {
        let code = self.scene.code_for(app, &WITH_PKCE).await;
        let body = format!(
            "grant_type=authorization_code&client_id={}&code={code}&redirect_uri={}&code_verifier={VERIFIER}",
            app.id, app.redirect_uri
        );
        Tokens::of(&self.fetch("/oauth2/token", origin, &body).await)
    }

    /// Refreshes with the cookie alone.
    async fn reload(&mut self, origin: &str) -> Answer {
        let body = format!("grant_type=refresh_token&client_id={}", self.app.id);
        self.fetch("/oauth2/token", origin, &body).await
    }

    async fn refresh(&mut self, refresh_token: &str) -> Answer {
        let body = format!(
            "grant_type=refresh_token&client_id={}&refresh_token={refresh_token}",
            self.app.id
        );
        self.fetch("/oauth2/token", OWN, &body).await
    }
}

fn refused(answer: &Answer, error: &str) {
    let found = (answer.status.as_u16(), answer.error());
    assert_eq!(found, (400, error), "{:?}", answer.body);
}

#[tokio::test]
async fn a_page_that_is_loaded_anew_refreshes_with_its_cookie() {
    let mut page = Page::new().await;
    let tokens = page.sign_in().await;
    assert_eq!(page.cookies[&page.cookie()], tokens.refresh_token.unwrap());
    assert!(page.is_marked());

    let mut last = String::new();
    for _ in 0..3 {
        let answer = page.reload(OWN).await;
        let tokens = Tokens::of(&answer);
        assert!(tokens.id_token.is_some());
        assert!(tokens.refresh_token.is_none(), "no script may read it");
        assert_eq!(header(&answer.headers, "access-control-allow-origin"), OWN);
        assert_eq!(
            header(&answer.headers, "access-control-allow-credentials"),
            "true"
        );
        assert_ne!(page.cookies[&page.cookie()], last, "it is rotated");
        last.clone_from(&page.cookies[&page.cookie()]);
        page.scene.world.pass(60);
    }
}

#[tokio::test]
async fn the_cookie_is_for_our_token_endpoint_and_for_no_script() {
    let mut page = Page::new().await;
    let code = page.scene.code_for(&page.app.clone(), &WITH_PKCE).await;
    let body = format!(
        "grant_type=authorization_code&client_id={}&code={code}&redirect_uri={CALLBACK}&code_verifier={VERIFIER}",
        page.app.id
    );
    let answer = page.fetch("/oauth2/token", OWN, &body).await;
    let lines = answer.headers.get_all("set-cookie").iter();
    let lines: Vec<_> = lines.map(|line| line.to_str().unwrap()).collect();
    let token = answer.body["refresh_token"].as_str().unwrap();
    let expected = [
        format!(
            "{}={token}; Path=/oauth2/token; HttpOnly; Max-Age=1296000; SameSite=Lax",
            page.cookie()
        ),
        "_kbrte=1; Path=/; Max-Age=1296000; SameSite=Lax".to_owned(),
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn only_a_page_of_the_client_itself_may_use_the_cookie() {
    let mut page = Page::new().await;
    page.sign_in().await;
    let kept = page.cookies.clone();
    let neighbour = "http://localhost:3001";
    page.another(neighbour).await;
    for origin in [
        "",
        "null",
        neighbour,
        "http://evil.example.test",
        "http://localhost",
    ] {
        refused(&page.reload(origin).await, "invalid_request");
        assert_eq!(page.cookies, kept, "{origin}: nothing is set or cleared");
    }
    assert_eq!(page.reload(OWN).await.status, 200, "nothing was spent");
}

#[tokio::test]
async fn a_request_from_elsewhere_gets_no_cookie() {
    let mut page = Page::new().await;
    let app = page.app.clone();
    for origin in ["", "http://localhost:3001"] {
        let tokens = page.sign_in_to(&app, origin).await;
        assert!(tokens.refresh_token.is_some());
        assert!(page.cookies.is_empty(), "{origin}");
    }
}

#[tokio::test]
async fn each_application_has_its_own_cookie() {
    let mut page = Page::new().await;
    let neighbour = "http://localhost:3001";
    let other = page.another(neighbour).await;
    page.sign_in().await;
    page.sign_in_to(&other, neighbour).await;
    assert_eq!(page.cookies.len(), 3, "{:?}", page.cookies);
    // A token in the cookie of another application is of no use.
    let theirs = format!("refresh_token_{}", &other.id.as_str()[..6]);
    let stolen = page.cookies[&theirs].clone();
    page.cookies.insert(page.cookie(), stolen);
    refused(&page.reload(OWN).await, "invalid_grant");
    let body = format!("grant_type=refresh_token&client_id={}", other.id);
    let answer = page.fetch("/oauth2/token", neighbour, &body).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
}

#[tokio::test]
async fn a_body_and_a_cookie_that_differ_are_an_invalid_grant() {
    let mut page = Page::new().await;
    let first = page.sign_in().await.refresh_token.unwrap();
    let second = page.sign_in().await.refresh_token.unwrap();
    let kept = page.cookies.clone();
    refused(&page.refresh(&first).await, "invalid_grant");
    assert_eq!(page.cookies, kept);
    // Equal ones are one, and the body goes on as it began.
    let tokens = Tokens::of(&page.refresh(&second).await);
    assert_eq!(
        tokens.refresh_token.as_ref(),
        page.cookies.get(&page.cookie())
    );
    assert_eq!(
        page.app.refresh(&first).await.status,
        200,
        "it was not spent"
    );
}

#[tokio::test]
async fn the_cookies_go_when_the_token_is_no_good() {
    let mut page = Page::new().await;
    page.sign_in().await;
    page.scene.world.pass(1_296_001);
    refused(&page.reload(OWN).await, "invalid_grant");
    assert!(page.cookies.is_empty());
    refused(&page.reload(OWN).await, "invalid_request");
}

#[tokio::test]
async fn a_token_that_was_used_before_ends_the_authorization() {
    let mut page = Page::new().await;
    page.sign_in().await;
    let old = page.cookies.clone();
    page.reload(OWN).await;
    page.scene.world.pass(31);
    let new = std::mem::replace(&mut page.cookies, old);
    refused(&page.reload(OWN).await, "invalid_grant");
    assert!(page.cookies.is_empty());
    page.cookies = new;
    refused(&page.reload(OWN).await, "invalid_grant");
}

#[tokio::test]
async fn revoking_the_refresh_token_takes_the_cookies_away() {
    let mut page = Page::new().await;
    let tokens = page.sign_in().await;
    let id = page.app.id.clone();
    let revoke = |token: &str| format!("client_id={id}&token={token}");
    let (access, refresh) = (
        revoke(&tokens.access_token),
        revoke(&tokens.refresh_token.unwrap()),
    );
    page.fetch("/oauth2/revoke", OWN, &access).await;
    assert!(page.is_marked(), "an access token ends alone");
    let answer = page.fetch("/oauth2/revoke", OWN, &refresh).await;
    assert_eq!(answer.status, 200);
    assert!(page.cookies.is_empty());
}

#[tokio::test]
async fn signing_out_takes_the_cookies_of_every_application_away() {
    for (query, named) in [("", false), ("&client_id=", true)] {
        let mut page = Page::new().await;
        let neighbour = "http://localhost:3001";
        let other = page.another(neighbour).await;
        page.sign_in().await;
        page.sign_in_to(&other, neighbour).await;
        let mut query = format!("/logout?redirect={AFTER}{query}");
        if named {
            query += page.app.id.as_str();
        }
        let address = page.scene.world.url(&query);
        let headers = page.scene.browser.open(&address).await.headers.clone();
        page.take(&headers);
        assert!(page.cookies.is_empty(), "{query}: {:?}", page.cookies);
    }
}

#[tokio::test]
async fn who_signs_in_without_a_refresh_token_does_not_find_the_last_one() {
    let mut page = Page::new().await;
    page.sign_in().await;
    let app = page.app.clone();
    let parameters = [&WITH_PKCE[..], &[("scope", "openid")]].concat();
    page.scene
        .browser
        .open(&app.authorize_url(&parameters))
        .await;
    let code = code_in(page.scene.browser.arrived());
    let body = format!(
        "grant_type=authorization_code&client_id={}&code={code}&redirect_uri={CALLBACK}&code_verifier={VERIFIER}",
        app.id
    );
    let answer = page.fetch("/oauth2/token", OWN, &body).await;
    assert_eq!(answer.status, 200);
    assert!(page.cookies.is_empty());
}
