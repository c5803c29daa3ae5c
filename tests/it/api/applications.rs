//! `/applications`: clients (RFC 6749 §2), with their addresses and lifetimes.
