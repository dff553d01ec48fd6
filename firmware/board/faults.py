"""Faults that the unix board's JSON plans, so that tests can see what the gateway does about them.

A plan is [{"at": "gateway.stages.Stages.tick", "do": …, "with": …, "call": n, "calls": m}, …]: from
the n-th call on, 1 unless given, m calls, 1 unless given, are broken.

In the image, what only one file knows bears another name (technician/names.py): what a plan breaks
is public, and stands in `_KEPT` when no other file uses it.

do: "raise" with the name of an exception; "hang" the loop for so many ms; "stall", never to come
back while the loop runs; "fill" the heap; "set" the name to a value, at once.
"""

import asyncio
import builtins
import time

_KEPT = (
    "LIMITS_MS",
    "LIMITS_S",
    "LONGEST_PAUSE_MS",
    "MINUTE_MS",
    "SAFE_S",
    "WELL_S",
    "begin_rest",
)
_FOR_EVER_S = 100_000
_PIECE_BYTES = 512


def plan(faults):
    for fault in faults:
        path, name = fault["at"].rsplit(".", 1)
        owner = _find(path)
        whole = getattr(owner, name)
        if fault["do"] == "set":
            setattr(owner, name, fault["with"])
        else:
            setattr(owner, name, _broken(whole, fault))


def _find(path):
    """A module, or a class in one."""
    try:
        return __import__(path, None, None, ("*",))
    except ImportError:
        module, name = path.rsplit(".", 1)
        return getattr(__import__(module, None, None, (name,)), name)


def _broken(whole, fault):
    first = fault.get("call", 1)
    end = first + fault.get("calls", 1)
    act = _ACTS[fault["do"]]
    calls = 0

    def call(*args):
        nonlocal calls
        calls += 1
        if first <= calls < end:
            waiting = act(fault.get("with"))
            if waiting:
                return waiting
        return whole(*args)

    return call


def _raise(name):
    kind = getattr(builtins, name, None) or getattr(asyncio, name)
    raise kind("planned")


def _fill(_):
    held = []
    while True:
        held.append(bytearray(_PIECE_BYTES))


_ACTS = {
    "raise": _raise,
    "hang": time.sleep_ms,
    "stall": lambda _: asyncio.sleep(_FOR_EVER_S),
    "fill": _fill,
}
