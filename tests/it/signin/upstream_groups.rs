//! Roles that groups of an upstream give, beside those that somebody gave by hand.

use serde_json::{Value, json};
use vestibule::id::{OrganizationId, RoleId, UserId};
use vestibule::store::connections::{self, GroupRole};

use super::upstream::Scene;
use crate::support::{Api, Engine, Tokens, on_each_engine};

on_each_engine! {
    a_group_that_is_left_takes_its_role_along_and_no_other
    who_is_unlinked_has_nothing_of_the_groups_any_more
}

/// An organization where the group `staff` gives two roles, one of which Ada was given by hand as well.
struct Acme {
    scene: Scene,
    api: Api,
    organization: OrganizationId,
    ada: UserId,
}

impl Acme {
    async fn on(engine: Engine) -> Self {
        let scene = Scene::set(engine).await;
        let world = &scene.world;
        let organization = world.organization("Acme").await;
        let (read, write) = (
            world.permission("read:reports").await,
            world.permission("write:reports").await,
        );
        let (reader, writer) = (
            world.role("reader", &[&read]).await,
            world.role("writer", &[&write]).await,
        );
        for role in [&reader, &writer] {
            map(&scene, "staff", &organization, role).await;
        }
        let claims = scene.claims().await;
        let ada = UserId::parse(claims["sub"].as_str().unwrap()).unwrap();
        world.join(&ada, &organization).await;
        world
            .assign_role((&organization, &ada), &writer, None)
            .await;
        Self {
            api: world.api().await,
            organization,
            ada,
            scene,
        }
    }

    /// Signs in to the organization while the upstream says this of groups; nothing, when it is null.
    async fn sign_in(&self, groups: Value) -> Tokens {
        let mut said =
            json!({ "sub": "ada-there", "email": "ada@acme.test", "email_verified": true });
        if !groups.is_null() {
            said["groups"] = groups;
        }
        self.scene.upstream.states(said);
        self.scene.world.pass(1);
        let mut browser = self.scene.world.browser();
        let parameters = [("org_code", self.organization.as_str())];
        let url = self.scene.client.authorize_url(&parameters);
        browser.open(&url).await;
        browser.submit("button[name=connection_id]", &[]).await;
        let address = browser.page().attribute("#continue", "href").unwrap();
        let answer = self.scene.upstream.grants(&address.parse().unwrap());
        browser.open(&answer).await;
        self.scene.client.redeem(browser.arrived()).await
    }

    /// The roles that count, each with where it comes from.
    async fn explained(&self) -> Vec<String> {
        let client = &self.scene.client.id;
        let (user, organization) = (&self.ada, &self.organization);
        let route = format!("/users/{user}/explain?org_code={organization}&client_id={client}");
        let explained = self.api.get(&route).await;
        let roles = explained["roles"].as_array().unwrap();
        let told = |role: &Value| {
            let word = |name: &str| role[name].as_str().unwrap().to_owned();
            format!("{} by {}", word("key"), word("source"))
        };
        let mut told: Vec<String> = roles.iter().map(told).collect();
        told.sort();
        told
    }
}

async fn map(scene: &Scene, group: &str, organization: &OrganizationId, role: &RoleId) {
    let given = GroupRole {
        group_name: group.to_owned(),
        organization_id: organization.clone(),
        role_id: role.clone(),
    };
    let mut tx = scene.world.write().await;
    connections::insert_group_role(&mut tx, &scene.connection, &given)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

fn permissions(tokens: &Tokens) -> Value {
    let mut permissions = tokens.access_claims()["permissions"].take();
    if let Some(permissions) = permissions.as_array_mut() {
        permissions.sort_by_key(ToString::to_string);
    }
    permissions
}

async fn a_group_that_is_left_takes_its_role_along_and_no_other(engine: Engine) {
    let acme = Acme::on(engine).await;
    let both = json!(["read:reports", "write:reports"]);
    let by_hand = json!(["write:reports"]);
    let tokens = acme.sign_in(json!(["staff", "others"])).await;
    assert_eq!(permissions(&tokens), both);
    assert_eq!(
        acme.explained().await,
        ["reader by group", "writer by group", "writer by person"]
    );
    // Groups that are not told are not groups that were left.
    assert_eq!(permissions(&acme.sign_in(Value::Null).await), both);
    let left = acme.sign_in(json!(["others"])).await;
    assert_eq!(permissions(&left), by_hand);
    assert_eq!(acme.explained().await, ["writer by person"]);
    // Tokens of sign-ins before are renewed with what holds now.
    let refresh_token = tokens.refresh_token.as_deref().expect("offline");
    let renewed = Tokens::of(&acme.scene.client.refresh(refresh_token).await);
    assert_eq!(permissions(&renewed), by_hand);

    assert_eq!(permissions(&acme.sign_in(json!(["staff"])).await), both);
    // That there are none is told too.
    assert_eq!(permissions(&acme.sign_in(json!([])).await), by_hand);
    let route = format!("/users/{}/sync_records?page_size=1", acme.ada);
    let record = acme.api.get(&route).await["sync_records"][0].take();
    let withdrawn = record["roles_withdrawn"].as_array().unwrap();
    assert_eq!(withdrawn.len(), 2);
    assert_eq!(withdrawn[0]["group"], "staff");
    assert_eq!(withdrawn[0]["org_code"], acme.organization.as_str());
}

async fn who_is_unlinked_has_nothing_of_the_groups_any_more(engine: Engine) {
    let acme = Acme::on(engine).await;
    acme.sign_in(json!(["staff"])).await;
    let route = format!("/users/{}/identities", acme.ada);
    let listed = acme.api.get(&route).await;
    let all = listed["identities"].as_array().unwrap();
    let there = all.iter().find(|one| one["type"] == "oidc").unwrap();
    let route = format!("/identities/{}", there["id"].as_str().unwrap());
    acme.api.delete(&route).await;
    assert_eq!(acme.explained().await, ["writer by person"]);
}
