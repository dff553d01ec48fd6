"""One light gateway: frames signed and sent until the broker has them, commands obeyed."""

import asyncio
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from simulator.gateways.meters import samples
from simulator.gateways.session import Published, Session
from simulator.gateways.stages import Record, Stages
from simulator.gateways.wire import FRAME, Key, digest

_BILLING, _TELEMETRY = 0, 1
_EPOCH = 1
_AGAIN_S = (0.5, 2.0)
_FIRMWARE = bytes(32)
_HASTE_FROM_S, _HASTE_SAMPLES, _HASTE_FRAMES = 5.0, 3, 3
"""After a contact moved: samples a second apart, in frames of three (docs/verification.md)."""
_OLDEST_DROPPED = 500
"""Frames that wait for a broker: it has no journal."""


@dataclass(frozen=True)
class Pace:
    """How fast its board is, ms: least and most that a signature and a verification take."""

    sign_ms: tuple[float, float] = (0, 0)
    verify_ms: tuple[float, float] = (0, 0)


@dataclass
class LightGateway:
    """`now_ms`: Unix time. `on_event(gateway, record)` hears each event when it happens."""

    key: Key
    configuration: bytes
    stages: Stages
    zone: str
    auxiliary_w: int
    sample_s: float
    pace: Pace
    rng: Random
    now_ms: Callable[[], int]
    on_event: Callable[["LightGateway", Record], None]
    is_connected: bool = False
    _seq: list[int] = field(default_factory=lambda: [0, 0])
    _last: list[bytes] = field(default_factory=lambda: [bytes(32), bytes(32)])
    _unsent: dict[int, bytes] = field(default_factory=dict)
    _in_flight: dict[int, int] = field(default_factory=dict)
    _number: int = 0
    _session: Session | None = None
    _processor: asyncio.Lock = field(default_factory=asyncio.Lock)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)
    _hurries: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        return self.key.id.hex()

    async def run(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        """Until it is cancelled."""
        boot = {0: "power", 1: "light", 2: "0", 3: _FIRMWARE}
        await self._tell([[3, self.now_ms(), 1, boot]])
        tasks = [self._connect(host, port, context), self._sample(), self._move(), self._hurry()]
        await asyncio.gather(*tasks)

    async def _connect(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        base = f"esep/v1/{self.name}/"
        topics = [base + "receipt", base + "command", f"esep/v1/zone/{self.zone}/command"]
        while True:
            try:
                session = await Session.open(host, port, context, f"esep-{self.name}", topics)
            except (OSError, EOFError):
                await asyncio.sleep(self.rng.uniform(*_AGAIN_S))
                continue
            ping = asyncio.create_task(session.ping())
            self._session, self.is_connected = session, True
            try:
                session.publish(base + "status", self._status(), retain=True)
                self._in_flight.clear()
                for number in list(self._unsent):
                    self._send(number)
                async for packet in session.packets():
                    await self._take(session, packet)
            except (OSError, EOFError):
                pass
            finally:
                self._session, self.is_connected = None, False
                ping.cancel()
                session.close()
            await asyncio.sleep(self.rng.uniform(*_AGAIN_S))

    async def _take(self, session: Session, packet: Published | int) -> None:
        if isinstance(packet, int):
            self._unsent.pop(self._in_flight.pop(packet, -1), None)
            return
        if packet.topic.endswith("/command"):
            await self._work(self.pace.verify_ms)
            said = self.stages.take(packet.payload, self.now_ms(), is_retained=packet.is_retained)
            self._moved.set()
            if said:
                asyncio.get_running_loop().create_task(self._tell(said))
        if packet.packet_id is not None:
            session.acknowledge(packet.packet_id)

    async def _move(self) -> None:
        """Contacts that move, holds that end."""
        while True:
            self._moved.clear()
            next_ms = self.stages.next_ms
            wait_s = None if next_ms is None else max(0.0, (next_ms - self.now_ms()) / 1000)
            try:
                await asyncio.wait_for(self._moved.wait(), wait_s)
                continue
            except TimeoutError:
                pass
            if said := self.stages.due(self.now_ms()):
                self._hurries.set()
                await self._tell(said)

    async def _sample(self) -> None:
        await asyncio.sleep(self.rng.uniform(0, self.sample_s))
        while True:
            if not self._hurries.is_set():
                await self._frame(_TELEMETRY, self._taken())
            await asyncio.sleep(self.sample_s)

    async def _hurry(self) -> None:
        while True:
            await self._hurries.wait()
            await asyncio.sleep(_HASTE_FROM_S)
            for _ in range(_HASTE_FRAMES):
                taken = self._taken()
                for _ in range(_HASTE_SAMPLES - 1):
                    await asyncio.sleep(1)
                    taken += self._taken()
                await self._frame(_TELEMETRY, taken)
                await asyncio.sleep(1)
            self._hurries.clear()

    def _taken(self) -> list[Record]:
        return samples(self.stages.stages.values(), self.auxiliary_w, self.rng, self.now_ms())

    async def _tell(self, records: list[Record]) -> None:
        for record in records:
            self.on_event(self, record)
        await self._frame(_BILLING, records)

    async def _frame(self, stream: int, records: list[Record]) -> None:
        await self._work(self.pace.sign_ms)
        self._seq[stream] += 1
        body = {
            0: 1,
            1: self.key.id,
            2: _EPOCH,
            3: stream,
            4: self._seq[stream],
            5: self._last[stream],
            6: self.configuration,
            7: [self.now_ms(), "S", 1],
            8: records,
        }
        message = self.key.seal(FRAME, body)
        self._last[stream] = digest(message)
        self._number += 1
        self._unsent[self._number] = message
        if len(self._unsent) > _OLDEST_DROPPED:
            del self._unsent[next(iter(self._unsent))]
        self._send(self._number)

    def _send(self, number: int) -> None:
        if self._session is not None:
            message = self._unsent[number]
            packet_id = self._session.publish(f"esep/v1/{self.name}/frame", message)
            self._in_flight[packet_id] = number

    async def _work(self, span_ms: tuple[float, float]) -> None:
        """What the board's one processor is busy with for so long."""
        if span_ms[1] > 0:
            async with self._processor:
                await asyncio.sleep(self.rng.uniform(*span_ms) / 1000)

    def _status(self) -> bytes:
        hashes = {"firmware_hash": _FIRMWARE.hex(), "configuration": self.configuration.hex()}
        return json.dumps({"online": True, "firmware": "light", **hashes}).encode()
