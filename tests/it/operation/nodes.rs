//! Two nodes with one database: what one changes, the tokens of the other show within a second.

use serde_json::{Value, json};
use vestibule::audit::Actor;
use vestibule::directory::organizations;
use vestibule::id::{OrganizationId, PermissionId, RoleId, UserId};
use vestibule::store;

use crate::support::{Engine, PASSWORD, TestClient, Tokens, World, on_each_engine};

on_each_engine! {
    a_deleted_permission_is_gone_within_a_second
    an_edited_role_shows_within_a_second
    a_removed_membership_ends_within_a_second
    a_suspended_user_is_refused_within_a_second
    a_suspended_organization_is_refused_within_a_second
}

/// Ada is an analyst at Acme, and holds tokens that the second node has just refreshed.
struct Scene {
    here: World,
    there: World,
    client: TestClient,
    refresh_token: String,
    ada: UserId,
    acme: OrganizationId,
    analyst: RoleId,
    read: PermissionId,
}

impl Scene {
    async fn set(engine: Engine) -> Self {
        let here = World::on(engine).await;
        let there = here.second_node().await;
        let ada = here.user("ada@example.test", PASSWORD).await;
        let acme = here.organization("Acme").await;
        here.leave(&ada, &here.default_organization().await).await;
        here.join(&ada, &acme).await;
        let read = here.permission("read:reports").await;
        let pay = here.permission("pay:invoices").await;
        let analyst = here.role("analyst", &[&read]).await;
        here.assign_role((&acme, &ada), &analyst, None).await;
        here.assign_permission((&acme, &ada), &pay).await;
        let client = here.client().await;
        let (_, tokens) = here.signed_in(&client, "ada@example.test").await;
        let client = client.at(&there);
        let mut scene = Self {
            refresh_token: tokens.refresh_token.expect("offline was asked for"),
            here,
            there,
            client,
            ada,
            acme,
            analyst,
            read,
        };
        // Now the second node knows everything by heart.
        let permissions = scene.permissions_there().await;
        assert_eq!(permissions, json!(["pay:invoices", "read:reports"]));
        scene
    }

    /// What the second node puts into the next token.
    async fn permissions_there(&mut self) -> Value {
        let answer = self.client.refresh(&self.refresh_token).await;
        let tokens = Tokens::of(&answer);
        let claims = tokens.access_claims();
        self.refresh_token = tokens.refresh_token.expect("there is another");
        claims["permissions"].clone()
    }

    /// The error of the second node, a second after the change.
    async fn refusal_there(&self) -> String {
        self.here.pass(1);
        assert_eq!(self.here.now(), self.there.now());
        let answer = self.client.refresh(&self.refresh_token).await;
        answer.error().to_owned()
    }
}

async fn a_deleted_permission_is_gone_within_a_second(engine: Engine) {
    let mut scene = Scene::set(engine).await;
    let api = scene.here.api_with("delete:permissions").await;
    api.delete(&format!("/permissions/{}", scene.read)).await;
    scene.here.pass(1);
    assert_eq!(scene.permissions_there().await, json!(["pay:invoices"]));
}

async fn an_edited_role_shows_within_a_second(engine: Engine) {
    let mut scene = Scene::set(engine).await;
    let edit = scene.here.permission("edit:reports").await;
    let mut tx = scene.here.write().await;
    store::roles::add_permission(&mut tx, &scene.analyst, &edit)
        .await
        .unwrap();
    store::roles::remove_permission(&mut tx, &scene.analyst, &scene.read)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    scene.here.pass(1);
    let permissions = scene.permissions_there().await;
    assert_eq!(permissions, json!(["edit:reports", "pay:invoices"]));
}

async fn a_removed_membership_ends_within_a_second(engine: Engine) {
    let scene = Scene::set(engine).await;
    scene.here.leave(&scene.ada, &scene.acme).await;
    assert_eq!(scene.refusal_there().await, "invalid_grant");
}

async fn a_suspended_user_is_refused_within_a_second(engine: Engine) {
    let scene = Scene::set(engine).await;
    scene.here.suspend(&scene.ada).await;
    assert_eq!(scene.refusal_there().await, "invalid_grant");
}

async fn a_suspended_organization_is_refused_within_a_second(engine: Engine) {
    let scene = Scene::set(engine).await;
    let mut tx = scene.here.write().await;
    let acme = store::organizations::find(&mut tx, &scene.acme).await;
    let acme = acme.unwrap().expect("it is there");
    let (now, mut rng) = (scene.here.now(), scene.here.app.random.generator());
    organizations::suspend(&mut tx, Actor::Operator, acme, now, &mut rng)
        .await
        .unwrap()
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(scene.refusal_there().await, "invalid_grant");
}
