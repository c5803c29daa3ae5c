//! The mails of sign-in, in words. Sending them is [`mail`](crate::mail)'s.

use askama::Template;

use crate::clock::Timestamp;
use crate::interaction::Letter;
use crate::mail::Message;
use crate::web::look::Buttons;
use crate::web::page::Shell;
use crate::web::text::Text;

/// Words a letter, in the language and the colours of a page. `brand` is who it is from.
pub fn write(
    letter: &Letter,
    shell: &Shell,
    brand: &str,
    now: Timestamp,
) -> askama::Result<Message> {
    let text = shell.text;
    let Words {
        subject,
        lead,
        advice,
        footer,
    } = words(letter);
    let (to, code, minutes) = contents(letter, now);
    let (organization, link, days) = invited(letter, now);
    let places = [
        ("brand", brand),
        ("code", code.unwrap_or_default()),
        ("minutes", &minutes.to_string()),
        ("organization", organization),
        ("days", &days.to_string()),
    ];
    let subject = text.with(subject, &places);
    let paper = Paper {
        text,
        brand,
        buttons: shell.buttons(),
        subject: &subject,
        lead: text.with(lead, &places),
        code,
        link,
        advice: advice.iter().map(|key| text.with(key, &places)).collect(),
        footer: text.with(footer, &places),
    };
    Ok(Message {
        to: to.to_owned(),
        sender_name: None,
        reply_to: None,
        text: PlainPaper { paper: &paper }.render()?,
        html: HtmlPaper { paper: &paper }.render()?,
        subject,
    })
}

/// The keys of a letter's texts.
struct Words {
    subject: &'static str,
    /// Before the code.
    lead: &'static str,
    /// After the code.
    advice: &'static [&'static str],
    /// Why the mail was sent.
    footer: &'static str,
}

fn words(letter: &Letter) -> Words {
    let (subject, lead, advice): (_, _, &[_]) = match letter {
        Letter::AlreadyRegistered { .. } => (
            "mail-already-subject",
            "mail-already-lead",
            &["mail-already-advice"],
        ),
        Letter::Invitation { .. } => (
            "mail-invitation-subject",
            "mail-invitation-lead",
            &["mail-invitation-validity", "mail-invitation-ignore"],
        ),
        Letter::NoAccount { .. } => (
            "mail-no-account-subject",
            "mail-no-account-lead",
            &["mail-no-account-advice"],
        ),
        Letter::PasswordChanged { .. } => (
            "mail-changed-subject",
            "mail-changed-lead",
            &["mail-changed-advice"],
        ),
        Letter::ResetPassword { .. } => (
            "mail-reset-subject",
            "mail-reset-lead",
            &["mail-code-validity", "mail-ignore"],
        ),
        Letter::VerifyEmail { .. } => (
            "mail-verify-subject",
            "mail-verify-lead",
            &["mail-code-validity", "mail-ignore"],
        ),
    };
    let footer = match letter {
        Letter::Invitation { .. } => "mail-footer-invitation",
        Letter::PasswordChanged { .. } => "mail-footer-account",
        _ => "mail-footer",
    };
    Words {
        subject,
        lead,
        advice,
        footer,
    }
}

/// To whom, the code if there is one, and for how many minutes it is taken.
fn contents(letter: &Letter, now: Timestamp) -> (&str, Option<&str>, i64) {
    match letter {
        Letter::AlreadyRegistered { to }
        | Letter::Invitation { to, .. }
        | Letter::NoAccount { to }
        | Letter::PasswordChanged { to } => (to, None, 0),
        Letter::ResetPassword {
            to,
            code,
            expires_at,
        }
        | Letter::VerifyEmail {
            to,
            code,
            expires_at,
        } => {
            let minutes = expires_at.since(now).as_i64() / 60;
            (to, Some(code.expose()), minutes.max(1))
        }
    }
}

/// To which organization, where the invitation is accepted, and for how many days it can be.
fn invited(letter: &Letter, now: Timestamp) -> (&str, Option<&str>, i64) {
    match letter {
        Letter::Invitation {
            organization,
            link,
            expires_at,
            ..
        } => {
            let days = expires_at.since(now).as_i64() / 86400;
            (organization, Some(link), days.max(1))
        }
        _ => ("", None, 0),
    }
}

struct Paper<'a> {
    text: Text,
    brand: &'a str,
    buttons: Buttons,
    subject: &'a str,
    lead: String,
    code: Option<&'a str>,
    /// Where the one thing is done that the letter is about.
    link: Option<&'a str>,
    advice: Vec<String>,
    footer: String,
}

#[derive(Template)]
#[template(path = "mail/letter.txt")]
struct PlainPaper<'a> {
    paper: &'a Paper<'a>,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct HtmlPaper<'a> {
    paper: &'a Paper<'a>,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::Seconds;
    use crate::config::{Branding, Colour};
    use crate::secret::Secret;
    use crate::web::assets::Assets;
    use crate::web::text::Locale;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn shell(locale: Locale) -> Shell {
        let accent = |text| Colour::parse(text).unwrap();
        let brand = Branding {
            name: "Acme".to_owned(),
            logo_url: None,
            accent_light: accent("#3451b2"),
            accent_dark: accent("#8da4ef"),
            terms_url: None,
            privacy_url: None,
        };
        let assets = Arc::new(Assets::new(&brand));
        Shell::new(locale, Arc::new(brand), assets)
    }

    fn letters() -> [Letter; 6] {
        let to = || "alice@acme.test".to_owned();
        let code = || Secret::from("123456".to_owned());
        let expires_at = NOW.plus(Seconds::new(900));
        [
            Letter::AlreadyRegistered { to: to() },
            Letter::Invitation {
                to: to(),
                organization: "Globex".to_owned(),
                link: "https://id.acme.test/team_invitation?code=inv_1".to_owned(),
                expires_at: NOW.plus(Seconds::new(14 * 86400)),
            },
            Letter::NoAccount { to: to() },
            Letter::PasswordChanged { to: to() },
            Letter::ResetPassword {
                to: to(),
                code: code(),
                expires_at,
            },
            Letter::VerifyEmail {
                to: to(),
                code: code(),
                expires_at,
            },
        ]
    }

    #[test]
    fn every_letter_is_complete_in_every_language() {
        for locale in Locale::ALL {
            for letter in letters() {
                let mail = write(&letter, &shell(locale), "Acme", NOW).unwrap();
                for part in [&mail.subject, &mail.text, &mail.html] {
                    assert!(
                        !part.contains("{ $") && !part.contains("ocalization"),
                        "{part}"
                    );
                }
                let has_code = contents(&letter, NOW).1.is_some();
                for part in [&mail.text, &mail.html] {
                    assert_eq!(part.contains("123456"), has_code, "{part}");
                    assert_eq!(
                        part.contains("15 Minuten") || part.contains("15 minutes"),
                        has_code
                    );
                }
            }
        }
    }

    #[test]
    fn an_invitation_says_where_to_and_for_how_long() {
        let [_, letter, ..] = letters();
        for (locale, days) in [(Locale::English, "14 days"), (Locale::German, "14 Tage")] {
            let mail = write(&letter, &shell(locale), "Acme", NOW).unwrap();
            assert!(mail.subject.contains("Globex"), "{}", mail.subject);
            for part in [&mail.text, &mail.html] {
                for expected in ["Globex", "Acme", "team_invitation?code=inv_1", days] {
                    assert!(part.contains(expected), "{expected} in {part}");
                }
            }
            for colour in ["#3451b2", "#8da4ef"] {
                assert!(mail.html.contains(colour), "{colour} in {}", mail.html);
            }
        }
    }

    #[test]
    fn the_brand_is_escaped_in_html_only() {
        let [letter, ..] = letters();
        let mail = write(&letter, &shell(Locale::English), "A<b>cme", NOW).unwrap();
        assert!(mail.text.contains("A<b>cme"));
        assert!(!mail.html.contains("A<b>cme"));
    }
}
