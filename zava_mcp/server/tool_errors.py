"""Turns every error into the error that an MCP client reads: a tool error, or a resource error."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError, ToolError

from zava_mcp import call_context
from zava_mcp.errors import InputError, ZavaError

_log = logging.getLogger(__name__)


@contextmanager
def raise_tool_errors() -> Iterator[None]:
    """Turns what is raised inside into a ToolError; an unexpected error is logged, and its text is not repeated."""
    try:
        yield
    except ZavaError as error:
        raise tool_error(error) from None
    except Exception as error:
        call_context.current_call().record_error(error)
        _log.exception("a tool failed")
        raise ToolError("an internal error; the server's log on stderr says more") from None


def tool_error(error: ZavaError) -> ToolError:
    """The error that a model reads, recorded in the current call.

    Its text has SQLSTATE and position where PostgreSQL reported them, the message and the hint.
    """
    call_context.current_call().record_error(error)
    return ToolError(error_text(error))


def error_text(error: ZavaError) -> str:
    """An error with its hint as one text."""
    text = error.full_message()
    end = "" if text.endswith(("?", ".")) else "."
    hint = f"{error.hint} {error.server_hint}".strip()
    return f"{text}{end} {hint}" if hint else text


def resource_error(error: ToolError) -> ResourceError:
    """A tool error as the error of a resource; an invalid argument means that the resource does not exist."""
    kind = ResourceNotFoundError if isinstance(error.__context__, InputError) else ResourceError
    return kind(str(error))
