-- Sign-ins in progress, sessions, and what clients were given.

CREATE TABLE interactions (
    id              TEXT    NOT NULL PRIMARY KEY,
    client_id       TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    browser_hash    TEXT,               -- null until a browser has opened it
    request         TEXT    NOT NULL,   -- JSON: the validated authorization request
    progress        TEXT    NOT NULL,   -- JSON: what the End-User has done so far
    version         BIGINT  NOT NULL,   -- counts the changes, so that none overwrites another
    created_at      BIGINT  NOT NULL,
    expires_at      BIGINT  NOT NULL,
    finished_at     BIGINT
);
CREATE INDEX interactions_by_client ON interactions (client_id);
CREATE INDEX interactions_by_expiry ON interactions (expires_at);

-- A code sent by mail to prove an address, for one interaction.
CREATE TABLE email_codes (
    interaction_id  TEXT    NOT NULL PRIMARY KEY REFERENCES interactions (id) ON DELETE CASCADE,
    purpose         TEXT    NOT NULL CHECK (purpose IN ('register', 'reset_password')),
    recipient       TEXT    NOT NULL,   -- the normalised address
    code_hash       TEXT    NOT NULL,
    attempts_left   BIGINT  NOT NULL,
    sent_at         BIGINT  NOT NULL,
    expires_at      BIGINT  NOT NULL
);

CREATE TABLE sessions (
    id              TEXT    NOT NULL PRIMARY KEY,
    user_id         TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash      TEXT    NOT NULL UNIQUE,
    auth_time       BIGINT  NOT NULL,
    methods         TEXT    NOT NULL,   -- amr values (RFC 8176), space-delimited
    created_at      BIGINT  NOT NULL,
    last_seen_at    BIGINT  NOT NULL,
    expires_at      BIGINT  NOT NULL,
    ended_at        BIGINT,
    ip_address      TEXT,
    user_agent      TEXT
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- What a user has agreed that a client may have.
CREATE TABLE consents (
    user_id         TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id       TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scopes          TEXT    NOT NULL,   -- set, space-delimited
    given_at        BIGINT  NOT NULL,
    PRIMARY KEY (user_id, client_id)
);
CREATE INDEX consents_by_client ON consents (client_id);

-- One authorization given to a client: a code and all tokens that come from it.
CREATE TABLE grants (
    id              TEXT    NOT NULL PRIMARY KEY,
    user_id         TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id       TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    session_id      TEXT    NOT NULL,
    scopes          TEXT    NOT NULL,   -- set, space-delimited
    audiences       TEXT    NOT NULL,   -- JSON array
    claims          TEXT    NOT NULL,   -- JSON: the claims parameter (OpenID Connect Core 5.5)
    auth_time       BIGINT  NOT NULL,
    methods         TEXT    NOT NULL,
    acr             TEXT    NOT NULL,
    nonce           TEXT,
    requested_at    BIGINT  NOT NULL,
    created_at      BIGINT  NOT NULL,
    expires_at      BIGINT  NOT NULL,   -- nothing of it is valid any more; it may be purged
    revoked_at      BIGINT
);
CREATE INDEX grants_by_session ON grants (session_id);
CREATE INDEX grants_by_user ON grants (user_id);
CREATE INDEX grants_by_client ON grants (client_id);
CREATE INDEX grants_by_expiry ON grants (expires_at);

CREATE TABLE authorization_codes (
    code_hash       TEXT    NOT NULL PRIMARY KEY,
    grant_id        TEXT    NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    client_id       TEXT    NOT NULL,
    redirect_uri    TEXT,               -- null when the request named none
    code_challenge  TEXT,
    expires_at      BIGINT  NOT NULL,
    redeemed_at     BIGINT
);
CREATE INDEX authorization_codes_by_grant ON authorization_codes (grant_id);

CREATE TABLE refresh_tokens (
    token_hash      TEXT    NOT NULL PRIMARY KEY,
    grant_id        TEXT    NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    client_id       TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL,
    expires_at      BIGINT  NOT NULL,
    rotated_at      BIGINT              -- when its successor was first given out
);
CREATE INDEX refresh_tokens_by_grant ON refresh_tokens (grant_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);

-- Access tokens revoked one by one (RFC 7009); kept until they would have expired.
CREATE TABLE revoked_tokens (
    jti             TEXT    NOT NULL PRIMARY KEY,
    expires_at      BIGINT  NOT NULL
);
CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);
