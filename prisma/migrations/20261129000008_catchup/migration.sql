-- The end of a catch-up is told: how much it brought, and how much of that shows at its receipt time.
-- Why: after an outage somebody has to know when all is there. Locks: a short exclusive one while columns are added (no rewrite).
-- Takes: well under a second.

ALTER TABLE delivery_range
  ADD COLUMN is_jump     boolean NOT NULL DEFAULT false,                 -- what live left behind when it jumped to the head
  ADD COLUMN finished_at timestamptz;                                    -- of a jump: all its batches are settled, and it was said
CREATE INDEX delivery_range_catching_up ON delivery_range (destination) WHERE is_jump AND finished_at IS NULL;
