import asyncio


async def ask(client, query, seconds):
    call = asyncio.ensure_future(client.call_tool("execute_sales_query", {"postgresql_query": query}))
    done, _ = await asyncio.wait({call}, timeout=seconds)
    if not done:
        return None
    result = call.result()
    if result.is_error:
        raise ValueError(result.content[0].text)
    return result.content[0].text
