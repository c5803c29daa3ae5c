//! The command line.
//!
//! Exit codes: 0 done, 1 failed, 2 the command line or the configuration is wrong.

mod command;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use vestibule::config::{self, Config, ConfigError, Log, LogFormat};

/// A self-hosted OpenID Connect identity provider.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    /// The configuration file [default: config/vestibule.toml, if there is one]
    #[arg(
        long,
        short,
        global = true,
        env = "VESTIBULE_CONFIG",
        value_name = "FILE"
    )]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the database say what a document says: applications, APIs, policies, users
    Apply(command::apply::Arguments),
    /// Create the first administrator and a client for the management API
    Bootstrap(command::bootstrap::Arguments),
    /// List, rotate or retire the keys that sign tokens
    #[command(subcommand)]
    Keys(command::keys::Command),
    /// Bring the database up to date with this version
    Migrate,
    /// Run a small application to sign in to, for development
    Playground(vestibule::playground::Options),
    /// Run the server
    Serve,
}

/// Where the configuration is looked for when nobody says where it is.
const USUAL_CONFIG: &str = "config/vestibule.toml";

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = install_tls() {
        return fail(1, error);
    }
    let outcome = match cli.command {
        // The playground stands for somebody else's application: it reads no configuration of ours.
        Command::Playground(options) => {
            log(&Log {
                format: LogFormat::Pretty,
                filter: "info".to_owned(),
            });
            vestibule::playground::run(options, command::shutdown())
                .await
                .map_err(Into::into)
        }
        command => {
            let config = match load(cli.config.as_deref()) {
                Ok(config) => config,
                Err(error) => return fail(2, error),
            };
            log(&config.log);
            run(command, config).await
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(1, error),
    }
}

async fn run(command: Command, config: Config) -> command::Outcome {
    match command {
        Command::Apply(arguments) => command::apply::run(config, &arguments).await,
        Command::Bootstrap(arguments) => command::bootstrap::run(config, &arguments).await,
        Command::Keys(command) => command::keys::run(config, command).await,
        Command::Migrate => command::migrate::run(&config).await,
        Command::Playground(_) => unreachable!("handled before the configuration was read"),
        Command::Serve => command::serve::run(config).await,
    }
}

fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
    let usual = Path::new(USUAL_CONFIG);
    let file = file.or_else(|| usual.is_file().then_some(usual));
    Config::load(file, config::environment())
}

/// Logs to standard error: standard output is for what was asked for.
fn log(settings: &Log) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&settings.filter))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match settings.format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Pretty => builder.init(),
    }
}

/// Chooses the cryptography of outgoing TLS connections, once for the process.
fn install_tls() -> Result<(), &'static str> {
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "another cryptography provider was installed before")
}

fn fail(code: u8, error: impl std::fmt::Display) -> ExitCode {
    eprintln!("vestibule: {error}");
    ExitCode::from(code)
}
