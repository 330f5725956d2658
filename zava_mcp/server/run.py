"""Runs a server process until its client leaves or a signal arrives, and exits."""

import gc
import logging
import os
from collections.abc import Awaitable, Callable
from typing import NoReturn

import anyio

from zava_mcp.errors import ZavaError
from zava_mcp.server.first_replies import FirstReplies
from zava_mcp.server.mcp_server import build_server
from zava_mcp.server.recorded_replies import NO_REPLIES
from zava_mcp.server.recording import record_to_cache
from zava_mcp.server.service_source import Catalogue, NoService
from zava_mcp.server.startup import Startup
from zava_mcp.server.transport import serve
from zava_mcp.settings import Settings
from zava_mcp.standard_streams import take_standard_streams

_log = logging.getLogger(__name__)


def run(settings: Settings, startup: Startup, first: FirstReplies) -> NoReturn:
    """Serves until the client leaves, then exits the process. `first` has the client's pipes.

    The process exits without the interpreter's own shutdown: connections are closed and the embedded database is
    released by then, and nothing else outlives the process.
    """
    server = build_server(startup, settings, startup.observer)
    gc.freeze()  # imported objects stay until the end, so the collector need not traverse them
    gc.enable()
    startup.start()
    _serve(lambda: serve(server, startup.close, first, lambda: record_to_cache(settings)), startup.close, 0)


def run_faulty(settings: Settings, fault: ZavaError) -> NoReturn:
    """Serves a server whose every call fails with a fault of the settings, then exits with the fault's exit code.

    `settings` are the defaults.
    """
    gc.enable()
    server = build_server(NoService(fault, Catalogue()), settings, None, fault)
    first = FirstReplies(NO_REPLIES, *take_standard_streams())
    _serve(lambda: serve(server, _close_nothing, first), _close_nothing, fault.exit_code)


def _close_nothing() -> None:
    """Does nothing."""


def _serve(work: Callable[[], Awaitable[int]], close: Callable[[], None], normal_exit_code: int) -> NoReturn:
    exit_code = 1
    try:
        exit_code = anyio.run(work) or normal_exit_code
    except BaseException:
        _log.exception("the server failed")
        close()
    finally:
        logging.shutdown()
        os._exit(exit_code)
