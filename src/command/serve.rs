//! `vestibule serve`

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use vestibule::config::Config;
use vestibule::maintenance;
use vestibule::web::server::{self, ServerLimits};
use vestibule::web::site::Site;

use super::Outcome;

/// Serves until told to stop, then finishes the requests in flight.
pub(crate) async fn run(config: Config) -> Outcome {
    let limits = ServerLimits::from(&config.server);
    let listener = TcpListener::bind(config.server.listen)
        .await
        .map_err(|error| format!("can't listen on {}: {error}", config.server.listen))?;
    let app = Arc::new(super::start(config).await?);
    tracing::info!(issuer = app.config.server.issuer.as_str(), listen = %app.config.server.listen, "ready");

    let (stop, stopped) = oneshot::channel::<()>();
    let upkeep = tokio::spawn(maintenance::run(
        app.db.clone(),
        Arc::clone(&app.keys),
        app.key_schedule(),
        app.clock.clone(),
        app.random.generator(),
        async {
            // The sender is dropped to say so.
            let _ = stopped.await;
        },
    ));
    server::serve(
        listener,
        vestibule::web::router(Site::new(Arc::clone(&app))),
        &limits,
        super::shutdown(),
    )
    .await?;
    tracing::info!("stopping");
    drop(stop);
    upkeep.await?;
    app.db.close().await;
    Ok(())
}
