-- Comments on tables and columns are in comments.sql, which set-up runs after the migrations.

COMMENT ON SCHEMA zava IS 'Who may see what in retail, and which version of the schema this is';
