//! Stopping: requests in flight are finished, and none is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tokio::task::JoinSet;

use super::binary::{Installation, eventually};

/// How a client fared until there was nobody left to ask.
#[derive(Debug, Default)]
struct Fare {
    answered: usize,
    /// Requests that were sent and got no whole answer.
    lost: Vec<String>,
    refused: bool,
}

/// Asks for tokens, one after another, until nobody listens any more.
async fn ask_until_closed(
    url: String,
    (id, secret): (String, String),
    answered: Arc<AtomicUsize>,
    keeps_alive: bool,
) -> Fare {
    let http = reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(usize::from(keeps_alive))
        .build()
        .expect("the client can be built");
    let mut fare = Fare::default();
    while !fare.refused && fare.answered < 100_000 {
        let request = http.post(&url).basic_auth(&id, Some(&secret));
        let request = request.form(&[("grant_type", "client_credentials")]);
        match request.send().await {
            Ok(answer) if answer.status() == 200 => match answer.bytes().await {
                Ok(_) => {
                    fare.answered += 1;
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => fare.lost.push(format!("{error:?}")),
            },
            Ok(answer) => fare.lost.push(answer.status().to_string()),
            Err(error) if error.is_connect() => fare.refused = true,
            Err(error) => fare.lost.push(format!("{error:?}")),
        }
    }
    fare
}

fn management_client(installation: &Installation) -> (String, String) {
    let printed = installation.run(&["bootstrap", "--email", "root@example.test", "--json"]);
    let outcome: Value = serde_json::from_str(&printed.succeeded()).expect("it prints JSON");
    let client = &outcome["management_client"];
    let text = |name: &str| client[name].as_str().expect("it is new").to_owned();
    (text("client_id"), text("client_secret"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_to_stop_loses_no_request() {
    let installation = Installation::new(&[]);
    let client = management_client(&installation);
    for _ in 0..3 {
        let mut server = installation.serve().await;
        let answered = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for number in 0..6 {
            let url = installation.url("/oauth2/token");
            let answered = Arc::clone(&answered);
            tasks.spawn(ask_until_closed(
                url,
                client.clone(),
                answered,
                number % 2 == 0,
            ));
        }
        eventually("busy", || async { answered.load(Ordering::Relaxed) > 30 }).await;
        server.terminate();
        let fares = tasks.join_all().await;
        let status = server.ended().await;
        assert_eq!(status.code(), Some(0), "{}", installation.log());
        for fare in fares {
            assert!(fare.lost.is_empty(), "{:?}", fare.lost);
            assert!(fare.refused, "{fare:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_at_rest_stops_at_once_and_leaves_a_whole_database() {
    let installation = Installation::new(&[]);
    let mut server = installation.serve().await;
    server.terminate();
    assert_eq!(server.ended().await.code(), Some(0));
    assert!(installation.log().contains("stopping"));
    let database = installation.folder().join("data/vestibule.db");
    assert!(database.is_file());
    let rest = installation.folder().join("data/vestibule.db-wal");
    let rest = rest.metadata().map_or(0, |file| file.len());
    assert_eq!(rest, 0, "the write-ahead log is folded in");
}
