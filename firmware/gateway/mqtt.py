"""An MQTT 3.1.1 client (OASIS, 2014): QoS 1 both ways, last will, TLS, bounded memory."""

import asyncio
import struct
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from gateway import connection
from gateway.health import log

_LARGEST_PACKET = const(4096 + 256)
_SKIP_BYTES = const(512)
# A longer one, or one that takes longer, is no message but an attack, or another service.
_LARGEST_SKIPPED = const(1 << 24)
_LONGEST_SKIP = const(20)  # keepalives

_PUBLISH = const(3)
_PUBACK = const(4)
_SUBACK = const(9)
_PINGRESP = const(13)
_CONNACK = b"\x20\x02"
_PINGREQ = b"\xc0\x00"
_DISCONNECT = b"\xe0\x00"


class MqttError(Exception):
    """The broker refused, or did not keep to the protocol."""


def tls_context(ca: bytes, cert: bytes, key: bytes):
    """A context that checks the broker's certificate and shows ours; all DER.

    The handshake happens at the first write. A certificate that fails raises ValueError there.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED  # type: ignore[attr-defined]  # not in the stubs
    context.load_verify_locations(cadata=ca)
    context.load_cert_chain(cert, key)
    return context


async def open_stream(host: str, port: int, tls, server_hostname, timeout_ms: int):
    """Raises OSError; of TLS the first write finds out whether it comes to anything."""
    stream = await connection.connect(host, port, timeout_ms)
    if tls:
        sock = stream.s
        try:
            sock = tls.wrap_socket(
                sock, server_hostname=server_hostname, do_handshake_on_connect=False
            )
            stream = asyncio.StreamReader(sock)
        except BaseException:
            sock.close()
            raise
    return stream


class Client:
    """One connection to a broker, over a stream that was opened for it.

    A broker that takes longer than `keepalive_s` for anything it owes is given up.
    `on_message(topic, payload, retained)` is awaited before the broker is told that it arrived.
    `on_puback(packet_id)` is called when the broker has taken a publication.
    """

    def __init__(self, stream, client_id: str, keepalive_s: int, on_message, on_puback):
        self._client_id = client_id
        self._keepalive_s = keepalive_s
        self._patience_ms = keepalive_s * 1000
        self._on_message = on_message
        self._on_puback = on_puback
        self._packet_id = 0
        self.skipping = False  # a packet is being read past, and what came behind it waits
        self._stream = stream
        self._write_lock = asyncio.Lock()

    async def connect(self, will_topic: str, will_payload: bytes) -> None:
        """Begin a clean session, so that nothing stale is delivered, with a retained last will.

        Raises OSError, ValueError (TLS), MqttError, EOFError or asyncio.TimeoutError.
        """
        flags = 0x20 | 0x08 | 0x04 | 0x02  # will: retained, QoS 1; clean session
        body = (
            _text("MQTT")
            + bytes([4, flags])
            + struct.pack(">H", self._keepalive_s)
            + _text(self._client_id)
            + _text(will_topic)
            + _text(will_payload)
        )
        await self._send(b"\x10" + _length(len(body)) + body)
        # Nothing else is read: who answers is not known yet, and nobody sees this go on.
        answer = await self._read(4)
        if answer[:2] != _CONNACK:
            raise MqttError("the broker did not answer CONNECT")
        if answer[3]:
            raise MqttError("the broker refuses the connection: code %d" % answer[3])

    async def subscribe(self, topics) -> None:
        """Ask for topics with QoS 1; `run` raises MqttError when the broker refuses one."""
        body = struct.pack(">H", self.next_id())
        for topic in topics:
            body += _text(topic) + b"\x01"
        await self._send(b"\x82" + _length(len(body)) + body)

    def next_id(self) -> int:
        """A packet id for `publish`."""
        self._packet_id = self._packet_id % 0xFFFF + 1
        return self._packet_id

    async def publish(self, topic: str, payload: bytes, retain: bool = False, packet_id=None):
        """Send with QoS 1. `on_puback` will name the packet id."""
        head = _text(topic) + struct.pack(">H", packet_id or self.next_id())
        first = b"\x33" if retain else b"\x32"
        await self._send(first + _length(len(head) + len(payload)) + head, payload)

    async def run(self) -> None:
        """Receive until the connection ends, which raises. Pings when nothing comes."""
        ping_ms = self._keepalive_s * 500
        pinged = False
        while True:
            try:
                first = await asyncio.wait_for_ms(self._stream.readexactly(1), ping_ms)
            except asyncio.TimeoutError:
                if pinged:
                    raise MqttError("the broker does not answer a ping")
                pinged = True
                await self._send(_PINGREQ)
                continue
            pinged = False
            kind, body = await self._receive(first)
            if body is not None:
                await self._handle(kind, body)

    async def close(self) -> None:
        """End the connection without the last will."""
        await self._send(_DISCONNECT)
        self.abandon()

    def abandon(self) -> None:
        """Drop the connection; the broker publishes the last will."""
        self._stream.s.close()

    async def _handle(self, kind, body):
        packet = kind >> 4
        if packet != _PINGRESP and len(body) < 2:
            raise MqttError("malformed packet")
        if packet == _PUBLISH:
            end = 2 + (body[0] << 8 | body[1])
            topic = str(body[2:end], "utf-8")
            packet_id = b""
            if kind & 0x06:
                packet_id = body[end : end + 2]
                end += 2
            await self._on_message(topic, body[end:], bool(kind & 0x01))
            await self._acknowledge(packet_id)
        elif packet == _PUBACK:
            self._on_puback(body[0] << 8 | body[1])
        elif packet == _SUBACK:
            if 0x80 in body[2:]:
                raise MqttError("the broker refuses a subscription")
        elif packet != _PINGRESP:
            raise MqttError("unexpected packet of type %d" % packet)

    async def _receive(self, first):
        """One packet: (first byte, body); the body is None when it was too large and skipped."""
        length = shift = 0
        while True:
            byte = (await self._read(1))[0]
            length |= (byte & 0x7F) << shift
            if not byte & 0x80:
                break
            shift += 7
            if shift > 21:
                raise MqttError("malformed packet length")
        if length <= _LARGEST_PACKET:
            return first[0], await self._read(length)
        if length > _LARGEST_SKIPPED:
            raise MqttError("a message of %d bytes" % length)
        await self._skip(first[0], length)
        return first[0], None

    async def _skip(self, kind, length):
        packet_id = b""
        until = ticks_add(ticks_ms(), _LONGEST_SKIP * self._patience_ms)
        if kind >> 4 == _PUBLISH and kind & 0x06:
            size = struct.unpack(">H", await self._read(2))[0]
            length -= 4 + size
            if length < 0:
                raise MqttError("malformed packet")
            await self._discard(size, until)
            packet_id = await self._read(2)
        self.skipping = True
        await self._discard(length, until)
        self.skipping = False
        log("a message of %d bytes is too large: skipped" % length)
        await self._acknowledge(packet_id)

    async def _discard(self, length, until):
        while length:
            if ticks_diff(until, ticks_ms()) < 0:
                raise MqttError("a message that does not end")
            length -= len(await self._read(min(length, _SKIP_BYTES)))

    async def _acknowledge(self, packet_id):
        if packet_id:
            await self._send(b"\x40\x02" + packet_id)

    def _read(self, n):
        """To be awaited."""
        return asyncio.wait_for_ms(self._stream.readexactly(n), self._patience_ms)

    async def _send(self, *parts):
        async with self._write_lock:
            for part in parts:
                self._stream.write(part)
            # A link that is half open takes nothing more once its buffers are full.
            await asyncio.wait_for_ms(self._stream.drain(), self._patience_ms)


def _text(text):
    data = text.encode() if isinstance(text, str) else text
    return struct.pack(">H", len(data)) + data


def _length(length):
    out = b""
    while True:
        byte = length & 0x7F
        length >>= 7
        if not length:
            return out + bytes([byte])
        out += bytes([byte | 0x80])
