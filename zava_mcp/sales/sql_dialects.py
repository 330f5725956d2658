"""SQL of other databases that PostgreSQL does not know, with its replacement."""

#: {function name in lower case: replacement}.
FUNCTIONS = {
    "date_add": "Add an interval: order_date + interval '1 day'.",
    "dateadd": "Add an interval: order_date + interval '1 month'.",
    "date_sub": "Subtract an interval: order_date - interval '1 day'.",
    "datediff": "Subtract dates; the result is days: date '2026-02-01' - order_date.",
    "timestampdiff": "Subtract dates; the result is days: date '2026-02-01' - order_date.",
    "date_diff": "Subtract dates; the result is days: date '2026-02-01' - order_date.",
    "datepart": "Use extract: extract(month FROM order_date).",
    "datename": "Use to_char: to_char(order_date, 'FMMonth').",
    "monthname": "Use to_char: to_char(order_date, 'FMMonth').",
    "dayname": "Use to_char: to_char(order_date, 'FMDay').",
    "date_format": "Use to_char: to_char(order_date, 'YYYY-MM').",
    "format": "Use to_char: to_char(order_date, 'YYYY-MM').",
    "strftime": "Use to_char: to_char(order_date, 'YYYY-MM').",
    "str_to_date": "Write a date as date '2026-01-31', or use to_date(text, 'YYYY-MM-DD').",
    "to_date": "Use to_date(text, 'YYYY-MM-DD').",
    "last_day": "Use (date_trunc('month', order_date) + interval '1 month - 1 day')::date.",
    "eomonth": "Use (date_trunc('month', order_date) + interval '1 month - 1 day')::date.",
    "getdate": "Use now(), or current_date.",
    "curdate": "Use current_date.",
    "sysdate": "Use now(), or current_date.",
    "today": "Use current_date.",
    **{
        unit: f"Use extract: extract({unit} FROM order_date)."
        for unit in ("year", "quarter", "month", "week", "day", "hour")
    },
    "dayofweek": "Use extract: extract(isodow FROM order_date) is 1 on Mondays.",
    "weekday": "Use extract: extract(isodow FROM order_date) is 1 on Mondays.",
    "ifnull": "Use coalesce.",
    "nvl": "Use coalesce.",
    "isnull": "Use coalesce, or IS NULL.",
    "zeroifnull": "Use coalesce(x, 0).",
    "safe_divide": "Use a / nullif(b, 0).",
    "if": "Use CASE WHEN … THEN … ELSE … END.",
    "iif": "Use CASE WHEN … THEN … ELSE … END.",
    "decode": "Use CASE WHEN … THEN … ELSE … END.",
    "countif": "Use count(*) FILTER (WHERE …).",
    "count_if": "Use count(*) FILTER (WHERE …).",
    "sumif": "Use sum(x) FILTER (WHERE …).",
    "group_concat": "Use string_agg(x, ', ').",
    "listagg": "Use string_agg(x, ', ').",
    "median": "Use percentile_cont(0.5) WITHIN GROUP (ORDER BY x).",
    "approx_count_distinct": "Use count(DISTINCT x).",
    "convert": "Use a cast: x::integer.",
    "try_cast": "Use a cast: x::integer.",
    "safe_cast": "Use a cast: x::integer.",
    "to_number": "Use a cast: x::numeric.",
    "len": "Use length.",
    "charindex": "Use strpos(text, part).",
    "instr": "Use strpos(text, part).",
    "locate": "Use strpos(text, part).",
    "substring_index": "Use split_part(text, ',', 1).",
    "regexp_contains": "Use text ~ 'pattern'.",
    "round": "Round numerics: round(x::numeric, 2).",
    "date_trunc": "Pass the unit as a string and a date: date_trunc('month', order_date).",
    "date_part": "Pass the unit as a string and a date: date_part('month', order_date).",
}

#: {type name in lower case: the type of PostgreSQL}.
TYPES = {
    **dict.fromkeys(("string", "nvarchar", "varchar2", "nchar", "ntext", "str", "longtext", "clob"), "text"),
    **dict.fromkeys(("number", "double", "float64", "numeric64", "bignumeric"), "numeric"),
    **dict.fromkeys(("int64", "signed", "unsigned", "long"), "bigint"),
    **dict.fromkeys(("tinyint", "mediumint", "int32"), "integer"),
    **dict.fromkeys(("datetime", "datetime2", "smalldatetime", "timestamp_ntz"), "timestamp"),
}

#: (pattern of the text before a syntax error, replacement).
SYNTAX = (
    (r"\bUSING\s*$", "Write the columns of USING in parentheses: USING (order_id)."),
    (r"\bFETCH\s+(FIRST|NEXT)\s+\d{1,9}\s+ROWS?[\s;]*$", "Write FETCH FIRST 5 ROWS ONLY, or LIMIT 5."),
    (r"\bDISTINCT\s+ON\s*$", "Write the columns of DISTINCT ON in parentheses: DISTINCT ON (customer_id)."),
    (r"\bINTERVAL\s*$", "Write intervals as one string: interval '30 days'."),
    (r"\bSELECT\s+TOP\s*\(?\s*$", "PostgreSQL has no TOP: end the query with LIMIT 5."),
    (r"\bEXTRACT\s*\(\s*\w+\s*$", "Write extract(month FROM order_date)."),
    (r"\*\s*(EXCEPT|EXCLUDE|REPLACE)\s*\(\s*$", "PostgreSQL has no * EXCEPT: name the columns."),
    (r"\bQUALIFY\s+[^;]*$", "PostgreSQL has no QUALIFY: filter window functions in an outer query."),
    (r"\bPIVOT\s*\(?[^;]*$", "PostgreSQL has no PIVOT: use sum(x) FILTER (WHERE …) for each column."),
    (r",\s*$", "Remove the comma before this position."),
)

#: {first word of a statement that is not a row-returning query: replacement}.
FIRST_WORDS = {
    "explain": "explain_sales_query shows the plan of a query: send the query to it, without EXPLAIN.",
    **dict.fromkeys(
        ("show", "describe", "desc", "help"), "get_multiple_table_schemas lists the tables and describes them."
    ),
    **dict.fromkeys(("use", "set", "reset"), "Send the SELECT alone: table names work without settings."),
    **dict.fromkeys(
        ("begin", "start", "commit", "rollback", "declare", "prepare", "execute", "go"),
        "Send the SELECT alone: each query has its own transaction.",
    ),
    **dict.fromkeys(
        (
            *("insert", "update", "delete", "merge", "create", "drop", "alter", "truncate", "grant", "revoke", "copy"),
            *("call", "do", "vacuum", "refresh", "replace", "upsert", "lock", "comment"),
        ),
        "This server is read-only: send a SELECT.",
    ),
}
