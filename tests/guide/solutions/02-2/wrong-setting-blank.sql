CREATE FUNCTION own_teams() RETURNS int[] LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$ BEGIN
    RETURN (SELECT a.team_ids FROM public.access a WHERE a.login = coalesce(nullif(current_setting ('app.login', true), ''), session_user));
  END $$;
CREATE FUNCTION own_flags() RETURNS boolean[] LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    flags boolean[];
    team int;
  BEGIN
    FOREACH team IN ARRAY coalesce(public.own_teams(), '{}') LOOP
      flags[team] := true;
    END LOOP;
    RETURN flags;
  END $$;
ALTER TABLE expenses ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_teams ON expenses FOR SELECT USING (team_id = ANY (own_teams()));
CREATE POLICY isolation ON expenses AS RESTRICTIVE FOR SELECT USING ((own_flags())[team_id] IS NOT NULL);
