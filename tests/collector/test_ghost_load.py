"""Load that goes on behind a stage whose contact says open, by the stage's meter or the site's."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from collector_world import BILLING, NOW_MS, POLICY, SITE, World, event
from finding_words import check_words

from collector.checks import ghost
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.states import Lasting, Scene
from collector.intervals.contacts import contacts
from collector.intervals.follower import IntervalFollower
from collector.ledger.followers import advance
from collector.series.embedded import EmbeddedSeries
from collector.series.store import Point
from collector.storage import reading
from collector.words.of_findings import finding_text

SETTLED_S = 4
"""A second to confirm the contact, three for the load to settle."""
WINDOW_S = POLICY.before_window_s


def stage_event(stage: int, second: float, *, closed: bool) -> list[Any]:
    at_ms = NOW_MS + round(second * 1000)
    return event(5, {0: stage, 1: int(closed), 2: "command"}, at_ms)


@dataclass
class Hall:
    """Two stages behind one delivery meter."""

    world: World
    series: EmbeddedSeries
    lasting: Lasting

    def say(self, *events: list[Any]) -> list[bytes]:
        chain = self.world.gateway.chain(BILLING)
        messages = [chain.next(each) for each in events]
        self.take(messages)
        return messages

    def take(self, messages: list[bytes]) -> None:
        self.world.append(messages, NOW_MS + 3600_000)
        while advance(self.world.engine, IntervalFollower(self.world.configurations)):
            pass

    def draw(self, first_s: int, last_s: int, **powers: float) -> None:
        self.series.write(
            [
                Point(
                    meter.replace("_", "-"),
                    NOW_MS + second * 1000,
                    {"active_power": power_w + second % 2},  # a watt of noise
                    1000 + second,
                )
                for second in range(first_s, last_s + 1)
                for meter, power_w in powers.items()
            ]
        )

    def look(self, second: int) -> list[Finding]:
        view = self.world.registry.view()
        with reading(self.world.engine) as connection:
            now_ms = NOW_MS + second * 1000
            scene = Scene(connection, view, self.series, now_ms, 0, self.lasting)
            found = [scene.finding(state) for state in ghost.judge(scene)]
        for each in found:
            check_words(each)
        return found


@pytest.fixture
def hall(world: World, tmp_path: Path) -> Hall:
    return Hall(world, EmbeddedSeries(tmp_path), Lasting())


def test_a_stage_that_opened_and_whose_load_is_gone_is_nothing(hall: Hall) -> None:
    hall.say(stage_event(1, 0, closed=False))
    hall.draw(-WINDOW_S, 0, feeder=900_000.0, stage_1=600_000.0, stage_2=300_000.0)
    hall.draw(1, 60, feeder=300_000.0, stage_1=0.0, stage_2=300_000.0)
    assert [hall.look(second) for second in (1, 5, 34, 60)] == [[], [], [], []]


def test_a_stage_meter_that_still_draws_is_told_with_both_figures(hall: Hall) -> None:
    """As soon as enough samples came after the load had the time to go; never sooner."""
    hall.say(stage_event(1, 0, closed=False))
    hall.draw(-WINDOW_S, 60, feeder=900_000.0, stage_1=600_000.0, stage_2=300_000.0)
    (found,) = hall.look(60)
    assert (found.code, found.subject) == (Code.GHOST_LOAD, f"{SITE}/1")
    assert found.first_ms == NOW_MS + SETTLED_S * 1000
    figures = {name: found.details[name] for name in found.details if name.endswith("_w")}
    assert figures == {
        "stage_before_w": "600000",
        "stage_after_w": "600000",
        "site_before_w": "900000",
        "site_after_w": "900000",
    }
    assert found.details["kind"] == "draws"
    assert "stage 1 says open, and its meter shows a load" in finding_text("en", found)


@pytest.mark.parametrize(("last_s", "is_found"), [(SETTLED_S, False), (SETTLED_S + 3, True)])
def test_it_takes_the_time_to_measure(hall: Hall, last_s: int, *, is_found: bool) -> None:
    hall.say(stage_event(1, 0, closed=False))
    hall.draw(-WINDOW_S, last_s, feeder=900_000.0, stage_1=600_000.0, stage_2=300_000.0)
    assert bool(hall.look(last_s)) is is_found


def test_load_that_came_back_behind_an_open_contact_began_then(hall: Hall) -> None:
    hall.say(stage_event(1, 0, closed=False))
    hall.draw(-WINDOW_S, 0, feeder=900_000.0, stage_1=600_000.0, stage_2=300_000.0)
    hall.draw(1, 99, feeder=300_000.0, stage_1=0.0, stage_2=300_000.0)
    hall.draw(100, 160, feeder=800_000.0, stage_1=500_000.0, stage_2=300_000.0)
    (found,) = hall.look(160)
    assert found.first_ms == NOW_MS + 100_000


def test_load_that_moved_past_the_stages_meter_shows_at_the_boundary(hall: Hall) -> None:
    hall.say(stage_event(1, 0, closed=False))
    hall.draw(-WINDOW_S, 0, feeder=900_000.0, stage_1=600_000.0, stage_2=300_000.0)
    hall.draw(1, 60, feeder=895_000.0, stage_1=0.0, stage_2=300_000.0)
    assert hall.look(SETTLED_S + WINDOW_S - 1) == []
    (found,) = hall.look(SETTLED_S + WINDOW_S)
    assert (found.details["kind"], found.first_ms) == ("moved", NOW_MS)
    assert (found.details["stage_after_w"], found.details["site_after_w"]) == ("0", "895000")
    assert "stage 1 opened, and the site drew as before" in finding_text("en", found)


def test_another_stage_that_closed_meanwhile_leaves_nothing_to_say(hall: Hall) -> None:
    hall.say(stage_event(1, 0, closed=False), stage_event(2, 10, closed=True))
    hall.draw(-WINDOW_S, 0, feeder=600_000.0, stage_1=600_000.0, stage_2=0.0)
    hall.draw(1, 60, feeder=600_000.0, stage_1=0.0, stage_2=600_000.0)
    assert hall.look(60) == []


def test_a_stage_that_drew_nothing_before_cannot_be_told_from_noise(hall: Hall) -> None:
    hall.say(stage_event(1, 0, closed=False))
    hall.draw(-WINDOW_S, 60, feeder=300_000.0, stage_1=0.0, stage_2=300_000.0)
    assert hall.look(60) == []


def test_a_stage_that_closed_again_is_no_ghost(hall: Hall) -> None:
    hall.say(stage_event(1, 0, closed=False), stage_event(1, 30, closed=True))
    hall.draw(-WINDOW_S, 60, feeder=900_000.0, stage_1=600_000.0, stage_2=300_000.0)
    assert hall.look(60) == []


def test_the_newest_contact_stands_in_whatever_order_frames_come(hall: Hall) -> None:
    chain = hall.world.gateway.chain(BILLING)
    said = [stage_event(1, 0, closed=False), stage_event(1, 30, closed=True)]
    messages = [chain.next(each) for each in said]
    hall.take([messages[1]])
    hall.take([messages[0]])
    with reading(hall.world.engine) as connection:
        [contact] = contacts(connection)[hall.world.gateway.id.hex()]
    assert (contact.is_closed, contact.at_ms) == (True, NOW_MS + 30_000)


def test_a_stage_without_a_meter_or_that_the_register_does_not_have_is_not_judged(
    hall: Hall,
) -> None:
    hall.say(stage_event(7, 0, closed=False))
    hall.draw(-WINDOW_S, 60, feeder=900_000.0)
    assert hall.look(60) == []
