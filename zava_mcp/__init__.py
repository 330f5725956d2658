"""zava-mcp gives AI assistants read-only access to a company's sales in PostgreSQL, as exactly one identity.

Each directory is one layer or one topic, and imports only from those below it (import-linter enforces this):

    cli               terminal commands, tables, charts and progress
    server            the MCP server: tools, prompts, resources, the executor, the stdio transport
    doctor            checks of an installation
    clients           configuration of MCP clients
    charts            chart selection, Vega-Lite specifications, PNG rendering
    sales             sales queries, results, table descriptions, product search
    admin             set-up: migrations, identities, the sample, product embeddings
    embeddings        text to vector: Azure OpenAI, OpenAI, or the local model
    postgres          connections, the identity check, the pool, one query in one round trip
    embedded          the bundled PostgreSQL: create, share, start, stop
    telemetry         audit log, traces, metrics, redaction
    sql               every SQL statement
    settings          flags, environment and env file
    trusted_files     opens files and folders that other users of the machine cannot exchange
    standard_streams  repairs the streams and removes variables that a process inherits
    search_paths      removes the working directory from the paths where code and programs are searched
    company           whose sales these are: the company profile
    currencies        how amounts are written
    call_context      the record of the current call
    errors            every error that a reader can act on

A query runs from top to bottom: the tool in `server.tools` passes it to `server.executor`, which runs it in a worker
thread. `sales.service` makes a `postgres.query` of the text, and `postgres.pool` lends it a connection whose identity
is verified. `postgres.pipeline` sends BEGIN READ ONLY, the text alone, the text as a subquery and ROLLBACK in one
round trip, and reads the rows as they arrive. `sales.result` keeps as many rows as fit and writes the JSON.
"""
