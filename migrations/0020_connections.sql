-- Upstream identity providers, and who signs in through them.

CREATE TABLE connections (
    id                  TEXT    NOT NULL PRIMARY KEY,
    kind                TEXT    NOT NULL CHECK (kind IN ('entra_id', 'google', 'oauth2', 'oidc', 'saml')),
    name                TEXT    NOT NULL,
    display_name        TEXT    NOT NULL,           -- on the button
    organization_id     TEXT    REFERENCES organizations (id) ON DELETE CASCADE,  -- whose it is; everybody's when none
    settings            TEXT    NOT NULL,           -- JSON: how the upstream is spoken to
    secret_jwe          TEXT,                       -- our secret there, encrypted under the master key
    mapping             TEXT    NOT NULL,           -- JSON: which claim gives which attribute
    sync                TEXT    NOT NULL CHECK (sync IN ('inherit', 'off', 'on')),
    creates_users       BOOLEAN NOT NULL,
    trusts_emails       BOOLEAN NOT NULL,
    joins_organization  BOOLEAN NOT NULL,
    shows_button        BOOLEAN NOT NULL,           -- also to those whose address leads elsewhere
    is_enabled          BOOLEAN NOT NULL,
    created_at          BIGINT  NOT NULL,
    updated_at          BIGINT  NOT NULL
);
CREATE INDEX connections_by_organization ON connections (organization_id);

-- The domains whose addresses lead to a connection; each to one.
CREATE TABLE connection_domains (
    domain              TEXT    NOT NULL PRIMARY KEY,
    connection_id       TEXT    NOT NULL REFERENCES connections (id) ON DELETE CASCADE
);
CREATE INDEX connection_domains_by_connection ON connection_domains (connection_id);

-- The applications that offer a connection, and the organizations besides its owner.
CREATE TABLE client_connections (
    client_id           TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    connection_id       TEXT    NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    PRIMARY KEY (client_id, connection_id)
);
CREATE INDEX client_connections_by_connection ON client_connections (connection_id);
CREATE TABLE organization_connections (
    organization_id     TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    connection_id       TEXT    NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    PRIMARY KEY (organization_id, connection_id)
);
CREATE INDEX organization_connections_by_connection ON organization_connections (connection_id);

-- The roles that a group of the upstream gives, in one organization.
CREATE TABLE connection_group_roles (
    connection_id       TEXT    NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    group_name          TEXT    NOT NULL,
    organization_id     TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    role_id             TEXT    NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    PRIMARY KEY (connection_id, group_name, organization_id, role_id)
);
CREATE INDEX connection_group_roles_by_organization ON connection_group_roles (organization_id);
CREATE INDEX connection_group_roles_by_role ON connection_group_roles (role_id);

-- A way to sign in through an upstream. Without a subject it waits for whoever comes with its address.
CREATE TABLE upstream_identities (
    id                  TEXT    NOT NULL PRIMARY KEY,
    user_id             TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    connection_id       TEXT    NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    issuer              TEXT,
    subject             TEXT,
    email_key           TEXT,                       -- the address, in the form that is compared
    evidence            TEXT    NOT NULL,           -- JSON: why it is this user's
    sign_ins            BIGINT  NOT NULL,
    last_sign_in_at     BIGINT,
    created_at          BIGINT  NOT NULL,
    UNIQUE (connection_id, issuer, subject)
);
CREATE INDEX upstream_identities_by_user ON upstream_identities (user_id);
CREATE UNIQUE INDEX upstream_identities_waiting ON upstream_identities (connection_id, email_key) WHERE subject IS NULL;

-- Since when a way to sign in is set aside for an identity of the user's business.
ALTER TABLE identities ADD COLUMN set_aside_at BIGINT;

-- Roles that groups of an upstream give. A role that somebody gave by hand stands elsewhere, and stays.
CREATE TABLE group_role_assignments (
    organization_id     TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id             TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_id             TEXT    NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    connection_id       TEXT    NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    group_name          TEXT    NOT NULL,
    created_at          BIGINT  NOT NULL,
    PRIMARY KEY (organization_id, user_id, role_id, connection_id, group_name),
    FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX group_role_assignments_by_user ON group_role_assignments (user_id, connection_id);
CREATE INDEX group_role_assignments_by_role ON group_role_assignments (role_id, organization_id, user_id);
CREATE INDEX group_role_assignments_by_connection ON group_role_assignments (connection_id);

-- All roles that somebody has, wherever they come from.
CREATE VIEW held_roles AS
    SELECT organization_id, user_id, role_id, source, expires_at, created_at FROM role_assignments
    UNION ALL
    SELECT organization_id, user_id, role_id, CAST('group' AS TEXT), CAST(NULL AS BIGINT), created_at
    FROM group_role_assignments;

-- Where each attribute of a profile comes from.
CREATE TABLE attribute_sources (
    user_id             TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    attribute           TEXT    NOT NULL,
    source              TEXT    NOT NULL CHECK (source IN ('administrator', 'api', 'connection', 'import', 'user')),
    connection_id       TEXT    REFERENCES connections (id) ON DELETE SET NULL,
    claim               TEXT,
    previous            TEXT,
    written_at          BIGINT  NOT NULL,
    PRIMARY KEY (user_id, attribute)
);
CREATE INDEX attribute_sources_by_connection ON attribute_sources (connection_id);

-- What a sign-in changed of a user, and why.
CREATE TABLE sync_records (
    id                  TEXT    NOT NULL PRIMARY KEY,
    user_id             TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    connection_id       TEXT    REFERENCES connections (id) ON DELETE SET NULL,
    occurred_at         BIGINT  NOT NULL,
    record              TEXT    NOT NULL            -- JSON: before, after, why
);
CREATE INDEX sync_records_by_user ON sync_records (user_id, occurred_at, id);
CREATE INDEX sync_records_by_connection ON sync_records (connection_id);

-- What upstreams stated lately, without secrets, and what became of it.
CREATE TABLE upstream_sign_ins (
    id                  TEXT    NOT NULL PRIMARY KEY,
    connection_id       TEXT    NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    user_id             TEXT    REFERENCES users (id) ON DELETE CASCADE,
    occurred_at         BIGINT  NOT NULL,
    outcome             TEXT    NOT NULL,           -- a word: signed_in, or why not
    assertion           TEXT,                       -- JSON, when there was one whose proof held
    checks              TEXT    NOT NULL            -- JSON: each check, and whether it passed
);
CREATE INDEX upstream_sign_ins_by_connection ON upstream_sign_ins (connection_id, occurred_at, id);
CREATE INDEX upstream_sign_ins_by_time ON upstream_sign_ins (occurred_at);
CREATE INDEX upstream_sign_ins_by_user ON upstream_sign_ins (user_id);

-- Attempts to sign in through an upstream, which its answer is compared with, once.
CREATE TABLE upstream_attempts (
    state_hash          TEXT    NOT NULL PRIMARY KEY,
    interaction_id      TEXT    NOT NULL REFERENCES interactions (id) ON DELETE CASCADE,
    connection_id       TEXT    NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    browser_hash        TEXT    NOT NULL,           -- whose it is: the browser that began it
    sealed              TEXT    NOT NULL,           -- nonce and PKCE verifier, encrypted under the master key
    created_at          BIGINT  NOT NULL,
    expires_at          BIGINT  NOT NULL
);
CREATE INDEX upstream_attempts_by_interaction ON upstream_attempts (interaction_id);
CREATE INDEX upstream_attempts_by_connection ON upstream_attempts (connection_id);
CREATE INDEX upstream_attempts_by_expiry ON upstream_attempts (expires_at);
