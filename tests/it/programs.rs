//! Runs the programs of `tests/clients` and `tests/browser`, which are not written in Rust.
//!
//! A program is told in its environment what to talk to, checks what it sees, and says on its output what it checked.
//! It fails by its exit status.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Name and value of a variable in the environment of a program.
pub(crate) type Setting = (&'static str, String);

/// Runs a program of `tests/`, and fails with what it printed when it fails.
pub(crate) async fn run(program: &'static str, settings: Vec<Setting>) {
    let path = tests().join(program);
    let mut command = Command::new(interpreter(&path));
    command
        .arg(path)
        .envs(settings)
        .env("NO_PROXY", "localhost,127.0.0.1")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    // The server under test runs on the same runtime: do not block it.
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("the task does not panic")
        .unwrap_or_else(|error| {
            panic!("{program} does not start ({error}): run `script/setup test`")
        });
    assert!(
        output.status.success(),
        "{program}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

/// A port that nobody listens on, for what must know its port before it listens.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("the loopback address has free ports")
        .port()
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// Node.js or Python: of `tests/.venv`, where `script/setup test` installs them, or else the system's.
fn interpreter(program: &Path) -> PathBuf {
    let name = match program.extension() {
        Some(extension) if extension == "py" => "python3",
        _ => "node",
    };
    let installed = tests().join(".venv/bin").join(name);
    if installed.exists() {
        installed
    } else {
        name.into()
    }
}
