"""curtailments.json: curtailment certificates, of opened stages and of a setpoint, with the field
that does not hold.
"""

import copy
import json
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any

from generator.cbor import Item
from generator.checkpoints import checkpoint, checkpoint_body, tree_root
from generator.commands import LIMIT, OPEN, RAMP, command
from generator.commands import body as command_body
from generator.keys import CONFIGURATION, GATEWAY_A, ORDERS, ROOT, STRANGER, Key
from generator.messages import NOW_MS, Body, Vector, certificate, sign
from generator.site import (
    BILLING,
    METER_ON_A_BUS,
    METER_ON_TCP,
    ORDER_ID,
    TELEMETRY,
    ZERO_HASH,
    configuration_body,
    frame,
    frame_body,
)

Document = dict[str, Any]
Change = Callable[[Document], None]

PROFILE = """[registers]
default = { scale = "1", side = "primary" }
[[registers.quantity]]
name = "active_energy_import"
type = "uint32"
[[registers.quantity]]
name = "active_power"
type = "int32"
scale = "10"
side = "secondary"
"""
W_A_COUNT = 10 * 200
"""Transformers of 1000/5 A."""
AUTHORITY = sha256(b"the document of the vectors").digest()
CAP_W = 500_000
OPENED_MS, ENDED_MS = NOW_MS + 1000, NOW_MS + 60_000
BEFORE_MS, AFTER_MS = [NOW_MS - 32_000, NOW_MS - 2000], [NOW_MS + 10_000, NOW_MS + 40_001]


def document() -> Vector:
    return {
        "kind": "curtailment",
        "what": "Certificates as files, each judged with nothing but the root. A bad one's `expect`"
        " is the path of the first field that does not hold.",
        "context": {"root_x": ROOT.x.hex(), "root_y": ROOT.y.hex()},
        "vectors": [*_good(), *_bad()],
    }


def _good() -> Iterable[Vector]:
    yield _vector("opened", "A stage was opened, and 600 kW are gone.", opened())
    yield _vector("capped", "A site is held to 500 kW, and draws 310.", capped())
    yield _vector(
        "not_kept", "It draws 520 kW, and is certified as partial.", capped(260, "partial")
    )
    yield _vector("idle", "A site that drew no more before: nothing is credited.", idle())


def _bad() -> Iterable[Vector]:
    part = "parts[0]"
    measured, first = f"{part}.measured[0]", f"{part}.commands[0]"
    said: tuple[tuple[str, str, Document, str, Change], ...] = (
        ("cap_raised", "Another setpoint than was ordered.", capped(), f"{first}.power_w",
         lambda each: _part(each).update(cap_w=600_000)),
        ("cap_of_the_command", "The command says another.", capped(), f"{first}.power_w",
         lambda each: _part(each)["commands"][0].update(power_w=600_000)),
        ("cap_left_out", "A setpoint as if it had opened stages.", capped(), f"{first}.power_w",
         lambda each: _part(each).pop("cap_w") and None),
        ("cap_of_a_stage", "It is said to be for a stage.", capped(), f"{first}.stages",
         lambda each: _part(each)["commands"][0].update(stages=[1])),
        ("cap_of_the_judgement", "Judged by another setpoint.", capped(), f"{measured}.cap_w",
         lambda each: _measured(each).update(cap_w=600_000)),
        ("full_though_above", "520 kW are not 500.", capped(260, "partial"), f"{measured}.result",
         lambda each: _measured(each).update(result="full")),
        ("idle_credited", "Credit for load that was under it before.", idle(),
         f"{measured}.credited_w", lambda each: _measured(each).update(credited_w=600_000.0)),
        ("credit_raised", "More than both places show.", opened(), f"{measured}.credited_w",
         lambda each: _measured(each).update(credited_w=700_000.0)),
        ("power_changed", "Another power than the register's bytes say.", opened(),
         f"{measured}.meters[0].before[1]",
         lambda each: _meter(each)["before"][1].__setitem__(3, 1.0)),
        ("sample_twice", "One sample is there twice.", opened(), f"{measured}.meters[0].before[1]",
         lambda each: _meter(each)["before"].insert(1, list(_meter(each)["before"][0]))),
        ("sample_left_out", "Two samples are too few.", opened(), f"{measured}.meters[0].after",
         lambda each: _meter(each)["after"].pop() and None),
        ("before_the_settling", "The window after begins too soon.", opened(),
         f"{measured}.after_ms",
         lambda each: _measured(each).update(after_ms=[OPENED_MS, AFTER_MS[1]])),
        ("until_later", "It was ordered for longer.", opened(), f"{first}.until_ms",
         lambda each: _part(each)["commands"][0].update(until_ms=NOW_MS + 7_200_000)),
        ("applied_sooner", "Another time than was signed.", opened(),
         f"{part}.acknowledgements[1].at_ms",
         lambda each: _part(each)["acknowledgements"][1].update(at_ms=NOW_MS)),
        ("contact_closed", "Another state than was signed.", opened(),
         f"{part}.contacts[0].is_closed",
         lambda each: _part(each)["contacts"][0].update(is_closed=True)),
        ("estimate_raised", "More energy than follows.", opened(), f"{part}.estimate.energy_wh",
         lambda each: _part(each)["estimate"].update(energy_wh=10_000)),
        ("another_reason", "The command names another reason.", opened(), "order.reason",
         lambda each: each["order"].update(reason="manual")),
        ("path_of_another", "A frame at another position of the tree.", opened(),
         "evidence.frames.1",
         lambda each: each["evidence"]["frames"]["1"].update(
             path=each["evidence"]["frames"]["2"]["path"])),
    )  # fmt: skip
    for name, what, content, path, change in said:
        changed = copy.deepcopy(content)
        change(changed)
        yield _vector(name, what, changed, path)
    yield _vector("by_a_stranger", "Not signed by the operator.", opened(), "signature", STRANGER)
    spaced = _file(opened()).replace(b":", b": ", 1)
    yield {
        "name": "another_text", "what": "A space that was not signed.", "message": spaced.hex(),
        "expect": "certificate",
    }  # fmt: skip


def _part(content: Document) -> Document:
    found: Document = content["parts"][0]
    return found


def _measured(content: Document) -> Document:
    found: Document = _part(content)["measured"][0]
    return found


def _meter(content: Document) -> Document:
    found: Document = _measured(content)["meters"][0]
    return found


def opened() -> Document:
    changes: dict[str, Item] = {"f7": [1], "f9": RAMP}
    content = _content(OPEN, changes, "open", after=155, result="full", credited_w=600_000.0)
    part = _part(content)
    part["stages"] = part["commands"][0]["stages"] = [1]
    figures = {"stage_before_w": 600_000.0, "stage_after_w": 0.0}
    stage = {"stage": 1, "result": "full", "cause": None, "before_w": 600_000.0, "after_w": 0.0}
    _measured(content).update(figures, stages=[stage | {"sigma_w": 300.0}])
    return content


def capped(
    after: int = 155, result: str = "full", cap_w: int = CAP_W, credited_w: float | None = None
) -> Document:
    """`after`: the count at the delivery point."""
    gone_w = float((455 - after) * W_A_COUNT) if credited_w is None else credited_w
    content = _content(LIMIT, {"f12": cap_w}, "limit", after, result, gone_w)
    part = _part(content)
    part["cap_w"] = part["commands"][0]["power_w"] = cap_w
    figures = {"stage_before_w": 910_000.0, "stage_after_w": float(after * W_A_COUNT)}
    _measured(content).update(figures, cap_w=cap_w, stages=[])
    _measured(content)["meters"].pop()  # of no stage that another order moved
    return content


def idle() -> Document:
    return capped(cap_w=1_000_000, credited_w=0.0)


def _content(
    action: int, changes: dict[str, Item], cause: str, after: int, result: str, credited_w: float
) -> Document:
    until_ms = NOW_MS + 3_600_000
    grounds: dict[str, Item] = {"f8": until_ms, "f10": AUTHORITY, "f11": "emergency"}
    body = command_body(action, **grounds, **changes)
    frames = _frames(after, "limit" if action == LIMIT else "command")
    leaves = [*frames]
    watts = {"before": (455, 300), "after": (after, 0)}
    meters = [
        {
            "serial": ("PM-0001", "SD-0002")[slot], "slot": slot, "point": ("delivery", 1)[slot],
            "profile": _profile_hash().hex(), "response_ms": 1000, "quantum_w": "2000",
            **{
                name: [
                    [position, 2 * number + slot, at_ms, float(watts[name][slot] * W_A_COUNT)]
                    for number, at_ms in enumerate(_moments(name))
                ]
                for name, position in (("before", 1), ("after", 3))
            },
        }
        for slot in (0, 1)
    ]  # fmt: skip
    energy_wh = round(credited_w * (ENDED_MS - OPENED_MS) / 3_600_000)
    part = {
        "part": 1, "site": "ekibastuz-1", "gateway": GATEWAY_A.key_id.hex(), "stages": [],
        "licensee": {"bin": "100240000017", "name": None}, "step": "restored", "result": result,
        "notice": None,
        "commands": [{
            "message": command(body).encode().hex(), "counter": body[2], "action": cause,
            "stages": [], "until_ms": until_ms, "issued_ms": body[3], "expires_ms": body[4],
        }],
        "acknowledgements": [
            _said(2, 0, "received", body[2], NOW_MS), _said(2, 2, "applied", body[2], OPENED_MS),
            _said(4, 1, "restored", body[2], ENDED_MS),
        ],
        "contacts": [
            _moved(2, 1, False, "limit" if action == LIMIT else "command", OPENED_MS - 100),
            _moved(4, 0, True, "ramp", ENDED_MS - 100),
        ],
        "measured": [{
            "step": "verified", "at_ms": AFTER_MS[1], "result": result, "cause": None,
            "site_before_w": 910_000.0, "site_after_w": float(after * W_A_COUNT),
            "sigma_w": 300.0, "site_sigma_w": 300.0,
            "boundary_drop_w": float((455 - after) * W_A_COUNT), "credited_w": credited_w,
            "before_ms": BEFORE_MS, "after_ms": AFTER_MS, "meters": meters,
        }],
        "duration": {
            "opened_ms": OPENED_MS, "ended_ms": ENDED_MS, "ms": ENDED_MS - OPENED_MS,
        },
        "estimate": {
            "baseline": "flat_prior_load", "energy_wh": energy_wh, "error_wh": 10,
            "measured_ms": ENDED_MS - OPENED_MS, "unmeasured_ms": 0,
        },
    }  # fmt: skip
    return {
        "kind": "esep.curtailment", "version": 1, "issued_ms": ENDED_MS,
        "order": {
            "id": ORDER_ID.hex(), "reason": "emergency", "why": "авария", "reference": "log 18",
            "rule": None, "official": "an official", "drafted_by": "А. Омарова",
            "drafted_ms": NOW_MS - 3000, "approved_by": "А. Омарова", "approved_ms": NOW_MS - 3000,
            "step": "restored", "result": result,
        },
        "authority": {"id": "A-1", "document_sha256": AUTHORITY.hex()},
        "rules": {
            "settle_s": "3", "before_window_s": 60, "verify_timeout_s": 120, "min_samples": 3,
            "full_permille": 900, "partial_permille": 200,
            "drop": {"boundary_sigmas": "1", "hysteresis_permille": 50},
        },
        "parts": [part],
        "evidence": {
            "checkpoint": checkpoint(checkpoint_body(leaves)).encode().hex(),
            "frames": {
                str(position): {
                    "frame": leaf.hex(), "path": [node.hex() for node in _path(leaves, position)],
                    "key": {"x": GATEWAY_A.x.hex(), "y": GATEWAY_A.y.hex()},
                }
                for position, leaf in enumerate(leaves, 1)
            },
            "configurations": {sha256(_configuration()).hexdigest(): _configuration().hex()},
            "profiles": {_profile_hash().hex(): PROFILE},
        },
    }  # fmt: skip


def _said(position: int, record: int, phase: str, counter: Item, at_ms: int) -> Document:
    return {
        "position": position, "record": record, "phase": phase, "counter": counter,
        "reason": None, "at_ms": at_ms,
    }  # fmt: skip


def _moved(position: int, record: int, is_closed: bool, cause: str, at_ms: int) -> Document:
    return {
        "position": position, "record": record, "stage": 1, "is_closed": is_closed,
        "cause": cause, "at_ms": at_ms,
    }  # fmt: skip


def _moments(name: str) -> list[int]:
    first_ms = NOW_MS - 30_000 if name == "before" else NOW_MS + 11_000
    return [first_ms + 10_000 * number for number in range(3)]


def _frames(after: int, cause: str) -> list[bytes]:
    """Samples before, what was obeyed, samples after, the return."""

    def samples(name: str, counts: tuple[int, int]) -> list[Item]:
        return [
            [2, slot, at_ms, None, bytes(4) + counts[slot].to_bytes(4, "big")]
            for at_ms in _moments(name)
            for slot in (0, 1)
        ]

    def said(phase: int, at_ms: int) -> Item:
        return [3, at_ms, 4, {0: ORDER_ID, 1: 42, 2: phase}]

    def contact(is_closed: int, why: str, at_ms: int) -> Item:
        return [3, at_ms, 5, {0: 1, 1: is_closed, 2: why, 3: ORDER_ID}]

    before = _frame(TELEMETRY, samples("before", (455, 300)), 1, ZERO_HASH)
    obeyed: list[Item] = [said(1, NOW_MS), contact(0, cause, OPENED_MS - 100), said(2, OPENED_MS)]
    first = _frame(BILLING, obeyed, 1, ZERO_HASH)
    later = _frame(TELEMETRY, samples("after", (after, 0)), 2, sha256(before).digest())
    ended: list[Item] = [contact(1, "ramp", ENDED_MS - 100), said(5, ENDED_MS)]
    return [before, first, later, _frame(BILLING, ended, 2, sha256(first).digest())]


def _frame(stream: int, records: list[Item], seq: int, previous: bytes) -> bytes:
    body = frame_body(stream, records, seq=seq, previous=previous)
    return frame(body | {6: sha256(_configuration()).digest()}).encode()


def _configuration() -> bytes:
    by_scale: Body = {3: _profile_hash(), 6: [1000, 5], 7: [1, 1]}
    meters: list[Item] = [METER_ON_A_BUS | by_scale, METER_ON_TCP | by_scale]
    by_root = certificate(CONFIGURATION, "configuration")
    body = configuration_body() | {8: meters}
    return sign(CONFIGURATION, "configuration", body, certificate=by_root).encode()


def _profile_hash() -> bytes:
    return sha256(PROFILE.encode()).digest()


def _path(leaves: list[bytes], position: int) -> list[bytes]:
    """RFC 6962 §2.1.1; positions count from 1."""
    if len(leaves) == 1:
        return []
    left = 1 << (len(leaves) - 1).bit_length() - 1
    if position <= left:
        return [*_path(leaves[:left], position), tree_root(leaves[left:])]
    return [*_path(leaves[left:], position - left), tree_root(leaves[:left])]


def _canonical(content: Document) -> bytes:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def _file(content: Document, signer: Key = ORDERS) -> bytes:
    digest = sha256(_canonical(content)).digest()
    body: Body = {0: 1, 1: digest, 2: ORDER_ID, 3: content["issued_ms"]}
    by_root = certificate(ORDERS, "orders")
    signature = sign(signer, "curtailment", body, certificate=by_root).encode()
    return _canonical({"certificate": content, "signature": signature.hex()}) + b"\n"


def _vector(
    name: str, what: str, content: Document, expect: str = "ok", signer: Key = ORDERS
) -> Vector:
    message = _file(content, signer).hex()
    return {"name": name, "what": what, "message": message, "expect": expect}
