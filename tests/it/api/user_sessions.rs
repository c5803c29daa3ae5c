//! `/users/{id}/sessions`: where users are signed in.
