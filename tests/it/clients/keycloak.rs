//! Keycloak as the upstream, end to end: people sign in at its pages, an administrator changes them there.

use serde_json::{Value, json};
use vestibule::id::UserId;

use crate::support::{
    Api, Browser, Keycloak, PASSWORD, Realm, TestClient, Tokens, World, somebody,
};

/// A realm that a client offers.
struct Scene {
    world: World,
    api: Api,
    client: TestClient,
    realm: Realm,
    connection: String,
    /// Whose connection it is; empty when it is shared.
    organization: String,
}

impl Scene {
    /// With Ada in the realm, and a connection that the management API makes.
    async fn set(realm: &str, members: Value) -> Self {
        Self::set_with(
            realm,
            members,
            async |_, options| json!({ "options": options }),
        )
        .await
    }

    /// The same, with a connection of these members.
    async fn set_with(
        realm: &str,
        ada: Value,
        connection: impl AsyncFnOnce(&World, Value) -> Value,
    ) -> Self {
        let keycloak = Keycloak::shared().await;
        let world = World::of_today().await;
        let users = json!([somebody("ada", ada)]);
        let realm = keycloak.realm(realm, &world, users).await;
        let (api, client) = (world.api().await, world.client().await);
        let mut new = connection(&world, realm.options()).await;
        new["name"] = json!("acme");
        new["display_name"] = json!("Acme");
        new["strategy"] = json!("oidc");
        new["enabled_applications"] = json!([client.id]);
        let organization = new["organization_code"].as_str().unwrap_or_default();
        let organization = organization.to_owned();
        let made = api.post("/connections", new).await;
        let connection = made["connection"]["id"].as_str().unwrap().to_owned();
        Self {
            world,
            api,
            client,
            realm,
            connection,
            organization,
        }
    }

    /// Goes to the login page of the realm. Returns our browser, and the one there.
    async fn leave(&self) -> (Browser, Browser) {
        self.world.catch_up();
        let mut browser = self.world.browser();
        let parameters = [("org_code", self.organization.as_str())];
        browser.open(&self.client.authorize_url(&parameters)).await;
        browser.submit("button[name=connection_id]", &[]).await;
        let address = browser.page().attribute("#continue", "href").unwrap();
        let mut there = self.realm.browser();
        there.open(&address).await;
        (browser, there)
    }

    async fn sign_in(&self) -> Tokens {
        let (mut browser, mut there) = self.leave().await;
        log_in(&mut there).await;
        browser.open(there.arrived().as_str()).await;
        self.client.redeem(browser.arrived()).await
    }

    async fn claims(&self) -> Value {
        self.sign_in().await.id_claims()
    }

    /// A user as the management API shows them, but for when they were here.
    async fn shown(&self, claims: &Value) -> Value {
        let subject = claims["sub"].as_str().unwrap();
        let mut user = self.api.get(&format!("/user?id={subject}")).await;
        let members = user.as_object_mut().unwrap();
        let visits = [
            "last_organization_sign_ins",
            "last_signed_in",
            "total_sign_ins",
        ];
        members.retain(|name, _| !visits.contains(&name.as_str()));
        user
    }
}

/// Fills in Keycloak's form.
async fn log_in(there: &mut Browser) {
    let fields = [("username", "ada"), ("password", PASSWORD)];
    there.submit("#kc-login", &fields).await;
}

#[tokio::test]
#[ignore = "needs keycloak"]
async fn keycloak_is_tried_out_and_whoever_it_knows_gets_an_account() {
    let scene = Scene::set("newcomers", json!({})).await;
    let route = format!("/connections/{}/test", scene.connection);
    let tried = scene.api.call("POST", &route, None).await.body;
    assert_eq!(tried["test"]["is_successful"], true, "{tried:#}");
    let claims = scene.claims().await;
    assert_eq!(claims["email"], "ada@acme.test");
    assert_eq!(claims["email_verified"], true);
    assert_eq!(claims["given_name"], "Ada");
    assert_eq!(claims["family_name"], "Byron");
    assert_eq!(claims["amr"], json!(["fed"]));
    assert_eq!(scene.claims().await["sub"], claims["sub"]);
    let route = format!("/users/{}/identities", claims["sub"].as_str().unwrap());
    let listed = scene.api.get(&route).await;
    let all = listed["identities"].as_array().unwrap();
    let there = all.iter().find(|one| one["type"] == "oidc").unwrap();
    assert_eq!(there["total_logins"], 2, "{listed:#}");
}

#[tokio::test]
#[ignore = "needs keycloak"]
async fn a_profile_follows_keycloak_and_stays_where_sync_is_off() {
    let scene = Scene::set("profiles", json!({})).await;
    let first = scene.claims().await;
    let renamed = json!({ "firstName": "Augusta", "lastName": "King", "email": "king@acme.test" });
    scene.realm.change("ada", renamed).await;
    let second = scene.claims().await;
    assert_eq!(second["sub"], first["sub"]);
    assert_eq!(second["given_name"], "Augusta");
    assert_eq!(second["family_name"], "King");
    assert_eq!(second["email"], "king@acme.test");
    assert_eq!(second["email_verified"], true);

    let before = scene.shown(&second).await;
    let off = json!({ "options": { "is_sync_user_profile_on_login": false } });
    let route = format!("/connections/{}", scene.connection);
    scene.api.patch(&route, off).await;
    let renamed = json!({ "firstName": "Eve", "lastName": "Evil", "email": "eve@acme.test" });
    scene.realm.change("ada", renamed).await;
    let third = scene.claims().await;
    assert_eq!(third["sub"], first["sub"]);
    assert_eq!(third["given_name"], "Augusta");
    let after = scene.shown(&third).await;
    assert_eq!(after.to_string(), before.to_string());
}

#[tokio::test]
#[ignore = "needs keycloak"]
async fn an_address_that_changes_at_keycloak_changes_here_unless_it_is_somebody_elses() {
    let scene = Scene::set("addresses", json!({})).await;
    let first = scene.claims().await;
    let bob = scene.world.user("bob@acme.test", PASSWORD).await;
    for (address, expected) in [
        ("countess@acme.test", "countess@acme.test"),
        ("bob@acme.test", "countess@acme.test"),
        ("king@acme.test", "king@acme.test"),
    ] {
        let change = json!({ "email": address, "firstName": address });
        scene.realm.change("ada", change).await;
        let claims = scene.claims().await;
        assert_eq!(claims["sub"], first["sub"]);
        assert_eq!(claims["email"], expected);
        // A conflict of one attribute keeps nothing else from following.
        assert_eq!(claims["given_name"], address);
    }
    let route = format!("/users/{}/sync_records", first["sub"].as_str().unwrap());
    let records = scene.api.get(&route).await;
    let kept = &records["sync_records"][1]["kept"];
    let conflict = json!({ "attribute": "email", "why": "taken", "is_conflict": true });
    let kept = kept.as_array().unwrap();
    assert!(kept.contains(&conflict), "{records:#}");
    let bob = scene.api.get(&format!("/user?id={bob}")).await;
    assert_eq!(bob["preferred_email"], "bob@acme.test");
}

#[tokio::test]
#[ignore = "needs keycloak"]
async fn a_group_that_is_left_at_keycloak_takes_its_role_along_and_no_other() {
    let scene = Scene::set_with(
        "groups",
        json!({ "groups": ["/staff", "/clerks"] }),
        async |world, mut options| {
            let acme = world.organization("Acme").await;
            for key in ["read:reports", "write:reports"] {
                let permission = world.permission(key).await;
                world.role(&key.replace(':', "-"), &[&permission]).await;
            }
            options["group_roles"] = json!([{ "group": "staff", "role": "read-reports" }]);
            options["is_auto_join_organization_enabled"] = json!(true);
            json!({ "options": options, "organization_code": acme })
        },
    )
    .await;
    let tokens = scene.sign_in().await;
    let claims = tokens.access_claims();
    assert_eq!(claims["permissions"], json!(["read:reports"]), "{claims:#}");
    let user = UserId::parse(claims["sub"].as_str().unwrap()).unwrap();
    let organization = scene.organization.as_str();
    assert_eq!(claims["org_code"], organization);
    let roles = scene.api.get("/roles").await;
    let roles = roles["roles"].as_array().unwrap();
    let writer = roles.iter().find(|role| role["key"] == "write-reports");
    let by_hand = json!({ "role_id": writer.unwrap()["id"] });
    let route = format!("/organizations/{organization}/users/{user}/roles");
    scene.api.post(&route, by_hand).await;

    scene.realm.leave("ada", "staff").await;
    let claims = scene.sign_in().await.access_claims();
    assert_eq!(claims["permissions"], json!(["write:reports"]));
    assert_eq!(claims["org_code"], organization);
}

#[tokio::test]
#[ignore = "needs keycloak"]
async fn a_new_key_of_keycloak_is_found() {
    let scene = Scene::set("keys", json!({})).await;
    let first = scene.claims().await;
    scene.realm.rotate().await;
    // Keys are read anew once a minute at most.
    scene.world.catch_up();
    scene.world.pass(60);
    assert_eq!(scene.claims().await["sub"], first["sub"]);
}

#[tokio::test]
#[ignore = "needs keycloak"]
async fn who_is_turned_away_at_keycloak_finds_another_way_in() {
    let scene = Scene::set("refusals", json!({})).await;
    scene.world.user("bob@example.test", PASSWORD).await;
    scene.realm.asks_for_consent().await;
    let (mut browser, mut there) = scene.leave().await;
    log_in(&mut there).await;
    there.submit("#kc-cancel", &[]).await;
    let page = browser.open(there.arrived().as_str()).await;
    assert_eq!(page.id(), "page-sign-in");
    let said = page.text(".alert");
    assert!(said.contains("Acme didn’t sign you in"), "{said}");
    browser.sign_in("bob@example.test", PASSWORD).await;
    scene.client.redeem(browser.arrived()).await;

    // Keycloak keeps those whose account is disabled at its own page. The way back leads to ours.
    let disabled = json!({ "enabled": false });
    scene.realm.change("ada", disabled).await;
    let (mut browser, mut there) = scene.leave().await;
    log_in(&mut there).await;
    let said = there.page().text("body");
    assert!(said.contains("Account is disabled"), "{said}");
    browser.open(&scene.client.authorize_url(&[])).await;
    assert_eq!(browser.page().id(), "page-sign-in");
    browser.sign_in("bob@example.test", PASSWORD).await;
    scene.client.redeem(browser.arrived()).await;
}
