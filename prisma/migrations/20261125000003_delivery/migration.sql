-- Delivery: which positions a destination is to have, in which requests, and what it answered.
-- Why: this ledger is the only truth about deliveries; the queue in Redis only wakes. Locks: none that matter (new tables).
-- Takes: well under a second.

-- Whether a destination takes anything now. Written when that changes, not with every batch.
CREATE TABLE delivery_destination (
  destination text PRIMARY KEY CHECK (destination ~ '^[a-z0-9-]{1,40}$'),
  state       text NOT NULL DEFAULT 'delivering' CHECK (state IN ('delivering', 'failing', 'paused')),
  reason      text,                                                      -- the last answer, where it was a failure
  since       timestamptz NOT NULL DEFAULT now(),                        -- of `state`
  failures    integer NOT NULL DEFAULT 0,                                -- in a row, over all lanes
  open_at     timestamptz NOT NULL DEFAULT now()                         -- no batch is claimed before; while failing or paused, the next probe
);

-- Positions that a destination is to have: [from_pos, to_pos). Those below next_pos are in batches.
-- A jump of the live lane, a replay or a backfill is a new row.
CREATE TABLE delivery_range (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  destination text NOT NULL REFERENCES delivery_destination,
  lane        text NOT NULL CHECK (lane IN ('live', 'catchup', 'replay', 'backfill')),
  from_pos    bigint NOT NULL CHECK (from_pos >= 0),
  next_pos    bigint NOT NULL CHECK (next_pos >= from_pos),
  to_pos      bigint CHECK (to_pos >= next_pos),                         -- exclusive; null: follows the head
  plan        text,                                                      -- the replay or backfill that asked for it
  created_at  timestamptz NOT NULL DEFAULT now()
);
-- One range of a destination follows the head.
CREATE UNIQUE INDEX delivery_range_live ON delivery_range (destination) WHERE to_pos IS NULL;
CREATE INDEX delivery_range_open ON delivery_range (destination, lane, id) WHERE to_pos IS NULL OR next_pos < to_pos;

-- One request: the events of [from_pos, to_pos) that the filter lets through.
CREATE TABLE delivery_batch (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  range           bigint NOT NULL REFERENCES delivery_range,
  destination     text NOT NULL,
  lane            text NOT NULL,
  parent          bigint REFERENCES delivery_batch,                      -- the batch it is a part of, which was split
  from_pos        bigint NOT NULL,
  to_pos          bigint NOT NULL CHECK (to_pos > from_pos),
  count           integer NOT NULL CHECK (count > 0),
  ids_digest      bytea NOT NULL CHECK (octet_length(ids_digest) = 32),  -- SHA-256 of the events' ids, a line each
  mapping_version integer NOT NULL,
  filter_version  integer NOT NULL,
  state           text NOT NULL DEFAULT 'due'
                  CHECK (state IN ('due', 'sending', 'accepted', 'observed', 'doubt', 'split', 'dead', 'paused')),
  attempt         integer NOT NULL DEFAULT 0,                            -- of the last claim; the fencing token
  uncertain       integer NOT NULL DEFAULT 0,                            -- attempts that may have been stored without our knowing
  purged          integer NOT NULL DEFAULT 0,                            -- events that retention removed before they were sent
  lease_until     timestamptz,
  due_at          timestamptz NOT NULL DEFAULT now(),
  created_at      timestamptz NOT NULL DEFAULT now(),
  settled_at      timestamptz,
  answer          jsonb                                                  -- of the last attempt: class, status, reason
);
-- No position is cut twice out of one range, whatever the code does.
CREATE UNIQUE INDEX delivery_batch_cut ON delivery_batch (range, from_pos) WHERE parent IS NULL;
CREATE INDEX delivery_batch_open ON delivery_batch (destination, lane, due_at) WHERE state IN ('due', 'sending', 'paused', 'doubt');
CREATE INDEX delivery_batch_position ON delivery_batch (destination, from_pos);

-- What a destination refuses for good.
CREATE TABLE dead_letter (
  destination text NOT NULL,
  position    bigint NOT NULL,
  event_id    text NOT NULL,
  batch       bigint NOT NULL REFERENCES delivery_batch,
  body        text NOT NULL,                                             -- as it was rendered for the destination
  reason      text NOT NULL,
  state       text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'retried', 'discarded')),
  first_at    timestamptz NOT NULL DEFAULT now(),
  last_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (destination, position)
);
