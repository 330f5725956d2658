import anyio


async def ask(client, query, seconds):
    result = None
    with anyio.fail_after(seconds):
        result = await client.call_tool("execute_sales_query", {"postgresql_query": query})
    if result is None:
        return None
    if result.is_error:
        raise ValueError(result.content[0].text)
    return result.content[0].text
