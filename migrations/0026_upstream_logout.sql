-- What a session knows of the upstream that it came through: what that names when it signs somebody out. It counts
-- while the session is still the connection's.
CREATE TABLE upstream_sessions (
    session_id          TEXT    NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    connection_id       TEXT    NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    issuer              TEXT    NOT NULL,
    subject             TEXT    NOT NULL,           -- as the ID Token says it
    sid                 TEXT,                       -- the upstream's session, where the ID Token names it
    id_token_jwe        TEXT                        -- encrypted under the master key, where signing out there needs it
);
CREATE INDEX upstream_sessions_by_subject ON upstream_sessions (connection_id, issuer, subject);
CREATE INDEX upstream_sessions_by_sid ON upstream_sessions (connection_id, issuer, sid) WHERE sid IS NOT NULL;

-- Logout tokens that were used; kept until they would have expired.
CREATE TABLE upstream_logout_tokens (
    connection_id       TEXT    NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    jti_hash            TEXT    NOT NULL,
    expires_at          BIGINT  NOT NULL,
    PRIMARY KEY (connection_id, jti_hash)
);
CREATE INDEX upstream_logout_tokens_by_expiry ON upstream_logout_tokens (expires_at);

-- Browsers that were sent on to sign out at an upstream, and where they go when they are back.
CREATE TABLE upstream_logouts (
    state_hash          TEXT    NOT NULL PRIMARY KEY,
    connection_id       TEXT    NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    browser_hash        TEXT    NOT NULL,           -- whose it is: the browser that signed out
    client_id           TEXT    REFERENCES clients (id) ON DELETE CASCADE,
    destination         TEXT,                       -- registered by a client; our own page when none
    expires_at          BIGINT  NOT NULL
);
CREATE INDEX upstream_logouts_by_connection ON upstream_logouts (connection_id);
CREATE INDEX upstream_logouts_by_client ON upstream_logouts (client_id);
CREATE INDEX upstream_logouts_by_expiry ON upstream_logouts (expires_at);
