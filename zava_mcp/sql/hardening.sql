-- A second lock, for databases that we own: what agents never need is taken from PUBLIC.
-- Only a superuser may do this, and only for the database it is connected to. Row-level security
-- does not depend on it.

-- Functions. The names, not signatures, because versions of PostgreSQL add variants.
DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN
        SELECT p.oid FROM pg_proc p
         WHERE p.pronamespace = 'pg_catalog'::regnamespace
           AND has_function_privilege('public', p.oid, 'EXECUTE')
           AND (p.proname IN (
                    -- changes settings, identities of older policies among them
                    'set_config',
                    -- waits
                    'pg_sleep', 'pg_sleep_for', 'pg_sleep_until',
                    -- stops other sessions of the same login
                    'pg_terminate_backend', 'pg_cancel_backend',
                    -- messages and transaction ids that outlive the call
                    'pg_notify', 'pg_logical_emit_message', 'txid_current', 'pg_current_xact_id', 'pg_export_snapshot',
                    -- runs SQL text that the planner has not seen
                    'query_to_xml', 'query_to_xmlschema', 'query_to_xml_and_xmlschema',
                    'cursor_to_xml', 'cursor_to_xmlschema', 'table_to_xml', 'table_to_xmlschema',
                    'table_to_xml_and_xmlschema', 'schema_to_xml', 'schema_to_xmlschema', 'schema_to_xml_and_xmlschema',
                    'database_to_xml', 'database_to_xmlschema', 'database_to_xml_and_xmlschema', 'ts_stat', 'ts_rewrite',
                    -- how much is in tables, whoever's rows they are
                    'pg_relation_size', 'pg_table_size', 'pg_indexes_size', 'pg_total_relation_size', 'pg_database_size',
                    'pg_relation_filepath', 'pg_relation_filenode', 'pg_column_toast_chunk_id',
                    'pg_tablespace_size', 'currtid2', 'brin_page_items', 'pg_nextoid', 'pg_log_backend_memory_contexts',
                    -- what others are doing, and how much they write
                    'pg_lock_status', 'pg_current_wal_lsn', 'pg_current_wal_insert_lsn', 'pg_current_wal_flush_lsn',
                    'pg_control_checkpoint', 'pg_control_system', 'pg_control_init', 'pg_control_recovery',
                    'pg_current_snapshot', 'txid_current_snapshot', 'txid_status', 'pg_xact_status', 'mxid_age',
                    'pg_last_committed_xact', 'pg_xact_commit_timestamp', 'pg_xact_commit_timestamp_origin',
                    'pg_last_wal_receive_lsn', 'pg_last_wal_replay_lsn', 'pg_last_xact_replay_timestamp',
                    'pg_get_replication_slots', 'pg_prepared_xact', 'pg_notification_queue_usage',
                    'pg_blocking_pids', 'pg_safe_snapshot_blocking_pids', 'pg_isolation_test_session_is_blocked',
                    -- outlives the call: the next random() would follow from it
                    'setseed')
                -- the age of a transaction id, not of a date
                OR p.oid = 'age(xid)'::regprocedure
                -- locks as signals between identities
                OR p.proname LIKE 'pg\_advisory%' OR p.proname LIKE 'pg\_try\_advisory%'
                -- large objects
                OR p.proname LIKE 'lo\_%' OR p.proname IN ('loread', 'lowrite')
                -- counters of rows, scans and sessions of everybody
                OR p.proname LIKE 'pg\_stat\_get\_%' AND p.proname NOT IN ('pg_stat_get_snapshot_timestamp')
                OR p.proname LIKE 'pg\_statio\_%')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END $$;

-- Row and page counts in the catalogue cover all stores' rows; everything else in it stays readable.
DO $$
DECLARE
    t record;
BEGIN
    FOR t IN
        SELECT a.attrelid::regclass AS name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
          FROM pg_attribute a
         WHERE a.attrelid = 'pg_class'::regclass AND NOT a.attisdropped
           AND a.attname NOT IN ('reltuples', 'relpages', 'relallvisible', 'relallfrozen', 'relfilenode')
         GROUP BY a.attrelid
    LOOP
        EXECUTE format('REVOKE SELECT ON %s FROM PUBLIC', t.name);
        EXECUTE format('GRANT SELECT (%s) ON %s TO PUBLIC', t.columns, t.name);
    END LOOP;
END $$;

-- No way into another database from here, nor from there into this one without being admitted.
DO $$
DECLARE
    d name;
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
END $$;

-- What a restricted admin, who is a member of zava_owner, needs of this to go on administrating.
DO $$ BEGIN
    GRANT EXECUTE ON FUNCTION pg_advisory_xact_lock(bigint), pg_try_advisory_lock(bigint), pg_advisory_unlock(bigint) TO zava_owner;
    -- With which the connections of somebody who was removed are ended.
    GRANT EXECUTE ON FUNCTION pg_terminate_backend(integer, bigint), pg_stat_get_activity(integer) TO zava_owner;
    GRANT SELECT ON pg_class TO zava_owner;
    GRANT USAGE ON LANGUAGE plpgsql TO zava_owner;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO zava_owner', current_database());
END $$;

-- Tells servers that cache the schema's description when it changes.
CREATE OR REPLACE FUNCTION zava.tell_schema_changed() RETURNS event_trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    IF TG_TAG <> 'ALTER FUNCTION' THEN -- which a change of zava.access makes, and which describes no table
        NOTIFY zava_schema_changed;
    END IF;
END $$;
REVOKE ALL ON FUNCTION zava.tell_schema_changed() FROM PUBLIC;
DROP EVENT TRIGGER IF EXISTS zava_schema_changed;
CREATE EVENT TRIGGER zava_schema_changed ON ddl_command_end EXECUTE FUNCTION zava.tell_schema_changed();
