ALTER TABLE shipments ENABLE ROW LEVEL SECURITY;
ALTER TABLE lines ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION sees(store integer) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ BEGIN
    RETURN EXISTS (SELECT FROM entries WHERE login = session_user AND (sees_all OR store = ANY (stores)));
END $$;
CREATE POLICY own ON shipments FOR SELECT USING (sees(store_id));
CREATE POLICY own ON lines FOR SELECT USING (EXISTS (SELECT FROM shipments s WHERE s.shipment_id = lines.shipment_id));
