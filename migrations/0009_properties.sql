-- Properties: what else is known of users, organizations and applications. Feature flags, and their values.

CREATE TABLE property_categories (
    id                  TEXT    NOT NULL PRIMARY KEY,
    name                TEXT    NOT NULL,
    context             TEXT    NOT NULL CHECK (context IN ('app', 'org', 'usr')),
    created_at          BIGINT  NOT NULL,
    updated_at          BIGINT  NOT NULL,
    UNIQUE (context, name)
);

CREATE TABLE properties (
    id                  TEXT    NOT NULL PRIMARY KEY,
    key                 TEXT    NOT NULL UNIQUE,
    name                TEXT    NOT NULL,
    description         TEXT    NOT NULL,
    kind                TEXT    NOT NULL CHECK (kind IN ('multi_line_text', 'single_line_text')),
    context             TEXT    NOT NULL CHECK (context IN ('app', 'org', 'usr')),
    is_private          BOOLEAN NOT NULL,   -- for programs of the business alone: never in a token
    category_id         TEXT    NOT NULL REFERENCES property_categories (id),
    created_at          BIGINT  NOT NULL,
    updated_at          BIGINT  NOT NULL
);
CREATE INDEX properties_by_category ON properties (category_id);

CREATE TABLE user_properties (
    user_id             TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    property_id         TEXT    NOT NULL REFERENCES properties (id) ON DELETE CASCADE,
    value               TEXT    NOT NULL,
    PRIMARY KEY (user_id, property_id)
);
CREATE INDEX user_properties_by_property ON user_properties (property_id);

CREATE TABLE organization_properties (
    organization_id     TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    property_id         TEXT    NOT NULL REFERENCES properties (id) ON DELETE CASCADE,
    value               TEXT    NOT NULL,
    PRIMARY KEY (organization_id, property_id)
);
CREATE INDEX organization_properties_by_property ON organization_properties (property_id);

CREATE TABLE client_properties (
    client_id           TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    property_id         TEXT    NOT NULL REFERENCES properties (id) ON DELETE CASCADE,
    value               TEXT    NOT NULL,
    PRIMARY KEY (client_id, property_id)
);
CREATE INDEX client_properties_by_property ON client_properties (property_id);

-- Values are JSON: a text, a whole number, true or false.
CREATE TABLE feature_flags (
    id                  TEXT    NOT NULL PRIMARY KEY,
    key                 TEXT    NOT NULL UNIQUE,
    name                TEXT    NOT NULL,
    description         TEXT    NOT NULL,
    kind                TEXT    NOT NULL CHECK (kind IN ('bool', 'int', 'str')),
    override_level      TEXT    NOT NULL CHECK (override_level IN ('env', 'org', 'usr')),
    default_value       TEXT    NOT NULL,
    environment_value   TEXT,               -- what holds here in place of the default
    created_at          BIGINT  NOT NULL,
    updated_at          BIGINT  NOT NULL
);

CREATE TABLE organization_feature_flags (
    organization_id     TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    flag_id             TEXT    NOT NULL REFERENCES feature_flags (id) ON DELETE CASCADE,
    value               TEXT    NOT NULL,
    PRIMARY KEY (organization_id, flag_id)
);
CREATE INDEX organization_feature_flags_by_flag ON organization_feature_flags (flag_id);

CREATE TABLE user_feature_flags (
    user_id             TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    flag_id             TEXT    NOT NULL REFERENCES feature_flags (id) ON DELETE CASCADE,
    value               TEXT    NOT NULL,
    PRIMARY KEY (user_id, flag_id)
);
CREATE INDEX user_feature_flags_by_flag ON user_feature_flags (flag_id);
