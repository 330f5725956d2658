"""Opens the service in threads of its own while the client already does the handshake and lists the tools.

The order matters. The embedded PostgreSQL starts first, in processes of its own. Meanwhile the caller imports the MCP
SDK, and first_replies.py answers the client from a recording. The database driver is imported and the first connection
opened only after tools/list is answered. This is why the module imports the service, and with it psycopg, inside
functions.
"""

import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.errors import ZavaError
from zava_mcp.postgres.user_ids import require_identity
from zava_mcp.server.service_source import Catalogue
from zava_mcp.settings import Settings
from zava_mcp.telemetry import Observer

if TYPE_CHECKING:
    from zava_mcp.admin.sample_extension import SampleExtender
    from zava_mcp.sales.service import SalesService

_IDLE_SECONDS = 0.5  # a client may call a tool without listing the tools first

_log = logging.getLogger(__name__)


class Startup:
    """Opens the service in threads of its own. Raises IdentityError at once if the settings name no identity."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._embedded = None if settings.database else embedded_postgres(settings, self._set_progress)
        self._identity = require_identity(settings, self._embedded)
        self.observer = Observer(settings.telemetry, self._identity.user_id)
        self._needed = threading.Event()
        self._attempted = threading.Event()
        self._starting: threading.Thread | None = None
        self._start_fault: ZavaError | None = None
        self._service: SalesService | None = None
        self._fault: ZavaError | None = None
        self._closed = False
        self._extender: SampleExtender | None = None
        self.progress = (0.0, "starting")

    def start_postgres(self) -> None:
        """Starts the embedded PostgreSQL, or sets it up; `wait` raises its errors."""
        if self._embedded is not None:
            self._starting = threading.Thread(target=self._start_postgres, name="start-postgres", daemon=True)
            self._starting.start()

    def start(self) -> None:
        """Begins to open the service after `proceed`, or after half a second."""
        threading.Thread(target=self._open, name="open-service", daemon=True).start()

    def proceed(self) -> None:
        """Lets the service be opened now, because a call is expected."""
        self._needed.set()

    def wait(self, seconds: float) -> "SalesService | None":
        """The service after the first attempt to open it; None if that takes longer.

        Raises the ZavaError that prevented the service.
        """
        self.proceed()
        if not self._attempted.wait(seconds):
            return None
        if self._service is None and self._fault is not None:
            raise self._fault
        return self._service

    @property
    def catalogue(self) -> Catalogue | None:
        """The facts about the database, as far as it was read; None before the first attempt to read it has ended."""
        if (service := self._service) is None:
            return Catalogue() if self._attempted.is_set() else None
        if (known := service.saved_queries.exist) is None and not self._attempted.is_set():
            return None
        return Catalogue(service.has_orders, bool(known))

    def close(self) -> None:
        """Closes what was opened."""
        self._closed = True
        if self._extender is not None:
            self._extender.close()
        self.observer.close()
        if self._service is not None:
            self._service.close()
        elif self._embedded is not None:
            self._embedded.close()

    def _set_progress(self, part: float, step: str) -> None:
        self.progress = (round(part, 2), step)

    def _statistics(self) -> Mapping[str, float]:
        return self._service.statistics() if self._service is not None else {}

    def _start_postgres(self) -> None:
        try:
            assert self._embedded is not None
            self._embedded.open()
        except ZavaError as error:
            self._start_fault = error

    def _raise_start_fault(self) -> None:
        """Raises the error of starting PostgreSQL, which `open` would try again; a later call does."""
        if self._starting is not None:
            self._starting.join()
        if self._start_fault is not None:
            raise self._start_fault

    def _extend_sample(self) -> None:
        if self._embedded is not None:
            from zava_mcp.admin.sample_extension import SampleExtender

            self._extender = SampleExtender(self._embedded)
            self._extender.start()

    def _open(self) -> None:
        self._needed.wait(_IDLE_SECONDS)
        self.observer.export(self._statistics)
        try:
            from zava_mcp.sales.service import SalesService

            self._service = SalesService(self._settings, self._identity, self._embedded)
            self._raise_start_fault()
            self._service.open()
            with suppress(ZavaError):  # the catalogue only improves hints of later errors
                self._service.read_catalogue()
            self._extend_sample()
        except ZavaError as error:
            self._fault = error
            if not self._closed:  # an error is expected when closing interrupts opening
                _log.error("%s", f"{error.message}. {error.hint} {error.server_hint}".rstrip())
        except Exception:
            self._fault = ZavaError("the database could not be opened", "The server's log on stderr says why.")
            _log.exception("the database could not be opened")
        finally:
            self._attempted.set()
