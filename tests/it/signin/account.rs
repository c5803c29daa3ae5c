//! The page of one's account: ways to sign in linked and removed, the profile and who keeps it as it is.

use serde_json::{Value, json};
use vestibule::directory::accounts::NewAccount;
use vestibule::federation::mapping::{Attribute, Mode};
use vestibule::id::UserId;
use vestibule::store::upstream_identities::{self, UpstreamIdentity};

use super::upstream::Scene;
use crate::support::{Browser, Engine, PASSWORD, Page, on_each_engine};

on_each_engine! {
    an_identity_is_linked_and_signed_in_with
    whoever_proved_it_long_ago_proves_it_anew
    who_has_no_password_proves_it_where_they_sign_in
    an_identity_of_somebody_else_is_refused
    a_link_is_made_in_its_browser_and_its_session_alone
    what_an_owner_ends_by_a_new_password_links_nothing
    the_last_way_in_stays
    a_profile_says_where_it_comes_from_and_who_keeps_it
}

const ADDRESS: &str = "grace@example.test";

/// What the upstream says of Ada, who has just signed in there.
fn ada(scene: &Scene) -> Value {
    json!({
        "sub": "ada-there", "email": "ada@acme.test", "email_verified": true,
        "given_name": "Ada", "family_name": "Byron", "auth_time": scene.world.now(),
    })
}

/// A browser in which Grace is signed in, who has a password.
async fn grace(scene: &Scene) -> (UserId, Browser) {
    let user = scene.world.user(ADDRESS, PASSWORD).await;
    let (browser, _) = scene.world.signed_in(&scene.client, ADDRESS).await;
    (user, browser)
}

/// Goes on from a page of ours to the upstream. Returns where its answer goes.
fn over(scene: &Scene, page: &Page) -> String {
    assert_eq!(page.id(), "page-leaving", "{}", page.text("main"));
    let address = page.attribute("#continue", "href").unwrap();
    assert!(address.contains("prompt=login"), "{address}");
    scene.upstream.grants(&address.parse().unwrap())
}

/// Begins to link an identity. Returns where the answer of the upstream goes.
async fn begin_to_link(scene: &Scene, browser: &mut Browser) -> String {
    let page = browser.open("/account/link").await;
    assert_eq!(page.id(), "page-link", "{}", page.text("main"));
    let page = browser.submit("button[name=connection_id]", &[]).await;
    over(scene, page)
}

async fn linked(scene: &Scene, user: &UserId) -> Vec<UpstreamIdentity> {
    let mut tx = scene.world.app.db.read().await.unwrap();
    let all = upstream_identities::list_for_user(&mut tx, user).await;
    all.unwrap()
}

async fn an_identity_is_linked_and_signed_in_with(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (user, mut browser) = grace(&scene).await;
    scene.upstream.states(ada(&scene));
    let page = browser.open("/account").await;
    assert_eq!(page.id(), "page-account");
    assert!(
        page.text("#ways").contains("Used once"),
        "{}",
        page.text("#ways")
    );
    let answer = begin_to_link(&scene, &mut browser).await;
    let page = browser.open(&answer).await;
    assert_eq!(page.id(), "page-account", "{}", page.text("main"));
    assert!(page.text("[role=status]").contains("is linked"));
    assert!(
        page.text("#ways").contains("Acme"),
        "{}",
        page.text("#ways")
    );

    let all = linked(&scene, &user).await;
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].subject.as_deref(), Some("ada-there"));
    let evidence = &all[0].evidence.0;
    assert_eq!(evidence.rule, "asked");
    assert_eq!(evidence.actor.as_deref(), Some(user.as_str()));
    let audited = scene.world.audited(user.as_str()).await;
    assert!(
        audited.contains(&"identity.created".to_owned()),
        "{audited:?}"
    );
    // The answer is good once.
    let page = browser.open(&answer).await;
    assert_eq!(page.status.as_u16(), 400);
    assert_eq!(scene.claims().await["sub"], user.as_str());
    let page = browser
        .open(&format!("/account/identities/{}", all[0].id))
        .await;
    assert!(
        page.text("main").contains("linked it yourself"),
        "{}",
        page.text("main")
    );
}

async fn whoever_proved_it_long_ago_proves_it_anew(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (user, mut browser) = grace(&scene).await;
    scene.world.pass(601);
    scene.upstream.states(ada(&scene));
    // Whoever finds the browser open sees the account, and changes nothing of it.
    let page = browser.open("/account").await;
    assert_eq!(page.id(), "page-account");
    let way = page.attribute("#ways a", "href").unwrap();
    for address in ["/account/link", "/account/name", way.as_str()] {
        let page = browser.open(address).await;
        assert_eq!(page.id(), "page-confirm", "{address}");
        let page = browser.press("confirm", &[("p_password", "a guess")]).await;
        assert_eq!(page.status.as_u16(), 422);
        assert!(page.problems().contains("isn’t your current password"));
        let page = browser.press("cancel", &[]).await;
        assert_eq!(page.id(), "page-account");
    }
    let audited = scene.world.audited(user.as_str()).await;
    assert!(
        audited.contains(&"user.confirmation_failed".to_owned()),
        "{audited:?}"
    );
    let before = browser.cookie("vestibule_session");
    browser.open("/account/link").await;
    let page = browser.press("confirm", &[("p_password", PASSWORD)]).await;
    assert_eq!(page.id(), "page-link", "{}", page.text("main"));
    assert_ne!(browser.cookie("vestibule_session"), before);
    // A page that was left open too long asks on the way, and the way goes on.
    scene.world.pass(601);
    scene.upstream.states(ada(&scene));
    let page = browser.submit("button[name=connection_id]", &[]).await;
    assert_eq!(page.id(), "page-confirm");
    let page = browser.press("confirm", &[("p_password", PASSWORD)]).await;
    let answer = over(&scene, page);
    browser.open(&answer).await;
    assert_eq!(linked(&scene, &user).await.len(), 1);
}

async fn who_has_no_password_proves_it_where_they_sign_in(engine: Engine) {
    let scene = Scene::set(engine).await;
    let mut browser = scene.sign_in().await;
    scene.world.pass(601);
    let page = browser.open("/account/name").await;
    assert_eq!(page.id(), "page-confirm");
    assert!(!page.has("#confirm"), "there is no password");
    // Somebody else who is signed in there proves nothing, and gets no account by it.
    let mut eve = ada(&scene);
    eve["sub"] = json!("eve-there");
    eve["email"] = json!("eve@acme.test");
    scene.upstream.states(eve);
    let page = browser.submit("button[name=connection_id]", &[]).await;
    let answer = over(&scene, page);
    let page = browser.open(&answer).await;
    assert_eq!(page.id(), "page-confirm");
    assert!(
        page.text(".alert").contains("somebody else"),
        "{}",
        page.text("main")
    );
    let mut tx = scene.world.app.db.read().await.unwrap();
    let (users,): (i64,) = tx.one("SELECT COUNT(*) FROM users", ()).await.unwrap();
    assert_eq!(users, 1);
    drop(tx);
    // Nor does it prove anything that they signed in there long ago.
    let mut stale = ada(&scene);
    stale["auth_time"] = json!(scene.world.now().as_i64() - 600);
    scene.upstream.states(stale);
    let page = browser.submit("button[name=connection_id]", &[]).await;
    let answer = over(&scene, page);
    assert_eq!(browser.open(&answer).await.id(), "page-confirm");
    scene.upstream.states(ada(&scene));
    let mut tab = browser.tab();
    let page = browser.submit("button[name=connection_id]", &[]).await;
    let answer = over(&scene, page);
    let page = tab.submit("button[name=connection_id]", &[]).await;
    let second = over(&scene, page);
    let page = browser.open(&answer).await;
    assert_eq!(page.id(), "page-name", "{}", page.text("main"));
    // A second proof, of somebody else, links nothing to the account.
    let mut eve = ada(&scene);
    eve["sub"] = json!("eve-there");
    scene.upstream.states(eve);
    tab.open(&second).await;
    let mut tx = scene.world.app.db.read().await.unwrap();
    let (links,): (i64,) = tx
        .one("SELECT COUNT(*) FROM upstream_identities", ())
        .await
        .unwrap();
    assert_eq!(links, 1);
}

async fn an_identity_of_somebody_else_is_refused(engine: Engine) {
    let scene = Scene::set(engine).await;
    let ada_here = scene.claims().await;
    let (user, mut browser) = grace(&scene).await;
    let answer = begin_to_link(&scene, &mut browser).await;
    let page = browser.open(&answer).await;
    assert_eq!(page.id(), "page-not-linked");
    assert!(
        page.text(".alert").contains("belongs to another account"),
        "{}",
        page.text("main")
    );
    assert!(linked(&scene, &user).await.is_empty());
    // With another one it goes on.
    let mut other = ada(&scene);
    other["sub"] = json!("grace-there");
    scene.upstream.states(other);
    let page = browser.press("link-again", &[]).await;
    let answer = over(&scene, page);
    assert_eq!(browser.open(&answer).await.id(), "page-account");
    assert_eq!(linked(&scene, &user).await.len(), 1);
    scene.upstream.states(ada(&scene));
    assert_eq!(scene.claims().await["sub"], ada_here["sub"]);
}

/// The naive page links whatever comes back to whoever is signed in: Eve has her answer opened by Grace, and enters
/// Grace's account by it from then on.
async fn a_link_is_made_in_its_browser_and_its_session_alone(engine: Engine) {
    let scene = Scene::set(engine).await;
    let (user, mut browser) = grace(&scene).await;
    let eve = scene.world.user("eve@example.test", PASSWORD).await;
    let (mut eves, _) = scene
        .world
        .signed_in(&scene.client, "eve@example.test")
        .await;
    scene.upstream.states(ada(&scene));
    let answer = begin_to_link(&scene, &mut eves).await;
    let page = browser.open(&answer).await;
    assert_eq!(page.status.as_u16(), 400, "{}", page.text("main"));
    // Another site's form begins nothing, and changes nothing.
    let connection = scene.connection.to_string();
    browser.open("/account").await;
    let way = browser.page().attribute("#ways a", "href").unwrap();
    for path in [
        "/account/link",
        "/account/name",
        &format!("{way}/primary"),
        &format!("{way}/remove"),
    ] {
        let fields = [("connection_id", connection.as_str())];
        let page = browser.post(path, &fields).await;
        assert_eq!(page.status.as_u16(), 403, "{path}: {}", page.text("main"));
    }
    // In Eve's browser Grace has signed in meanwhile.
    eves.open("/logout").await;
    eves.press("confirm-logout", &[]).await;
    eves.open(&scene.client.authorize_url(&[])).await;
    eves.sign_in(ADDRESS, PASSWORD).await;
    eves.open(&answer).await;
    assert!(linked(&scene, &user).await.is_empty());
    assert!(linked(&scene, &eve).await.is_empty());
}

/// An unexpired change: Eve is in the account that the business made for Grace, and has begun to link an identity of
/// hers. The naive page links it after Grace has come, and taken Eve's password and session from her.
async fn what_an_owner_ends_by_a_new_password_links_nothing(engine: Engine) {
    let scene = Scene::set(engine).await;
    let new = NewAccount {
        email: Some(ADDRESS.to_owned()),
        ..NewAccount::default()
    };
    let user = scene.world.account(new, PASSWORD).await;
    let (mut eves, _) = scene.world.signed_in(&scene.client, ADDRESS).await;
    scene.upstream.states(ada(&scene));
    let answer = begin_to_link(&scene, &mut eves).await;

    let mut owner = scene.world.browser();
    owner.open(&scene.client.authorize_url(&[])).await;
    owner.press("sign-in", &[("p_email", ADDRESS)]).await;
    owner.turn_to("forgot_password").await;
    owner.press("send-code", &[("p_email", ADDRESS)]).await;
    owner.enter_code(&scene.world.code_for(ADDRESS)).await;
    owner.choose_password("four copper kettles hum").await;
    owner.arrived();

    eves.open(&answer).await;
    assert!(linked(&scene, &user).await.is_empty());
    assert_ne!(scene.claims().await["sub"], user.as_str());
}

async fn the_last_way_in_stays(engine: Engine) {
    let scene = Scene::set(engine).await;
    // Ada came from upstream; without it, her address is the only way left.
    let mut browser = scene.sign_in().await;
    let subject = scene.client.redeem(browser.arrived()).await.id_claims();
    let user = UserId::parse(subject["sub"].as_str().unwrap()).unwrap();
    let page = browser.open("/account").await;
    let ways = page.text("#ways");
    assert!(ways.contains("ada@acme.test"), "{ways}");
    let upstream = linked(&scene, &user).await.remove(0).id;
    let route = format!("/account/identities/{upstream}");
    let page = browser.open(&route).await;
    assert!(
        page.text("#last-but-one").contains("ada@acme.test (Email)"),
        "{}",
        page.text("main")
    );
    let mut tab = browser.tab();
    browser.press("remove", &[]).await;
    assert!(browser.page().text("[role=status]").contains("is removed"));
    assert!(linked(&scene, &user).await.is_empty());
    let page = tab.press("remove", &[]).await;
    assert_eq!(page.status.as_u16(), 404, "it is gone");
    // The address that remains can't be removed, whatever is posted.
    let page = browser.open("/account").await;
    let last = page.attribute("#ways a", "href").unwrap();
    let page = browser.open(&last).await;
    assert!(!page.has("#remove"));
    assert!(page.text("#last").contains("only way to sign in"));
    let csrf = csrf(&mut browser).await;
    let page = browser
        .post(&format!("{last}/remove"), &[("csrf", &csrf)])
        .await;
    assert_eq!(page.status.as_u16(), 422);
    assert!(page.text("[role=alert]").contains("only way to sign in"));
    // And nobody removes what is somebody else's.
    let (_, mut others) = grace(&scene).await;
    let csrf = self::csrf(&mut others).await;
    assert_eq!(others.open(&last).await.status.as_u16(), 404);
    let page = others
        .post(&format!("{last}/remove"), &[("csrf", &csrf)])
        .await;
    assert_eq!(page.status.as_u16(), 404);
}

/// The token of the forms in that browser.
async fn csrf(browser: &mut Browser) -> String {
    let page = browser.open("/account/password").await;
    page.attribute("input[name=csrf]", "value").unwrap()
}

async fn a_profile_says_where_it_comes_from_and_who_keeps_it(engine: Engine) {
    let scene = Scene::set_with(engine, |connection| {
        let rules = &mut connection.mapping.0.0;
        rules.get_mut(&Attribute::FamilyName).unwrap().mode = Mode::FollowUnlessEdited;
    })
    .await;
    let mut browser = scene.sign_in().await;
    let page = browser.open("/account").await;
    let profile = page.text("#profile");
    let expected =
        "First name Ada Acme says so, each time you sign in there. Please change it there.";
    assert!(profile.contains(expected), "{profile}");
    assert!(profile.contains("Last name Byron From Acme"), "{profile}");
    assert!(page.text("#records").contains("First name: nothing → Ada"));

    browser.open("/account/name").await;
    assert!(browser.page().has("#first-name[readonly]"));
    let fields = [("p_first_name", "Augusta"), ("p_last_name", "King")];
    let page = browser.press("save-name", &fields).await;
    assert_eq!(page.status.as_u16(), 422);
    assert!(
        page.problems().contains("Acme says so"),
        "{}",
        page.problems()
    );
    let fields = [("p_first_name", "Ada"), ("p_last_name", "King")];
    let page = browser.press("save-name", &fields).await;
    assert!(page.text("[role=status]").contains("has been changed"));
    assert!(
        page.text("#profile")
            .contains("Last name King Entered by you")
    );

    scene.upstream.states(json!({
        "sub": "ada-there", "email": "ada@acme.test", "email_verified": true,
        "given_name": "Augusta", "family_name": "Gordon",
    }));
    scene.world.pass(1);
    let mut browser = scene.sign_in().await;
    let page = browser.open("/account").await;
    let records = page.text("#records");
    assert!(records.contains("First name: Ada → Augusta"), "{records}");
    assert!(
        records.contains("Last name stayed as it is, because it was changed here"),
        "{records}"
    );
    assert!(
        page.text("#profile")
            .contains("Last name King Entered by you")
    );
}

#[tokio::test]
async fn whoever_is_not_signed_in_sees_no_account() {
    let scene = Scene::set(Engine::Sqlite).await;
    for address in ["/account", "/account/link", "/account/name"] {
        let mut browser = scene.world.browser();
        assert_eq!(browser.open(address).await.id(), "page-home", "{address}");
    }
}
