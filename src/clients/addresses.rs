//! The addresses of clients: where responses go, and where browsers go once signed out.

use rand::CryptoRng;
use serde_json::json;

use crate::audit::{self, Actor};
use crate::clock::Timestamp;
use crate::protocol::client::{
    ApplicationKind, check_post_logout_redirect_uri, check_redirect_uri,
};
use crate::store::Tx;
use crate::store::clients::{self, Client, UriKind};

/// How many addresses of one sort a client may have.
const MOST_URIS: usize = 200;

/// The addresses as they are stored: in order, each once. Pure.
///
/// # Errors
///
/// A sentence for the administrator.
pub fn check_uris(
    kind: ApplicationKind,
    uri_kind: UriKind,
    mut uris: Vec<String>,
) -> Result<Vec<String>, String> {
    for uri in &uris {
        let checked = match uri_kind {
            UriKind::PostLogout => check_post_logout_redirect_uri(kind, uri),
            UriKind::Redirect => check_redirect_uri(kind, uri),
        };
        checked.map_err(|reason| format!("{uri:?} {reason}"))?;
    }
    uris.sort_unstable();
    uris.dedup();
    if uris.len() > MOST_URIS {
        return Err(format!("must be at most {MOST_URIS} addresses"));
    }
    Ok(uris)
}

/// Gives a client these addresses, which are checked, in place of all others of the sort.
pub async fn replace_uris(
    tx: &mut Tx,
    actor: Actor<'_>,
    client: &Client,
    kind: UriKind,
    uris: &[String],
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> sqlx::Result<()> {
    let before = clients::list_uris(tx, &client.id, kind).await?;
    if before == uris {
        return Ok(());
    }
    clients::replace_uris(tx, &client.id, kind, uris).await?;
    let name = match kind {
        UriKind::PostLogout => "post_logout_redirect_uris",
        UriKind::Redirect => "redirect_uris",
    };
    let details = audit::difference(Some(&json!({ name: before })), Some(&json!({ name: uris })));
    let id = client.id.as_str();
    audit::record(tx, actor, "application.updated", id, details, now, rng).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_one_by_one_and_kept_once() {
        let read = |uris: &[&str]| {
            let uris = uris.iter().map(|uri| (*uri).to_owned()).collect();
            check_uris(ApplicationKind::Web, UriKind::Redirect, uris)
        };
        let kept = read(&["https://b.test/", "https://a.test/", "https://b.test/"]);
        assert_eq!(kept.unwrap(), ["https://a.test/", "https://b.test/"]);
        let refused = read(&["https://a.test/", "http://b.test/"]).unwrap_err();
        assert!(refused.contains("http://b.test/"), "{refused}");
        let many: Vec<String> = (0..=MOST_URIS)
            .map(|n| format!("https://a.test/{n}"))
            .collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(read(&many).is_err());
        let machine = vec!["https://a.test/".to_owned()];
        assert!(check_uris(ApplicationKind::Machine, UriKind::Redirect, machine).is_err());
    }
}
