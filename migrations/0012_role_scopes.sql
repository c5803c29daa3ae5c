-- Scopes of APIs that a role grants: whoever has it in an organization gets them in the tokens for that API there.
CREATE TABLE role_scopes (
    role_id             TEXT    NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    scope_id            TEXT    NOT NULL REFERENCES api_scopes (id) ON DELETE CASCADE,
    PRIMARY KEY (role_id, scope_id)
);
CREATE INDEX role_scopes_by_scope ON role_scopes (scope_id);

-- The holders of a role are listed page by page, in all organizations and in one.
CREATE INDEX role_assignments_by_role_and_user ON role_assignments (role_id, user_id, organization_id);
DROP INDEX role_assignments_by_role;
CREATE INDEX role_assignments_by_role ON role_assignments (role_id, organization_id, user_id);
