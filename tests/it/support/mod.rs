//! The world of a test: a server of its own on a port of its own, with a database of its own.
//!
//! A [`World`] is started anew by each test and ends with it. Its clock stands still until the test
//! moves it, but for [`World::listening`], whose clients look at their own.

mod api;
mod browser;
mod client;
mod contents;
mod engine;
mod keycloak;
mod organization;
mod people;
mod tls;
mod upstream;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use vestibule::app::{App, Random};
use vestibule::audit::Actor;
use vestibule::clock::{Clock, Seconds, Timestamp};
use vestibule::config::Config;
use vestibule::directory::accounts::{self, NewAccount};
use vestibule::id::UserId;
use vestibule::web::site::Site;

pub(crate) use api::{Api, every_scope};
pub(crate) use browser::{Browser, Page};
pub(crate) use client::{
    Answer, TestClient, Tokens, code_in, jwt_claims, jwt_header, parameters_of,
};
pub(crate) use engine::{Engine, on_each_engine};
pub(crate) use keycloak::{Keycloak, Realm, somebody};
pub(crate) use tls::Front;
pub(crate) use upstream::{Fault, Upstream, registration};

/// When the tests take place: 2026-11-22T08:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_unix(1_795_334_400);

/// The password of users whose test doesn't care.
pub(crate) const PASSWORD: &str = "seven brass lanterns swing";

/// A server, and everything a test does to it.
pub(crate) struct World {
    pub(crate) app: Arc<App>,
    issuer: String,
    folder: TempDir,
    server: JoinHandle<()>,
}

impl World {
    /// A world on `SQLite` whose clock stands.
    pub(crate) async fn new() -> Self {
        Self::on(Engine::Sqlite).await
    }

    /// A world on that engine whose clock stands.
    pub(crate) async fn on(engine: Engine) -> Self {
        Self::start(engine, Clock::manual(START), &[]).await
    }

    /// A world on `SQLite` whose clock stands, with these settings, each as `("SECTION__KEY", value)`.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        Self::start(Engine::Sqlite, Clock::manual(START), settings).await
    }

    /// A world on `SQLite` whose clock goes, for clients that have their own.
    pub(crate) async fn listening() -> Self {
        Self::start(Engine::Sqlite, Clock::System, &[]).await
    }

    /// The same, with these settings.
    pub(crate) async fn listening_with(settings: &[(&str, &str)]) -> Self {
        Self::start(Engine::Sqlite, Clock::System, settings).await
    }

    /// A second node on the same database and with the same settings, at an address of its own.
    pub(crate) async fn second_node(&self) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("loopback has free ports");
        let app = App::start(
            self.app.config.clone(),
            self.app.clock.clone(),
            Random::System,
        )
        .await;
        let app = Arc::new(app.expect("the second node starts"));
        let issuer = format!(
            "http://localhost:{}",
            listener.local_addr().expect("it is bound").port()
        );
        let server = serve(listener, Arc::clone(&app));
        Self {
            app,
            issuer,
            folder: tempfile::tempdir().expect("there is room for a folder"),
            server,
        }
    }

    /// A world on that engine whose clock stands, with these settings.
    pub(crate) async fn on_with(engine: Engine, settings: &[(&str, &str)]) -> Self {
        Self::start(engine, Clock::manual(START), settings).await
    }

    async fn start(engine: Engine, clock: Clock, settings: &[(&str, &str)]) -> Self {
        // Clients here speak no TLS, but their library wants to know how it would.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("loopback has free ports");
        let port = listener.local_addr().expect("it is bound").port();
        let issuer = format!("http://localhost:{port}");
        let inside = |name: &str| folder.path().join(name).display().to_string();
        let mut environment: Vec<(String, String)> = [
            ("SERVER__ISSUER", issuer.clone()),
            ("DATABASE__URL", engine.url(folder.path()).await),
            ("DATABASE__MAX_CONNECTIONS", "5".to_owned()),
            ("KEYS__MASTER_KEY_FILE", inside("master.key")),
            ("MAIL__TRANSPORT", "directory".to_owned()),
            ("MAIL__DIRECTORY", inside("mail")),
        ]
        .into_iter()
        .map(|(key, value)| (format!("VESTIBULE__{key}"), value))
        .collect();
        environment.extend(
            settings
                .iter()
                .map(|(key, value)| (format!("VESTIBULE__{key}"), (*value).to_owned())),
        );
        let config =
            Config::load(None, environment.into_iter()).expect("the settings are possible");
        engine.prepare(&config).await;
        let app = Arc::new(
            App::start(config, clock, Random::System)
                .await
                .expect("the application starts"),
        );
        let server = serve(listener, Arc::clone(&app));
        Self {
            app,
            issuer,
            folder,
            server,
        }
    }

    /// The issuer, which is also where the server listens.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The address of `path` here.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// The time here.
    pub(crate) fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        self.app.clock.advance(Seconds::new(seconds));
    }

    /// Creates a user with a verified address and that password.
    pub(crate) async fn user(&self, email: &str, password: &str) -> UserId {
        let new = NewAccount {
            email: Some(email.to_owned()),
            email_verified: true,
            given_name: Some("Ada".to_owned()),
            family_name: Some("Byron".to_owned()),
            ..NewAccount::default()
        };
        self.account(new, password).await
    }

    /// Creates an account with that password.
    pub(crate) async fn account(&self, new: NewAccount, password: &str) -> UserId {
        let mut rng = self.app.random.generator();
        let hash = self
            .app
            .hasher
            .hash(password, &mut rng)
            .await
            .expect("one password can be hashed");
        let new = NewAccount {
            password_hash: Some(hash),
            ..new
        };
        let mut tx = self
            .app
            .db
            .write()
            .await
            .expect("the database takes writes");
        let user = accounts::create(&mut tx, Actor::Operator, new, self.now(), &mut rng).await;
        let user = user
            .expect("the database takes writes")
            .expect("nobody has this address");
        tx.commit().await.expect("the database takes writes");
        user.id
    }

    /// A browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.issuer)
    }

    /// A client of the protocol that keeps no cookies and follows no redirects.
    pub(crate) fn http() -> reqwest::Client {
        browser::http(false)
    }

    /// Where the mails land.
    pub(crate) fn mail_directory(&self) -> PathBuf {
        self.folder.path().join("mail")
    }

    /// The mails sent so far to an address, oldest first, each as its text.
    pub(crate) fn mails_to(&self, address: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.mail_directory()) else {
            return Vec::new();
        };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        paths.sort();
        let mails = paths.iter().filter_map(|path| std::fs::read(path).ok());
        mails
            .filter_map(|raw| {
                let mail = mail_parser::MessageParser::default().parse(&raw)?;
                let is_theirs = mail.to()?.first()?.address()? == address;
                is_theirs
                    .then(|| mail.body_text(0).map(std::borrow::Cow::into_owned))
                    .flatten()
            })
            .collect()
    }

    /// The code in the last mail to an address.
    pub(crate) fn code_for(&self, address: &str) -> String {
        let mails = self.mails_to(address);
        let mail = mails
            .last()
            .unwrap_or_else(|| panic!("no mail was sent to {address}"));
        let is_code =
            |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
        mail.split_whitespace()
            .find(is_code)
            .unwrap_or_else(|| panic!("no code in: {mail}"))
            .to_owned()
    }

    /// The actions in the audit log of one subject, oldest first; those of one second by name.
    pub(crate) async fn audited(&self, subject: &str) -> Vec<String> {
        let mut tx = self.app.db.read().await.expect("the database can be read");
        let events = vestibule::store::audit_events::list_for_subject(&mut tx, subject).await;
        let mut events = events.expect("the database can be read");
        events.sort_by(|one, other| {
            (one.occurred_at, &one.action).cmp(&(other.occurred_at, &other.action))
        });
        events.into_iter().map(|event| event.action).collect()
    }

    /// The JSON document at `path`.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let response = Self::http()
            .get(self.url(path))
            .send()
            .await
            .expect("the server answers");
        response.json().await.expect("the answer is JSON")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn serve(listener: TcpListener, app: Arc<App>) -> JoinHandle<()> {
    let router = vestibule::web::router(Site::new(app));
    tokio::spawn(async move {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service)
            .await
            .expect("the listener accepts");
    })
}
