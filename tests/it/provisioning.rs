//! Configuration as code, against a server that runs.

use std::path::Path;

use serde_json::{Value, json};
use vestibule::provisioning::{
    self, ApplyError, Bootstrap, Changes, Defaults, Document, Hashing, References,
};

use crate::support::{Engine, PASSWORD, World, jwt_claims, on_each_engine};

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123";
const OTHER_SECRET: &str = "fedcba9876543210fedcba9876543210fedcba98";
const MACHINE: &str = "0123456789abcdef0123456789abcdef";

on_each_engine! {
    a_document_that_fails_half_way_leaves_nothing
    a_dry_run_tells_what_happens_and_changes_nothing
    a_machine_is_taken_with_either_secret_until_the_overlap_has_passed
    a_member_finds_what_the_document_gives_in_the_token
    an_application_that_is_removed_is_unknown
    the_demo_is_applied_once_and_then_changes_nothing
    the_management_client_gets_a_token_for_the_management_api
}

fn variable(name: &str) -> Option<String> {
    match name {
        "OTHER_SECRET" => Some(OTHER_SECRET.to_owned()),
        "SECRET" | "VESTIBULE_DEMO_CLIENT_SECRET" => Some(SECRET.to_owned()),
        _ => None,
    }
}

fn parse(world: &World, text: &str) -> Document {
    let references = References {
        folder: Path::new("."),
        variable: &variable,
    };
    let defaults = Defaults::from(&world.app.config);
    Document::parse(Path::new("test.toml"), text, &defaults, &references)
        .expect("the document can be read")
}

fn hashing(world: &World) -> Hashing<'_> {
    Hashing {
        key: &world.app.hash_key,
        passwords: &world.app.hasher,
        vault: world.app.keys.vault(),
    }
}

async fn apply(world: &World, text: &str) -> Result<Changes, ApplyError> {
    let (document, now) = (parse(world, text), world.now());
    let mut rng = world.app.random.generator();
    let mut tx = world.app.db.write().await?;
    let changes = provisioning::apply(&mut tx, &document, &hashing(world), now, &mut rng).await?;
    tx.commit().await?;
    Ok(changes)
}

async fn plan(world: &World, text: &str) -> Changes {
    let (document, now) = (parse(world, text), world.now());
    let mut rng = world.app.random.generator();
    provisioning::plan(&world.app.db, &document, &hashing(world), now, &mut rng)
        .await
        .expect("the document can be applied")
}

/// A machine that may read orders, with further keys.
fn machine(keys: &str) -> String {
    format!(
        "[[apis]]\naudience = 'urn:orders'\nname = 'Orders'\nscopes = [{{ name = 'read:orders' }}]\n\
         [[applications]]\nid = '{MACHINE}'\nname = 'Machine'\nkind = 'm2m'\n\
         apis = [{{ audience = 'urn:orders', scopes = ['read:orders'] }}]\n{keys}\n"
    )
}

const WITH_SECRET: &str = "secret = { env = 'SECRET' }";

/// What the token endpoint answers to a machine.
async fn token(world: &World, client_id: &str, secret: &str) -> Value {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", client_id),
        ("client_secret", secret),
        ("scope", ""),
    ];
    let request = World::http().post(world.url("/oauth2/token")).form(&form);
    let response = request.send().await.expect("the server answers");
    response.json().await.expect("the answer is JSON")
}

async fn a_document_that_fails_half_way_leaves_nothing(engine: Engine) {
    let world = World::on(engine).await;
    let broken = machine(WITH_SECRET).replace("['read:orders']", "['read:everything']");
    let error = apply(&world, &broken)
        .await
        .expect_err("there is no such scope");
    assert_eq!(
        error.to_string(),
        "application \"Machine\": the API urn:orders has no scope read:everything: add it there in [[apis]]"
    );
    let changes = apply(&world, &machine(WITH_SECRET)).await;
    let text = changes.expect("the document can be applied").to_string();
    assert!(text.ends_with("2 created\n"), "{text}");
}

async fn a_dry_run_tells_what_happens_and_changes_nothing(engine: Engine) {
    let world = World::on(engine).await;
    let document = machine(WITH_SECRET);
    let planned = plan(&world, &document).await;
    assert_eq!(
        token(&world, MACHINE, SECRET).await["error"],
        "invalid_client"
    );
    let changes = apply(&world, &document).await;
    assert_eq!(changes.expect("the document can be applied"), planned);
    assert!(plan(&world, &document).await.is_unchanged());
}

async fn a_machine_is_taken_with_either_secret_until_the_overlap_has_passed(engine: Engine) {
    let world = World::on(engine).await;
    apply(&world, &machine(WITH_SECRET))
        .await
        .expect("the document can be applied");
    let issued = token(&world, MACHINE, SECRET).await;
    let claims = jwt_claims(issued["access_token"].as_str().expect("a token is issued"));
    assert_eq!(claims["aud"][0], "urn:orders");
    assert_eq!(claims["scope"], "read:orders");

    world.pass(1);
    let replaced = machine("secret = { env = 'OTHER_SECRET' }\nsecret_overlap_seconds = 60");
    apply(&world, &replaced)
        .await
        .expect("the document can be applied");
    for secret in [SECRET, OTHER_SECRET] {
        let issued = token(&world, MACHINE, secret).await;
        assert!(issued["access_token"].is_string(), "{issued}");
    }

    world.pass(60);
    assert_eq!(
        token(&world, MACHINE, SECRET).await["error"],
        "invalid_client"
    );
    let issued = token(&world, MACHINE, OTHER_SECRET).await;
    assert!(issued["access_token"].is_string(), "{issued}");
    assert_eq!(
        world.audited(MACHINE).await,
        ["application.created", "application.updated"]
    );
}

/// Two organizations, in which Ada has different roles.
const ORGANIZATIONS: &str = "
    [[permissions]]
    key = 'read:reports'
    name = 'Read reports'
    in_new_roles = true
    [[permissions]]
    key = 'update:reports'
    name = 'Update reports'
    [[permissions]]
    key = 'delete:reports'
    name = 'Delete reports'
    [[roles]]
    key = 'analyst'
    name = 'Analyst'
    [[roles]]
    key = 'editor'
    name = 'Editor'
    permissions = ['update:reports']
    [[organizations]]
    code = 'org_0a1c3e5f7b2'
    name = 'Acme'
    is_default = true
    [[organizations]]
    code = 'org_9d8b6f4e2c0'
    name = 'Globex'
    default_roles = ['analyst']
    [[users]]
    email = 'ada@example.test'
    email_verified = true
    password = { env = 'SECRET' }
    organizations = [
        { code = 'org_0a1c3e5f7b2', roles = ['editor'], permissions = ['delete:reports'] },
        { code = 'org_9d8b6f4e2c0' },
    ]
";

async fn a_member_finds_what_the_document_gives_in_the_token(engine: Engine) {
    let world = World::on(engine).await;
    let changes = apply(&world, ORGANIZATIONS).await;
    let text = changes.expect("the document can be applied").to_string();
    assert!(text.ends_with("8 created\n"), "{text}");
    let again = apply(&world, ORGANIZATIONS).await;
    assert!(again.expect("it can be applied again").is_unchanged());
    assert_eq!(
        world.default_organization().await.as_str(),
        "org_0a1c3e5f7b2"
    );

    let client = world.client().await;
    let mut browser = world.browser();
    browser.open(&client.authorize_url(&[])).await;
    let page = browser.sign_in("ada@example.test", SECRET).await;
    assert_eq!(page.id(), "page-select-organization");
    browser.submit("button[value='org_0a1c3e5f7b2']", &[]).await;
    let tokens = client.redeem(browser.arrived()).await;
    assert_eq!(tokens.access_claims()["org_code"], "org_0a1c3e5f7b2");
    assert_eq!(
        tokens.access_claims()["permissions"],
        json!(["delete:reports", "read:reports", "update:reports"])
    );
    assert_eq!(
        tokens.id_claims()["org_codes"],
        json!(["org_0a1c3e5f7b2", "org_9d8b6f4e2c0"])
    );

    let globex = client.authorize_url(&[("org_code", "org_9d8b6f4e2c0"), ("prompt", "none")]);
    browser.open(&globex).await;
    let tokens = client.redeem(browser.arrived()).await;
    assert_eq!(
        tokens.access_claims()["permissions"],
        json!(["read:reports"])
    );
}

async fn an_application_that_is_removed_is_unknown(engine: Engine) {
    let world = World::on(engine).await;
    apply(&world, &machine(WITH_SECRET))
        .await
        .expect("the document can be applied");
    world.pass(1);
    apply(&world, &machine("remove = true"))
        .await
        .expect("the document can be applied");
    let refused = token(&world, MACHINE, SECRET).await;
    assert_eq!(refused["error"], "invalid_client");
}

async fn the_demo_is_applied_once_and_then_changes_nothing(engine: Engine) {
    let world = World::on(engine).await;
    let demo = include_str!("../../config/demo.toml");
    let changes = apply(&world, demo).await;
    assert!(!changes.expect("the demo can be applied").is_unchanged());
    let again = apply(&world, demo).await.expect("the demo can be applied");
    assert!(again.is_unchanged(), "{again}");
}

async fn the_management_client_gets_a_token_for_the_management_api(engine: Engine) {
    let world = World::on(engine).await;
    let defaults = Defaults::from(&world.app.config);
    let wanted = Bootstrap {
        email: "root@example.test",
        rotates_secret: false,
    };
    let mut rng = world.app.random.generator();
    let mut tx = world.app.db.write().await.expect("the database answers");
    let hashing = hashing(&world);
    let outcome =
        provisioning::bootstrap(&mut tx, wanted, &defaults, &hashing, world.now(), &mut rng)
            .await
            .expect("the installation can be set up");
    tx.commit().await.expect("the database answers");

    let client = outcome.management_client;
    let secret = client.client_secret.expect("the client is new");
    let issued = token(&world, client.client_id.as_str(), secret.expose()).await;
    let claims = jwt_claims(issued["access_token"].as_str().expect("a token is issued"));
    assert_eq!(claims["aud"][0], world.url("/api"));

    let password = outcome.administrator.password.expect("they are new");
    let mut browser = world.browser();
    let application = world.client().await;
    browser.open(&application.authorize_url(&[])).await;
    let page = browser
        .sign_in("root@example.test", password.expose())
        .await;
    assert_eq!(page.id(), "page-choose-password", "it is a first password");
    let chosen = [
        ("p_first_password", PASSWORD),
        ("p_second_password", PASSWORD),
    ];
    browser.submit("button[type='submit']", &chosen).await;
    let tokens = application.redeem(browser.arrived()).await;
    let subject = outcome.administrator.user_id;
    assert_eq!(tokens.id_claims()["sub"], subject.as_str());
}
