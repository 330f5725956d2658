"""Reading a connection in sips, so that a message of any size can be left before it is in memory.

libpq reads on within one call for as long as there is something to read, and a server that sends an
error with a text of 900 MB is fast enough for all of it, several times over when libpq takes it apart.
So libpq is given no more than a sip at a time: the bytes are taken from the connection as they are,
encrypted or not, and put before libpq in a socket pair that stands in the connection's place meanwhile.
"""

import os
import select
import socket
import sys
import time
from contextlib import suppress

import psycopg
from psycopg import pq

_SIP_BYTES = 1 << 16
_SENDING_SECONDS = 5.0
_ROOM_BYTES = 1 << 18  # of the pair; more than a sip, which some systems would not grant by themselves


class BoundedReader:
    """What one connection brings, until it is closed; nothing may wait to be sent on it.

    The pair is made once: each question would feel it.
    """

    def __init__(self, pg: pq.abc.PGconn) -> None:
        self._pg = pg
        self._line: socket.socket | None = None
        self._ours: socket.socket
        self._theirs: socket.socket

    def take(self) -> int:
        """Lets libpq take in a part of what is there; returns about how many bytes. Raises psycopg.OperationalError."""
        if sys.platform == "win32":  # where a socket is no file that can be stood in for
            self._pg.consume_input()
            return 0
        if self._line is None:
            self._lay_line()
        assert self._line is not None
        sip = b""
        with suppress(OSError):  # of which libpq finds the reason
            sip = self._line.recv(_SIP_BYTES)
        if not sip:
            self._pg.consume_input()
            return 0
        view = memoryview(sip)
        while view:  # the pair may take less at once than it was asked to
            view = view[send_some(self._ours, view) :]
            self._give(self._pg.socket)
        return len(sip)

    def close(self) -> None:
        """Lets go of the connection, which has ended: the other side hears of it only then."""
        if self._line is not None:
            for end in (self._line, self._ours, self._theirs):
                end.close()
            self._line = None

    __del__ = close

    def _lay_line(self) -> None:
        self._line = socket.socket(fileno=os.dup(self._pg.socket))
        self._line.setblocking(False)
        self._ours, self._theirs = socket.socketpair()
        for end in (self._ours, self._theirs):
            end.setblocking(False)
        self._ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM_BYTES)

    def _give(self, fd: int) -> None:
        """Puts the pair in the connection's place until libpq has read it empty."""
        assert self._line is not None
        os.dup2(self._theirs.fileno(), fd, inheritable=False)
        try:
            self._pg.consume_input()
            while waiting_bytes(fd):
                self._pg.consume_input()
        finally:
            os.dup2(self._line.fileno(), fd, inheritable=False)
        if self._pg.ssl_in_use and (size := waiting_bytes(self._ours.fileno())):
            self._send_back(self._ours.recv(size))  # TLS may answer by itself, with new keys

    def _send_back(self, data: bytes) -> None:
        """Sends all of it to the server, which may read slowly. Raises psycopg.OperationalError."""
        assert self._line is not None
        until = time.monotonic() + _SENDING_SECONDS
        view = memoryview(data)
        while view:
            if not select.select([], [self._line], [], max(0.0, until - time.monotonic()))[1]:
                raise psycopg.OperationalError("the database does not read what it is sent")
            view = view[send_some(self._line, view) :]


def send_some(to: socket.socket, data: memoryview) -> int:
    """How many bytes a socket took. Raises psycopg.OperationalError if it takes none."""
    try:
        return to.send(data)
    except BlockingIOError:
        return 0
    except OSError as error:
        raise psycopg.OperationalError(f"could not send data: {error.strerror}") from None


def waiting_bytes(fd: int) -> int:
    """How many bytes a socket holds ready."""
    import fcntl
    import termios

    return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)), sys.byteorder)
