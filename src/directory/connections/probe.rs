//! Tries a connection out, step by step, without signing anybody in.

use crate::federation::probe::{Step, Tried, probe as try_out};
use crate::federation::{Connector, Outside};
use crate::secret::Secret;
use crate::store::connections::Connection;
use crate::vault::Vault;

/// Tries the steps of a connection. Nothing follows one that failed. Asks the upstream: not to be done inside a
/// transaction.
pub async fn probe(
    (outside, vault): (&Outside, &Vault),
    connection: &Connection,
    redirect_uri: &str,
) -> Vec<Tried> {
    let sealed = connection.secret_jwe.as_deref();
    let secret = match sealed.map(|sealed| vault.open(sealed)).transpose() {
        Ok(opened) => opened.map(|text| Secret::from(String::from_utf8_lossy(&text).into_owned())),
        Err(error) => {
            return vec![Tried {
                step: Step::Settings,
                failure: Some(error.to_string()),
            }];
        }
    };
    let connector = Connector {
        settings: &connection.settings.0,
        secret,
        redirect_uri: redirect_uri.to_owned(),
        outside,
    };
    try_out(&connector).await
}
