//! `[mail]`: from whom mail comes, and how it leaves.

use std::net::IpAddr;
use std::path::PathBuf;

use lettre::message::Mailbox;

use super::error::ConfigError;
use super::section::Section;
use crate::clock::Seconds;
use crate::secret::Secret;

/// How mail leaves.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The sender of every mail.
    pub from: Mailbox,
    /// Where mail goes.
    pub transport: MailTransport,
}

/// Where mail goes.
#[derive(Debug, Clone)]
pub enum MailTransport {
    /// Into a folder, a file each.
    Directory(PathBuf),
    /// To a mail server.
    Smtp(Smtp),
}

/// The mail server (RFC 5321).
#[derive(Debug, Clone)]
pub struct Smtp {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    pub tls: SmtpTls,
    /// Sent when set.
    pub credentials: Option<SmtpCredentials>,
    /// For handing over one mail.
    pub timeout: Seconds,
}

/// How the connection to the mail server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// From the first byte (RFC 8314 §3.3).
    Implicit,
    /// Not at all; only to this machine itself.
    None,
    /// By the STARTTLS command, without which nothing is sent (RFC 3207).
    StartTls,
}

/// What the mail server knows us by (RFC 4954).
#[derive(Debug, Clone)]
pub struct SmtpCredentials {
    pub username: String,
    pub password: Secret,
}

impl Mail {
    pub(super) fn read(section: &Section<'_>) -> Result<Self, ConfigError> {
        let smtp = section.text("transport", |text| match text {
            "directory" => Ok(false),
            "smtp" => Ok(true),
            _ => Err("must be \"directory\" or \"smtp\""),
        })?;
        // Both are read, so that a mistake is found before the day the transport is switched.
        let directory = section.path("directory")?;
        let server = Smtp::read(section, smtp)?;
        Ok(Self {
            from: section.text("from", |text| {
                text.parse().map_err(|_| {
                    format!("\"{text}\" is not a sender such as Name <name@example.com>")
                })
            })?,
            transport: match server {
                Some(server) if smtp => MailTransport::Smtp(server),
                _ => MailTransport::Directory(directory),
            },
        })
    }
}

impl Smtp {
    fn read(section: &Section<'_>, demanded: bool) -> Result<Option<Self>, ConfigError> {
        let host = section.optional("smtp_host", str::parse::<String>)?;
        let port = section.integer("smtp_port", 1..=65535)?;
        let tls = section.text("smtp_tls", |text| match text {
            "implicit" => Ok(SmtpTls::Implicit),
            "none" => Ok(SmtpTls::None),
            "starttls" => Ok(SmtpTls::StartTls),
            _ => Err("must be \"starttls\", \"implicit\" or \"none\""),
        })?;
        let credentials = credentials(section)?;
        let timeout = section.seconds("smtp_timeout_seconds", 1..=300)?;
        let Some(host) = host else {
            section.require(
                !demanded,
                &["smtp_host"],
                "must be set with transport = \"smtp\"",
            )?;
            return Ok(None);
        };
        section.require(
            tls != SmtpTls::None || is_loopback(&host),
            &["smtp_tls", "smtp_host"],
            "smtp_tls = \"none\" is for a server on this machine only: mail carries codes that sign people in",
        )?;
        Ok(Some(Self {
            host,
            port,
            tls,
            credentials,
            timeout,
        }))
    }
}

fn credentials(section: &Section<'_>) -> Result<Option<SmtpCredentials>, ConfigError> {
    let username = section.optional("smtp_username", str::parse::<String>)?;
    match (username, section.secret("smtp_password")?) {
        (Some(username), Some(password)) => Ok(Some(SmtpCredentials { username, password })),
        (None, None) => Ok(None),
        (Some(_), None) => {
            Err(section.refuse("smtp_username", "needs smtp_password or smtp_password_file"))
        }
        (None, Some(_)) => Err(section.refuse("smtp_password", "needs smtp_username")),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}
