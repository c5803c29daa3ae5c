//! Sends mail: to a mail server, or into a folder for development and tests.
//!
//! What a mail says is rendered by who sends it. Addresses and headers are lettre's types, which
//! encode or refuse what could begin another header (RFC 5322 §2.2).
//!
//! # Decision
//!
//! Each mail has a connection of its own. lettre's pool keeps a connection whose conversation was
//! broken off by a timeout, and the next mail would read the answers to the former one; and mail is
//! rare enough here that the handshake does not matter.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use rand::{CryptoRng, RngExt as _};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::clock::Timestamp;
use crate::config::{Mail, MailTransport, Smtp, SmtpTls};

/// A mail to one recipient, the same in text and in HTML.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The address of the recipient.
    pub to: String,
    /// Who it seems to be from; the configured name when there is none. The address is always the configured one.
    pub sender_name: Option<String>,
    /// Where answers go, if not to that address.
    pub reply_to: Option<String>,
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl fmt::Debug for Message {
    /// Shows no content: it may hold a code.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Message")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The mail server will never take this mail: the recipient does not exist, for example.
    #[error("the mail server refuses the mail: {0}")]
    Refused(String),
    /// The recipient's address is none.
    #[error("the recipient is not a mail address")]
    Recipient,
    /// Mail can't be sent at the moment, or not with this configuration.
    #[error("mail can't be sent: {0}")]
    Unavailable(String),
}

/// Sends mail. Clones share their limits.
#[derive(Clone)]
pub struct Mailer(Arc<Shared>);

struct Shared {
    from: Mailbox,
    transport: Transport,
    /// Distinguishes this process from others with the same folder or domain.
    process: u64,
    sent: AtomicU64,
}

enum Transport {
    Directory(PathBuf),
    Smtp {
        server: Box<AsyncSmtpTransport<Tokio1Executor>>,
        connections: Semaphore,
        timeout: Duration,
    },
}

/// Connections to the mail server at once. Servers turn away who opens many.
const MAX_CONNECTIONS: usize = 8;

impl Mailer {
    /// A mailer as configured. Nothing is connected to yet.
    ///
    /// # Errors
    ///
    /// [`MailError::Unavailable`] when TLS can't be set up for the server's name.
    pub fn new(settings: &Mail, rng: &mut impl CryptoRng) -> Result<Self, MailError> {
        let transport = match &settings.transport {
            MailTransport::Directory(path) => Transport::Directory(path.clone()),
            MailTransport::Smtp(smtp) => Transport::Smtp {
                server: Box::new(smtp_transport(smtp).map_err(unavailable)?),
                connections: Semaphore::new(MAX_CONNECTIONS),
                timeout: smtp.timeout.to_std(),
            },
        };
        Ok(Self(Arc::new(Shared {
            from: settings.from.clone(),
            transport,
            process: rng.random(),
            sent: AtomicU64::new(0),
        })))
    }

    /// Hands a mail over. It is on its way when this returns, or it is not.
    pub async fn send(&self, message: Message, now: Timestamp) -> Result<(), MailError> {
        let shared = &self.0;
        let number = shared.sent.fetch_add(1, Ordering::Relaxed);
        let name = format!("{:010}-{number:06}-{:016x}", now.as_i64(), shared.process);
        let mail = compose(&shared.from, message, &name, now)?;
        match &shared.transport {
            Transport::Directory(folder) => write(folder, &name, mail).await.map_err(unavailable),
            Transport::Smtp {
                server,
                connections,
                timeout: duration,
            } => {
                let sending = async {
                    let _place = connections.acquire().await.map_err(unavailable)?;
                    let sent = server.send(mail).await;
                    sent.map_err(|error| refused_or_unavailable(&error))
                };
                let outcome = timeout(*duration, sending).await;
                outcome.map_err(|_| unavailable("the mail server takes too long"))??;
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match &self.0.transport {
            Transport::Directory(path) => path.display().to_string(),
            Transport::Smtp { .. } => "smtp".to_owned(),
        };
        formatter.debug_tuple("Mailer").field(&way).finish()
    }
}

fn unavailable(error: impl fmt::Display) -> MailError {
    MailError::Unavailable(error.to_string())
}

fn refused_or_unavailable(error: &lettre::transport::smtp::Error) -> MailError {
    if error.is_permanent() {
        MailError::Refused(error.to_string())
    } else {
        MailError::Unavailable(error.to_string())
    }
}

fn compose(
    from: &Mailbox,
    message: Message,
    name: &str,
    now: Timestamp,
) -> Result<lettre::Message, MailError> {
    let to: Address = message.to.parse().map_err(|_| MailError::Recipient)?;
    // `lettre` panics at a name with a line break.
    let sender_name = message
        .sender_name
        .map(|name| name.replace(char::is_control, " "));
    let sender = Mailbox {
        name: sender_name.or_else(|| from.name.clone()),
        email: from.email.clone(),
    };
    let answers = message.reply_to.and_then(|address| address.parse().ok());
    let seconds = u64::try_from(now.as_i64()).unwrap_or(0);
    // RFC 3834 §5: no holiday notice is to answer.
    let automatic = HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    );
    let mut builder = lettre::Message::builder();
    if let Some(address) = answers {
        builder = builder.reply_to(Mailbox::new(None, address));
    }
    builder
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<{name}@{}>", from.email.domain())))
        .from(sender)
        .to(Mailbox::new(None, to))
        .subject(message.subject)
        .raw_header(automatic)
        .multipart(MultiPart::alternative_plain_html(
            message.text,
            message.html,
        ))
        .map_err(unavailable)
}

/// Writes a file that is whole as soon as its name ends in `.eml`.
async fn write(folder: &Path, name: &str, mail: lettre::Message) -> io::Result<()> {
    tokio::fs::create_dir_all(folder).await?;
    let unfinished = folder.join(format!(".{name}"));
    tokio::fs::write(&unfinished, mail.formatted()).await?;
    tokio::fs::rename(&unfinished, folder.join(format!("{name}.eml"))).await
}

fn smtp_transport(
    settings: &Smtp,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, lettre::transport::smtp::Error> {
    let parameters = || TlsParameters::new_rustls(settings.host.clone());
    let tls = match settings.tls {
        SmtpTls::Implicit => Tls::Wrapper(parameters()?),
        SmtpTls::None => Tls::None,
        SmtpTls::StartTls => Tls::Required(parameters()?),
    };
    // "Dangerous" is the builder's default of no TLS, which the next line settles.
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
        .tls(tls)
        .port(settings.port)
        .timeout(Some(settings.timeout.to_std()));
    if let Some(credentials) = &settings.credentials {
        builder = builder.credentials(Credentials::new(
            credentials.username.clone(),
            credentials.password.expose().to_owned(),
        ));
    }
    Ok(builder.build())
}

#[cfg(test)]
mod tests;
