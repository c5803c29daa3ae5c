//! `/identities`: the ways in which users sign in.
