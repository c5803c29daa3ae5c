-- Whether tokens say of those who come through a connection how they proved to its upstream who they are.
ALTER TABLE connections ADD COLUMN trusts_authentication BOOLEAN NOT NULL DEFAULT FALSE;

-- What the upstream says of it: when that was, and which authentication context class it reached.
ALTER TABLE sessions ADD COLUMN upstream_auth_time BIGINT;
ALTER TABLE sessions ADD COLUMN upstream_acr TEXT;
