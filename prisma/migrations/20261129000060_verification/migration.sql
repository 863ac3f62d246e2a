-- Continuous verification: what is recorded is read again, pass after pass, and held against its leaf data, the tree and the checkpoints.
-- Why: a change must be found by whoever keeps the record, and by its position, before an auditor finds it. Locks: none that matter (new
-- tables). Takes: well under a second.

-- One pass is under way at a time; whoever is the active recorder goes on with it where it stopped.
CREATE TABLE verification_pass (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  to_pos      bigint NOT NULL,                                           -- exclusive: the tree's size when it began
  next_pos    bigint NOT NULL DEFAULT 0,
  differences bigint NOT NULL DEFAULT 0,                                 -- found in this pass, known ones too
  started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  moved_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz
);
CREATE UNIQUE INDEX verification_pass_open ON verification_pass ((true)) WHERE finished_at IS NULL;

-- What differs, by position and kind. It stands until a later pass finds it in order again, as after a restore.
CREATE TABLE difference (
  position    bigint NOT NULL,
  code        text NOT NULL,
  message     text NOT NULL,
  found_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  seen_in     bigint NOT NULL REFERENCES verification_pass,              -- the last pass that found it
  resolved_at timestamptz,
  PRIMARY KEY (position, code)
);
CREATE INDEX difference_open ON difference (position) WHERE resolved_at IS NULL;

GRANT SELECT ON verification_pass, difference TO affidavit_api, affidavit_recorder;
GRANT INSERT, UPDATE ON verification_pass, difference TO affidavit_recorder;

-- What does not verify goes out only where somebody wants it all the same; the manifest then says so.
ALTER TABLE export ADD COLUMN forced boolean NOT NULL DEFAULT false;

-- A checkpoint is what the log signs; how far an export's file is on disk has a name of its own.
ALTER TABLE export RENAME COLUMN checkpoint TO savepoint;

-- A bundle of evidence is an export of its own kind.
ALTER TABLE export DROP CONSTRAINT export_kind_check, DROP CONSTRAINT export_format_check,
  ADD CONSTRAINT export_kind_check CHECK (kind IN ('events', 'evidence')),
  ADD CONSTRAINT export_format_check CHECK (format IN ('ndjson', 'csv', 'json', 'zip') AND (kind = 'evidence') = (format = 'zip'));
