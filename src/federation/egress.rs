//! The one way out: requests to addresses that others name.
//!
//! An upstream's metadata, keys, tokens and profiles come from addresses that an administrator, or the upstream,
//! wrote down. So a request goes only to a public address, or to one of the networks that the configuration
//! excepts; what a name resolves to is checked where the connection is made, so that it can't change in between.
//! It follows no redirect, and is bounded in size and time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::config::Network;

const MAX_BODY_BYTES: usize = 1 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TIMEOUT: Duration = Duration::from_secs(10);

/// Confirms that a text holds certificates to trust, in PEM.
///
/// # Errors
///
/// [`EgressError::NoRoots`] when it holds none, [`EgressError::Roots`] when one can't be read.
pub fn check_roots(pem: &str) -> Result<(), EgressError> {
    let found = reqwest::Certificate::from_pem_bundle(pem.as_bytes());
    if found.map_err(EgressError::Roots)?.is_empty() {
        return Err(EgressError::NoRoots);
    }
    Egress::new(Arc::new([]), Some(pem)).map(|_| ())
}

/// Sends requests outwards, each within its limits.
#[derive(Clone, Debug)]
pub struct Egress {
    client: reqwest::Client,
    excepted: Arc<[Network]>,
}

/// Why no usable answer came.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The address leads inside.
    #[error(
        "{0} is not a public address: list its network in federation.allowed_networks if it is meant"
    )]
    NotPublic(String),
    /// The address is of another scheme than `https`.
    #[error("{0} is not an https address")]
    NotSecure(String),
    /// There is no certificate to trust.
    #[error("it holds no certificate")]
    NoRoots,
    /// The certificates to trust can't be read.
    #[error("the extra roots are no PEM certificates: {0}")]
    Roots(reqwest::Error),
    /// The answer is too large.
    #[error("the answer is larger than 1 MiB")]
    TooLarge,
    /// No answer came.
    #[error("no answer: {}", cause(.0))]
    Transport(#[from] reqwest::Error),
    /// The name leads nowhere.
    #[error("the name {0} can't be resolved: {1}")]
    Unresolved(String, std::io::Error),
    /// The answer can't be read.
    #[error(transparent)]
    Unreadable(#[from] http::Error),
}

/// The innermost reason, which is the one that tells something.
fn cause(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

impl Egress {
    /// A way out to public addresses and the networks `excepted`, that trusts the certificates of the system and
    /// `extra_roots` (PEM).
    ///
    /// # Errors
    ///
    /// [`EgressError::Roots`] when those are no certificates.
    pub fn new(excepted: Arc<[Network]>, extra_roots: Option<&str>) -> Result<Self, EgressError> {
        Self::within(TIMEOUT, excepted, extra_roots)
    }

    /// The same, where an answer is to be there as a whole within this time.
    fn within(
        timeout: Duration,
        excepted: Arc<[Network]>,
        extra_roots: Option<&str>,
    ) -> Result<Self, EgressError> {
        // Refused when the process has a provider already, which is then used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let resolver = Guarded {
            excepted: Arc::clone(&excepted),
        };
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            .dns_resolver(Arc::new(resolver));
        if let Some(pem) = extra_roots {
            let roots = reqwest::Certificate::from_pem_bundle(pem.as_bytes());
            builder = builder.tls_certs_merge(roots.map_err(EgressError::Roots)?);
        }
        Ok(Self {
            client: builder.build().map_err(EgressError::Roots)?,
            excepted,
        })
    }

    /// Sends one request and reads the whole answer.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, EgressError> {
        let request: reqwest::Request = request.try_into()?;
        self.check(request.url())?;
        let mut received = self.client.execute(request).await?;
        let mut response = http::Response::builder().status(received.status());
        for (name, value) in received.headers() {
            response = response.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(chunk) = received.chunk().await? {
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                return Err(EgressError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body)?)
    }

    /// Confirms that an address may be asked now: what its name resolves to included. Nothing is sent.
    pub(super) async fn reach(&self, address: &str) -> Result<(), EgressError> {
        let no_address = |_| EgressError::NotSecure(address.to_owned());
        let url = Url::parse(address).map_err(no_address)?;
        self.check(&url)?;
        if let Some(Host::Domain(name)) = url.host() {
            let found = tokio::net::lookup_host((name, 0)).await;
            let found = found.map_err(|error| EgressError::Unresolved(name.to_owned(), error))?;
            let mut addresses = found.map(|address| address.ip());
            if addresses.any(|address| !may_be_asked(address, &self.excepted)) {
                return Err(EgressError::NotPublic(address.to_owned()));
            }
        }
        Ok(())
    }

    /// That an address may be asked, as far as it can be told before its name is resolved.
    fn check(&self, url: &Url) -> Result<(), EgressError> {
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        if literal.is_some_and(|address| !may_be_asked(address, &self.excepted)) {
            return Err(EgressError::NotPublic(url.as_str().to_owned()));
        }
        let is_local = literal.is_some_and(|address| address.is_loopback())
            || url.host_str() == Some("localhost");
        match url.scheme() {
            "https" => Ok(()),
            "http" if is_local => Ok(()),
            _ => Err(EgressError::NotSecure(url.as_str().to_owned())),
        }
    }
}

impl<'c> AsyncHttpClient<'c> for Egress {
    type Error = EgressError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, EgressError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// Resolves names, and refuses those that lead inside.
struct Guarded {
    excepted: Arc<[Network]>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let excepted = Arc::clone(&self.excepted);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses: Vec<SocketAddr> = found.collect();
            let is_refused = |address: &SocketAddr| !may_be_asked(address.ip(), &excepted);
            if addresses.iter().any(is_refused) {
                let refusal = EgressError::NotPublic(name.as_str().to_owned());
                return Err(Box::new(refusal).into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn may_be_asked(address: IpAddr, excepted: &[Network]) -> bool {
    is_public(address) || excepted.iter().any(|network| network.contains(address))
}

/// Whether an address is one of the public Internet (the IANA registries of special-purpose addresses, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    let is_benchmarking = first == 198 && (18..20).contains(&second);
    let is_protocol = (first, second, third) == (192, 0, 0);
    let is_reserved = first >= 240;
    !(first == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || is_shared
        || is_benchmarking
        || is_protocol
        || is_reserved)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Global unicast (RFC 4291 §2.4), less what carries other addresses or documents: 2001::/23, 2001:db8::/32,
    // 2002::/16 and 3fff::/20.
    let [first, second, ..] = address.segments();
    let is_global_unicast = first & 0xe000 == 0x2000;
    let is_special = (first == 0x2001 && (second < 0x200 || second == 0xdb8))
        || first == 0x2002
        || (first == 0x3fff && second < 0x1000);
    is_global_unicast && !is_special
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[test]
    fn only_public_addresses_and_exceptions_are_asked() {
        let excepted: Vec<Network> = vec!["10.1.0.0/16".parse().unwrap()];
        for (address, expected) in [
            ("8.8.8.8", true),
            ("2606:4700::1111", true),
            ("10.1.2.3", true),
            ("10.2.2.3", false),
            ("127.0.0.1", false),
            ("0.0.0.0", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("192.168.1.1", false),
            ("172.16.0.1", false),
            ("198.18.0.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::1", false),
            ("::", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:10.1.0.1", true),
            ("::7f00:1", false),
            ("64:ff9b::7f00:1", false),
            ("fc00::1", false),
            ("fe80::1", false),
            ("2002:7f00:1::", false),
            ("2001:db8::1", false),
        ] {
            let parsed = address.parse().unwrap();
            assert_eq!(may_be_asked(parsed, &excepted), expected, "{address}");
        }
    }

    #[test]
    fn only_https_is_spoken_but_to_this_machine() {
        let egress = Egress::new(vec!["127.0.0.0/8".parse().unwrap()].into(), None).unwrap();
        let check = |url: &str| egress.check(&Url::parse(url).unwrap()).is_ok();
        assert!(check("https://accounts.example.test/"));
        assert!(check("http://127.0.0.1:9000/"));
        assert!(check("http://localhost:9000/"));
        assert!(!check("http://accounts.example.test/"));
        assert!(!check("ftp://accounts.example.test/"));
        assert!(!check("https://10.0.0.1/"));
        assert!(!check("https://[::1]/"));
    }
    /// The naive implementation waits so long for the next byte, and an answer of a byte a second holds it for ever.
    #[tokio::test]
    async fn an_answer_that_trickles_is_given_up() {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
            stream.write_all(head).await.unwrap();
            let mut ticks = tokio::time::interval(Duration::from_millis(5));
            while stream.write_all(b"a").await.is_ok() {
                ticks.tick().await;
            }
        });
        let excepted = vec!["127.0.0.0/8".parse().unwrap()];
        let egress = Egress::within(Duration::from_millis(200), excepted.into(), None).unwrap();
        let request = http::Request::get(url).body(Vec::new()).unwrap();
        let answer = tokio::time::timeout(Duration::from_secs(5), egress.send(request)).await;
        let error = answer.expect("it does not wait for the end").unwrap_err();
        assert!(matches!(error, EgressError::Transport(_)), "{error}");
        server.await.unwrap();
    }
}
