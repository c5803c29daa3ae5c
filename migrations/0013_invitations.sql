-- Invitations to organizations. The code names one in a link; that the address is theirs is what lets somebody accept.
CREATE TABLE invitations (
    code                TEXT    NOT NULL PRIMARY KEY,
    organization_id     TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    client_id           TEXT    REFERENCES clients (id) ON DELETE SET NULL,     -- the application it leads to
    email               TEXT    NOT NULL,
    email_key           TEXT    NOT NULL,           -- what is compared
    given_name          TEXT,
    family_name         TEXT,
    created_at          BIGINT  NOT NULL,
    expires_at          BIGINT  NOT NULL,
    sent_at             BIGINT,
    accepted_at         BIGINT,
    accepted_by         TEXT    REFERENCES users (id) ON DELETE SET NULL,
    revoked_at          BIGINT
);
CREATE INDEX invitations_by_organization ON invitations (organization_id, created_at, code);
CREATE INDEX invitations_by_email ON invitations (organization_id, email_key, code);
CREATE INDEX invitations_by_client ON invitations (client_id);
CREATE INDEX invitations_by_user ON invitations (accepted_by);

-- The roles that whoever accepts is given.
CREATE TABLE invitation_roles (
    code                TEXT    NOT NULL REFERENCES invitations (code) ON DELETE CASCADE,
    role_id             TEXT    NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    PRIMARY KEY (code, role_id)
);
CREATE INDEX invitation_roles_by_role ON invitation_roles (role_id);

-- A role can come from an invitation. SQLite can't change a check, so the table is made anew.
CREATE TABLE role_assignments_anew (
    organization_id     TEXT    NOT NULL,
    user_id             TEXT    NOT NULL,
    role_id             TEXT    NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    source              TEXT    NOT NULL CHECK (source IN (
                            'api', 'default', 'import', 'invitation', 'operator', 'person')),
    expires_at          BIGINT,
    created_at          BIGINT  NOT NULL,
    PRIMARY KEY (organization_id, user_id, role_id),
    FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, user_id) ON DELETE CASCADE
);
INSERT INTO role_assignments_anew (organization_id, user_id, role_id, source, expires_at, created_at)
    SELECT organization_id, user_id, role_id, source, expires_at, created_at FROM role_assignments;
DROP TABLE role_assignments;
ALTER TABLE role_assignments_anew RENAME TO role_assignments;
CREATE INDEX role_assignments_by_user ON role_assignments (user_id);
CREATE INDEX role_assignments_by_role_and_user ON role_assignments (role_id, user_id, organization_id);
CREATE INDEX role_assignments_by_role ON role_assignments (role_id, organization_id, user_id);
