ALTER TABLE expenses ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION own_teams() RETURNS int[] LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$ BEGIN
    RETURN (SELECT a.team_ids FROM public.access a WHERE a.login = session_user);
  END $$;
CREATE POLICY own_teams ON expenses FOR SELECT USING (team_id = ANY (own_teams()));
