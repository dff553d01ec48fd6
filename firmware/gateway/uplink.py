"""The way to the broker: frames up, receipts and commands down, status for those who look."""

import asyncio
import gc
import json
from time import ticks_diff, ticks_ms

from micropython import const

from gateway import VERSION, mqtt
from gateway.brokers import Brokers
from gateway.configuration import SetupError
from gateway.health import alive, log
from gateway.journal import BILLING, TELEMETRY
from gateway.outbox import Outbox

_WINDOW = const(8)
_RESEND_AFTER_S = const(120)
_BACKLOG_PER_S = const(20)
_KEEPALIVE_S = const(30)
_LONGEST_S = const(60)
_STATUS_MS = const(30_000)
_LOOK_MS = const(500)
_FIRST_PAUSE_MS = const(500)
_LONGEST_PAUSE_MS = const(60_000)
_CLOSED = (32, 104)  # EPIPE, ECONNRESET


class Uplink:
    """`settings` is network.json; `on_receipt(bytes)`, `async on_command(bytes, retained)`,
    `async on_object(bytes)` and `async on_schedule(bytes)` take messages.

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
        on_schedule,
    ):
        self._board = board
        self._journal = journal
        self._client_id = "esep-" + gateway.hex()
        self._config = config_hash.hex()
        self.firmware_hash = None  # in hex, once it is known
        self._on_send = on_send
        self._on_receipt = on_receipt
        self._on_command = on_command
        self._on_object = on_object
        self._on_schedule = on_schedule
        base = "esep/v1/" + gateway.hex() + "/"
        self._frame_topic = base + "frame"
        self._status_topic = base + "status"
        self._receipt_topic = base + "receipt"
        self._object_topic = base + "object"
        self._schedule_topic = base + "schedule"
        self._topics = (
            self._receipt_topic,
            self._object_topic,
            self._schedule_topic,
            base + "command",
            "esep/v1/zone/" + zone + "/" + "command",
        )
        # The supervisor has to see this task go on, and each of its steps may take so long.
        self._keepalive_s = max(2, min(settings.get("keepalive_s", _KEEPALIVE_S), _LONGEST_S))
        self._brokers = Brokers(settings)
        self._tls = self._tls_context(settings.get("tls"))
        self.outbox = Outbox(
            journal,
            settings.get("resend_after_s", _RESEND_AFTER_S) * 1000,
            1000 // max(1, settings.get("backlog_per_s", _BACKLOG_PER_S)),
        )
        self._client = None  # while connected
        self._wake = asyncio.Event()
        self._in_flight: dict = {}  # packet id: (stream, epoch, seq)
        self._heard = ticks_ms()  # of the last PUBACK, or of the last time nothing was in flight
        self._works = False  # the broker of this session has acknowledged something
        self.safe_mode = False
        self.update: list | None = (
            None  # of a release: hash in hex, bytes that are here; None: busy
        )
        self.told = True  # the status says that already

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def run(self) -> None:
        """Connect again and again, with pauses that grow and differ from gateway to gateway.

        A broker that works is kept; after one that did not it is the next one's turn.
        """
        pause_ms = _FIRST_PAUSE_MS
        while True:
            alive("uplink")
            if self._board.network_up():
                error = await self._session()
                alive("uplink")
                gc.collect()  # before the next one needs memory, of which this one may have died
                log("broker: %s (%s)" % (self._explain(error), self._brokers.name()))
                if self._works:
                    pause_ms = _FIRST_PAUSE_MS
                else:
                    self._brokers.turn()
            jitter_ms = int.from_bytes(self._board.random(2), "big") * pause_ms >> 16
            await asyncio.sleep_ms(pause_ms // 2 + jitter_ms)
            pause_ms = min(2 * pause_ms, _LONGEST_PAUSE_MS)

    def _explain(self, error):
        text = "%s %s" % (type(error).__name__, str(error).strip())
        closed = isinstance(error, EOFError) or (error.args and error.args[0] in _CLOSED)
        if closed and self._tls and not self._works:
            text += ": it closed the connection; does it accept this gateway's certificate?"
        return text

    async def stop(self) -> None:
        """Say that this gateway goes, while the broker is there to hear it."""
        if self._client:
            try:
                await self._client.publish(self._status_topic, self._status(False), True)
                await self._client.close()
            except (OSError, ValueError, asyncio.TimeoutError):
                pass  # it publishes the last will

    async def _session(self):
        """One connection, from its beginning to the exception that ends it, which is returned."""
        self._works = False
        client = None
        tasks: list = []
        try:
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

            client = await self._open()
            await client.connect(self._status_topic, self._will())
            await client.subscribe(self._topics)
            self._client = client
            for task in (client.run(), self._send_frames(client), self._send_status(client)):
                tasks.append(asyncio.create_task(until_error(task)))
            await ended.wait()
            return errors[0]
        except Exception as error:
            # A certificate that fails is a ValueError; whatever it is, there is a next attempt.
            return error
        finally:
            self._client = None
            for task in tasks:
                task.cancel()
            await asyncio.sleep_ms(1)  # let them leave the poll set before the socket closes
            if client:
                client.abandon()

    async def _open(self):
        broker = self._brokers.current()
        stream = await mqtt.open_stream(
            broker["host"],
            broker["port"],
            self._tls,
            broker["hostname"],
            self._keepalive_s * 1000,
        )
        return mqtt.Client(
            stream, self._client_id, self._keepalive_s, self._on_message, self._on_puback
        )

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
                await asyncio.wait_for_ms(self._wake.wait(), self.outbox.wait_ms())
            except asyncio.TimeoutError:
                pass
            self.outbox.look()
            if client.skipping:
                self._heard = ticks_ms()
            if self._in_flight and (
                ticks_diff(ticks_ms(), self._heard) > 2 * self._keepalive_s * 1000
            ):
                raise mqtt.MqttError("the broker acknowledges nothing")

    async def _send_status(self, client):
        while True:
            self.told = True
            await client.publish(self._status_topic, self._status(True), True)
            left_ms = _STATUS_MS
            while self.told and left_ms > 0:
                await asyncio.sleep_ms(_LOOK_MS)
                left_ms -= _LOOK_MS

    def alive(self) -> bool:
        """Whether a broker answers now."""
        return self._client is not None and self._works

    async def _on_message(self, topic, payload, retained):
        if topic == self._receipt_topic:
            self._on_receipt(payload)
        elif topic == self._object_topic:
            await self._on_object(payload)
        elif topic == self._schedule_topic:
            await self._on_schedule(payload)
        else:
            await self._on_command(payload, retained)

    def _on_puback(self, packet_id):
        self._heard = ticks_ms()
        self._works = True
        frame = self._in_flight.pop(packet_id, None)
        if frame:
            self.outbox.taken(*frame)
            self._wake.set()

    def _identity(self, online):
        return {
            "online": online,
            "firmware": VERSION,
            "firmware_hash": self.firmware_hash,
            "configuration": self._config,
        }

    def _will(self):
        """It is written down long before it is read, and says nothing of the journal."""
        return json.dumps(self._identity(False)).encode()

    def _status(self, online):
        status = self._identity(online)
        streams = (BILLING, TELEMETRY)
        last = [self._journal.last(stream) for stream in streams]
        status["pending"] = [self._journal.pending(stream) for stream in streams]
        status["last"] = [list(newest[:2]) if newest else None for newest in last]
        if self.safe_mode:
            status["safe"] = True
        if self.update:
            status["update"] = self.update
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
