-- Several destinations, each with filter, rate and state; doubt; replays and backfills; who saw what.
-- Why: Datadog's 202 is no proof, and what it missed must be found and sent again. Locks: short exclusive ones on the delivery
-- tables while columns are added (no rewrite). Takes: well under a second.

ALTER TABLE delivery_destination
  ADD COLUMN kind         text NOT NULL DEFAULT 'datadog',
  -- Paused by a person, in affidavit.yaml. `state` is what the destination's answers made of it.
  ADD COLUMN is_held      boolean NOT NULL DEFAULT false,
  -- A forwarder that has it in its configuration says so twice a minute.
  ADD COLUMN announced_at timestamptz NOT NULL DEFAULT now(),
  -- Where a rate is set: no batch is claimed before, by whatever forwarder or lane.
  ADD COLUMN send_at      timestamptz NOT NULL DEFAULT now();

-- Filters that a destination had. A batch is always sent as it was cut, so none is ever changed or removed.
CREATE TABLE delivery_filter (
  destination text NOT NULL REFERENCES delivery_destination,
  version     integer NOT NULL CHECK (version > 0),
  selection   jsonb NOT NULL,                                            -- {types, connections, identities}; {}: everything
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (destination, version)
);
INSERT INTO delivery_filter (destination, version, selection) SELECT destination, 1, '{}' FROM delivery_destination;

-- Replays and backfills: planned first, then run, in a lane of their own.
CREATE TABLE delivery_plan (
  id              text PRIMARY KEY CHECK (id ~ '^(replay|backfill)-[0-9a-z]{10}$'),
  kind            text NOT NULL CHECK (kind IN ('replay', 'backfill')),
  destination     text NOT NULL REFERENCES delivery_destination,
  asked           jsonb NOT NULL,                                        -- as it was asked: from, to, session, query
  selection       jsonb NOT NULL DEFAULT '{}',                           -- of its positions, beside the destination's own filter
  filter_version  integer NOT NULL,
  mapping_version integer NOT NULL,
  from_pos        bigint NOT NULL CHECK (from_pos >= 0),
  to_pos          bigint NOT NULL CHECK (to_pos >= from_pos),
  next_pos        bigint NOT NULL,                                       -- planned up to here
  state           text NOT NULL DEFAULT 'planning'
                  CHECK (state IN ('planning', 'planned', 'running', 'paused', 'finished', 'cancelled', 'failed')),
  reason          text,
  count           bigint NOT NULL DEFAULT 0,
  bytes           bigint NOT NULL DEFAULT 0,                             -- as the destination gets them, uncompressed
  late            bigint NOT NULL DEFAULT 0,                             -- would show at their receipt time, were they sent now
  observed        bigint NOT NULL DEFAULT 0,                             -- of them already seen there
  created_by      text NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  planned_at      timestamptz,
  started_at      timestamptz,
  finished_at     timestamptz,
  report          jsonb
);

-- What a plan lists, a row for each thousand positions in which it lists anything.
CREATE TABLE delivery_plan_block (
  plan     text NOT NULL REFERENCES delivery_plan ON DELETE CASCADE,
  from_pos bigint NOT NULL,
  to_pos   bigint NOT NULL CHECK (to_pos > from_pos),
  count    integer NOT NULL CHECK (count > 0),
  bytes    bigint NOT NULL,
  late     integer NOT NULL,
  observed integer NOT NULL,
  digest   bytea NOT NULL CHECK (octet_length(digest) = 32),             -- SHA-256 of the events' ids, a line each
  PRIMARY KEY (plan, from_pos)
);

ALTER TABLE delivery_range ADD CONSTRAINT delivery_range_plan FOREIGN KEY (plan) REFERENCES delivery_plan;
CREATE INDEX delivery_range_of_plan ON delivery_range (plan) WHERE plan IS NOT NULL;

ALTER TABLE delivery_batch
  ADD COLUMN bytes       integer NOT NULL DEFAULT 0,                     -- mapped bytes when it was cut
  ADD COLUMN late        integer NOT NULL DEFAULT 0,                     -- events of the last attempt that show at their receipt time
  ADD COLUMN attempts    jsonb NOT NULL DEFAULT '[]',                    -- the first ten and the newest twenty, with their answers
  ADD COLUMN doubt_since timestamptz,
  ADD COLUMN observed_at timestamptz,
  DROP CONSTRAINT delivery_batch_state_check,
  ADD CONSTRAINT delivery_batch_state_check
    CHECK (state IN ('due', 'sending', 'accepted', 'observed', 'doubt', 'split', 'dead', 'paused', 'cancelled'));
CREATE INDEX delivery_batch_range ON delivery_batch (range, from_pos);
CREATE INDEX dead_letter_open ON dead_letter (destination, position) WHERE state = 'open';
ALTER TABLE dead_letter
  ADD COLUMN decided_by text,                                            -- who retried or discarded it
  ADD COLUMN decided_reason text;
