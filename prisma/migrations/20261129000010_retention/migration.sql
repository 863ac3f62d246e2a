-- Retention that is planned first, legal holds, and the only way in which recorded rows may go.
-- Why: nothing leaves before its policy says so, and a hold outranks every policy. Locks: a short exclusive one on
-- retention_class while a column is added (no rewrite). Takes: well under a second.

-- Named requirements below whose time a class is never purged, whatever `keep` says.
ALTER TABLE retention_class ADD COLUMN requirements text[] NOT NULL DEFAULT '{}';

-- What must not be purged while the hold is in force: rows that every selection column which is not null fits. An ordinary table:
-- it is never deleted from, and a purge locks it against change.
CREATE TABLE hold (
  id             text PRIMARY KEY CHECK (id ~ '^hold-[0-9a-z]{10}$'),
  matter         text NOT NULL,                                          -- the number under which lawyers know it
  reason         text NOT NULL,
  session_id     text,
  identity_id    text,
  identity_kind  text,
  connection     text,
  types          text[],
  outcome        text,
  from_at        timestamptz,                                            -- of what happened or was recorded in [from_at, to_at)
  to_at          timestamptz,
  placed_by      text NOT NULL,
  placed_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  released_by    text,
  released_at    timestamptz,
  release_reason text,
  CHECK (num_nonnulls(session_id, identity_id, identity_kind, connection, types, outcome, from_at, to_at) > 0),
  CHECK (to_at > from_at),
  CHECK (num_nonnulls(released_by, released_at, release_reason) IN (0, 3))
);

-- A shorter time, or a requirement less: one admin key asks for it, another confirms.
CREATE TABLE retention_change (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  class        text NOT NULL REFERENCES retention_class,
  keep         interval,                                                 -- null: for ever
  requirements text[] NOT NULL,
  reason       text NOT NULL,
  proposed_by  uuid NOT NULL REFERENCES api_key,
  proposed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  decided_by   uuid REFERENCES api_key,
  decided_at   timestamptz,
  is_confirmed boolean                                                   -- null: open; false: taken back
);

-- A run carries out its plan and nothing else. One is under way at a time; whoever finds it unfinished goes on with it.
CREATE TABLE retention_run (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  planned_at  timestamptz NOT NULL,                                      -- as of which the plan holds; never in the future
  planned     text[] NOT NULL,                                           -- partitions to be dropped
  by          text NOT NULL,
  begun_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  report      jsonb                                                      -- what became of each
);
CREATE UNIQUE INDEX retention_run_open ON retention_run ((true)) WHERE finished_at IS NULL;

-- Positions that somebody reads and must not lose while he does, such as an export. It ends by itself where it is not renewed.
CREATE TABLE reading_claim (
  id       text PRIMARY KEY,
  what     text NOT NULL,
  from_pos bigint NOT NULL,
  to_pos   bigint NOT NULL CHECK (to_pos > from_pos),
  until_at timestamptz NOT NULL
);

-- What a purge has to know of a partition, gathered before it: see prepare_purge(). first_position and last_position are its ends.
ALTER TABLE partition
  ADD COLUMN prepared_at timestamptz,
  ADD COLUMN count       bigint,
  ADD COLUMN digest      bytea;

-- Sessions with events in a partition that is prepared. Once it is purged the projection makes their rows anew, from what is left.
CREATE TABLE session_purged (
  partition  text NOT NULL REFERENCES partition,
  session_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (partition, session_id)
);

CREATE TRIGGER purge_append_only BEFORE UPDATE OR DELETE ON purge FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER purge_no_truncate BEFORE TRUNCATE ON purge FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER hold_never_deleted BEFORE DELETE ON hold FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER hold_no_truncate BEFORE TRUNCATE ON hold FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The least time that a requirement demands, in days at their longest: 12 months may have 366, 6 years 2192, 6 months 184.
-- libs/platform/src/policy-retention.ts says the same and whence it comes; a test holds the two together.
CREATE FUNCTION requirement_keep(p_requirement text) RETURNS interval LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  CASE p_requirement
    WHEN 'pci-dss' THEN RETURN interval '366 days';
    WHEN 'hipaa' THEN RETURN interval '2192 days';
    WHEN 'sec-17a-4' THEN RETURN interval '2192 days';
    WHEN 'eu-ai-act' THEN RETURN interval '184 days';
    ELSE RAISE EXCEPTION 'requirement % is not known', p_requirement USING ERRCODE = 'undefined_object';
  END CASE;
END $$;

-- An act and its event commit together: for what the functions below do themselves. Nobody is granted it.
CREATE FUNCTION put_on_record(p_type text, p_data json) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox (body) VALUES (json_build_object(
    'type', p_type, 'time', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'class', 'system', 'data', p_data));
  PERFORM pg_notify('affidavit_outbox', '');
END $$;

CREATE FUNCTION keep_text(p_keep interval) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_keep IS NULL THEN 'forever' ELSE trim_scale(extract(epoch FROM p_keep) / 86400)::text || 'd' END
$$;

-- ── Policy ─────────────────────────────────────────────────────────────────────────────────────────────────────
-- What nobody may ask for, whatever the time.
CREATE FUNCTION refuse_retention(p_class text, p_requirements text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_class = 'system' THEN
    RAISE EXCEPTION 'class system is kept for ever' USING ERRCODE = 'check_violation';
  END IF;
  PERFORM requirement_keep(name) FROM unnest(p_requirements) AS name;
END $$;

-- Writes a class down, moves its partitions, says so on the record. Nobody is granted it: see the two that call it.
CREATE FUNCTION write_retention(p_class text, p_keep interval, p_requirements text[], p_by text, p_confirmed_by text, p_reason text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_requirement text;
  v_before retention_class;
BEGIN
  PERFORM refuse_retention(p_class, p_requirements);
  IF p_keep <= interval '0' OR extract(month FROM p_keep) <> 0 OR extract(year FROM p_keep) <> 0 THEN
    RAISE EXCEPTION 'a class is kept for so many days, or for ever' USING ERRCODE = 'check_violation';
  END IF;
  FOREACH v_requirement IN ARRAY p_requirements LOOP
    IF p_keep < requirement_keep(v_requirement) THEN
      RAISE EXCEPTION 'class % is kept %, and % demands %', p_class, keep_text(p_keep), v_requirement,
        keep_text(requirement_keep(v_requirement)) USING ERRCODE = 'check_violation', CONSTRAINT = 'retention_floor';
    END IF;
  END LOOP;
  SELECT * INTO v_before FROM retention_class WHERE name = p_class FOR UPDATE;
  INSERT INTO retention_class (name, keep, requirements) VALUES (p_class, p_keep, p_requirements)
    ON CONFLICT (name) DO UPDATE SET keep = p_keep, requirements = p_requirements;
  -- Up or down: whoever called has seen to it that down takes two.
  UPDATE partition SET keep_until = to_at + p_keep WHERE class = p_class AND state = 'open';
  PERFORM put_on_record('retention.changed', json_strip_nulls(json_build_object(
    'class', p_class, 'keep', keep_text(p_keep), 'previous', CASE WHEN v_before.name IS NOT NULL THEN keep_text(v_before.keep) END,
    'by', p_by, 'confirmedBy', p_confirmed_by, 'reason', p_reason, 'requirements', p_requirements)));
END $$;

-- Makes a class, keeps one longer, adds requirements: one person may. @returns 'unchanged', 'changed', or 'shorter': nothing was done.
-- Requirements are only added to here; where fewer are given, those that are there count.
CREATE FUNCTION raise_retention(p_class text, p_keep interval, p_requirements text[], p_by text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  v_now retention_class;
  v_requirements text[] := ARRAY(SELECT DISTINCT unnest(p_requirements) ORDER BY 1);
BEGIN
  PERFORM refuse_retention(p_class, p_requirements);
  -- Two that make the same class at once: the second then finds it made.
  PERFORM pg_advisory_xact_lock(hashtext('affidavit.retention'));
  SELECT * INTO v_now FROM retention_class WHERE name = p_class FOR UPDATE;
  IF FOUND THEN
    IF v_now.keep IS NOT DISTINCT FROM p_keep AND v_now.requirements @> v_requirements AND v_now.requirements <@ v_requirements THEN
      RETURN 'unchanged';
    END IF;
    IF (v_now.keep IS NULL AND p_keep IS NOT NULL) OR p_keep < v_now.keep OR NOT v_now.requirements <@ v_requirements THEN
      RETURN 'shorter';
    END IF;
  END IF;
  PERFORM write_retention(p_class, p_keep, v_requirements, p_by, NULL, NULL);
  RETURN 'changed';
END $$;

-- Carries out what another asked for. The database itself sees that these are two admin keys in force.
CREATE FUNCTION confirm_retention(p_change bigint, p_key uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  v_change retention_change;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('affidavit.retention'));
  SELECT * INTO v_change FROM retention_change WHERE id = p_change AND decided_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'change % is not open', p_change USING ERRCODE = 'no_data_found';
  END IF;
  IF p_key = v_change.proposed_by THEN
    RAISE EXCEPTION 'change % needs a second person', p_change USING ERRCODE = 'check_violation', CONSTRAINT = 'second_person';
  END IF;
  PERFORM FROM api_key WHERE id IN (p_key, v_change.proposed_by) AND role = 'admin' AND revoked_at IS NULL
     AND (expires_at IS NULL OR expires_at > clock_timestamp()) HAVING count(*) = 2;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'both keys must be admin keys in force' USING ERRCODE = 'check_violation', CONSTRAINT = 'second_person';
  END IF;
  PERFORM write_retention(v_change.class, v_change.keep, v_change.requirements,
    (SELECT 'api-key:' || prefix FROM api_key WHERE id = v_change.proposed_by),
    (SELECT 'api-key:' || prefix FROM api_key WHERE id = p_key), v_change.reason);
  UPDATE retention_change SET decided_by = p_key, decided_at = clock_timestamp(), is_confirmed = true WHERE id = p_change;
END $$;

-- ── What keeps a partition ─────────────────────────────────────────────────────────────────────────────────────
-- From when on a partition may be purged, by policy and requirements alone; 'infinity': never.
CREATE FUNCTION partition_due_at(p_name text) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_due timestamptz;
BEGIN
  SELECT CASE WHEN p.class = 'system' OR c.keep IS NULL OR p.keep_until IS NULL THEN 'infinity'
         ELSE greatest(p.keep_until, p.to_at + c.keep,
                (SELECT max(p.to_at + requirement_keep(r)) FROM unnest(c.requirements) AS r)) END
    INTO v_due FROM partition p JOIN retention_class c ON c.name = p.class WHERE p.name = p_name;
  RETURN coalesce(v_due, 'infinity');
END $$;

-- Holds that a row fits, in a partition or (p_relation = 'event') among all events; perhaps of one session only. A hold counts while it
-- is in force, and for a run that was planned before its release. What stands in quarantine cannot be read, so it fits every
-- hold of its time.
CREATE FUNCTION holds_on(p_relation text, p_at timestamptz, p_session text DEFAULT NULL) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
  v_hold hold;
  v_fits boolean;
BEGIN
  IF p_relation <> 'event' AND NOT EXISTS (SELECT FROM partition WHERE name = p_relation AND state = 'open') THEN
    RETURN;
  END IF;
  FOR v_hold IN SELECT * FROM hold WHERE released_at IS NULL OR released_at >= p_at ORDER BY placed_at, id LOOP
    -- The values are constants to the planner, so that each hold finds its index.
    EXECUTE format($q$
      SELECT EXISTS (SELECT FROM %1$I e
        WHERE ($1 IS NULL OR e.session_id = $1) AND ($2 IS NULL OR e.identity_id = $2) AND ($3 IS NULL OR e.identity_kind = $3)
          AND ($4 IS NULL OR e.connection = $4) AND ($5 IS NULL OR e.type = ANY ($5)) AND ($6 IS NULL OR e.outcome = $6)
          AND (($7 IS NULL OR e.recorded_at >= $7) AND ($8 IS NULL OR e.recorded_at < $8)
            OR ($7 IS NULL OR e.occurred_at >= $7) AND ($8 IS NULL OR e.occurred_at < $8))
          AND ($9 IS NULL OR e.session_id = $9))
        OR ($9 IS NULL AND EXISTS (SELECT FROM quarantine q JOIN %1$I e ON e.position = q.position
              WHERE ($7 IS NULL OR e.recorded_at >= $7) AND ($8 IS NULL OR e.recorded_at < $8)))$q$, p_relation)
      INTO v_fits
      USING v_hold.session_id, v_hold.identity_id, v_hold.identity_kind, v_hold.connection, v_hold.types, v_hold.outcome,
            v_hold.from_at, v_hold.to_at, p_session;
    IF v_fits THEN
      RETURN NEXT v_hold.id;
    END IF;
  END LOOP;
END $$;

-- What a partition waits for, in words: deliveries that are not settled, replays, backfills and reconciliations under way, dead letters
-- that nobody decided, whoever reads it now. A destination that no forwarder announced for 30 days is waited for no longer; what people
-- began for it (a plan, a dead letter) is theirs to cancel or discard.
CREATE FUNCTION partition_waits(p_name text) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
  v_part partition;
  v_first bigint;
  v_last bigint;
BEGIN
  SELECT * INTO v_part FROM partition WHERE name = p_name AND state = 'open';
  -- recorded_at rises with position: the ends of the time are the ends of the positions, of all classes.
  SELECT min(first_position) INTO v_first FROM run WHERE recorded_at =
    (SELECT min(recorded_at) FROM run WHERE recorded_at >= v_part.from_at AND recorded_at < v_part.to_at);
  SELECT max(last_position) INTO v_last FROM run WHERE recorded_at =
    (SELECT max(recorded_at) FROM run WHERE recorded_at >= v_part.from_at AND recorded_at < v_part.to_at);
  IF v_first IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY
    SELECT DISTINCT format('destination %s is still to get some of it (lane %s)', r.destination, r.lane)
      FROM delivery_range r JOIN delivery_destination d USING (destination) LEFT JOIN delivery_plan p ON p.id = r.plan
     WHERE CASE WHEN p.id IS NULL THEN d.announced_at > clock_timestamp() - interval '30 days' ELSE p.state IN ('running', 'paused') END
       AND r.next_pos <= v_last AND (r.to_pos IS NULL OR (r.to_pos > v_first AND r.to_pos > r.next_pos));
  RETURN QUERY
    SELECT format('destination %s has not settled %s of its batches', b.destination, count(*))
      FROM delivery_batch b JOIN delivery_destination d USING (destination) JOIN delivery_range r ON r.id = b.range
     WHERE (r.plan IS NOT NULL OR d.announced_at > clock_timestamp() - interval '30 days') AND b.state IN ('due', 'sending', 'doubt', 'paused')
       AND b.from_pos <= v_last AND b.to_pos > v_first GROUP BY b.destination;
  RETURN QUERY
    SELECT format('%s of destination %s still reads some of it', c.id, c.destination)
      FROM reconciliation c JOIN read_back d USING (destination)
     WHERE d.announced_at > clock_timestamp() - interval '30 days' AND c.state <> 'finished' AND c.next_pos <= v_last AND c.to_pos > v_first;
  -- A letter that is to be sent again has a batch soon; until then only it says so.
  RETURN QUERY EXECUTE format(
    $q$SELECT format('destination %%s has %%s dead letters to retry or discard', d.destination, count(*))
         FROM dead_letter d JOIN %I e ON e.position = d.position
        WHERE d.state = 'open' OR d.is_waiting GROUP BY d.destination$q$, p_name);
  RETURN QUERY
    SELECT format('%s reads it until %s', what, to_char(until_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
      FROM reading_claim WHERE until_at > clock_timestamp() AND from_pos <= v_last AND to_pos > v_first;
END $$;

-- ── The purge ──────────────────────────────────────────────────────────────────────────────────────────────────
-- Gathers what the purge of a partition has to know: how many events of which positions, the digest of their time's leaf data, whose
-- sessions they are. All of it takes seconds for millions of events, and no lock that anybody waits for. Repeating it is harmless;
-- the purge does it itself where nobody did, or where rows came since.
CREATE FUNCTION prepare_purge(p_name text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  v_part partition;
  v_last bigint;
BEGIN
  SELECT * INTO v_part FROM partition WHERE name = p_name AND state = 'open' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  EXECUTE format('SELECT max(position) FROM %I', p_name) INTO v_last;
  IF v_part.prepared_at IS NOT NULL AND v_part.last_position IS NOT DISTINCT FROM v_last THEN
    RETURN;
  END IF;
  EXECUTE format('SELECT count(*), min(position), max(position) FROM %I', p_name)
    INTO v_part.count, v_part.first_position, v_part.last_position;
  SELECT sha256(coalesce(string_agg(sha256(leaf_data), ''::bytea ORDER BY first_position), '')) INTO v_part.digest
    FROM run WHERE recorded_at >= v_part.from_at AND recorded_at < v_part.to_at;
  EXECUTE format('INSERT INTO session_purged SELECT DISTINCT %L, session_id FROM %I WHERE session_id IS NOT NULL ON CONFLICT DO NOTHING',
    p_name, p_name);
  UPDATE partition SET prepared_at = clock_timestamp(), count = v_part.count, digest = v_part.digest,
         first_position = v_part.first_position, last_position = v_part.last_position WHERE name = p_name;
END $$;

-- Drops one partition of a run's plan, if policy, requirements, holds and deliveries let it go as of the run's time: all of it is
-- judged here, in the transaction that drops it, whoever calls. @returns 'purged', 'purged before', or why it is kept.
-- Waits for a lock at most 500 ms (55P03): the caller tries again. A partition of which one row is held stays whole.
CREATE FUNCTION purge_partition(p_run bigint, p_name text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  v_at timestamptz;
  v_part partition;
  v_due timestamptz;
  v_why text;
BEGIN
  -- Under another isolation the statements below would not see a hold that was placed since the transaction began.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'a purge runs in READ COMMITTED' USING ERRCODE = 'invalid_transaction_state';
  END IF;
  SELECT planned_at INTO v_at FROM retention_run WHERE id = p_run AND finished_at IS NULL AND p_name = ANY (planned) FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no run under way has % in its plan', p_name USING ERRCODE = 'no_data_found';
  END IF;
  IF v_at > clock_timestamp() THEN
    RAISE EXCEPTION 'run % is planned for the future', p_run USING ERRCODE = 'check_violation';
  END IF;
  SELECT * INTO v_part FROM partition WHERE name = p_name FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no partition %', p_name USING ERRCODE = 'no_data_found';
  END IF;
  IF v_part.state = 'purged' THEN
    RETURN 'purged before';
  END IF;
  v_due := partition_due_at(p_name);
  IF v_due > v_at THEN
    RETURN 'kept: its time ends ' || CASE v_due WHEN 'infinity' THEN 'never'
      ELSE to_char(v_due AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END;
  END IF;

  -- Where all is prepared this looks at one row; in any case it comes before the locks: nothing is added to a time that is over.
  PERFORM prepare_purge(p_name);
  SELECT * INTO v_part FROM partition WHERE name = p_name;

  -- The holds' lock: whoever places or releases one waits for the end of this transaction, and it for him.
  LOCK TABLE hold IN SHARE MODE;
  SELECT string_agg(id, ', ') INTO v_why FROM holds_on(p_name, v_at) AS id;
  IF v_why IS NOT NULL THEN
    RETURN 'held: ' || v_why;
  END IF;
  SELECT string_agg(what, '; ') INTO v_why FROM partition_waits(p_name) AS what;
  IF v_why IS NOT NULL THEN
    RETURN 'waits: ' || v_why;
  END IF;

  -- A letter that was decided keeps a rendered copy of its event, which goes with the event.
  EXECUTE format($q$UPDATE dead_letter d SET body = '' WHERE body <> '' AND EXISTS (SELECT FROM %I e WHERE e.position = d.position)$q$, p_name);
  INSERT INTO purge (class, from_at, to_at, count, digest) VALUES (v_part.class, v_part.from_at, v_part.to_at, v_part.count, v_part.digest);
  UPDATE partition SET state = 'purged' WHERE name = p_name;
  PERFORM put_on_record('retention.purged', json_build_object(
    'class', v_part.class, 'count', v_part.count, 'digest', encode(v_part.digest, 'hex'),
    'from', to_char(v_part.from_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'to', to_char(v_part.to_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')));
  EXECUTE format('DROP TABLE %I', p_name);
  RETURN 'purged';
END $$;

-- The system's catalogue comes first in every search, temporary tables last: nobody's can stand in for a table of the record. Times
-- are counted in UTC days.
DO $$
DECLARE
  v_function regprocedure;
BEGIN
  FOR v_function IN SELECT oid::regprocedure FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace AND proname IN ('refuse_change', 'ensure_partitions', 'requirement_keep',
      'put_on_record', 'keep_text', 'refuse_retention', 'write_retention', 'raise_retention', 'confirm_retention', 'partition_due_at', 'holds_on',
      'partition_waits', 'prepare_purge', 'purge_partition')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', v_function, current_schema());
    EXECUTE format('ALTER FUNCTION %s SET TimeZone = ''UTC''', v_function);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', v_function);
  END LOOP;
END $$;
ALTER FUNCTION purge_partition SET lock_timeout = '500ms';
