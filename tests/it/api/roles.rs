//! `/roles`: sets of permissions, defined once for the business.
