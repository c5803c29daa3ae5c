//! Attacks on a sign-in through an upstream. Each says what the naive implementation does, for which it would succeed.

use serde_json::{Value, json};
use url::Url;
use vestibule::federation::settings::{EntraId, Settings};
use vestibule::id::ConnectionId;

use super::upstream::Scene;
use crate::support::{
    Browser, Engine, Fault, PASSWORD, TestClient, Upstream, World, on_each_engine, registration,
};

on_each_engine! {
    an_answer_of_one_provider_is_no_answer_of_another
    an_answer_for_another_provider_is_none_for_that_of_an_organization
    an_answer_that_does_not_say_from_whom_it_comes_is_refused_where_one_was_promised
    a_code_of_somebody_else_signs_nobody_in
    an_address_that_a_foreign_tenant_claims_opens_nobodys_account
}

/// Goes to the upstream of a connection. Returns where it was sent.
async fn leave_for(browser: &mut Browser, client: &TestClient, connection: &ConnectionId) -> Url {
    browser.open(&client.authorize_url(&[])).await;
    let button = format!("button[value='{connection}']");
    browser.submit(&button, &[]).await;
    let address = browser.page().attribute("#continue", "href");
    address.unwrap().parse().unwrap()
}

/// Brings an answer, and confirms that it is refused for this reason, on a page with another way in.
async fn is_refused(world: &World, browser: &mut Browser, answer: &str, outcome: &str) {
    let page = browser.open(answer).await;
    assert_eq!(page.id(), "page-sign-in", "{}", page.text("main"));
    let said = page.text(".reference");
    let reference = said.rsplit(' ').next().unwrap().to_owned();
    let mut tx = world.app.db.read().await.unwrap();
    let sql = "SELECT outcome FROM upstream_sign_ins WHERE id = $1";
    let (known,): (String,) = tx.one(sql, (reference,)).await.unwrap();
    assert_eq!(known, outcome);
    let sql = "SELECT COUNT(*) FROM sessions";
    let (sessions,): (i64,) = tx.one(sql, ()).await.unwrap();
    assert_eq!(sessions, 0);
}

/// An address without one of its parameters.
fn without(address: &str, name: &str) -> String {
    let mut url = Url::parse(address).unwrap();
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .into_owned()
        .filter(|(known, _)| known != name)
        .collect();
    url.query_pairs_mut().clear().extend_pairs(kept);
    url.into()
}

/// Mix-up (RFC 9700 §4.4). Eve runs a provider, which sends whoever comes on to Acme with the parameters that it was
/// given. Acme's answer comes back in the attempt that began at Eve's. The naive implementation takes the code to the
/// token endpoint of the attempt's connection: to Eve, who redeems it as Ada.
async fn an_answer_of_one_provider_is_no_answer_of_another(engine: Engine) {
    let scene = Scene::set(engine).await;
    let eve = Upstream::start(json!({ "sub": "eve-there" })).await;
    let adjust = |connection: &mut vestibule::store::connections::Connection| {
        "eve".clone_into(&mut connection.name);
    };
    let at_eve = scene.world.connection(&eve, &scene.client, adjust).await;
    scene.world.pass(1);
    let mut browser = scene.world.browser();
    let address = leave_for(&mut browser, &scene.client, &at_eve).await;
    assert!(address.as_str().starts_with(&eve.issuer));
    let answer = scene.upstream.grants(&address);
    is_refused(&scene.world, &mut browser, &answer, "response_issuer").await;
    assert_eq!(eve.redemptions(), 0, "Eve has seen the code");
    assert_eq!(scene.upstream.redemptions(), 0);

    // And the other way round: an answer of Eve's for an attempt at Acme.
    let mut browser = scene.world.browser();
    let address = leave_for(&mut browser, &scene.client, &scene.connection).await;
    let answer = eve.grants(&address);
    is_refused(&scene.world, &mut browser, &answer, "response_issuer").await;
    assert_eq!(scene.upstream.redemptions(), 0);
}

/// The same, where neither provider says who it is. Eve, who looks after the provider of her organization, has begun a
/// sign-in of her own at the one that is everybody's, and gives its parameters to whoever comes to hers: with a code that
/// was given for them she would be Ada in her own browser. The naive implementation has one redirect URI for all, and
/// brings her the code.
async fn an_answer_for_another_provider_is_none_for_that_of_an_organization(engine: Engine) {
    let scene = Scene::set(engine).await;
    let eve = Upstream::start(json!({ "sub": "eve-there" })).await;
    eve.does_wrong(Fault::NamesNobody);
    let organization = scene.world.organization("Eve's").await;
    let adjust = |connection: &mut vestibule::store::connections::Connection| {
        connection.organization_id = Some(organization.clone());
    };
    let at_eve = scene.world.connection(&eve, &scene.client, adjust).await;
    scene.world.pass(1);
    let mut browser = scene.world.browser();
    let parameters = [("org_code", organization.as_str())];
    browser.open(&scene.client.authorize_url(&parameters)).await;
    let button = format!("button[value='{at_eve}']");
    browser.submit(&button, &[]).await;
    let address = browser.page().attribute("#continue", "href").unwrap();
    let mut asked: Url = address.parse().unwrap();
    let own = scene.world.url(&format!("/login/callback/{at_eve}"));
    let known = |(name, _): &(_, _)| *name == "redirect_uri";
    assert_eq!(asked.query_pairs().find(known).unwrap().1, own.as_str());
    // The provider that is everybody's knows one redirect URI of ours.
    let everybodys = scene.world.url("/login/callback");
    asked = without(asked.as_str(), "redirect_uri").parse().unwrap();
    asked
        .query_pairs_mut()
        .append_pair("redirect_uri", &everybodys);
    let answer = without(&scene.upstream.grants(&asked), "iss");
    is_refused(&scene.world, &mut browser, &answer, "response_issuer").await;
    assert_eq!(eve.redemptions(), 0, "Eve has seen the code");

    // An answer of her own arrives, and is redeemed.
    let mut browser = scene.world.browser();
    browser.open(&scene.client.authorize_url(&parameters)).await;
    browser.submit(&button, &[]).await;
    let address = browser.page().attribute("#continue", "href").unwrap();
    browser.open(&eve.grants(&address.parse().unwrap())).await;
    assert_eq!(eve.redemptions(), 1);
}

/// The naive implementation compares `iss` where there is one, and so is content when an attacker leaves it out
/// (RFC 9207 §2.4).
async fn an_answer_that_does_not_say_from_whom_it_comes_is_refused_where_one_was_promised(
    engine: Engine,
) {
    let scene = Scene::set(engine).await;
    let mut browser = scene.world.browser();
    let answer = scene.leave(&mut browser).await;
    let answer = without(&answer, "iss");
    is_refused(&scene.world, &mut browser, &answer, "response_issuer").await;
    assert_eq!(scene.upstream.redemptions(), 0);
}

/// Code injection and replay (RFC 9700 §4.5). Eve has got hold of an answer of Ada's, and puts its code into an answer
/// for an attempt of her own. The naive implementation, without PKCE and nonce, redeems it and signs Eve in as Ada.
/// One that keeps neither for the attempt alone does so when the code comes twice.
async fn a_code_of_somebody_else_signs_nobody_in(engine: Engine) {
    let scene = Scene::set(engine).await;
    let code = |answer: &str| {
        let url = Url::parse(answer).unwrap();
        let code = url.query_pairs().find(|(name, _)| name == "code");
        code.unwrap().1.into_owned()
    };
    let put = |answer: &str, code: &str| {
        let mut url = Url::parse(&without(answer, "code")).unwrap();
        url.query_pairs_mut().append_pair("code", code);
        String::from(url)
    };
    let mut adas = scene.world.browser();
    let stolen = scene.leave(&mut adas).await;
    let mut eves = scene.world.browser();
    let own = scene.leave(&mut eves).await;
    let injected = put(&own, &code(&stolen));
    is_refused(&scene.world, &mut eves, &injected, "code").await;
    // Her state is used up by then.
    let page = eves.open(&own).await;
    assert_eq!(page.status.as_u16(), 400, "{}", page.text("main"));

    let mut browser = scene.world.browser();
    let used = scene.leave(&mut browser).await;
    browser.open(&used).await;
    browser.arrived();
    let mut eves = scene.world.browser();
    let own = scene.leave(&mut eves).await;
    let page = eves.open(&put(&own, &code(&used))).await;
    assert_eq!(page.id(), "page-sign-in", "{}", page.text("main"));
    assert!(eves.try_arrived().is_none());
}

/// nOAuth. In a tenant of her own, Eve gives herself the address of Ada, who has an account here. The naive
/// implementation takes the claim `email` of Entra ID for proven, or reads `preferred_username`, and opens Ada's.
async fn an_address_that_a_foreign_tenant_claims_opens_nobodys_account(engine: Engine) {
    let world = World::federated(engine).await;
    let client = world.client().await;
    let upstream = Upstream::start(Value::Null).await;
    let settings = Settings::EntraId(EntraId {
        client: registration(),
        authority: Some(upstream.issuer.clone()),
        ..EntraId::default()
    });
    let connection = world.connection_to(settings, &client, |_| {}).await;
    world.pass(1);
    let ada = world.user("ada@acme.test", PASSWORD).await;
    let tenant = "66666666-2222-3333-4444-555555555555";
    let claims = async |said: Value| {
        let mut claims = json!({
            "iss": format!("{}/{tenant}/v2.0", upstream.issuer), "tid": tenant, "sub": "pairwise", "name": "Eve",
        });
        for (name, value) in said.as_object().unwrap() {
            claims[name] = value.clone();
        }
        upstream.states(claims);
        let mut browser = world.browser();
        let address = leave_for(&mut browser, &client, &connection).await;
        let answer = without(&upstream.grants(&address), "iss");
        browser.open(&answer).await;
        client.redeem(browser.arrived()).await.id_claims()
    };
    let address = "ada@acme.test";
    let eve = claims(json!({
        "oid": "99999999-2222-3333-4444-555555555555", "email": address, "preferred_username": address,
        "upn": address, "email_verified": true,
    }))
    .await;
    assert_ne!(eve["sub"], ada.as_str());
    assert_eq!(eve.get("email"), None);
    // The same address of which the tenant's domain is verified, as Entra ID itself says, leads to its account.
    let known = claims(json!({
        "oid": "88888888-2222-3333-4444-555555555555", "email": address, "xms_edov": true,
    }))
    .await;
    assert_eq!(known["sub"], ada.as_str());
}

/// Server-side request forgery. The naive implementation asks whatever address the metadata name, with our secret.
#[tokio::test]
async fn metadata_that_name_addresses_inside_lead_nowhere() {
    let scene = Scene::set(Engine::Sqlite).await;
    scene.upstream.does_wrong(Fault::KeysInside);
    let mut browser = scene.world.browser();
    browser.open(&scene.client.authorize_url(&[])).await;
    let page = browser.submit("button[name=connection_id]", &[]).await;
    assert_eq!(page.id(), "page-sign-in");
    let said = page.text(".alert");
    assert!(said.contains("can’t be reached"), "{said}");

    let scene = Scene::set(Engine::Sqlite).await;
    scene.upstream.does_wrong(Fault::TokensInside);
    let mut browser = scene.world.browser();
    let answer = scene.leave(&mut browser).await;
    is_refused(&scene.world, &mut browser, &answer, "code").await;
}
