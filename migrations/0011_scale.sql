-- For directories of a million users.

-- Which organizations a user belongs to is read for every token: the index alone tells.
DROP INDEX memberships_by_user;
CREATE INDEX memberships_by_user ON memberships (user_id, organization_id);
