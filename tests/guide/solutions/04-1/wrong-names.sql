ALTER TABLE shipments ENABLE ROW LEVEL SECURITY;
ALTER TABLE lines ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shipments FOR SELECT USING (CASE session_user
    WHEN '{ann}' THEN store_id = 1 WHEN '{ben}' THEN store_id IN (2, 3) WHEN '{hq}' THEN true ELSE false END);
CREATE POLICY own ON lines FOR SELECT USING (EXISTS (SELECT FROM shipments s WHERE s.shipment_id = lines.shipment_id));
