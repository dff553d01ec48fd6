"""`python -m simulator.gateways FLEET.json`: many light gateways in one process, for measurements.

A JSON line each second until all are connected, and when they are, then one for each event:
`at_ms`, `gateway`, and of a contact `stage` and `closed`, of a command `order`, `phase` and
`reason`. SIGTERM ends it.
"""

import asyncio
import json
import signal
import ssl
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from simulator.gateways.gateway import LightGateway, Pace
from simulator.gateways.stages import Record, Stage, Stages
from simulator.gateways.wire import Key, Root

_AT_ONCE = 200
"""Connections that begin together: all at once would only wait for one another."""
_LOOK_S = 0.05


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _told(gateway: LightGateway, record: Record) -> None:
    _, at_ms, code, body = record
    if code == 5:
        moved = {"stage": body[0], "closed": bool(body[1]), "order": body[3].hex()}
        _say({"at_ms": at_ms, "gateway": gateway.name} | moved)
    elif code == 4:
        said = {"order": body[0].hex(), "phase": body[2], "reason": body.get(3)}
        _say({"at_ms": at_ms, "gateway": gateway.name} | said)


def _gateway(entry: dict[str, Any], fleet: dict[str, Any]) -> LightGateway:
    key = Key(ec.derive_private_key(int(entry["key"], 16), ec.SECP256R1()))
    rng = Random(f"{fleet['seed']} {entry['key']}")  # noqa: S311
    stages = {int(number): Stage(int(number), rated) for number, rated in entry["stages"].items()}
    root = Root(bytes.fromhex(fleet["root"]))
    return LightGateway(
        key,
        bytes.fromhex(entry["configuration"]),
        Stages((key.id, entry["zone"]), root, stages, rng),
        entry["zone"],
        entry["auxiliary_w"],
        fleet["sample_s"],
        Pace(tuple(fleet["sign_ms"]), tuple(fleet["verify_ms"])),
        rng,
        _now_ms,
        _told,
    )


def _context(entry: dict[str, Any], fleet: dict[str, Any]) -> ssl.SSLContext | None:
    if fleet["ca"] is None:
        return None
    context = ssl.create_default_context(cafile=fleet["ca"])
    context.load_cert_chain(*entry["certificate"])
    return context


async def _count(gateways: list[LightGateway]) -> None:
    while True:
        await asyncio.sleep(1)
        _say({"connected": sum(each.is_connected for each in gateways)})


async def _run(fleet: dict[str, Any]) -> None:
    stopping, tasks = asyncio.Event(), []
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    gateways: list[LightGateway] = []
    counting = asyncio.create_task(_count(gateways))
    for entry in fleet["gateways"]:
        while sum(not each.is_connected for each in gateways) >= _AT_ONCE:
            await asyncio.sleep(_LOOK_S)
        gateway = _gateway(entry, fleet)
        gateways.append(gateway)
        run = gateway.run(fleet["host"], fleet["port"], _context(entry, fleet))
        tasks.append(asyncio.create_task(run))
    while not all(each.is_connected for each in gateways) and not stopping.is_set():
        await asyncio.sleep(_LOOK_S)
    counting.cancel()
    _say({"ready": len(gateways)})
    await stopping.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(_run(json.loads(Path(sys.argv[1]).read_text())))
