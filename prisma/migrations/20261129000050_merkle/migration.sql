-- The Merkle log: tiles over the leaf data, checkpoints over the tree, and the signed head of each run.
-- Why: nobody, not even with every right in this database, shall be able to change what is recorded without it showing. Locks: short
-- exclusive ones on log_head and run while columns are added (no rewrite). Takes: well under a second; the tree over what was recorded
-- before is built afterwards by the recorder, a part at a time.

-- root_edge is of a tree over the first tree_size positions: the roots of its perfect subtrees, the largest first. It is behind `size`
-- only while the tree over older events is built.
ALTER TABLE log_head ADD COLUMN tree_size bigint NOT NULL DEFAULT 0 CHECK (tree_size <= size);
COMMENT ON COLUMN log_head.root_edge IS 'roots of the perfect subtrees over the first tree_size leaves, the largest first';

-- Header, chain and signature of the frame that held the run's last event: whoever has the producer's public key sees from it, and from the
-- leaf data, that the producer said exactly this. Null in runs of before: there the epoch's head_signature covers them.
-- chain_before is the epoch's chain before the run's first event: behind a hole nothing else tells it.
ALTER TABLE run ADD COLUMN head bytea, ADD COLUMN chain_before bytea;

-- Full hash tiles, C2SP tlog-tiles. Unfinished ones follow from `run` and from the level below.
CREATE TABLE merkle_tile (
  level  smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
  index  bigint NOT NULL CHECK (index >= 0),
  hashes bytea NOT NULL CHECK (octet_length(hashes) = 8192),
  PRIMARY KEY (level, index)
);
-- Hashes do not compress.
ALTER TABLE merkle_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- The keys that signed checkpoints; the private halves lie elsewhere. `previous` is the key that was replaced, `statement` what it signed
-- to that end; null where the old one was not at hand.
CREATE TABLE checkpoint_key (
  public_key bytea PRIMARY KEY CHECK (octet_length(public_key) = 32),
  since      timestamptz NOT NULL DEFAULT clock_timestamp(),
  previous   bytea REFERENCES checkpoint_key,
  statement  bytea
);

CREATE TABLE checkpoint (
  generation integer NOT NULL,
  size       bigint NOT NULL,
  root       bytea NOT NULL CHECK (octet_length(root) = 32),
  note       text NOT NULL,                                              -- as it is served
  signed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (generation, size)
);
CREATE INDEX checkpoint_signed_at ON checkpoint (signed_at);

-- What destinations that can be read back tell of the log's end: the furthest, and whatever contradicts the tree.
CREATE TABLE told_head (
  source          text NOT NULL,
  generation      integer NOT NULL,
  size            bigint NOT NULL,
  root            bytea NOT NULL CHECK (octet_length(root) = 32),
  told_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  contradicted_at timestamptz,                                           -- since when it is known to be another root than the tree's
  PRIMARY KEY (source, generation, size)
);
GRANT SELECT ON told_head TO affidavit_api, affidavit_recorder;
GRANT SELECT, INSERT, UPDATE, DELETE ON told_head TO affidavit_forwarder;

DO $$
DECLARE
  v_table text;
BEGIN
  FOREACH v_table IN ARRAY ARRAY['merkle_tile', 'checkpoint_key', 'checkpoint'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', v_table);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', v_table);
    EXECUTE format('GRANT SELECT ON %I TO affidavit_api, affidavit_forwarder, affidavit_recorder, affidavit_retention', v_table);
    EXECUTE format('GRANT INSERT ON %I TO affidavit_recorder', v_table);
  END LOOP;
END $$;
