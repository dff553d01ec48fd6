"""The gateway: its parts, put together, and the tasks that keep them going."""

import asyncio
import gc
import sys
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from gateway import VERSION, cbor, configuration, health, identity, records, supervisor
from gateway.boundaries import Boundaries
from gateway.chain import Chain
from gateway.clock import Clock
from gateway.configuration import SetupError
from gateway.health import alive, log
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
from gateway.supervisor import Supervisor
from gateway.trust import Trust
from gateway.uplink import Uplink
from gateway.vitals import Vitals

_RTU = const(0)
_LOOK_AT_CONTACTS_MS = const(25)
_WATCHDOG_MS = const(60_000)
_LOOK_FOR_STOP_MS = const(200)
_HAND_OVER_MS = const(30_000)
_KEEP_MS = const(15_000)
_RESTART_MS = const(20_000)
_DROPPED_MS = const(1_000)
_SAY_GOODBYE_MS = const(2_000)
_SAME_FAULT_MS = const(900_000)
_BOOT_RAMP_MS = (10_000, 1_000)
_LONG_OFF_MS = const(10_000)
_OF_RELEASE = b"\x83"  # a row of three; that of a configuration has four


class App:
    """Call `start` once, then `run`, which does not end."""

    def __init__(self, board, root: str):
        """`root` is the directory of the firmware's files."""
        self._board = board
        self._root = root
        self._clock = Clock(board)
        self._faults: dict = {}  # task: what was told last, and when
        self._is_running = self._samples_begun = False

    async def start(self) -> None:
        """Take up what flash and settings hold. Raises SetupError with what is to be done."""
        board = self._board
        for what in board.settings().faults:
            log("settings: " + what)
        watchdog = board.watchdog(_WATCHDOG_MS)
        self._journal = Journal(board.flash())
        watchdog.feed()  # to mount a large journal takes a while
        from gateway import provisioned

        try:
            buses = await self._take_up(provisioned)
        except Exception as error:
            gc.collect()
            if not board.refuse_laid(provisioned.told(error)):
                raise
            log("settings: " + board.settings().faults[-1])
            buses = await self._take_up(provisioned)
        # From here on nothing fails for want of provisioning: that counts as no failure.
        journal, cause = self._journal, board.reset_cause()
        self._take_up_trial(buses)
        self._safe_mode = self._uplink.safe_mode = supervisor.count_start(journal, cause)
        self._supervisor = Supervisor(watchdog, journal, self._stale, self._leave_safe_mode)
        self._vitals = Vitals(
            board, self._clock, journal, buses, self._supervisor, self._billing.add
        )
        await self._record_boot(cause)
        self._stages.restore(_BOOT_RAMP_MS, self._was_long_off(cause))
        self._orders.resume()
        await self._take_up_limits()
        health.forget("provisioned", "sealed", "software")
        self._end_trial()
        self._board.forget_settings()
        log("gateway %s, version %s" % (self._gateway.hex(), VERSION))

    def _was_long_off(self, cause):
        """Whether the supply was lost for longer than 10 s, or nobody can tell that it was not."""
        if cause in ("software", "watchdog"):
            return False
        return self._quiet_ms is None or self._quiet_ms > _LONG_OFF_MS

    async def _take_up(self, provisioned):
        """Everything that a person can have provisioned wrongly. The buses."""
        board = self._board
        key = _identity(board)
        self._gateway = key.gateway
        key.settle(self._journal)
        _refuse_retired(key)
        trust = Trust(provisioned.required(board, "root.pub", 64))
        network = provisioned.network(board, key)
        try:
            return await self._build(provisioned, key, trust, network)
        except Exception as error:
            gc.collect()
            if board.settings().laid.on_trial() or not provisioned.refuse(
                board, self._journal, error
            ):
                raise
            log("configuration refused: %s" % error)
            self._restart()

    async def _build(self, provisioned, key, trust, network):
        """Everything that a configuration can be the ruin of; after it, it is in force.

        Its buses.
        """
        board, clock, journal = self._board, self._clock, self._journal
        config = await provisioned.load(board, journal, trust, clock, key.gateway)
        self._config = config
        boundaries = Boundaries(journal, clock, config.interval_ms)
        self._quiet_ms = boundaries.carry_on(config.issued_ms)
        gc.collect()

        self._billing_chain = Chain(BILLING, journal, key)
        self._billing = Recorder(
            "billing",
            self._billing_chain,
            clock,
            config.hash,
            None,
            self._wake,
            self._journal_trouble,
        )
        self._telemetry = Recorder(
            "telemetry",
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
        self._meters = meters
        config.meters = config.buses = ()  # all that was in them is with the meters now
        self._readings = Readings(
            clock,
            config,
            boundaries,
            meters,
            self._billing.add,
            self._telemetry.add,
            journal.pressure,
            self._telemetry.hurry,
        )
        self._stages = Stages(
            [_stage(board, stage) for stage in config.stages], clock, journal, board.random
        )
        self._shed_order = bytes([stage[0] for stage in config.stages])
        config.stages = ()
        self._orders = Orders(
            (key.gateway, config.zone),
            trust,
            ReplayGuard(journal),
            clock,
            self._stages,
            self._readings.demand,
            self._readings.hurry,
            self._set_limit,
            self._billing.add,
        )
        self._stages.listen(self._orders)
        self._limits = None
        self._limit_context = (trust, clock, journal, key.gateway, self._stages, board.contact)
        self._objects = self._update = self._trial = None
        self._object_context = (trust, clock, journal, key.gateway, config, self._billing.add)
        sent = Sent(journal, clock)
        self._ntp_servers = network.get("ntp")
        self._uplink = Uplink(
            board,
            journal,
            network,
            key.gateway,
            config.zone,
            config.hash,
            sent.note,
            self._receipt,
            self._orders.handle,
            self._object,
            self._schedule,
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
        self._laid_schedule = board.read_setting("schedule.cose")
        provisioned.settle(board)
        return buses

    async def run(self) -> None:
        """Work until the board asks to stop, and then hand over what the journal holds."""
        asyncio.get_event_loop().set_exception_handler(self._lost)
        self._is_running = True
        if self._limits:
            self._begin_limits()
        self._begin(
            ("supervisor", self._supervisor.run),
            ("stages", self._watch_stages),
            ("billing", self._billing.run),
            ("intervals", self._readings.run_intervals),
            ("readings", self._readings.run_demands),
            ("dropped", self._tell_dropped),
            ("receipts", self._receipts.run),
            ("uplink", self._uplink.run),
        )
        if self._ntp_servers:
            from gateway.ntp import Ntp

            ntp = Ntp(self._board, self._clock, self._ntp_servers, self._billing.add, self._fault)
            self._begin(("ntp", ntp.run))
        if self._safe_mode:
            log("safe mode: no samples, no health")
        else:
            self.begin_rest()
        while not self._board.asked_to_stop():
            self._end_trial()
            if self._is_restart_due() and self._can_restart():
                await self._keep_all()
                if self._update:
                    self._update.settle()
                self._restart()
            await asyncio.sleep_ms(_LOOK_FOR_STOP_MS)
        await self._hand_over()

    def _begin(self, *tasks):
        for name, task in tasks:
            asyncio.create_task(health.supervise(name, task, self._fault))

    def begin_rest(self):
        """What safe mode does without."""
        self._begin_samples()
        self._begin(("health", self._vitals.run))

    def _begin_samples(self):
        """In safe mode too where the site has a limit: it goes by them."""
        if not self._samples_begun:
            self._samples_begun = True
            self._begin(("telemetry", self._telemetry.run), ("samples", self._readings.run_samples))

    def _leave_safe_mode(self):
        if self._safe_mode:
            self._safe_mode = self._uplink.safe_mode = False
            log("safe mode is over")
            self.begin_rest()

    def _is_restart_due(self):
        """For a configuration, or a release that is to be tried, or was and is given up."""
        if self._update and self._update.complete and self._stages.is_free():
            return True
        return any(each and each.complete for each in (self._objects, self._trial))

    def _take_up_trial(self, buses):
        slots = self._board.slots()
        if slots:
            # Imported by every start, which tells what is not told yet, and forgotten but for a
            # trial.
            from gateway.trial import Trial

            context = self._journal, self._clock, self._billing
            self._trial = Trial(slots, context, buses, self._uplink, self._faults)

    def _end_trial(self):
        """There may be none."""
        if self._trial and self._trial.look():
            self._trial = None
            health.forget("trial")

    def _restart(self):
        """For another configuration or release, which is no failure."""
        supervisor.forgive(self._journal)
        self._board.reset()

    def _can_restart(self):
        """Not while a boundary could be missed, or a full journal keeps records in memory."""
        return not self._readings.is_boundary_near(_RESTART_MS) and not self._billing.held()

    async def _keep_all(self):
        """Read no more, and wait until all there is lies in the journal."""
        log("a configuration or a release waits: starting anew")
        self._readings.stop()
        until = ticks_add(ticks_ms(), _KEEP_MS)
        while self._unkept() and ticks_diff(until, ticks_ms()) > 0:
            self._telemetry.hurry()
            await asyncio.sleep_ms(_LOOK_FOR_STOP_MS)
        try:
            await asyncio.wait_for_ms(self._uplink.stop(), _SAY_GOODBYE_MS)
        except asyncio.TimeoutError:
            pass  # the broker publishes the last will

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
            self._unkept() or self._journal.pending(BILLING) or self._journal.pending(TELEMETRY)
        )

    def _unkept(self):
        return self._readings.under_way() or self._billing.held() or self._telemetry.held()

    async def _watch_stages(self):
        while True:
            alive("stages")
            self._stages.tick()
            await asyncio.sleep_ms(_LOOK_AT_CONTACTS_MS)

    async def _tell_dropped(self):
        while True:
            alive("dropped")
            for stream in (BILLING, TELEMETRY):
                told = self._journal.dropped(stream)
                if not told:
                    continue
                event = records.dropped(self._clock.now_ms(), stream, *told)
                try:
                    await self._billing_chain.append(
                        [cbor.encode(event)], self._config.hash, self._clock.triplet()
                    )
                    self._journal.clear_dropped(told, stream)
                    log("stream %d, epoch %d: %d to %d are gone" % ((stream,) + told))
                    self._wake()
                except JournalFull:
                    pass  # what was dropped is kept in its cell, and told when there is room
            await asyncio.sleep_ms(_DROPPED_MS)

    async def _record_boot(self, cause):
        from gateway import software

        firmware_hash = software.firmware_hash(self._root)
        self._uplink.firmware_hash = firmware_hash.hex()
        now_ms = self._clock.now_ms()
        self._billing.add(
            records.boot(
                now_ms,
                cause,
                software.interpreter(),
                VERSION,
                firmware_hash,
                self._safe_mode,
            )
        )
        if self._clock.raised:
            self._billing.add(records.clock_step(now_ms, *self._clock.raised))
        for what in self._board.settings().faults:
            self._billing.add(records.fault(now_ms, "settings", what))
        config = self._config
        configuration.keep_version(self._journal, config.version)
        refusal = configuration.refused(self._journal)[1]
        if refusal:
            self._billing.add(records.fault(now_ms, "configuration", refusal))
        new = self._journal.get_cell(configuration.IN_FORCE_CELL) != config.hash
        if new:
            self._billing.add(records.configuration(now_ms, config.hash, config.version))
        try:
            await self._billing.flush()
        except JournalFull:
            log("the journal is full: waiting for receipts")
            return
        if new:
            self._journal.put_cell(configuration.IN_FORCE_CELL, config.hash)
        if refusal:
            configuration.refusal_told(self._journal)
        if self._trial:
            self._trial.settle()

    async def _take_up_limits(self):
        """What flash holds, and what a technician laid down."""
        if any(self._journal.get_cell(cell) for cell in ("schedule", "limiter state")):
            self._limits_here()
        laid, self._laid_schedule = self._laid_schedule, None
        if laid:
            await self._limits_here().take(laid)

    def _limits_here(self):
        # Imported when needed: a gateway without a schedule has no use for it.
        if self._limits is None:
            from gateway.limit import Limits

            places = self._meters.places()
            self._limits = Limits(
                self._limit_context,
                list(self._shed_order),
                places,
                self._uplink.alive,
                self._billing.add,
            )
            self._meters.listen(self._limits.note)
            if self._is_running:
                self._begin_limits()
        return self._limits

    def _begin_limits(self):
        self._begin(("schedule", self._limits_here().run))
        self._begin_samples()

    def _set_limit(self, order, most_w, until_ms, stages):
        return self._limits_here().limit(order, most_w, until_ms, stages)

    async def _schedule(self, message):
        gc.collect()  # it takes as much of the heap as anything that comes
        await self._limits_here().take(message)

    async def _object(self, part):
        gc.collect()  # parts come one upon the other, and each takes three times its size
        # Imported when needed: it is needed seldom.
        if part[:1] == _OF_RELEASE:
            await self._release(part)
            return
        if self._objects is None:
            from gateway.objects import Objects

            self._objects = Objects(self._board.staging(), *self._object_context)
        await self._objects.handle(part)

    async def _release(self, part):
        # Not beside a trial, whose record it would not see change.
        slots = None if self._update or self._trial else self._board.slots()
        if slots:
            from gateway.update import Update

            self._update = Update(
                slots,
                self._object_context,
                self._uplink,
                self._stages.is_free,
                self._vitals.buses,
            )
        if self._update:
            await self._update.handle(part)

    def _receipt(self, message):
        self._receipts.offer(message)

    def _wake(self):
        self._uplink.wake()

    def _room(self):
        if self._limits:
            self._limits.receipt()
        self._billing.room()
        self._uplink.wake()

    def _journal_trouble(self, what):
        log("journal " + what)
        self._fault("journal", what)

    def _stale(self, task):
        self._fault(task, "says nothing")

    def _lost(self, loop, context):
        """An exception in a task that nobody waits for."""
        error = context["exception"]
        sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]
        self._fault("task", "%s: %s" % (type(error).__name__, error))

    def _fault(self, task, what):
        """Tell of a fault; of the same again not before a while, or it would fill the journal."""
        last, at = self._faults.get(task, ("", 0))
        if what == last and 0 <= ticks_diff(ticks_ms(), at) < _SAME_FAULT_MS:
            return
        self._faults[task] = what, ticks_ms()
        self._billing.add(records.fault(self._clock.now_ms(), task, what))


def _identity(board):
    key = identity.restore(
        lambda: board.read_setting("identity.key"),
        lambda record: board.write_setting("identity.key", record),
        board.forget_old,
    )
    if key is None:
        raise SetupError("there is no identity.key: run enrol.py on this gateway first")
    _refuse_retired(key)
    return key


def _refuse_retired(key):
    if key.retired is not None:
        raise SetupError(
            "this gateway is retired (%s): retire.py hands over what it still holds" % key.retired
        )


def _bus(board, index, bus):
    # Imported when needed: few gateways have both kinds, and none has memory to spare.
    if bus[0] == _RTU:
        from gateway.modbus.rtu import RtuBus

        return RtuBus(board.uart(index, *bus[1:]), bus[1:])
    from gateway.modbus.tcp import TcpBus

    return TcpBus(bus[1], bus[2])


def _stage(board, config):
    output, equipment = board.output(config[1]), None
    if any(field in config for field in (5, 6, 7, 8, 9)):
        # Imported when needed: many stages have a coil and nothing else.
        from gateway import outputs

        equipment = outputs.take(config, board, output)
    return Stage(config, output, board.contact(config[1]), equipment)
