//! `/properties`: what else is known of users, organizations and applications.
