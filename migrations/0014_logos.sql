-- The logos of organizations, one for each ground that they are shown on.
CREATE TABLE organization_logos (
    organization_id     TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    ground              TEXT    NOT NULL,   -- light, dark
    address             TEXT    NOT NULL UNIQUE,   -- drawn anew for each picture
    file_name           TEXT    NOT NULL,
    media_type          TEXT    NOT NULL,
    content             TEXT    NOT NULL,   -- base64
    created_at          BIGINT  NOT NULL,
    PRIMARY KEY (organization_id, ground)
);
