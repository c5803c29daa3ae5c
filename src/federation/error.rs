//! Why an upstream did not prove who somebody is.

/// Why there is no assertion.
#[derive(Debug, thiserror::Error)]
pub enum FederationError {
    /// The End-User, or the upstream, turned it down.
    #[error("the upstream refused: {0}")]
    Declined(String),
    /// A check failed: what came is not a proof.
    #[error("{check}: {why}")]
    Unproven {
        /// Which.
        check: Check,
        /// Why.
        why: String,
    },
    /// The connection can't be used as it is configured.
    #[error("the connection is not set up: {0}")]
    NotSetUp(String),
    /// The upstream did not answer, or with something of no use.
    #[error("the upstream is of no use now: {0}")]
    Unavailable(String),
}

crate::words::words! {
    /// What is checked of an upstream's answer, in this order.
    pub enum Check {
        /// The metadata are those of the configured issuer.
        Metadata = "metadata",
        /// The answer comes from the upstream that was asked: it says so (RFC 9207), and arrives where that one answers.
        ResponseIssuer = "response_issuer",
        /// The code was redeemed.
        Code = "code",
        /// Signature, issuer, audience, expiry, nonce, algorithm.
        IdToken = "id_token",
        /// Who the token was issued for (`azp`).
        AuthorizedParty = "authorized_party",
        /// The access token is the one that the ID Token was issued with (`at_hash`).
        AccessTokenHash = "access_token_hash",
        /// The tenant or the hosted domain is one of those allowed.
        Tenant = "tenant",
        /// The End-User proved who they are as recently as was asked for.
        AuthTime = "auth_time",
        /// The profile is of the same subject.
        UserInfo = "userinfo",
        /// The subject can be a key.
        Subject = "subject",
        /// The logout token: signature, issuer, audience, times, event (OpenID Connect Back-Channel Logout 1.0 §2.6).
        LogoutToken = "logout_token",
    }
}

impl FederationError {
    /// A check that failed.
    pub fn unproven(check: Check, why: impl std::fmt::Display) -> Self {
        let why = why.to_string();
        Self::Unproven { check, why }
    }

    /// The outcome in a word, for the audit log.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Declined(_) => "declined",
            Self::NotSetUp(_) => "not_set_up",
            Self::Unavailable(_) => "unavailable",
            Self::Unproven { check, .. } => check.as_str(),
        }
    }
}
