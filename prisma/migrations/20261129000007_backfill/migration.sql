-- A backfill is sent by a process without access to this database; here stands which one it is, and until when.
-- Why: two that send the same one side by side would each keep their own rate. Locks: a short exclusive one on delivery_plan (no
-- rewrite). Takes: well under a second.

ALTER TABLE delivery_plan
  ADD COLUMN holder     text,
  ADD COLUMN held_until timestamptz;
