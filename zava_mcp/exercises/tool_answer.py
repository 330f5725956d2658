"""A tool as an answer: a Python file whose function registers it, called through an MCP client in memory."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zava_mcp.exercises.exercise import Wrong, read_answer
from zava_mcp.exercises.lab import Lab

if TYPE_CHECKING:
    from zava_mcp.server.trial_client import TrialClient

_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class ToolAnswer:
    """Imports an answer, registers its tools with `function`, and calls `check` with a client of the identity's server.

    `function` gets the ServerContext. The file is the learner's own program: it runs with the learner's rights.
    """

    function: str
    check: "Callable[[TrialClient], Awaitable[None]]"
    identity: str = "seattle"

    def __call__(self, file: Path, lab: Lab) -> None:
        """Checks an answer. Raises Wrong."""
        import anyio

        register = load_function(file, self.function)
        anyio.run(self._call, register, file, lab)

    async def _call(self, register: Callable[..., object], file: Path, lab: Lab) -> None:
        import anyio

        from zava_mcp.server.trial_client import trial_client

        try:
            with anyio.fail_after(_TIMEOUT_SECONDS):
                async with trial_client(register, lab.settings_of(self.identity)) as client:
                    await self.check(client)
        except TimeoutError:
            raise Wrong(f"{file.name} takes longer than {_TIMEOUT_SECONDS:g} seconds") from None
        except BaseExceptionGroup as group:
            raise _wrong_of(group) or group from None
        except (TypeError, ValueError, AttributeError, NameError, KeyError) as error:
            raise Wrong(f"{self.function} of {file.name} fails: {type(error).__name__}: {error}") from None


def load_function(file: Path, name: str) -> Callable[..., Any]:
    """A function of a Python file. Raises Wrong if the file cannot be imported or does not have it."""
    read_answer(file)
    spec = spec_from_file_location(f"answer_{file.stem.replace('-', '_')}", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise Wrong(f"{file.name} cannot be imported: {type(error).__name__}: {error}") from None
    found = getattr(module, name, None)
    if not callable(found):
        raise Wrong(f"{file.name} has no function {name}")
    function: Callable[..., Any] = found
    return function


def _wrong_of(group: BaseExceptionGroup[BaseException]) -> Wrong | None:
    """The Wrong inside a group of exceptions, which task groups raise."""
    for error in group.exceptions:
        if isinstance(error, Wrong):
            return error
        if isinstance(error, BaseExceptionGroup) and (wrong := _wrong_of(error)):
            return wrong
    return None
