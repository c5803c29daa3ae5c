//! Column types that both engines read and write alike.

use std::error::Error;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::Value;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};

/// A document, stored as JSON text; never searched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Json<T>(pub T);

/// A value with one spelling as text: an enumeration, a space-delimited set.
///
/// `TryFrom<String>` reads it, `Display` writes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text<T>(pub T);

/// As the value itself, in the audit log.
impl<T: Serialize> Serialize for Json<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// As it is stored, in the audit log.
impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Texts as one parameter of a statement, each once: `IN (SELECT key FROM json_each(json($1)))` finds them
/// on both engines, which know the members of a JSON object by that name.
pub fn keys<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let members = texts
        .into_iter()
        .map(|text| (text.as_ref().to_owned(), Value::Null))
        .collect();
    Value::Object(members).to_string()
}

/// A value that is stored as text, whatever the engine.
trait Stored: Sized {
    fn to_text(&self) -> Result<String, BoxDynError>;
    fn from_text(text: &str) -> Result<Self, BoxDynError>;
}

impl<T: Serialize + DeserializeOwned> Stored for Json<T> {
    fn to_text(&self) -> Result<String, BoxDynError> {
        Ok(serde_json::to_string(&self.0)?)
    }

    fn from_text(text: &str) -> Result<Self, BoxDynError> {
        Ok(Self(serde_json::from_str(text)?))
    }
}

impl<T> Stored for Text<T>
where
    T: fmt::Display + std::str::FromStr<Err: Error + Send + Sync + 'static>,
{
    fn to_text(&self) -> Result<String, BoxDynError> {
        Ok(self.0.to_string())
    }

    fn from_text(text: &str) -> Result<Self, BoxDynError> {
        Ok(Self(text.parse()?))
    }
}

macro_rules! stored_as_text {
    ($column:ident) => {
        impl<T, DB: Database> Type<DB> for $column<T>
        where
            String: Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <String as Type<DB>>::type_info()
            }

            fn compatible(found: &DB::TypeInfo) -> bool {
                <String as Type<DB>>::compatible(found)
            }
        }

        impl<'q, T, DB: Database> Encode<'q, DB> for $column<T>
        where
            Self: Stored,
            String: Encode<'q, DB>,
        {
            fn encode_by_ref(
                &self,
                buffer: &mut <DB as Database>::ArgumentBuffer,
            ) -> Result<IsNull, BoxDynError> {
                self.to_text()?.encode(buffer)
            }
        }

        impl<'r, T, DB: Database> Decode<'r, DB> for $column<T>
        where
            Self: Stored,
            &'r str: Decode<'r, DB>,
        {
            fn decode(value: <DB as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
                Self::from_text(<&'r str as Decode<'r, DB>>::decode(value)?)
            }
        }
    };
}

stored_as_text!(Json);
stored_as_text!(Text);
