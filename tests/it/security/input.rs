//! Input that is oversized, repeated, malformed or meant for something else.

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Response, StatusCode};

use crate::support::{PASSWORD, TestClient, World, parameters_of};

const FORM: &str = "application/x-www-form-urlencoded";

/// Where something can be posted, the pages of an interaction apart.
const ENDPOINTS: &[&str] = &[
    "/account/password",
    "/interaction/0123456789abcdef0123456789abcdef/identifier",
    "/logout",
    "/oauth2/auth",
    "/oauth2/introspect",
    "/oauth2/revoke",
    "/oauth2/token",
    "/oauth2/userinfo",
    "/oauth2/v2/user_profile",
];

async fn post(world: &World, path: &str, media_type: &str, body: impl Into<Vec<u8>>) -> Response {
    let request = World::http()
        .post(world.url(path))
        .header(CONTENT_TYPE, media_type);
    let answer = request.body(body.into()).send().await;
    answer.expect("the server answers")
}

/// Refused, or sent on without effect; never a failure of ours.
fn assert_withstood(answer: &Response, what: &str) {
    let status = answer.status().as_u16();
    assert!((300..500).contains(&status), "{what}: {status}");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let world = World::new().await;
    for path in ENDPOINTS {
        let answer = post(&world, path, FORM, format!("a={}", "x".repeat(70_000))).await;
        let status = answer.status().as_u16();
        assert!((400..=413).contains(&status), "{path}: {status}");
    }
}

#[tokio::test]
async fn bodies_that_are_no_forms_are_refused() {
    let world = World::new().await;
    let bodies: &[(&str, &[u8])] = &[
        (
            "application/json",
            br#"{"grant_type":"client_credentials"}"#,
        ),
        ("text/plain", b"grant_type=client_credentials"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n--x--"),
        (FORM, b"a=%ff%fe"),
        (FORM, b"a=%00"),
        (FORM, b"\x00\x01\xff"),
        (FORM, b"client_id=%zz&grant_type=%"),
        (FORM, b"&&&&===&"),
        (FORM, b""),
        ("", b"grant_type=client_credentials"),
    ];
    for path in ENDPOINTS {
        for (media_type, body) in bodies {
            let answer = post(&world, path, media_type, *body).await;
            assert_withstood(&answer, &format!("{path} {media_type} {body:?}"));
        }
        let many = "a=1&".repeat(10_000);
        assert_withstood(&post(&world, path, FORM, many).await, path);
    }
}

#[tokio::test]
async fn a_parameter_that_is_repeated_is_refused() {
    let world = World::new().await;
    let client = world.client().await;
    let secret = client.secret.clone().expect("it is confidential");
    let usual = format!(
        "client_id={}&client_secret={secret}&grant_type=refresh_token&refresh_token=x",
        client.id
    );
    for name in [
        "client_id",
        "client_secret",
        "grant_type",
        "refresh_token",
        "scope",
    ] {
        let body = format!("{usual}&{name}=1&{name}=2");
        let answer = post(&world, "/oauth2/token", FORM, body).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{name}");
        let text = answer.text().await.expect("the answer is text");
        assert!(text.contains("invalid_request"), "{name}: {text}");
    }
    let mut browser = world.browser();
    for name in ["client_id", "redirect_uri"] {
        let url = format!("{}&{name}=x", client.authorize_url(&[]));
        let page = browser.open(&url).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{name}");
        assert!(!page.is_elsewhere);
    }
    for name in [
        "response_type",
        "scope",
        "nonce",
        "prompt",
        "code_challenge",
    ] {
        let url = format!("{}&{name}=x&{name}=x", client.authorize_url(&[]));
        browser.open(&url).await;
        let answer = parameters_of(browser.arrived());
        assert_eq!(answer["error"], "invalid_request", "{name}");
    }
}

#[tokio::test]
async fn a_form_field_that_is_repeated_is_no_way_around_another() {
    let world = World::new().await;
    world.user("ada@example.test", PASSWORD).await;
    let client = world.client().await;
    let mut browser = world.browser();
    let page = browser.open(&client.authorize_url(&[])).await;
    let path = page.url.path().to_owned();
    let csrf = page
        .attribute("input[name='csrf']", "value")
        .expect("a form");
    let twice = [("csrf", csrf.as_str()), ("csrf", "x"), ("p_email", "a")];
    let page = browser.post(&format!("{path}/identifier"), &twice).await;
    assert!(page.status.is_client_error());
    assert_eq!(page.id(), "page-error");
}

/// An answer's headers, when a parameter tried to write some of its own.
async fn headers_with(client: &TestClient, world: &World, name: &str, value: &str) -> HeaderMap {
    let url = client.authorize_url(&[(name, value), ("prompt", "none")]);
    let mut answer = World::http()
        .get(url)
        .send()
        .await
        .expect("the server answers");
    if let Some(location) = answer.headers().get("location").cloned() {
        let location = location.to_str().expect("text").to_owned();
        if location.starts_with('/') {
            let next = World::http().get(world.url(&location)).send().await;
            answer = next.expect("the server answers");
        }
    }
    answer.headers().clone()
}

#[tokio::test]
async fn no_parameter_writes_a_header() {
    let world = World::new().await;
    let client = world.client().await;
    let injection = "x\r\nset-cookie: planted=1\r\nlocation: https://evil.test\r\n\r\n<html>";
    for name in [
        "state",
        "nonce",
        "ui_locales",
        "lang",
        "login_hint",
        "redirect_uri",
        "scope",
        "client_id",
    ] {
        let headers = headers_with(&client, &world, name, injection).await;
        let planted = headers.get_all("set-cookie").iter().any(|value| {
            value
                .to_str()
                .is_ok_and(|value| value.starts_with("planted"))
        });
        assert!(!planted, "{name}");
        let location = headers
            .get("location")
            .map(|value| value.to_str().unwrap_or_default());
        assert!(
            !location.unwrap_or_default().starts_with("https://evil"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_state_comes_back_byte_for_byte() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = world.browser();
    let long = "s".repeat(2_000);
    for state in [
        long.as_str(),
        "ä 日本 🙂",
        "a+b/c==",
        "%00%0d",
        "\t",
        "x\r\ny",
        "'\"<>&;",
    ] {
        browser
            .open(&client.authorize_url(&[("prompt", "none"), ("state", state)]))
            .await;
        assert_eq!(parameters_of(browser.arrived())["state"], state);
    }
}

#[tokio::test]
async fn a_nul_byte_is_refused_wherever_it_stands() {
    let world = World::new().await;
    let client = world.client().await;
    let mut browser = world.browser();
    let page = browser.open(&client.authorize_url(&[])).await;
    let path = page.url.path().to_owned();
    let csrf = page
        .attribute("input[name='csrf']", "value")
        .expect("a form");
    for name in [
        "client_id",
        "redirect_uri",
        "state",
        "nonce",
        "scope",
        "login_hint",
        "made_up",
    ] {
        let page = browser.open(&client.authorize_url(&[(name, "a\0b")])).await;
        assert!(
            page.is_elsewhere || page.status == StatusCode::BAD_REQUEST,
            "{name}"
        );
    }
    for (form, name) in [
        ("identifier", "p_email"),
        ("password", "p_password"),
        ("register", "p_first_name"),
        ("forgot", "p_email"),
        ("code", "p_confirmation_code"),
        ("screen", "screen"),
    ] {
        let fields = [("csrf", csrf.as_str()), (name, "a\0b@example.test")];
        let page = browser.post(&format!("{path}/{form}"), &fields).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{form}");
        assert_eq!(page.id(), "page-error");
    }
    for token in ["a\0b", "\0"] {
        let answer = client.refresh(token).await;
        assert_eq!(answer.error(), "invalid_request");
        let answer = client.try_redeem(token, &[]).await;
        assert_eq!(answer.error(), "invalid_request");
    }
}

#[tokio::test]
async fn long_and_strange_texts_are_refused_or_kept_whole() {
    let world = World::new().await;
    let client = world.client().await;
    let long = "x".repeat(30_000);
    let strange = "\u{202e}\u{feff}ada\u{200d}@exämple.test";
    for text in [
        long.as_str(),
        strange,
        "' OR 1=1 --",
        "{{7*7}}",
        "<script>alert(1)</script>",
        "\u{1f3f4}",
    ] {
        let mut browser = world.browser();
        browser.open(&client.authorize_url(&[])).await;
        let page = browser.press("sign-in", &[("p_email", text)]).await;
        assert!(page.status.as_u16() < 500, "{text}");
        if page.has("#password") {
            let page = browser.press("sign-in", &[("p_password", text)]).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
            assert!(!page.html.contains("<script>alert"));
            browser.turn_to("sign_in").await;
        }
        browser.turn_to("register").await;
        let page = browser.introduce(text, text).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
        assert!(!page.html.contains("<script>alert"));
    }
}

#[tokio::test]
async fn a_name_with_markup_in_it_is_shown_as_it_is() {
    let world = World::new().await;
    let client = world.client().await;
    let name = "<b>Grace</b> & \"co\"";
    let mut browser = world.browser();
    browser
        .open(&client.authorize_url(&[("prompt", "create")]))
        .await;
    browser.introduce(name, "grace@example.test").await;
    browser.choose_password(PASSWORD).await;
    browser
        .enter_code(&world.code_for("grace@example.test"))
        .await;
    let claims = client.redeem(browser.arrived()).await.id_claims();
    assert_eq!(claims["given_name"], name);
    let page = browser.open("/").await;
    assert!(page.text(".person").contains(name));
    assert!(!page.has(".person b"));
}

#[tokio::test]
async fn a_strange_header_is_no_failure_of_ours() {
    let world = World::new().await;
    let client = world.client().await;
    let url = client.authorize_url(&[]);
    let strange: &[(&str, &[u8])] = &[
        ("accept-language", b"\xff\xfe;q=9,*;q=x"),
        (
            "cookie",
            b"vestibule_session=\xff; vestibule_browser=; =; ;;",
        ),
        ("x-forwarded-for", b"not an address"),
        ("forwarded", b"for=\"[::1"),
        ("user-agent", &[b'u'; 5000]),
        ("authorization", b"Basic %%%"),
        ("origin", b"\xff"),
        ("content-type", b"\xff"),
    ];
    for (name, value) in strange {
        for address in [
            url.as_str(),
            &world.url("/"),
            &world.url("/oauth2/userinfo"),
        ] {
            let value = reqwest::header::HeaderValue::from_bytes(value).expect("it can be sent");
            let answer = World::http().get(address).header(*name, value).send().await;
            let status = answer.expect("the server answers").status();
            assert!(status.as_u16() < 500, "{name} at {address}: {status}");
        }
    }
}
