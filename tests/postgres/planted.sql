-- What an unprivileged login plants where it may create: code that says who runs it, under the names that our SQL uses.
-- {names} are the functions' names, {operators} those of the operators.

-- name: exact
-- In the schema evil, which a search path may put before pg_catalog: the very signatures of PostgreSQL's own.
DO $$
DECLARE
    f record;
BEGIN
    CREATE FUNCTION evil.planted(what text) RETURNS boolean LANGUAGE plpgsql AS
        $body$ BEGIN RAISE LOG 'planted % ran as %', what, current_user; RETURN true; END $body$;
    FOR f IN SELECT p.proname, pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result
               FROM pg_proc p
              WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind <> 'p' AND p.proname = ANY ({names})
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s LANGUAGE plpgsql AS '
                           '''BEGIN PERFORM evil.planted(%L); %s END''',
                           f.proname, f.arguments, f.result, quote_literal(f.proname),
                           CASE WHEN f.result LIKE 'SETOF%' THEN 'RETURN;' ELSE 'RETURN NULL;' END);
        EXCEPTION WHEN others THEN NULL; -- which only C can be written in
        END;
    END LOOP;
    FOR f IN SELECT o.oprname, o.oprleft::regtype AS l, o.oprright::regtype AS r, o.oprresult::regtype AS result, o.oid
               FROM pg_operator o
              WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprleft <> 0 AND o.oprname = ANY ({operators})
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION evil.%I(%s, %s) RETURNS %s LANGUAGE plpgsql AS '
                           '''BEGIN PERFORM evil.planted(%L); RETURN NULL; END''',
                           'operator_' || f.oid, f.l, f.r, f.result, quote_literal(f.oprname));
            EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.%I)',
                           f.oprname, f.l, f.r, 'operator_' || f.oid);
        EXCEPTION WHEN others THEN NULL;
        END;
    END LOOP;
    FOR f IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')
    LOOP
        BEGIN
            EXECUTE format('CREATE VIEW evil.%1$I AS SELECT * FROM pg_catalog.%1$I WHERE evil.planted(%1$L)', f.relname);
        EXCEPTION WHEN others THEN NULL; -- which a login may not read
        END;
    END LOOP;
    GRANT USAGE ON SCHEMA evil TO PUBLIC;
    GRANT SELECT ON ALL TABLES IN SCHEMA evil TO PUBLIC;
END $$;

-- name: better
-- In the schema public, behind pg_catalog: overloads for types that PostgreSQL's own take only after a conversion.
DO $$
DECLARE
    types constant text[] := '{name,text,"character varying",uuid,oid,regclass,smallint,integer,bigint,numeric,boolean,"\"char\"",'
        'name[],text[],integer[],oid[],smallint[],record,regrole,"timestamp with time zone","double precision",date,aclitem[]}';
    wanted text;
    l text;
    r text;
    two boolean;
BEGIN
    FOREACH wanted IN ARRAY {names}
    LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_proc WHERE proname = wanted AND pronamespace = 'pg_catalog'::regnamespace);
        two := EXISTS (SELECT FROM pg_proc WHERE proname = wanted AND pronargs = 2);
        FOREACH l IN ARRAY types
        LOOP
            BEGIN
                EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS integer LANGUAGE plpgsql AS '
                               '''BEGIN PERFORM evil.planted(%L); RETURN 7; END''', wanted, l, quote_literal(wanted));
            EXCEPTION WHEN others THEN NULL;
            END;
            CONTINUE WHEN NOT two OR l <> ALL (types[1:9]);
            FOREACH r IN ARRAY types[1:9]
            LOOP
                BEGIN
                    EXECUTE format('CREATE FUNCTION public.%I(%s, %s) RETURNS text LANGUAGE plpgsql AS '
                                   '''BEGIN PERFORM evil.planted(%L); RETURN 7; END''', wanted, l, r, quote_literal(wanted));
                EXCEPTION WHEN others THEN NULL;
                END;
            END LOOP;
        END LOOP;
    END LOOP;
    FOREACH l IN ARRAY types[1:16]
    LOOP
        FOREACH r IN ARRAY types[1:16]
        LOOP
            BEGIN
                EXECUTE format('CREATE FUNCTION public.planted(%s, %s) RETURNS boolean LANGUAGE plpgsql AS '
                               '''BEGIN PERFORM evil.planted(''''operator''''); RETURN true; END''', l, r);
                FOREACH wanted IN ARRAY {operators}
                LOOP
                    CONTINUE WHEN EXISTS (
                        SELECT FROM pg_operator WHERE oprname = wanted AND oprleft = l::regtype AND oprright = r::regtype);
                    EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.planted)', wanted, l, r);
                END LOOP;
            EXCEPTION WHEN others THEN NULL;
            END;
        END LOOP;
    END LOOP;
END $$;
