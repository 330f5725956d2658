-- Taking time, memory, locks or room in the answer. One text a line; {3 times x} stands for xxx.
SELECT pg_sleep(3600)
SELECT pg_sleep_for('1 hour')
SELECT pg_sleep_until('infinity')
SELECT repeat(repeat('x', 1000000), 50)
SELECT repeat(repeat('x', 1000000), 2) FROM generate_series(1, 1000)
SELECT repeat('x', 2000000000)
SELECT repeat('x', 900000) FROM generate_series(1, 1000)
SELECT array_fill(0, ARRAY[10000000])
SELECT array_fill(NULL::int, ARRAY[1400]) FROM generate_series(1, 1000)
SELECT string_agg(g::text, ',') FROM generate_series(1, 1000000) g
SELECT jsonb_agg(g) FROM generate_series(1, 500000) g
SELECT array_agg(p) FROM retail.products p, generate_series(1, 100)
SELECT g FROM generate_series(1, 1000000000) g
SELECT E'\x01' || repeat(E'\x01', 900000) FROM generate_series(1, 100)
SELECT ('1' || repeat('0', 131000))::numeric FROM generate_series(1, 100)
SELECT 1e131071::numeric * 10
SELECT (repeat('[', 10000) || repeat(']', 10000))::json
SELECT (repeat('[', 100000) || repeat(']', 100000))::jsonb
SELECT repeat('(', 5000) || repeat(')', 5000)
SELECT 'infinity'::date, '-infinity'::timestamptz, 'NaN'::numeric, 'NaN'::float8, '0044-03-15 BC'::date, '4713-01-01 BC'::timestamptz
SELECT '[0:1][-1:0]={{1,2},{3,NULL}}'::int[], ARRAY['NULL', NULL, 'a"b', '{x}', '\', '']::text[]
SELECT '{"a":1,"a":2,"b":1.0000000000000000000001,"c":12345678901234567890}'::json
SELECT power(10::numeric, 100000)
SELECT ('a' || repeat('a', 30000)) ~ '^(a+)+$b'
SELECT * FROM generate_series(1, 10, 0)
SELECT set_config('statement_timeout', '0', true), set_config('transaction_timeout', '0', true), pg_sleep(3600)
SELECT set_config('client_connection_check_interval', '0', true), pg_sleep(3600)
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r
SELECT g FROM generate_series(1, 100000000) g ORDER BY random()
SELECT g, repeat('x', 1000) FROM generate_series(1, 1000000) g
SELECT 1{1663 times , 1}
SELECT 1{1700 times , 1}
SELECT 1{700 times , 1 AS ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc}
SELECT {6000 times (}1{6000 times )}
SELECT 1{20000 times  + 1}
SELECT {19000 times NOT }true
SELECT 1 WHERE 1 IN (0{19000 times , 1})
SELECT 1{800 times  UNION ALL SELECT 1}
SELECT {200 times (SELECT }1{200 times )}
SELECT {300 times * FROM (SELECT }1{300 times ) x}
SELECT ARRAY[{2000 times ARRAY[}1{2000 times ]}]
SELECT {3000 times CASE WHEN true THEN }1{3000 times  END}
SELECT '{99000 times x}'
SELECT '{40000 times é}'
SELECT 1 --{90000 times x}
SELECT 1 {2500 times /*}{2500 times */}
SELECT 1 {4000 times /*}
SELECT "{50000 times x}"
SELECT {90000 times x}
SELECT 1 AS {20000 times é}
SELECT {200000 times x}
SELECT '{49000 times [}'::json
SELECT (repeat('{"a":', 6000) || '1' || repeat('}', 6000))::jsonb
SELECT jsonb_pretty((repeat('[', 2000) || repeat(']', 2000))::jsonb)
SELECT ('$' || repeat('[0]', 30000))::jsonpath
SELECT jsonb_path_query(jsonb_agg(g), 'strict $[*] ? (@ > $[*])') FROM generate_series(1, 20000) g
SELECT (repeat('!', 50000) || 'a')::tsquery
SELECT to_tsvector(repeat('word ', 200000))
SELECT (repeat('{', 20000) || repeat('}', 20000))::int[]
SELECT array_fill(0, ARRAY[100, 100, 10, 2, 2, 2])
SELECT string_to_array(repeat('x,', 1000000), ',')
SELECT generate_series(1, 1000000), generate_series(1, 999999)
SELECT count(*) FROM generate_series('-infinity'::timestamp, 'infinity', '1 second')
SELECT factorial(30000) IS NULL
SELECT power(1.0000000001::numeric, 1e15::numeric)
SELECT (repeat('9', 131000)::numeric * repeat('9', 131000)::numeric) IS NULL
SELECT 'x' ~ '((x{1,100}){1,200}){1,200}'
SELECT repeat('x', 100000) ~ ('(' || repeat('x?', 2000) || ')' || repeat('x', 2000))
SELECT repeat('a', 100000) LIKE repeat('%a', 20000) || 'b'
SELECT regexp_replace(repeat('ab', 100000), '((a+)(b+))+?$', 'x')
SELECT lpad('x', 1073741000, 'x') || lpad('x', 1073741000, 'x')
SELECT to_char(1, repeat('9', 1000000))
SELECT '1'::bit(83886080)
SELECT xmlparse(document '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;">]><a>&e;&e;&e;&e;&e;&e;&e;&e;</a>')
SELECT xpath(repeat('/..', 100000), '<a/>')
SELECT array_fill(0.1, ARRAY[16000])::vector
SELECT ('{1:1}/1000000000')::sparsevec::vector
SELECT count(pg_try_advisory_lock(g)) FROM generate_series(1, 1000000) g
SELECT count(pg_notify('c' || g, repeat('x', 7000))) FROM generate_series(1, 1000) g
SELECT count(lo_create(0)) FROM generate_series(1, 1000) g
SELECT chr(0)
SELECT U&'\D83D'
SELECT U&'\D83D\DE00', chr(1114111), U&'\2028\2029\FEFF\200B', E'\x01\x1f\x7f'
SELECT convert_from('\xff', 'UTF8')
SELECT 1 AS "a""\'", 2 AS U&"\0007\2028"
SELECT
SELECT FROM retail.orders
SELECT FROM generate_series(1, 1000000)
SELECT ROW(1{1600 times , 1})
SELECT repeat('x', 500000000)
