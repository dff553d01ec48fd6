"""Many MQTT clients in one thread: they publish what was made before, and hear receipts.

By hand, since a client library would take more of the two cores than the broker.
"""

import selectors
import socket
import ssl
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

_CONNACK, _PUBLISH, _PUBACK, _SUBACK = 2, 3, 4, 9
_CHUNK = 65536


def _text(value: str) -> bytes:
    return struct.pack(">H", len(value)) + value.encode()


def _packet(head: int, body: bytes) -> bytes:
    length, size = bytearray(), len(body)
    while True:
        size, digit = divmod(size, 128)
        length.append(digit | (128 if size else 0))
        if not size:
            return bytes([head]) + bytes(length) + body


def publish(topic: str, mid: int, payload: bytes) -> bytes:
    """A whole PUBLISH of QoS 1."""
    return _packet(0x32, _text(topic) + struct.pack(">H", mid) + payload)


@dataclass
class Sender:
    """One client. `window`: how much of it may be without PUBACK."""

    line: socket.socket
    window: int
    waiting: deque[bytes] = field(default_factory=deque)
    unacknowledged: int = 0
    _read: bytearray = field(default_factory=bytearray)
    _unsent: bytes = b""

    def send(self) -> int:
        """Send what the window allows; how many messages that was."""
        count = min(self.window - self.unacknowledged, len(self.waiting))
        if self._unsent == b"" and count > 0:
            self._unsent = b"".join(self.waiting.popleft() for _ in range(count))
            self.unacknowledged += count
        else:
            count = 0
        if self._unsent:
            try:
                sent = self.line.send(self._unsent)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                sent = 0
            self._unsent = self._unsent[sent:]
        return count

    @property
    def is_blocked(self) -> bool:
        return self._unsent != b""

    def receive(self, on_message: Callable[[str, bytes], None]) -> None:
        while True:
            try:
                data = self.line.recv(_CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            if not data:
                raise ConnectionError("the broker closed a connection")
            self._read += data
        while (packet := self._take()) is not None:
            kind, body = packet
            if kind == _PUBACK:
                self.unacknowledged -= 1
            elif kind == _PUBLISH:
                size = int.from_bytes(body[:2])
                on_message(body[2 : 2 + size].decode(), body[2 + size :])

    def _take(self) -> tuple[int, bytes] | None:
        size = shift = 0
        for place in range(1, min(len(self._read), 5)):
            size |= (self._read[place] & 127) << shift
            shift += 7
            if self._read[place] < 128:
                end = place + 1 + size
                if len(self._read) < end:
                    return None
                kind, body = self._read[0] >> 4, bytes(self._read[place + 1 : end])
                del self._read[:end]
                return kind, body
        return None


def connect(
    port: int, name: str, context: ssl.SSLContext | None, topics: list[str], window: int
) -> Sender:
    """A client that has subscribed to the topics with QoS 0."""
    line = socket.create_connection(("127.0.0.1", port), timeout=20)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if context is not None:
        line = context.wrap_socket(line, server_hostname="127.0.0.1")
    line.sendall(_packet(0x10, _text("MQTT") + bytes([4, 2]) + struct.pack(">H", 0) + _text(name)))
    _expect(line, _CONNACK)
    if topics:
        wanted = b"".join(_text(topic) + b"\0" for topic in topics)
        line.sendall(_packet(0x82, b"\0\1" + wanted))
        _expect(line, _SUBACK)
    line.setblocking(False)
    return Sender(line, window)


def _expect(line: socket.socket, kind: int) -> None:
    head = line.recv(2)
    rest = line.recv(head[1])
    if head[0] >> 4 != kind or (kind == _CONNACK and rest[1]):
        raise ConnectionError(f"the broker answered {head.hex()} {rest.hex()}")


class Crowd:
    """All senders, served in turn by the calling thread."""

    def __init__(self, senders: list[Sender], on_message: Callable[[str, bytes], None]) -> None:
        self.senders = senders
        self._on_message = on_message
        self._selector = selectors.DefaultSelector()
        for sender in senders:
            self._selector.register(sender.line, selectors.EVENT_READ, sender)

    def serve(self, timeout_s: float = 0.002) -> None:
        """Read what came, then send what may be sent."""
        for key, _ in self._selector.select(timeout_s):
            key.data.receive(self._on_message)
        for sender in self.senders:
            if sender.waiting or sender.is_blocked:
                sender.send()

    @property
    def is_done(self) -> bool:
        """Whether all was sent and acknowledged by the broker."""
        return not any(each.waiting or each.unacknowledged for each in self.senders)

    def wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.serve()

    def close(self) -> None:
        self._selector.close()
        for sender in self.senders:
            sender.line.close()
