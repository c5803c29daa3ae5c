//! `/audit_events`: what happened, to whom, by whom.
