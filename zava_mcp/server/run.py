"""From settings to a serving process: the identity, its database, warm-up beside the handshake, the end."""

import gc
import logging
import os
import threading
from typing import Any, NoReturn

import anyio
import anyio.to_thread
from mcp.server.mcpserver.context import Context

from zava_mcp.database.opening import open_database
from zava_mcp.errors import DatabaseUnavailable, ZavaError
from zava_mcp.server.app import build
from zava_mcp.server.replies import tool_error
from zava_mcp.server.stdio import serve
from zava_mcp.settings import Settings

_PATIENCE = 50.0  # seconds a call waits for set-up: hosts give up after a minute
_BEAT = 0.25

_log = logging.getLogger(__name__)


class WarmUp:
    """Opens the database in a thread of its own, so that nobody waits for it who does not ask."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self._done = threading.Event()
        self._progress = (0.0, "starting")

    def start(self) -> None:
        threading.Thread(target=self._run, name="warm-up", daemon=True).start()

    def tell(self, part: float, what: str) -> None:
        """Takes the progress of set-up."""
        self._progress = (part, what)

    async def ready(self, ctx: Context[Any, Any]) -> None:
        """Waits until the first attempt to open is over, telling its progress.

        Raises ToolError if that takes longer than a client would wait.
        """
        waited = 0.0
        while not self._done.is_set():
            part, what = self._progress
            if waited >= _PATIENCE:
                raise tool_error(
                    DatabaseUnavailable(
                        f"the database is still being set up ({part:.0%}, {what})", "Ask again in a minute."
                    )
                )
            await ctx.report_progress(part, 1.0, what)
            await anyio.to_thread.run_sync(self._done.wait, _BEAT, abandon_on_cancel=True)
            waited += _BEAT

    def _run(self) -> None:
        try:
            self._database.open()
        except ZavaError as error:
            _log.error("%s. %s", error.message, error.hint)
        except Exception:
            _log.exception("the database could not be opened")
        finally:
            self._done.set()


def run(settings: Settings) -> NoReturn:
    """Serves until the client goes, then ends the process.

    The end is immediate: once connections are closed and the share in the embedded database is given
    back, nothing that the interpreter would still tear down matters to anybody.
    """
    opened = open_database(settings, lambda part, what: warm_up.tell(part, what))
    warm_up = WarmUp(opened.database)
    server = build(opened.database, settings, warm_up.ready)
    gc.freeze()
    warm_up.start()
    exit_code = 1
    try:
        exit_code = anyio.run(serve, server)
    finally:
        opened.close()
        logging.shutdown()
        os._exit(exit_code)
