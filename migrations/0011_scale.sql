-- For directories of a million users.

-- Which organizations a user belongs to is read for every token: the index alone tells.
DROP INDEX memberships_by_user;
CREATE INDEX memberships_by_user ON memberships (user_id, organization_id);

-- The clients of an API, when it is removed.
CREATE INDEX client_apis_by_api ON client_apis (api_id);
