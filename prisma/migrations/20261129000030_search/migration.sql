-- Search: which words stand in which part of the log, and an index for each facet of sessions.
-- Why: text inside commands, and every facet, is found among ten million events as fast as among one. Locks: writes to session wait while
-- its indexes are built (about a second for a million sessions). Takes: that long; words of what is recorded already are gathered by the
-- recorder, behind the log, from its next start on.

-- One row for each 64 positions of each partition of events: the distinct words of the commands there, as libs/record/src/command-words.ts
-- takes them apart, and whose they are. Written once, when the 64 are full. A partition of events has its words in a table of its own, with
-- an index of its own: they go with it, to the last byte, which no index of them all would do (GIN keeps a word that it once had).
CREATE TABLE command_words (
  partition text NOT NULL,
  block     bigint NOT NULL,                                             -- positions 64 * block … 64 * block + 63
  words     tsvector NOT NULL,
  PRIMARY KEY (block, partition)
) PARTITION BY LIST (partition);
-- Without a list of entries that wait: every search would read it from end to end.
CREATE INDEX command_words_words ON command_words USING gin (words) WITH (fastupdate = off);
INSERT INTO projection (name) VALUES ('commands');

CREATE FUNCTION command_words_table(p_partition text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT regexp_replace(p_partition, '^event_', 'command_words_')
$$;

-- Makes the table for the words of one partition of events, where there is none. Nothing for what is purged.
CREATE FUNCTION ensure_command_words(p_partition text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF to_regclass(quote_ident(command_words_table(p_partition))) IS NOT NULL
    OR NOT EXISTS (SELECT FROM partition WHERE name = p_partition AND state = 'open') THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF command_words FOR VALUES IN (%L)', command_words_table(p_partition), p_partition);
END $$;

-- The blocks of [p_from, p_until) that hold the words: at most p_most, the newest or the oldest, each with the time of its partitions. Always
-- by an index: guesses of how often words meet are wrong exactly where a guess costs most (two that are frequent, and never together).
CREATE FUNCTION command_blocks(p_from bigint, p_until bigint, p_words tsquery, p_most integer, p_newest boolean)
RETURNS TABLE (block bigint, from_at timestamptz, to_at timestamptz) LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
  v_first timestamptz;
  v_last timestamptz;
  v_partitions text[];
BEGIN
  -- recorded_at rises with position.
  SELECT recorded_at INTO v_first FROM run WHERE first_position <= 64 * p_from ORDER BY first_position DESC LIMIT 1;
  SELECT recorded_at INTO v_last FROM run WHERE first_position < 64 * p_until ORDER BY first_position DESC LIMIT 1;
  SELECT array_agg(p.name) INTO v_partitions FROM partition p
   WHERE p.state = 'open' AND (v_first IS NULL OR p.to_at > v_first) AND p.from_at <= v_last;
  -- Its values are constants to the planner, so that it looks at these partitions only.
  RETURN QUERY EXECUTE format($q$
    WITH found AS MATERIALIZED (
      SELECT w.block, w.partition FROM command_words w
       WHERE w.partition = ANY (%L::text[]) AND w.block >= %s AND w.block < %s AND w.words @@ %L::tsquery)
    SELECT f.block, min(p.from_at), max(p.to_at) FROM found f JOIN partition p ON p.name = f.partition
     GROUP BY f.block ORDER BY f.block %s LIMIT %s$q$,
    v_partitions, p_from, p_until, p_words, CASE WHEN p_newest THEN 'DESC' ELSE 'ASC' END, p_most);
END $$;

-- As before, and the words of the commands go with them.
-- Drops one partition of a run's plan, if policy, requirements, holds and deliveries let it go as of the run's time: all of it is
-- judged here, in the transaction that drops it, whoever calls. @returns 'purged', 'purged before', or why it is kept.
-- Waits for a lock at most 500 ms (55P03): the caller tries again. A partition of which one row is held stays whole.
CREATE OR REPLACE FUNCTION purge_partition(p_run bigint, p_name text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
  SET search_path FROM CURRENT SET TimeZone = 'UTC' SET lock_timeout = '500ms' AS $$
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
  -- Behind it: whoever was reading the partition, to write its words, has written them now.
  EXECUTE format('DROP TABLE IF EXISTS %I', command_words_table(p_name));
  RETURN 'purged';
END $$;

-- ── Facets of sessions ─────────────────────────────────────────────────────────────────────────────────────────
CREATE INDEX session_kind ON session (identity_kind, opened_at, id);
CREATE INDEX session_type ON session (connection_type, opened_at, id);
CREATE INDEX session_outcome ON session (outcome, opened_at, id);
CREATE INDEX session_approval ON session (approval_state, opened_at, id);
-- Whoever is asked for on a connection may be one of many there: neither index alone leads to a page.
CREATE INDEX session_touched ON session (connection, identity_id, opened_at, id);
-- The planner takes both for independent: of two that hardly ever meet it would think that any few sessions hold a page.
CREATE STATISTICS session_together (mcv) ON connection, identity_id FROM session;

-- ── Rights ─────────────────────────────────────────────────────────────────────────────────────────────────────
DO $$
DECLARE
  v_function regprocedure;
BEGIN
  FOR v_function IN SELECT oid::regprocedure FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace
      AND proname IN ('command_words_table', 'ensure_command_words', 'command_blocks', 'purge_partition')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', v_function, current_schema());
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', v_function);
  END LOOP;
END $$;
GRANT SELECT ON command_words TO affidavit_api, affidavit_recorder;
GRANT INSERT ON command_words TO affidavit_recorder;
GRANT EXECUTE ON FUNCTION ensure_command_words TO affidavit_recorder;
GRANT EXECUTE ON FUNCTION command_blocks TO affidavit_api;
