//! The subcommands: each reads its arguments, starts what it needs, and prints what it did.

pub(crate) mod apply;
pub(crate) mod bootstrap;
pub(crate) mod keys;
pub(crate) mod migrate;
pub(crate) mod serve;

use std::error::Error;

use tokio::signal::unix::{SignalKind, signal};
use vestibule::app::{App, Random, StartError};
use vestibule::clock::Clock;
use vestibule::config::Config;

/// How a command ends.
pub(crate) type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// The application, with the machine's clock and randomness.
pub(crate) async fn start(config: Config) -> Result<App, StartError> {
    App::start(config, Clock::System, Random::System).await
}

/// Waits until the process is told to stop: by Ctrl-C, or by a service manager.
pub(crate) async fn shutdown() {
    let interrupted = tokio::signal::ctrl_c();
    // Without the handler, the default is to end at once: there is nothing left to wait for then.
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        return;
    };
    tokio::select! {
        _ = interrupted => {}
        _ = terminated.recv() => {}
    }
}
