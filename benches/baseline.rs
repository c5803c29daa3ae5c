//! What `script/bench` measures the server against: the unavoidable work, and nothing else.
//!
//! `argon2` hashes with the parameters of the server's default configuration; `http` answers every
//! request with a fixed document. Signatures are measured with `openssl speed`.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::get;

const USAGE: &str = "baseline argon2 SECONDS THREADS MEMORY_KIB ITERATIONS PARALLELISM
baseline http ADDRESS FILE CONTENT_TYPE";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["argon2", seconds, threads, memory, iterations, parallelism] => {
            let params = Params::new(
                memory.parse()?,
                iterations.parse()?,
                parallelism.parse()?,
                None,
            )
            .map_err(|error| error.to_string())?;
            let hashes = argon2(
                Duration::from_secs(seconds.parse()?),
                threads.parse()?,
                &params,
            );
            println!("{hashes}");
            Ok(())
        }
        ["http", address, file, content_type] => http(address, file, content_type),
        // `cargo bench` and `cargo test --benches` pass arguments of their own.
        _ => {
            eprintln!("{USAGE}");
            Ok(())
        }
    }
}

/// Hashes on each thread until the time is over. Returns how many hashes those were.
fn argon2(time: Duration, threads: usize, params: &Params) -> u64 {
    let hashes = AtomicU64::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
                let mut hash = [0; 32];
                while start.elapsed() < time {
                    argon2
                        .hash_password_into(
                            b"correct horse battery",
                            b"sixteen bytes ok",
                            &mut hash,
                        )
                        .expect("the salt and the output have lengths that Argon2 accepts");
                    hashes.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    hashes.into_inner()
}

/// Serves one document, as bare as axum allows.
#[tokio::main]
async fn http(address: &str, file: &str, content_type: &str) -> Result<(), Box<dyn Error>> {
    // Leaked, because it lives as long as the process: no handler of ours could be cheaper.
    let document: &'static str = std::fs::read_to_string(file)?.leak();
    let content_type: &'static str = content_type.to_owned().leak();
    let headers = [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "public, max-age=300"),
    ];
    let routes = Router::new().route("/", get(move || async move { (headers, document) }));
    axum::serve(tokio::net::TcpListener::bind(address).await?, routes).await?;
    Ok(())
}
