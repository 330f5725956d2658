-- Files, programs, other databases, other sessions, replication, extensions. One text a line.
SELECT pg_read_file('PG_VERSION')
SELECT pg_read_binary_file('PG_VERSION')
SELECT pg_ls_dir('.')
SELECT pg_ls_waldir()
SELECT pg_ls_logdir()
SELECT pg_stat_file('PG_VERSION')
SELECT pg_current_logfile()
SELECT * FROM pg_hba_file_rules
SELECT * FROM pg_file_settings
SELECT * FROM pg_config
SELECT lo_import('/etc/hostname')
SELECT lo_export(1, '/tmp/zava_attack')
SELECT * FROM dblink('dbname=postgres', 'SELECT 1') AS t(a int)
SELECT * FROM postgres.public.x
SELECT pg_reload_conf()
SELECT pg_rotate_logfile()
SELECT pg_switch_wal()
SELECT pg_create_restore_point('x')
SELECT pg_promote()
SELECT pg_terminate_backend(pg_backend_pid())
SELECT pg_cancel_backend(pg_backend_pid())
SELECT pg_log_backend_memory_contexts(pg_backend_pid())
SELECT pg_create_physical_replication_slot('x')
SELECT pg_drop_replication_slot('x')
SELECT pg_import_system_collations('public')
SELECT binary_upgrade_set_next_pg_type_oid(1)
SELECT plpgsql_call_handler()
SELECT current_setting('data_directory')
SELECT current_setting('hba_file')
LOAD 'plpgsql'
SELECT pg_read_file('/etc/passwd', 0, 100, true)
SELECT pg_read_file('postgresql.conf'), pg_read_file('pg_hba.conf')
SELECT pg_read_binary_file('/proc/self/environ')
SELECT pg_ls_dir('/tmp')
SELECT pg_ls_tmpdir(), pg_ls_archive_statusdir()
SELECT pg_ls_logicalsnapdir(), pg_ls_logicalmapdir(), pg_ls_replslotdir('x')
SELECT pg_ls_summariesdir()
SELECT pg_stat_file('/etc/passwd', true)
SELECT pg_file_write('x', 'y', false), pg_file_unlink('x')
SELECT pg_logdir_ls()
SELECT convert_from(pg_read_binary_file('postmaster.pid'), 'UTF8')
SELECT * FROM pg_ident_file_mappings
SELECT * FROM pg_show_all_file_settings()
SELECT setting FROM pg_settings WHERE name IN ('data_directory', 'config_file', 'ssl_key_file', 'krb_server_keyfile', 'primary_conninfo')
SELECT current_setting('ssl_key_file'), current_setting('config_file')
SELECT current_setting('primary_conninfo'), current_setting('archive_command')
SELECT pg_tablespace_location(oid), pg_tablespace_databases(oid) FROM pg_tablespace
SELECT * FROM pg_available_extension_versions WHERE installed AND name NOT IN ('plpgsql', 'vector')
SELECT subconninfo FROM pg_subscription
SELECT umoptions FROM pg_user_mapping
SELECT * FROM pg_user_mappings
SELECT srvoptions FROM pg_foreign_server
SELECT dblink_connect('host=127.0.0.1 dbname=postgres')
SELECT dblink_connect_u('dbname=postgres user=postgres')
SELECT dblink_exec('dbname=zava', 'DELETE FROM retail.orders')
SELECT * FROM dblink('dbname=zava user=postgres', 'SELECT order_id FROM retail.orders') AS t(a int)
SELECT * FROM template1.pg_catalog.pg_class
SELECT * FROM postgres.pg_catalog.pg_class
SELECT lo_import('/etc/passwd', 4711)
SELECT lo_get(4711), lo_export(4711, '/tmp/zava_attack')
SELECT loread(lo_open(4711, 262144), 100)
SELECT lo_put(4711, 0, 'x'), lo_unlink(4711)
SELECT lo_open(oid, 131072) FROM pg_largeobject_metadata
SELECT pg_terminate_backend(pid, 100) FROM pg_stat_activity WHERE usename <> session_user
SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
SELECT pg_terminate_backend(g) FROM generate_series(pg_backend_pid() - 50, pg_backend_pid() - 1) g
SELECT pg_log_backend_memory_contexts(g) FROM generate_series(1, 50) g
SELECT pg_signal_autovacuum_worker()
SELECT pg_backup_start('x'), pg_backup_stop()
SELECT pg_start_backup('x')
SELECT pg_log_standby_snapshot()
SELECT pg_wal_replay_pause(), pg_wal_replay_resume()
SELECT pg_create_logical_replication_slot('x', 'test_decoding')
SELECT pg_copy_physical_replication_slot('a', 'b'), pg_replication_slot_advance('a', '0/0')
SELECT pg_logical_slot_get_changes('x', NULL, NULL), pg_logical_slot_peek_changes('x', NULL, NULL)
SELECT pg_sync_replication_slots()
SELECT pg_replication_origin_create('x'), pg_replication_origin_session_setup('x')
SELECT pg_stat_reset_single_table_counters('retail.orders'::regclass)
SELECT pg_stat_reset_slru('x'), pg_stat_reset_subscription_stats(1)
SELECT pg_stat_reset_backend_stats(1)
SELECT pg_extension_config_dump('retail.orders', '')
SELECT binary_upgrade_create_empty_extension('x', 'y', true, 'z', NULL, NULL, NULL)
SELECT pg_event_trigger_ddl_commands()
SELECT zava.tell_schema_changed()
SELECT plpgsql_inline_handler(NULL), plpgsql_validator(1)
SELECT fmgr_sql_validator(1), fmgr_c_validator(1), fmgr_internal_validator(1)
SELECT suppress_redundant_updates_trigger()
SELECT "RI_FKey_cascade_del"()
SELECT amvalidate(403), pg_indexam_has_property(403, 'x')
SELECT gin_clean_pending_list('retail.products_words'), brin_desummarize_range('retail.orders_pkey', 0)
SELECT pg_import_system_collations('pg_catalog'), pg_collation_actual_version(100)
SELECT pg_database_collation_actual_version(oid) FROM pg_database
SELECT xmlparse(document '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>')
SELECT xpath('/a/text()', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>')
SELECT xmlparse(document '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x"><a/>')
SELECT xslt_process('<a/>', '<x/>')
SELECT * FROM XMLTABLE('/a' PASSING '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>' COLUMNS t text PATH '.')
SELECT system('id'), sys_exec('id'), eval('1')
SELECT uuid_generate_v1(), gen_salt('bf'), pgp_sym_decrypt('x', 'y')
SELECT pg_prewarm('retail.orders'), autoprewarm_start_worker()
SELECT inet_server_addr(), inet_client_addr(), pg_postmaster_start_time(), pg_conf_load_time(), version()
COPY (SELECT 1) TO PROGRAM 'id'
COPY retail.orders FROM PROGRAM 'cat /etc/passwd'
LOAD '/tmp/x.so'
CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/tmp/x.so', 'f'
CREATE EXTENSION plpython3u
CREATE TABLESPACE x LOCATION '/tmp'
CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p
CREATE DATABASE x
DROP DATABASE zava
ALTER SYSTEM SET archive_command = 'id'
