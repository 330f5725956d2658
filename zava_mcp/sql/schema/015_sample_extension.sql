-- The last day to which the sample of an embedded database was extended. There is no row in a database that is not
-- extended: a server's database, an adopted one, and a sample with a chosen date.
CREATE TABLE zava.sample_extension (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    extended_to date    NOT NULL
);
COMMENT ON TABLE zava.sample_extension IS 'The day to which the sample was extended; empty where it is not.';
ALTER TABLE zava.sample_extension ENABLE ROW LEVEL SECURITY;
ALTER TABLE zava.sample_extension FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_maintains ON zava.sample_extension TO zava_owner USING (true) WITH CHECK (true);
ALTER TABLE zava.sample_extension OWNER TO zava_owner;
