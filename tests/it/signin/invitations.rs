//! Invitations: from the link in the mail into the organization.

use reqwest::StatusCode;
use serde_json::{Value, json};
use vestibule::directory::accounts::NewAccount;
use vestibule::federation::mapping::Attribute;
use vestibule::id::{OrganizationId, UserId};
use vestibule::store::assignments::{self, Source};
use vestibule::store::attribute_sources::{self, AttributeSource};
use vestibule::store::types::Text;
use vestibule::store::{memberships, organizations};

use crate::support::{Api, Browser, Engine, PASSWORD, Page, TestClient, World, on_each_engine};

on_each_engine! {
    somebody_new_registers_by_the_link_in_the_mail
    somebody_known_signs_in_and_goes_straight_there
    an_address_is_proven_before_its_invitation_is_accepted
    whoever_claims_an_invited_address_is_not_taken_for_who_is_invited
    of_two_accounts_that_have_the_link_only_the_invited_one_joins
    of_two_tabs_that_accept_one_does
    an_invitation_lets_register_where_self_sign_up_is_off
}

const ADDRESS: &str = "grace@example.test";

/// An organization whose editors may read reports, and one who invites.
struct Acme {
    world: World,
    api: Api,
    client: TestClient,
    id: OrganizationId,
}

impl Acme {
    async fn on(engine: Engine) -> Self {
        let world = World::on(engine).await;
        let read = world.permission("read:reports").await;
        world.role("editor", &[&read]).await;
        Self {
            id: world.organization("Acme").await,
            api: world.api().await,
            client: world.client().await,
            world,
        }
    }

    fn route(&self) -> String {
        format!("/organization/{}/invites", self.id)
    }

    /// Invites the address as an editor. Returns the code.
    async fn invite(&self, email: &str) -> String {
        let new = json!({ "email": email, "roles": ["editor"], "send_email": true });
        let made = self.api.post(&self.route(), new).await;
        made["invite"]["code"]
            .as_str()
            .expect("it has a code")
            .to_owned()
    }

    async fn shown(&self, code: &str) -> Value {
        self.api.get(&format!("{}/{code}", self.route())).await
    }

    /// Where the application starts a sign-in when it is told of an invitation.
    fn url(&self, code: &str, parameters: &[(&str, &str)]) -> String {
        let mut all = vec![("invitation_code", code), ("is_invitation", "true")];
        all.extend(parameters);
        self.client.authorize_url(&all)
    }

    async fn open(&self, code: &str) -> Browser {
        let mut browser = self.world.browser();
        browser.open(&self.url(code, &[])).await;
        browser
    }

    /// The claims of the tokens that a browser has brought to the application.
    async fn claims(&self, browser: &Browser) -> Value {
        self.client.redeem(browser.arrived()).await.access_claims()
    }

    /// That the tokens are of the organization, with what editors may there.
    async fn check_arrival(&self, browser: &Browser) -> Value {
        let claims = self.claims(browser).await;
        assert_eq!(claims["org_code"], self.id.as_str());
        assert_eq!(claims["permissions"], json!(["read:reports"]));
        claims
    }
}

/// The link in the last mail to an address.
fn link_for(world: &World, address: &str) -> String {
    let mails = world.mails_to(address);
    let mail = mails.last().expect("there is a mail");
    let link = mail
        .split_whitespace()
        .find(|word| word.contains("/team_invitation"));
    link.expect("there is a link").to_owned()
}

/// Registers on the page that is shown, where the address is settled.
async fn register(world: &World, browser: &mut Browser, address: &str) {
    let page = browser.page();
    assert_eq!(page.id(), "page-register");
    let email = "input[name='p_email']";
    assert_eq!(page.attribute(email, "value").as_deref(), Some(address));
    assert!(page.attribute(email, "readonly").is_some());
    let fields = [("p_first_name", "Grace"), ("p_last_name", "Hopper")];
    browser.press("register", &fields).await;
    browser.choose_password(PASSWORD).await;
    let code = world.code_for(address);
    browser.enter_code(&code).await;
}

async fn somebody_new_registers_by_the_link_in_the_mail(engine: Engine) {
    let acme = Acme::on(engine).await;
    let world = &acme.world;
    let code = acme.invite(ADDRESS).await;
    let mut browser = world.browser();
    browser.open(&link_for(world, ADDRESS)).await;
    let login = browser.arrived().clone();
    assert_eq!(
        login.as_str(),
        format!("https://app.example.test/login?invitation_code={code}&is_invitation=true")
    );

    let page = browser
        .open(&acme.url(&code, &[("prompt", "create")]))
        .await;
    assert!(page.text("main").contains("Acme"), "{}", page.text("main"));
    register(world, &mut browser, ADDRESS).await;
    let claims = acme.check_arrival(&browser).await;
    let subject = claims["sub"].as_str().expect("there is a subject");
    assert_eq!(
        world.audited(&code).await,
        [
            "invitation.accepted",
            "invitation.created",
            "invitation.sent"
        ]
    );
    assert_eq!(
        world.audited(subject).await,
        [
            "membership.created",
            "role.assigned",
            "user.created",
            "user.signed_in"
        ],
        "and no other organization was joined"
    );
    assert!(acme.shown(&code).await["accepted_on"].is_string());
    let user = UserId::parse(subject).expect("it is a user");
    let mut tx = world.app.db.read().await.unwrap();
    let held = assignments::list_roles(&mut tx, &acme.id, &user)
        .await
        .unwrap();
    drop(tx);
    assert_eq!(held[0].source.0, Source::Invitation);

    // The link is spent, but for who has joined by it.
    browser.open(&acme.url(&code, &[])).await;
    acme.check_arrival(&browser).await;
    let page = acme.open(&code).await.page().clone();
    assert_eq!(
        (page.id().as_str(), page.status),
        ("page-invitation", StatusCode::GONE)
    );
    let link = format!("/team_invitation?code={code}");
    let page = browser.open(&link).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(page.text(".lead").contains("accepted already"));
    assert!(page.has("a[href='https://app.example.test/login']"));
}

async fn somebody_known_signs_in_and_goes_straight_there(engine: Engine) {
    let acme = Acme::on(engine).await;
    let world = &acme.world;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let globex = world.organization("Globex").await;
    world.join(&ada, &globex).await;
    let code = acme.invite("Ada@example.test").await;
    let mut browser = acme.open(&code).await;
    assert!(browser.page().text("main").contains("Ada@example.test"));
    browser.press("sign-in", &[("p_password", PASSWORD)]).await;
    let claims = acme.check_arrival(&browser).await;
    assert_eq!(claims["sub"], ada.as_str());

    // Signed in before the link is opened, they are asked nothing at all.
    let globex_code = {
        let new = json!({ "email": "ada@example.test", "roles": [] });
        let third = world.organization("Third").await;
        let made = acme
            .api
            .post(&format!("/organization/{third}/invites"), new)
            .await;
        (
            third,
            made["invite"]["code"]
                .as_str()
                .expect("it has one")
                .to_owned(),
        )
    };
    let silent = [("prompt", "none")];
    browser.open(&acme.url(&globex_code.1, &silent)).await;
    assert!(
        browser
            .arrived()
            .as_str()
            .contains("error=interaction_required")
    );
    browser.open(&acme.url(&globex_code.1, &[])).await;
    let claims = acme.claims(&browser).await;
    assert_eq!(claims["org_code"], globex_code.0.as_str());
    browser.open(&acme.url(&globex_code.1, &silent)).await;
    assert_eq!(
        acme.claims(&browser).await["org_code"],
        globex_code.0.as_str()
    );
}

async fn an_address_is_proven_before_its_invitation_is_accepted(engine: Engine) {
    let acme = Acme::on(engine).await;
    let world = &acme.world;
    let new = NewAccount {
        email: Some(ADDRESS.to_owned()),
        ..NewAccount::default()
    };
    let grace = world.account(new, PASSWORD).await;
    let code = acme.invite(ADDRESS).await;
    let mut browser = acme.open(&code).await;
    browser.turn_to("sign_in").await;
    let page = browser.sign_in(ADDRESS, PASSWORD).await;
    assert_eq!(page.id(), "page-invitation");
    assert!(
        page.text(".lead").contains(ADDRESS),
        "{}",
        page.text("main")
    );
    assert_eq!(acme.shown(&code).await["accepted_on"], Value::Null);

    let page = browser.press("accept-invitation", &[]).await;
    assert_eq!(
        page.attribute("input[name='p_email']", "value").as_deref(),
        Some(ADDRESS)
    );
    browser.submit("button[type='submit']", &[]).await;
    let mailed = world.code_for(ADDRESS);
    browser.enter_code(&mailed).await;
    browser.choose_password("nine copper kettles whistle").await;
    let claims = acme.check_arrival(&browser).await;
    assert_eq!(claims["sub"], grace.as_str());
}

async fn whoever_claims_an_invited_address_is_not_taken_for_who_is_invited(engine: Engine) {
    let acme = Acme::on(engine).await;
    let world = &acme.world;
    let new = NewAccount {
        email: Some(ADDRESS.to_owned()),
        ..NewAccount::default()
    };
    let claimant = world.account(new, PASSWORD).await;
    // Nobody but the claimant says that the address is theirs.
    let own = AttributeSource {
        attribute: Text(Attribute::Email),
        source: Text(attribute_sources::Source::User),
        connection_id: None,
        claim: None,
        previous: None,
        written_at: world.now(),
    };
    let mut tx = world.write().await;
    attribute_sources::put(&mut tx, &claimant, &own)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let code = acme.invite(ADDRESS).await;
    // The invited person has no account, and is told of none.
    let mut browser = acme.open(&code).await;
    register(world, &mut browser, ADDRESS).await;
    let claims = acme.check_arrival(&browser).await;
    assert_ne!(claims["sub"], claimant.as_str());
    let mut tx = world.app.db.read().await.unwrap();
    let joined = memberships::find(&mut tx, &acme.id, &claimant).await;
    assert!(joined.unwrap().is_none());
}

async fn of_two_accounts_that_have_the_link_only_the_invited_one_joins(engine: Engine) {
    let acme = Acme::on(engine).await;
    let world = &acme.world;
    let ada = world.user("ada@example.test", PASSWORD).await;
    let code = acme.invite(ADDRESS).await;
    let (mut browser, _) = world.signed_in(&acme.client, "ada@example.test").await;
    let page = browser.open(&acme.url(&code, &[])).await;
    assert_eq!(
        (page.id().as_str(), page.status),
        ("page-invitation", StatusCode::OK)
    );
    let said = page.text(".lead");
    assert!(
        said.contains(ADDRESS) && said.contains("ada@example.test"),
        "{said}"
    );

    // Ada goes on without it, and stays what she is.
    let mut tab = browser.tab();
    tab.submit("#decline-invitation", &[]).await;
    let claims = acme.claims(&tab).await;
    assert_eq!(
        claims["org_code"],
        world.default_organization().await.as_str()
    );

    // Or lets Grace sit down, who has no account yet.
    browser.open(&acme.url(&code, &[])).await;
    browser.press("accept-invitation", &[]).await;
    register(world, &mut browser, ADDRESS).await;
    acme.check_arrival(&browser).await;
    let mut tx = world.app.db.read().await.unwrap();
    assert!(
        memberships::find(&mut tx, &acme.id, &ada)
            .await
            .unwrap()
            .is_none()
    );
}

async fn of_two_tabs_that_accept_one_does(engine: Engine) {
    let acme = Acme::on(engine).await;
    let world = &acme.world;
    world.user(ADDRESS, PASSWORD).await;
    let (browser, _) = world.signed_in(&acme.client, ADDRESS).await;
    let code = acme.invite(ADDRESS).await;
    let url = acme.url(&code, &[]);
    let mut tabs: Vec<Browser> = (0..6).map(|_| browser.tab()).collect();
    let mut running = tokio::task::JoinSet::new();
    for mut tab in tabs.drain(..) {
        let url = url.clone();
        running.spawn(async move {
            tab.open(&url).await;
            tab
        });
    }
    for tab in running.join_all().await {
        acme.check_arrival(&tab).await;
    }
    let accepted = world.audited(&code).await;
    let accepted = accepted
        .iter()
        .filter(|action| *action == "invitation.accepted");
    assert_eq!(accepted.count(), 1);
}

async fn an_invitation_lets_register_where_self_sign_up_is_off(engine: Engine) {
    let acme = Acme::on(engine).await;
    let world = &acme.world;
    world.allow_sign_up(false).await;
    let code = acme.invite(ADDRESS).await;
    let mut browser = acme.open(&code).await;
    // Whatever the browser sends, nobody else registers by it.
    let fields = [("p_first_name", "Eve"), ("p_email", "eve@example.test")];
    let page = browser.press("register", &fields).await;
    assert_eq!(page.id(), "page-choose-password");
    assert!(page.text("main").contains(ADDRESS));
    browser.choose_password(PASSWORD).await;
    assert!(world.mails_to("eve@example.test").is_empty());
    let mailed = world.code_for(ADDRESS);

    // Withdrawn in the last moment, it makes no account.
    acme.api.delete(&format!("{}/{code}", acme.route())).await;
    let page = browser.enter_code(&mailed).await;
    assert_eq!(page.id(), "page-invitation");
    assert!(page.text(".lead").contains("withdrawn"));
    let page = browser.submit("#decline-invitation", &[]).await;
    assert_eq!(page.id(), "page-registration-closed");

    let code = acme.invite(ADDRESS).await;
    let mut browser = acme.open(&code).await;
    register(world, &mut browser, ADDRESS).await;
    acme.check_arrival(&browser).await;
}

#[tokio::test]
async fn what_can_not_be_accepted_is_said_so_at_the_link_and_in_the_application() {
    let acme = Acme::on(Engine::Sqlite).await;
    let ended = acme.invite(ADDRESS).await;
    acme.world.pass(14 * 86400);
    // The token that invited has expired as well.
    let acme = Acme {
        api: acme.world.api().await,
        ..acme
    };
    let world = &acme.world;
    let withdrawn = acme.invite("ada@example.test").await;
    acme.api
        .delete(&format!("{}/{withdrawn}", acme.route()))
        .await;
    for (code, status, said) in [
        (ended.as_str(), StatusCode::GONE, "expired"),
        (&withdrawn, StatusCode::GONE, "withdrawn"),
        (
            "inv_00000000000000000000000000000000",
            StatusCode::NOT_FOUND,
            "don’t know",
        ),
        ("nothing", StatusCode::NOT_FOUND, "don’t know"),
    ] {
        let mut browser = world.browser();
        let link = format!("/team_invitation?code={code}");
        let check = |page: &Page| {
            assert_eq!(
                (page.id().as_str(), page.status),
                ("page-invitation", status),
                "{code}"
            );
            assert!(
                page.text(".lead").contains(said),
                "{code}: {}",
                page.text("main")
            );
        };
        check(browser.open(&link).await);
        check(browser.open(&acme.url(code, &[])).await);
        let page = browser.submit("#decline-invitation", &[]).await;
        assert_eq!(page.id(), "page-sign-in");
    }
}

#[tokio::test]
async fn a_suspended_organization_takes_nobody_in() {
    let acme = Acme::on(Engine::Sqlite).await;
    let world = &acme.world;
    world.user(ADDRESS, PASSWORD).await;
    let code = acme.invite(ADDRESS).await;
    let mut browser = acme.open(&code).await;
    suspend(world, &acme.id, true).await;
    let page = browser.press("sign-in", &[("p_password", PASSWORD)]).await;
    assert_eq!(
        (page.id().as_str(), page.status),
        ("page-invitation", StatusCode::FORBIDDEN)
    );
    assert!(page.text(".lead").contains("suspended"));
    assert_eq!(acme.shown(&code).await["accepted_on"], Value::Null);

    // It resumes, and so does the invitation.
    suspend(world, &acme.id, false).await;
    browser.reload().await;
    acme.check_arrival(&browser).await;
}

async fn suspend(world: &World, id: &OrganizationId, is_suspended: bool) {
    let mut tx = world.write().await;
    let found = organizations::find(&mut tx, id).await.unwrap();
    let mut organization = found.expect("it is there");
    organization.suspended_at = is_suspended.then(|| world.now());
    organizations::upsert(&mut tx, &organization).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn who_was_removed_does_not_come_back_by_the_spent_invitation() {
    let acme = Acme::on(Engine::Sqlite).await;
    let world = &acme.world;
    let grace = world.user(ADDRESS, PASSWORD).await;
    let code = acme.invite(ADDRESS).await;
    let mut browser = acme.open(&code).await;
    browser.press("sign-in", &[("p_password", PASSWORD)]).await;
    acme.check_arrival(&browser).await;
    world.leave(&grace, &acme.id).await;
    let page = browser.open(&acme.url(&code, &[])).await;
    assert_eq!(page.id(), "page-organization-closed");
}

#[tokio::test]
async fn where_no_application_starts_sign_ins_the_link_leads_to_one_of_ours() {
    let acme = Acme::on(Engine::Sqlite).await;
    let world = &acme.world;
    let code = acme.invite(ADDRESS).await;
    let link = link_for(world, ADDRESS);
    world
        .change(&acme.client, |client| client.login_uri = None)
        .await;

    let mut other = world.browser();
    other.open(&link).await;
    let page = other.press("cancel", &[]).await;
    assert_eq!(
        page.id(),
        "page-home",
        "whoever turns back is not sent to an application"
    );

    let mut browser = world.browser();
    browser.open(&link).await;
    register(world, &mut browser, ADDRESS).await;
    let page = browser.page();
    assert_eq!(page.id(), "page-home");
    assert!(page.text("main").contains("Grace Hopper"));
    assert!(acme.shown(&code).await["accepted_on"].is_string());
    // They are signed in, and the application gets them without a question.
    let silent = acme.client.authorize_url(&[("prompt", "none")]);
    browser.open(&silent).await;
    acme.check_arrival(&browser).await;

    world
        .change(&acme.client, |client| {
            client.disabled_at = Some(client.created_at);
        })
        .await;
    acme.invite("ada@example.test").await;
    let page = other.open(&link_for(world, "ada@example.test")).await;
    assert_eq!(page.id(), "page-invitation");
    assert!(page.text(".lead").contains("no application"));
}
