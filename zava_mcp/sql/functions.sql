-- The allow-list of functions that identities may execute, as one query that lists the functions outside it.
-- hardening.sql revokes those from PUBLIC in databases that zava-mcp created; checks.sql reports those that an identity can
-- execute nevertheless.
-- A function in pg_catalog is allowed if
--   * it is IMMUTABLE and not an exception below: it computes a value from its arguments, and reads and changes nothing;
--   * it is STABLE or VOLATILE and named below, in a group with a reason. A name stands for all its signatures;
--   * SQL cannot call it (an argument of type internal, a trigger), or casts call it anyway: PostgreSQL checks no
--     privilege on the input and output functions of types.
-- New functions of a newer PostgreSQL are therefore denied until they are named here. The same rules hold for functions of
-- extensions in C, with a list of their own. Functions in SQL and PL/pgSQL can only call these functions.
SELECT p.oid, p.proname AS name, p.pronamespace = 'pg_catalog'::regnamespace AS built_in,
       CASE
           WHEN p.proname ~ '^(clock_timestamp|timeofday|uuidv7|uuid_generate_v[167].*|pg_sleep.*|pg_(postmaster_start|conf_load)_time|pg_stat_get_snapshot_timestamp)$'
           THEN 'clocks and waits within a statement'
           WHEN p.proname IN ('set_config', 'setseed', 'set_limit') THEN 'settings, and the seed of random()'
           WHEN p.proname ~ 'advisory|notif|listening|^pg_(terminate|cancel)_backend$' THEN 'locks, messages and signals between sessions'
           WHEN p.proname ~ '_to_xml|^(ts_stat|ts_rewrite|crosstab.*|connectby|dblink.*|xpath_table)$' THEN 'SQL text run within a function'
           WHEN p.proname ~ '^lo_|^loread$|^lowrite$' THEN 'large objects'
           WHEN p.provolatile = 'i' OR p.proname ~ '^binary_upgrade' THEN 'functions that no query needs'
           WHEN p.proname ~ '^pg_stat|wal|lsn|xid|xact|snapshot|control|replication|slot|_lock_|_pids|logical|^age$|multixact'
           THEN 'what other sessions do and how much they write'
           WHEN p.proname ~ 'size|filenode|filepath|toast|sequence|mcv_list|^pg_nextoid|^currtid|prewarm' THEN 'sizes and counters of whole tables'
           ELSE 'functions that no query needs'
       END AS observes
  FROM pg_catalog.pg_proc p
 WHERE NOT CASE
    WHEN p.prolang IN (SELECT oid FROM pg_catalog.pg_language WHERE lanname IN ('sql', 'plpgsql'))
         AND p.pronamespace <> 'pg_catalog'::regnamespace THEN true
    WHEN p.pronamespace IN ('information_schema'::regnamespace, to_regnamespace('zava')) THEN true
    WHEN 'internal'::regtype = ANY (p.proargtypes) OR p.prorettype = 'trigger'::regtype THEN true
    WHEN p.oid IN (SELECT typinput FROM pg_catalog.pg_type UNION ALL SELECT typoutput FROM pg_catalog.pg_type) THEN true

    WHEN p.provolatile = 'i' THEN p.proname <> ALL (string_to_array(
         -- These read the server's state although they are labelled IMMUTABLE.
         'pg_walfile_name pg_walfile_name_offset '
         -- Geometry compares each point or edge of one argument with each of the other, and cannot be interrupted.
         'path_distance path_inter poly_contain poly_contained poly_distance poly_overlap poly_same', ' '))

    -- The age of a transaction id reveals the number of all sessions' transactions; the age of a date does not.
    WHEN 'xid'::regtype = ANY (p.proargtypes) OR 'xid8'::regtype = ANY (p.proargtypes) THEN false

    WHEN p.pronamespace = 'pg_catalog'::regnamespace THEN p.proname = ANY (regexp_split_to_array(
         -- The time at which the statement or the transaction began. It stands still while a statement runs.
         'now transaction_timestamp statement_timestamp '

         -- Random values. No session can set the seed (setseed is not here).
         'random random_normal array_sample array_shuffle gen_random_uuid uuidv4 '

         -- Dates and times, which depend on the time zone or on DateStyle: functions, casts, operators, comparisons.
         'age date date_add date_part date_subtract date_trunc extract generate_series in_range make_timestamptz '
         'overlaps time timestamp timestamptz timetz timezone to_char to_date to_timestamp '
         'interval_pl_timestamptz timestamptz_mi_interval timestamptz_pl_interval '
         'date_cmp_timestamptz date_eq_timestamptz date_ge_timestamptz date_gt_timestamptz date_le_timestamptz '
         'date_lt_timestamptz date_ne_timestamptz timestamp_cmp_timestamptz timestamp_eq_timestamptz '
         'timestamp_ge_timestamptz timestamp_gt_timestamptz timestamp_le_timestamptz timestamp_lt_timestamptz '
         'timestamp_ne_timestamptz timestamptz_cmp_date timestamptz_cmp_timestamp timestamptz_eq_date '
         'timestamptz_eq_timestamp timestamptz_ge_date timestamptz_ge_timestamp timestamptz_gt_date '
         'timestamptz_gt_timestamp timestamptz_le_date timestamptz_le_timestamp timestamptz_lt_date '
         'timestamptz_lt_timestamp timestamptz_ne_date timestamptz_ne_timestamp '
         'pg_timezone_abbrevs pg_timezone_abbrevs_abbrevs pg_timezone_abbrevs_zone pg_timezone_names '

         -- Numbers and money, which depend on lc_numeric and lc_monetary.
         'money numeric to_number '

         -- Text, arrays, enums and bytes, which depend on the output functions of types or on encodings.
         'anytextcat array_to_string concat concat_ws convert convert_from convert_to enum_first enum_last enum_range '
         'format length quote_literal quote_nullable textanycat bpcharsend namesend textsend varcharsend '
         'xml xml_is_well_formed '

         -- JSON: constructors, aggregates and what the aggregates are made of, conversion from and to rows, paths.
         'array_to_json json_agg json_agg_strict json_build_array json_build_object json_object_agg '
         'json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict json_populate_record '
         'json_populate_recordset json_to_record json_to_recordset jsonb_agg jsonb_agg_strict jsonb_build_array '
         'jsonb_build_object jsonb_path_exists_tz jsonb_path_match_tz jsonb_path_query_array_tz '
         'jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record jsonb_populate_record_valid '
         'jsonb_populate_recordset jsonb_to_record jsonb_to_recordset row_to_json to_json to_jsonb '

         -- Full text, with the default configuration.
         'get_current_ts_config json_to_tsvector jsonb_to_tsvector phraseto_tsquery plainto_tsquery to_tsquery '
         'to_tsvector ts_debug ts_headline ts_match_tq ts_match_tt ts_parse ts_token_type websearch_to_tsquery '

         -- Type, size and validity of a value.
         'pg_basetype pg_collation_for pg_column_compression pg_column_size pg_input_error_info pg_input_is_valid '
         'pg_typeof '

         -- The session, its settings and the server, as they were when the session began. Our queries need some.
         'current_database current_schema current_schemas current_setting current_user getdatabaseencoding '
         'getpgusername pg_backend_pid pg_client_encoding pg_is_in_recovery session_user system_user version '

         -- The description of tables, columns and functions, as clients, information_schema and our queries read it.
         'aclexplode col_description format_type obj_description oidvectortypes pg_char_to_encoding '
         'pg_column_is_updatable pg_encoding_to_char pg_function_is_visible pg_get_constraintdef pg_get_expr '
         'pg_get_function_arg_default pg_get_function_arguments pg_get_function_identity_arguments '
         'pg_get_function_result pg_get_function_sqlbody pg_get_functiondef pg_get_indexdef pg_get_keywords '
         'pg_get_partkeydef pg_get_ruledef pg_get_serial_sequence pg_get_statisticsobjdef pg_get_triggerdef '
         'pg_get_userbyid pg_get_viewdef pg_has_role pg_is_other_temp_schema pg_my_temp_schema pg_options_to_table '
         'pg_relation_is_updatable pg_table_is_visible pg_type_is_visible regclass row_security_active '
         'shobj_description to_regclass to_regcollation to_regnamespace to_regoper to_regoperator to_regproc '
         'to_regprocedure to_regrole to_regtype to_regtypemod '

         -- Privileges, as information_schema, checks.sql and queries.sql ask for them.
         'has_any_column_privilege has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege '
         'has_function_privilege has_language_privilege has_parameter_privilege has_schema_privilege has_sequence_privilege '
         'has_server_privilege has_table_privilege has_type_privilege '

         -- Default values of rows that other programs insert. Each needs a privilege on the sequence; identities have none.
         'currval lastval nextval setval '

         -- Citus: what it calls for a query of the login, with the login's rights, on the nodes and for pg_class.
         'assign_distributed_transaction_id read_intermediate_result read_intermediate_results relation_is_a_known_shard', '\s+'))

    -- Extensions: search by similarity or without accents, random values, encryption of a value. pgvector's are immutable.
    ELSE p.proname = ANY (regexp_split_to_array(
         'citextsend gen_random_bytes gen_random_uuid gen_salt normal_rand pgp_pub_encrypt pgp_pub_encrypt_bytea '
         'pgp_sym_encrypt pgp_sym_encrypt_bytea show_limit similarity_op strict_word_similarity_commutator_op '
         'strict_word_similarity_op unaccent uuid_generate_v4 word_similarity_commutator_op word_similarity_op', '\s+'))
 END
