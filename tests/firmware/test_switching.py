"""A stage's table, exhaustively; and what it makes of a plant, in a time that passes at once."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from stage_table import ACTS, DOCUMENT, INPUTS, SOURCE, STATES, Cell, cells, constants, filled, text

Ask = Callable[..., Any]

CONFIRM_MS, MIN_OFF_MS = 500, 3_000
COIL, SOFT_STOP, COOLING, PERMISSION = 0, 11, 12, 13
SELECTOR, LOCK, TRIP, RESET = 1, 2, 3, 4
STAGE = {0: 7, 1: COIL, 2: MIN_OFF_MS, 3: 0, 4: CONFIRM_MS}
INPUTS_WIRED = {8: [SELECTOR, LOCK, TRIP, RESET]}
CONTACTOR = STAGE | INPUTS_WIRED | {5: [0, 0, 0, 0]}
RELEASE = STAGE | INPUTS_WIRED | {5: [0, 1, 0, 0]}
SHUNT = STAGE | INPUTS_WIRED | {5: [1, 1, 200, 4], 9: PERMISSION}


@pytest.fixture(scope="module")
def ask(start_device: Callable[..., Any]) -> Ask:
    asking: Ask = start_device("switching_console").ask
    return asking


# ---- the table ---------------------------------------------------------------------------------


def test_the_document_has_the_table_that_the_firmware_has(ask: Ask) -> None:
    """After a change: python tests/firmware/stage_table.py"""
    assert ask("table") == text()
    document = DOCUMENT.read_text()
    assert filled(document) == document


def test_nothing_closes_but_what_waited_for_its_turn() -> None:
    closing = {(cell.state, cell.what) for cell in cells() if cell.act in "cf"}
    assert closing == {("WAITING", "DUE"), ("WAITING", "OFFER")}


def test_what_is_held_open_leaves_only_by_a_permit_or_by_what_bars_it() -> None:
    held = {"STOPPING", "OPENING", "OPEN"}
    ways = {c.what for c in cells() if c.state in held and c.after not in held}
    assert ways == {"PERMIT", "BAR"}


def test_an_order_opens_from_every_state_but_where_people_are_at_work() -> None:
    opening = {c.state: c.after for c in cells() if c.what == "ORDER"}
    assert set(opening) == set(STATES)
    assert opening.pop("BARRED") == "BARRED"
    assert set(opening.values()) == {"STOPPING", "OPENING"}


def test_local_and_lock_bar_every_state_and_nothing_else_ends_that() -> None:
    assert {c.state for c in cells() if c.after == "BARRED"} == set(STATES)
    assert {c.state for c in cells() if c.what == "BAR"} == set(STATES) - {"BARRED"}
    assert {c.what for c in cells() if c.state == "BARRED" != c.after} == {"FREE"}
    assert not {c.act for c in cells() if c.state == "BARRED"} & set("soacf")


def test_no_state_is_a_dead_end() -> None:
    for state in STATES:
        reached = {state}
        while more := {c.after for c in cells() if c.state in reached} - reached:
            reached |= more
        assert reached == set(STATES)


def test_every_act_is_known_and_used() -> None:
    assert {cell.act for cell in cells()} == set(ACTS)


def test_a_coil_does_what_the_table_says_in_every_sequence_of_four_inputs(ask: Ask) -> None:
    table = {(c.state, c.what): c for c in cells()}
    for inputs in product(range(len(INPUTS)), repeat=4):
        state, on = "CLOSED", True
        for what, seen in zip(inputs, ask("walk", inputs), strict=True):
            cell = table.get((state, INPUTS[what]), Cell(state, INPUTS[what], state, "."))
            if cell.act == "s":  # no miners to be waited for
                cell = table[cell.after, "STOPPED"]
            state = cell.after
            on = cell.act in "cf" if cell.act in "odxcf" else on
            told = cell.act if cell.act in "ONRM!" else ""
            assert seen == [STATES.index(state), on, told]


# ---- a plant -----------------------------------------------------------------------------------


class Bench:
    """A stage, and a person who works its contact and inputs."""

    def __init__(self, ask: Ask, config: dict[int, Any], on: tuple[int, ...] = (0,)) -> None:
        self.ask = ask
        ask("make", config, on)
        self.wait()

    def wait(self, ms: int = 100) -> list[Any]:
        told: list[Any] = self.ask("wait", ms)
        return told

    def order(self, number: int) -> None:
        self.ask("order", number)

    def permit(self, number: int) -> None:
        self.ask("permit", number)

    def contact(self, closed: bool) -> list[Any]:
        self.ask("set_contact", closed)
        return self.wait()

    def input(self, number: int, on: bool) -> list[Any]:
        self.ask("set_input", number, on)
        return self.wait()

    def returns(self) -> None:
        """By its ramp: closed by the gateway, or to be closed by a person."""
        for _ in range(600):
            self.wait(25)
            if self.state in ("CLOSING", "OFFERED"):
                return
        pytest.fail(f"still {self.state}")

    @property
    def state(self) -> str:
        number: int = self.ask("state")[0]
        return STATES[number]

    @property
    def on(self) -> list[int]:
        outputs: list[int] = self.ask("state")[1]
        return outputs

    def open(self, number: int) -> None:
        """By an order that is obeyed."""
        self.order(number)
        self.wait(25)
        assert self.contact(False) == [
            ["contact", 7, False, "command", number],
            ["O", 7, number, "contact"],
        ]


def interlocks(*words: str) -> list[Any]:
    return ["interlocks", 7, list(words)]


def test_a_contactor_opens_and_returns(ask: Ask) -> None:
    bench = Bench(ask, CONTACTOR)
    bench.open(1)
    assert bench.on == []
    bench.permit(2)
    assert bench.wait(MIN_OFF_MS - 500) == []
    assert (bench.state, bench.on) == ("WAITING", [])
    bench.wait(600)
    assert (bench.state, bench.on) == ("CLOSING", [COIL])
    assert bench.contact(True) == [["contact", 7, True, "ramp", 2], ["R", 7, 2, "contact"]]


def test_local_no_order_overrides(ask: Ask) -> None:
    bench = Bench(ask, CONTACTOR)
    assert bench.input(SELECTOR, False) == [interlocks("local")]
    bench.order(1)
    assert bench.wait() == [["!", 7, 1, "local"]]
    assert (bench.state, bench.on) == ("BARRED", [COIL])
    # Who turns it back finds the order in force.
    assert bench.input(SELECTOR, True) == [interlocks(), ["o", 7, 1, None]]
    assert bench.on == []
    assert bench.contact(False) == [["contact", 7, False, "command", 1], ["O", 7, 1, "contact"]]


def test_an_order_that_was_released_meanwhile_is_not_obeyed_after_local(ask: Ask) -> None:
    bench = Bench(ask, CONTACTOR)
    bench.input(SELECTOR, False)
    bench.order(1)
    bench.wait()
    bench.permit(2)
    assert bench.wait() == [["!", 7, 2, "local"]]
    assert bench.input(SELECTOR, True)[1:] == [
        ["c", 7, 2, None],
        ["R", 7, 2, "contact"],
    ]
    assert (bench.state, bench.on) == ("CLOSED", [COIL])


def test_a_stage_that_was_opened_in_local_returns_by_its_ramp(ask: Ask) -> None:
    bench = Bench(ask, CONTACTOR)
    bench.input(SELECTOR, False)
    assert bench.contact(False) == [["contact", 7, False, "local", None]]
    assert bench.on == []  # or the contactor would slam in with the selector
    assert bench.input(SELECTOR, True) == [interlocks()]
    assert bench.wait(MIN_OFF_MS - 500) == []
    assert bench.on == []
    bench.returns()
    assert bench.on == [COIL]


def test_a_lock_lets_go_and_taking_it_off_closes_nothing(ask: Ask) -> None:
    bench = Bench(ask, CONTACTOR)
    assert bench.input(LOCK, True) == [interlocks("locked_out", "opened_by_other")]
    assert bench.on == []
    bench.contact(False)
    bench.order(1)
    assert bench.wait() == [["!", 7, 1, "locked_out"]]
    bench.permit(2)
    assert bench.wait() == [["!", 7, 2, "locked_out"]]
    bench.input(RESET, True)
    bench.input(RESET, False)
    assert bench.input(LOCK, False) == [interlocks("opened_by_other")]
    bench.wait(60_000)
    assert bench.on == []
    bench.input(RESET, True)
    bench.returns()
    assert bench.on == [COIL]


def test_what_others_opened_is_latched_until_it_is_cleared_there(ask: Ask) -> None:
    bench = Bench(ask, CONTACTOR)
    assert bench.contact(False) == [
        ["contact", 7, False, "local", None],
        interlocks("opened_by_other"),
    ]
    assert bench.on == []
    bench.permit(1)
    assert bench.wait(MIN_OFF_MS) == [["!", 7, 1, "opened_by_other"]]
    # An order to open is obeyed, for it is open; its release is not.
    bench.order(2)
    assert bench.wait() == [["O", 7, 2, "contact"]]
    bench.permit(3)
    assert ["!", 7, 3, "opened_by_other"] in bench.wait(MIN_OFF_MS)
    ask("start", False)
    bench.wait(60_000)
    assert bench.on == []
    assert bench.input(RESET, True) == [interlocks(), ["c", 7, 3, None]]
    bench.returns()
    assert bench.on == [COIL]
    assert bench.contact(True)[-1] == ["R", 7, 3, "contact"]


def test_the_selector_clears_it_too(ask: Ask) -> None:
    bench = Bench(ask, CONTACTOR)
    bench.contact(False)
    assert bench.input(SELECTOR, False) == [interlocks("local", "opened_by_other")]
    assert bench.input(SELECTOR, True) == [interlocks()]


def test_a_contactor_that_does_not_close_is_opened_by_others(ask: Ask) -> None:
    """As one is whose emergency stop was pressed while it was open."""
    bench = Bench(ask, CONTACTOR)
    bench.open(1)
    bench.permit(2)
    told = bench.wait(MIN_OFF_MS + CONFIRM_MS + 100)
    assert told == [["M", 7, 2, "contact"], interlocks("opened_by_other")]
    assert bench.on == []


def test_without_a_way_to_clear_it_nothing_is_latched(ask: Ask) -> None:
    bench = Bench(ask, STAGE)
    assert bench.contact(False) == [["contact", 7, False, "local", None]]
    assert (bench.state, bench.on) == ("CLOSED", [COIL])


@pytest.mark.parametrize("config", [CONTACTOR, RELEASE], ids=["contactor", "release"])
def test_a_trip_keeps_it_from_closing(ask: Ask, config: dict[int, Any]) -> None:
    bench = Bench(ask, config)
    bench.open(1)
    bench.permit(2)
    bench.wait(MIN_OFF_MS)
    assert bench.on == [COIL]
    assert bench.input(TRIP, True)[0] == interlocks("tripped")
    assert (bench.state, bench.on) == ("WAITING", [])
    bench.wait(60_000)
    assert bench.on == []
    bench.input(TRIP, False)
    bench.returns()
    assert bench.on == [COIL]


def test_a_trip_before_its_turn_is_told_when_that_comes(ask: Ask) -> None:
    bench = Bench(ask, CONTACTOR)
    bench.open(1)
    bench.input(TRIP, True)
    bench.permit(2)
    assert bench.wait(MIN_OFF_MS) == [["!", 7, 2, "tripped"]]


def test_a_breaker_with_a_release_is_closed_by_a_person(ask: Ask) -> None:
    bench = Bench(ask, RELEASE)
    bench.open(1)
    bench.permit(2)
    assert bench.wait(3_600_000 // 4) == []  # however long that takes
    assert (bench.state, bench.on) == ("OFFERED", [COIL])
    assert bench.contact(True) == [["contact", 7, True, "ramp", 2], ["R", 7, 2, "contact"]]


def test_an_offer_is_withdrawn_by_the_next_order(ask: Ask) -> None:
    bench = Bench(ask, SHUNT, (PERMISSION,))
    ask("order", 1)
    bench.wait(300)
    bench.contact(False)
    bench.permit(2)
    bench.wait(MIN_OFF_MS)
    assert (bench.state, bench.on) == ("OFFERED", [PERMISSION])
    bench.order(3)
    assert bench.wait() == [["O", 7, 3, "contact"]]
    assert bench.on == []  # no permission, and no pulse for what is open


def pulses(bench: Bench, ms: int, step_ms: int = 25) -> list[int]:
    """When the coil was energised, for as long as the contact does not move."""
    began, was_on = [], COIL in bench.on
    for at_ms in range(0, ms, step_ms):
        bench.wait(step_ms)
        on = COIL in bench.on
        if on and not was_on:
            began.append(at_ms)
        was_on = on
    return began


def test_a_pulse_ends(ask: Ask) -> None:
    bench = Bench(ask, SHUNT, ())
    bench.order(1)
    assert bench.on == [COIL]
    bench.wait(150)
    assert bench.on == [COIL]
    bench.wait(75)
    assert bench.on == []


def test_a_breaker_that_does_not_open_is_pulsed_again_as_its_coil_bears(ask: Ask) -> None:
    bench = Bench(ask, SHUNT, ())
    bench.order(1)
    assert ["N", 7, 1, "contact"] in bench.wait(CONFIRM_MS + 50)
    again = pulses(bench, 60_000)
    assert len(again) == 3  # of four in an hour
    pauses = [late - early for early, late in zip([-550, *again], again, strict=False)]
    assert pauses == sorted(pauses)
    bench.wait(3_600_000)
    assert len(pulses(bench, 2_000)) <= 1


def test_a_breaker_that_a_person_closes_under_an_order_opens_again(ask: Ask) -> None:
    bench = Bench(ask, SHUNT, ())
    bench.order(1)
    bench.wait(300)
    bench.contact(False)
    bench.wait(5_000)
    assert bench.contact(True) == [["contact", 7, True, "local", None]]
    assert bench.on == [COIL]


def test_a_breaker_that_was_opened_by_hand_is_cleared_by_closing_it(ask: Ask) -> None:
    bench = Bench(ask, SHUNT | {8: [None] * 4}, (PERMISSION,))
    bench.contact(False)
    assert bench.state == "WAITING"
    assert interlocks() in bench.contact(True)
    bench.wait(15_000)
    assert bench.state == "CLOSED"


def test_soft_stop_then_stage_then_run_on(ask: Ask) -> None:
    parts = {6: [SOFT_STOP, 20_000], 7: [COOLING, 60_000]}
    bench = Bench(ask, CONTACTOR | parts, (COIL, SOFT_STOP))
    assert bench.on == [COIL, SOFT_STOP, COOLING]
    bench.order(1)
    bench.wait(19_900)
    assert (bench.state, bench.on) == ("STOPPING", [COIL, COOLING])
    bench.wait(200)
    assert bench.on == [COOLING]
    bench.contact(False)
    bench.wait(59_000)
    assert bench.on == [COOLING]
    bench.wait(1_100)
    assert bench.on == []
    bench.permit(2)
    bench.wait()
    assert bench.on == [COIL, SOFT_STOP, COOLING]


def test_a_release_during_the_run_down_opens_nothing(ask: Ask) -> None:
    bench = Bench(ask, CONTACTOR | {6: [SOFT_STOP, 20_000]}, (COIL, SOFT_STOP))
    bench.order(1)
    bench.wait(5_000)
    bench.permit(2)
    assert bench.wait(20_000) == [["R", 7, 2, "contact"]]
    assert (bench.state, bench.on) == ("CLOSED", [COIL, SOFT_STOP])


@pytest.mark.parametrize("config", [CONTACTOR, RELEASE, SHUNT], ids=["held", "release", "pulse"])
def test_after_a_long_loss_of_supply_a_stage_starts_open(ask: Ask, config: dict[int, Any]) -> None:
    bench = Bench(ask, config)
    ask("start", True)
    assert (COIL in bench.on) == (config is SHUNT)  # by a pulse, or by letting go
    bench.contact(False)
    assert bench.state == "WAITING"
    bench.returns()
    assert bench.state == ("CLOSING" if config is CONTACTOR else "OFFERED")


def test_after_a_short_one_it_stays(ask: Ask) -> None:
    bench = Bench(ask, CONTACTOR)
    ask("start", False)
    bench.wait(1_000)
    assert (bench.state, bench.on) == ("CLOSED", [COIL])


def test_an_order_that_holds_is_obeyed_again_after_a_start_but_what_is_open_is_not_pulsed(
    ask: Ask,
) -> None:
    bench = Bench(ask, SHUNT, ())
    bench.order(1)
    bench.wait(300)
    bench.contact(False)
    ask("start", False)
    assert pulses(bench, 5_000) == []
    assert bench.state == "OPEN"


def test_a_gateway_that_starts_in_local_moves_nothing(ask: Ask) -> None:
    bench = Bench(ask, SHUNT, ())
    bench.order(1)
    bench.wait(300)
    bench.input(SELECTOR, False)
    ask("start", True)
    assert bench.wait()[0][0] == "contact"
    assert (bench.state, bench.on) == ("BARRED", [])


# ---- return slots ------------------------------------------------------------------------------

CYCLE_MS, OFFSET_MS = 100_000, 40_000
SLOTTED = CONTACTOR | {10: [CYCLE_MS, OFFSET_MS]}
FOR_CLOCK_MS = 60_000


def closes_at(bench: Bench) -> int:
    """How many ms from now on it takes, to within a slot."""
    for waited_ms in range(0, 3 * CYCLE_MS, 250):
        if bench.state == "CLOSING":
            return waited_ms
        bench.wait(250)
    pytest.fail(f"still {bench.state}")


def near(found_ms: int, expected_ms: int) -> bool:
    return expected_ms <= found_ms <= expected_ms + 4_000


def powered_up(ask: Ask, after_ms: int = 0, is_known: bool = True) -> Bench:
    bench = Bench(ask, SLOTTED)
    ask("start", True, after_ms, is_known)
    bench.contact(False)
    return bench


@pytest.mark.parametrize(("after_ms", "wait_ms"), [(0, 40_000), (30_000, 10_000), (43_000, 97_000)])
def test_after_a_loss_of_supply_it_waits_for_its_slot(
    ask: Ask, after_ms: int, wait_ms: int
) -> None:
    assert near(closes_at(powered_up(ask, after_ms)), wait_ms)


def test_slots_count_from_the_start_where_nobody_knows_the_time(ask: Ask) -> None:
    """Which is waited for first."""
    assert near(closes_at(powered_up(ask, 7_000, is_known=False)), FOR_CLOCK_MS + OFFSET_MS)


def test_they_count_by_the_clock_as_soon_as_it_is_known(ask: Ask) -> None:
    bench = powered_up(ask, 0, is_known=False)
    bench.wait(20_000)
    ask("know_the_time")
    assert near(closes_at(bench), OFFSET_MS - 20_000)


def test_an_order_that_ended_while_the_supply_was_lost_lets_it_return_in_its_slot(
    ask: Ask,
) -> None:
    bench = Bench(ask, SLOTTED)
    ask("order", 1, 50_000)
    bench.contact(False)
    ask("start", True, 200_000, False)
    bench.wait(1_000)
    assert bench.state == "OPEN"
    ask("know_the_time")
    assert near(closes_at(bench), OFFSET_MS - 1_000)


def test_an_end_that_comes_at_its_time_and_a_release_go_by_the_ramp(ask: Ask) -> None:
    """The operator planned these."""
    bench = Bench(ask, SLOTTED)
    ask("order", 1, 60_000)
    bench.contact(False)
    assert near(closes_at(bench), 59_000)
    bench.contact(True)
    bench.open(2)
    bench.permit(3)
    assert near(closes_at(bench), MIN_OFF_MS - 100)


def test_what_the_own_limit_opened_returns_in_its_slot(ask: Ask) -> None:
    bench = Bench(ask, SLOTTED)
    ask("limit")
    bench.contact(False)
    ask("unlimit")
    assert near(closes_at(bench), OFFSET_MS - 1_000)


def test_a_return_that_was_hindered_waits_for_the_slot(ask: Ask) -> None:
    bench = Bench(ask, SLOTTED)
    bench.open(1)
    bench.input(SELECTOR, False)
    bench.permit(2)
    bench.wait(5_000)
    bench.input(SELECTOR, True)
    assert near(closes_at(bench), OFFSET_MS - 6_000)


def test_a_stage_that_has_not_rested_waits_for_the_next_slot(ask: Ask) -> None:
    """It was opened by the start."""
    bench = powered_up(ask, OFFSET_MS - 500)
    assert near(closes_at(bench), CYCLE_MS)


def test_an_input_that_flickers_is_none(ask: Ask) -> None:
    bench = Bench(ask, CONTACTOR)
    for _ in range(4):
        for on in (True, False):
            ask("set_input", LOCK, on)
            assert bench.wait(25) == []


@pytest.mark.parametrize("name", ["outputs", "orders"])
def test_what_others_know_of_the_table_is_what_it_says(name: str) -> None:
    """Constants of one file are no names in the heap; so each file has its own."""
    theirs = constants(SOURCE.with_name(f"{name}.py"))
    told = {"OPENED": "O", "NOT_OPENED": "N", "RESTORED": "R", "OPENS_YET": "o", "CLOSES_YET": "c"}
    ours = constants() | {name: ord(letter) for name, letter in told.items()}
    shared = set(theirs) & set(ours) - {"OPEN"}  # an action of commands
    assert len(shared) >= 6
    assert {key: theirs[key] for key in shared} == {key: ours[key] for key in shared}


def test_an_order_right_after_another_is_pulsed_at_once(ask: Ask) -> None:
    bench = Bench(ask, SHUNT, ())
    for number in (1, 3):
        bench.order(number)
        assert bench.on == [COIL]
        bench.wait(300)
        bench.contact(False)
        bench.permit(number + 1)
        bench.contact(True)
