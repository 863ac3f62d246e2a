-- Exports: what a person takes out of the record, made by a background job that survives restarts.
-- Why: compliance pulls evidence in one piece, with a manifest that can be checked. Locks: none that matter (a new table). Takes:
-- well under a second.

CREATE TABLE export (
  id              text PRIMARY KEY CHECK (id ~ '^export-[0-9a-z]{10}$'),
  kind            text NOT NULL CHECK (kind IN ('events')),              -- another kind is another way to write the same selection
  format          text NOT NULL CHECK (format IN ('ndjson', 'csv', 'json')),
  selection       jsonb NOT NULL,                                        -- as it was asked for
  generation      integer NOT NULL,                                      -- of the log: in another one positions are others
  from_pos        bigint NOT NULL,
  to_pos          bigint NOT NULL CHECK (to_pos >= from_pos),            -- exclusive; fixed when it was asked for
  key_id          uuid NOT NULL REFERENCES api_key,
  requested_by    text NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  state           text NOT NULL DEFAULT 'waiting'
                  CHECK (state IN ('waiting', 'running', 'finished', 'failed', 'deleted', 'expired')),
  folder          text NOT NULL,                                         -- name of the folder that holds its file: several nodes may share one
  holder          text,                                                  -- which process writes it, and until when that is its own
  lease_until     timestamptz,
  attempt         integer NOT NULL DEFAULT 0,                            -- each writes a file of its own, so that a late one spoils nothing
  tries           integer NOT NULL DEFAULT 0,                            -- attempts since it last went forward
  checkpoint      jsonb,                                                 -- what is on disk, and where to go on
  error           jsonb,                                                 -- code, message, remedy of what failed last
  finished_at     timestamptz,
  keep_until      timestamptz,                                           -- the file goes then; manifest and row stay
  manifest        text,                                                  -- exactly the bytes that are handed out
  link_secret     bytea NOT NULL CHECK (octet_length(link_secret) = 32),
  CHECK ((state = 'finished') <= (manifest IS NOT NULL AND keep_until IS NOT NULL))
);
CREATE INDEX export_created ON export (created_at DESC, id);
CREATE INDEX export_open ON export (created_at) WHERE state IN ('waiting', 'running');

GRANT SELECT, INSERT, UPDATE ON export TO affidavit_api;
