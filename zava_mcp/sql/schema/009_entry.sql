-- A session looks its access entry up once and not with every query. For each retail table, this makes planning two to
-- four times faster, which is noticeable in short queries.

-- The current entry of the session's login in zava.access. VOLATILE, so that it sees what was committed after the calling
-- statement began: a running statement must not miss a revocation.
CREATE FUNCTION zava.entry_now() RETURNS zava.access
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    entry zava.access;
BEGIN
    SELECT a.* INTO entry FROM zava.access a WHERE a.login = session_user;
    RETURN entry;
END $$;
COMMENT ON FUNCTION zava.entry_now() IS 'The asking login''s entry in zava.access, NULL if it is unknown; for the functions of the policies.';

-- The same as IMMUTABLE: PL/pgSQL plans an expression that calls it once in a session, and its value becomes a part of the
-- plan. The calling functions compare the entry's login with session_user, which an administrator's session can change, and
-- use only this function: the value of another such function would stay in the plan after a change. In a transaction with
-- an older snapshot the value must not be kept: it is NULL, and each query looks the entry up.
CREATE FUNCTION zava.entry() RETURNS zava.access
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN CASE WHEN current_setting('transaction_isolation') = 'read committed' THEN zava.entry_now() END; END $$;
COMMENT ON FUNCTION zava.entry() IS 'The asking login''s entry as the session looked it up; for the functions of the policies.';

-- The functions that policies call now have no rights beyond the session's and set nothing, because setting takes longer
-- than all the rest. Every name in them has its schema, so the session's search path does not matter.
CREATE OR REPLACE FUNCTION zava.sees_all_stores() RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN
    RETURN coalesce(CASE WHEN (zava.entry()).login OPERATOR(pg_catalog.=) session_user THEN (zava.entry()).all_stores
                         ELSE (zava.entry_now()).all_stores END, false);
END $$;

CREATE OR REPLACE FUNCTION zava.visible_stores() RETURNS integer[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN
    RETURN coalesce(CASE WHEN (zava.entry()).login OPERATOR(pg_catalog.=) session_user THEN (zava.entry()).store_ids
                         ELSE (zava.entry_now()).store_ids END, '{}');
END $$;

CREATE OR REPLACE FUNCTION zava.only_store() RETURNS integer LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN
    RETURN CASE WHEN (zava.entry()).login OPERATOR(pg_catalog.=) session_user
                THEN CASE WHEN pg_catalog.cardinality((zava.entry()).store_ids) OPERATOR(pg_catalog.=) 1 THEN (zava.entry()).store_ids[1] END
                ELSE CASE WHEN pg_catalog.cardinality((zava.entry_now()).store_ids) OPERATOR(pg_catalog.=) 1
                          THEN (zava.entry_now()).store_ids[1] END END;
END $$;

CREATE OR REPLACE FUNCTION zava.is_known() RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN
    RETURN CASE WHEN (zava.entry()).login OPERATOR(pg_catalog.=) session_user THEN true
                ELSE (zava.entry_now()).login IS NOT NULL END;
END $$;

-- When an entry changes, every session must look its own up again: altering a function, without a change, invalidates the
-- plans that contain its value, including those of prepared statements. Changes run one at a time, because two sessions
-- cannot alter the functions at once.
CREATE FUNCTION zava.access_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    LOCK TABLE zava.about IN SHARE ROW EXCLUSIVE MODE;
    ALTER FUNCTION zava.sees_all_stores() COST 100;
    ALTER FUNCTION zava.visible_stores() COST 100;
    ALTER FUNCTION zava.only_store() COST 100;
    ALTER FUNCTION zava.is_known() COST 100;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION zava.access_changed() IS 'Makes sessions look their entries up again. After a change that no trigger sees: UPDATE zava.access SET login = login WHERE false.';
-- Before the rows change, so that what the changing session looks up meanwhile is undone with the change. After each row
-- too, because a subscription to another server's changes fires only row triggers.
CREATE TRIGGER access_changing BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON zava.access
    FOR EACH STATEMENT EXECUTE FUNCTION zava.access_changed();
CREATE TRIGGER access_changed AFTER INSERT OR UPDATE OR DELETE ON zava.access
    FOR EACH ROW EXECUTE FUNCTION zava.access_changed();
ALTER TABLE zava.access ENABLE ALWAYS TRIGGER access_changing, ENABLE ALWAYS TRIGGER access_changed;

-- They return data about the session's own login, so every role with USAGE on the schema may call them, as policies do.
GRANT EXECUTE ON FUNCTION zava.entry_now(), zava.entry() TO PUBLIC;
REVOKE ALL ON FUNCTION zava.access_changed() FROM PUBLIC;
ALTER FUNCTION zava.entry_now() OWNER TO zava_owner;
ALTER FUNCTION zava.entry() OWNER TO zava_owner;
ALTER FUNCTION zava.access_changed() OWNER TO zava_owner;
