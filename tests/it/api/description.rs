//! The description of the API against the running server.

use serde_json::{Value, json};
use vestibule::directory::upstream;
use vestibule::federation::assertion::EmailProof;
use vestibule::federation::{Assertion, Presence};
use vestibule::id::{ConnectionId, UpstreamSignInId, UserId};
use vestibule::store::types::Json;
use vestibule::store::upstream_sign_ins::{self, UpstreamSignIn};

use crate::programs;
use crate::support::{Api, PASSWORD, Upstream, World};

/// For each operation. With more, the run takes longer than a minute.
const EXAMPLES: usize = 20;

#[tokio::test]
#[ignore = "needs python"]
async fn every_answer_is_one_that_the_description_allows() {
    let world = World::listening_with(&[("API__REQUESTS_PER_MINUTE", "0")]).await;
    let api = world.api().await;
    let settings = vec![
        ("VESTIBULE_ISSUER", world.issuer().to_owned()),
        ("TOKEN", api.token.clone()),
        ("CLIENT_ID", api.client.id.to_string()),
        ("EXAMPLES", EXAMPLES.to_string()),
        ("KNOWN", known(&world, &api).await.to_string()),
    ];
    programs::run("clients/api_description.py", settings).await;
}

/// One thing of each kind, by the names of the parameters that stand for its kind.
async fn known(world: &World, api: &Api) -> Value {
    let (organization, user) = (
        world.organization("Acme").await,
        world.user("ada@example.test", PASSWORD).await,
    );
    world.join(&user, &organization).await;
    let permission = world.permission("read:reports").await;
    let role = world.role("reader", &[&permission]).await;
    world.assign_role((&organization, &user), &role, None).await;
    let identities = api.get(&format!("/users/{user}/identities")).await;
    let flag = json!({
        "name": "Dark mode", "key": "dark_mode", "type": "bool", "default_value": false,
        "allow_override_level": "usr",
    });
    api.post("/feature_flags", flag).await;
    let (resource, scope) = resource(api).await;
    let (category, property) = property(api).await;
    let connection = connection(world, api, &user).await;
    let application = json!({ "name": "Notes", "type": "reg" });
    let application = api.post("/applications", application).await;
    let application = &application["application"]["id"];
    let invitation = json!({ "email": "grace@example.test", "roles": ["reader"] });
    let invites = format!("/organization/{organization}/invites");
    let invitation = api.post(&invites, invitation).await;
    json!({
        "api_id": resource, "scope_id": scope, "application_id": application, "app_id": application,
        "client_id": application, "connection_id": connection, "category_id": category, "property_id": property, "property_key": "desk",
        "feature_flag_key": "dark_mode", "identity_id": identities["identities"][0]["id"],
        "code": organization, "org_code": organization, "id": user, "user_id": user, "role_id": role,
        "permission_id": permission, "invite_code": invitation["invite"]["code"],
    })
}

/// An API and a scope of it.
async fn resource(api: &Api) -> (Value, Value) {
    let new = json!({ "name": "Reports", "audience": "https://reports.example.test" });
    let resource = api.post("/apis", new).await["api"]["id"].take();
    let route = format!("/apis/{}/scopes", resource.as_str().unwrap_or_default());
    let scope = api.post(&route, json!({ "key": "read:all" })).await;
    (resource, scope["scope"]["id"].clone())
}

/// A category of properties and a property of users.
async fn property(api: &Api) -> (Value, Value) {
    let new = json!({ "name": "Work", "context": "usr" });
    let category = api.post("/property_categories", new).await["category"]["id"].take();
    let new = json!({
        "name": "Desk", "key": "desk", "type": "single_line_text", "context": "usr",
        "is_private": false, "category_id": category,
    });
    let property = api.post("/properties", new).await["property"]["id"].take();
    (category, property)
}

/// A connection that a user has come through, and what was kept of it.
async fn connection(world: &World, api: &Api, user: &UserId) -> ConnectionId {
    let upstream = Upstream::start(json!({})).await;
    let id = world.connection(&upstream, &api.client, |_| {}).await;
    let said = json!({ "sub": "ada-there", "email": "ada@acme.test", "picture": "https://acme.test/ada.png" });
    let assertion = Assertion {
        issuer: upstream.issuer.clone(),
        subject: "ada-there".to_owned(),
        claims: said.as_object().expect("it is an object").clone(),
        groups: Presence::Present(vec!["staff".to_owned()]),
        email_proof: EmailProof::Stated,
        authenticated_at: Some(world.now()),
    };
    let (now, mut rng) = (world.now(), world.app.random.generator());
    let mut tx = world.write().await;
    let found = upstream::find(&mut tx, &id).await.unwrap().unwrap();
    upstream::adopt(&mut tx, &assertion, &found, Some(user), None, now, &mut rng)
        .await
        .unwrap();
    let sign_in = UpstreamSignIn {
        id: UpstreamSignInId::generate(&mut rng),
        connection_id: id.clone(),
        user_id: Some(user.clone()),
        occurred_at: now,
        outcome: "signed_in".to_owned(),
        assertion: Some(Json(assertion)),
        checks: Json(Value::Null),
    };
    upstream_sign_ins::insert(&mut tx, &sign_in).await.unwrap();
    tx.commit().await.unwrap();
    id
}
