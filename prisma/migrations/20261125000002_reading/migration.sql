-- Reading: the sessions projection, who may read, and which reads are on the record already.
-- Why: first cut of the audit-log API. Locks: none that matter (new tables). Takes: well under a second.

-- ── Projections ────────────────────────────────────────────────────────────────────────────────────────────────
-- Every position below `position` is folded in. Rows and cursor move in one transaction, under the lock of this row.
CREATE TABLE projection (
  name     text PRIMARY KEY,
  position bigint NOT NULL DEFAULT 0 CHECK (position >= 0)
);
INSERT INTO projection (name) VALUES ('sessions');

-- One row a session, a fold over its events (libs/record/src/session-fold.ts). No column depends on positions or on the order
-- in which producers were heard. Instants are text in the record's own form (UTC, RFC 3339, six digits): it orders as time
-- does, and no reader cuts it to milliseconds; SQL casts it with ::timestamptz.
CREATE TABLE session (
  id                text COLLATE "C" PRIMARY KEY,
  node              text,
  epoch             text,                                                -- the run in which it was open
  class             text NOT NULL,                                       -- retention class in force
  state             text NOT NULL CHECK (state IN ('open', 'closed', 'denied', 'abandoned')),
  identity_id       text,
  identity_kind     text,
  identity_name     text,
  identity_email    text,
  on_behalf_of      text,
  identity_verified boolean,                                             -- false: only claimed
  connection        text,
  connection_type   text,
  sensitivity       text,
  opened_at         text COLLATE "C" NOT NULL,
  closed_at         text COLLATE "C",
  last_activity_at  text COLLATE "C" NOT NULL,
  outcome           text,
  reason            text,
  commands          bigint NOT NULL,
  failed            bigint NOT NULL,
  rows              bigint NOT NULL,
  bytes_in          bigint NOT NULL,
  bytes_out         bigint NOT NULL,
  approval_required boolean NOT NULL,
  approval_state    text NOT NULL,
  client            jsonb,
  target            jsonb,
  claimed           jsonb,                                               -- what a refused client said of itself
  context           text[] NOT NULL DEFAULT '{}',
  error             jsonb,
  facts             jsonb NOT NULL                                       -- what the other columns are made of
);
CREATE INDEX session_opened ON session (opened_at, id);
CREATE INDEX session_identity ON session (identity_id, opened_at, id);
CREATE INDEX session_connection ON session (connection, opened_at, id);
CREATE INDEX session_state ON session (state, opened_at, id);

-- ── Who may read and act ───────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE api_key (
  id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  prefix       text NOT NULL UNIQUE CHECK (prefix ~ '^[0-9a-z]{8}$'),    -- the part that may be shown
  hash         bytea NOT NULL CHECK (octet_length(hash) = 32),           -- SHA-256 of the whole key
  role         text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  label        text,
  created_by   text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  revoked_at   timestamptz,
  last_used_at timestamptz                                               -- to the minute
);

-- A key's reads of one kind within 15 minutes are one sitting, and one `record.read` on the record.
CREATE TABLE read_sitting (
  key_id   uuid NOT NULL REFERENCES api_key,
  what     text NOT NULL,
  until_at timestamptz NOT NULL,
  PRIMARY KEY (key_id, what)
);
