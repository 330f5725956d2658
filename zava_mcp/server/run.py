"""A serving process, from its settings to its end."""

import gc
import logging
import os
from typing import Any, NoReturn

import anyio
from mcp.server.mcpserver import MCPServer

from zava_mcp.errors import ZavaError
from zava_mcp.server.mcp_server import build_server
from zava_mcp.server.startup import FaultyStartup, Startup
from zava_mcp.server.transport import serve
from zava_mcp.settings import Settings

_log = logging.getLogger(__name__)


def run(settings: Settings, startup: Startup) -> NoReturn:
    """Serves until the client goes, then ends the process.

    The end is immediate: once connections are closed and the share in the embedded database is given
    back, nothing that the interpreter would still tear down matters to anybody.
    """
    server = build_server(startup, settings)
    gc.freeze()  # what was imported stays: the collector need not look at it again and again
    gc.enable()
    startup.start()
    _serve(server, startup, 0)


def run_faulty(settings: Settings, fault: ZavaError) -> NoReturn:
    """Serves a fault of the settings, and nothing else; `settings` are the defaults. The exit code is the fault's."""
    startup = FaultyStartup(fault)
    gc.enable()
    _serve(build_server(startup, settings), startup, fault.exit_code)


def _serve(server: MCPServer[Any], startup: Startup, at_the_end: int) -> NoReturn:
    exit_code = 1
    try:
        exit_code = anyio.run(serve, server, startup.close) or at_the_end
    except BaseException:
        _log.exception("the server failed")
        startup.close()
    finally:
        logging.shutdown()
        os._exit(exit_code)
