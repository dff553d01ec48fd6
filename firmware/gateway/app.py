"""The gateway: its parts, put together, and the tasks that keep them going."""

import asyncio
import gc
import json
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from gateway import VERSION, cbor, configuration, health, identity, records
from gateway.chain import Chain
from gateway.clock import Clock
from gateway.configuration import SetupError
from gateway.health import log
from gateway.journal import BILLING, TELEMETRY, Journal, JournalFull
from gateway.meter import Meter
from gateway.meters import Meters
from gateway.modbus.driver import ModbusDriver
from gateway.orders import Orders
from gateway.readings import Readings
from gateway.receipts import Receipts
from gateway.recorder import Recorder
from gateway.replay import ReplayGuard
from gateway.sent import Sent
from gateway.stages import Stage, Stages
from gateway.trust import Trust
from gateway.uplink import Uplink

_RTU = const(0)
_LOOK_AT_CONTACTS_MS = const(25)
_WATCHDOG_MS = const(60_000)
_LOOK_FOR_STOP_MS = const(200)
_HAND_OVER_MS = const(30_000)
_DROPPED_MS = const(1_000)
_BOOT_RAMP_MS = (10_000, 1_000)
_CONFIGURATION_CELL = "configuration"


class App:
    """Call `start` once, then `run`, which does not end."""

    def __init__(self, board, root: str):
        """`root` is the directory of the firmware's files."""
        self._board = board
        self._root = root
        self._clock = Clock(board)

    async def start(self) -> None:
        """Take up what flash and settings hold. Raises SetupError with what is to be done."""
        board, clock = self._board, self._clock
        key = _identity(board)
        trust = Trust(_required(board, "root.pub", 64))
        from gateway import provisioned

        config = await provisioned.load(board, trust, clock, key.gateway)
        clock.at_least(config.issued_ms)
        self._config = config
        self._journal = journal = Journal(board.flash())
        configuration.check_version(journal, config.version)
        gc.collect()

        self._billing_chain = Chain(BILLING, journal, key)
        self._billing = Recorder(
            self._billing_chain, clock, config.hash, None, self._wake, self._journal_trouble
        )
        self._telemetry = Recorder(
            Chain(TELEMETRY, journal, key),
            clock,
            config.hash,
            config.frame_ms,
            self._wake,
            self._journal_trouble,
        )
        buses = [_bus(board, index, bus) for index, bus in enumerate(config.buses)]
        meters = Meters(
            [Meter(meter, ModbusDriver(meter, buses[meter[4]]), clock) for meter in config.meters],
            clock,
            self._billing.add,
        )
        config.meters = config.buses = ()  # all that was in them is with the meters now
        self._readings = Readings(clock, config, meters, self._billing.add, self._telemetry.add)
        self._stages = Stages(
            [_stage(board, stage) for stage in config.stages], clock, journal, board.random
        )
        config.stages = ()
        self._orders = Orders(
            (key.gateway, config.zone),
            trust,
            ReplayGuard(journal),
            clock,
            self._stages,
            self._readings.demand,
            self._billing.add,
        )
        self._stages.listen(self._orders)
        sent = Sent(journal, clock)
        self._uplink = Uplink(
            board,
            journal,
            _network(board),
            key.gateway,
            config.zone,
            config.hash,
            sent.note,
            self._receipt,
            self._orders.handle,
        )
        self._receipts = Receipts(
            key.gateway,
            trust,
            clock,
            journal,
            sent,
            self._uplink.outbox,
            self._billing.add,
            self._room,
        )
        await self._record_boot()
        self._stages.restore(_BOOT_RAMP_MS)
        self._orders.resume()
        health.forget("provisioned", "software")
        log("gateway %s, version %s" % (key.gateway.hex(), VERSION))

    async def run(self) -> None:
        """Work until the board asks to stop, and then hand over what the journal holds."""
        tasks = (
            ("stages", self._watch_stages),
            ("billing", self._billing.run),
            ("telemetry", self._telemetry.run),
            ("intervals", self._readings.run_intervals),
            ("samples", self._readings.run_samples),
            ("readings", self._readings.run_demands),
            ("dropped", self._tell_dropped),
            ("receipts", self._receipts.run),
            ("uplink", self._uplink.run),
        )
        for name, task in tasks:
            asyncio.create_task(health.supervise(name, task, self._fault))
        while not self._board.asked_to_stop():
            await asyncio.sleep_ms(_LOOK_FOR_STOP_MS)
        await self._hand_over()

    async def _hand_over(self):
        """Read no more, and wait until the collector has all there is."""
        self._readings.stop()
        until = ticks_add(ticks_ms(), _HAND_OVER_MS)
        while not self._handed_over():
            if ticks_diff(until, ticks_ms()) < 0:
                log("not everything could be handed over")
                break
            self._telemetry.hurry()
            await asyncio.sleep_ms(_LOOK_FOR_STOP_MS)
        await self._uplink.stop()

    def _handed_over(self):
        return not (
            self._readings.under_way()
            or self._billing.held()
            or self._telemetry.held()
            or self._journal.pending(BILLING)
            or self._journal.pending(TELEMETRY)
        )

    async def _watch_stages(self):
        watchdog = self._board.watchdog(_WATCHDOG_MS)
        while True:
            self._stages.tick()
            watchdog.feed()
            await asyncio.sleep_ms(_LOOK_AT_CONTACTS_MS)

    async def _tell_dropped(self):
        while True:
            told = self._journal.dropped()
            if told:
                event = records.dropped(self._clock.now_ms(), TELEMETRY, *told)
                try:
                    await self._billing_chain.append(
                        [cbor.encode(event)], self._config.hash, self._clock.triplet()
                    )
                    self._journal.clear_dropped(told)
                    log("telemetry %d to %d dropped for room" % told[1:])
                    self._wake()
                except JournalFull:
                    pass  # what was dropped is kept in its cell, and told when there is room
            await asyncio.sleep_ms(_DROPPED_MS)

    async def _record_boot(self):
        from gateway import software

        firmware_hash = software.firmware_hash(self._root)
        self._uplink.firmware_hash = firmware_hash.hex()
        now_ms = self._clock.now_ms()
        self._billing.add(
            records.boot(
                now_ms,
                self._board.reset_cause(),
                software.interpreter(),
                VERSION,
                firmware_hash,
            )
        )
        config = self._config
        configuration.keep_version(self._journal, config.version)
        new = self._journal.get_cell(_CONFIGURATION_CELL) != config.hash
        if new:
            self._billing.add(records.configuration(now_ms, config.hash, config.version))
        try:
            await self._billing.flush()
        except JournalFull:
            log("the journal is full: waiting for receipts")
            return
        if new:
            self._journal.put_cell(_CONFIGURATION_CELL, config.hash)

    def _receipt(self, message):
        self._receipts.offer(message)

    def _wake(self):
        self._uplink.wake()

    def _room(self):
        self._billing.room()
        self._uplink.wake()

    def _journal_trouble(self, what):
        log("journal " + what)
        self._fault("journal", what)

    def _fault(self, task, what):
        self._billing.add(records.fault(self._clock.now_ms(), task, what))


def _identity(board):
    key = identity.restore(
        lambda: board.read_setting("identity.key"),
        lambda record: board.write_setting("identity.key", record),
    )
    if key is None:
        raise SetupError("there is no identity.key: run enrol.py on this gateway first")
    return key


def _required(board, name, size):
    content = board.read_setting(name)
    if content is None or len(content) != size:
        raise SetupError("%s must hold %d bytes: provision this gateway" % (name, size))
    return content


def _network(board):
    content = board.read_setting("network.json")
    if content is None:
        raise SetupError("there is no network.json: provision this gateway")
    try:
        return json.loads(content)
    except ValueError:
        raise SetupError("network.json is not JSON: provision this gateway")


def _bus(board, index, bus):
    # Imported when needed: few gateways have both kinds, and none has memory to spare.
    if bus[0] == _RTU:
        from gateway.modbus.rtu import RtuBus

        return RtuBus(board.uart(index, *bus[1:]), bus[1:])
    from gateway.modbus.tcp import TcpBus

    return TcpBus(bus[1], bus[2])


def _stage(board, config):
    return Stage(config, board.output(config[1]), board.contact(config[1]))
