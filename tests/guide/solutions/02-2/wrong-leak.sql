ALTER TABLE expenses ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION own_teams() RETURNS int[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  RETURN (SELECT a.team_ids FROM public.access a WHERE a.login = session_user);
CREATE POLICY own_teams ON expenses FOR SELECT USING (team_id = ANY (own_teams()));
