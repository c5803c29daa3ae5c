-- Who may join an organization, how its pages look, and how long somebody stays signed in to it.

-- Whether those with a proven address at organization_domains may join.
ALTER TABLE organizations ADD COLUMN admits_domains BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE organizations ADD COLUMN branding TEXT NOT NULL DEFAULT '{}';   -- JSON

-- What holds for sessions that sign in to it, where it decides that for itself.
ALTER TABLE organizations ADD COLUMN decides_persistence BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE organizations ADD COLUMN persists_sessions BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE organizations ADD COLUMN decides_session_lifetime BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE organizations ADD COLUMN session_lifetime_seconds BIGINT;

CREATE INDEX organizations_by_name ON organizations (name, id);
