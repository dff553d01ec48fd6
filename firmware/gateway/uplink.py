"""The way to the broker: frames up, receipts and commands down, status for those who look."""

import asyncio
import json
from time import ticks_diff, ticks_ms

from gateway import VERSION, mqtt
from gateway.configuration import SetupError
from gateway.health import alive, log
from gateway.journal import BILLING, TELEMETRY
from gateway.outbox import Outbox

_WINDOW = 8
_RESEND_AFTER_S = 120
_PUBACK_MS = 60_000
_STATUS_MS = 30_000
_LOOK_MS = 1_000
_FIRST_PAUSE_MS = 500
_LONGEST_PAUSE_MS = 60_000
_CLOSED = (32, 104)  # EPIPE, ECONNRESET


class Uplink:
    """`settings` is network.json; `on_receipt(bytes)`, `async on_command(bytes)` and
    `async on_object(bytes)` take messages.

    `on_send(stream, epoch, seq)` is called before each frame goes to the broker.
    """

    def __init__(
        self,
        board,
        journal,
        settings,
        gateway,
        zone,
        config_hash,
        on_send,
        on_receipt,
        on_command,
        on_object,
    ):
        self._board = board
        self._journal = journal
        self._settings = settings
        self._client_id = "esep-" + gateway.hex()
        self._config = config_hash.hex()
        self._on_send = on_send
        self._on_receipt = on_receipt
        self._on_command = on_command
        self._on_object = on_object
        base = "esep/v1/" + gateway.hex()
        self._frame_topic = base + "/frame"
        self._status_topic = base + "/status"
        self._receipt_topic = base + "/receipt"
        self._object_topic = base + "/object"
        self._topics = (
            self._receipt_topic,
            self._object_topic,
            base + "/command",
            "esep/v1/zone/" + zone + "/command",
        )
        self.outbox = Outbox(journal, settings.get("resend_after_s", _RESEND_AFTER_S) * 1000)
        self._tls = self._tls_context(settings.get("tls"))
        self._client = None  # while connected
        self._wake = asyncio.Event()
        self._in_flight: dict = {}  # packet id: (stream, epoch, seq)
        self._heard = ticks_ms()  # of the last PUBACK, or of the last time nothing was in flight
        self._connected = False
        self.safe_mode = False

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def run(self) -> None:
        """Connect again and again, with pauses that grow and differ from gateway to gateway."""
        pause_ms = _FIRST_PAUSE_MS
        while True:
            alive("uplink")
            if self._board.network_up():
                error = await self._session()
                log("broker: " + self._explain(error))
                if self._connected:
                    pause_ms = _FIRST_PAUSE_MS
            jitter_ms = int.from_bytes(self._board.random(2), "big") * pause_ms >> 16
            await asyncio.sleep_ms(pause_ms // 2 + jitter_ms)
            pause_ms = min(2 * pause_ms, _LONGEST_PAUSE_MS)

    def _explain(self, error):
        text = "%s %s" % (type(error).__name__, str(error).strip())
        closed = isinstance(error, EOFError) or (error.args and error.args[0] in _CLOSED)
        if closed and self._tls and not self._connected:
            text += ": it closed the connection; does it accept this gateway's certificate?"
        return text

    async def stop(self) -> None:
        """Say that this gateway goes, while the broker is there to hear it."""
        if self._client:
            try:
                await self._client.publish(self._status_topic, self._status(False), True)
                await self._client.close()
            except (OSError, ValueError):
                pass  # it publishes the last will

    async def _session(self):
        """One connection, from its beginning to the exception that ends it."""
        self._connected = False
        self._in_flight.clear()
        self.outbox.restart()
        ended = asyncio.Event()
        errors: list = []

        async def until_error(task):
            try:
                await task
            except Exception as error:
                errors.append(error)
                ended.set()

        client = None
        tasks: list = []
        try:
            client = await self._connect()
            self._connected = True
            self._client = client
            for task in (client.run(), self._send_frames(client), self._send_status(client)):
                tasks.append(asyncio.create_task(until_error(task)))
            await ended.wait()
        except Exception as error:
            # A certificate that fails is a ValueError; whatever it is, there is a next attempt.
            errors.append(error)
        finally:
            self._client = None
            for task in tasks:
                task.cancel()
            await asyncio.sleep_ms(1)  # let them leave the poll set before the socket closes
            if client:
                client.abandon()
        return errors[0]

    async def _connect(self):
        settings = self._settings
        hostname = settings["tls"].get("hostname") or settings["host"] if self._tls else None
        stream = await mqtt.open_stream(settings["host"], settings["port"], self._tls, hostname)
        client = mqtt.Client(
            stream,
            self._client_id,
            settings.get("keepalive_s", 30),
            self._on_message,
            self._on_puback,
        )
        try:
            await client.connect(self._status_topic, self._status(False))
            await client.subscribe(self._topics)
        except Exception:
            client.abandon()
            raise
        return client

    async def _send_frames(self, client):
        self._heard = ticks_ms()
        while True:
            alive("uplink")
            found = self.outbox.next() if len(self._in_flight) < _WINDOW else None
            if found:
                stream, epoch, seq, message = found
                if not self._in_flight:
                    self._heard = ticks_ms()
                packet_id = client.next_id()
                self._in_flight[packet_id] = (stream, epoch, seq)
                self._on_send(stream, epoch, seq)
                await client.publish(self._frame_topic, message, packet_id=packet_id)
                continue
            self._wake.clear()
            try:
                await asyncio.wait_for_ms(self._wake.wait(), _LOOK_MS)
            except asyncio.TimeoutError:
                pass
            self.outbox.look()
            if self._in_flight and ticks_diff(ticks_ms(), self._heard) > _PUBACK_MS:
                raise mqtt.MqttError("the broker acknowledges nothing")

    async def _send_status(self, client):
        while True:
            await client.publish(self._status_topic, self._status(True), True)
            await asyncio.sleep_ms(_STATUS_MS)

    async def _on_message(self, topic, payload):
        if topic == self._receipt_topic:
            self._on_receipt(payload)
        elif topic == self._object_topic:
            await self._on_object(payload)
        else:
            await self._on_command(payload)

    def _on_puback(self, packet_id):
        self._heard = ticks_ms()
        frame = self._in_flight.pop(packet_id, None)
        if frame:
            self.outbox.taken(*frame)
            self._wake.set()

    def _status(self, online, is_will=False):
        """A will is written down long before it is read: it says nothing of the journal."""
        status = {"online": online, "firmware": VERSION, "configuration": self._config}
        if not is_will:
            streams = (BILLING, TELEMETRY)
            last = [self._journal.last(stream) for stream in streams]
            status["pending"] = [self._journal.pending(stream) for stream in streams]
            status["last"] = [list(newest[:2]) if newest else None for newest in last]
            if self.safe_mode:
                status["safe"] = True
        return json.dumps(status).encode()

    def _tls_context(self, files):
        if not files:
            return None
        contents = []
        for part in ("ca", "cert", "key"):
            content = self._board.read_setting(files[part])
            if content is None:
                raise SetupError("network.json names %s: there is no such file" % files[part])
            contents.append(content)
        try:
            return mqtt.tls_context(*contents)
        except ValueError as error:
            raise SetupError("the certificates for TLS must be DER: %s" % error)
