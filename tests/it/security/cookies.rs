//! How cookies are set, on https and on http.
//!
//! The server is reached by http here; with an https issuer it takes a proxy to stand before it.

use std::collections::HashMap;

use reqwest::{RequestBuilder, Response};

use crate::support::{PASSWORD, Page, TestClient, World};

/// A browser on the far side of a proxy: it keeps cookies by hand, since secure ones don't go over http.
struct Proxied<'a> {
    world: &'a World,
    cookies: HashMap<String, String>,
    /// Every `Set-Cookie` so far.
    set: Vec<String>,
}

impl Proxied<'_> {
    async fn send(&mut self, request: RequestBuilder) -> Response {
        let pairs = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let header = pairs.collect::<Vec<_>>().join("; ");
        let response = request.header("cookie", header).send().await;
        let response = response.expect("the server answers");
        for value in response.headers().get_all("set-cookie") {
            let value = value.to_str().expect("cookies are text").to_owned();
            let pair = value
                .split(';')
                .next()
                .and_then(|pair| pair.split_once('='));
            let (name, content) = pair.expect("a cookie has a name");
            self.cookies.insert(name.to_owned(), content.to_owned());
            self.set.push(value);
        }
        response
    }

    async fn open(&mut self, path: &str) -> Page {
        let response = self.send(World::http().get(self.world.url(path))).await;
        page(response).await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let request = World::http().post(self.world.url(path)).form(fields);
        page(self.send(request).await).await
    }

    /// Signs in, up to the redirect to the client.
    async fn sign_in(&mut self, client: &TestClient) {
        let begun = self
            .send(World::http().get(client.authorize_url(&[])))
            .await;
        let interaction = location(begun.headers());
        let csrf = self
            .open(&interaction)
            .await
            .attribute("input[name='csrf']", "value");
        let csrf = csrf.expect("the page has a form");
        let fields = [("csrf", csrf.as_str()), ("p_email", "ada@example.test")];
        self.post(&format!("{interaction}/identifier"), &fields)
            .await;
        let fields = [("csrf", csrf.as_str()), ("p_password", PASSWORD)];
        self.post(&format!("{interaction}/password"), &fields).await;
        let page = self.open(&interaction).await;
        assert!(location(&page.headers).starts_with("https://app.example.test/"));
    }
}

async fn page(response: Response) -> Page {
    Page {
        url: response.url().clone(),
        status: response.status(),
        headers: response.headers().clone(),
        html: response.text().await.expect("the answer is text"),
        is_elsewhere: false,
    }
}

fn location(headers: &reqwest::header::HeaderMap) -> String {
    let location = headers["location"].to_str();
    location.expect("a location is text").to_owned()
}

/// The cookies that a sign-in and a sign-out set with these settings.
async fn cookies_of_a_sign_in(settings: &[(&str, &str)]) -> Vec<String> {
    let world = World::with(settings).await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let mut browser = Proxied {
        world: &world,
        cookies: HashMap::new(),
        set: Vec::new(),
    };
    browser.sign_in(&client).await;
    browser.open("/account/password").await;
    let page = browser.open("/logout").await;
    let csrf = page
        .attribute("input[name='csrf']", "value")
        .expect("it asks");
    browser
        .post("/logout", &[("csrf", &csrf), ("decision", "sign_out")])
        .await;
    browser.set
}

#[tokio::test]
async fn on_https_cookies_are_for_this_host_alone() {
    let set = cookies_of_a_sign_in(&[("SERVER__ISSUER", "https://id.example.test")]).await;
    let names: Vec<&str> = set
        .iter()
        .filter_map(|cookie| cookie.split('=').next())
        .collect();
    assert!(names.contains(&"__Host-vestibule_browser"), "{set:?}");
    assert!(names.contains(&"__Host-vestibule_session"), "{set:?}");
    for cookie in &set {
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
            let has = cookie.split("; ").any(|part| part == attribute);
            assert!(has, "{attribute} is missing: {cookie}");
        }
        assert!(!cookie.contains("Domain="), "{cookie}");
        let is_removal = cookie.starts_with("__Host-vestibule_session=;");
        assert_eq!(
            cookie.contains("Max-Age"),
            is_removal,
            "sessions end with the browser"
        );
    }
}

#[tokio::test]
async fn on_http_cookies_go_without_what_browsers_refuse_there() {
    for cookie in cookies_of_a_sign_in(&[]).await {
        assert!(cookie.starts_with("vestibule_"), "{cookie}");
        assert!(
            cookie.contains("HttpOnly; ") || cookie.ends_with("HttpOnly"),
            "{cookie}"
        );
        assert!(cookie.contains("SameSite=Lax"), "{cookie}");
        assert!(!cookie.contains("Secure"), "{cookie}");
    }
}

#[tokio::test]
async fn links_come_from_the_configuration_whatever_the_host_header_says() {
    let world = World::with(&[("SERVER__ISSUER", "https://id.example.test")]).await;
    let client = world.client().await;
    let paths = [
        "/.well-known/openid-configuration",
        "/",
        "/logout",
        "/nothing",
    ];
    for path in paths {
        let request = World::http()
            .get(world.url(path))
            .header("host", "evil.example.test");
        let request = request.header("x-forwarded-host", "evil.example.test");
        let answer = request.send().await.expect("the server answers");
        let text = answer.text().await.expect("the answer is text");
        assert!(!text.contains("evil.example.test"), "{path}");
    }
    let request = World::http().get(client.authorize_url(&[]));
    let request = request.header("host", "evil.example.test");
    let answer = request.send().await.expect("the server answers");
    assert!(location(answer.headers()).starts_with("/interaction/"));
}
