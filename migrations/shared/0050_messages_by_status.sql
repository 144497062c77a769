-- The administrator's list of what did not arrive.
CREATE INDEX messages_by_status ON messages (status, id);
