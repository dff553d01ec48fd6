"""How long signatures take, ours and a textbook's: for the benchmark."""

from serve import serve  # isort: skip

import asyncio
import gc
import os
from array import array
from time import ticks_diff, ticks_us

import textbook_p256
from gateway import p256

# The application's, in bytes: a word, and with it an object, is twice as long here.
THRESHOLD = 2 * 8192
gc.threshold(THRESHOLD)

DIGITS = 65
MOST_TURNS = 400


def us_of(work, *args):
    begin = ticks_us()
    result = work(*args)
    return ticks_diff(ticks_us(), begin), result


def times(rounds):
    """[sign, verify, textbook sign, textbook verify] of each round, µs."""
    found = []
    for _ in range(rounds):
        d = int.from_bytes(os.urandom(32), "big") % (p256.ORDER - 1) + 1
        digest = os.urandom(32)
        public = p256.public(d)
        sign_us, signature = us_of(asyncio.run, p256.sign(d, digest))
        verify_us, holds = us_of(asyncio.run, p256.verify(public, digest, signature))
        point = p256._integers(public)
        textbook_sign_us, pair = us_of(textbook_p256.sign, d, digest)
        textbook_verify_us, theirs = us_of(textbook_p256.verify, point, digest, pair)
        # each believes the other's, so that both did the whole work
        octets = p256._octets(pair)
        assert holds and theirs and asyncio.run(p256.verify(public, digest, octets))
        assert textbook_p256.verify(point, digest, p256._integers(signature))
        found.append([sign_us, verify_us, textbook_sign_us, textbook_verify_us])
    return found


async def turns_us(work):
    """How long another task waits for each of its turns meanwhile."""
    turns = array("I", [0] * MOST_TURNS)
    count = 0
    done = False

    async def other():
        nonlocal count
        before = ticks_us()
        while not done:
            await asyncio.sleep_ms(0)
            now = ticks_us()
            turns[count] = ticks_diff(now, before)
            count += 1
            before = now

    task = asyncio.create_task(other())
    await asyncio.sleep_ms(0)
    await work
    done = True
    await task
    return list(turns[:count])


def slices(collecting):
    """[turns of sign, turns of verify], µs: the same work each time. With a collector that runs as

    the application's does, in a heap half of which is alive; or without any.
    """
    live = fill() if collecting else []
    d, digest = 0x1234567 << 225, bytes(range(32))
    public = p256.public(d)
    signature = asyncio.run(p256.sign(d, digest))
    found = []
    for work in (p256.sign(d, digest), p256.verify(public, digest, signature)):
        gc.collect()
        if not collecting:
            gc.disable()
        found.append(asyncio.run(turns_us(work)))
        gc.enable()
    del live
    return found


def fill():
    """Small objects, until half of the heap is alive."""
    live: list = []
    gc.collect()
    while gc.mem_alloc() < gc.mem_free():
        live.append({len(live): [bytes(20), len(live)]})
    return live


def collection(rounds):
    """µs of each collection of such a heap."""
    live = fill()
    found = [us_of(gc.collect)[0] for _ in range(rounds)]
    del live
    return found


def pi_digits(count):
    """Gibbons' spigot, by transformations (q, r, s, t): the work of MicroPython's bm_pidigits."""
    digits = []
    q, r, s, t = 1, 0, 0, 1
    k = 1
    while len(digits) < count:
        digit = _extract(q, r, s, t, 3)
        if digit == _extract(q, r, s, t, 4):
            digits.append(digit)
            q, r, s, t = _compose(10, -10 * digit, 0, 1, q, r, s, t)
        else:
            q, r, s, t = _compose(q, r, s, t, k, 4 * k + 2, 0, 2 * k + 1)
            k += 1
    return digits


def _extract(q, r, s, t, x):
    return (q * x + r) // (s * x + t)


def _compose(aq, ar, as_, at, bq, br, bs, bt):
    return aq * bq, aq * br + ar * bt, as_ * bq + at * bs, as_ * br + at * bt


def pi(rounds):
    """µs of each run of as many digits as MicroPython's own benchmark asks for."""
    gc.threshold(-1)  # as that benchmark leaves it
    found = []
    for _ in range(rounds):
        us, digits = us_of(pi_digits, DIGITS)
        assert digits[:5] == [3, 1, 4, 1, 5]
        found.append(us)
    gc.threshold(THRESHOLD)
    return found


serve(times=times, slices=slices, collection=collection, pi=pi)
