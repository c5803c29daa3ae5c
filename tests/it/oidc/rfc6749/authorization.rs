//! The authorization endpoint (RFC 6749 §3.1, §4.1.1, §4.1.2).

use vestibule::protocol::client::ApplicationKind;

use super::super::{REDIRECT_URI, Residue, Scene, error_in};
use crate::support::{PASSWORD, World, parameters_of};

#[tokio::test]
async fn the_response_is_a_code_and_the_state_unaltered() {
    let mut scene = Scene::new().await;
    let state = "ünï code &=+%20?#/".repeat(16);
    let arrived = scene.arrive(&[("state", &state)]).await;
    let answer = parameters_of(&arrived);
    assert_eq!(answer["state"], state);
    let mut names: Vec<_> = answer.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["code", "iss", "state"]);
    assert!(answer["code"].len() >= 43, "at least 128 bits");
}

#[tokio::test]
async fn without_a_state_there_is_none_in_the_response() {
    let mut scene = Scene::new().await;
    let arrived = scene.arrive(&[("state", "")]).await;
    assert!(!parameters_of(&arrived).contains_key("state"));
    let arrived = scene.arrive(&[("state", ""), ("scope", "\"")]).await;
    assert!(!parameters_of(&arrived).contains_key("state"));
}

#[tokio::test]
async fn a_post_is_answered_like_a_get() {
    let mut scene = Scene::new().await;
    let fields = [
        ("response_type", "code"),
        ("client_id", scene.client.id.as_str()),
        ("redirect_uri", REDIRECT_URI),
        ("scope", "openid"),
        ("state", "by form"),
    ];
    scene.browser.post("/oauth2/auth", &fields).await;
    let arrived = scene.browser.arrived().clone();
    assert_eq!(parameters_of(&arrived)["state"], "by form");
    scene.client.redeem(&arrived).await;
}

#[tokio::test]
async fn a_post_of_anything_but_a_form_is_an_invalid_request() {
    let world = World::new().await;
    let client = world.client().await;
    let response = World::http()
        .post(client.authorize_url(&[]))
        .header("content-type", "application/json")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
    let html = response.text().await.unwrap();
    assert!(html.contains("invalid_request"), "{html}");
}

#[tokio::test]
async fn an_unknown_client_is_shown_and_nobody_is_redirected() {
    let mut scene = Scene::new().await;
    let before = Residue::of(&scene.world).await;
    for client_id in [
        "0123456789abcdef0123456789abcdef",
        "no id of ours",
        "' OR 1=1 --",
    ] {
        assert_eq!(
            scene.shown(&[("client_id", client_id)]).await,
            "invalid_client"
        );
    }
    assert_eq!(scene.shown(&[("client_id", "")]).await, "invalid_request");
    assert_eq!(Residue::of(&scene.world).await, before);
}

#[tokio::test]
async fn a_disabled_client_is_unknown() {
    let mut scene = Scene::new().await;
    let now = scene.world.now();
    let client = scene.client.clone();
    scene
        .world
        .change(&client, |client| client.disabled_at = Some(now))
        .await;
    assert_eq!(scene.shown(&[]).await, "invalid_client");
}

#[tokio::test]
async fn an_unregistered_redirect_uri_is_shown_and_nobody_is_redirected() {
    let mut scene = Scene::new().await;
    let before = Residue::of(&scene.world).await;
    for redirect_uri in [
        "https://attacker.example.test/callback",
        "https://app.example.test/callback/",
        "https://app.example.test/callback?x=1",
        "https://app.example.test/callback#x",
        "https://app.example.test/Callback",
        "https://app.example.test:443/callback",
        "https://app.example.test/callback/../callback",
        "https://app.example.test.attacker.test/callback",
        "https://app.example.test@attacker.test/callback",
        "http://app.example.test/callback",
        "javascript:alert(1)",
    ] {
        let shown = scene.shown(&[("redirect_uri", redirect_uri)]).await;
        assert_eq!(shown, "invalid_request", "{redirect_uri}");
    }
    assert_eq!(Residue::of(&scene.world).await, before);
}

#[tokio::test]
async fn a_redirect_uri_may_be_left_out_when_only_one_is_registered() {
    let mut scene = Scene::new().await;
    let arrived = scene.arrive(&[("redirect_uri", "")]).await;
    assert!(arrived.as_str().starts_with(REDIRECT_URI));
    let code = parameters_of(&arrived)["code"].clone();
    let answer = scene
        .client
        .try_redeem(&code, &[("redirect_uri", "")])
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_redirect_uri_must_be_given_when_several_are_registered() {
    let world = World::new().await;
    let uris = [REDIRECT_URI, "https://app.example.test/other"];
    let client = world
        .register(ApplicationKind::Web, &uris, &[], |_| {})
        .await;
    let mut browser = world.browser();
    let address = client.authorize_url(&[("redirect_uri", "")]);
    let page = browser.open(&address).await;
    assert_eq!(page.id(), "page-error");
    assert_eq!(page.text("#error-code"), "invalid_request");
}

#[tokio::test]
async fn the_query_of_a_registered_redirect_uri_is_kept() {
    let world = World::new().await;
    world.user("ada@example.test", PASSWORD).await;
    let uri = "https://app.example.test/callback?tenant=a%20b";
    let client = world.web_client(uri, "https://app.example.test/").await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    browser.sign_in("ada@example.test", PASSWORD).await;
    let arrived = browser.arrived().clone();
    assert!(
        arrived.as_str().starts_with(&format!("{uri}&code=")),
        "{arrived}"
    );
    client.redeem(&arrived).await;

    let address = client.authorize_url(&[("response_type", "token")]);
    browser.open(&address).await;
    assert!(
        browser
            .arrived()
            .as_str()
            .starts_with(&format!("{uri}&error=")),
        "{arrived}"
    );
}

#[tokio::test]
async fn a_missing_response_type_is_an_invalid_request_and_others_are_unsupported() {
    let mut scene = Scene::new().await;
    let before = Residue::of(&scene.world).await;
    let missing = scene.refusal(&[("response_type", "")]).await;
    assert_eq!(missing, "invalid_request");
    for response_type in ["token", "id_token", "code id_token", "none", "Code"] {
        let refusal = scene.refusal(&[("response_type", response_type)]).await;
        assert_eq!(refusal, "unsupported_response_type", "{response_type}");
    }
    assert_eq!(Residue::of(&scene.world).await, before);
}

#[tokio::test]
async fn a_repeated_parameter_is_an_invalid_request() {
    let mut scene = Scene::new().await;
    let before = Residue::of(&scene.world).await;
    for repeated in [
        "response_type=code",
        "scope=openid",
        "nonce=another",
        "prompt=login",
        "max_age=1",
        "code_challenge=x",
        "claims={}",
    ] {
        let name = repeated.split('=').next().unwrap();
        let once = scene.client.authorize_url(&[(name, "x")]);
        scene.browser.open(&format!("{once}&{repeated}")).await;
        let arrived = scene.browser.arrived().clone();
        assert_eq!(error_in(&arrived), "invalid_request", "{repeated}");
        let description = &parameters_of(&arrived)["error_description"];
        assert_eq!(*description, format!("{name} is repeated"));
        assert_eq!(parameters_of(&arrived)["state"], "a state");
    }
    assert_eq!(Residue::of(&scene.world).await, before);
}

#[tokio::test]
async fn a_repeated_state_is_an_invalid_request_without_a_state() {
    let mut scene = Scene::new().await;
    let address = format!("{}&state=other", scene.client.authorize_url(&[]));
    scene.browser.open(&address).await;
    let arrived = scene.browser.arrived().clone();
    assert_eq!(error_in(&arrived), "invalid_request");
    assert!(!parameters_of(&arrived).contains_key("state"));
}

#[tokio::test]
async fn a_repeated_client_or_redirect_uri_is_shown() {
    let mut scene = Scene::new().await;
    for repeated in [
        format!("client_id={}", scene.client.id),
        format!("redirect_uri={REDIRECT_URI}"),
    ] {
        let address = format!("{}&{repeated}", scene.client.authorize_url(&[]));
        let page = scene.browser.open(&address).await;
        assert_eq!(page.id(), "page-error", "{repeated}");
        assert_eq!(page.text("#error-code"), "invalid_request");
    }
}

#[tokio::test]
async fn a_parameter_without_a_value_counts_as_omitted() {
    let mut scene = Scene::new().await;
    let address = format!(
        "{}&prompt=&max_age=&claims=&login_hint=&id_token_hint=&request=&code_challenge=&display=",
        scene.client.authorize_url(&[])
    );
    scene.browser.open(&address).await;
    let arrived = scene.browser.arrived().clone();
    scene.client.redeem(&arrived).await;
}

#[tokio::test]
async fn unknown_parameters_and_the_order_of_parameters_are_without_meaning() {
    let mut scene = Scene::new().await;
    let id = scene.client.id.clone();
    let address = format!(
        "/oauth2/auth?zzz=1&scope=email+openid&foo[]=bar&zzz=2&state=s&utm_source=news&redirect_uri={}&client_id={id}&response_type=code",
        "https%3A%2F%2Fapp.example.test%2Fcallback"
    );
    scene.browser.open(&address).await;
    let arrived = scene.browser.arrived().clone();
    let tokens = scene.client.redeem(&arrived).await;
    assert_eq!(tokens.id_claims()["email"], "ada@example.test");
}

#[tokio::test]
async fn a_malformed_scope_is_an_invalid_scope_and_an_unknown_one_is_left_out() {
    let mut scene = Scene::new().await;
    for scope in ["openid \"", "openid\\", "openid \u{e9}"] {
        assert_eq!(scene.refusal(&[("scope", scope)]).await, "invalid_scope");
    }
    let tokens = scene.tokens(&[("scope", "openid read:mind email")]).await;
    assert_eq!(tokens.body["scope"], "openid email");
}

#[tokio::test]
async fn an_oversized_parameter_is_an_invalid_request() {
    let mut scene = Scene::new().await;
    let before = Residue::of(&scene.world).await;
    let long = "x".repeat(5_000);
    for name in ["state", "nonce", "login_hint", "org_name"] {
        let refusal = scene.refusal(&[(name, &long)]).await;
        assert_eq!(refusal, "invalid_request", "{name}");
    }
    let fields = [
        ("client_id", scene.client.id.as_str()),
        ("state", &long.repeat(20)),
    ];
    let page = scene.browser.post("/oauth2/auth", &fields).await;
    assert_eq!(page.status, 400);
    assert_eq!(page.text("#error-code"), "invalid_request");
    assert_eq!(Residue::of(&scene.world).await, before);
}

#[tokio::test]
async fn text_that_is_not_utf8_is_an_invalid_request() {
    let scene = Scene::new().await;
    for broken in ["state=%FF%FE", "nonce=%C3", "login_hint=a%00b"] {
        let address = format!("{}&{broken}", scene.client.authorize_url(&[]));
        let response = World::http().get(address).send().await.unwrap();
        assert_eq!(response.status(), 400, "{broken}");
    }
}

#[tokio::test]
async fn a_machine_may_not_use_the_authorization_endpoint() {
    let world = World::new().await;
    let machine = world
        .register(ApplicationKind::Machine, &[REDIRECT_URI], &[], |_| {})
        .await;
    let mut browser = world.browser();
    browser.open(&machine.authorize_url(&[])).await;
    assert_eq!(error_in(browser.arrived()), "unauthorized_client");
}

#[tokio::test]
async fn an_error_description_holds_only_allowed_characters() {
    let mut scene = Scene::new().await;
    let arrived = scene
        .arrive(&[("prompt", "<script>\"\\\u{fc}\u{1f600}</script>")])
        .await;
    let description = &parameters_of(&arrived)["error_description"];
    let allowed = |c| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
    assert!(description.chars().all(allowed), "{description}");
}

#[tokio::test]
async fn the_end_user_who_turns_back_is_an_access_denied() {
    let scene = Scene::new().await;
    let mut browser = scene.world.browser();
    browser.open(&scene.client.authorize_url(&[])).await;
    browser.press("cancel", &[]).await;
    let answer = parameters_of(browser.arrived());
    assert_eq!(answer["error"], "access_denied");
    assert_eq!(answer["state"], "a state");
}
