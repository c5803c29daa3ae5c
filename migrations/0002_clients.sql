-- Clients (RFC 6749 section 2), the APIs they call (RFC 8707), and our own keys.

CREATE TABLE clients (
    id                              TEXT    NOT NULL PRIMARY KEY,
    name                            TEXT    NOT NULL,
    kind                            TEXT    NOT NULL CHECK (kind IN ('web', 'spa', 'native', 'm2m')),
    auth_methods                    TEXT    NOT NULL,   -- set, space-delimited
    scopes                          TEXT    NOT NULL,   -- set, space-delimited
    requires_pkce                   BOOLEAN NOT NULL,
    requires_consent                BOOLEAN NOT NULL,
    signing_algorithm               TEXT    NOT NULL CHECK (signing_algorithm IN ('RS256', 'ES256', 'EdDSA')),
    types_access_tokens             BOOLEAN NOT NULL,   -- 'at+jwt' (RFC 9068 section 2.1)
    profile_in_id_token             BOOLEAN NOT NULL,   -- or at the UserInfo endpoint alone
    access_token_lifetime_seconds   BIGINT  NOT NULL,
    id_token_lifetime_seconds       BIGINT  NOT NULL,
    refresh_token_lifetime_seconds  BIGINT  NOT NULL,   -- of one that lies unused
    grant_lifetime_seconds          BIGINT  NOT NULL,   -- of an authorization, however often it is refreshed
    login_uri                       TEXT,
    homepage_uri                    TEXT,
    logo_uri                        TEXT,
    policy_uri                      TEXT,
    terms_uri                       TEXT,
    disabled_at                     BIGINT,
    created_at                      BIGINT  NOT NULL,
    updated_at                      BIGINT  NOT NULL
);

CREATE TABLE client_uris (
    client_id       TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    kind            TEXT    NOT NULL CHECK (kind IN ('redirect', 'post_logout')),
    uri             TEXT    NOT NULL,
    origin          TEXT,               -- of the uri (RFC 6454), when its scheme has any
    PRIMARY KEY (client_id, kind, uri)
);
CREATE INDEX client_uris_by_origin ON client_uris (origin);

CREATE TABLE client_secrets (
    id              TEXT    NOT NULL PRIMARY KEY,
    client_id       TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    secret_hash     TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL,
    expires_at      BIGINT              -- set when a newer one takes over
);
CREATE INDEX client_secrets_by_client ON client_secrets (client_id);

CREATE TABLE apis (
    id              TEXT    NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL,
    audience        TEXT    NOT NULL UNIQUE,
    is_management   BOOLEAN NOT NULL,
    created_at      BIGINT  NOT NULL
);

CREATE TABLE api_scopes (
    id              TEXT    NOT NULL PRIMARY KEY,
    api_id          TEXT    NOT NULL REFERENCES apis (id) ON DELETE CASCADE,
    name            TEXT    NOT NULL,   -- the scope-token, e.g. read:orders
    description     TEXT    NOT NULL,
    UNIQUE (api_id, name)
);

-- Which APIs a client may ask for, and which of their scopes it may have.
CREATE TABLE client_apis (
    client_id       TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    api_id          TEXT    NOT NULL REFERENCES apis (id) ON DELETE CASCADE,
    scopes          TEXT    NOT NULL,   -- set, space-delimited
    PRIMARY KEY (client_id, api_id)
);

-- A key signs from activates_at until a younger one of its algorithm does, and stays in the JWKS
-- until withdrawn_at.
CREATE TABLE signing_keys (
    kid             TEXT    NOT NULL PRIMARY KEY,
    algorithm       TEXT    NOT NULL CHECK (algorithm IN ('RS256', 'ES256', 'EdDSA')),
    public_jwk      TEXT    NOT NULL,   -- JSON
    private_jwe     TEXT    NOT NULL,   -- the private JWK, encrypted under the master key
    created_at      BIGINT  NOT NULL,
    activates_at    BIGINT  NOT NULL,
    withdrawn_at    BIGINT
);

-- Keys that never leave the server, by what they are for.
CREATE TABLE hash_keys (
    purpose         TEXT    NOT NULL PRIMARY KEY,
    key_jwe         TEXT    NOT NULL
);
