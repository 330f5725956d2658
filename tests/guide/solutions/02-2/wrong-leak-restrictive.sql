ALTER TABLE expenses ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION flags() RETURNS boolean[] LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$ BEGIN
    RETURN (SELECT array_agg(n = ANY (a.team_ids) ORDER BY n)
              FROM public.access a, generate_series(1, 100) AS n WHERE a.login = session_user);
  END $$;
CREATE POLICY teams ON expenses AS RESTRICTIVE FOR SELECT USING ((flags())[team_id]);
CREATE POLICY everybody ON expenses FOR SELECT USING (true);
