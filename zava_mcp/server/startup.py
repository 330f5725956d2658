"""Getting the shop ready beside the handshake, so that nobody waits for it who does not ask.

Costly in turn: the embedded PostgreSQL's start (in processes of its own, so it comes first), our
own imports of the SDK (the caller's), the database driver's import and the first connection (after
the list of tools is told). Imports nothing heavy itself.
"""

import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.errors import ZavaError
from zava_mcp.postgres.user_ids import require_identity
from zava_mcp.settings import Settings
from zava_mcp.telemetry import Observer

if TYPE_CHECKING:
    from zava_mcp.admin.sample_extension import SampleExtender
    from zava_mcp.sales.service import SalesService

_UNASKED_SECONDS = 0.5  # a client that lists no tools may still ask

_log = logging.getLogger(__name__)


class Startup:
    """Opens the shop in threads of its own. Raises IdentityError at once if the settings name no identity."""

    settings_fault: ZavaError | None = None  # of which all that is served speaks

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._embedded = None if settings.place else embedded_postgres(settings, self._tell)
        user_id = require_identity(settings, self._embedded)
        self.observer = Observer(settings.telemetry, user_id)
        self._wanted = threading.Event()
        self._tried = threading.Event()
        self._service: SalesService | None = None
        self._fault: ZavaError | None = None
        self._closed = False
        self._extender: SampleExtender | None = None
        self.progress = (0.0, "starting")

    def start_postgres(self) -> None:
        """Starts the embedded PostgreSQL, if it is set up already; its faults are told by who asks later."""
        if self._embedded is not None and self._embedded.logins():
            threading.Thread(target=self._start_postgres, name="start-postgres", daemon=True).start()

    def start(self) -> None:
        """Begins to open the shop as soon as somebody wants it, or soon anyway."""
        threading.Thread(target=self._open, name="open-shop", daemon=True).start()

    def want(self) -> None:
        """Somebody will ask soon: go on."""
        self._wanted.set()

    def wait(self, seconds: float) -> "SalesService | None":
        """The shop once the first attempt to open it is over, however it went; None if that takes longer.

        Raises the ZavaError that kept it from being there at all.
        """
        self.want()
        if not self._tried.wait(seconds):
            return None
        if self._service is None and self._fault is not None:
            raise self._fault
        return self._service

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

    def _tell(self, part: float, what: str) -> None:
        self.progress = (part, what)

    def _statistics(self) -> Mapping[str, float]:
        return self._service.statistics() if self._service is not None else {}

    def _start_postgres(self) -> None:
        try:
            assert self._embedded is not None
            self._embedded.open()
        except ZavaError as error:
            _log.info("%s", error.message)

    def _extend_sample(self) -> None:
        if self._embedded is not None:
            from zava_mcp.admin.sample_extension import SampleExtender

            self._extender = SampleExtender(self._embedded)
            self._extender.start()

    def _open(self) -> None:
        self._wanted.wait(_UNASKED_SECONDS)
        self.observer.export(self._statistics)
        try:
            from zava_mcp.sales.service import SalesService

            self._service = SalesService(self._settings, self._tell, self._embedded)
            self._service.open()
            with suppress(ZavaError):  # hints about errors are made of it
                self._service.read_catalogue()
            self._extend_sample()
        except ZavaError as error:
            self._fault = error
            if not self._closed:  # what closing keeps from opening is no fault
                _log.error("%s", f"{error.message}. {error.hint} {error.server_hint}".rstrip())
        except Exception:
            self._fault = ZavaError("the database could not be opened", "The server's log on stderr says why.")
            _log.exception("the database could not be opened")
        finally:
            self._tried.set()


class FaultyStartup(Startup):
    """In place of one that faulty settings keep from happening: it has no settings and opens nothing."""

    def __init__(self, fault: ZavaError) -> None:
        self.settings_fault = fault
        self.progress = (0.0, "not started")

    def start_postgres(self) -> None:
        """Nothing."""

    def start(self) -> None:
        """Nothing."""

    def want(self) -> None:
        """Nothing."""

    def wait(self, seconds: float) -> "SalesService | None":  # noqa: ARG002  # there is nothing to wait for
        """Raises the fault."""
        assert self.settings_fault is not None
        raise self.settings_fault

    def close(self) -> None:
        """Nothing."""
