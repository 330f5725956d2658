"""What answers are checked with: the embedded database with the sample, opened when a check first needs it."""

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any

from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.postgres.user_ids import require_identity
from zava_mcp.progress_callback import Progress
from zava_mcp.settings import Settings

if TYPE_CHECKING:
    from zava_mcp.admin.scratch_database import ScratchDatabase
    from zava_mcp.sales.service import SalesService


@dataclass(frozen=True)
class Result:
    """The columns and rows of a query; numbers are int or Decimal."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    truncated: bool


class Lab:
    """The embedded database of the learner, and scratch databases beside it. It needs no network."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self._settings = replace(settings, database=None, admin_url=None, identity="")
        self._embedded = embedded_postgres(self._settings, progress)
        self._services: dict[str, SalesService] = {}

    def __enter__(self) -> "Lab":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for service in self._services.values():
            service.close()
        self._embedded.close()

    def settings_of(self, identity: str) -> Settings:
        """The settings of a server or command of an identity of the sample, such as "seattle"."""
        return replace(self._settings, identity=identity)

    def query(self, identity: str, sql: str) -> Result:
        """Runs a query as an identity, with the server's bounds. Raises QueryError or InputError."""
        service = self._service(identity)
        result = service.run_query(service.sales_query(sql, self._settings.max_rows))
        rows = [tuple(json.loads(row, parse_float=Decimal)) for row in result.rows]
        return Result(result.columns, rows, bool(result.truncated_by))

    def _service(self, identity: str) -> "SalesService":
        from zava_mcp.sales.service import SalesService

        self._embedded.open()
        if identity not in self._services:
            settings = self.settings_of(identity)
            requested = require_identity(settings, self._embedded)
            self._services[identity] = SalesService(settings, requested, self._embedded)
        return self._services[identity]

    def scratch_database(self, logins: tuple[str, ...], set_up: str) -> "AbstractContextManager[ScratchDatabase]":
        """A database of its own on the embedded server, as admin/scratch_database.py describes it."""
        from zava_mcp.admin.scratch_database import scratch_database

        address = self._embedded.open()
        return scratch_database(address, self._embedded.logins()[""], logins, set_up)
