"""Reads a connection in chunks, so that a message of any size can be abandoned before it fills the memory.

Within one call, libpq reads for as long as data arrives, and an error message of 900 MB arrives fast enough to be read
whole; parsing it takes several times its size. This reader passes one chunk at a time to libpq: it receives the bytes
from the connection as they are, encrypted or not, and passes them to libpq through a socket pair that temporarily
replaces the connection's socket.
"""

import os
import select
import socket
import sys
import time
from contextlib import suppress

import psycopg
from psycopg import pq

_CHUNK_BYTES = 1 << 16
_SEND_SECONDS = 5.0
_BUFFER_BYTES = 1 << 18  # The socket pair's buffers; some defaults are smaller than a chunk.


class BoundedReader:
    """The reader of one connection, until it is closed; no data may be waiting to be sent on the connection.

    It creates the socket pair once, because creating it for each query would cost noticeable time.
    """

    def __init__(self, pg: pq.abc.PGconn) -> None:
        self._pg = pg
        self._server: socket.socket | None = None  # a duplicate of the connection's socket
        self._near: socket.socket
        self._far: socket.socket  # libpq reads from this end

    def read_chunk(self) -> int:
        """Lets libpq read one chunk, and returns its approximate size. Raises psycopg.OperationalError."""
        if sys.platform == "win32":  # Windows sockets cannot be replaced with dup2
            self._pg.consume_input()
            return 0
        if self._server is None:
            self._open_pair()
        assert self._server is not None
        chunk = b""
        with suppress(OSError):  # libpq reports the error when it reads
            chunk = self._server.recv(_CHUNK_BYTES)
        if not chunk:
            self._pg.consume_input()
            return 0
        view = memoryview(chunk)
        while view:  # the pair's buffer may be too small for the whole chunk
            view = view[send_some(self._near, view) :]
            self._pass_to_libpq(self._pg.socket)
        return len(chunk)

    def close(self) -> None:
        """Closes the duplicate socket of an ended connection, because the server sees the end only then."""
        if self._server is not None:
            for end in (self._server, self._near, self._far):
                end.close()
            self._server = None

    __del__ = close

    def _open_pair(self) -> None:
        self._server = socket.socket(fileno=os.dup(self._pg.socket))
        self._server.setblocking(False)
        self._near, self._far = socket.socketpair()
        for end in (self._near, self._far):
            end.setblocking(False)
        self._near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)

    def _pass_to_libpq(self, fd: int) -> None:
        """Replaces the connection's socket with the pair until libpq has read all of it."""
        assert self._server is not None
        os.dup2(self._far.fileno(), fd, inheritable=False)
        try:
            self._pg.consume_input()
            while waiting_bytes(fd):
                self._pg.consume_input()
        finally:
            os.dup2(self._server.fileno(), fd, inheritable=False)
        if self._pg.ssl_in_use and (size := waiting_bytes(self._near.fileno())):
            self._send_to_server(self._near.recv(size))  # TLS replies by itself to a key update

    def _send_to_server(self, data: bytes) -> None:
        """Sends all data to the server, which may read slowly. Raises psycopg.OperationalError."""
        assert self._server is not None
        deadline = time.monotonic() + _SEND_SECONDS
        view = memoryview(data)
        while view:
            if not select.select([], [self._server], [], max(0.0, deadline - time.monotonic()))[1]:
                raise psycopg.OperationalError("the database does not read what it is sent")
            view = view[send_some(self._server, view) :]


def send_some(target: socket.socket, data: memoryview) -> int:
    """Sends what the socket accepts, and returns the number of bytes. Raises psycopg.OperationalError."""
    try:
        return target.send(data)
    except BlockingIOError:
        return 0
    except OSError as error:
        raise psycopg.OperationalError(f"could not send data: {error.strerror}") from None


def waiting_bytes(fd: int) -> int:
    """The number of bytes that can be read from a socket."""
    import fcntl
    import termios

    return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)), sys.byteorder)
