"""From a period in breach to an open relay and a measured drop; and who cannot move a relay."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from installation.mosquitto import INTRUDER
from installation.proof import boots
from installation.sites import OVER, WITHIN
from installation.world import Fact, Installation

from auditor import curtailment
from auditor.exhibits import WrongField
from auditor.proof import read_root
from collector.evidence.cose import ContentType, parse
from collector.evidence.downlink import Action, Command, Role, Signer, certify
from collector.evidence.keys import PrivateKey
from simulator.demo.programs import esep

_YEAR_MS = 365 * 24 * 3600 * 1000


@dataclass(frozen=True)
class Order:
    """An order whose drop was measured: the fact, its command as it went over the wire."""

    verified: Fact
    command: bytes
    gateway: str
    output: Path
    contact: Path

    @property
    def is_open(self) -> bool:
        return (self.output.read_bytes(), self.contact.read_bytes()) == (b"0", b"0")


@pytest.fixture(scope="module")
def order(installation: Installation) -> Order:
    """At most: the first whole period, the notice, the settling, the samples."""
    fact = installation.await_fact("order.step", step="verified", patience_s=90)
    gateway = next(name for name, site in installation.gateways.items() if site == fact["site"])
    topic = f"esep/v1/{gateway}/command"
    command = installation.watcher.await_message(
        lambda name, payload: payload if name == topic else None
    )
    (stage,) = fact["stages"]
    folder = installation.folders[fact["site"]]
    return Order(fact, command, gateway, folder.output(stage), folder.contact(stage))


def test_breach_opens_a_relay_and_the_drop_is_measured(
    installation: Installation, order: Order
) -> None:
    assert order.verified["site"] == OVER
    assert order.verified["details"]["result"] == "full"
    before_w = order.verified["details"]["stage_before_w"]
    assert before_w == pytest.approx(1_200_000, rel=0.02)
    assert order.verified["details"]["stage_after_w"] == 0
    site_drop_w = (
        order.verified["details"]["site_before_w"] - order.verified["details"]["site_after_w"]
    )
    assert site_drop_w == pytest.approx(before_w, rel=0.05)
    assert order.is_open
    steps = [
        fact["step"]
        for fact in installation.facts
        if fact["event"] == "order.step" and fact["order"] == order.verified["order"]
    ]
    assert steps == [
        "drafted",
        "approved",
        "notified",
        "issued",
        "received",
        "applied",
        "contact_confirmed",
        "verified",
    ]


def test_the_measured_drop_is_certified_and_holds_offline(
    installation: Installation, order: Order, tmp_path: Path
) -> None:
    """Real gateways' frames, judged by the auditor with the root's key alone."""
    file = tmp_path / "certificate.json"
    esep("collector", "checkpoint", installation.evidence)
    esep("curtail", "certificate", installation.evidence, order.verified["order"], "--out", file)
    document = curtailment.read_certificate(file)
    lines = curtailment.judge(document, read_root(installation.evidence / "root.pub"))
    assert any(line.endswith(": full") for line in lines)
    [part] = document["certificate"]["parts"]
    assert part["measured"][0]["stage_before_w"] == order.verified["details"]["stage_before_w"]
    part["measured"][0]["meters"][0]["before"][0][3] += 1
    with pytest.raises(WrongField):
        curtailment.judge(document, read_root(installation.evidence / "root.pub"))


def test_site_within_its_allocation_is_left_alone(installation: Installation, order: Order) -> None:
    assert not [
        fact
        for fact in installation.facts
        if fact["event"] == "order.step" and fact["site"] == WITHIN
    ]
    folder = installation.folders[WITHIN]
    assert [folder.output(stage).read_bytes() for stage in (1, 2)] == [b"1", b"1"]


def test_old_command_is_not_obeyed_again(installation: Installation, order: Order) -> None:
    topic = f"esep/v1/{order.gateway}/command"
    counter = parse(order.command, ContentType.COMMAND).payload[2]
    mark = installation.take_facts()
    intruder = installation.connect(INTRUDER)
    intruder.publish(topic, order.command)
    reading = esep("collector", "read", installation.evidence, order.gateway).strip()
    installation.await_fact("gateway.command", after=mark, order=reading, phase="applied")
    intruder.publish(topic, order.command)
    intruder.close()
    refused = installation.await_fact("gateway.command", after=mark, phase="refused")
    assert (refused["reason"], refused["counter"]) == ("replayed", counter)
    answers = [
        fact["phase"]
        for fact in installation.facts[mark:]
        if fact["event"] == "gateway.command" and fact["order"] == refused["order"]
    ]
    assert answers == ["refused"]
    assert order.is_open


def _self_certified(_: Installation) -> Signer:
    """A certificate of the right form, by another root."""
    key, root = PrivateKey.generate(), PrivateKey.generate()
    now_ms = time.time_ns() // 1_000_000
    certificate = certify(root, Role.ORDERS, key.public, now_ms - _YEAR_MS, now_ms + _YEAR_MS)
    return Signer(key, certificate)


def _borrowed_certificate(installation: Installation) -> Signer:
    """The operator's own certificate, which everyone can see, and another key."""
    certificate = (installation.evidence / "keys" / f"{Role.ORDERS}.certificate").read_bytes()
    return Signer(PrivateKey.generate(), certificate)


def _wrong_role(installation: Installation) -> Signer:
    """The operator's key for receipts, which is certified, but not for orders."""
    keys = installation.evidence / "keys"
    certificate = (keys / f"{Role.RECEIPTS}.certificate").read_bytes()
    return Signer(PrivateKey.load(keys / f"{Role.RECEIPTS}.pem"), certificate)


@pytest.mark.parametrize("signer", [_self_certified, _borrowed_certificate, _wrong_role])
def test_command_of_an_uncertified_key_moves_nothing(
    installation: Installation, order: Order, signer: Callable[[Installation], Signer]
) -> None:
    now_ms = time.time_ns() // 1_000_000
    identity = signer.__name__.encode()[:16].ljust(16, b".")
    release = Command(
        target=bytes.fromhex(order.gateway),
        counter=1_000_000,
        issued_ms=now_ms,
        expires_ms=now_ms + 60_000,
        order=identity,
        action=Action.RELEASE,
        stages=tuple(order.verified["stages"]),
        until_ms=None,
        ramp_ms=(0, 0),
        authority=bytes(32),
        reason="none",
    )
    mark = installation.take_facts()
    intruder = installation.connect(INTRUDER)
    intruder.publish(
        f"esep/v1/{order.gateway}/command",
        signer(installation).seal(ContentType.COMMAND, release.payload()),
    )
    intruder.close()
    answer = installation.await_fact("gateway.command", after=mark, order=identity.hex())
    assert (answer["phase"], answer["reason"]) == ("refused", "bad_signature")
    assert order.is_open
    # the true operator is still obeyed: the forged counter was not taken for the last one
    reading = esep("collector", "read", installation.evidence, order.gateway).strip()
    installation.await_fact("gateway.command", after=mark, order=reading, phase="applied")


def test_killed_gateway_comes_back_with_its_stage_open(
    installation: Installation, order: Order
) -> None:
    before = boots(installation, OVER)
    installation.kill_gateway(OVER)
    order.output.write_bytes(b"1")  # the coil falls into place while nobody holds it
    installation.boot_gateway(OVER)
    until = time.monotonic() + 30
    while not order.is_open:
        assert time.monotonic() < until, "the stage did not open again"
        time.sleep(0.02)
    installation.await_receipts()
    assert boots(installation, OVER) == before + 1
    assert order.is_open
