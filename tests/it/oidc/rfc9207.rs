//! RFC 9207: the issuer in every authorization response.

use super::{Scene, error_in};
use crate::support::parameters_of;

#[tokio::test]
async fn a_code_comes_with_the_issuer() {
    let mut scene = Scene::new().await;
    let arrived = scene.arrive(&[]).await;
    assert_eq!(parameters_of(&arrived)["iss"], scene.world.issuer());
}

#[tokio::test]
async fn an_error_comes_with_the_issuer_whoever_found_it() {
    let mut scene = Scene::new().await;
    for (parameters, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("prompt", "none login"), "invalid_request"),
        (("scope", "\""), "invalid_scope"),
    ] {
        let arrived = scene.arrive(&[parameters]).await;
        assert_eq!(error_in(&arrived), error);
        assert_eq!(parameters_of(&arrived)["iss"], scene.world.issuer());
    }
    let mut stranger = scene.world.browser();
    let silent = scene.client.authorize_url(&[("prompt", "none")]);
    stranger.open(&silent).await;
    assert_eq!(error_in(stranger.arrived()), "login_required");
    assert_eq!(
        parameters_of(stranger.arrived())["iss"],
        scene.world.issuer()
    );
}

#[tokio::test]
async fn an_error_holds_nothing_but_what_is_specified() {
    let mut scene = Scene::new().await;
    let arrived = scene.arrive(&[("response_type", "token")]).await;
    let answer = parameters_of(&arrived);
    let mut names: Vec<_> = answer.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["error", "error_description", "iss", "state"]);
}

#[tokio::test]
async fn the_issuer_comes_in_a_fragment_and_in_a_form_too() {
    let mut scene = Scene::new().await;
    let arrived = scene.arrive(&[("response_mode", "fragment")]).await;
    let fragment = arrived.fragment().unwrap().as_bytes();
    let iss = url::form_urlencoded::parse(fragment).find(|(name, _)| name == "iss");
    assert_eq!(iss.unwrap().1, scene.world.issuer());

    let address = scene
        .client
        .authorize_url(&[("response_mode", "form_post")]);
    let page = scene.browser.open(&address).await;
    let iss = page.attribute("input[name=iss]", "value");
    assert_eq!(iss.as_deref(), Some(scene.world.issuer()));
}
