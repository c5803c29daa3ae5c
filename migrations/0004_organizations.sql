-- Organizations, and who belongs to them; roles and permissions, and who has them where.

CREATE TABLE organizations (
    id                  TEXT    NOT NULL PRIMARY KEY,
    name                TEXT    NOT NULL,
    handle              TEXT    UNIQUE,
    external_id         TEXT    UNIQUE,
    is_default          BOOLEAN NOT NULL,
    is_auto_membership  BOOLEAN NOT NULL,   -- whoever asks for it may join
    suspended_at        BIGINT,
    created_at          BIGINT  NOT NULL,
    updated_at          BIGINT  NOT NULL
);
-- One default organization at the most.
CREATE UNIQUE INDEX organizations_default ON organizations (is_default) WHERE is_default;

-- Whoever has an address there, proven, may join.
CREATE TABLE organization_domains (
    organization_id     TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    domain              TEXT    NOT NULL,
    PRIMARY KEY (organization_id, domain)
);

CREATE TABLE memberships (
    organization_id     TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id             TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    joined_at           BIGINT  NOT NULL,
    last_sign_in_at     BIGINT,
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX memberships_by_user ON memberships (user_id);

CREATE TABLE permissions (
    id                  TEXT    NOT NULL PRIMARY KEY,
    key                 TEXT    NOT NULL UNIQUE,
    name                TEXT    NOT NULL,
    description         TEXT    NOT NULL,
    is_in_new_roles     BOOLEAN NOT NULL,
    created_at          BIGINT  NOT NULL,
    updated_at          BIGINT  NOT NULL
);

CREATE TABLE roles (
    id                  TEXT    NOT NULL PRIMARY KEY,
    key                 TEXT    NOT NULL UNIQUE,
    name                TEXT    NOT NULL,
    description         TEXT    NOT NULL,
    is_default          BOOLEAN NOT NULL,   -- every new member of any organization gets it
    -- what somebody needs to hand the role out
    assignment_permission_id TEXT REFERENCES permissions (id) ON DELETE SET NULL,
    created_at          BIGINT  NOT NULL,
    updated_at          BIGINT  NOT NULL
);

CREATE INDEX roles_by_assignment_permission ON roles (assignment_permission_id);

CREATE TABLE role_permissions (
    role_id             TEXT    NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    permission_id       TEXT    NOT NULL REFERENCES permissions (id) ON DELETE CASCADE,
    PRIMARY KEY (role_id, permission_id)
);
CREATE INDEX role_permissions_by_permission ON role_permissions (permission_id);

-- Roles that new members of one organization get, besides the default roles of all.
CREATE TABLE organization_default_roles (
    organization_id     TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    role_id             TEXT    NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    PRIMARY KEY (organization_id, role_id)
);
CREATE INDEX organization_default_roles_by_role ON organization_default_roles (role_id);

-- A role or a permission that somebody has in one organization. It goes with the membership.
CREATE TABLE role_assignments (
    organization_id     TEXT    NOT NULL,
    user_id             TEXT    NOT NULL,
    role_id             TEXT    NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    source              TEXT    NOT NULL CHECK (source IN ('api', 'default', 'import', 'operator', 'person')),
    expires_at          BIGINT,
    created_at          BIGINT  NOT NULL,
    PRIMARY KEY (organization_id, user_id, role_id),
    FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX role_assignments_by_role ON role_assignments (role_id, organization_id);
CREATE INDEX role_assignments_by_user ON role_assignments (user_id);

CREATE TABLE permission_assignments (
    organization_id     TEXT    NOT NULL,
    user_id             TEXT    NOT NULL,
    permission_id       TEXT    NOT NULL REFERENCES permissions (id) ON DELETE CASCADE,
    source              TEXT    NOT NULL CHECK (source IN ('api', 'default', 'import', 'operator', 'person')),
    expires_at          BIGINT,
    created_at          BIGINT  NOT NULL,
    PRIMARY KEY (organization_id, user_id, permission_id),
    FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX permission_assignments_by_permission ON permission_assignments (permission_id, organization_id);
CREATE INDEX permission_assignments_by_user ON permission_assignments (user_id);

-- Counts the changes to roles and permissions, so that copies in memory know when they are old.
ALTER TABLE environment ADD COLUMN catalogue_version BIGINT NOT NULL DEFAULT 0;
-- Policies (the defaults are what a new business starts with).
ALTER TABLE environment ADD COLUMN skips_picker_for_most_recent BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE environment ADD COLUMN organization_creation_allowed BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE environment ADD COLUMN default_organization_takes_users BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE environment ADD COLUMN syncs_profiles BOOLEAN NOT NULL DEFAULT TRUE;

-- Whoever may sign up by themselves; no row: everybody.
CREATE TABLE sign_up_domains (
    domain              TEXT    NOT NULL PRIMARY KEY
);

-- What tokens carry beyond the usual, by application.
ALTER TABLE clients ADD COLUMN claim_switches TEXT NOT NULL DEFAULT '{}';   -- JSON
-- A machine that acts within one organization.
ALTER TABLE clients ADD COLUMN organization_id TEXT REFERENCES organizations (id) ON DELETE CASCADE;
CREATE INDEX clients_by_organization ON clients (organization_id);

-- Where the session's user last went, so that single sign-on need not ask again.
ALTER TABLE sessions ADD COLUMN organization_id TEXT;
ALTER TABLE grants ADD COLUMN organization_id TEXT;
CREATE INDEX grants_by_organization ON grants (organization_id);
