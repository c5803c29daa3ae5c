-- The logos of the business, on pages of no organization that has its own.
CREATE TABLE environment_logos (
    ground              TEXT    PRIMARY KEY,   -- light, dark
    address             TEXT    NOT NULL UNIQUE,   -- drawn anew for each picture
    file_name           TEXT    NOT NULL,
    media_type          TEXT    NOT NULL,
    content             TEXT    NOT NULL,   -- base64
    created_at          BIGINT  NOT NULL
);
