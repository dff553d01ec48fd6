"""evidence/: a small folder as the collector exports one, in which everything holds."""

import json
from hashlib import sha256

from generator.chain_parts import Chain, chain
from generator.checkpoints import checkpoint, checkpoint_body
from generator.commands import body as command_body
from generator.commands import command
from generator.frames import enrolment_of
from generator.keys import GATEWAY_A, GATEWAY_A_SECOND, GATEWAY_B, ROOT
from generator.messages import NOW_MS
from generator.schedules import body as schedule_body
from generator.schedules import schedule
from generator.site import (
    BILLING,
    INTERVAL_RAW,
    ORDER_ID,
    TELEMETRY,
    boot,
    configuration,
    event,
    interval,
    reading,
    register,
    sample,
)

SCHEDULE = schedule(schedule_body(f2=1)).encode()


def files() -> dict[str, bytes]:
    """Content by path under evidence/."""
    frames = _frames()
    half = len(frames) // 2
    return {
        "frames.bin": b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames),
        "keys.json": _json(register()),
        "root.json": _json({"x": ROOT.x.hex(), "y": ROOT.y.hex()}),
        "checkpoints/0001.cose": checkpoint(checkpoint_body(frames[:half])).encode(),
        "checkpoints/0002.cose": checkpoint(checkpoint_body(frames, NOW_MS + 3_600_000)).encode(),
        "commands/open.cose": command(command_body()).encode(),
        "schedules/observe.cose": SCHEDULE,
        "configurations/gateway-a.cose": configuration(GATEWAY_A),
        "configurations/gateway-b.cose": configuration(GATEWAY_B),
    }


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


def _frames() -> list[bytes]:
    """Gateway A: an order, thinned telemetry, an epoch, a new key. Gateway B: one frame."""
    first = Chain(BILLING)
    in_force = sha256(configuration()).digest()
    first.add(boot(), event(3, {0: in_force, 1: 1}))
    first.add(interval(0), interval(1))
    first.add(event(17, {0: sha256(SCHEDULE).digest(), 1: 1, 2: 0}))
    first.add(
        event(4, {0: ORDER_ID, 1: 42, 2: 1}), event(5, {0: 1, 1: 0, 2: "command", 3: ORDER_ID})
    )
    first.add(reading(0), event(4, {0: ORDER_ID, 1: 42, 2: 2, 4: [1]}))
    first.add(event(7, {0: TELEMETRY, 1: 1, 2: 2, 3: 3}))
    telemetry = chain(TELEMETRY, 5).frames
    second = Chain(BILLING, epoch=2)
    second.add(boot("watchdog"), event(8, {0: 1, 1: "journal lost"}))
    second.add(
        [1, 0, NOW_MS + 900_000, 20, b"\x01", INTERVAL_RAW[0]],
        event(12, {0: enrolment_of(GATEWAY_A_SECOND), 1: [2, 3, 2]}),
    )
    second.add(interval(0), signer=GATEWAY_A_SECOND)
    second.add([1, 1, NOW_MS + 1_800_000, 20, b"\x02\x02", b""], signer=GATEWAY_A_SECOND)
    second_telemetry = Chain(TELEMETRY, epoch=2)
    second_telemetry.add(sample(1))
    second_telemetry.add(sample(0), signer=GATEWAY_A_SECOND)
    other = Chain(BILLING, gateway=GATEWAY_B)
    other.add(boot("unknown"))
    return [
        *first.frames[:2],
        telemetry[0],
        *first.frames[2:],
        telemetry[4],
        telemetry[3],
        *other.frames,
        *second.frames,
        *second_telemetry.frames,
    ]
