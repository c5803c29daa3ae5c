//! The authentication request and the way its response travels (Core §3.1.2, Multiple Response Types, Form Post).

use super::super::{REDIRECT_URI, Residue, Scene, header};
use crate::support::{Tokens, parameters_of};

#[tokio::test]
async fn the_code_comes_in_the_query_unless_asked_otherwise() {
    let mut scene = Scene::new().await;
    for parameters in [&[][..], &[("response_mode", "query")]] {
        let arrived = scene.arrive(parameters).await;
        assert_eq!(arrived.fragment(), None);
        scene.client.redeem(&arrived).await;
    }
}

#[tokio::test]
async fn the_code_comes_in_the_fragment_when_asked_for() {
    let mut scene = Scene::new().await;
    let arrived = scene.arrive(&[("response_mode", "fragment")]).await;
    assert_eq!(arrived.query(), None);
    let fragment = arrived.fragment().unwrap();
    assert!(fragment.starts_with("code="), "{fragment}");
    let mode = ("response_mode", "fragment");
    let arrived = scene.arrive(&[mode, ("response_type", "token")]).await;
    assert_eq!(arrived.query(), None);
    assert!(arrived.fragment().unwrap().starts_with("error="));
}

#[tokio::test]
async fn form_post_answers_with_one_form_that_is_not_cached() {
    let mut scene = Scene::new().await;
    let address = scene
        .client
        .authorize_url(&[("response_mode", "form_post")]);
    let page = scene.browser.open(&address).await.clone();
    assert_eq!(
        (page.status.as_u16(), page.id().as_str()),
        (200, "page-form-post")
    );
    assert_eq!(header(&page.headers, "cache-control"), "no-store");
    assert!(header(&page.headers, "content-type").starts_with("text/html"));
    let policy = header(&page.headers, "content-security-policy");
    assert!(
        policy.contains("form-action 'self' https://app.example.test;"),
        "{policy}"
    );
    assert!(policy.contains("script-src 'sha256-"), "{policy}");
    assert_eq!(page.html.matches("<form").count(), 1);
    assert_eq!(page.attribute("form", "method").as_deref(), Some("post"));

    let (action, fields) = page.form_of("#continue");
    assert_eq!(action, REDIRECT_URI);
    let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["code", "state", "iss"]);
    let code = &fields[0].1;
    Tokens::of(&scene.client.try_redeem(code, &[]).await);
}

#[tokio::test]
async fn form_post_carries_errors_and_any_state_unharmed() {
    let mut scene = Scene::new().await;
    let state = "\"><script>alert(1)</script>&amp;'\u{fc}";
    let parameters = [("response_mode", "form_post"), ("state", state)];
    for (extra, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("prompt", "none login"), "invalid_request"),
    ] {
        let address = scene
            .client
            .authorize_url(&[parameters[0], parameters[1], extra]);
        let page = scene.browser.open(&address).await;
        assert!(!page.html.contains("<script>alert"));
        let (_, fields) = page.form_of("#continue");
        let fields: std::collections::HashMap<_, _> = fields.into_iter().collect();
        assert_eq!(fields["error"], error);
        assert_eq!(fields["state"], state);
    }
}

#[tokio::test]
async fn an_unknown_response_mode_is_an_invalid_request_by_query() {
    let mut scene = Scene::new().await;
    for mode in ["jwt", "query.jwt", "Form_Post", "web_message"] {
        let refusal = scene.refusal(&[("response_mode", mode)]).await;
        assert_eq!(refusal, "invalid_request", "{mode}");
    }
}

#[tokio::test]
async fn a_request_without_openid_is_oauth_and_gives_no_id_token() {
    let mut scene = Scene::new().await;
    let tokens = scene.tokens(&[("scope", "profile offline")]).await;
    assert_eq!(tokens.id_token, None);
    let refreshed = scene.client.refresh(&tokens.refresh_token.unwrap()).await;
    assert_eq!(Tokens::of(&refreshed).id_token, None);
    let tokens = scene.tokens(&[("scope", "")]).await;
    assert_eq!((tokens.id_token, tokens.refresh_token), (None, None));
    assert_eq!(tokens.body["scope"], "");
}

#[tokio::test]
async fn either_offline_scope_gives_a_refresh_token_and_none_gives_none() {
    let mut scene = Scene::new().await;
    for (scope, has_refresh_token) in [
        ("openid offline", true),
        ("openid offline_access", true),
        ("openid", false),
    ] {
        let tokens = scene.tokens(&[("scope", scope)]).await;
        assert_eq!(tokens.refresh_token.is_some(), has_refresh_token, "{scope}");
        assert_eq!(tokens.body["scope"], scope);
    }
    let consented = [("scope", "openid offline_access"), ("prompt", "consent")];
    let address = scene.client.authorize_url(&consented);
    scene.browser.open(&address).await;
    scene.browser.press("allow", &[]).await;
    let tokens = scene.client.redeem(scene.browser.arrived()).await;
    assert!(tokens.refresh_token.is_some());
}

#[tokio::test]
async fn request_objects_and_registration_are_refused_by_their_own_codes() {
    let mut scene = Scene::new().await;
    let before = Residue::of(&scene.world).await;
    for (name, value, error) in [
        (
            "request",
            "eyJhbGciOiJub25lIn0.e30.",
            "request_not_supported",
        ),
        (
            "request_uri",
            "https://app.example.test/r",
            "request_uri_not_supported",
        ),
        ("registration", "{}", "registration_not_supported"),
    ] {
        assert_eq!(scene.refusal(&[(name, value)]).await, error);
    }
    assert_eq!(Residue::of(&scene.world).await, before);
}

#[tokio::test]
async fn display_and_claims_locales_are_taken_whatever_they_say() {
    let mut scene = Scene::new().await;
    for display in ["page", "popup", "touch", "wap", "hologram"] {
        scene
            .code(&[("display", display), ("claims_locales", "se")])
            .await;
    }
}

#[tokio::test]
async fn ui_locales_choose_the_language_and_unsupported_ones_are_passed_over() {
    let scene = Scene::new().await;
    for (ui_locales, lang) in [
        ("de", "de"),
        ("de-CH en", "de"),
        ("se", "en"),
        ("se de", "de"),
        ("not_a_tag %%", "en"),
    ] {
        let mut browser = scene.world.browser();
        let address = scene.client.authorize_url(&[("ui_locales", ui_locales)]);
        let page = browser.open(&address).await;
        let found = page.attribute("html", "lang");
        assert_eq!(found.as_deref(), Some(lang), "{ui_locales}");
    }
}

#[tokio::test]
async fn a_login_hint_fills_the_page_in_whatever_it_says() {
    let scene = Scene::new().await;
    for (hint, shown) in [
        ("ada@example.test", "ada@example.test"),
        ("username:ada", "ada"),
        ("phone:+61412345678:au", ""),
        ("\"><b>no markup</b>", "\"><b>no markup</b>"),
        ("nobody's", "nobody's"),
    ] {
        let mut browser = scene.world.browser();
        let address = scene.client.authorize_url(&[("login_hint", hint)]);
        let page = browser.open(&address).await;
        assert_eq!(page.id(), "page-sign-in");
        let value = page.attribute("input[name=p_email]", "value");
        assert_eq!(value.unwrap_or_default(), shown);
    }
}

#[tokio::test]
async fn a_malformed_max_age_prompt_or_claims_is_an_invalid_request() {
    let mut scene = Scene::new().await;
    let before = Residue::of(&scene.world).await;
    for (name, value) in [
        ("max_age", "-1"),
        ("max_age", "+1"),
        ("max_age", "1.5"),
        ("max_age", "soon"),
        ("max_age", "99999999999999999999"),
        ("prompt", "none login"),
        ("prompt", "whatever"),
        ("claims", "no JSON"),
        ("claims", "[]"),
        ("claims", "{\"userinfo\":[]}"),
        ("claims", "{\"userinfo\":{\"name\":1}}"),
    ] {
        let arrived = scene.arrive(&[(name, value)]).await;
        let answer = parameters_of(&arrived);
        assert_eq!(answer["error"], "invalid_request", "{name}={value}");
        assert!(answer["error_description"].contains(name), "{name}={value}");
    }
    assert_eq!(Residue::of(&scene.world).await, before);
}
