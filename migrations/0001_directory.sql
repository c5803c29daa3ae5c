-- People, their ways to sign in, and the policies of the business.

CREATE TABLE environment (
    id                      BIGINT  NOT NULL PRIMARY KEY CHECK (id = 1),
    self_sign_up_allowed    BOOLEAN NOT NULL
);
INSERT INTO environment (id, self_sign_up_allowed) VALUES (1, TRUE);

CREATE TABLE users (
    id              TEXT    NOT NULL PRIMARY KEY,
    given_name      TEXT,
    family_name     TEXT,
    picture         TEXT,
    attributes      TEXT    NOT NULL,           -- JSON: further claims of OpenID Connect Core 5.1
    suspended_at    BIGINT,
    created_at      BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL
);

-- A way to sign in. The value is kept as it was given; the key is what is compared.
CREATE TABLE identities (
    id              TEXT    NOT NULL PRIMARY KEY,
    user_id         TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind            TEXT    NOT NULL CHECK (kind IN ('email', 'username')),
    value           TEXT    NOT NULL,
    value_key       TEXT    NOT NULL,
    verified_at     BIGINT,
    is_primary      BOOLEAN NOT NULL,
    sign_ins        BIGINT  NOT NULL,
    last_sign_in_at BIGINT,
    created_at      BIGINT  NOT NULL,
    UNIQUE (kind, value_key)
);
CREATE INDEX identities_by_user ON identities (user_id);

CREATE TABLE passwords (
    user_id         TEXT    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    password_hash   TEXT    NOT NULL,           -- PHC string
    is_temporary    BOOLEAN NOT NULL,
    changed_at      BIGINT  NOT NULL
);

-- Failed attempts in the current window, by what they were aimed at or came from.
CREATE TABLE throttles (
    subject         TEXT    NOT NULL PRIMARY KEY,
    attempts        BIGINT  NOT NULL,
    window_ends_at  BIGINT  NOT NULL
);
CREATE INDEX throttles_by_end ON throttles (window_ends_at);

CREATE TABLE audit_events (
    id              TEXT    NOT NULL PRIMARY KEY,
    occurred_at     BIGINT  NOT NULL,
    actor           TEXT    NOT NULL,           -- a user's or client's id, 'anonymous', 'operator' or 'system'
    action          TEXT    NOT NULL,
    subject         TEXT,                       -- the id of what it happened to
    details         TEXT    NOT NULL            -- JSON
);
CREATE INDEX audit_events_by_time ON audit_events (occurred_at);
CREATE INDEX audit_events_by_subject ON audit_events (subject, occurred_at);
