-- Approvals are found without reading the log for them, and sessions by what became of theirs.
-- Why: a reviewer asks what was bypassed, among millions of events of which a handful speak of approvals. Locks: writes to event wait
-- while the index is built, which reads each partition once (some seconds for ten million events); then nothing. Takes: that long.

CREATE INDEX event_approval ON event (position)
  WHERE type IN ('approval.requested', 'approval.granted', 'approval.rejected', 'approval.expired', 'approval.bypassed');
