"""One message for a zone: who does not know it as his own, and what a certificate proves of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli_world import run
from collector_world import (
    BILLING,
    NOW_MS,
    SITE,
    ZONE,
    World,
    command_event,
    gateway_record,
    meter_record,
    site_record,
)
from collector_world import TestGateway as Gateway
from evidenced_night import EvidencedNight
from order_night import APPLIED, OTHER, RECEIVED, REFUSED, SECOND
from test_certificate import audit, changed, put, refused

from collector.cli.curtail import app
from collector.evidence.cose import ContentType, parse
from collector.ledger.followers import advance
from collector.model.order import Step
from collector.orders import commands
from collector.orders.follower import OrderFollower
from collector.orders.order import Order

SILENT = "site-z"


class Zone:
    """Two sites that an order opens by one message; the second's gateway is `other`."""

    def __init__(self, directory: Path) -> None:
        self.night = EvidencedNight(World.make(directory), directory)
        self.other, self.seq = Gateway(), 0
        self.night.record(
            site_record(self.other, SILENT),
            gateway_record(self.other, SILENT),
            meter_record(self.other, "z", 0, "delivery", SILENT),
        )
        self.night.world.configure(self.other)
        self.night.authorise()
        drafted = self.night.draft(
            cuts=[(SITE, None), (SILENT, None)], hold_s=3600, is_by_zone=True
        )
        self.night.approve(drafted, OTHER)
        self.night.at(1).at(2)

    @property
    def order(self) -> Order:
        return self.night.order()

    def sent(self) -> list[tuple[str, dict[int, Any]]]:
        """Topics and bodies of what reaches the broker now."""
        found = []
        for identity, topic, message in commands.unsent(self.night.world.engine):
            found.append((topic, parse(message, ContentType.COMMAND).payload))
            commands.mark_sent(self.night.world.engine, [identity], self.night.now_ms)
        return found

    def answers(self, counter: int, phase: int, **more: Any) -> None:
        """The other gateway's signed event comes in."""
        self.seq += 1
        record = command_event(self.order.id, counter, phase, self.night.now_ms, **more)
        frame = self.other.frame(BILLING, self.seq, [record])
        self.night.world.append([frame], self.night.now_ms, self.other)
        while advance(self.night.world.engine, OrderFollower()):
            pass


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    return Zone(tmp_path)


def test_who_does_not_know_the_zone_gets_a_command_of_his_own(zone: Zone) -> None:
    """As where a site was moved, and its gateway has no configuration that says so yet."""
    [(topic, body)] = zone.sent()
    assert (topic, body[1]) == (f"esep/v1/zone/{ZONE}/command", ZONE)
    zone.night.answer(zone.order, RECEIVED)
    zone.night.answer(zone.order, APPLIED)
    zone.night.at(8)
    own = f"esep/v1/{zone.other.id.hex()}/command"
    assert [topic for topic, _ in zone.sent()] == [own]
    zone.answers(body[2], REFUSED, reason="not_for_me")
    zone.night.at(9)
    [(topic, command)] = zone.sent()
    assert (topic, command[1], command[7]) == (own, zone.other.id, [1, 2])
    assert command[2] == body[2] + 1
    zone.answers(command[2], RECEIVED)
    zone.answers(command[2], APPLIED)
    assert zone.order.parts[1].step is Step.CONTACT_CONFIRMED


def test_what_was_not_for_a_gateway_says_nothing_of_its_own_command(zone: Zone) -> None:
    """Whoever can publish may show it what is another's."""
    [(_, body)] = zone.sent()
    zone.answers(body[2], REFUSED, reason="not_for_me")
    zone.night.at(3)
    [(_, command)] = zone.sent()
    for reason in ("not_for_me", "bad_signature"):
        zone.answers(command[2], REFUSED, reason=reason)
    zone.night.at(4)
    assert zone.sent() == []
    assert zone.order.parts[1].step is Step.ISSUED


def certificate(zone: Zone, directory: Path) -> Path:
    """After the first site obeyed; the other is silent."""
    night = zone.night
    zone.sent()
    night.answer(zone.order, RECEIVED, at_s=3.5)
    for stage in (1, 2):
        night.moved(stage, is_closed=False, at_s=3.9, order=zone.order)
    night.answer(zone.order, APPLIED, at_s=4)
    night.measure(-30, 4)
    night.measure(4, 15, on=())
    night.at(15)
    night.checkpoints.sign(NOW_MS + 30 * SECOND)
    out = directory / "c.json"
    run("certificate", directory, zone.order.id.hex(), "--out", out, app=app)
    return out


def test_the_certificate_of_a_zones_order_holds(zone: Zone, tmp_path: Path) -> None:
    judged = audit(certificate(zone, tmp_path), tmp_path / "root.pub")
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "900000.0 W before, 0.0 W after at the stages" in judged.stdout


def test_it_holds_for_nobody_elses_gateway_or_stages(zone: Zone, tmp_path: Path) -> None:
    document = json.loads(certificate(zone, tmp_path).read_bytes())
    places: list[tuple[Any, ...]] = [
        ("certificate", "parts", 0, "commands", 0, "stages", 1),
        ("certificate", "parts", 1, "gateway"),
    ]
    for place in places:
        item: Any = document
        for name in place[:-1]:
            item = item[name]
        refused(put(document, place, changed(item[place[-1]])), tmp_path)
    silent = zone.other.id.hex()
    [mine] = [
        name
        for name, raw in document["certificate"]["evidence"]["configurations"].items()
        if silent in raw
    ]
    del document["certificate"]["evidence"]["configurations"][mine]
    assert refused(document, tmp_path) == "parts[1].commands[0].target"
