//! Which new passwords are accepted: long enough, and not among the first that are guessed.
//!
//! There are no rules of composition (NIST SP 800-63B §3.1.1.2).

use zeroize::Zeroizing;
use zxcvbn::{Score, zxcvbn};

use crate::config::Passwords;

/// Why a new password is refused. The page words it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Among the first that an attacker would try.
    Guessable,
    /// Longer than so many characters.
    TooLong { maximum: usize },
    /// Shorter than so many characters.
    TooShort { minimum: usize },
}

/// Accepts or refuses a new password.
///
/// Lengths count Unicode scalar values. What is refused besides is what `zxcvbn` finds in fewer
/// than a million guesses, where `user_inputs` (address, names) are among the first guessed.
///
/// May keep a core busy for a tenth of a second: request handlers call
/// [`PasswordHasher::weakness`](super::PasswordHasher::weakness).
///
/// # Errors
///
/// The [`Weakness`], to be worded for the End-User.
pub fn check(password: &str, user_inputs: &[&str], policy: &Passwords) -> Result<(), Weakness> {
    let length = password.chars().count();
    if length < policy.minimum_length {
        return Err(Weakness::TooShort {
            minimum: policy.minimum_length,
        });
    }
    if length > policy.maximum_length {
        return Err(Weakness::TooLong {
            maximum: policy.maximum_length,
        });
    }
    let beginning: String = password.chars().take(ESTIMATED_LENGTH).collect();
    let beginning = Zeroizing::new(beginning);
    if zxcvbn(&beginning, &guessed_words(user_inputs)).score() < Score::Two {
        return Err(Weakness::Guessable);
    }
    Ok(())
}

/// The estimate's time grows steeply with the length where many characters can stand for letters,
/// as `4` and `@` for `a`: 24 of the worst take some 0.1 s of a core, 64 of them a second. A password
/// whose beginning is easy to guess is refused, however it goes on.
const ESTIMATED_LENGTH: usize = 24;
const GUESSED_WORD_LENGTH: usize = 64;
const GUESSED_WORDS: usize = 32;

fn guessed_words<'a>(user_inputs: &[&'a str]) -> Vec<&'a str> {
    user_inputs
        .iter()
        .flat_map(|input| {
            let words = input.split(|character: char| !character.is_alphanumeric());
            std::iter::once(*input).chain(words)
        })
        .filter(|word| (3..=GUESSED_WORD_LENGTH).contains(&word.len()))
        .take(GUESSED_WORDS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passwords::tests::POLICY;

    #[test]
    fn weak_passwords_are_refused() {
        let too_short = Err(Weakness::TooShort { minimum: 8 });
        let too_long = Err(Weakness::TooLong { maximum: 1024 });
        let guessable = Err(Weakness::Guessable);
        for (password, verdict) in [
            ("", too_short),
            ("kX9#vq2", too_short),
            ("äöüßéèà", too_short),
            ("password", guessable),
            ("Passw0rd", guessable),
            ("12345678", guessable),
            ("qwertyuiop", guessable),
            ("johndoe1", guessable),
            ("Johnathan1", guessable),
            ("acmecorp", guessable),
            (&"a".repeat(1024), guessable),
            (&"a".repeat(1025), too_long),
            ("kX9#vq2z", Ok(())),
            ("correct horse battery staple", Ok(())),
            ("пароль не угадать", Ok(())),
            ("密碼不容易猜到啊", Ok(())),
        ] {
            let inputs = ["johndoe@acmecorp.test", "Johnathan", "Doe"];
            assert_eq!(check(password, &inputs, &POLICY), verdict, "{password}");
        }
    }
}
