"""An exercise of the guide, the verdict on a learner's answer, and the error of an answer that is wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zava_mcp.errors import QueryError, ZavaError

if TYPE_CHECKING:
    from zava_mcp.exercises.lab import Lab

_MAX_BYTES = 1_000_000


class Wrong(Exception):
    """An answer is wrong: what is wrong with it, and what the learner can look at. It never has the solution."""

    def __init__(self, what: str, look_at: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.look_at = look_at


@dataclass(frozen=True)
class Verdict:
    """What `zava-mcp guide check` says about one exercise."""

    text: str
    is_right: bool = False


@dataclass(frozen=True)
class Exercise:
    """One exercise: its id such as "02-1", the file of its answer, and a check that raises Wrong.

    `look_at` names the section or page that helps, where an error names none.
    """

    id: str
    suffix: str
    check: "Callable[[Path, Lab], None]"
    look_at: str

    @property
    def file_name(self) -> str:
        """The name of the file that the learner writes."""
        return f"{self.id}{self.suffix}"

    def verdict(self, folder: Path, lab: "Lab") -> Verdict:
        """Checks the answer in a folder."""
        file = folder / self.file_name
        if not file.is_file():
            return Verdict(f"{self.id}: missing: write {file}")
        try:
            self.check(file, lab)
        except Wrong as wrong:
            return Verdict(f"{self.id}: wrong: {wrong.what}; look at {wrong.look_at or self.look_at}")
        except Exception as error:  # whatever an answer leads to; without the database there is no verdict
            if isinstance(error, ZavaError) and not isinstance(error, QueryError):
                raise
            what = f"the check cannot use this answer ({type(error).__name__})"
            return Verdict(f"{self.id}: wrong: {what}; look at {self.look_at}")
        return Verdict(f"{self.id}: right", is_right=True)


def read_answer(file: Path) -> str:
    """The text of an answer. Raises Wrong if it cannot be read or is empty."""
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise Wrong(f"{file.name} has more than {_MAX_BYTES:,} bytes")
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeError:
        raise Wrong(f"{file.name} is not UTF-8") from None
    except OSError as error:
        raise Wrong(f"{file.name} cannot be read: {error.strerror}") from None
    if not text.strip():
        raise Wrong(f"{file.name} is empty")
    return text
