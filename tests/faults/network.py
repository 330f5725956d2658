"""A TCP forwarder between a server and its database, which can drop data in either direction, break, and heal."""

import select
import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType

_PIECE = 65_536
_LOOK_SECONDS = 0.02
_FAR_SECONDS = 0.05


class Network:
    """Forwards connections on `port` to another port of this machine."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self._listener.getsockname()[1]
        self.silent = {"to_server": False, "to_client": False}
        self.broken = False
        self.far = False  # whether replies wait until the client has sent everything
        self.carried = 0  # bytes towards the client
        self.round_trips = 0  # how often a client sent data after the server did, or first
        self._asked: set[socket.socket] = set()  # clients that sent the last data
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._clients: set[socket.socket] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._carry, name="network", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Network":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join(5)
        self._drop_all()
        self._listener.close()

    def fall_silent(self, *directions: str) -> None:
        """Stops forwarding in these directions, or in both; connections seem alive to both ends."""
        self.silent.update(dict.fromkeys(directions or ("to_server", "to_client"), True))

    def cut(self) -> None:
        """Resets every connection, and each new one."""
        self.broken = True

    def heal(self) -> None:
        """Forwards again; data sent meanwhile arrives late."""
        self.broken = False
        self.silent = dict.fromkeys(self.silent, False)

    def _carry(self) -> None:
        while not self._ended.is_set():
            if self.broken:
                self._drop_all()
            readable = [self._listener, *(end for end in self._pairs if not self._is_silent(end))]
            for end in select.select(readable, [], [], _LOOK_SECONDS)[0]:
                if end is self._listener:
                    self._accept()
                elif end in self._pairs:
                    self._forward(end)

    def _is_silent(self, end: socket.socket) -> bool:
        return self.silent["to_server" if end in self._clients else "to_client"]

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", self._to), timeout=5)
        except OSError:
            _reset(client)
            return
        self._pairs.update({client: server, server: client})
        self._clients.add(client)

    def _forward(self, end: socket.socket) -> None:
        other = self._pairs[end]
        if self.far and end not in self._clients:
            while other in self._pairs and select.select([other], [], [], _FAR_SECONDS)[0]:
                self._forward(other)
        try:
            data = end.recv(_PIECE)
            other.sendall(data)
        except OSError:
            data = b""
        if end not in self._clients:
            self.carried += len(data)
            self._asked.discard(other)
        elif data and end not in self._asked:
            self._asked.add(end)
            self.round_trips += 1
        if not data:
            for one in (end, other):
                self._pairs.pop(one, None)
                self._clients.discard(one)
                one.close()

    def _drop_all(self) -> None:
        for end in list(self._pairs):
            _reset(end)
        self._pairs.clear()
        self._clients.clear()


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()
