"""A meter is believed when two readings in succession agree; who it is, is read and told."""

import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FEW = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
UNSIGNED, SIGNED, FLOAT, BCD = 1, 2, 3, 4
LOW_WORD, LOW_BYTE = 8, 16
MOST = 10  # counts a second
ENERGY = [0, 2, UNSIGNED, MOST]
ENERGY_AND_POWER = [ENERGY, [10, 1]]
GOOD, STALE, NO_ANSWER, EXCEPTION, OUT_OF_RANGE, DOUBTFUL = range(6)
METER, IDENTITY, REGISTER = 6, 10, 11
SERIAL = "0000abcd"

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def ask(start_device: Callable[..., Any]) -> Run:
    asking: Run = start_device("meter_console").ask
    return asking


@pytest.fixture
def run(ask: Run) -> Run:
    def run(
        snapshots: list[Any],
        steps: list[Any],
        quantities: list[list[int]] = ENERGY_AND_POWER,
        identities: list[str | None] | None = None,
        stale_ms: int = 0,
    ) -> Any:
        return ask("run", quantities, snapshots, identities or [None], steps, stale_ms)

    return run


def wh(count: int) -> str:
    return count.to_bytes(4, "big").hex()


def readings(outcome: Any) -> list[list[Any]]:
    return [told[1:] for told in outcome["told"] if told[0] == "reading"]


def events(outcome: Any, code: int) -> list[list[Any]]:
    return [told[1:] for told in outcome["told"] if told[0] == code]


# ---- an energy is read twice before it is signed ----------------------------------------------


def test_the_first_of_two_readings_that_agree_is_recorded_with_its_own_time(run: Run) -> None:
    outcome = run([[wh(1000), "0001"], [wh(1001), "0002"]], ["interval"])
    assert readings(outcome) == [[100, None, wh(1000)]]
    assert outcome["taken"] == 2


@pytest.mark.parametrize(
    ("risen", "agrees"),
    [(0, True), (11, True), (12, False), (-1, False)],
    ids=["same", "as much as it can in 1.1 s", "more than it can", "less"],
)
def test_what_the_register_can_have_risen_by(run: Run, risen: int, agrees: bool) -> None:
    outcome = run([[wh(1000), "0001"]] + [[wh(1000 + risen), "0001"]] * 3, ["interval"])
    expected = [100, None, wh(1000)] if agrees else [200, None, wh(1000 + risen)]
    assert readings(outcome) == [expected]


def test_a_reading_that_no_second_one_bears_out_is_given_up(run: Run) -> None:
    """One register read wrongly, past its CRC: the next two agree."""
    outcome = run([[wh(5_000_000), "0001"], [wh(1000), "0001"], [wh(1000), "0001"]], ["interval"])
    assert readings(outcome) == [[200, None, wh(1000)]]


def test_what_never_agrees_is_doubtful_and_kept(run: Run) -> None:
    wild = [[wh(1000 * number), "0001"] for number in (9, 3, 7, 1, 5, 8)]
    outcome = run(wild, ["interval"])
    ((_, quality, raw),) = readings(outcome)
    assert quality == [DOUBTFUL]
    assert raw in [entry[0] for entry in wild]
    assert outcome["taken"] <= 6


def test_a_float_that_is_no_number_is_out_of_range(run: Run) -> None:
    outcome = run([["7fc00000", "0001"]], ["interval"], [[0, 2, FLOAT, 1], [10, 1]])
    assert readings(outcome)[0][1:] == [[OUT_OF_RANGE], "7fc00000"]


def test_a_meter_that_falls_silent_between_the_two_leaves_a_doubtful_value(run: Run) -> None:
    outcome = run([[wh(1000), "0001"], "silence"], ["interval"])
    assert readings(outcome) == [[100, [DOUBTFUL], wh(1000)]]


def test_in_a_sample_the_energy_is_borne_out_by_the_one_before(run: Run) -> None:
    snapshots = [[wh(count), "0001"] for count in (1000, 1000, 1005, 1010)]
    outcome = run(snapshots, ["sample", 1000, "sample", 1000, "sample"])
    assert [raw for _, _, raw in readings(outcome)] == [
        wh(count) + "0001" for count in (1000, 1005, 1010)
    ]
    assert outcome["taken"] == 4  # only the first, which follows nothing, was read again


def test_each_sample_bears_out_the_next(run: Run) -> None:
    """What is far from the last sample is read again, though it is not far from an older one."""
    snapshots = [[wh(count), "0001"] for count in (1000, 1000, 1000, 1900, 1000)]
    outcome = run(snapshots, ["sample", 90_000, "sample", 1000, "sample"])
    assert [raw for _, _, raw in readings(outcome)] == [wh(1000) + "0001"] * 3
    assert outcome["taken"] == 6


def test_a_sample_that_was_read_again_is_of_one_moment(run: Run) -> None:
    """An old value never gets a new time: power and energy are both of the second reading."""
    snapshots = [
        [wh(1000), "0001"],
        [wh(1000), "0001"],
        [wh(9_000_000), "0002"],
        [wh(1002), "0003"],
        [wh(1002), "0003"],
    ]
    outcome = run(snapshots, ["sample", 1000, "sample"])
    assert readings(outcome)[1] == [1400, None, wh(1002) + "0003"]


# ---- one that went backwards is questioned ----------------------------------------------------


def test_a_register_that_went_back_is_asked_again_and_then_told(run: Run) -> None:
    snapshots = [[wh(5000), "0001"]] * 2 + [[wh(3), "0001"]] * 4
    outcome = run(snapshots, ["interval", 10_000, "interval"])
    assert readings(outcome)[1] == [11_500, None, wh(3)]
    assert events(outcome, REGISTER) == [[0, wh(5000), wh(3)]]
    assert outcome["taken"] == 6


def test_one_that_only_seemed_to_go_back_is_not_told(run: Run) -> None:
    snapshots = [[wh(count), "0001"] for count in (5000, 5000, 3, 3, 5002, 5002)]
    outcome = run(snapshots, ["interval", 10_000, "interval"])
    assert readings(outcome)[1] == [11_500, None, wh(5002)]
    assert events(outcome, REGISTER) == []


def test_after_a_register_went_back_the_identity_is_read(run: Run) -> None:
    snapshots = [[wh(5000), "0001"]] * 2 + [[wh(3), "0001"]] * 4
    outcome = run(snapshots, ["interval", 10_000, "interval"], identities=[SERIAL, "0000eeee"])
    kinds = [told[0] for told in outcome["told"]]
    assert kinds == [IDENTITY, "reading", REGISTER, IDENTITY, "reading"]
    assert events(outcome, IDENTITY) == [[None, SERIAL], [None, "0000eeee"]]


# ---- which meter it is ------------------------------------------------------------------------


def test_the_identity_is_told_before_the_first_reading_and_daily(run: Run) -> None:
    day_ms = 86_400_000
    steps = ["sample", day_ms // 2, "sample", day_ms // 2, "sample", "sample"]
    outcome = run([[wh(7), "0001"]], steps, identities=[SERIAL])
    assert [told[0] for told in outcome["told"]] == [
        IDENTITY, "reading", "reading", IDENTITY, "reading", "reading",
    ]  # fmt: skip
    assert outcome["identified"] == 2


def test_the_identity_is_read_after_every_failure_to_answer_and_told_when_it_changed(
    run: Run,
) -> None:
    snapshots = [[wh(7), "0001"]] * 2 + ["silence"] + [[wh(7), "0001"]] * 9
    same = run(snapshots, ["sample", 100, "sample", 100, "sample"], identities=[SERIAL])
    assert (same["identified"], len(events(same, IDENTITY))) == (2, 1)

    other = run(snapshots, ["sample", 100, "sample", 100, "sample"], identities=[SERIAL, "00"])
    assert [told[0] for told in other["told"]][-2:] == [IDENTITY, "reading"]
    assert events(other, IDENTITY) == [[None, SERIAL], [None, "00"]]


def test_an_identity_that_cannot_be_read_is_asked_for_a_minute_later(run: Run) -> None:
    steps = ["sample", 1000, "sample", 60_000, "sample"]
    outcome = run([[wh(7), "0001"]], steps, identities=["silence", SERIAL])
    assert [told[0] for told in outcome["told"]] == ["reading", "reading", IDENTITY, "reading"]


@pytest.mark.parametrize(
    "now", [9_000_000, 1000 + 99 * MOST], ids=["another's count", "more than it can have risen"]
)
def test_after_a_leap_the_identity_is_read(run: Run, now: int) -> None:
    """Another meter in its place, between two readings: it need not stand lower."""
    snapshots = [[wh(1000), "0001"]] * 2 + [[wh(now), "0001"]] * 4
    outcome = run(snapshots, ["sample", 1000, "sample"], identities=[SERIAL, "0000bbbb"])
    assert [told[0] for told in outcome["told"]] == [IDENTITY, "reading", IDENTITY, "reading"]


@pytest.mark.parametrize(
    "hiccup", ["rescued", [wh(1001), NO_ANSWER]], ids=["answered when asked again", "in part"]
)
def test_the_identity_is_read_after_the_shortest_failure(run: Run, hiccup: Any) -> None:
    snapshots: list[Any] = [[wh(1000), "0001"]] * 2 + [hiccup]
    outcome = run(snapshots, ["sample", 1000, "sample"], identities=[SERIAL])
    assert outcome["identified"] == 2


def test_an_identity_that_is_not_answered_twice_is_told(run: Run) -> None:
    steps = ["sample", 86_400_000, "sample", 60_000, "sample", 60_000, "sample"]
    outcome = run([[wh(7), "0001"]], steps, identities=[SERIAL, "silence"])
    assert events(outcome, IDENTITY) == [[None, SERIAL], ["02", ""]]


# ---- silence, staleness, two at one address ---------------------------------------------------


def test_a_silent_meter_is_told_asked_more_rarely_and_identified_when_it_is_back(run: Run) -> None:
    snapshots = [[wh(7), "0001"]] * 2 + ["silence"] * 4 + [[wh(7), "0001"]]
    steps = ["sample"] * 5 + [10_000, "sample", 20_000, "sample"]
    outcome = run(snapshots, steps, identities=[SERIAL])
    assert events(outcome, METER) == [[0], [1]]
    kinds = [told[0] for told in outcome["told"]]
    # the fifth sample is left out: the meter is in back-off
    assert kinds == [
        IDENTITY, "reading", "reading", "reading", METER, "reading", "reading",
        METER, IDENTITY, "reading",
    ]  # fmt: skip


def test_measurements_that_never_change_are_stale_and_energies_may_rest(run: Run) -> None:
    outcome = run(
        [[wh(7), "1234"]], ["sample", 60_000, "sample", 60_000, "sample"], stale_ms=60_000
    )
    assert [quality for _, quality, _ in readings(outcome)] == [None, [STALE] * 2, [STALE] * 2]


def test_an_interval_is_as_stale_as_the_sample_before_it(run: Run) -> None:
    steps = ["sample", 60_000, "sample", "interval"]
    outcome = run([[wh(7), "1234"]], steps, stale_ms=60_000)
    assert readings(outcome)[-1][1:] == [[STALE], wh(7)]


def test_an_interval_whose_energy_moved_is_no_copy(run: Run) -> None:
    frozen = [[wh(7), "1234"]] * 3
    outcome = run(
        [*frozen, [wh(8), "1234"]], ["sample", 60_000, "sample", "interval"], stale_ms=60_000
    )
    assert readings(outcome)[-1][1:] == [None, wh(8)]


def test_silence_between_does_not_make_an_old_answer_new(run: Run) -> None:
    snapshots: list[Any] = [[wh(7), "1234"], [wh(7), "1234"], "silence", [wh(7), "1234"]]
    steps = ["sample", 30_000, "sample", 30_000, "sample"]
    assert readings(run(snapshots, steps, stale_ms=60_000))[-1][1] == [STALE] * 2


def test_answers_in_part_do_not_hide_that_nothing_changes(run: Run) -> None:
    quantities = [ENERGY, [10, 1], [20, 1]]
    whole, part = [wh(7), "1234", "5678"], [wh(7), "1234", NO_ANSWER]
    snapshots = [whole, whole, part, whole, part, whole]
    steps = ["sample", 20_000] * 4 + ["sample"]
    outcome = run(snapshots, steps, quantities, stale_ms=60_000)
    assert readings(outcome)[-1][1] == [STALE] * 3


def test_a_dead_feeder_is_not_stale(run: Run) -> None:
    outcome = run(
        [[wh(7), "0000"]], ["sample", 60_000, "sample", 60_000, "sample"], stale_ms=60_000
    )
    assert [quality for _, quality, _ in readings(outcome)] == [None, None, None]


def test_an_address_used_twice_is_told_once_an_hour(run: Run) -> None:
    outcome = run([[wh(7), "0001"]], ["twice", "sample", "sample", 3_600_000, "sample"])
    assert events(outcome, METER) == [[1, "two answers to one request"]] * 2


# ---- registers as numbers ---------------------------------------------------------------------


def laid(raw: bytes, form: int) -> str:
    """High word and byte first, as the wire has it under this form."""
    words = [raw[i : i + 2] for i in range(0, len(raw), 2)]
    if form & LOW_WORD:
        words.reverse()
    if form & LOW_BYTE:
        words = [word[::-1] for word in words]
    return b"".join(words).hex()


ORDERS = [0, LOW_WORD, LOW_BYTE, LOW_WORD | LOW_BYTE]


@FEW
@given(st.sampled_from(ORDERS), st.sampled_from([2, 4, 8]), st.data())
def test_integers(ask: Run, order: int, size: int, data: st.DataObject) -> None:
    bits = 8 * size
    unsigned = data.draw(st.integers(0, 2**bits - 1))
    signed = data.draw(st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
    decimal = data.draw(st.integers(0, 10 ** (2 * size) - 1))
    asked = [
        (laid(unsigned.to_bytes(size, "big"), order), UNSIGNED | order),
        (laid(signed.to_bytes(size, "big", signed=True), order), SIGNED | order),
        (laid(bytes.fromhex(f"{decimal:0{2 * size}d}"), order), BCD | order),
    ]
    assert ask("numbers", asked) == [unsigned, signed, decimal]


@FEW
@given(st.sampled_from(ORDERS), st.floats(width=32), st.floats())
def test_floats_are_exact_to_a_1024th_towards_zero(
    ask: Run, order: int, single: float, double: float
) -> None:
    asked = [
        (laid(struct.pack(">f", single), order), FLOAT | order),
        (laid(struct.pack(">d", double), order), FLOAT | order),
    ]
    expected = [
        int(Fraction(value) * 1024) if abs(value) < float("inf") else None
        for value in (single, double)
    ]
    assert ask("numbers", asked) == expected


def test_a_digit_that_is_none_makes_no_number(ask: Run) -> None:
    assert ask("numbers", [["12a4", BCD], ["1234", BCD]]) == [None, 1234]
