//! TLS before a world, for clients that speak nothing else.
//!
//! The certificate is made for the test, and the client is told to trust it.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use vestibule::clock::Clock;

use super::{Engine, World};

/// What stands before a world: it ends TLS, as a proxy does.
pub(crate) struct Front {
    /// The issuer that clients know.
    pub(crate) issuer: String,
    /// The certificate to trust, as PEM.
    pub(crate) certificate: PathBuf,
    task: JoinHandle<()>,
}

impl World {
    /// A world whose issuer is `https`, whose clock goes, and what stands before it.
    pub(crate) async fn behind_tls() -> (Self, Front) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let issuer = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let settings = [("SERVER__ISSUER", issuer.as_str())];
        let world = Self::start(Engine::Sqlite, Clock::System, &settings).await;
        let certificate = world.folder.path().join("certificate.pem");
        let acceptor = acceptor(&certificate);
        let behind = world.issuer.replace("http://", "");
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass_on(acceptor.clone(), stream, behind.clone()));
            }
        });
        let front = Front {
            issuer,
            certificate,
            task,
        };
        (world, front)
    }
}

/// An acceptor with a new certificate for `localhost`, which is written to that file.
fn acceptor(certificate: &Path) -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(certificate, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Serves one connection until either side ends it.
async fn pass_on(acceptor: TlsAcceptor, stream: TcpStream, behind: String) {
    let Ok(mut outside) = acceptor.accept(stream).await else {
        return;
    };
    if let Ok(mut inside) = TcpStream::connect(behind).await {
        // Clients close connections as they like; what they lost shows in what they asked.
        let _ = copy_bidirectional(&mut outside, &mut inside).await;
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}
