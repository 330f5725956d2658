"""Where blocking work meets the event loop, and where every failure becomes a tool error."""

import logging
from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread
from mcp.server.mcpserver.exceptions import ToolError

from zava_mcp.errors import Busy, QueryError, ZavaError

T = TypeVar("T")

_WAITING = 32  # calls that may wait for their turn
_log = logging.getLogger(__name__)


class Desk:
    """Takes calls: so many at work in threads, so many waiting, the rest told to come back."""

    def __init__(self, at_once: int) -> None:
        self._limiter = anyio.CapacityLimiter(at_once)
        self._places = at_once + _WAITING
        self._taken = 0

    async def call(self, work: Callable[[], T], cancel: Callable[[], None] | None = None) -> T:
        """Runs blocking work in a thread; when the call is cancelled, so is the work, in the database too.

        Raises ToolError for every failure, with a text for the model.
        """
        if self._taken >= self._places:
            raise tool_error(Busy("too many questions at once", "Wait for some of them to be answered."))
        self._taken += 1
        try:
            return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._limiter)
        except anyio.get_cancelled_exc_class():
            if cancel is not None:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(cancel)
            raise
        except ZavaError as error:
            raise tool_error(error) from None
        except Exception:
            _log.exception("a tool failed")
            raise ToolError("an internal error; the server's log on stderr says more") from None
        finally:
            self._taken -= 1


def tool_error(error: ZavaError) -> ToolError:
    """The text a model reads: SQLSTATE and place where PostgreSQL gave them, the message, the hint."""
    text = error.message
    if isinstance(error, QueryError):
        text = f"{error.sqlstate}: {text}" if error.sqlstate else text
        text += f" (at character {error.position})" if error.position else ""
    return ToolError(f"{text.rstrip('.')}. {error.hint}" if error.hint else text)
