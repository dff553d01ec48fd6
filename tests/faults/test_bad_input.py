"""What anyone with a way to the broker can send: counted, kept in bounds, and of no effect."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from installation.client import Client
from installation.mosquitto import INTRUDER
from installation.proof import close_and_prove
from installation.world import Installation

from collector.evidence import cose
from collector.evidence.cose import ContentType, message_hash
from collector.evidence.keys import PrivateKey

SITE = "site-a"
LARGE = 10_000_000
MOST_GROWTH_KIB = 128 * 1024


@pytest.fixture
def intruder(installation: Installation) -> Iterator[Client]:
    client = installation.connect(INTRUDER)
    yield client
    client.close()


@pytest.fixture
def gateway(installation: Installation) -> str:
    return next(name for name, site in installation.gateways.items() if site == SITE)


@pytest.fixture
def frame(installation: Installation) -> bytes:
    """A true frame of the site's gateway, taken from the wire."""
    return installation.await_frame(SITE)


def _signed_by_a_stranger(frame: bytes, *, in_own_name: bool) -> bytes:
    body = cose.parse(frame, ContentType.FRAME).payload
    key = PrivateKey.generate()
    if in_own_name:
        body = {**body, 1: key.public.kid}
    return cose.seal(key, ContentType.FRAME, body)


def _flip(message: bytes, bit: int) -> bytes:
    flipped = bytearray(message)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)


def _refusals(installation: Installation) -> Counter[str]:
    return Counter(installation.status()["refused"])


def _await_refusals(installation: Installation, mark: int, count: int) -> list[str]:
    """The reasons of the next refusals."""
    reasons: list[str] = []
    while len(reasons) < count:  # those of one batch are told together
        fact = installation.await_fact("intake.refused", after=mark)
        mark = installation.facts.index(fact, mark) + 1
        reasons += [fact["reason"]] * fact["count"]
    return reasons


def test_each_refusal_has_its_reason_and_is_counted(
    installation: Installation, intruder: Client, gateway: str, frame: bytes
) -> None:
    topic = f"esep/v1/{gateway}/frame"
    sent = [
        (topic, b"", "malformed"),
        (topic, b"\xff\x00\x13not CBOR", "malformed"),
        (topic, bytes(LARGE), "too_long"),
        (topic, frame[:-1], "malformed"),
        (topic, frame + b"\x00", "malformed"),
        (topic, _flip(frame, 8 * len(frame) - 8), "bad_signature"),
        (topic, _signed_by_a_stranger(frame, in_own_name=False), "key_not_valid"),
        (topic, _signed_by_a_stranger(frame, in_own_name=True), "unknown_gateway"),
        ("esep/v1/Алатау 矿场 \U0001f5fb/frame", frame, "topic_mismatch"),
        ("esep/v1//frame", frame, "topic_mismatch"),
        (f"esep/v1/{gateway.upper()}/frame", frame, "topic_mismatch"),
        (f"esep/v1/{'x' * 60_000}/frame", frame, "topic_mismatch"),
    ]
    before, mark = _refusals(installation), installation.take_facts()
    for name, payload, _ in sent:
        intruder.publish(name, payload)
    expected = [reason for _, _, reason in sent]
    assert Counter(_await_refusals(installation, mark, len(sent))) == Counter(expected)
    assert _refusals(installation) - before == Counter(expected)


def test_no_flipped_bit_passes(
    installation: Installation, intruder: Client, gateway: str, frame: bytes, moments: Random
) -> None:
    mark = installation.take_facts()
    bits = moments.sample(range(8 * len(frame)), 40)
    for bit in bits:
        intruder.publish(f"esep/v1/{gateway}/frame", _flip(frame, bit))
    _await_refusals(installation, mark, len(bits))
    stored = {entry.hash for entry in installation.entries()}
    assert not stored & {message_hash(_flip(frame, bit)) for bit in bits}


def test_repeated_frame_is_held_once(
    installation: Installation, intruder: Client, gateway: str, frame: bytes
) -> None:
    mark = installation.take_facts()
    for _ in range(20):
        intruder.publish(f"esep/v1/{gateway}/frame", frame)
    intruder.publish(f"esep/v1/{gateway}/frame", b"the last")
    _await_refusals(installation, mark, 1)
    assert [entry.raw for entry in installation.entries()].count(frame) == 1


def test_status_is_anyones_word(installation: Installation, intruder: Client) -> None:
    topic = "esep/v1/nobody/status"
    mark = installation.take_facts()
    for payload in (b"", b"\xff", b"null", b"[" * 4000, b'{"a":' * 800, b"1" * LARGE):
        intruder.publish(topic, payload)
    intruder.publish(topic, json.dumps({"online": True, "text": "\ud800 \x00"}).encode())
    installation.await_fact("gateway.status", after=mark, gateway="nobody")


def test_gateway_survives_what_is_sent_to_it(
    installation: Installation, intruder: Client, gateway: str, frame: bytes
) -> None:
    log = len(installation.gateway_log(SITE))
    large = 1_000_000
    for kind in ("receipt", "command"):
        for payload in (b"", b"\xff\xff", frame, b"\x9f" * 4000, bytes(large)):
            intruder.publish(f"esep/v1/{gateway}/{kind}", payload)
        large += 1
    for size in (1_000_000, 1_000_001):  # each the last of its topic
        installation.await_log(SITE, f"a message of {size} bytes is too large", log)
    installation.await_frame(SITE)
    installation.await_receipts()
    assert installation.gateway_programs[SITE].is_running


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc")
def test_memory_stays_within_bounds(
    installation: Installation, intruder: Client, gateway: str
) -> None:
    mark, before = installation.take_facts(), _peak_kib(installation.collector.pid)
    for _ in range(30):
        intruder.publish(f"esep/v1/{gateway}/frame", bytes(LARGE))
    assert set(_await_refusals(installation, mark, 30)) == {"too_long"}
    assert _peak_kib(installation.collector.pid) - before < MOST_GROWTH_KIB


def test_everything_was_acknowledged_and_metering_went_on(
    installation: Installation, intruder: Client, gateway: str
) -> None:
    """A message without acknowledgement would come again before the marker."""
    installation.await_receipts()
    installation.stop_collector()
    mark = installation.take_facts()
    installation.start_collector(None)
    installation.await_fact("broker.connected", after=mark)
    intruder.publish(f"esep/v1/{gateway}/frame", b"marker")
    refused = installation.await_fact("intake.refused", after=mark)
    assert refused["size"] == len(b"marker")
    close_and_prove(installation)


def _peak_kib(pid: int) -> int:
    """The most memory that a process ever had (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
