-- The connection through which the user of a session last proved who they are; none when they did so here.
ALTER TABLE sessions ADD COLUMN connection_id TEXT REFERENCES connections (id) ON DELETE SET NULL;
CREATE INDEX sessions_by_connection ON sessions (connection_id) WHERE connection_id IS NOT NULL;

-- Who was active of late, through upstreams as well.
CREATE INDEX upstream_identities_by_last_sign_in ON upstream_identities (last_sign_in_at, user_id)
    WHERE last_sign_in_at IS NOT NULL;
