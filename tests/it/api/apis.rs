//! `/apis`: resource servers that access tokens are for (RFC 8707).
