//! Databases that were filled by an earlier version: nothing in them is lost, and who was signed in still is.

use std::borrow::Cow;

use reqwest::header::{COOKIE, LOCATION};
use sqlx::migrate::Migrator;
use url::Url;
use vestibule::config::{Config, MasterKey};
use vestibule::id::ClientId;
use vestibule::passwords::PasswordHasher;
use vestibule::secret::Secret;
use vestibule::store::{Db, Tx};
use vestibule::vault::Vault;

use crate::support::{Engine, PASSWORD, START, TestClient, Tokens, World, on_each_engine};

on_each_engine! {
    the_first_version_is_upgraded
    the_version_before_invitations_is_upgraded
    the_version_before_connections_is_upgraded
}

static MIGRATIONS: Migrator = sqlx::migrate!();

const ACME: &str = "org_00000000acb";
const ADA: &str = "kp_000000000000000000000000000000ad";
const CLIENT: &str = "000000000000000000000000000000c1";
const CALLBACK: &str = "https://app.example.test/callback";
const REFRESH_TOKEN: &str = "therefreshtokenofaversionlongago";
const SESSION: &str = "thecookieofasessionlongago";

/// People, organizations, what people may there, and an application, as all versions have written them. Whatever was
/// added later has a default.
const ROWS: &[&str] = &[
    "INSERT INTO users (id, given_name, family_name, attributes, created_at, updated_at) VALUES
        ('kp_000000000000000000000000000000ad', 'Ada', 'Byron', '{\"nickname\":\"Countess\"}', 1700000000, 1700000000),
        ('kp_000000000000000000000000000000ce', 'Grace', NULL, '{}', 1700000001, 1700000001)",
    "INSERT INTO identities
        (id, user_id, kind, value, value_key, verified_at, is_primary, sign_ins, last_sign_in_at, created_at) VALUES
        ('identity_000000000000000000000000000000a1', 'kp_000000000000000000000000000000ad', 'email',
            'Ada@example.test', 'ada@example.test', 1700000000, TRUE, 7, 1700000100, 1700000000),
        ('identity_000000000000000000000000000000a2', 'kp_000000000000000000000000000000ad', 'username',
            'Ada', 'ada', NULL, TRUE, 0, NULL, 1700000000),
        ('identity_000000000000000000000000000000a3', 'kp_000000000000000000000000000000ce', 'email',
            'grace@example.test', 'grace@example.test', NULL, TRUE, 0, NULL, 1700000001)",
    "INSERT INTO organizations
        (id, name, handle, external_id, is_default, is_auto_membership, suspended_at, created_at, updated_at) VALUES
        ('org_00000000def', 'Business', NULL, NULL, TRUE, FALSE, NULL, 1700000000, 1700000000),
        ('org_00000000acb', 'Acme', 'acme', 'crm-7', FALSE, TRUE, NULL, 1700000000, 1700000000),
        ('org_00000000b1e', 'Globex', NULL, NULL, FALSE, FALSE, 1700000500, 1700000000, 1700000500)",
    "INSERT INTO organization_domains (organization_id, domain) VALUES ('org_00000000acb', 'acme.test')",
    "INSERT INTO memberships (organization_id, user_id, joined_at, last_sign_in_at) VALUES
        ('org_00000000acb', 'kp_000000000000000000000000000000ad', 1700000010, 1700000100),
        ('org_00000000b1e', 'kp_000000000000000000000000000000ad', 1700000011, NULL),
        ('org_00000000def', 'kp_000000000000000000000000000000ce', 1700000012, NULL)",
    "INSERT INTO permissions (id, key, name, description, is_in_new_roles, created_at, updated_at) VALUES
        ('00000000-0000-4000-8000-0000000000f1', 'read:reports', 'Read', '', FALSE, 1700000000, 1700000000),
        ('00000000-0000-4000-8000-0000000000f2', 'edit:reports', 'Edit', '', TRUE, 1700000000, 1700000000)",
    "INSERT INTO roles (id, key, name, description, is_default, assignment_permission_id, created_at, updated_at) VALUES
        ('00000000-0000-4000-8000-0000000000e1', 'reader', 'Reader', 'Reads', FALSE,
            '00000000-0000-4000-8000-0000000000f2', 1700000000, 1700000000)",
    "INSERT INTO role_permissions (role_id, permission_id) VALUES
        ('00000000-0000-4000-8000-0000000000e1', '00000000-0000-4000-8000-0000000000f1')",
    "INSERT INTO organization_default_roles (organization_id, role_id) VALUES
        ('org_00000000acb', '00000000-0000-4000-8000-0000000000e1')",
    "INSERT INTO role_assignments (organization_id, user_id, role_id, source, expires_at, created_at) VALUES
        ('org_00000000acb', 'kp_000000000000000000000000000000ad', '00000000-0000-4000-8000-0000000000e1',
            'person', 4000000000, 1700000020)",
    "INSERT INTO permission_assignments (organization_id, user_id, permission_id, source, expires_at, created_at) VALUES
        ('org_00000000acb', 'kp_000000000000000000000000000000ad', '00000000-0000-4000-8000-0000000000f2',
            'api', NULL, 1700000021)",
    "INSERT INTO clients (id, name, kind, auth_methods, scopes, requires_pkce, requires_consent, signing_algorithm,
        types_access_tokens, profile_in_id_token, access_token_lifetime_seconds, id_token_lifetime_seconds,
        refresh_token_lifetime_seconds, grant_lifetime_seconds, login_uri, created_at, updated_at) VALUES
        ('000000000000000000000000000000c1', 'Notes', 'web', 'client_secret_basic client_secret_post',
            'email offline openid profile', FALSE, TRUE, 'RS256', FALSE, TRUE, 3600, 3600, 1296000, 31536000,
            'https://app.example.test/login', 1700000000, 1700000000)",
    "INSERT INTO client_uris (client_id, kind, uri, origin) VALUES
        ('000000000000000000000000000000c1', 'redirect', 'https://app.example.test/callback', 'https://app.example.test')",
    "INSERT INTO consents (user_id, client_id, scopes, given_at) VALUES
        ('kp_000000000000000000000000000000ad', '000000000000000000000000000000c1', 'email offline openid profile',
            1700000030)",
    "INSERT INTO sign_up_domains (domain) VALUES ('example.test')",
    "INSERT INTO audit_events (id, occurred_at, actor, action, subject, details) VALUES
        ('event_000000000000000000000000000000b1', 1700000000, 'operator', 'user.created',
            'kp_000000000000000000000000000000ad', '{}')",
];

/// The words that users are found by, as versions write them that know any.
const WORDS: &str = "INSERT INTO user_words (word, user_id) VALUES
    ('ada', 'kp_000000000000000000000000000000ad'), ('byron', 'kp_000000000000000000000000000000ad'),
    ('ada@example.test', 'kp_000000000000000000000000000000ad'), ('grace', 'kp_000000000000000000000000000000ce'),
    ('grace@example.test', 'kp_000000000000000000000000000000ce')";
/// The same of whole names.
const WHOLE_NAMES: &str = "INSERT INTO user_words (word, user_id) VALUES ('ada byron', 'kp_000000000000000000000000000000ad')";
/// Since which migration there are words, and whole names among them.
const WORDS_SINCE: i64 = 7;
const WHOLE_NAMES_SINCE: i64 = 15;

/// What must read the same afterwards: a line for each row.
const KEPT: &[&str] = &[
    "SELECT id || COALESCE(given_name, '-') || COALESCE(family_name, '-') || attributes || CAST(created_at AS TEXT)
     FROM users ORDER BY id",
    "SELECT id || user_id || kind || value || value_key || COALESCE(CAST(verified_at AS TEXT), '-')
        || CAST(is_primary AS TEXT) || CAST(sign_ins AS TEXT) || COALESCE(CAST(last_sign_in_at AS TEXT), '-')
     FROM identities ORDER BY id",
    "SELECT user_id || password_hash || CAST(is_temporary AS TEXT) FROM passwords ORDER BY user_id",
    "SELECT id || name || COALESCE(handle, '-') || COALESCE(external_id, '-') || CAST(is_default AS TEXT)
        || CAST(is_auto_membership AS TEXT) || COALESCE(CAST(suspended_at AS TEXT), '-')
     FROM organizations ORDER BY id",
    "SELECT organization_id || domain FROM organization_domains ORDER BY domain",
    "SELECT organization_id || user_id || CAST(joined_at AS TEXT) || COALESCE(CAST(last_sign_in_at AS TEXT), '-')
     FROM memberships ORDER BY organization_id, user_id",
    "SELECT id || key || name || CAST(is_in_new_roles AS TEXT) FROM permissions ORDER BY id",
    "SELECT id || key || name || description || COALESCE(assignment_permission_id, '-') FROM roles ORDER BY id",
    "SELECT role_id || permission_id FROM role_permissions ORDER BY role_id, permission_id",
    "SELECT organization_id || role_id FROM organization_default_roles ORDER BY role_id",
    "SELECT organization_id || user_id || role_id || source || COALESCE(CAST(expires_at AS TEXT), '-')
        || CAST(created_at AS TEXT)
     FROM role_assignments ORDER BY role_id",
    "SELECT organization_id || user_id || permission_id || source || COALESCE(CAST(expires_at AS TEXT), '-')
     FROM permission_assignments ORDER BY permission_id",
    "SELECT id || name || kind || auth_methods || scopes || COALESCE(login_uri, '-') FROM clients ORDER BY id",
    "SELECT client_id || kind || uri || COALESCE(origin, '-') FROM client_uris ORDER BY uri",
    "SELECT user_id || client_id || scopes FROM consents ORDER BY user_id",
    "SELECT id || user_id || token_hash || CAST(auth_time AS TEXT) || COALESCE(organization_id, '-') FROM sessions",
    "SELECT id || user_id || client_id || session_id || scopes || COALESCE(organization_id, '-') FROM grants",
    "SELECT token_hash || grant_id || client_id || CAST(expires_at AS TEXT) FROM refresh_tokens",
    "SELECT domain FROM sign_up_domains",
    "SELECT id || actor || action || COALESCE(subject, '-') || details FROM audit_events ORDER BY id",
];

async fn the_first_version_is_upgraded(engine: Engine) {
    upgrade_from(engine, 4).await;
}

async fn the_version_before_invitations_is_upgraded(engine: Engine) {
    upgrade_from(engine, 11).await;
}

async fn the_version_before_connections_is_upgraded(engine: Engine) {
    upgrade_from(engine, 15).await;
}

/// Fills a database of the schema with that number, brings it up to date, and lets people go on.
async fn upgrade_from(engine: Engine, version: i64) {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let url = engine.url(folder.path()).await;
    let environment = [("VESTIBULE__DATABASE__URL".to_owned(), url.clone())];
    let config = Config::load(None, environment.into_iter()).expect("the settings are possible");
    let db = Db::open(&config.database).await.expect("it opens");
    migrate_to(&db, version).await;
    let mut tx = db.write().await.expect("it takes writes");
    fill(&mut tx, &config).await;
    for (since, rows) in [(WORDS_SINCE, WORDS), (WHOLE_NAMES_SINCE, WHOLE_NAMES)] {
        if version >= since {
            let added = tx.execute(rows, ()).await;
            added.expect("such rows were possible");
        }
    }
    tx.commit().await.expect("it takes writes");
    let before = kept(&db).await;
    assert!(db.migrate().await.expect("it can be brought up to date") > 0);
    assert_eq!(kept(&db).await, before);
    db.close().await;

    let world = World::on_with(engine, &[("DATABASE__URL", &url)]).await;
    let client = ClientId::parse(CLIENT).expect("it is an id");
    let client = world.known_client(client, CALLBACK).await;
    check_tokens(&refreshed(&client).await);
    let arrived = goes_on(&world, &client).await;
    check_tokens(&client.redeem(&arrived).await);
    // With the password of then, by either name; no consent is asked for once more.
    for name in ["ada@example.test", "ada"] {
        let mut browser = world.browser();
        browser.open(&client.authorize_url(&[])).await;
        browser.sign_in(name, PASSWORD).await;
        check_tokens(&client.redeem(browser.arrived()).await);
    }
    let api = world.api().await;
    for (words, expected) in [
        ("byron", 1),
        ("ada%20byron", 1),
        ("example.test", 0),
        ("grace", 1),
    ] {
        let found = api.get(&format!("/search/users?query={words}")).await;
        let found = found["results"].as_array().map(Vec::len);
        assert_eq!(found, Some(expected), "{words}");
    }
}

async fn migrate_to(db: &Db, version: i64) {
    let earlier = MIGRATIONS.iter().filter(|one| one.version <= version);
    let earlier = Migrator {
        migrations: Cow::Owned(earlier.cloned().collect()),
        ..Migrator::DEFAULT
    };
    let done = match db {
        Db::Postgres(pool) => earlier.run(pool).await,
        Db::Sqlite { writer, .. } => earlier.run(writer).await,
    };
    done.expect("the earlier schema can be made");
}

async fn fill(tx: &mut Tx, config: &Config) {
    for rows in ROWS {
        tx.execute(rows, ()).await.expect("such rows were possible");
    }
    let mut rng = rand::rng();
    let vault = Vault::new(MasterKey::generate(&mut rng).into());
    let hasher = PasswordHasher::new(&config.passwords, vault, &mut rng);
    let hash = hasher.expect("it works").hash(PASSWORD, &mut rng).await;
    tx.execute(
        "INSERT INTO passwords (user_id, password_hash, is_temporary, changed_at) VALUES ($1, $2, FALSE, 1700000000)",
        (ADA, &hash.expect("it can be hashed")),
    )
    .await
    .expect("such rows were possible");
    tx.execute(
        "INSERT INTO sessions (id, user_id, token_hash, auth_time, methods, created_at, last_seen_at, expires_at,
            organization_id)
         VALUES ('00000000-0000-4000-8000-0000000000d1', $1, $2, $3, 'pwd', $3, $3, 4000000000, $4)",
        (ADA, &Secret::from(SESSION).hash(), START, ACME),
    )
    .await
    .expect("such rows were possible");
    tx.execute(
        "INSERT INTO grants (id, user_id, client_id, session_id, scopes, audiences, claims, auth_time, methods, acr,
            requested_at, created_at, expires_at, organization_id)
         VALUES ('00000000-0000-4000-8000-0000000000c2', $1, $2, '00000000-0000-4000-8000-0000000000d1',
            'email offline openid profile', '[]', '{}', $3, 'pwd', '1', $3, $3, 4000000000, $4)",
        (ADA, CLIENT, START, ACME),
    )
    .await
    .expect("such rows were possible");
    tx.execute(
        "INSERT INTO refresh_tokens (token_hash, grant_id, client_id, created_at, expires_at)
         VALUES ($1, '00000000-0000-4000-8000-0000000000c2', $2, $3, 4000000000)",
        (&Secret::from(REFRESH_TOKEN).hash(), CLIENT, START),
    )
    .await
    .expect("such rows were possible");
}

async fn kept(db: &Db) -> Vec<String> {
    let mut tx = db.read().await.expect("it can be read");
    let mut lines = Vec::new();
    for statement in KEPT {
        let rows: Vec<(String,)> = tx.all(statement, ()).await.expect(statement);
        assert!(!rows.is_empty(), "{statement}");
        lines.extend(rows.into_iter().map(|(line,)| line));
    }
    lines
}

/// Of Ada, in Acme, with what she may there.
fn check_tokens(tokens: &Tokens) {
    let claims = tokens.access_claims();
    let permissions = serde_json::json!(["edit:reports", "read:reports"]);
    assert_eq!(
        (&claims["sub"], &claims["org_code"], &claims["permissions"]),
        (&ADA.into(), &ACME.into(), &permissions)
    );
    let claims = tokens.id_claims();
    assert_eq!(claims["email"], "Ada@example.test");
    assert_eq!(claims["email_verified"], true);
}

async fn refreshed(client: &TestClient) -> Tokens {
    Tokens::of(&client.refresh(REFRESH_TOKEN).await)
}

/// What the client gets for the session of then, without a word.
async fn goes_on(world: &World, client: &TestClient) -> Url {
    let begin = client.authorize_url(&[("prompt", "none"), ("org_code", ACME)]);
    let cookie = format!("vestibule_session={SESSION}");
    let mut address = Url::parse(&begin).expect("it is an address");
    for _ in 0..2 {
        let request = World::http().get(address.clone()).header(COOKIE, &cookie);
        let answer = request.send().await.expect("the server answers");
        let location = answer.headers()[LOCATION].to_str().expect("it is text");
        address = address.join(location).expect("it is an address");
    }
    assert!(!address.as_str().starts_with(world.issuer()), "{address}");
    address
}
