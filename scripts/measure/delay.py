"""A far-away database: a port whose traffic to the real one takes its time in both directions."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from zava_mcp.embedded import Address

MILLISECONDS = 20.0  # there and back
_PIECE = 65_536


@contextmanager
def far_away(address: Address) -> Iterator[int]:
    """The port that leads to a cluster on this machine, `MILLISECONDS` away."""
    loop = asyncio.new_event_loop()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(_PIECE):
                loop.call_later(MILLISECONDS / 2000, writer.write, piece)
        loop.call_later(MILLISECONDS / 2000, writer.close)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if address.host.startswith("/"):
            there = await asyncio.open_unix_connection(f"{address.host}/.s.PGSQL.{address.port}")
        else:
            there = await asyncio.open_connection(address.host, address.port)
        await asyncio.gather(carry(reader, there[1]), carry(there[0], writer))

    listening = loop.run_until_complete(asyncio.start_server(accept, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, name="far away", daemon=True)
    thread.start()
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
