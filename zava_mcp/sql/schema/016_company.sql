-- The company profile: whose sales these are. Every identity reads it; administrators write it.
CREATE TABLE zava.company (
    only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    name              text    NOT NULL DEFAULT '' CHECK (length(name) <= 100 AND name !~ '[[:cntrl:]]'),
    sells             text    NOT NULL DEFAULT '' CHECK (length(sells) <= 200 AND sells !~ '[[:cntrl:]]'),
    currency          text    NOT NULL DEFAULT '' CHECK (currency ~ '^([A-Z]{3})?$'),
    time_zone         text    NOT NULL DEFAULT 'UTC' CHECK (time_zone ~ '^[A-Za-z0-9_+/-]{1,64}$'),
    fiscal_year_start integer NOT NULL DEFAULT 1 CHECK (fiscal_year_start BETWEEN 1 AND 12),
    week_start        integer NOT NULL DEFAULT 1 CHECK (week_start BETWEEN 1 AND 7),
    notes             text    NOT NULL DEFAULT '' CHECK (length(notes) <= 1000 AND notes !~ '[[:cntrl:]]'),
    is_sample         boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE zava.company IS 'The company whose sales this database has: one row, written by zava-mcp company set.';
COMMENT ON COLUMN zava.company.currency IS 'ISO 4217 code; empty if it is not known';
COMMENT ON COLUMN zava.company.fiscal_year_start IS 'first month of the fiscal year, 1 to 12';
COMMENT ON COLUMN zava.company.week_start IS 'first day of the week, from 1 (Monday) to 7';
COMMENT ON COLUMN zava.company.notes IS 'what assistants should know, in the administrator''s words';
COMMENT ON COLUMN zava.company.is_sample IS 'whether the rows are the sample''s';

ALTER TABLE zava.company ENABLE ROW LEVEL SECURITY;
ALTER TABLE zava.company FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_maintains ON zava.company TO zava_owner USING (true) WITH CHECK (true);
CREATE POLICY every_identity ON zava.company FOR SELECT USING (zava.is_known());

-- Open sessions read the profile again.
CREATE FUNCTION zava.company_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    NOTIFY zava_schema_changed;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION zava.company_changed() IS 'Notifies servers of a change of the company profile.';
REVOKE ALL ON FUNCTION zava.company_changed() FROM PUBLIC;
CREATE TRIGGER company_changed AFTER INSERT OR UPDATE OR DELETE ON zava.company FOR EACH STATEMENT EXECUTE FUNCTION zava.company_changed();
ALTER FUNCTION zava.company_changed() OWNER TO zava_owner;
ALTER TABLE zava.company OWNER TO zava_owner;

-- The sample's profile where the sample or its stores are, else the neutral profile.
INSERT INTO zava.company (name, sells, currency, is_sample)
SELECT 'Zava Retail', 'DIY goods in seven shops in Washington State and an online store', 'USD', true
 WHERE EXISTS (SELECT FROM zava.about WHERE sample_seed IS NOT NULL)
    OR EXISTS (SELECT FROM retail.stores) AND NOT EXISTS (SELECT FROM retail.stores WHERE store_name NOT LIKE 'Zava Retail %');
INSERT INTO zava.company DEFAULT VALUES ON CONFLICT DO NOTHING;

-- Identities of an older version; others get the privilege when they are admitted (018).
DO $$
DECLARE
    login name;
BEGIN
    FOR login IN SELECT a.login FROM zava.access a JOIN pg_roles r ON r.rolname = a.login LOOP
        EXECUTE format('GRANT SELECT (name, sells, currency, time_zone, fiscal_year_start, week_start, notes, is_sample) ON zava.company TO %I', login);
    END LOOP;
END $$;

-- Comments of older databases that are true of the sample only, where they are still there word for word.
DO $$
DECLARE
    comment record;
BEGIN
    FOR comment IN
        WITH renewed (relation, column_name, older, newer) AS (VALUES
            ('stores', NULL, 'One row per store: seven shops and one online store', 'One row per store'),
            ('stores', 'store_name', 'e.g. Zava Retail Seattle', 'its values are listed below'),
            ('stores', 'is_online', 'true for the online store', 'true for an online store'),
            ('categories', NULL, 'The nine departments', 'One row per category of products'),
            ('categories', 'category_name', 'in capitals, e.g. POWER TOOLS', 'its values are listed below'),
            ('products', NULL, 'One row per product, sold in every store', 'One row per product'),
            ('products', 'cost', 'what Zava pays, US dollars', 'what the company pays, in its currency'),
            ('products', 'base_price', 'list price before discount, US dollars', 'list price before discount, in the company''s currency'),
            ('order_items', 'unit_price', 'US dollars per unit before discount', 'price of a unit before discount, in the company''s currency'),
            ('order_items', 'discount_amount', 'US dollars off the line', 'money off the line'),
            ('order_items', 'total_amount', 'US dollars paid: quantity * unit_price - discount_amount', 'money paid: quantity * unit_price - discount_amount'))
        SELECT format('COMMENT ON %s %s IS %L',
                      CASE WHEN r.column_name IS NOT NULL THEN 'COLUMN' WHEN c.relkind = 'v' THEN 'VIEW' ELSE 'TABLE' END,
                      c.oid::regclass || coalesce('.' || quote_ident(r.column_name), ''), r.newer) AS statement
          FROM renewed r
          JOIN pg_class c ON c.relname = r.relation AND c.relnamespace IN (to_regnamespace('retail'), to_regnamespace('zava')) AND c.relkind IN ('r', 'p', 'v')
          LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = r.column_name AND NOT a.attisdropped
         WHERE (r.column_name IS NULL OR a.attnum IS NOT NULL)
           AND CASE WHEN r.column_name IS NULL THEN obj_description(c.oid, 'pg_class') ELSE col_description(c.oid, a.attnum) END = r.older
        UNION ALL
        SELECT format('COMMENT ON SCHEMA %I IS %L', 'retail', 'Stores, products, stock, customers and orders')
         WHERE obj_description(to_regnamespace('retail'), 'pg_namespace') = 'Zava Retail: a DIY chain in Washington State, seven shops and one online store'
    LOOP
        BEGIN
            EXECUTE comment.statement;
        EXCEPTION WHEN insufficient_privilege THEN NULL; -- another role's object in an adopted database keeps its comment
        END;
    END LOOP;
END $$;
