ALTER TABLE shipments ENABLE ROW LEVEL SECURITY;
ALTER TABLE lines ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION my_entry() RETURNS entries
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT e.* FROM entries e WHERE e.login = session_user $$;
CREATE POLICY own ON shipments FOR SELECT
    USING ((SELECT (my_entry()).sees_all) OR store_id = ANY ((SELECT (my_entry()).stores)::integer[]));
CREATE POLICY own ON lines FOR SELECT USING (shipment_id IN (SELECT shipment_id FROM shipments));
