-- Statements about the company profile that an administrator runs.

-- name: write_company
-- Writes the profile, also where its row is missing.
INSERT INTO zava.company (name, sells, currency, time_zone, fiscal_year_start, week_start, notes, is_sample)
VALUES (%(name)s, %(sells)s, %(currency)s, %(time_zone)s, %(fiscal_year_start)s, %(week_start)s, %(notes)s, %(is_sample)s)
ON CONFLICT (only_row) DO UPDATE
   SET (name, sells, currency, time_zone, fiscal_year_start, week_start, notes)
     = (excluded.name, excluded.sells, excluded.currency, excluded.time_zone, excluded.fiscal_year_start, excluded.week_start, excluded.notes);
