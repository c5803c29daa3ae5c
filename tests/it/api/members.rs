//! `/organizations/{org_code}/users`: who belongs to an organization.
