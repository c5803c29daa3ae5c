//! The real program, in a folder of its own.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::time::sleep;

use crate::programs::free_port;

/// How long a process may take for what a person would wait for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked at.
const GLANCE: Duration = Duration::from_millis(10);

/// A folder with a database, in which the program is run.
pub(super) struct Installation {
    folder: TempDir,
    port: u16,
    settings: Vec<(String, String)>,
}

impl Installation {
    pub(super) fn new(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let port = free_port();
        let usual = [
            ("SERVER__ISSUER", format!("http://localhost:{port}")),
            ("SERVER__LISTEN", format!("127.0.0.1:{port}")),
        ];
        let given = settings
            .iter()
            .map(|(key, value)| (*key, (*value).to_owned()));
        let settings = usual.into_iter().chain(given);
        Self {
            folder,
            port,
            settings: settings
                .map(|(key, value)| (format!("VESTIBULE__{key}"), value))
                .collect(),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The variables that the program is told its settings with.
    pub(super) fn settings(&self) -> impl Iterator<Item = (String, String)> {
        self.settings.clone().into_iter()
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder().join(name), text).expect("the folder takes files");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        command
            .args(arguments)
            .current_dir(self.folder())
            .env_clear()
            .envs(self.settings())
            .env("DEMO_SECRET", "d".repeat(52))
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output();
        Ran::of(&output.expect("the program starts"))
    }

    /// Starts the server, and waits until it answers.
    pub(super) async fn serve(&self) -> Running {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder().join("log"))
            .expect("the folder takes files");
        let mut command = self.command(&["serve"]);
        let process = command.stdout(Stdio::null()).stderr(log).spawn();
        let mut running = Running(process.expect("the program starts"));
        let http = client();
        let since = Instant::now();
        // It listens before it is ready, so that nobody is refused.
        while http.get(self.url("/healthz")).send().await.is_err() {
            if let Some(status) = running.0.try_wait().expect("it is our process") {
                panic!("the server ended ({status}): {}", self.log());
            }
            assert!(
                since.elapsed() < PATIENCE,
                "it is not ready: {}",
                self.log()
            );
            sleep(GLANCE).await;
        }
        running
    }

    /// What the servers of this installation have logged.
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.folder().join("log")).unwrap_or_default()
    }
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// What it printed, which must have gone well.
    pub(super) fn succeeded(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// What it complained of, having ended with this code.
    pub(super) fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self.err
    }
}

/// A server that runs. It ends with this.
pub(super) struct Running(Child);

impl Running {
    /// Takes it away between two instructions: SIGKILL.
    pub(super) fn kill(&mut self) {
        self.0.kill().expect("it is our process");
        self.0.wait().expect("it is our process");
    }

    /// Asks it to stop, as a service manager does: SIGTERM.
    pub(super) fn terminate(&self) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "it is our process"
        );
    }

    /// Waits until it has ended.
    pub(super) async fn ended(&mut self) -> ExitStatus {
        let since = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().expect("it is our process") {
                return status;
            }
            assert!(since.elapsed() < PATIENCE, "it does not end");
            sleep(GLANCE).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks again and again until the answer satisfies, for so long that nobody would call it soon.
pub(super) async fn eventually<F>(what: &str, mut ask: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    let since = Instant::now();
    while !ask().await {
        assert!(since.elapsed() < PATIENCE, "still not: {what}");
        sleep(GLANCE).await;
    }
}

/// A client of the protocol, without cookies.
pub(super) fn client() -> reqwest::Client {
    // Nobody here speaks TLS, but the library wants to know how it would.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build();
    client.expect("the client can be built")
}
