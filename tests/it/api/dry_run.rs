//! `/connections/{id}/dry_run`: what a sign-in would do, before anybody signs in.

use serde_json::{Value, json};
use vestibule::id::{OrganizationId, UserId};

use crate::signin::upstream::Scene;
use crate::support::{Api, Engine, Fault, PASSWORD, on_each_engine};

on_each_engine! {
    a_dry_run_foretells_the_sign_in_and_changes_nothing
    a_changed_mapping_is_tried_before_it_is_saved
    who_would_be_created_linked_or_refused_is_told
    a_recorded_sign_in_is_read_again
    what_can_not_be_rehearsed_is_refused
}

/// A connection whose group `staff` gives the role `reader` in the organization that everybody belongs to.
struct Acme {
    scene: Scene,
    api: Api,
    organization: OrganizationId,
    ada: UserId,
}

const READER: &str = "read:reports";

impl Acme {
    async fn on(engine: Engine) -> Self {
        let scene = Scene::set(engine).await;
        let (world, api) = (&scene.world, scene.world.api().await);
        let organization = world.default_organization().await;
        let read = world.permission(READER).await;
        world.role("reader", &[&read]).await;
        let claims = scene.claims().await;
        let ada = UserId::parse(claims["sub"].as_str().unwrap()).unwrap();
        let acme = Self {
            scene,
            api,
            organization,
            ada,
        };
        let options = json!({ "group_roles": acme.gives("staff") });
        acme.api
            .patch(&acme.route(""), json!({ "options": options }))
            .await;
        acme
    }

    /// What the group gives.
    fn gives(&self, group: &str) -> Value {
        json!([{ "group": group, "organization_code": self.organization, "role": "reader" }])
    }

    fn route(&self, rest: &str) -> String {
        format!("/connections/{}{rest}", self.scene.connection)
    }

    /// What would come of it. Nothing has.
    async fn rehearse(&self, body: Value) -> Value {
        let before = self.scene.world.contents().await;
        let told = self.api.post(&self.route("/dry_run"), body).await["dry_run"].take();
        let after = self.scene.world.contents().await;
        assert_eq!(before, after, "a dry run changes nothing");
        told
    }
}

fn of_ada(further: &Value) -> Value {
    let mut claims =
        json!({ "sub": "ada-there", "email": "ada@acme.test", "email_verified": true });
    for (name, value) in further.as_object().expect("it is an object") {
        claims[name] = value.clone();
    }
    claims
}

/// What would become of an attribute.
fn attribute<'a>(told: &'a Value, name: &str) -> &'a Value {
    let attributes = told["attributes"].as_array().expect("it is a list");
    let mut attributes = attributes.iter();
    let found = attributes.find(|one| one["attribute"] == name);
    found.unwrap_or_else(|| panic!("{name} is missing"))
}

/// The claims of an access token that do not differ from one sign-in to the next.
fn lasting(told: &Value) -> Value {
    let mut claims = told["access_token"].clone();
    for name in told["hypothetical_claims"]
        .as_array()
        .expect("it is a list")
    {
        claims
            .as_object_mut()
            .unwrap()
            .remove(name.as_str().unwrap());
    }
    claims
}

#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
async fn a_dry_run_foretells_the_sign_in_and_changes_nothing(engine: Engine) {
    let acme = Acme::on(engine).await;
    let (scene, organization) = (&acme.scene, &acme.organization);
    let claims = of_ada(
        &json!({ "given_name": "Augusta", "family_name": "", "picture": "no address", "groups": ["staff"] }),
    );
    let told = acme
        .rehearse(json!({
            "claims": claims, "client_id": scene.client.id, "org_code": organization,
        }))
        .await;
    assert_eq!(
        (&told["proof"], &told["outcome"]),
        (&json!("assumed"), &json!("signed_in"))
    );
    assert!(
        told["notes"][0].as_str().unwrap().contains("dry run alone"),
        "{told}"
    );
    assert_eq!(told["user"]["user_id"], acme.ada.as_str());
    assert_eq!(told["user"]["rule"], "known");
    assert_eq!(told["assertion"]["groups"], json!(["staff"]));
    let given = attribute(&told, "given_name");
    let expected = json!({
        "attribute": "given_name", "claim": "given_name", "mode": "follow", "stated": "Augusta", "before": "Ada",
        "after": "Augusta", "is_written": true, "why_kept": null, "is_conflict": false, "is_verified": null,
    });
    assert_eq!(*given, expected);
    for (name, why, is_conflict) in [
        ("family_name", "empty", false),
        ("picture", "malformed", true),
        ("email", "same", false),
        ("locale", "absent", false),
    ] {
        let kept = attribute(&told, name);
        assert_eq!(
            (&kept["why_kept"], &kept["is_conflict"], &kept["before"]),
            (&json!(why), &json!(is_conflict), &kept["after"]),
            "{name}"
        );
    }
    let access = json!([{
        "org_code": organization, "roles_gained": [{ "id": told["roles_granted"][0]["role_id"], "key": "reader" }],
        "roles_lost": [], "permissions_gained": [READER], "permissions_lost": [],
    }]);
    assert_eq!(told["access"], access);
    assert_eq!(
        told["tokens"]["access_token"]["permissions"],
        json!([READER])
    );
    assert_eq!(told["tokens"]["id_token"]["given_name"], "Augusta");

    // The sign-in does what was foretold.
    scene.upstream.states(claims);
    let signed_in = scene.claims().await;
    assert_eq!(signed_in["given_name"], "Augusta");
    assert_eq!(signed_in["family_name"], "Byron");
    let client = &scene.client.id;
    let route = format!(
        "/users/{}/explain?org_code={organization}&client_id={client}",
        acme.ada
    );
    let explained = acme.api.get(&route).await;
    assert_eq!(lasting(&told["tokens"]), lasting(&explained["tokens"]));
}

async fn a_changed_mapping_is_tried_before_it_is_saved(engine: Engine) {
    let acme = Acme::on(engine).await;
    acme.scene
        .upstream
        .states(of_ada(&json!({ "groups": ["staff"] })));
    acme.scene.claims().await;
    let claims =
        of_ada(&json!({ "nickname": "Lady", "given_name": "Augusta", "groups": ["staff"] }));
    let mapping = json!({
        "given_name": { "claim": "nickname", "mode": "fill" },
        "nickname": { "claim": "nickname" },
        "email": { "claim": "email", "mode": "never" },
    });
    let options = json!({ "mapping": mapping, "group_roles": acme.gives("others") });
    let told = acme.rehearse(json!({ "claims": claims, "options": options, "client_id": acme.scene.client.id, "org_code": acme.organization })).await;
    assert_eq!(told["attributes"].as_array().unwrap().len(), 3);
    assert_eq!(attribute(&told, "given_name")["why_kept"], "filled");
    assert_eq!(attribute(&told, "given_name")["stated"], "Lady");
    assert_eq!(attribute(&told, "email")["why_kept"], "never");
    assert_eq!(attribute(&told, "nickname")["after"], "Lady");
    assert_eq!(told["roles_withdrawn"][0]["group"], "staff");
    assert_eq!(told["access"][0]["roles_lost"][0]["key"], "reader");
    assert_eq!(told["access"][0]["permissions_lost"], json!([READER]));
    assert_eq!(told["tokens"]["access_token"]["permissions"], Value::Null);
    // Profiles are left alone, where the change says so.
    let options = json!({ "sync": "off" });
    let told = acme
        .rehearse(json!({ "claims": claims, "options": options }))
        .await;
    assert_eq!(attribute(&told, "given_name")["why_kept"], "sync_off");
    assert_eq!(told["tokens"], Value::Null);
    // As it is saved, it would be refused.
    let body =
        json!({ "claims": claims, "options": { "mapping": { "shoe_size": { "claim": "x" } } } });
    let refused = acme
        .api
        .refusal("POST", &acme.route("/dry_run"), Some(body))
        .await;
    assert_eq!(refused, (400, "INVALID_FIELD".to_owned()));
}

async fn who_would_be_created_linked_or_refused_is_told(engine: Engine) {
    let acme = Acme::on(engine).await;
    let world = &acme.scene.world;
    let grace = world.user("grace@acme.test", PASSWORD).await;
    let of = |subject: &str, email: &str, is_verified: bool| json!({ "claims": { "sub": subject, "email": email, "email_verified": is_verified } });
    let told = acme
        .rehearse(of("grace-there", "grace@acme.test", true))
        .await;
    let user = &told["user"];
    assert_eq!(
        (&user["rule"], &user["user_id"]),
        (&json!("verified_email"), &json!(grace))
    );
    assert_eq!(user["verified_email"], "grace@acme.test");
    assert_eq!(user["identity_id"], Value::Null);

    let mut eve = of("eve-there", "eve@acme.test", true);
    eve["client_id"] = json!(acme.scene.client.id);
    let told = acme.rehearse(eve.clone()).await;
    assert_eq!(
        (&told["user"]["rule"], &told["user"]["user_id"]),
        (&json!("new"), &Value::Null)
    );
    assert_eq!(told["tokens"]["id_token"]["email"], "eve@acme.test");
    assert_eq!(attribute(&told, "email")["is_verified"], true);

    // An unproven address is somebody else's.
    let told = acme.rehearse(of("mallory", "grace@acme.test", false)).await;
    assert_eq!(told["user"]["rule"], "new");
    assert_eq!(attribute(&told, "email")["why_kept"], "taken");
    assert_eq!(attribute(&told, "email")["is_conflict"], true);

    eve["options"] = json!({ "is_create_missing_user": false });
    let told = acme.rehearse(eve).await;
    assert_eq!(told["outcome"], "no_account");
    assert_eq!(told["reason"], "there is no account here");
    for (name, empty) in [
        ("user", Value::Null),
        ("tokens", Value::Null),
        ("attributes", json!([])),
        ("access", json!([])),
    ] {
        assert_eq!(told[name], empty, "{name}");
    }
    world.suspend(&acme.ada).await;
    let told = acme.rehearse(json!({ "claims": of_ada(&json!({})) })).await;
    assert_eq!(told["outcome"], "user_suspended");
    // Entered claims are proven to nobody, and must be those of this upstream all the same.
    let told = acme
        .rehearse(json!({ "claims": of_ada(&json!({ "iss": "https://evil.test" })) }))
        .await;
    assert_eq!(
        (&told["outcome"], &told["assertion"]),
        (&json!("id_token"), &Value::Null)
    );
}

#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
async fn a_recorded_sign_in_is_read_again(engine: Engine) {
    let acme = Acme::on(engine).await;
    let world = &acme.scene.world;
    world.pass(10);
    acme.scene
        .upstream
        .states(of_ada(&json!({ "groups": ["staff"], "teams": ["core"] })));
    acme.scene.claims().await;
    world.pass(10);
    acme.scene.upstream.does_wrong(Fault::KeyOfAnother);
    acme.scene.sign_in().await;
    let listed = acme.api.get(&acme.route("/sign_ins")).await;
    let ids: Vec<&str> = listed["sign_ins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    let told = acme.rehearse(json!({ "sign_in_id": ids[1] })).await;
    assert_eq!(
        (&told["proof"], &told["outcome"]),
        (&json!("recorded"), &json!("signed_in"))
    );
    assert!(
        told["notes"][0].as_str().unwrap().contains("nonce"),
        "{told}"
    );
    assert_eq!(told["user"]["user_id"], acme.ada.as_str());
    assert_eq!(told["access"], json!([]));
    // Groups that are read elsewhere.
    let options = json!({ "groups_claim": "teams", "group_roles": acme.gives("core") });
    let told = acme
        .rehearse(json!({ "sign_in_id": ids[1], "options": options }))
        .await;
    assert_eq!(told["assertion"]["groups"], json!(["core"]));
    assert_eq!(
        (
            &told["roles_granted"][0]["group"],
            &told["roles_withdrawn"][0]["group"]
        ),
        (&json!("core"), &json!("staff"))
    );
    let access = &told["access"][0];
    assert_eq!(
        (&access["roles_gained"], &access["roles_lost"]),
        (&json!([]), &json!([]))
    );

    let route = acme.route("/dry_run");
    let refused = async |id: &str| {
        acme.api
            .refusal("POST", &route, Some(json!({ "sign_in_id": id })))
            .await
    };
    assert_eq!(
        refused(ids[0]).await,
        (400, "SIGN_IN_NOT_PROVEN".to_owned())
    );
    for unknown in ["x", "upstream_0123456789abcdef0123456789abcdef"] {
        assert_eq!(
            refused(unknown).await,
            (404, "SIGN_IN_NOT_FOUND".to_owned())
        );
    }
    // Of another connection, it is not there.
    let other = world
        .connection(&acme.scene.upstream, &acme.scene.client, |_| {})
        .await;
    let body = json!({ "sign_in_id": ids[1] });
    let refused = acme
        .api
        .refusal("POST", &format!("/connections/{other}/dry_run"), Some(body))
        .await;
    assert_eq!(refused, (404, "SIGN_IN_NOT_FOUND".to_owned()));
}

async fn what_can_not_be_rehearsed_is_refused(engine: Engine) {
    let acme = Acme::on(engine).await;
    let claims = of_ada(&json!({}));
    let machine = acme
        .scene
        .world
        .machine_client("https://api.example.test")
        .await;
    for (body, expected) in [
        (json!({}), (400, "INVALID_FIELD")),
        (
            json!({ "claims": claims, "sign_in_id": "x" }),
            (400, "INVALID_FIELD"),
        ),
        (json!({ "claims": [] }), (400, "INVALID_BODY")),
        (
            json!({ "claims": claims, "client_id": "x" }),
            (404, "APPLICATION_NOT_FOUND"),
        ),
        (
            json!({ "claims": claims, "client_id": machine.id }),
            (400, "APPLICATION_TYPE_NOT_SUPPORTED"),
        ),
        (
            json!({ "claims": claims, "client_id": acme.scene.client.id, "org_code": "x" }),
            (404, "ORGANIZATION_NOT_FOUND"),
        ),
        (
            json!({ "claims": claims, "org_code": acme.organization }),
            (400, "INVALID_FIELD"),
        ),
    ] {
        let refused = acme
            .api
            .refusal("POST", &acme.route("/dry_run"), Some(body.clone()))
            .await;
        assert_eq!(refused, (expected.0, expected.1.to_owned()), "{body}");
    }
    for unknown in ["x", "conn_0123456789abcdef0123456789abcdef"] {
        let route = format!("/connections/{unknown}/dry_run");
        let refused = acme
            .api
            .refusal("POST", &route, Some(json!({ "claims": claims })))
            .await;
        assert_eq!(refused, (404, "CONNECTION_NOT_FOUND".to_owned()));
    }
    let lacking = acme.scene.world.api_with("test:connections").await;
    let refused = lacking
        .refusal(
            "POST",
            &acme.route("/dry_run"),
            Some(json!({ "claims": claims })),
        )
        .await;
    assert_eq!(refused, (403, "INSUFFICIENT_SCOPE".to_owned()));
}
