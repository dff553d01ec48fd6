"""A ramp by fixed moments: it follows what the dispatcher drew, and never exceeds its bound."""

import random
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.orders.pace import Pace
from collector.orders.ramp import Ramp, Span

STEP_W, WITHIN_MS, EVERY_MS = 100, 10_000, 15_000
LOOK_MS = 100
GIVEN_UP_MS = 60_000


@dataclass
class Shed:
    signed_ms: int
    moved_ms: int
    known_ms: int
    load_w: int


def ramped(loads: list[int], dice: random.Random, longest_ms: int) -> list[Shed]:
    """A desk that looks on virtual time, gateways that obey and answer after any delay."""
    sheds: list[Shed] = []
    waiting, now_ms = list(loads), 0
    while waiting:
        spans = [
            Span(each.signed_ms, each.known_ms, each.load_w)
            if each.known_ms <= now_ms
            else Span(each.signed_ms, each.signed_ms + GIVEN_UP_MS, each.load_w)
            for each in sheds
        ]
        ramp = Ramp(STEP_W, WITHIN_MS, spans)
        pace = Pace(STEP_W, EVERY_MS, [(each.signed_ms, each.load_w) for each in sheds], now_ms)
        while waiting:
            span = Span(now_ms, now_ms + GIVEN_UP_MS, waiting[0])
            if not (pace.allows(span.load_w) and ramp.fits(span)):
                break
            pace.add(span.load_w)
            ramp.add(span)
            moved_ms = now_ms + dice.randint(0, longest_ms)
            known_ms = moved_ms + dice.randint(0, longest_ms)
            sheds.append(Shed(now_ms, moved_ms, known_ms, waiting.pop(0)))
        now_ms += LOOK_MS
    return sheds


def most_in_a_step_w(sheds: list[Shed]) -> int:
    moves = [(each.moved_ms, each.load_w) for each in sheds]
    return max(
        sum(load_w for other_ms, load_w in moves if at_ms <= other_ms < at_ms + WITHIN_MS)
        for at_ms, _ in moves
    )


def share_off(sheds: list[Shed], until_ms: int, ordered_w: int) -> float:
    """What moved less what the stair plans, over its time, as a share of what was ordered."""
    error = 0
    for at_ms in range(0, until_ms, LOOK_MS):
        planned_w = min(ordered_w, STEP_W * (1 + at_ms // EVERY_MS))
        error += abs(planned_w - sum(each.load_w for each in sheds if each.moved_ms <= at_ms))
    return error * LOOK_MS / (until_ms * ordered_w)


@settings(deadline=None)
@given(
    st.lists(st.integers(5, STEP_W), min_size=1, max_size=20),
    st.sampled_from([500, 2_400, 20_000]),
    st.randoms(use_true_random=False),
)
def test_it_never_exceeds_its_bound_however_late_answers_are(
    loads: list[int], longest_ms: int, dice: random.Random
) -> None:
    assert most_in_a_step_w(ramped(loads, dice, longest_ms)) <= STEP_W


@settings(deadline=None)
@given(st.sampled_from([20, 25, 50, 100]), st.integers(1, 6), st.randoms(use_true_random=False))
def test_each_step_goes_at_its_moment_while_answers_come_between_the_steps(
    load_w: int, steps: int, dice: random.Random
) -> None:
    """There and back in less than `EVERY_MS - WITHIN_MS`."""
    sheds = ramped([load_w] * (steps * STEP_W // load_w), dice, 2_400)
    assert {each.signed_ms for each in sheds} == {step * EVERY_MS for step in range(steps)}


@settings(deadline=None)
@given(st.integers(2, 6), st.randoms(use_true_random=False))
def test_what_moves_follows_the_ramp_within_five_percent(steps: int, dice: random.Random) -> None:
    """With the delays of a line of 500 ms; the stair is drawn from the first command on."""
    sheds = ramped([20] * (steps * STEP_W // 20), dice, 1_300)
    assert share_off(sheds, steps * EVERY_MS, steps * STEP_W) < 0.05


def test_a_late_answer_delays_the_step_that_waits_for_it_and_no_other() -> None:
    """The second step goes when the first is known to be over, the third at its moment again."""
    shed = [(0, STEP_W), (EVERY_MS + 7_000, STEP_W)]
    pace = Pace(STEP_W, EVERY_MS, shed, 2 * EVERY_MS)
    assert pace.allows(STEP_W)
    assert Pace(STEP_W, EVERY_MS, shed, 2 * EVERY_MS - 1).next_ms == 2 * EVERY_MS


def test_what_a_step_fell_short_of_is_made_up_for() -> None:
    """Loads of 90 in steps of 100: after nine steps there is room for one more."""
    shed = [(step * EVERY_MS, 90) for step in range(9)]
    assert not Pace(STEP_W, EVERY_MS, shed[:8], 8 * EVERY_MS - 1).allows(90)
    assert Pace(STEP_W, EVERY_MS, shed, 8 * EVERY_MS).allows(90)


def test_more_than_a_step_waits_for_its_beginning_and_goes_alone() -> None:
    assert Pace(STEP_W, EVERY_MS, [], 0).allows(250)
    assert not Pace(STEP_W, EVERY_MS, [(0, 250)], EVERY_MS).allows(10)
    assert Pace(STEP_W, EVERY_MS, [(0, 250)], 2 * EVERY_MS - 1).next_ms == 2 * EVERY_MS


def test_a_shed_long_after_is_a_ramp_of_its_own() -> None:
    pace = Pace(STEP_W, EVERY_MS, [(0, STEP_W)], 7 * EVERY_MS + 1)
    assert pace.next_ms is None
    assert pace.allows(STEP_W)
    pace.add(STEP_W)
    assert not pace.allows(1)
