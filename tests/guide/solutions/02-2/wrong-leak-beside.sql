ALTER TABLE expenses ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION flags() RETURNS boolean[] LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$ BEGIN
    RETURN (SELECT array_agg(n = ANY (a.team_ids) ORDER BY n)
              FROM public.access a, generate_series(1, 100) AS n WHERE a.login = session_user);
  END $$;
CREATE POLICY teams ON expenses FOR SELECT USING ((flags())[team_id]);
CREATE FUNCTION own_teams() RETURNS int[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  RETURN (SELECT a.team_ids FROM public.access a WHERE a.login = session_user);
CREATE POLICY own_teams ON expenses FOR SELECT USING (team_id = ANY (own_teams()));
