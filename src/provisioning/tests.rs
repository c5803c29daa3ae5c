//! Documents applied to a database, and documents that are refused.

mod access;
mod connections;
mod logos;
mod organizations;
mod properties;

use std::path::Path;

use super::*;
use crate::clients::RegisteredClient;
use crate::clock::Clock;
use crate::config::{Config, Database, DatabaseUrl, MasterKey};
use crate::directory::accounts;
use crate::directory::organizations::ensure_default;
use crate::id::ClientId;
use crate::passwords::Verdict;
use crate::protocol::client::{Credential, PresentedClient};
use crate::store::{apis, audit_events, clients, environment, users};
use crate::tokens::claims::standard_claims;
use crate::vault::Vault;

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123";
const OTHER_SECRET: &str = "fedcba9876543210fedcba9876543210fedcba98";
const SHOP: &str = "0123456789abcdef0123456789abcdef";

fn variable(name: &str) -> Option<String> {
    match name {
        "SECRET" | "VESTIBULE_DEMO_CLIENT_SECRET" => Some(SECRET.to_owned()),
        "OTHER_SECRET" => Some(OTHER_SECRET.to_owned()),
        "SHORT" => Some("hunter2".to_owned()),
        _ => None,
    }
}

struct World {
    config: Config,
    db: Db,
    key: HashKey,
    passwords: PasswordHasher,
    clock: Clock,
    vault: Vault,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let config = Config::load(None, std::iter::empty()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let settings = Database {
            url: DatabaseUrl::Sqlite(folder.path().join("test.db")),
            ..config.database.clone()
        };
        let db = Db::open(&settings).await.unwrap();
        db.migrate().await.unwrap();
        let clock = Clock::manual(Timestamp::from_unix(1_800_000_000));
        let vault = Vault::new(MasterKey::generate(&mut rand::rng()).into());
        let mut tx = db.write().await.unwrap();
        ensure_default(&mut tx, clock.now(), &mut rand::rng())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        Self {
            passwords: PasswordHasher::new(&config.passwords, vault.clone(), &mut rand::rng())
                .unwrap(),
            vault,
            config,
            db,
            key: HashKey::from_bytes([7; 32]),
            clock,
            folder,
        }
    }

    fn hashing(&self) -> Hashing<'_> {
        Hashing {
            key: &self.key,
            passwords: &self.passwords,
            vault: &self.vault,
        }
    }

    fn defaults(&self) -> Defaults {
        Defaults::from(&self.config)
    }

    fn parse(&self, text: &str) -> Result<Document, DocumentError> {
        let references = References {
            folder: self.folder.path(),
            variable: &variable,
        };
        Document::parse(Path::new("test.toml"), text, &self.defaults(), &references)
    }

    /// Why these documents are refused, a line each.
    fn refusals(&self, documents: &[String]) -> String {
        let refusals: Vec<String> = documents
            .iter()
            .map(|document| {
                let read = self.parse(document).map(|_| document);
                read.unwrap_err().to_string()
            })
            .collect();
        refusals.join("\n")
    }

    async fn apply(&self, text: &str) -> Result<Changes, ApplyError> {
        let document = self.parse(text).unwrap();
        let mut tx = self.db.write().await?;
        let (hashing, now) = (self.hashing(), self.clock.now());
        let changes = apply(&mut tx, &document, &hashing, now, &mut rand::rng()).await?;
        tx.commit().await?;
        Ok(changes)
    }

    async fn plan(&self, text: &str) -> Changes {
        let document = self.parse(text).unwrap();
        let (hashing, now) = (self.hashing(), self.clock.now());
        plan(&self.db, &document, &hashing, now, &mut rand::rng())
            .await
            .unwrap()
    }

    async fn bootstrap(&self, rotates_secret: bool) -> Outcome {
        let wanted = Bootstrap {
            email: "root@example.test",
            rotates_secret,
        };
        let mut tx = self.db.write().await.unwrap();
        let (defaults, hashing) = (self.defaults(), self.hashing());
        let now = self.clock.now();
        let outcome = bootstrap(&mut tx, wanted, &defaults, &hashing, now, &mut rand::rng())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        outcome
    }

    async fn client(&self, id: &str) -> Option<RegisteredClient> {
        let mut tx = self.db.read().await.unwrap();
        let id = ClientId::parse(id).unwrap();
        RegisteredClient::load(&mut tx, &id, self.clock.now())
            .await
            .unwrap()
    }

    async fn accepts(&self, id: &str, secret: &str) -> bool {
        let presented = PresentedClient {
            client_id: ClientId::parse(id).unwrap(),
            credential: Credential::Post(secret.into()),
        };
        let client = self.client(id).await.unwrap();
        client.authenticate(&presented, &self.key).is_ok()
    }

    async fn events(&self, subject: &str) -> Vec<String> {
        let mut tx = self.db.read().await.unwrap();
        let events = audit_events::list_for_subject(&mut tx, subject)
            .await
            .unwrap();
        events.into_iter().map(|event| event.action).collect()
    }
}

/// The document of one web application, with further keys.
fn shop(keys: &str) -> String {
    format!(
        "[[applications]]\nid = '{SHOP}'\nname = 'Shop'\nkind = 'web'\n\
         redirect_uris = ['https://shop.test/callback']\n{keys}\n"
    )
}

const WITH_SECRET: &str = "secret = { env = 'SECRET' }";

#[tokio::test]
async fn the_demo_is_applied_once_and_then_changes_nothing() {
    let world = World::new().await;
    let demo = include_str!("../../config/demo.toml");
    let planned = world.plan(demo).await;
    assert_eq!(world.apply(demo).await.unwrap(), planned);
    insta::assert_snapshot!(planned.to_string().lines().last().unwrap(), @"15 created, 1 unchanged");
    let again = world.apply(demo).await.unwrap();
    assert!(again.is_unchanged(), "{again}");

    let mut tx = world.db.read().await.unwrap();
    for typed in ["Ada@example.test", "ada"] {
        let ada = accounts::find(&mut tx, typed).await.unwrap().unwrap();
        let hash = ada.password.unwrap().password_hash;
        let check = world
            .passwords
            .verify(SECRET, Some(&hash), &mut rand::rng());
        assert_eq!(check.await.unwrap(), Verdict::Right);
        let subject = users::find_subject(&mut tx, &ada.user.id).await.unwrap();
        let claims = standard_claims(&subject.unwrap());
        for name in crate::protocol::claims::StandardClaims::names() {
            assert!(claims.to_map().contains_key(*name), "{name}");
        }
    }
}

#[tokio::test]
async fn a_dry_run_leaves_nothing_behind() {
    let world = World::new().await;
    let changes = world.plan(&shop(WITH_SECRET)).await;
    assert!(!changes.is_unchanged());
    assert!(world.client(SHOP).await.is_none());
}

#[tokio::test]
async fn a_change_is_told_stored_and_audited() {
    let world = World::new().await;
    world.apply(&shop(WITH_SECRET)).await.unwrap();
    world.clock.advance(Seconds::new(1));
    let changed = shop(&format!(
        "{WITH_SECRET}\nlogin_uri = 'https://shop.test/login'\nenabled = false\nscopes = ['openid']"
    ));
    insta::assert_snapshot!(world.apply(&changed).await.unwrap(), @r#"
    ~ application "Shop"
        scopes: email offline offline_access openid profile -> openid
        login_uri: https://shop.test/login
        enabled: true -> false
    1 updated
    "#);
    let client = world.client(SHOP).await.unwrap().client;
    assert_eq!(client.login_uri.as_deref(), Some("https://shop.test/login"));
    assert!(client.disabled_at.is_some());
    assert_eq!(
        world.events(SHOP).await,
        ["application.created", "application.updated"]
    );
    assert!(world.apply(&changed).await.unwrap().is_unchanged());
    assert_eq!(world.events(SHOP).await.len(), 2);
}

#[tokio::test]
async fn a_new_secret_lets_the_former_one_end_after_the_overlap() {
    let world = World::new().await;
    world.apply(&shop(WITH_SECRET)).await.unwrap();
    let replaced = shop("secret = { env = 'OTHER_SECRET' }\nsecret_overlap_seconds = 60");
    insta::assert_snapshot!(world.apply(&replaced).await.unwrap(), @r#"
    ~ application "Shop"
        secrets: changed
    1 updated
    "#);
    assert!(world.accepts(SHOP, SECRET).await);
    assert!(world.accepts(SHOP, OTHER_SECRET).await);
    assert!(world.apply(&replaced).await.unwrap().is_unchanged());
    world.clock.advance(Seconds::new(60));
    assert!(!world.accepts(SHOP, SECRET).await);
    assert!(world.accepts(SHOP, OTHER_SECRET).await);
    assert!(world.apply(&replaced).await.unwrap().is_unchanged());
}

#[tokio::test]
async fn two_secrets_are_taken_side_by_side() {
    let world = World::new().await;
    let both = shop("secrets = [{ env = 'SECRET' }, { env = 'OTHER_SECRET' }]");
    world.apply(&both).await.unwrap();
    world.clock.advance(Seconds::new(365 * 86_400));
    assert!(world.accepts(SHOP, SECRET).await);
    assert!(world.accepts(SHOP, OTHER_SECRET).await);
    assert!(!world.accepts(SHOP, "another").await);
}

#[tokio::test]
async fn an_application_is_removed_when_the_document_says_so() {
    let world = World::new().await;
    world.apply(&shop(WITH_SECRET)).await.unwrap();
    assert!(world.apply("").await.unwrap().is_unchanged());
    assert!(world.client(SHOP).await.is_some());
    let removal = shop("remove = true\nsecret = { env = 'UNSET' }");
    insta::assert_snapshot!(world.apply(&removal).await.unwrap(), @r#"
    - application "Shop"
    1 removed
    "#);
    assert!(world.client(SHOP).await.is_none());
    assert!(world.apply(&removal).await.unwrap().is_unchanged());
}

#[tokio::test]
async fn a_scope_taken_from_an_api_is_taken_from_its_applications() {
    let world = World::new().await;
    let api = |scopes: &str| {
        format!("[[apis]]\naudience = 'urn:orders'\nname = 'Orders'\nscopes = [{scopes}]\n")
    };
    let both = api("{ name = 'read' }, { name = 'write', description = 'Place' }");
    let with_apis = format!(
        "{WITH_SECRET}\napis = [{{ audience = 'urn:orders', scopes = ['read', 'write'] }}]"
    );
    world
        .apply(&format!("{both}{}", shop(&with_apis)))
        .await
        .unwrap();
    insta::assert_snapshot!(world.apply(&api("{ name = 'read' }")).await.unwrap(), @r#"
    ~ api "urn:orders"
        scopes: read write (Place) -> read
    1 updated
    "#);
    let client = world.client(SHOP).await.unwrap();
    assert_eq!(client.apis[0].allowed, "read".parse().unwrap());
    let error = world.apply(&shop(&with_apis)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "application \"Shop\": the API urn:orders has no scope write: add it there in [[apis]]"
    );
}

#[tokio::test]
async fn an_api_is_removed_with_what_applications_had_of_it() {
    let world = World::new().await;
    let api = |keys: &str| format!("[[apis]]\naudience = 'urn:orders'\n{keys}\n");
    let with_apis = format!("{WITH_SECRET}\napis = [{{ audience = 'urn:orders' }}]");
    let document = format!("{}{}", api("name = 'Orders'"), shop(&with_apis));
    world.apply(&document).await.unwrap();
    insta::assert_snapshot!(world.apply(&api("remove = true")).await.unwrap(), @r#"
    - api "urn:orders"
    1 removed
    "#);
    assert!(world.client(SHOP).await.unwrap().apis.is_empty());
    assert!(
        world
            .apply(&api("remove = true"))
            .await
            .unwrap()
            .is_unchanged()
    );
    let error = world.parse(&api("")).unwrap_err().to_string();
    assert_eq!(
        error,
        "test.toml:2:12: api \"urn:orders\": name is missing: add one"
    );
}

#[tokio::test]
async fn an_application_can_not_call_an_api_that_is_not_there() {
    let world = World::new().await;
    let with_apis = format!("{WITH_SECRET}\napis = [{{ audience = 'urn:orders' }}]");
    let error = world.apply(&shop(&with_apis)).await.unwrap_err();
    assert!(error.to_string().contains("there is no API urn:orders"));
    assert!(world.client(SHOP).await.is_none(), "nothing is half done");
}

#[tokio::test]
async fn policies_are_set_and_those_not_named_stay() {
    let world = World::new().await;
    let closed = "[policies]\nself_sign_up_allowed = false";
    world.apply(closed).await.unwrap();
    assert!(world.apply("[policies]").await.unwrap().is_unchanged());
    let mut tx = world.db.read().await.unwrap();
    let policies = environment::policies(&mut tx).await.unwrap();
    assert!(!policies.self_sign_up_allowed);
}

#[tokio::test]
async fn a_profile_is_updated_and_a_password_is_not() {
    let world = World::new().await;
    let user = |keys: &str| format!("[[users]]\nemail = 'ada@example.test'\n{keys}");
    world
        .apply(&user(
            "given_name = 'Ada'\nattributes = { nickname = 'A' }\npassword = { env = 'SECRET' }",
        ))
        .await
        .unwrap();
    let changed = user(
        "family_name = 'Byron'\nusername = 'ada'\nemail_verified = true\npassword = { env = 'OTHER_SECRET' }",
    );
    insta::assert_snapshot!(world.apply(&changed).await.unwrap(), @r#"
    ~ user "ada@example.test"
        family_name: Byron
        preferred_username: ada
        email_verified: false -> true
    1 updated
    "#);
    assert!(world.apply(&changed).await.unwrap().is_unchanged());
    let mut tx = world.db.read().await.unwrap();
    let ada = accounts::find(&mut tx, "ada").await.unwrap().unwrap();
    assert_eq!(ada.user.given_name.as_deref(), Some("Ada"));
    assert_eq!(ada.user.attributes.0.nickname.as_deref(), Some("A"));
    let hash = ada.password.unwrap().password_hash;
    let check = world
        .passwords
        .verify(SECRET, Some(&hash), &mut rand::rng());
    assert_eq!(check.await.unwrap(), Verdict::Right);
}

#[tokio::test]
async fn a_user_name_that_is_taken_is_refused_and_nothing_is_done() {
    let world = World::new().await;
    world
        .apply("[[users]]\nemail = 'ada@example.test'\nusername = 'ada'")
        .await
        .unwrap();
    let error = world
        .apply("[[users]]\nemail = 'eve@example.test'\nusername = 'Ada'")
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "user \"eve@example.test\": the username belongs to another account"
    );
    let mut tx = world.db.read().await.unwrap();
    let eve = accounts::find(&mut tx, "eve@example.test").await.unwrap();
    assert!(eve.is_none());
}

#[tokio::test]
async fn bootstrapping_twice_shows_secrets_once() {
    let world = World::new().await;
    let first = world.bootstrap(false).await;
    let password = first.administrator.password.as_ref().unwrap();
    assert!(password.expose().len() >= 20);
    let client = &first.management_client;
    let secret = client.client_secret.as_ref().unwrap().expose();
    assert!(world.accepts(client.client_id.as_str(), secret).await);
    assert!(first.to_string().contains(secret));

    let again = world.bootstrap(false).await;
    assert!(!again.administrator.created && !again.management_client.created);
    assert!(again.administrator.password.is_none());
    assert!(again.management_client.client_secret.is_none());
    assert_eq!(again.management_client.client_id, client.client_id);

    let rotated = world.bootstrap(true).await.management_client;
    let new_secret = rotated.client_secret.unwrap();
    assert_ne!(new_secret.expose(), secret);
    for secret in [secret, new_secret.expose()] {
        assert!(world.accepts(client.client_id.as_str(), secret).await);
    }

    let mut tx = world.db.read().await.unwrap();
    assert_eq!(clients::list(&mut tx).await.unwrap().len(), 1);
    let api = apis::find_by_audience(&mut tx, "http://localhost:8080/api")
        .await
        .unwrap();
    assert!(api.unwrap().is_management);
    let root = accounts::find(&mut tx, "root@example.test").await.unwrap();
    assert!(root.unwrap().password.unwrap().is_temporary);
}

#[tokio::test]
async fn what_can_not_be_is_refused_with_its_place() {
    let world = World::new().await;
    let spa = |keys: &str| shop(keys).replace("kind = 'web'", "kind = 'spa'");
    let machine = |keys: &str| {
        shop(keys).replace("kind = 'web'", "kind = 'm2m'").replacen(
            "redirect_uris = ['https://shop.test/callback']",
            "",
            1,
        )
    };
    let documents = [
        "polices = 1".to_owned(),
        "[policies]\nself_signup = true".to_owned(),
        "[[applications]]\nid = 'shop'".to_owned(),
        "[[applications]]\nname = 'Shop'".to_owned(),
        format!("[[applications]]\nid = '{SHOP}'\nkind = 'web'"),
        shop("redirect_uri = 'https://shop.test'"),
        shop(""),
        shop("secret = 'hunter2hunter2'"),
        shop("secret = { env = 'UNSET' }"),
        shop("secret = { env = 'SHORT' }"),
        shop(WITH_SECRET).replace("https://shop.test/callback", "http://shop.test/callback"),
        shop(WITH_SECRET).replace("['https://shop.test/callback']", "[]"),
        shop(WITH_SECRET).replace("'Shop'", "' '"),
        shop(WITH_SECRET).replace("'web'", "'reg'"),
        shop(&format!("{WITH_SECRET}\nauth_methods = ['none']")),
        shop(&format!(
            "{WITH_SECRET}\nscopes = ['openid', 'read:orders']"
        )),
        shop(&format!("{WITH_SECRET}\nid_token_lifetime_seconds = 5")),
        shop(&format!("{WITH_SECRET}\nlogo_uri = 'logo.png'")),
        format!("{}{}", shop(WITH_SECRET), shop(WITH_SECRET)),
        spa(WITH_SECRET),
        spa("requires_pkce = false"),
        spa("auth_methods = ['client_secret_post']"),
        machine(&format!(
            "{WITH_SECRET}\nredirect_uris = ['https://shop.test/callback']"
        )),
        machine(&format!("{WITH_SECRET}\nscopes = ['openid']")),
        machine(""),
        "[[apis]]\naudience = 'two words'\nname = 'Orders'".to_owned(),
        "[[apis]]\naudience = 'http://localhost:8080/api'\nname = 'Ours'".to_owned(),
        "[[apis]]\naudience = 'urn:a'\nname = 'A'\nscopes = [{ name = 'a' }, { name = 'a' }]"
            .to_owned(),
        "[[users]]\ngiven_name = 'Ada'".to_owned(),
        "[[users]]\nemail = 'ada'".to_owned(),
        "[[users]]\nemail = 'a@b.test'\nattributes = { birthdate = 'May' }".to_owned(),
        "[[users]]\nemail = 'a@b.test'\nattributes = { address = { town = 'Bern' } }".to_owned(),
        "[[users]]\nemail = 'a@b.test'\n[[users]]\nemail = 'A@b.test'".to_owned(),
    ];
    insta::assert_snapshot!(world.refusals(&documents));
}
