//! Identifiers: a newtype for each noun, in the forms that applications recognise.
//!
//! All are random (128 bits but for organizations, which keep the short form their users know),
//! so none tells how many there are or who came first; but for entries of the audit log, whose readers know. They are names, never secrets: whoever
//! knows one may do nothing more.

use std::sync::atomic::{AtomicU32, Ordering};

use rand::{CryptoRng, RngExt};
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Declares an identifier: its prefix, then how many hexadecimal digits follow.
macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal + $digits:literal;)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(String);

        impl $name {
            /// A new identifier, from `rng`.
            pub fn generate(rng: &mut impl CryptoRng) -> Self {
                Self(format!(concat!($prefix, "{}"), random_hex(rng, $digits)))
            }

            /// The identifier that `text` spells, if it has the right form.
            pub fn parse(text: &str) -> Option<Self> {
                let digits = text.strip_prefix($prefix)?;
                let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                (digits.len() == $digits && digits.bytes().all(hexadecimal))
                    .then(|| Self(text.to_owned()))
            }

            /// The identifiers that `text` spells, with spaces between them; what has another form is left out.
            pub fn list(text: &str) -> Vec<Self> {
                text.split_ascii_whitespace().filter_map(Self::parse).collect()
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )* };
}

identifiers! {
    /// Names a registered API, a resource server (RFC 8707).
    ApiId = "" + 32;
    /// Names a scope of a registered API.
    ApiScopeId = "api_scope_" + 32;
    /// Names an entry of the audit log; those of one second sort as they were made.
    AuditEventId = "event_" + 32;
    /// Names a client (RFC 6749 §2.2).
    ClientId = "" + 32;
    /// Names one of a client's secrets, so that it can be withdrawn.
    ClientSecretId = "" + 32;
    /// Names a configured upstream provider.
    ConnectionId = "conn_" + 32;
    /// Names a feature flag.
    FeatureFlagId = "flag_" + 32;
    /// Names one authorization given to a client: a code and all tokens that come from it.
    GrantId = "" + 32;
    /// Names a way to sign in.
    IdentityId = "identity_" + 32;
    /// Names one sign-in in progress.
    InteractionId = "" + 32;
    /// Names an invitation to an organization.
    InvitationCode = "inv_" + 32;
    /// Names an organization.
    OrganizationId = "org_" + 11;
    /// Names a category of properties.
    PropertyCategoryId = "category_" + 32;
    /// Names a property of users, organizations or applications.
    PropertyId = "prop_" + 32;
    /// Names a browser's session, the `sid` of OpenID Connect Back-Channel Logout §2.1.
    SessionId = "" + 32;
    /// Names a record of what a sign-in through an upstream changed.
    SyncRecordId = "sync_" + 32;
    /// Names an answer of an upstream.
    UpstreamSignInId = "upstream_" + 32;
    /// Names a user, the `sub` of every token.
    UserId = "kp_" + 32;
}

impl AuditEventId {
    /// An identifier for an event at `now` that sorts after those that this process made before for that
    /// second: its time, a count, and randomness.
    ///
    /// So the log can be read in the order in which it was written, and is written at the end of its index,
    /// though clocks tell whole seconds. Events of one second on different nodes have no order among them.
    pub fn following(now: Timestamp, rng: &mut impl CryptoRng) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let count = MADE.fetch_add(1, Ordering::Relaxed);
        // 40 bits of seconds last for 34,000 years.
        let seconds = now.as_i64() & 0xff_ffff_ffff;
        let random = random_hex(rng, 14);
        Self(format!("event_{seconds:010x}{count:08x}{random}"))
    }
}

/// Declares an identifier that is a UUID (RFC 9562): some clients take these for nothing else.
macro_rules! uuids {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(String);

        impl $name {
            /// A new identifier, from `rng`.
            pub fn generate(rng: &mut impl CryptoRng) -> Self {
                Self(uuid::Builder::from_random_bytes(rng.random()).into_uuid().to_string())
            }

            /// The identifier that `text` spells, if it has the right form.
            pub fn parse(text: &str) -> Option<Self> {
                let uuid = uuid::Uuid::try_parse(text).ok()?;
                // One spelling for each: hyphenated, in lower case.
                (uuid.to_string() == text).then(|| Self(text.to_owned()))
            }

            /// The identifiers that `text` spells, with spaces between them; what has another form is left out.
            pub fn list(text: &str) -> Vec<Self> {
                text.split_ascii_whitespace().filter_map(Self::parse).collect()
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )* };
}

uuids! {
    /// Names a permission.
    PermissionId;
    /// Names a role.
    RoleId;
}

fn random_hex(rng: &mut impl CryptoRng, digits: usize) -> String {
    let bytes: [u8; 16] = rng.random();
    let mut text = hex::encode(bytes);
    text.truncate(digits);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_identifier_parses_as_itself() {
        let id = UserId::generate(&mut rand::rng());
        assert_eq!(UserId::parse(id.as_str()), Some(id));
    }

    #[test]
    fn events_sort_as_they_were_made() {
        let seconds = [5, 5, 5, 6, 1_795_334_400, 1_795_334_400];
        let made = seconds
            .map(|second| AuditEventId::following(Timestamp::from_unix(second), &mut rand::rng()));
        assert!(made.is_sorted(), "{made:?}");
        let parsed = made.each_ref().map(|id| AuditEventId::parse(id.as_str()));
        assert_eq!(parsed, made.map(Some));
    }

    #[test]
    fn an_organization_has_eleven_digits() {
        assert_eq!(
            OrganizationId::generate(&mut rand::rng()).as_str().len(),
            15
        );
    }

    #[test]
    fn other_forms_are_no_identifiers() {
        for text in [
            "",
            "kp_",
            "kp_12",
            "kp_2F6F0B6C5D8E4B0C9A1D7E3F5A6B7C8D",
            "org_1ccfb819462",
        ] {
            assert_eq!(UserId::parse(text), None, "{text}");
        }
    }
}
