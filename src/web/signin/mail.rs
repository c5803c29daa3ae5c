//! The mails of sign-in, in words. Sending them is not done here.

use askama::Template;

use crate::web::text::Text;

/// What there is to tell somebody by mail.
#[derive(Clone, Copy, Debug)]
pub enum Letter<'a> {
    /// Somebody registered with an address that has an account.
    AlreadyRegistered,
    /// Somebody forgot the password of an account that does not exist.
    NoAccount,
    PasswordChanged,
    ResetPassword {
        code: &'a str,
        minutes: u32,
    },
    VerifyEmail {
        code: &'a str,
        minutes: u32,
    },
}

/// A mail, ready to be sent.
#[derive(Clone, Debug)]
pub struct Mail {
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Letter<'_> {
    /// Writes the mail, to `name` if it is known.
    pub fn write(self, text: Text, brand: &str, name: Option<&str>) -> askama::Result<Mail> {
        let (subject, lead, advice) = self.keys();
        let places = [
            ("brand", brand),
            ("code", self.code().unwrap_or_default()),
            ("minutes", &self.minutes()),
        ];
        let subject = text.with(subject, &places);
        let greeting = match name {
            Some(name) => text.with("mail-greeting", &[("name", name)]),
            None => text.t("mail-greeting-unknown"),
        };
        let paper = Paper {
            text,
            brand,
            subject: &subject,
            greeting,
            lead: text.with(lead, &places),
            code: self.code(),
            footer: text.with(self.footer(), &places),
            advice: advice.iter().map(|key| text.with(key, &places)).collect(),
        };
        Ok(Mail {
            text: PlainPaper { paper: &paper }.render()?,
            html: HtmlPaper { paper: &paper }.render()?,
            subject,
        })
    }

    /// Keys of the subject, of the first sentence and of what comes after the code.
    fn keys(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            Self::AlreadyRegistered => (
                "mail-already-subject",
                "mail-already-lead",
                &["mail-already-advice"],
            ),
            Self::NoAccount => (
                "mail-no-account-subject",
                "mail-no-account-lead",
                &["mail-no-account-advice"],
            ),
            Self::PasswordChanged => (
                "mail-changed-subject",
                "mail-changed-lead",
                &["mail-changed-advice"],
            ),
            Self::ResetPassword { .. } => (
                "mail-reset-subject",
                "mail-reset-lead",
                &["mail-code-validity", "mail-ignore"],
            ),
            Self::VerifyEmail { .. } => (
                "mail-verify-subject",
                "mail-verify-lead",
                &["mail-code-validity", "mail-ignore"],
            ),
        }
    }

    /// Key of the reason why the mail was sent.
    fn footer(self) -> &'static str {
        match self {
            Self::PasswordChanged => "mail-footer-account",
            _ => "mail-footer",
        }
    }

    fn code(&self) -> Option<&str> {
        match self {
            Self::ResetPassword { code, .. } | Self::VerifyEmail { code, .. } => Some(code),
            _ => None,
        }
    }

    fn minutes(self) -> String {
        match self {
            Self::ResetPassword { minutes, .. } | Self::VerifyEmail { minutes, .. } => {
                minutes.to_string()
            }
            _ => String::new(),
        }
    }
}

struct Paper<'a> {
    text: Text,
    brand: &'a str,
    subject: &'a str,
    greeting: String,
    lead: String,
    code: Option<&'a str>,
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
    use super::*;
    use crate::web::text::Locale;

    const LETTERS: [Letter<'_>; 5] = [
        Letter::AlreadyRegistered,
        Letter::NoAccount,
        Letter::PasswordChanged,
        Letter::ResetPassword {
            code: "123456",
            minutes: 10,
        },
        Letter::VerifyEmail {
            code: "123456",
            minutes: 10,
        },
    ];

    #[test]
    fn every_letter_is_complete_in_every_language() {
        for locale in Locale::ALL {
            for letter in LETTERS {
                let mail = letter.write(Text::new(locale), "Acme", None).unwrap();
                for part in [&mail.subject, &mail.text, &mail.html] {
                    assert!(
                        !part.contains("{ $") && !part.contains("nknown loc"),
                        "{part}"
                    );
                }
                assert_eq!(mail.text.contains("123456"), letter.code().is_some());
                assert_eq!(mail.html.contains("123456"), letter.code().is_some());
            }
        }
    }

    #[test]
    fn a_name_is_escaped_in_html_only() {
        let mail = Letter::PasswordChanged
            .write(Text::default(), "Acme", Some("<b>Bob</b>"))
            .unwrap();
        assert!(mail.text.contains("Hello <b>Bob</b>,"));
        assert!(!mail.html.contains("<b>Bob"));
    }
}
