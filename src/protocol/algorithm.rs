//! The algorithms that sign our tokens (RFC 7518 §3.1, RFC 8037 §3.1).

use super::words;

words! {
    /// How a token is signed.
    pub enum SigningAlgorithm {
        /// Ed25519.
        EdDsa = "EdDSA",
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// RSASSA-PKCS1-v1_5 with SHA-256: the one every relying party knows (OpenID Connect Core 1.0 §15.1).
        Rs256 = "RS256",
    }
}
