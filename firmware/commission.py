"""What commissioning asks of the board, while the application is stopped; loaded on demand only.

main(verb, …) prints a line of JSON, or in words why not.
"""

import asyncio
import errno
import gc
import json
from time import ticks_diff, ticks_ms

gc.threshold(8192)  # collect often: importing leaves the heap in pieces

from board import Board
from gateway import cbor, records
from gateway.configuration import SetupError
from gateway.journal import BILLING, TELEMETRY
from gateway.stopped import Stopped

_COMMISSIONED = 20
_PART_BYTES = 512
_BROKER_MS = 10_000
_FRAMES = 4
_WATCHDOG_MS = 60_000
_LOOK_MS = 10
_SAMPLE_MS = 1000


def main(verb: str, *args) -> int:
    try:
        told = asyncio.run(_VERBS[verb](Stopped(Board()), *args))
    except SetupError as error:
        print("esep:", error)
        return 1
    print(json.dumps(told))
    return 0


async def state(gateway):
    """Who it is, and its clock; it was started once, so a configuration is in force."""
    epoch, seq = gateway.next()
    telemetry = gateway.journal.last(TELEMETRY)
    now_ms, letter, age_s = gateway.clock.triplet()
    return {
        "gateway": gateway.identity.gateway.hex(),
        "key": gateway.identity.public.hex(),
        "configuration": gateway.in_force().hex(),
        "now_ms": now_ms,
        "clock": letter,
        "sync_age_s": age_s,
        "last": [epoch, seq - 1, telemetry[1] if telemetry and telemetry[0] == epoch else 0],
    }


async def sign(gateway, digest, signers):
    """Bind an act into the billing chain: its hash, and the key-ids of who signed it, in hex."""
    body = {0: bytes.fromhex(digest), 1: [bytes.fromhex(each) for each in signers]}
    frame = _bound(gateway.journal, body)
    if frame is None:  # else the cable was out when this was said
        await gateway.append(records.event(gateway.clock.now_ms(), _COMMISSIONED, body))
        frame = _bound(gateway.journal, body)
    return {"frame": frame.hex()}


def _bound(journal, body):
    """The newest frame in flash that tells this, or None."""
    told, found = cbor.encode(body), None
    for message, _ in journal.frames(BILLING):
        if told in message:
            found = bytes(message)
    return found


async def configuration(gateway, offset):
    """A part of what is in force, and how long the whole is."""
    found = gateway.board.settings().pieces("configuration.cose")
    if found is None:
        raise SetupError("there is no configuration.cose: have one issued and installed")
    size, read = found
    return {"bytes": size, "piece": bytes(read(offset, min(_PART_BYTES, size - offset))).hex()}


async def since(gateway, stream, epoch, seq):
    """Some frames of a stream after this one, and how many of all have no receipt."""
    journal = gateway.journal
    found: list = []
    while len(found) < _FRAMES:
        message = journal.find(stream, seq + 1 + len(found), epoch)
        if message is None:
            break
        found.append(bytes(message).hex())
    return {"frames": found, "pending": journal.pending(stream)}


async def inputs(gateway):
    """Of each stage: its contact, and what is wired of selector, lock, trip and button."""
    config = await _config(gateway)
    found = {}
    for stage in config.stages:
        wired = stage.get(8) or (None, None, None, None)
        found[stage[0]] = [gateway.board.contact(stage[1]).closed()] + [
            None if number is None else gateway.board.contact(number).closed() for number in wired
        ]
    return {"stages": found}


async def network(gateway):
    """Each broker in turn: TCP, TLS by the gateway's own certificate, and MQTT's greeting."""
    from gateway import mqtt, provisioned

    settings = provisioned.network(gateway.board, gateway.identity)
    name = gateway.identity.gateway.hex()
    tls = settings.get("tls")
    if tls:
        names = [tls[each] for each in ("ca", "cert", "key")]
        context = mqtt.tls_context(*[gateway.board.read_setting(name) for name in names])
    reached = []
    for broker in settings.get("brokers") or [settings]:
        host, port = broker["host"], broker["port"]
        hostname = broker.get("hostname") or (tls or {}).get("hostname") or host
        start, error = ticks_ms(), None
        try:
            stream = await mqtt.open_stream(
                host, port, context if tls else None, hostname, _BROKER_MS
            )
            client = mqtt.Client(stream, "esep-" + name, _BROKER_MS // 1000, None, None)
            try:
                await client.connect("esep/v1/" + name + "/status", b"{}")
            except BaseException:
                client.abandon()
                raise
            await client.close()
        except Exception as failed:  # of TLS, of the network, of the broker: each is to be told
            error = _words(failed)
        reached.append(
            {
                "broker": "%s:%d" % (host, port),
                "tls": bool(tls),
                "ms": ticks_diff(ticks_ms(), start),
                "error": error,
            }
        )
    return {"brokers": reached}


def _words(error):
    number = error.args[0] if error.args else None
    if number == errno.ECONNREFUSED:
        return "refused the connection"
    if number == errno.ETIMEDOUT or isinstance(error, asyncio.TimeoutError):
        return "silent for %d s" % (_BROKER_MS // 1000)
    if isinstance(error, ValueError):
        return "certificate: %s" % error
    return "%s: %s" % (type(error).__name__, error)


async def relay(gateway, number, settle_ms, samples):
    """Open a stage for as long as it must stay open, and tell what meters saw before and after.

    It is closed again in any case, if it was closed and the board may. The cable may be out
    meanwhile. What is refused is told before anything moves.
    """
    from gateway import outputs

    config = await _config(gateway)
    stage = next(each for each in config.stages if each[0] == number)
    board, output = gateway.board, gateway.board.output(stage[1])
    contact = board.contact(stage[1])
    equipment = outputs.take(stage, board, output)
    if not contact.closed():
        return {"refused": "open"}
    if equipment.check(0, True, True):
        return {"refused": "interlock"}
    meters = _meters(board, config, gateway.clock)
    watchdog = board.watchdog(_WATCHDOG_MS)
    before = await _samples(meters, samples, watchdog)
    await _until(
        ticks_ms(), equipment.stop(), watchdog
    )  # the miners stop before their supply is cut
    start = ticks_ms()
    try:
        if stage.get(5, (0,))[0]:
            output.energise(True)
            await asyncio.sleep_ms(stage[5][2])
            output.energise(False)
        else:
            equipment.energise(False)
        while contact.closed() and ticks_diff(ticks_ms(), start) < stage[4]:
            await asyncio.sleep_ms(_LOOK_MS)
        took_ms = ticks_diff(ticks_ms(), start)
        opened = not contact.closed()
        await asyncio.sleep_ms(settle_ms)
        after = await _samples(meters, samples, watchdog)
    finally:
        await _until(start, stage[2], watchdog)
        by_person = stage.get(5, (0, 0))[1]
        if not equipment.check(0, False, True):
            equipment.energise(True)
            equipment.run()
    start = ticks_ms()
    while not by_person and not contact.closed() and ticks_diff(ticks_ms(), start) < stage[4]:
        await asyncio.sleep_ms(_LOOK_MS)
    return {
        "opened": opened,
        "took_ms": took_ms,
        "closed": contact.closed(),
        "by_person": bool(by_person),
        "before": before,
        "after": after,
    }


async def _until(start, wait_ms, watchdog):
    while ticks_diff(ticks_ms(), start) < wait_ms:
        watchdog.feed()
        print("esep: waits, %d s" % (ticks_diff(ticks_ms(), start) // 1000))
        await asyncio.sleep_ms(min(1000, max(0, wait_ms - ticks_diff(ticks_ms(), start))))


def _meters(board, config, clock):
    from gateway.meter import Meter
    from gateway.modbus.driver import ModbusDriver

    buses = [_bus(board, index, bus) for index, bus in enumerate(config.buses)]
    return [Meter(meter, ModbusDriver(meter, buses[meter[4]]), clock) for meter in config.meters]


def _bus(board, index, bus):
    if bus[0] == 0:
        from gateway.modbus.rtu import RtuBus

        return RtuBus(board.uart(index, *bus[1:]), bus[1:])
    from gateway.modbus.tcp import TcpBus

    return TcpBus(bus[1], bus[2])


async def _samples(meters, count, watchdog):
    """[slot, quality, raw] of each meter, `count` times, a second apart or as the bus allows."""
    taken = []
    for _ in range(count):
        start = ticks_ms()
        for meter in meters:
            watchdog.feed()
            slot, _, quality, raw = meter.record(await meter.read(False))
            taken.append([slot, None if quality is None else quality.hex(), raw.hex()])
        await asyncio.sleep_ms(max(0, _SAMPLE_MS - ticks_diff(ticks_ms(), start)))
    return taken


async def _config(gateway):
    from gateway import provisioned
    from gateway.trust import Trust

    board, journal = gateway.board, gateway.journal
    trust = Trust(provisioned.required(board, "root.pub", 64))
    return await provisioned.load(board, journal, trust, gateway.clock, gateway.identity.gateway)


_VERBS: dict = {
    "state": state,
    "configuration": configuration,
    "since": since,
    "inputs": inputs,
    "network": network,
    "relay": relay,
    "sign": sign,
}
