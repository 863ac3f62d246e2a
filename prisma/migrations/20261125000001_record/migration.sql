-- The record: the log, its producers, its partitions.
-- Why: first migration. Locks: none that matter (new tables). Takes: well under a second.
-- Append-only is kept by triggers here; least-privilege roles come on top of them.

-- ── The log ────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE log_head (
  log              text PRIMARY KEY,
  generation       integer NOT NULL DEFAULT 1,
  size             bigint NOT NULL DEFAULT 0 CHECK (size >= 0),          -- positions 0 … size-1 are taken
  root_edge        bytea NOT NULL DEFAULT '',                            -- right edge of the Merkle tree (comes with checkpoints)
  recorded_at      timestamptz NOT NULL DEFAULT '1970-01-01T00:00:00Z',  -- never falls
  mark_public_key  bytea,                                                -- SPKI DER, Ed25519; the private half lies in a file
  lease_holder     text,
  lease_until      timestamptz
);
-- One log a database for now: `true` can be there only once.
CREATE UNIQUE INDEX log_head_single ON log_head ((true));
INSERT INTO log_head (log) VALUES ('log-' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 8));

-- ── Producers ──────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE producer_node (
  node        text PRIMARY KEY CHECK (node ~ '^[a-z0-9-]{1,40}$'),
  enrolled_at timestamptz NOT NULL DEFAULT now(),
  revoked_at  timestamptz
);
INSERT INTO producer_node (node) VALUES ('record');

CREATE TABLE producer_key (
  key_id      bytea PRIMARY KEY CHECK (octet_length(key_id) = 8),        -- first 8 bytes of SHA-256(public_key)
  node        text NOT NULL REFERENCES producer_node,
  public_key  bytea NOT NULL,                                            -- SPKI DER, Ed25519
  enrolled_at timestamptz NOT NULL DEFAULT now(),
  revoked_at  timestamptz
);
CREATE INDEX producer_key_node ON producer_key (node);

CREATE TABLE producer_epoch (
  node           text NOT NULL REFERENCES producer_node,
  epoch          text NOT NULL CHECK (epoch ~ '^[0-9a-f]{16}$'),
  state          text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed', 'forked', 'lost')),
  mark_seq       bigint NOT NULL DEFAULT 0,
  mark_chain     bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (octet_length(mark_chain) = 32),
  head_signature bytea,                                                  -- header | chain | signature of the last frame
  previous       text,                                                   -- `<epoch>.<seq>`: where the node's run before this one ended
  opened_at      timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (node, epoch)
);

CREATE TABLE enrolment (
  token_hash bytea PRIMARY KEY,
  node       text NOT NULL CHECK (node ~ '^[a-z0-9-]{1,40}$'),
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at    timestamptz
);

-- ── Runs: where each event lies, and its leaf data for ever ────────────────────────────────────────────────────
CREATE TABLE run (
  first_position bigint PRIMARY KEY,
  last_position  bigint NOT NULL CHECK (last_position >= first_position),
  recorded_at    timestamptz NOT NULL,
  node           text NOT NULL,
  epoch          text NOT NULL,
  first_seq      bigint NOT NULL,
  leaf_data      bytea NOT NULL
);
CREATE INDEX run_epoch_seq ON run (epoch, first_seq);
CREATE INDEX run_recorded_at ON run (recorded_at);

-- ── Events ─────────────────────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE retention_class (
  name text PRIMARY KEY CHECK (name ~ '^[a-z0-9]{1,16}$'),
  keep interval                                                          -- null: for ever
);
INSERT INTO retention_class (name, keep) VALUES ('system', NULL), ('standard', '400 days');

CREATE TABLE event (
  class         text NOT NULL,
  recorded_at   timestamptz NOT NULL,
  position      bigint NOT NULL,
  node          text NOT NULL,
  epoch         text NOT NULL,
  seq           bigint NOT NULL,
  type          text NOT NULL,
  occurred_at   timestamptz,
  session_id    text,
  identity_id   text,
  identity_kind text,
  connection    text,
  outcome       text,
  duplicate_of  bigint,
  body          bytea NOT NULL,                                          -- canonical bytes, exactly as signed
  PRIMARY KEY (class, recorded_at, position)
) PARTITION BY LIST (class);
CREATE INDEX event_position ON event (position);
CREATE INDEX event_session ON event (session_id, position);
CREATE INDEX event_identity ON event (identity_id, position);
CREATE INDEX event_connection ON event (connection, position);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the record is append-only: % on % refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER run_append_only BEFORE UPDATE OR DELETE ON run FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER run_no_truncate BEFORE TRUNCATE ON run FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE partition (
  name           text PRIMARY KEY,
  class          text NOT NULL REFERENCES retention_class,
  from_at        timestamptz NOT NULL,
  to_at          timestamptz NOT NULL,
  first_position bigint,
  last_position  bigint,
  keep_until     timestamptz,
  state          text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'purged'))
);

CREATE TABLE purge (
  class   text NOT NULL,
  from_at timestamptz NOT NULL,
  to_at   timestamptz NOT NULL,
  count   bigint NOT NULL,
  digest  bytea NOT NULL,
  at      timestamptz NOT NULL DEFAULT now()
);

-- Makes the partitions of one class that cover [p_from, p_until): months, or days for classes of up to 90 days.
-- What is covered already stays, also where the class changed from days to months. The caller needs no right to create
-- tables. Safe to call twice and from two sessions at once.
CREATE FUNCTION ensure_partitions(p_class text, p_from timestamptz, p_until timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  v_keep interval;
  v_step text;
  v_at timestamptz := p_from;
  v_from timestamptz;
  v_to timestamptz;
  v_parent text := 'event_' || p_class;
  v_name text;
  v_made integer := 0;
BEGIN
  SELECT keep INTO v_keep FROM retention_class WHERE name = p_class;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'retention class % is not defined', p_class USING ERRCODE = 'undefined_object';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('affidavit.ensure_partitions'));
  IF to_regclass(quote_ident(v_parent)) IS NULL THEN
    EXECUTE format('CREATE TABLE %I PARTITION OF event FOR VALUES IN (%L) PARTITION BY RANGE (recorded_at)', v_parent, p_class);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', v_parent);
  END IF;
  v_step := CASE WHEN v_keep IS NOT NULL AND v_keep <= interval '90 days' THEN 'day' ELSE 'month' END;
  WHILE v_at < p_until LOOP
    SELECT to_at INTO v_to FROM partition WHERE class = p_class AND from_at <= v_at AND to_at > v_at;
    IF NOT FOUND THEN
      -- Calendar steps are taken in UTC, whatever the session's time zone, and end where a neighbour begins.
      v_from := date_trunc(v_step, v_at, 'UTC');
      v_to := (((v_from AT TIME ZONE 'UTC') + ('1 ' || v_step)::interval) AT TIME ZONE 'UTC');
      SELECT greatest(v_from, max(to_at)) INTO v_from FROM partition WHERE class = p_class AND to_at <= v_at;
      SELECT least(v_to, min(from_at)) INTO v_to FROM partition WHERE class = p_class AND from_at > v_at;
      v_name := v_parent || '_' || to_char(v_from AT TIME ZONE 'UTC', 'YYYYMMDD');
      EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', v_name, v_parent, v_from, v_to);
      EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', v_name);
      INSERT INTO partition (name, class, from_at, to_at, keep_until) VALUES (v_name, p_class, v_from, v_to, v_to + v_keep);
      v_made := v_made + 1;
    END IF;
    v_at := v_to;
  END LOOP;
  RETURN v_made;
END $$;

-- ── What does not come from a stream, and what could not be taken as it came ───────────────────────────────────
CREATE TABLE outbox (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  body       json NOT NULL,                                              -- an event draft; not jsonb, which refuses \u0000
  created_at timestamptz NOT NULL DEFAULT now()
);

-- A person's word that numbers up to to_seq will never come. Carried out by the recorder, which alone moves marks.
CREATE TABLE declared_loss (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  node       text NOT NULL,
  epoch      text NOT NULL,
  to_seq     bigint NOT NULL,
  by         text NOT NULL,
  reason     text,
  created_at timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (node, epoch) REFERENCES producer_epoch
);

CREATE TABLE origin (
  system   text NOT NULL,
  id       text NOT NULL,
  position bigint NOT NULL,
  digest   bytea NOT NULL,
  PRIMARY KEY (system, id)
);

CREATE TABLE quarantine (
  position bigint PRIMARY KEY,
  reason   text NOT NULL,
  at       timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE foreign_entry (
  digest   bytea PRIMARY KEY,
  stream   text NOT NULL,
  entry_id text NOT NULL,
  bytes    bytea NOT NULL,
  reason   text NOT NULL,
  seen_at  timestamptz NOT NULL DEFAULT now()
);
