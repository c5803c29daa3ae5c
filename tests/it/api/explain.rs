//! `/users/{id}/explain`: what tokens would say of a user, and why.
