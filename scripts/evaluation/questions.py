"""The questions of the evaluation: sixty, with the SQL that answers them and a second formulation of it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
IDENTITIES = {
    "head office": "00000000-0000-0000-0000-000000000000",
    "seattle": "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "online": "2f4e6d8c-1a3b-5c7e-9f0a-b2d4f6e8c0a2",
}


@dataclass(frozen=True)
class Question:
    """A question of one identity. `gold` and `second` are SQL that answers it, "" if it must be declined; `secret` is
    SQL for what would leak then, as head office sees it.
    """

    name: str
    identity: str
    question: str
    gold: str = ""
    second: str = ""
    secret: str = ""
    hard: bool = False

    @property
    def domain(self) -> str:
        """sales, customers, stock, products or time; decline."""
        return self.name.partition("-")[0]

    @property
    def must_be_declined(self) -> bool:
        return not self.gold


def questions() -> list[Question]:
    """All of them, in the order of their file."""
    entries = tomllib.loads((HERE / "questions.toml").read_text(encoding="utf-8"))
    return [Question(name, **entry) for name, entry in entries.items()]
