-- Read-back and reconciliation: what a destination shows of what it accepted, and what was done about the rest.
-- Why: an accepted batch may be lost without a word; an uncertain one need not be sent twice. Locks: short exclusive ones on
-- delivery_batch while columns are added (no rewrite), and while two indexes over it are built. Takes: seconds for a million batches.

-- A destination that can be read back, and what that may cost. Kept here, because all processes share one number of requests.
CREATE TABLE read_back (
  destination  text PRIMARY KEY REFERENCES delivery_destination,
  announced_at timestamptz NOT NULL DEFAULT now(),                       -- a forwarder that can read it back says so twice a minute
  tokens       double precision NOT NULL,                                -- requests that may be made at once, as of tokens_at
  tokens_at    timestamptz NOT NULL DEFAULT now(),
  open_at      timestamptz NOT NULL DEFAULT now(),                       -- no request before: the destination said so, or failed
  state        text NOT NULL DEFAULT 'works' CHECK (state IN ('works', 'refused', 'failing')),
  reason       text,                                                     -- the last answer, where it was a failure
  since        timestamptz NOT NULL DEFAULT now()                        -- of `state`
);

-- Whose turn it is: of all forwarders of a destination one at a time does a duty.
CREATE TABLE duty_turn (
  destination text NOT NULL REFERENCES delivery_destination,
  duty        text NOT NULL,
  next_at     timestamptz NOT NULL,
  PRIMARY KEY (destination, duty)
);

ALTER TABLE delivery_batch
  ADD COLUMN only_positions bigint[],                                    -- of its range, only these: the rest is there already
  ADD COLUMN is_resend boolean NOT NULL DEFAULT false,                   -- sends what its accepted parent is missing; never repeated
  ADD COLUMN looked_at timestamptz,                                      -- when it was last looked for at the destination
  ADD COLUMN seen      integer;                                          -- different events of it that were there then
CREATE INDEX delivery_batch_settled ON delivery_batch (destination, settled_at) WHERE state IN ('accepted', 'observed');
CREATE INDEX delivery_batch_resend ON delivery_batch (destination, from_pos) WHERE is_resend;

-- Logs that were listed one by one. Of a batch that was seen whole only the batch says so.
CREATE TABLE delivery_observation (
  destination text NOT NULL REFERENCES delivery_destination,
  position    bigint NOT NULL,
  log_id      text NOT NULL,                                             -- the destination's own
  batch       bigint NOT NULL,
  attempt     integer NOT NULL,
  observed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (destination, position, log_id)
);

-- Comparisons of what the ledger says was accepted with what the destination shows.
CREATE TABLE reconciliation (
  id            text PRIMARY KEY CHECK (id ~ '^reconciliation-[0-9a-z]{10}$'),
  destination   text NOT NULL REFERENCES delivery_destination,
  from_pos      bigint NOT NULL CHECK (from_pos >= 0),
  to_pos        bigint NOT NULL CHECK (to_pos >= from_pos),              -- exclusive
  -- The schedule looks only at what was accepted between these and never seen; both null: at everything in its positions.
  settled_from  timestamptz,
  settled_until timestamptz NOT NULL,                                    -- what was accepted later is not judged yet
  sends_missing boolean NOT NULL,
  next_pos      bigint NOT NULL,                                         -- batches before (next_pos, next_batch) are done
  next_batch    bigint NOT NULL DEFAULT 0,
  state         text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'finished')),
  waits_for     text,                                                    -- what it waits for, in words
  batches       bigint NOT NULL DEFAULT 0,
  checked       bigint NOT NULL DEFAULT 0,                               -- events
  compared      bigint NOT NULL DEFAULT 0,                               -- of them, those whose log was listed and compared
  missing       bigint NOT NULL DEFAULT 0,
  resent        bigint NOT NULL DEFAULT 0,
  duplicated    bigint NOT NULL DEFAULT 0,                               -- copies beyond one of each event
  truncated     bigint NOT NULL DEFAULT 0,
  altered       bigint NOT NULL DEFAULT 0,
  created_by    text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now(),
  finished_at   timestamptz
);
CREATE INDEX reconciliation_open ON reconciliation (destination, created_at) WHERE state <> 'finished';

CREATE TABLE reconciliation_finding (
  reconciliation text NOT NULL REFERENCES reconciliation ON DELETE CASCADE,
  batch          bigint NOT NULL,
  kind           text NOT NULL CHECK (kind IN ('missing', 'duplicated', 'truncated', 'altered')),
  cause          text NOT NULL,                                          -- of an absence; else ''
  detail         text NOT NULL,                                          -- what it is concluded from
  count          integer NOT NULL CHECK (count > 0),
  positions      bigint[] NOT NULL,
  resent_in      bigint,                                                 -- the batch that sends them again
  PRIMARY KEY (reconciliation, batch, kind, cause)
);
