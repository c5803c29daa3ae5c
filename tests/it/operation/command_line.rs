//! `vestibule`, as an operator types it.

use std::os::unix::fs::PermissionsExt as _;
use std::thread::ScopedJoinHandle;

use reqwest::StatusCode;
use serde_json::Value;

use super::binary::{Installation, client, eventually};

const DOCUMENT: &str = r#"
[[applications]]
id = "5f0c1d7a9be84c36a2d40e8b7f61c923"
name = "Notes"
kind = "web"
redirect_uris = ["http://localhost:8090/callback"]
secret = { env = "DEMO_SECRET" }
"#;

#[test]
fn help_is_printed_for_every_command() {
    let installation = Installation::new(&[]);
    let help = installation.run(&["--help"]).succeeded();
    let commands = [
        "apply",
        "bootstrap",
        "keys",
        "migrate",
        "playground",
        "serve",
    ];
    for command in commands {
        assert!(
            help.contains(&format!("\n  {command} ")),
            "{command}: {help}"
        );
        let help = installation.run(&[command, "--help"]).succeeded();
        assert!(
            help.contains(&format!("Usage: vestibule {command}")),
            "{help}"
        );
    }
    for command in ["list", "rotate", "retire"] {
        installation.run(&["keys", command, "--help"]).succeeded();
    }
    let version = installation.run(&["--version"]).succeeded();
    assert_eq!(
        version.trim(),
        concat!("vestibule ", env!("CARGO_PKG_VERSION"))
    );
    assert!(
        !installation.folder().join("data").exists(),
        "help touches nothing"
    );
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let installation = Installation::new(&[]);
    for arguments in [
        &[] as &[&str],
        &["serv"],
        &["serve", "--frobnicate"],
        &["apply"],
        &["bootstrap"],
        &["keys"],
        &["keys", "retire"],
        &["keys", "rotate", "--algorithm", "HS256"],
        &["playground"],
    ] {
        installation.run(arguments).failed(2);
    }
    assert!(!installation.folder().join("data").exists());
}

#[test]
fn a_wrong_configuration_ends_with_2_and_names_the_line() {
    let installation = Installation::new(&[]);
    let cases = [
        // line, file, what is said
        (2, "[server]\nlisten_on = \"x\"\n", "listen_on"),
        (
            3,
            "[server]\n\nmax_connections = \"many\"\n",
            "server.max_connections",
        ),
        (
            2,
            "[sessions]\nidle_seconds = -1\n",
            "sessions.idle_seconds",
        ),
        (2, "[srever]\nlisten = \"x\"\n", "srever"),
        (2, "[database]\nurl = \"mysql://x\"\n", "database.url"),
        (3, "[log]\nformat = \"json\"\nfilter = \n", ""),
        (
            2,
            "[sign_in]\ncode_lifetime_seconds = 600\n",
            "sign_in.code_lifetime_seconds",
        ),
        (
            2,
            "[passwords]\niterations = \"two\"\n",
            "passwords.iterations",
        ),
    ];
    for (line, text, expected) in cases {
        installation.write("wrong.toml", text);
        let said = installation
            .run(&["--config", "wrong.toml", "migrate"])
            .failed(2);
        assert!(
            said.contains(&format!("wrong.toml:{line}")),
            "{text}: {said}"
        );
        assert!(said.contains(expected), "{text}: {said}");
    }
    let said = installation
        .run(&["--config", "absent.toml", "serve"])
        .failed(2);
    assert!(said.contains("absent.toml"), "{said}");
}

#[test]
fn wrong_variables_are_named() {
    let cases = [
        ("SERVER__LISTEN", "nowhere"),
        ("SERVER__ISSUER", "http://id.example.test"),
        ("SERVER__ISSUER", "https://id.example.test/"),
        ("SERVER__UNKNOWN", "1"),
        ("KEYS__MASTER_KEY", "short-canary-key"),
        ("DATABASE__MAX_CONNECTIONS", "0"),
    ];
    for (key, value) in cases {
        let installation = Installation::new(&[(key, value)]);
        let said = installation.run(&["serve"]).failed(2);
        assert!(said.contains(&format!("VESTIBULE__{key}")), "{key}: {said}");
        assert!(!said.contains("canary"), "secrets are not repeated: {said}");
    }
}

#[test]
fn migrate_says_what_it_did() {
    let installation = Installation::new(&[]);
    let first = installation.run(&["migrate"]).succeeded();
    assert!(first.starts_with("Applied "), "{first}");
    let second = installation.run(&["migrate"]).succeeded();
    assert_eq!(second, "The database is up to date.\n");
}

#[test]
fn apply_changes_once_and_a_dry_run_never() {
    let installation = Installation::new(&[]);
    installation.write("notes.toml", DOCUMENT);
    let dry = installation
        .run(&["apply", "--dry-run", "notes.toml"])
        .succeeded();
    assert!(dry.contains("Notes"), "{dry}");
    let again = installation
        .run(&["apply", "--dry-run", "notes.toml"])
        .succeeded();
    assert_eq!(again, dry, "a dry run changes nothing");
    let applied = installation.run(&["apply", "notes.toml"]).succeeded();
    assert_eq!(applied, dry, "and says what will be");
    let repeated = installation.run(&["apply", "notes.toml"]).succeeded();
    assert_ne!(repeated, applied);
    let unchanged = installation
        .run(&["apply", "--dry-run", "notes.toml"])
        .succeeded();
    assert_eq!(unchanged, repeated);
    let renamed = DOCUMENT.replace("\"Notes\"", "\"Better notes\"");
    installation.write("notes.toml", &renamed);
    let changed = installation.run(&["apply", "notes.toml"]).succeeded();
    assert!(changed.contains("Better notes"), "{changed}");
    for printed in [dry, applied, repeated, changed] {
        assert!(
            !printed.contains(&"d".repeat(52)),
            "no secret is printed: {printed}"
        );
    }
}

#[test]
fn a_wrong_document_is_refused_whole_and_names_the_place() {
    let installation = Installation::new(&[]);
    let cases = [
        (DOCUMENT.replace("name = ", "nmae = "), "nmae"),
        (
            DOCUMENT.replace("http://localhost:8090", "http://evil.test"),
            "redirect_uris",
        ),
        (
            DOCUMENT.replace("DEMO_SECRET", "NO_SUCH_VARIABLE"),
            "NO_SUCH_VARIABLE",
        ),
        (DOCUMENT.replace("\"web\"", "\"website\""), "website"),
        // A client may not pass for a user (security checklist, row 13).
        (
            DOCUMENT.replace("5f0c1d7a9be84c36", "kp_0c1d7a9be84c36"),
            "id",
        ),
        (
            DOCUMENT.replace("{ env = \"DEMO_SECRET\" }", "\"in the open\""),
            "secret",
        ),
    ];
    for (text, expected) in cases {
        installation.write("wrong.toml", &text);
        let said = installation.run(&["apply", "wrong.toml"]).failed(1);
        assert!(
            said.contains("wrong.toml") && said.contains(expected),
            "{expected}: {said}"
        );
        assert!(!said.contains("in the open"), "{said}");
    }
    installation.write("notes.toml", DOCUMENT);
    let dry = installation
        .run(&["apply", "--dry-run", "notes.toml"])
        .succeeded();
    assert!(
        dry.contains("created") || dry.contains('+'),
        "nothing was kept: {dry}"
    );
    let said = installation.run(&["apply", "absent.toml"]).failed(1);
    assert!(said.contains("absent.toml"), "{said}");
}

fn bootstrap(installation: &Installation, more: &[&str]) -> Value {
    let mut arguments = vec!["bootstrap", "--email", "root@example.test", "--json"];
    arguments.extend(more);
    let printed = installation.run(&arguments).succeeded();
    serde_json::from_str(&printed).expect("it prints JSON and nothing else")
}

async fn token_status(installation: &Installation, id: &Value, secret: &Value) -> StatusCode {
    let request = client().post(installation.url("/oauth2/token"));
    let id = id.as_str().expect("an id");
    let request = request.basic_auth(id, secret.as_str());
    let request = request.form(&[("grant_type", "client_credentials")]);
    request.send().await.expect("the server answers").status()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bootstrap_prints_its_secrets_once_and_can_be_repeated() {
    let installation = Installation::new(&[]);
    let first = bootstrap(&installation, &[]);
    assert_eq!(first["administrator"]["created"], true);
    assert!(first["administrator"]["password"].is_string());
    let secret = &first["management_client"]["client_secret"];
    assert!(secret.is_string());

    let second = bootstrap(&installation, &[]);
    assert_eq!(second["administrator"]["created"], false);
    assert!(second["administrator"]["password"].is_null());
    assert!(second["management_client"]["client_secret"].is_null());
    let id = &first["management_client"]["client_id"];
    assert_eq!(&second["management_client"]["client_id"], id);
    assert_eq!(
        second["administrator"]["user_id"],
        first["administrator"]["user_id"]
    );

    let rotated = bootstrap(&installation, &["--rotate-secret"]);
    let new = &rotated["management_client"]["client_secret"];
    assert_ne!(new, secret);
    let _server = installation.serve().await;
    assert_eq!(token_status(&installation, id, new).await, StatusCode::OK);
    assert_eq!(
        token_status(&installation, id, secret).await,
        StatusCode::OK,
        "for another day"
    );
    let guess = Value::from("a guess");
    assert_eq!(
        token_status(&installation, id, &guess).await,
        StatusCode::UNAUTHORIZED
    );
    installation
        .run(&["bootstrap", "--email", "no address"])
        .failed(1);
}

async fn published_kids(installation: &Installation) -> Vec<String> {
    let answer = client()
        .get(installation.url("/.well-known/jwks.json"))
        .send()
        .await;
    let keys: Value = answer
        .expect("the server answers")
        .json()
        .await
        .expect("it is JSON");
    let keys = keys["keys"].as_array().expect("a key set").iter();
    keys.map(|key| key["kid"].as_str().expect("a kid").to_owned())
        .collect()
}

/// The `kid`s that `keys list` prints in this state.
fn listed(installation: &Installation, state: &str) -> Vec<String> {
    let printed = installation.run(&["keys", "list"]).succeeded();
    let lines = printed.lines().skip(1).filter(|line| line.contains(state));
    let kids = lines.map(|line| line.split_whitespace().nth(1).expect("a kid").to_owned());
    kids.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_rotated_and_retired_under_a_running_server() {
    let installation = Installation::new(&[]);
    let _server = installation.serve().await;
    assert_eq!(
        listed(&installation, "signs").len(),
        3,
        "one for each algorithm"
    );
    let said = installation
        .run(&["keys", "rotate", "--algorithm", "RS256"])
        .succeeded();
    let next = listed(&installation, "next;");
    assert_eq!(next.len(), 1);
    assert!(said.contains(&next[0]), "{said}");
    eventually("the next key is published", || async {
        published_kids(&installation).await.contains(&next[0])
    })
    .await;
    installation.run(&["keys", "retire", &next[0]]).succeeded();
    eventually("it is withdrawn", || async {
        !published_kids(&installation).await.contains(&next[0])
    })
    .await;
    let said = installation
        .run(&["keys", "retire", "no:such:key"])
        .failed(1);
    assert!(said.contains("keys list"), "{said}");
    let signing = listed(&installation, "signs");
    let said = installation
        .run(&["keys", "retire", &signing[0]])
        .succeeded();
    assert!(said.contains("in its place"), "{said}");
    assert_eq!(listed(&installation, "signs").len(), 3, "another signs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_said_and_the_master_key_is_for_its_owner() {
    let installation = Installation::new(&[]);
    let _server = installation.serve().await;
    let said = installation.run(&["serve"]).failed(1);
    assert!(said.contains("can't listen on 127.0.0.1:"), "{said}");
    let key = installation.folder().join("data/master.key");
    let mode = key.metadata().expect("it was made").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_lost_master_key_is_said_and_no_new_one_stands_in_for_it() {
    let installation = Installation::new(&[]);
    installation.run(&["keys", "list"]).succeeded();
    std::fs::remove_file(installation.folder().join("data/master.key")).expect("it was made");
    let said = installation.run(&["keys", "list"]).failed(1);
    assert!(said.contains("master key"), "{said}");
}

/// Before the database exists: each may be the one that makes it, and the keys.
#[test]
fn commands_that_start_at_once_do_not_stumble_over_each_other() {
    for _ in 0..3 {
        let installation = Installation::new(&[]);
        let printed: Vec<String> = std::thread::scope(|scope| {
            let run = || installation.run(&["keys", "list"]).succeeded();
            let started: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
            let ended = started.into_iter().map(ScopedJoinHandle::join);
            ended.map(|printed| printed.expect("it succeeds")).collect()
        });
        for one in &printed {
            assert_eq!(one, &printed[0]);
        }
    }
}
