"""The company profile for texts that also work without the database."""

import anyio.to_thread

from zava_mcp.company import CompanyProfile
from zava_mcp.errors import ZavaError
from zava_mcp.server.service_source import ServiceSource

_SET_UP_SECONDS = 3.0  # longer than a database takes that is set up already, embedded or on a server


async def known_company(source: ServiceSource) -> CompanyProfile | None:
    """The profile as the server last read it, without a round trip; None if the database was not reached so far."""
    try:
        service = source.wait(0)
        if service is None:
            service = await anyio.to_thread.run_sync(source.wait, _SET_UP_SECONDS, abandon_on_cancel=True)
    except ZavaError:
        return None
    return service.company if service is not None else None
