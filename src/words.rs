//! Enums whose variants are words: of a specification, or of a column in the store.

/// A word that is none of those expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none of the words expected here")]
pub struct UnknownWord(pub String);

/// Declares an enum that is written and read as the words given.
///
/// It gets `ALL`, `as_str`, `parse`, `Display`, `FromStr`, and serde as that word.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every variant, in the order declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Gives the word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// Reads the word; its case matters.
            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                Self::parse(word).ok_or_else(|| $crate::words::UnknownWord(word.to_owned()))
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::UnknownWord;
    use crate::protocol::client::GrantType;

    #[test]
    fn every_variant_is_written_and_read_as_its_word() {
        for grant_type in GrantType::ALL {
            let word = grant_type.as_str();
            assert_eq!(grant_type.to_string(), word);
            assert_eq!(GrantType::parse(word), Some(*grant_type));
            assert_eq!(word.parse(), Ok(*grant_type));
            assert_eq!(serde_json::to_value(grant_type).unwrap(), word);
            assert_eq!(
                serde_json::from_value::<GrantType>(word.into()).unwrap(),
                *grant_type
            );
        }
        assert_eq!(GrantType::parse("Refresh_Token"), None);
        assert_eq!(
            "password".parse::<GrantType>(),
            Err(UnknownWord("password".into()))
        );
    }
}
