-- Least privilege: a role for each kind of process, with what it needs and nothing else. Nobody may change or remove what is recorded.
-- Why: whoever steals the password of an app must not be able to edit the record. Locks: short ones on the tables, for the
-- grants. Takes: well under a second.
-- The roles are group roles without a login; each process has a login of its own, a member of its role (docs/retention.md). They
-- belong to the whole server: several databases of it, also at the same moment, share them.

DO $$
DECLARE
  v_role text;
BEGIN
  FOREACH v_role IN ARRAY ARRAY['affidavit_api', 'affidavit_forwarder', 'affidavit_recorder', 'affidavit_retention'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = v_role) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
      EXCEPTION
        -- Another database of this server made it a moment ago.
        WHEN duplicate_object OR unique_violation THEN NULL;
        -- Known to libs/record/src/migrate.ts, which says what to do.
        WHEN insufficient_privilege THEN
          RAISE EXCEPTION 'role % is missing, and % may not make it', v_role, current_user USING ERRCODE = 'AF001';
      END;
    END IF;
  END LOOP;
END $$;

DO $$
DECLARE
  v_table text;
BEGIN
  -- Nobody but the owner makes anything where the record lies. (Not an error where this schema is another's.)
  EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', current_schema());
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO affidavit_api, affidavit_forwarder, affidavit_recorder, affidavit_retention', current_schema());
  -- The ledger of deliveries, whatever tables it has: it is changed, never deleted from.
  FOR v_table IN SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
    AND (relname LIKE 'delivery\_%' OR relname LIKE 'reconciliation%' OR relname IN ('dead_letter', 'read_back', 'duty_turn'))
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO affidavit_api, affidavit_forwarder', v_table);
    EXECUTE format('GRANT SELECT ON %I TO affidavit_retention', v_table);
  END LOOP;
END $$;

-- FOR UPDATE needs a right to update; one column's is enough, and an identity column cannot be changed.
GRANT SELECT ON _prisma_migrations, log_head, run, event, partition, purge, retention_class
  TO affidavit_api, affidavit_forwarder, affidavit_recorder, affidavit_retention;
GRANT INSERT ON outbox TO affidavit_api, affidavit_forwarder, affidavit_recorder;

-- The recorder adds: rows, leaf data, marks. Rights on `event` do not reach its partitions, only what goes through it.
GRANT INSERT ON event, run, producer_epoch, quarantine, foreign_entry, session TO affidavit_recorder;
GRANT SELECT ON producer_node, producer_key, producer_epoch, quarantine, foreign_entry, session, projection, outbox, declared_loss,
  session_purged TO affidavit_recorder;
GRANT UPDATE ON log_head, producer_epoch, session, projection TO affidavit_recorder;
GRANT DELETE ON outbox, declared_loss, session, session_purged TO affidavit_recorder;
GRANT UPDATE (id) ON outbox, declared_loss TO affidavit_recorder;
GRANT SELECT, INSERT, UPDATE, DELETE ON reading_claim TO affidavit_api, affidavit_recorder;
GRANT EXECUTE ON FUNCTION ensure_partitions TO affidavit_recorder;

-- The API reads, and notes what people do. It alone sees the hashes of keys.
GRANT SELECT ON producer_node, producer_key, producer_epoch, enrolment, quarantine, foreign_entry, session, projection, api_key,
  read_sitting, hold, retention_change, retention_run TO affidavit_api;
GRANT SELECT (id, created_at) ON outbox TO affidavit_api;
GRANT INSERT ON producer_node, producer_key, enrolment, declared_loss, api_key, read_sitting TO affidavit_api;
GRANT UPDATE ON enrolment, read_sitting TO affidavit_api;
GRANT UPDATE (last_used_at, revoked_at, expires_at) ON api_key TO affidavit_api;
GRANT INSERT (id, matter, reason, session_id, identity_id, identity_kind, connection, types, outcome, from_at, to_at, placed_by) ON hold
  TO affidavit_api;
GRANT UPDATE (released_by, released_at, release_reason) ON hold TO affidavit_api;
GRANT INSERT (class, keep, requirements, reason, proposed_by) ON retention_change TO affidavit_api;
GRANT UPDATE (decided_by, decided_at, is_confirmed) ON retention_change TO affidavit_api;
GRANT INSERT (planned_at, planned, by) ON retention_run TO affidavit_api, affidavit_retention;
GRANT EXECUTE ON FUNCTION requirement_keep, keep_text TO affidavit_api, affidavit_retention;
GRANT EXECUTE ON FUNCTION raise_retention, confirm_retention, holds_on, partition_waits TO affidavit_api;

-- Retention plans, and asks the database to purge.
GRANT SELECT ON hold, retention_run, reading_claim TO affidavit_retention;
GRANT UPDATE (finished_at, report) ON retention_run TO affidavit_retention;
GRANT EXECUTE ON FUNCTION raise_retention, holds_on, partition_waits, prepare_purge, purge_partition TO affidavit_retention;
