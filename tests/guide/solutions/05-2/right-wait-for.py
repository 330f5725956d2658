import asyncio


async def ask(client, query, seconds):
    call = client.call_tool("execute_sales_query", {"postgresql_query": query})
    try:
        result = await asyncio.wait_for(call, seconds)
    except TimeoutError:
        return None
    text = result.content[0].text
    if result.is_error:
        raise ValueError(text)
    return text
