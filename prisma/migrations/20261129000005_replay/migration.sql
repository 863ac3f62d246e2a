-- Replays: what a plan leaves out, what became of each of its blocks, and which batches held a position.
-- Why: the end of a replay must equal its plan, block by block, or say where not. Locks: short exclusive ones while columns are
-- added (no rewrite); the index blocks deliveries while it is built. Takes: seconds for a million batches.

ALTER TABLE delivery_destination
  ADD COLUMN mapping_version integer,                                    -- newest that its forwarder renders; null: none of this version ran yet
  ADD COLUMN sweep_at        timestamptz;                                -- a person asked for a sweep; its forwarders look for it

ALTER TABLE delivery_plan
  ADD COLUMN missing_only boolean NOT NULL DEFAULT false,                -- without what was accepted or is on its way
  ADD COLUMN generation   integer NOT NULL DEFAULT 1;                    -- of the log: in another one positions are others

ALTER TABLE delivery_plan_block
  -- Bit n (of byte n/8, from the left): position from_pos + n is selected, and yet left out. Null: none is.
  ADD COLUMN left_out  bytea,
  -- Written when the plan has ended; null before.
  ADD COLUMN sent      integer,
  ADD COLUMN sent_late integer,                                          -- of `sent`, those that show at their receipt time
  ADD COLUMN dead      integer,
  ADD COLUMN purged    integer,                                          -- retention removed them before they were sent
  ADD COLUMN missing   integer,                                          -- gone from the record, and no purge says so
  ADD COLUMN unsent    integer,                                          -- the plan was cancelled before
  ADD COLUMN uncertain integer,                                          -- copies that may have been stored beyond those counted
  ADD COLUMN is_equal  boolean;                                          -- all of them were sent, and they are those that were planned

-- Which batches held a position: batches of several ranges overlap, and how wide one is nobody promises.
CREATE INDEX delivery_batch_positions ON delivery_batch USING gist (int8range(from_pos, to_pos));

ALTER TABLE dead_letter ADD COLUMN is_waiting boolean NOT NULL DEFAULT false;  -- to be retried: its new batch is not made yet
CREATE INDEX dead_letter_waiting ON dead_letter (destination, position) WHERE is_waiting;
