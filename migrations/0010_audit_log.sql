-- The audit log is read page by page, youngest first, by whatever it is filtered by. The id says in which
-- order the events of one second were written.
DROP INDEX audit_events_by_time;
DROP INDEX audit_events_by_subject;
CREATE INDEX audit_events_by_time ON audit_events (occurred_at, id);
CREATE INDEX audit_events_by_subject ON audit_events (subject, occurred_at, id);
CREATE INDEX audit_events_by_actor ON audit_events (actor, occurred_at, id);
CREATE INDEX audit_events_by_action ON audit_events (action, occurred_at, id);
