"""zava-mcp: questions about Zava Retail's sales, from PostgreSQL, as exactly one identity.

The floors, each importing only floors below:

    cli          the door for people: commands, tables, progress
    server       the door for models: MCP over stdio, tools, replies
    retail       what can be asked: sales queries, charts, table descriptions, answers and their bounds, the doctor
    embeddings   text to vector: Azure OpenAI, OpenAI or the model on this machine
    database     how we talk to PostgreSQL: proof of identity, pool, one question on the wire, set-up
    embedded     the bundled PostgreSQL: create, share, start, stop
    sql          every line of SQL: named queries, the schema, the sample
    settings     what flags, environment and env file say
    files        opens files and folders that other users of the machine cannot exchange
    standard_streams  settles the streams and variables that a process inherits
    search_paths takes the working directory off the paths on which code and programs are found
    errors       every failure a reader can act on

The path of one question: `server.app` takes the call, `server.replies` runs it in a thread and turns
errors into tool errors, `retail.shop` is the one door to the data, `retail.sales` makes a
`database.question` of the text, `database.pool` gives it a connection whose identity is proved,
`database.wire` sends BEGIN READ ONLY, the text alone, the text wrapped and ROLLBACK in one round trip
and reads the rows as they stream, and `retail.answers` keeps as many as fit and writes the JSON.
"""
