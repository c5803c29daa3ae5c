//! `/organizations` and `/organization`: the customers of the business.
