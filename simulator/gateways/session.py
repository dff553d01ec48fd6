"""A gateway's session with the broker: MQTT 3.1.1 over TLS by asyncio, QoS 1, clean."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from typing import NamedTuple

_PUBLISH, _PUBACK = 3, 4
_CONNACK, _SUBACK = 2, 9
_KEEPALIVE_S = 60
_PING_S = 30


class Published(NamedTuple):
    """`packet_id` None: nothing has to be acknowledged."""

    topic: str
    payload: bytes
    is_retained: bool
    packet_id: int | None


class Session:
    """One connection. ConnectionError, OSError or EOFError end it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._packet_id = 0

    @classmethod
    async def open(
        cls, host: str, port: int, context: ssl.SSLContext | None, name: str, topics: list[str]
    ) -> "Session":
        """Connected and subscribed."""
        server = None if context is None else host
        reader, writer = await asyncio.open_connection(
            host, port, ssl=context, server_hostname=server
        )
        # as the firmware's socket is: asyncio would send each piece by itself
        line = writer.get_extra_info("socket")
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
        session = cls(reader, writer)
        hello = _text("MQTT") + bytes([4, 2]) + struct.pack(">H", _KEEPALIVE_S) + _text(name)
        wanted = b"".join(_text(topic) + b"\1" for topic in topics)
        writer.write(_packet(0x10, hello))
        await session._expect(_CONNACK)
        writer.write(_packet(0x82, b"\0\1" + wanted))
        await session._expect(_SUBACK)
        return session

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """Send; the packet id that the broker's acknowledgement will name."""
        self._packet_id = self._packet_id % 0xFFFF + 1
        body = _text(topic) + struct.pack(">H", self._packet_id) + payload
        self._writer.write(_packet(0x33 if retain else 0x32, body))
        return self._packet_id

    def acknowledge(self, packet_id: int) -> None:
        self._writer.write(b"\x40\x02" + struct.pack(">H", packet_id))

    async def packets(self) -> AsyncIterator[Published | int]:
        """What comes: messages, and packet ids of what the broker took."""
        while True:
            kind, body = await self._packet()
            if kind >> 4 == _PUBACK:
                yield int.from_bytes(body[:2])
            elif kind >> 4 == _PUBLISH:
                end = 2 + int.from_bytes(body[:2])
                topic, packet_id = body[2:end].decode(), None
                if kind & 6:
                    packet_id = int.from_bytes(body[end : end + 2])
                    end += 2
                yield Published(topic, body[end:], bool(kind & 1), packet_id)

    async def ping(self) -> None:
        while True:
            await asyncio.sleep(_PING_S)
            self._writer.write(b"\xc0\0")

    def close(self) -> None:
        self._writer.transport.abort()

    async def _packet(self) -> tuple[int, bytes]:
        kind, size, shift = (await self._reader.readexactly(1))[0], 0, 0
        while True:
            digit = (await self._reader.readexactly(1))[0]
            size |= (digit & 127) << shift
            shift += 7
            if digit < 128:
                return kind, await self._reader.readexactly(size)

    async def _expect(self, kind: int) -> None:
        found, body = await self._packet()
        if found >> 4 != kind or body[-1] >= 0x80 or (kind == _CONNACK and body[1]):
            raise ConnectionError(f"the broker answered {found:#x} {body.hex()}")


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def _packet(head: int, body: bytes) -> bytes:
    length, size = bytearray(), len(body)
    while True:
        size, digit = divmod(size, 128)
        length.append(digit | (128 if size else 0))
        if not size:
            return bytes([head]) + bytes(length) + body
