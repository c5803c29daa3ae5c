//! Keycloak, installed by `script/setup test`: a provider that none of us configured to please us.
//!
//! All stories share one, each in a realm of its own. The first that needs it starts it. It keeps everything in
//! memory, and ends with the process of the tests, however that ends: a shell waits for the end of its input.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use vestibule::clock::Clock;

use super::{Browser, Engine, PASSWORD, World};
use crate::programs::free_port;

/// How long it may take until it listens.
const PATIENCE: Duration = Duration::from_secs(90);

/// Its administrator.
const ADMINISTRATOR: &str = "administrator";

/// How we are registered there.
const CLIENT_ID: &str = "vestibule-there";
const SECRET: &str = "a secret of ours, there";

/// Starts the program and stops it when nothing is left to read.
const WATCH: &str = r#"
trap '' INT
"$1" start --optimized --cache=local --http-enabled=true --hostname-strict=false \
  --http-host=127.0.0.1 --http-port="$3" 2>&1 </dev/null &
cat >/dev/null
kill -TERM $!
wait $!
rm -rf "$2"
"#;

static KEYCLOAK: OnceLock<Result<Keycloak, String>> = OnceLock::new();

/// A Keycloak.
#[derive(Debug)]
pub(crate) struct Keycloak {
    origin: String,
    /// Open as long as it runs.
    _input: ChildStdin,
}

/// A realm of it, in which everybody has the usual password.
pub(crate) struct Realm {
    keycloak: &'static Keycloak,
    name: String,
    pub(crate) issuer: String,
}

impl Keycloak {
    /// The one that all stories share.
    pub(crate) async fn shared() -> &'static Self {
        let started = tokio::task::spawn_blocking(|| KEYCLOAK.get_or_init(Self::start)).await;
        let started = started.expect("the task does not panic");
        started.as_ref().unwrap_or_else(|why| panic!("{why}"))
    }

    fn start() -> Result<Self, String> {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.keycloak");
        if !home.join(".installed").exists() {
            return Err("Keycloak is missing: run `script/setup test`".to_owned());
        }
        let port = free_port();
        let mut child = run(&home, port).map_err(|error| format!("sh does not start: {error}"))?;
        let input = child.stdin.take().expect("its input is a pipe");
        let lines = read(&mut child);
        let (began, mut said) = (Instant::now(), String::new());
        loop {
            let left = PATIENCE.saturating_sub(began.elapsed());
            let Ok(line) = lines.recv_timeout(left) else {
                return Err(format!("Keycloak does not listen:\n{said}"));
            };
            if line.contains("Listening on: ") {
                return Ok(Self {
                    origin: format!("http://127.0.0.1:{port}"),
                    _input: input,
                });
            }
            let _ = writeln!(said, "{line}");
        }
    }

    async fn token(&self) -> String {
        let form = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", ADMINISTRATOR),
            ("password", PASSWORD),
        ];
        let url = format!(
            "{}/realms/master/protocol/openid-connect/token",
            self.origin
        );
        let answer = World::http().post(url).form(&form).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let token = answer["access_token"].as_str();
        token.expect("the administrator gets a token").to_owned()
    }

    /// Calls its management interface. It must succeed.
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/admin/realms{path}", self.origin);
        let mut request = World::http()
            .request(method.clone(), &url)
            .bearer_auth(self.token().await);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{method} {url}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// A realm whose client we are, with these people. Each user is as Keycloak represents them.
    pub(crate) async fn realm(&'static self, name: &str, world: &World, users: Value) -> Realm {
        let realm = Realm {
            keycloak: self,
            name: name.to_owned(),
            issuer: format!("{}/realms/{name}", self.origin),
        };
        let groups = json!({
            "name": "groups", "protocol": "openid-connect", "protocolMapper": "oidc-group-membership-mapper",
            "config": { "claim.name": "groups", "full.path": "false", "id.token.claim": "true" },
        });
        let client = json!({
            "clientId": CLIENT_ID, "secret": SECRET,
            // The second is that of organizations' connections.
            "redirectUris": [world.url("/login/callback"), world.url("/login/callback/*")],
            "attributes": { "pkce.code.challenge.method": "S256" }, "protocolMappers": [groups],
        });
        let new = json!({
            "realm": name, "enabled": true, "groups": [{ "name": "staff" }, { "name": "clerks" }],
            "clients": [client], "users": users,
        });
        self.call(Method::POST, "", Some(new)).await;
        realm
    }
}

fn run(home: &Path, port: u16) -> std::io::Result<Child> {
    let folder = tempfile::tempdir()?.keep();
    let java = format!(
        "-XX:TieredStopAtLevel=1 -Dquarkus.transaction-manager.object-store.directory={}",
        folder.display()
    );
    Command::new("sh")
        .args(["-c", WATCH, "sh"])
        .arg(home.join("bin/kc.sh"))
        .arg(&folder)
        .arg(port.to_string())
        .env("JAVA_OPTS_APPEND", java)
        .env("KC_BOOTSTRAP_ADMIN_USERNAME", ADMINISTRATOR)
        .env("KC_BOOTSTRAP_ADMIN_PASSWORD", PASSWORD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

/// What it prints, line by line, read to its end even when nobody listens any more.
fn read(child: &mut Child) -> Receiver<String> {
    let output = child.stdout.take().expect("its output is a pipe");
    let (send, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = send.send(line);
        }
    });
    lines
}

/// Somebody with the usual password, as Keycloak represents them.
pub(crate) fn somebody(name: &str, more: Value) -> Value {
    let mut user = json!({
        "username": name, "enabled": true, "email": format!("{name}@acme.test"), "emailVerified": true,
        "firstName": "Ada", "lastName": "Byron",
        "credentials": [{ "type": "password", "value": PASSWORD, "temporary": false }],
    });
    if let Value::Object(more) = more {
        for (name, value) in more {
            user[name] = value;
        }
    }
    user
}

impl Realm {
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let path = format!("/{}{path}", self.name);
        self.keycloak.call(method, &path, body).await
    }

    async fn user(&self, name: &str) -> Value {
        let path = format!("/users?username={name}&exact=true");
        self.call(Method::GET, &path, None).await[0].take()
    }

    /// Changes somebody.
    pub(crate) async fn change(&self, name: &str, members: Value) {
        let mut user = self.user(name).await;
        if let Value::Object(members) = members {
            for (name, value) in members {
                user[name] = value;
            }
        }
        let path = format!("/users/{}", user["id"].as_str().unwrap());
        self.call(Method::PUT, &path, Some(user)).await;
    }

    /// Takes somebody out of a group.
    pub(crate) async fn leave(&self, name: &str, group: &str) {
        let user = self.user(name).await;
        let path = format!("/groups?search={group}&exact=true");
        let groups = self.call(Method::GET, &path, None).await;
        let (user, group) = (user["id"].as_str().unwrap(), groups[0]["id"].as_str());
        let path = format!("/users/{user}/groups/{}", group.unwrap());
        self.call(Method::DELETE, &path, None).await;
    }

    /// Has a new key sign from now on.
    pub(crate) async fn rotate(&self) {
        let key = json!({
            "name": "newer", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider",
            "config": { "priority": ["200"], "keySize": ["2048"], "algorithm": ["RS256"] },
        });
        self.call(Method::POST, "/components", Some(key)).await;
    }

    /// Asks whoever signs in whether they want to be known to us.
    pub(crate) async fn asks_for_consent(&self) {
        let path = format!("/clients?clientId={CLIENT_ID}");
        let mut client = self.call(Method::GET, &path, None).await[0].take();
        client["consentRequired"] = json!(true);
        let path = format!("/clients/{}", client["id"].as_str().unwrap());
        self.call(Method::PUT, &path, Some(client)).await;
    }

    /// What a connection has to know of it.
    pub(crate) fn options(&self) -> Value {
        json!({
            "issuer": self.issuer, "client_id": CLIENT_ID, "client_secret": SECRET, "groups_claim": "groups",
            "is_trusted": true,
        })
    }

    /// A browser at its pages, which it leaves for the callback.
    pub(crate) fn browser(&self) -> Browser {
        Browser::abroad(&self.keycloak.origin)
    }
}

impl World {
    /// A world whose clock stands at the time that it is, and that may ask upstreams on this machine.
    pub(crate) async fn of_today() -> Self {
        let networks = [("FEDERATION__ALLOWED_NETWORKS", "127.0.0.0/8")];
        let clock = Clock::manual(Clock::System.now());
        Self::start(Engine::Sqlite, clock, &networks).await
    }

    /// Lets the time pass that has passed outside, and a second.
    pub(crate) fn catch_up(&self) {
        let behind = Clock::System.now().since(self.now()).as_i64();
        self.pass(behind.max(0) + 1);
    }
}
