-- What the policies ask about the login, a session looks up once instead of with every question: for each of the
-- shop's tables that is two to four times less work in planning, which short questions feel.

-- The asking login's entry in zava.access, as it is now. VOLATILE, so that it sees what was committed after the
-- statement began that asks: a revocation must not be missed by a statement that was running meanwhile.
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

-- The same, IMMUTABLE: where PL/pgSQL plans an expression that calls it, once a session, its value becomes a part of the
-- plan. Who uses it compares its login with session_user, which an admin's session can change, and uses it alone: what
-- another such function makes of it would stay in the plan when it changes. In a transaction that goes on seeing what
-- was committed when it began, there is nothing to keep for later: NULL, and each question looks it up.
CREATE FUNCTION zava.entry() RETURNS zava.access
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN CASE WHEN current_setting('transaction_isolation') = 'read committed' THEN zava.entry_now() END; END $$;
COMMENT ON FUNCTION zava.entry() IS 'The asking login''s entry as the session looked it up; for the functions of the policies.';

-- The functions that policies call have no rights beyond the asker's any more, and set nothing, which takes longer than
-- all else they do. Every name in them is written with its schema, so it does not matter where the asker looks for names.
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

-- When an entry changes, every session looks its own up again: altering a function, to what it is, ends the plans
-- that contain its value, of its own expressions and of statements that somebody prepared. One change at a time,
-- because two could not alter them at once.
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
-- Before the rows change, so that what the changing session looks up meanwhile is undone with the change; after each
-- row too, which is all that a subscription to another server's changes sets off.
CREATE TRIGGER access_changing BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON zava.access
    FOR EACH STATEMENT EXECUTE FUNCTION zava.access_changed();
CREATE TRIGGER access_changed AFTER INSERT OR UPDATE OR DELETE ON zava.access
    FOR EACH ROW EXECUTE FUNCTION zava.access_changed();
ALTER TABLE zava.access ENABLE ALWAYS TRIGGER access_changing, ENABLE ALWAYS TRIGGER access_changed;

-- They tell the asker about the asker; who may use the schema may call them, as the policies' functions do for them.
GRANT EXECUTE ON FUNCTION zava.entry_now(), zava.entry() TO PUBLIC;
REVOKE ALL ON FUNCTION zava.access_changed() FROM PUBLIC;
ALTER FUNCTION zava.entry_now() OWNER TO zava_owner;
ALTER FUNCTION zava.entry() OWNER TO zava_owner;
ALTER FUNCTION zava.access_changed() OWNER TO zava_owner;
