"""A Modbus TCP converter that pairs serial answers with requests by their order alone."""

import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable

Answer = tuple[float, int, int]  # when it was asked for, its address, its number of registers


class Converter:
    """A register's value is its address. `answer` decides what becomes of the nth request.

    "drop": the connection is closed once the unit was asked; "foreign": an answer to another
    transaction comes first; "late": after the master has given up; else it is answered with the
    oldest answer that nobody took. One that is older than `forgets_s` is forgotten.
    """

    def __init__(self, answer: Callable[[int], str], forgets_s: float = 1) -> None:
        self._answer = answer
        self._forgets_s = forgets_s
        self._waiting: deque[Answer] = deque()
        self._asked = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                while self._serve(connection):
                    pass

    def _serve(self, connection: socket.socket) -> bool:
        try:
            request = connection.recv(12, socket.MSG_WAITALL)
        except OSError:
            return False
        if len(request) < 12:
            return False
        transaction, _, _, unit, function, address, count = struct.unpack(">HHHBBHH", request)
        what = self._answer(self._asked)
        self._asked += 1
        now = time.monotonic()
        while self._waiting and now - self._waiting[0][0] > self._forgets_s:
            self._waiting.popleft()
        self._waiting.append((now, address, count))
        if what == "drop":
            return False
        if what == "foreign":
            _send(connection, transaction ^ 0x5555, unit, function, address + 1, count)
        if what == "late":
            time.sleep(0.3)
        _, address, count = self._waiting.popleft()
        return _send(connection, transaction, unit, function, address, count)


def _send(
    connection: socket.socket, transaction: int, unit: int, function: int, address: int, count: int
) -> bool:
    registers = b"".join(at.to_bytes(2, "big") for at in range(address, address + count))
    head = struct.pack(">HHHBBB", transaction, 0, 3 + len(registers), unit, function, 2 * count)
    try:
        connection.sendall(head + registers)
    except OSError:
        return False
    return True
