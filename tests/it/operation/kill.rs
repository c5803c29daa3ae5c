//! `kill -9` under load: what was acknowledged is kept, and nothing becomes usable twice.
//!
//! The grace for refresh tokens is none here, so that a second use of one is refused at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::RngExt as _;
use serde_json::Value;
use tokio::task::JoinSet;
use vestibule::app::Random;
use vestibule::clock::{Clock, Seconds};
use vestibule::config::Config;
use vestibule::id::{ClientId, GrantId, SessionId, UserId};
use vestibule::protocol::claims::ClaimsRequest;
use vestibule::secret::Secret;
use vestibule::store::codes::{self, AuthorizationCode};
use vestibule::store::grants::{self, Grant};
use vestibule::store::refresh_tokens::{self, RefreshToken};
use vestibule::store::sessions::{self, Session};
use vestibule::store::types::{Json, Text};
use vestibule::store::{Db, Tx, identities};

use super::binary::{Installation, client, eventually};

/// Of each kind, in each round.
const PREPARED: usize = 12;

const CLIENT: &str = "5f0c1d7a9be84c36a2d40e8b7f61c923";

const DOCUMENT: &str = r#"
[[applications]]
id = "5f0c1d7a9be84c36a2d40e8b7f61c923"
name = "Notes"
kind = "web"
redirect_uris = ["http://localhost:8090/callback"]
secret = { env = "DEMO_SECRET" }

[[users]]
email = "ada@example.test"
email_verified = true
"#;

/// Something that is used once.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Voucher {
    Code(String),
    RefreshToken(String),
}

impl Voucher {
    fn parameters(&self) -> [(&'static str, &str); 3] {
        match self {
            Self::Code(code) => [
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", ""),
            ],
            Self::RefreshToken(token) => [
                ("grant_type", "refresh_token"),
                ("refresh_token", token),
                ("scope", ""),
            ],
        }
    }
}

/// A voucher for which tokens were received.
struct Acknowledged {
    voucher: Voucher,
    access_token: String,
    refresh_token: String,
}

/// A client of the server that is killed.
#[derive(Clone)]
struct Customer {
    http: reqwest::Client,
    token_url: String,
    userinfo_url: String,
}

impl Customer {
    fn of(installation: &Installation) -> Self {
        Self {
            http: client(),
            token_url: installation.url("/oauth2/token"),
            userinfo_url: installation.url("/oauth2/userinfo"),
        }
    }

    /// Uses a voucher. None when no whole answer came.
    async fn spend(&self, voucher: &Voucher) -> Option<(u16, Value)> {
        let request = self.http.post(&self.token_url);
        let request = request.basic_auth(CLIENT, Some("d".repeat(52)));
        let answer = request.form(&voucher.parameters()).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.ok()?))
    }

    /// Uses a voucher at a server that is well.
    async fn spend_for_sure(&self, voucher: &Voucher) -> (u16, Value) {
        let answer = self.spend(voucher).await;
        answer.expect("the server answers")
    }

    async fn userinfo(&self, access_token: &str) -> u16 {
        let request = self.http.get(&self.userinfo_url).bearer_auth(access_token);
        let answer = request.send().await;
        answer.expect("the server answers").status().as_u16()
    }
}

fn received(voucher: Voucher, (status, body): (u16, Value)) -> Acknowledged {
    assert_eq!(status, 200, "{voucher:?}: {body}");
    let text = |name: &str| body[name].as_str().expect("there is one").to_owned();
    Acknowledged {
        access_token: text("access_token"),
        refresh_token: text("refresh_token"),
        voucher,
    }
}

/// Makes codes and refresh tokens, as if users had just signed in.
async fn prepare(installation: &Installation) -> Vec<Voucher> {
    let environment = installation.settings().chain([(
        "VESTIBULE__DATABASE__URL".to_owned(),
        format!(
            "sqlite:{}",
            installation.folder().join("data/vestibule.db").display()
        ),
    )]);
    let config = Config::load(None, environment).expect("the settings are possible");
    let db = Db::open(&config.database)
        .await
        .expect("the database opens");
    let mut tx = db.write().await.expect("it takes writes");
    let identity =
        identities::find_by_value(&mut tx, identities::IdentityKind::Email, "ada@example.test");
    let user = identity
        .await
        .expect("it can be read")
        .expect("she is applied")
        .user_id;
    let session = begin_session(&mut tx, &user).await;
    let mut vouchers = Vec::new();
    for _ in 0..PREPARED {
        vouchers.push(make_code(&mut tx, &user, &session).await);
        vouchers.push(make_refresh_token(&mut tx, &user, &session).await);
    }
    tx.commit().await.expect("it takes writes");
    // The server shall find the file as a crash has left it, not in use by others.
    db.close().await;
    vouchers
}

async fn begin_session(tx: &mut Tx, user: &UserId) -> SessionId {
    let (now, mut rng) = (Clock::System.now(), Random::System.generator());
    let session = Session {
        id: SessionId::generate(&mut rng),
        user_id: user.clone(),
        organization_id: None,
        token_hash: Secret::generate(&mut rng).hash(),
        auth_time: now,
        methods: "pwd".to_owned(),
        created_at: now,
        last_seen_at: now,
        expires_at: now.plus(Seconds::new(3_600)),
        ended_at: None,
        ip_address: None,
        user_agent: None,
        connection_id: None,
        upstream_auth_time: None,
        upstream_acr: None,
    };
    sessions::insert(tx, &session)
        .await
        .expect("it takes writes");
    session.id
}

async fn make_grant(tx: &mut Tx, user: &UserId, session: &SessionId) -> Grant {
    let now = Clock::System.now();
    let grant = Grant {
        id: GrantId::generate(&mut Random::System.generator()),
        user_id: user.clone(),
        client_id: ClientId::parse(CLIENT).expect("it is an id"),
        organization_id: None,
        session_id: session.clone(),
        scopes: Text("openid offline".parse().expect("these are scopes")),
        audiences: Json(Vec::new()),
        claims: Json(ClaimsRequest::default()),
        auth_time: now,
        methods: "pwd".to_owned(),
        acr: vestibule::interaction::ACR.to_owned(),
        nonce: None,
        requested_at: now,
        created_at: now,
        expires_at: now.plus(Seconds::new(3_600)),
        revoked_at: None,
    };
    grants::insert(tx, &grant).await.expect("it takes writes");
    grant
}

async fn make_code(tx: &mut Tx, user: &UserId, session: &SessionId) -> Voucher {
    let grant = make_grant(tx, user, session).await;
    let code = Secret::generate(&mut Random::System.generator());
    let stored = AuthorizationCode {
        code_hash: code.hash(),
        grant_id: grant.id,
        client_id: grant.client_id,
        redirect_uri: None,
        code_challenge: None,
        expires_at: grant.expires_at,
        redeemed_at: None,
    };
    codes::insert(tx, &stored).await.expect("it takes writes");
    Voucher::Code(code.expose().to_owned())
}

async fn make_refresh_token(tx: &mut Tx, user: &UserId, session: &SessionId) -> Voucher {
    let grant = make_grant(tx, user, session).await;
    let token = Secret::generate(&mut Random::System.generator());
    let stored = RefreshToken {
        token_hash: token.hash(),
        grant_id: grant.id,
        client_id: grant.client_id,
        created_at: grant.created_at,
        expires_at: grant.expires_at,
        rotated_at: None,
    };
    refresh_tokens::insert(tx, &stored)
        .await
        .expect("it takes writes");
    Voucher::RefreshToken(token.expose().to_owned())
}

/// Spends vouchers with several customers at once, and kills the server after a random number of answers.
/// Returns what was acknowledged, and what got no answer.
async fn spend_under_fire(
    installation: &Installation,
    vouchers: Vec<Voucher>,
) -> (Vec<Acknowledged>, Vec<Voucher>) {
    let mut server = installation.serve().await;
    let answers = Arc::new(AtomicUsize::new(0));
    let last = rand::rng().random_range(0..vouchers.len());
    let customer = Customer::of(installation);
    let mut tasks = JoinSet::new();
    for share in vouchers.chunks(vouchers.len().div_ceil(4)) {
        let (share, customer, answers) = (share.to_vec(), customer.clone(), Arc::clone(&answers));
        tasks.spawn(async move {
            let mut outcomes = Vec::new();
            for voucher in share {
                let answer = customer.spend(&voucher).await;
                answers.fetch_add(1, Ordering::Relaxed);
                outcomes.push((voucher, answer));
            }
            outcomes
        });
    }
    eventually("enough answers", || async {
        answers.load(Ordering::Relaxed) >= last
    })
    .await;
    server.kill();
    let (mut acknowledged, mut unanswered) = (Vec::new(), Vec::new());
    for (voucher, answer) in tasks.join_all().await.into_iter().flatten() {
        match answer {
            Some(answer) => acknowledged.push(received(voucher, answer)),
            None => unanswered.push(voucher),
        }
    }
    (acknowledged, unanswered)
}

/// What was acknowledged is there and works; what was spent stays spent.
async fn check(customer: &Customer, acknowledged: Vec<Acknowledged>, unanswered: Vec<Voucher>) {
    for one in acknowledged {
        assert_eq!(
            customer.userinfo(&one.access_token).await,
            200,
            "its token is lost"
        );
        let successor = Voucher::RefreshToken(one.refresh_token);
        let (status, body) = customer.spend_for_sure(&successor).await;
        assert_eq!(
            status, 200,
            "its successor is lost: {:?} {body}",
            one.voucher
        );
        let (status, body) = customer.spend_for_sure(&one.voucher).await;
        assert_eq!(status, 400, "usable twice: {:?} {body}", one.voucher);
        assert_eq!(body["error"], "invalid_grant");
    }
    for voucher in unanswered {
        // It may have been spent in the moment of death, or not; but never twice from here on.
        let (first, _) = customer.spend_for_sure(&voucher).await;
        assert!(first == 200 || first == 400, "{first}");
        let (second, _) = customer.spend_for_sure(&voucher).await;
        assert_eq!(second, 400, "usable twice: {voucher:?}");
    }
}

async fn rounds(count: usize) {
    let installation = Installation::new(&[
        ("TOKENS__REFRESH_GRACE_SECONDS", "0"),
        ("LOG__FILTER", "warn"),
    ]);
    installation.write("notes.toml", DOCUMENT);
    installation.run(&["apply", "notes.toml"]).succeeded();
    let customer = Customer::of(&installation);
    let mut total = (0, 0);
    for _ in 0..count {
        let vouchers = prepare(&installation).await;
        let (acknowledged, unanswered) = spend_under_fire(&installation, vouchers).await;
        total = (total.0 + acknowledged.len(), total.1 + unanswered.len());
        let mut server = installation.serve().await;
        check(&customer, acknowledged, unanswered).await;
        server.kill();
    }
    println!(
        "{count} rounds: {} acknowledged, {} cut off",
        total.0, total.1
    );
    assert!(total.0 > 0 && total.1 > 0, "{total:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_a_kill() {
    rounds(5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute"]
async fn what_was_acknowledged_outlives_a_hundred_kills() {
    rounds(100).await;
}
