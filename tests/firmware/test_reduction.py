"""Stages open slowly while a certified relay finds the frequency low: real stages and journal, and
a plant, a clock and a relay of the test's own. Stages 1 to 3 of 100, 200 and 300 kW.
"""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from limiter_tables import FREQUENCY, INPUTS, REDUCING, STATES
from plant.authority import Authority
from plant.collector import now_ms
from plant.site import Plant

T0 = 1_800_000_000_000
HOUR_MS = 3_600_000
ALL, METERED = [1, 2, 3], [0, 1, 2, 3]
LIMITER, SCHEDULE = 16, 17
DELAY_S, RESTORED_S = 10, 60
WELL, LOW, BROKEN, SHORTED = (True, False), (False, True), (False, False), (True, True)
DOCUMENT = "22" * 32
ORDER = "0a" * 16

STATE_COUNT, INPUT_COUNT = len(STATES["reduction"]), len(INPUTS["reduction"])
REDUCED = [STATES["reduction"].index(name) for name in ("reduced", "restoring", "reduced_untrue")]


# ---- the table, whole ------------------------------------------------------------------------


def steps() -> list[tuple[str, str, str, str]]:
    """(state, input, next state, what is done) of every state and input."""
    states, inputs = STATES["reduction"], INPUTS["reduction"]
    found = []
    for state, what in product(range(STATE_COUNT), range(INPUT_COUNT)):
        after, done = FREQUENCY.after(state, what)
        found.append((states[state], inputs[what], states[after], REDUCING[done]))
    return found


def is_reduced(state: str) -> bool:
    return STATES["reduction"].index(state) in REDUCED


def test_stages_open_and_return_by_time_and_by_nothing_else() -> None:
    acting = [step for step in steps() if step[3] in ("open", "release")]
    assert acting == [("low", "due", "reduced", "open"), ("restoring", "due", "well", "release")]


def test_whether_stages_are_open_changes_only_where_they_are_moved() -> None:
    for before, _, after, done in steps():
        assert (is_reduced(before) != is_reduced(after)) == (done in ("open", "release"))


def test_a_relay_that_says_neither_is_never_taken_for_well_nor_for_low() -> None:
    after = {(before, after) for before, what, after, _ in steps() if what == "says_neither"}
    assert {state for _, state in after} == {"untrue", "reduced_untrue"}


def test_what_the_relay_says_leads_out_of_every_state() -> None:
    """No dead end: from each state both what is normal and what is reduced can be reached."""
    ways = {(before, after) for before, _, after, _ in steps()}
    for state in STATES["reduction"]:
        reached, new = {state}, [state]
        while new:
            at = new.pop()
            for before, after in ways:
                if before == at and after not in reached:
                    reached.add(after)
                    new.append(after)
        assert reached == set(STATES["reduction"])


def test_micropython_walks_the_table_alike(start_device: Callable[..., Any]) -> None:
    walked = start_device("limiter_walk").ask("reduction", STATE_COUNT, INPUT_COUNT)
    mine = [
        [list(FREQUENCY.after(state, what)) for what in range(INPUT_COUNT)]
        for state in range(STATE_COUNT)
    ]
    assert walked == mine


# ---- on a site -------------------------------------------------------------------------------


class Site:
    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments: self._ask(name, *arguments)

    def take(self, serial: int = 1, document: str | None = DOCUMENT, **changes: Any) -> None:
        self._ask("take", schedule(serial, document, **changes))

    def causes(self) -> list[tuple[str, int, list[int]]]:
        """(cause, mode, stages) of what was told, but for the schedule itself."""
        told = [event[2] for event in self._ask("events") if event[0] == LIMITER]
        return [(e["2"], e["5"], e["7"]) for e in told if e["2"] != "fresh_schedule"]


def schedule(serial: int, document: str | None, **changes: Any) -> dict[str, Any]:
    """Two days without a limit that anything reaches, which only observes; and a reduction."""
    return {
        "0": 1,
        "1": {"hex": bytes(range(8)).hex()},
        "2": serial,
        "3": T0,
        "4": T0 + 72 * HOUR_MS,
        "5": 0,
        "6": None,
        "7": T0,
        "8": HOUR_MS,
        "9": {"hex": (b"\0\xff\xff\xff" * 2 * 48).hex()},
        "10": T0 + 48 * HOUR_MS,
        "11": [10_000_000, 10_000_000],
        "12": ["auxiliary", 10_000_000, 10_000_000, 0, 0],
        "13": [10_000, 2_000, 60_000, 1200, 900_000],
        "15": [
            document and {"hex": document},
            [11, 12],
            DELAY_S * 1000,
            RESTORED_S * 1000,
            [1, 3],
        ],
    } | {key.removeprefix("f"): value for key, value in changes.items()}


@pytest.fixture(scope="module")
def device(start_device: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    flash = tmp_path_factory.mktemp("reductions") / "flash"
    return start_device("limits_console", str(flash), heap="160wk")


@pytest.fixture
def site(device: Any) -> Site:
    site = Site(device.ask)
    site.begin(METERED)
    site.run(10)
    site.events()
    return site


def test_a_frequency_that_stays_low_opens_the_stages_that_are_named(site: Site) -> None:
    site.take()
    site.relay(*LOW)
    assert site.run(DELAY_S) == [600_000, ALL]
    assert site.run(2) == [200_000, [2]]
    assert site.causes() == [("low_frequency", 1, [1, 3])]
    assert site.run(600) == [200_000, [2]]
    site.relay(*WELL)
    assert site.run(RESTORED_S) == [200_000, [2]]
    assert site.run(20) == [600_000, ALL]
    assert site.causes() == [("frequency_restored", 1, [1, 3])]


def test_a_frequency_that_comes_back_in_time_opens_nothing(site: Site) -> None:
    site.take()
    for _ in range(5):
        site.relay(*LOW)
        assert site.run(DELAY_S - 1) == [600_000, ALL]
        site.relay(*WELL)
        assert site.run(1) == [600_000, ALL]
    assert site.causes() == []


def test_a_frequency_that_falls_again_while_it_is_restored_begins_its_time_anew(site: Site) -> None:
    site.take()
    site.relay(*LOW)
    site.run(DELAY_S + 2)
    for _ in range(3):
        site.relay(*WELL)
        assert site.run(RESTORED_S - 1) == [200_000, [2]]
        site.relay(*LOW)
        assert site.run(2) == [200_000, [2]]
    assert [cause for cause, *_ in site.causes()] == ["low_frequency"]


@pytest.mark.parametrize("wires", [BROKEN, SHORTED])
def test_wires_that_are_untrue_are_told_and_move_nothing(
    site: Site, wires: tuple[bool, bool]
) -> None:
    site.take()
    site.relay(*wires)
    assert site.run(600) == [600_000, ALL]
    assert site.causes() == [("relay_untrue", 1, [])]
    site.relay(*WELL)
    site.run(5)
    assert site.causes() == [("relay_mended", 1, [])]
    site.relay(*LOW)
    site.run(DELAY_S + 2)
    site.relay(*wires)
    assert site.run(600) == [200_000, [2]]
    assert [cause for cause, *_ in site.causes()] == ["low_frequency", "relay_untrue"]


def test_other_terms_mend_no_wire(site: Site) -> None:
    site.take()
    site.relay(*BROKEN)
    site.run(10)
    site.take(serial=2, document=None)
    site.run(10)
    assert site.causes() == [("relay_untrue", 1, []), ("relay_untrue", 0, [])]


def test_a_relay_that_turns_over_is_not_told_as_untrue(site: Site) -> None:
    site.take()
    site.relay(*BROKEN)
    site.run(2)
    site.relay(*LOW)
    site.run(DELAY_S + 2)
    assert [cause for cause, *_ in site.causes()] == ["low_frequency"]


def test_without_a_document_it_is_told_and_nothing_is_done(site: Site) -> None:
    site.take(document=None)
    site.relay(*LOW)
    assert site.run(600) == [600_000, ALL]
    site.relay(*WELL)
    site.run(RESTORED_S + 2)
    assert site.causes() == [("low_frequency", 0, [1, 3]), ("frequency_restored", 0, [1, 3])]


def test_what_it_opened_stays_open_over_a_start(site: Site) -> None:
    site.take()
    site.relay(*LOW)
    site.run(DELAY_S + 2)
    site.restart(1000)
    assert site.run(30)[1] == [2]
    site.relay(*WELL)
    assert site.run(RESTORED_S + 30)[1] == ALL


@pytest.mark.parametrize(
    ("changes", "closed"),
    [
        ({"document": None}, ALL),
        ({"f15": [{"hex": DOCUMENT}, [11, 12], 5000, 60_000, [1, 2]]}, [2, 3]),
        ({"f4": T0 + HOUR_MS}, [2]),
    ],
)
def test_a_later_schedule_ends_what_it_does_not_name(
    site: Site, changes: dict[str, Any], closed: list[int]
) -> None:
    site.take()
    site.relay(*LOW)
    site.run(DELAY_S + 2)
    site.take(serial=2, **changes)
    assert site.run(20)[1] == closed


def test_at_the_end_of_the_schedule_its_stages_return(site: Site) -> None:
    site.take(f4=T0 + HOUR_MS)
    site.relay(*LOW)
    assert site.run(60)[1] == [2]
    assert site.run(3600)[1] == ALL
    causes = [cause for cause, *_ in site.causes() if cause != "heartbeat_back"]
    assert causes == ["low_frequency", "expired", "ended"]


def test_what_it_opened_no_order_closes_and_what_an_order_opened_it_does_not(site: Site) -> None:
    site.take()
    site.order_open(ORDER, [1])
    site.relay(*LOW)
    assert site.run(DELAY_S + 5)[1] == [2]
    assert site.order_release(ORDER, [1]) == []
    assert site.run(30)[1] == [2]
    site.order_open(ORDER, [3])
    site.relay(*WELL)
    assert site.run(RESTORED_S + 20)[1] == [1, 2]


@pytest.mark.parametrize(
    ("reduction", "reason"),
    [([[11, 12], [1, 4]], "unknown_stage"), ([[11, 13], [1]], "unknown_input")],
)
def test_what_cannot_be_done_here_is_refused(
    site: Site, reduction: list[list[int]], reason: str
) -> None:
    inputs, stages = reduction
    site.take(f15=[{"hex": DOCUMENT}, inputs, 5000, 0, stages])
    refused = [event[2] for event in site.events() if event[0] == SCHEDULE]
    assert [(event["2"], event["3"]) for event in refused] == [(2, reason)]


# ---- the whole gateway -----------------------------------------------------------------------


def test_the_whole_gateway_opens_its_stage_by_the_relay_and_signs_why(tmp_path: Path) -> None:
    """In the heap of an ESP32: firmware as it goes onto a board, a schedule that was laid down."""
    authority = Authority()
    plant = Plant(tmp_path, authority=authority)
    try:
        gateway, collector = plant.gateway, plant.collector
        gateway.add_contact(11, True)
        gateway.add_contact(12, False)
        gateway.count(0, [0, 0, 1, 1, 1, 1, 1, 1, 2**31])
        gateway.configure(authority, 1)
        at_ms = now_ms()
        body = schedule(1, DOCUMENT, f1={"hex": gateway.id.hex()}, f3=at_ms, f7=at_ms)
        body |= {"4": at_ms + HOUR_MS, "10": at_ms + HOUR_MS}
        body["15"] = [{"hex": DOCUMENT}, [11, 12], 5000, 0, [1]]
        message = authority.issue(
            "orders", "schedule", {int(k): _plain(v) for k, v in body.items()}
        )
        (tmp_path / "schedule.cose").write_bytes(message)
        gateway.start()
        collector.wait(lambda: collector.events(SCHEDULE))
        gateway.set_contact(11, False)
        gateway.set_contact(12, True)

        def told(cause: str) -> list[dict[int, Any]]:
            return [event for event in collector.events(LIMITER) if event[2] == cause]

        [opened] = collector.wait(lambda: told("low_frequency"))
        assert (opened[5], opened[6], opened[7]) == (1, 1, [1])
        assert not gateway.output(1)
        gateway.set_contact(12, False)
        gateway.set_contact(11, True)
        collector.wait(lambda: told("frequency_restored"))
        assert collector.events(9) == []
    finally:
        plant.close()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return [_plain(each) for each in value] if isinstance(value, list) else value
