//! Both ways of sending: the folder is read back, the mail server is a loopback socket.

use mail_parser::MessageParser;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::clock::Seconds;
use crate::config::SmtpCredentials;

const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

fn message(to: &str) -> Message {
    Message {
        to: to.to_owned(),
        sender_name: None,
        reply_to: None,
        subject: "Grüße: Ihr Code".to_owned(),
        text: "Ihr Code ist 123456.\n.\nEnde".to_owned(),
        html: "<p>Ihr Code ist <b>123456</b>.</p>".to_owned(),
    }
}

fn mailer(transport: MailTransport) -> Mailer {
    let settings = Mail {
        from: "Acme <no-reply@acme.test>".parse().unwrap(),
        transport,
    };
    Mailer::new(&settings, &mut rand::rng()).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_mail_in_the_folder_reads_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("mail");
    let mailer = mailer(MailTransport::Directory(folder.clone()));
    mailer.send(message("alice@acme.test"), NOW).await.unwrap();

    let [file] = &files(&folder)[..] else {
        panic!("one file");
    };
    assert_eq!(file.extension().unwrap(), "eml");
    let bytes = std::fs::read(file).unwrap();
    let parsed = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(parsed.subject(), Some("Grüße: Ihr Code"));
    assert_eq!(
        parsed.to().unwrap().first().unwrap().address(),
        Some("alice@acme.test")
    );
    let from = parsed.from().unwrap().first().unwrap();
    assert_eq!(
        (from.name(), from.address()),
        (Some("Acme"), Some("no-reply@acme.test"))
    );
    assert_eq!(parsed.date().unwrap().to_timestamp(), NOW.as_i64());
    assert_eq!(
        parsed
            .body_text(0)
            .unwrap()
            .replace("\r\n", "\n")
            .trim_end(),
        "Ihr Code ist 123456.\n.\nEnde"
    );
    assert_eq!(
        parsed.body_html(0).unwrap().trim_end(),
        "<p>Ihr Code ist <b>123456</b>.</p>"
    );
    assert_eq!(
        parsed.header_raw("Auto-Submitted").unwrap().trim(),
        "auto-generated"
    );
    assert!(parsed.message_id().unwrap().ends_with("@acme.test"));
}

#[tokio::test]
async fn names_sort_as_the_mails_were_sent() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = mailer(MailTransport::Directory(folder.path().to_owned()));
    for (later, to) in [(0, "a@acme.test"), (0, "b@acme.test"), (1, "c@acme.test")] {
        mailer
            .send(message(to), NOW.plus(Seconds::new(later)))
            .await
            .unwrap();
    }
    let recipients: Vec<_> = files(folder.path())
        .iter()
        .map(|file| {
            let bytes = std::fs::read(file).unwrap();
            let parsed = MessageParser::default().parse(&bytes).unwrap();
            parsed
                .to()
                .unwrap()
                .first()
                .unwrap()
                .address()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(recipients, ["a@acme.test", "b@acme.test", "c@acme.test"]);
}

#[tokio::test]
async fn what_is_not_one_address_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = mailer(MailTransport::Directory(folder.path().to_owned()));
    for to in [
        "",
        "alice",
        "alice@",
        "alice@acme.test\r\nBcc: eve@acme.test",
        "alice@acme.test, eve@acme.test",
        "Alice <alice@acme.test>",
        "alice@acme.test>\r\nRCPT TO:<eve@acme.test",
    ] {
        let outcome = mailer.send(message(to), NOW).await;
        assert!(matches!(outcome, Err(MailError::Recipient)), "{to}");
    }
    assert!(files(folder.path()).is_empty());
}

#[tokio::test]
async fn a_subject_can_not_begin_another_header() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = mailer(MailTransport::Directory(folder.path().to_owned()));
    let subject = "Hello\r\nBcc: eve@acme.test\r\n\r\nbody".to_owned();
    let message = Message {
        subject,
        ..message("alice@acme.test")
    };
    mailer.send(message, NOW).await.unwrap();
    let bytes = std::fs::read(&files(folder.path())[0]).unwrap();
    let parsed = MessageParser::default().parse(&bytes).unwrap();
    assert!(parsed.bcc().is_none());
    assert_eq!(
        parsed.body_html(0).unwrap().trim_end(),
        "<p>Ihr Code ist <b>123456</b>.</p>"
    );
}

#[tokio::test]
async fn another_sender_is_named_and_never_written_from() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = mailer(MailTransport::Directory(folder.path().to_owned()));
    let named = Message {
        sender_name: Some("Acme, Inc. <ceo@bank.test>\r\nBcc: eve@acme.test".to_owned()),
        reply_to: Some("help@acme.test".to_owned()),
        ..message("alice@acme.test")
    };
    let usual = message("alice@acme.test");
    for mail in [named, usual] {
        mailer.send(mail, NOW).await.unwrap();
    }
    let mut files = files(folder.path());
    files.sort();
    let [named, usual] = [&files[0], &files[1]].map(|path| std::fs::read(path).unwrap());
    let parser = MessageParser::default();
    let (named, usual) = (parser.parse(&named).unwrap(), parser.parse(&usual).unwrap());
    let sender = |mail: &mail_parser::Message<'_>| {
        let sender = mail.from().and_then(|from| from.first().cloned()).unwrap();
        sender.address().unwrap_or_default().to_owned()
    };
    assert_eq!(sender(&named), sender(&usual));
    assert!(named.bcc().is_none() && usual.reply_to().is_none());
    let answers = named.reply_to().and_then(|to| to.first()?.address());
    assert_eq!(answers, Some("help@acme.test"));
}

#[tokio::test]
async fn a_folder_that_can_not_be_made_is_reported() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mailer = mailer(MailTransport::Directory(file.path().join("mail")));
    let outcome = mailer.send(message("alice@acme.test"), NOW).await;
    assert!(matches!(outcome, Err(MailError::Unavailable(_))));
}

/// Takes one conversation, answers each recipient with `verdict`, and returns what the client said.
async fn mail_server(verdict: &'static str) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let conversation = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream
            .write_all(b"220 mx.acme.test ESMTP\r\n")
            .await
            .unwrap();
        let (mut said, mut in_data) = (Vec::new(), false);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return said;
            }
            let line = line.trim_end().to_owned();
            let answer = match &line[..] {
                "." => "250 queued",
                _ if in_data => "",
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ if line.starts_with("EHLO") => "250-mx.acme.test\r\n250 AUTH PLAIN",
                _ if line.starts_with("AUTH") => "235 welcome",
                _ if line.starts_with("RCPT") => verdict,
                _ => "250 ok",
            };
            in_data = answer.starts_with("354") || (in_data && line != ".");
            said.push(line);
            if !answer.is_empty() {
                stream
                    .write_all(format!("{answer}\r\n").as_bytes())
                    .await
                    .unwrap();
            }
        }
    });
    (port, conversation)
}

fn smtp(port: u16, tls: SmtpTls) -> MailTransport {
    MailTransport::Smtp(Smtp {
        host: "127.0.0.1".to_owned(),
        port,
        tls,
        credentials: Some(SmtpCredentials {
            username: "vestibule".to_owned(),
            password: "s3cret".into(),
        }),
        timeout: Seconds::new(5),
    })
}

#[tokio::test]
async fn a_mail_is_handed_to_the_mail_server() {
    let (port, conversation) = mail_server("250 ok").await;
    let mailer = mailer(smtp(port, SmtpTls::None));
    assert!(!format!("{mailer:?}").contains("s3cret"));
    mailer.send(message("alice@acme.test"), NOW).await.unwrap();
    let said = conversation.await.unwrap();
    for line in [
        "MAIL FROM:<no-reply@acme.test>",
        "RCPT TO:<alice@acme.test>",
        "To: alice@acme.test",
        "..",
        "QUIT",
    ] {
        assert!(
            said.iter().any(|said| said == line),
            "{line} is not in {said:#?}"
        );
    }
    assert!(said.iter().any(|line| line.starts_with("AUTH PLAIN ")));
}

#[tokio::test]
async fn a_refusal_is_told_from_a_delay() {
    let (port, _conversation) = mail_server("550 no such user").await;
    let outcome = mailer(smtp(port, SmtpTls::None))
        .send(message("nobody@acme.test"), NOW)
        .await;
    assert!(matches!(outcome, Err(MailError::Refused(_))), "{outcome:?}");

    let (port, _conversation) = mail_server("451 try later").await;
    let outcome = mailer(smtp(port, SmtpTls::None))
        .send(message("alice@acme.test"), NOW)
        .await;
    assert!(
        matches!(outcome, Err(MailError::Unavailable(_))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn without_starttls_nothing_is_said_that_matters() {
    let (port, conversation) = mail_server("250 ok").await;
    let outcome = mailer(smtp(port, SmtpTls::StartTls))
        .send(message("alice@acme.test"), NOW)
        .await;
    assert!(
        matches!(outcome, Err(MailError::Unavailable(_))),
        "{outcome:?}"
    );
    let said = conversation.await.unwrap();
    assert!(
        said.iter()
            .all(|line| line.starts_with("EHLO") || line == "QUIT"),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_silent_mail_server_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let MailTransport::Smtp(settings) = smtp(port, SmtpTls::None) else {
        unreachable!("smtp");
    };
    let timeout = Seconds::new(1);
    let mailer = mailer(MailTransport::Smtp(Smtp {
        timeout,
        ..settings
    }));
    let outcome = mailer.send(message("alice@acme.test"), NOW).await;
    assert!(
        matches!(outcome, Err(MailError::Unavailable(_))),
        "{outcome:?}"
    );
}
