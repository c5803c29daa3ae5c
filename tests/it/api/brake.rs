//! What would withdraw many roles of groups at once: a change of a connection, or one sign-in.

use serde_json::{Value, json};
use vestibule::id::{OrganizationId, RoleId, UserId};
use vestibule::provisioning::{self, ApplyError, Changes, Defaults, Document, Hashing, References};
use vestibule::store::audit_events;
use vestibule::store::group_role_assignments::{self, GroupRoleAssignment};

use crate::signin::upstream::Scene;
use crate::support::{Api, Engine, on_each_engine, registration};

on_each_engine! {
    a_change_that_withdraws_much_waits_until_its_number_is_confirmed
    a_document_that_withdraws_much_waits_until_its_number_is_confirmed
    what_one_sign_in_would_withdraw_at_once_is_held_and_told
    a_conflict_alone_is_told_once
}

/// A connection through whose twenty groups Ada has a role.
struct Acme {
    scene: Scene,
    api: Api,
    organization: OrganizationId,
    ada: UserId,
}

const GROUPS: usize = 20;

fn names(count: usize) -> Vec<String> {
    (0..count)
        .map(|group| format!("group-{group:02}"))
        .collect()
}

impl Acme {
    async fn on(engine: Engine) -> Self {
        let scene = Scene::set(engine).await;
        let (world, api) = (&scene.world, scene.world.api().await);
        let organization = world.default_organization().await;
        let role = world.role("admin", &[]).await;
        let claims = scene.claims().await;
        let ada = UserId::parse(claims["sub"].as_str().unwrap()).unwrap();
        let acme = Self {
            scene,
            api,
            organization,
            ada,
        };
        acme.api
            .patch(
                &acme.route(""),
                json!({ "options": { "group_roles": acme.mapping(GROUPS) } }),
            )
            .await;
        acme.give(&role).await;
        acme.scene.world.pass(1);
        acme
    }

    /// Gives Ada the role through every group.
    async fn give(&self, role: &RoleId) {
        let mut tx = self.scene.world.write().await;
        for group_name in names(GROUPS) {
            let given = GroupRoleAssignment {
                organization_id: self.organization.clone(),
                role_id: role.clone(),
                group_name,
            };
            let now = self.scene.world.now();
            let connection = &self.scene.connection;
            group_role_assignments::insert(&mut tx, connection, &self.ada, &given, now)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// What the first groups give.
    fn mapping(&self, count: usize) -> Value {
        let given = |group| json!({ "group": group, "organization_code": self.organization, "role": "admin" });
        names(count).into_iter().map(given).collect()
    }

    fn route(&self, rest: &str) -> String {
        format!("/connections/{}{rest}", self.scene.connection)
    }

    async fn mapped(&self) -> usize {
        let read = self.api.get(&self.route("")).await;
        read["connection"]["options"]["group_roles"]
            .as_array()
            .unwrap()
            .len()
    }

    /// What events of the connection that are named so tell.
    async fn events(&self, action: &str) -> Vec<Value> {
        let mut tx = self.scene.world.app.db.read().await.unwrap();
        let id = self.scene.connection.as_str();
        let events = audit_events::list_for_subject(&mut tx, id).await.unwrap();
        let events = events.into_iter().filter(|event| event.action == action);
        events.map(|event| event.details.0).collect()
    }

    async fn sign_in(&self, claims: Value) {
        let mut said =
            json!({ "sub": "ada-there", "email": "ada@acme.test", "email_verified": true });
        for (name, value) in claims.as_object().unwrap() {
            said[name] = value.clone();
        }
        self.scene.upstream.states(said);
        self.scene.world.pass(1);
        self.scene.claims().await;
    }

    async fn conflicts(&self) -> Vec<Value> {
        let told = self.api.get(&self.route("/conflicts")).await;
        told["sync_records"].as_array().unwrap().clone()
    }
}

async fn a_change_that_withdraws_much_waits_until_its_number_is_confirmed(engine: Engine) {
    let acme = Acme::on(engine).await;
    let route = acme.route("");
    let held = |body: &Value, said: &str| {
        let (acme, route, body, said) = (&acme, &route, body.clone(), said.to_owned());
        async move {
            let answer = acme.api.call("PATCH", route, Some(body)).await;
            let error = &answer.body["errors"][0];
            assert_eq!(
                (answer.status.as_u16(), &error["code"]),
                (400, &json!("WITHDRAWALS_NOT_CONFIRMED"))
            );
            let message = error["message"].as_str().unwrap();
            assert!(
                message.contains(&said) && message.contains("confirm_withdrawals"),
                "{message}"
            );
        }
    };
    let mut change = json!({ "name": "Renamed", "options": { "group_roles": acme.mapping(6) } });
    held(&change, "14 of the 20 roles").await;
    change["confirm_withdrawals"] = json!(13);
    held(&change, "14 of the 20 roles").await;
    // Nobody knows what another claim holds.
    held(
        &json!({ "options": { "groups_claim": "teams" } }),
        "20 of the 20 roles",
    )
    .await;
    let whole = json!({ "options": { "issuer": acme.scene.upstream.issuer, "client_id": "x", "groups_claim": "groups" } });
    let refused = acme.api.refusal("PUT", &route, Some(whole)).await;
    assert_eq!(refused, (400, "WITHDRAWALS_NOT_CONFIRMED".to_owned()));
    assert_eq!(acme.mapped().await, GROUPS);
    let read = acme.api.get(&route).await;
    assert_eq!(read["connection"]["name"], "acme");
    let recorded = acme.events("connection.change_held").await;
    assert_eq!(recorded.len(), 4);
    assert_eq!(
        recorded[0]["withdrawals"],
        json!({ "given": 20, "withdrawn": 14 })
    );

    // Groups that are read no more withdraw nothing; and a few at a time are no mistake.
    acme.api
        .patch(&route, json!({ "options": { "groups_claim": null } }))
        .await;
    let back = json!({ "confirm_withdrawals": 20, "options": { "groups_claim": "groups" } });
    acme.api.patch(&route, back).await;
    acme.api
        .patch(
            &route,
            json!({ "options": { "group_roles": acme.mapping(15) } }),
        )
        .await;
    change["confirm_withdrawals"] = json!(14);
    acme.api.patch(&route, change).await;
    assert_eq!(acme.mapped().await, 6);
    let updated = acme.events("connection.updated").await;
    let told = &updated.last().unwrap()["withdrawals"];
    assert_eq!(*told, json!({ "given": 20, "withdrawn": 14 }));
    assert_eq!(acme.events("connection.change_held").await.len(), 4);
}

async fn apply(acme: &Acme, confirmed: Option<i64>) -> Result<Changes, ApplyError> {
    let world = &acme.scene.world;
    let text = format!(
        "[[connections]]\nid = \"{}\"\nname = \"acme\"\nstrategy = \"oidc\"\nissuer = \"{}\"\nclient_id = \"{}\"\ngroups_claim = \"groups\"\n",
        acme.scene.connection,
        acme.scene.upstream.issuer,
        registration().client_id,
    );
    let references = References {
        folder: std::path::Path::new("."),
        variable: &|_| None,
    };
    let defaults = Defaults::from(&world.app.config);
    let path = std::path::Path::new("test.toml");
    let document = Document::parse(path, &text, &defaults, &references).unwrap();
    let document = document.confirming_withdrawals(confirmed);
    let hashing = Hashing {
        key: &world.app.hash_key,
        passwords: &world.app.hasher,
        vault: world.app.keys.vault(),
    };
    let (now, mut rng) = (world.now(), world.app.random.generator());
    let mut tx = world.write().await;
    let applied = provisioning::apply(&mut tx, &document, &hashing, now, &mut rng).await;
    match &applied {
        Ok(_) => tx.commit().await.unwrap(),
        Err(error) => {
            drop(tx);
            provisioning::record_held(&world.app.db, error, now, &mut rng)
                .await
                .unwrap();
        }
    }
    applied
}

async fn a_document_that_withdraws_much_waits_until_its_number_is_confirmed(engine: Engine) {
    let acme = Acme::on(engine).await;
    let error = apply(&acme, None).await.unwrap_err().to_string();
    let expected = "this would withdraw 20 of the 20 roles that groups give through the connection: if that is meant, run again with --confirm-withdrawals 20";
    assert!(error.contains(expected), "{error}");
    assert_eq!(acme.mapped().await, GROUPS);
    let recorded = acme.events("connection.change_held").await;
    assert_eq!(
        recorded,
        [json!({ "withdrawals": { "given": 20, "withdrawn": 20 } })]
    );
    apply(&acme, Some(19)).await.unwrap_err();
    apply(&acme, Some(20)).await.unwrap();
    assert_eq!(acme.mapped().await, 0);
}

async fn what_one_sign_in_would_withdraw_at_once_is_held_and_told(engine: Engine) {
    let acme = Acme::on(engine).await;
    let left = json!({ "groups": names(6) });
    let rehearsed = json!({ "claims": { "sub": "ada-there", "groups": names(6) } });
    let told = acme.api.post(&acme.route("/dry_run"), rehearsed).await["dry_run"].take();
    assert_eq!(told["roles_held"].as_array().unwrap().len(), 14);
    assert_eq!(
        (&told["roles_withdrawn"], &told["access"]),
        (&json!([]), &json!([]))
    );
    acme.sign_in(left.clone()).await;
    let told = acme.conflicts().await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["user_id"], &told[0]["needs_attention"]),
        (&json!(acme.ada), &json!(true))
    );
    assert_eq!(told[0]["roles_held"].as_array().unwrap().len(), 14);
    let events = acme.events("connection.withdrawals_held").await;
    assert_eq!(events[0]["user"], acme.ada.as_str());
    assert_eq!(events[0]["held"].as_array().unwrap().len(), 14);
    // Told once, as long as it stays the same.
    acme.sign_in(left).await;
    assert_eq!(acme.conflicts().await.len(), 1);
    acme.sign_in(json!({ "groups": names(5) })).await;
    assert_eq!(acme.conflicts().await.len(), 2);
    // What is no mistake is done, and nothing to look at.
    acme.sign_in(json!({ "groups": names(15) })).await;
    assert_eq!(acme.conflicts().await.len(), 2);
    let route = format!("/users/{}/sync_records?page_size=1", acme.ada);
    let record = acme.api.get(&route).await["sync_records"][0].take();
    assert_eq!(record["roles_withdrawn"].as_array().unwrap().len(), 5);
    assert_eq!(record["needs_attention"], false);
}

async fn a_conflict_alone_is_told_once(engine: Engine) {
    let acme = Acme::on(engine).await;
    assert_eq!(acme.conflicts().await.len(), 0);
    for _ in 0..2 {
        acme.sign_in(json!({ "picture": "no address" })).await;
        let told = acme.conflicts().await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["changes"], json!([]));
        let kept = told[0]["kept"].as_array().unwrap();
        let picture = json!({ "attribute": "picture", "why": "malformed", "is_conflict": true });
        assert!(kept.contains(&picture), "{kept:?}");
    }
    acme.sign_in(json!({ "picture": "no address", "locale": "neither" }))
        .await;
    let told = acme.conflicts().await;
    let page = acme.api.get(&acme.route("/conflicts?page_size=1")).await;
    assert_eq!(page["sync_records"][0], told[0]);
    let next = format!(
        "/conflicts?page_size=1&next_token={}",
        page["next_token"].as_str().unwrap()
    );
    let page = acme.api.get(&acme.route(&next)).await;
    assert_eq!(
        (&page["sync_records"][0], &page["next_token"]),
        (&told[1], &Value::Null)
    );

    let unknown = "/connections/conn_0123456789abcdef0123456789abcdef/conflicts";
    let refused = acme.api.refusal("GET", unknown, None).await;
    assert_eq!(refused, (404, "CONNECTION_NOT_FOUND".to_owned()));
    let refused = acme
        .api
        .refusal("GET", &acme.route("/conflicts?next_token=x"), None)
        .await;
    assert_eq!(refused, (400, "INVALID_FIELD".to_owned()));
}
