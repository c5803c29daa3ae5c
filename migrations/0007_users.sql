-- Phone numbers to sign in with, names of users elsewhere, and words to find users by.

ALTER TABLE users ADD COLUMN provided_id TEXT;                           -- what the business calls them elsewhere
ALTER TABLE users ADD COLUMN failed_sign_ins BIGINT NOT NULL DEFAULT 0;  -- wrong passwords, ever
CREATE UNIQUE INDEX users_by_provided_id ON users (provided_id);

-- A constraint can't be replaced in the SQL that both databases share: the table is written anew.
CREATE TABLE identities_of_now (
    id              TEXT    NOT NULL PRIMARY KEY,
    user_id         TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind            TEXT    NOT NULL CHECK (kind IN ('email', 'phone', 'username')),
    value           TEXT    NOT NULL,
    value_key       TEXT    NOT NULL,
    verified_at     BIGINT,
    is_primary      BOOLEAN NOT NULL,
    sign_ins        BIGINT  NOT NULL,
    last_sign_in_at BIGINT,
    created_at      BIGINT  NOT NULL,
    UNIQUE (kind, value_key)
);
INSERT INTO identities_of_now
    (id, user_id, kind, value, value_key, verified_at, is_primary, sign_ins, last_sign_in_at, created_at)
    SELECT id, user_id, kind, value, value_key, verified_at, is_primary, sign_ins, last_sign_in_at, created_at
    FROM identities;
DROP TABLE identities;
ALTER TABLE identities_of_now RENAME TO identities;
CREATE INDEX identities_by_user ON identities (user_id);
-- One of each kind is the one that tokens show.
CREATE UNIQUE INDEX identities_primary ON identities (user_id, kind) WHERE is_primary;
CREATE INDEX identities_by_last_sign_in ON identities (last_sign_in_at, user_id) WHERE last_sign_in_at IS NOT NULL;

CREATE INDEX email_codes_by_recipient ON email_codes (recipient);

-- What users are searched by, in lower case: each word of their names, and each identity whole.
CREATE TABLE user_words (
    word            TEXT    NOT NULL,
    user_id         TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (word, user_id)
);
CREATE INDEX user_words_by_user ON user_words (user_id, word);
INSERT INTO user_words (word, user_id) SELECT DISTINCT value_key, user_id FROM identities;
-- The words of names, one after the other: each step drops the first.
INSERT INTO user_words (word, user_id)
    WITH RECURSIVE names (user_id, rest) AS (
        SELECT id, ltrim(lower(coalesce(given_name, '') || ' ' || coalesce(family_name, ''))) FROM users
        UNION ALL
        SELECT user_id, ltrim(ltrim(rest, replace(rest, ' ', ''))) FROM names WHERE rest <> ''
    )
    SELECT DISTINCT substr(rest, 1, length(rest) - length(ltrim(rest, replace(rest, ' ', '')))), user_id
    FROM names WHERE rest <> ''
    ON CONFLICT (word, user_id) DO NOTHING;
