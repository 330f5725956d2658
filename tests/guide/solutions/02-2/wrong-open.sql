CREATE POLICY everybody ON expenses FOR SELECT USING (true);
