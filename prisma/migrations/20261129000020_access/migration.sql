-- Access: auditors with limits, keys that are rotated without a gap.
-- Why: whoever pulls evidence sees exactly what he may, and a secret can be changed while it is in use. Locks: a short exclusive one
-- on api_key (a few rows). Takes: well under a second. Keys that are there keep their role and have no limits.

ALTER TABLE api_key DROP CONSTRAINT api_key_role_check;
ALTER TABLE api_key
  ADD CONSTRAINT api_key_role_check CHECK (role IN ('viewer', 'auditor', 'operator', 'admin')),
  ADD COLUMN limit_from timestamptz,                                     -- recorded, or of sessions: opened, in [limit_from, limit_to)
  ADD COLUMN limit_to timestamptz,
  ADD COLUMN limit_connections text[],                                   -- and on one of these
  ADD COLUMN rotated_at timestamptz,
  ADD COLUMN previous_hash bytea,                                        -- of the secret before the last rotation
  ADD COLUMN previous_until timestamptz,                                 -- until when that one opens, too
  ADD CONSTRAINT api_key_limits_check CHECK (role = 'auditor' OR num_nonnulls(limit_from, limit_to, limit_connections) = 0),
  ADD CONSTRAINT api_key_limit_time_check CHECK (limit_from < limit_to),
  ADD CONSTRAINT api_key_limit_connections_check CHECK (cardinality(limit_connections) BETWEEN 1 AND 100),
  ADD CONSTRAINT api_key_previous_check CHECK (octet_length(previous_hash) = 32
    AND num_nonnulls(previous_hash, previous_until) IN (0, 2));

GRANT UPDATE (hash, rotated_at, previous_hash, previous_until) ON api_key TO affidavit_api;
