"""A way to a server that can be closed for a while: what asks meanwhile hears 503."""

import contextlib
import socket
import threading
from collections.abc import Iterator

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Switch:
    """Passes connections on to ``upstream``, as long as it is on."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._is_on = True
        self.refused = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    @contextlib.contextmanager
    def serving(self) -> Iterator["Switch"]:
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            yield self
        finally:
            self._listening.close()
            self._cut()

    @contextlib.contextmanager
    def off(self) -> Iterator[None]:
        """Whoever is connected is cut off, whoever asks is told 503."""
        self._is_on = False
        self._cut()
        try:
            yield
        finally:
            self._is_on = True

    def _cut(self) -> None:
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if not self._is_on:
            self.refused += 1
            with contextlib.suppress(OSError), client:
                client.recv(65536)
                client.sendall(BUSY)
            return
        with contextlib.suppress(OSError), client, socket.create_connection(self._upstream) as server:
            self._open |= {client, server}
            back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
            back.start()
            self._pump(client, server)
            back.join()
            self._open -= {client, server}

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
