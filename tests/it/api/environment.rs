//! `/environment`: the business, its policies, and what it lets people choose from.
