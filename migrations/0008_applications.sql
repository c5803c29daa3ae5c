-- What applications decide of pages, tokens and who may enter.

-- What the pages of a sign-in to it show.
ALTER TABLE clients ADD COLUMN page_options TEXT NOT NULL DEFAULT '{}';     -- JSON
-- Whether its tokens name claims as Hasura reads them.
ALTER TABLE clients ADD COLUMN maps_hasura_claims BOOLEAN NOT NULL DEFAULT FALSE;
-- The longest age of the proof of who somebody is; null: as old as a session gets.
ALTER TABLE clients ADD COLUMN session_lifetime_seconds BIGINT;
-- Whether only those may enter who hold one of its access roles.
ALTER TABLE clients ADD COLUMN is_access_controlled BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE client_access_roles (
    client_id           TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    role_id             TEXT    NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    PRIMARY KEY (client_id, role_id)
);
CREATE INDEX client_access_roles_by_role ON client_access_roles (role_id);

-- For lists, and for what goes with an API.
CREATE INDEX clients_by_name ON clients (name, id);
CREATE INDEX client_apis_by_api ON client_apis (api_id);
