"""What a licence allows from when until when, by the acts on it, in any order."""

from datetime import date, datetime
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.model.instant import astana, day_end_ms, days_before
from collector.model.licence import Course, LicenceState, Misfit, course
from collector.model.records import Licence, LicenceAct

BEGINS, ENDS = 1000, 9000
STATES = {
    "-": LicenceState.NOT_YET,
    "+": LicenceState.IN_FORCE,
    "s": LicenceState.SUSPENDED,
    "r": LicenceState.REVOKED,
    "e": LicenceState.ENDED,
}
LICENCE = Licence(
    number="L-1",
    licensee="100240000017",
    subtype="I",
    sites=("a", "b"),
    valid_from=BEGINS,
    valid_until=ENDS,
)


def act(kind: str, at_ms: int, until: int | None = None, **changes: Any) -> LicenceAct:
    given: dict[str, Any] = {"ends": until} if kind == "extended" else {"valid_until": until}
    return LicenceAct(
        licence="L-1",
        act=kind,
        reference="decision",
        document_sha256="ab" * 32,
        valid_from=at_ms,
        **(given | changes),
    )


def drawn(found: Course) -> str:
    """`begin state` of each span, whatever sites it names."""
    letters = {state: letter for letter, state in STATES.items()}
    return " ".join(f"{span.start_ms}{letters[span.state]}" for span in found.spans)


def moment(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        ([], "0- 1000+ 9000e"),
        ([act("suspended", 3000, 5000)], "0- 1000+ 3000s 5000+ 9000e"),
        ([act("suspended", 3000, 5000), act("resumed", 4000)], "0- 1000+ 3000s 4000+ 9000e"),
        ([act("suspended", 3000, 5000), act("suspended", 4000, 8000)], "0- 1000+ 3000s 8000+ 9000e"),  # noqa: E501
        ([act("suspended", 8000, 12000)], "0- 1000+ 8000s 9000e"),
        ([act("suspended", 500, 2000)], "0- 1000s 2000+ 9000e"),
        ([act("revoked", 4000)], "0- 1000+ 4000r"),
        ([act("suspended", 3000, 6000), act("revoked", 4000)], "0- 1000+ 3000s 4000r"),
        ([act("extended", 8000, 12000)], "0- 1000+ 8000+ 12000e"),
        ([act("extended", 9000, 12000)], "0- 1000+ 9000+ 12000e"),  # at the very end
        ([act("suspended", 3000, 5000), act("resumed", 5000)], "0- 1000+ 3000s 5000+ 9000e"),
    ],
)  # fmt: skip
def test_acts_change_what_a_licence_allows(acts: list[LicenceAct], expected: str) -> None:
    for order in permutations(acts):
        found = course(LICENCE, order)
        assert drawn(found) == expected
        assert found.conflicts == ()


@pytest.mark.parametrize(
    ("acts", "expected", "state", "misfit"),
    [
        ([act("resumed", 3000)], "0- 1000+ 9000e", "+", Misfit.STATE),
        ([act("revoked", 3000), act("resumed", 4000)], "0- 1000+ 3000r", "r", Misfit.STATE),
        ([act("revoked", 3000), act("extended", 4000, 12000)], "0- 1000+ 3000r", "r", Misfit.STATE),
        ([act("extended", 9001, 12000)], "0- 1000+ 9000e", "e", Misfit.STATE),
        ([act("suspended", 9500, 9900)], "0- 1000+ 9000e", "e", Misfit.STATE),
        ([act("extended", 3000, 8000)], "0- 1000+ 9000e", "+", Misfit.SHORTER),
        ([act("suspended", 3000, 3000)], "0- 1000+ 9000e", "+", Misfit.EMPTY),
    ],
)  # fmt: skip
def test_an_act_that_does_not_fit_changes_nothing_and_is_named(
    acts: list[LicenceAct], expected: str, state: str, misfit: Misfit
) -> None:
    found = course(LICENCE, acts)
    assert drawn(found) == expected
    [conflict] = found.conflicts
    assert (conflict.act, conflict.state, conflict.misfit) == (acts[-1], STATES[state], misfit)


def test_of_one_moment_the_strictest_act_has_the_last_word() -> None:
    acts = [act("suspended", 3000, 5000), act("resumed", 3000)]
    found = course(LICENCE, acts)
    assert drawn(found) == "0- 1000+ 3000s 5000+ 9000e"
    assert [each.act.act for each in found.conflicts] == ["resumed"]


def test_a_withdrawn_act_was_never_taken() -> None:
    found = course(LICENCE, [act("revoked", 4000, withdrawn=True)])
    assert (drawn(found), found.acts) == ("0- 1000+ 9000e", ())


def test_only_an_act_that_would_have_kept_it_in_force_casts_a_doubt() -> None:
    late = course(LICENCE, [act("extended", 9001, 12000)])
    assert [late.is_doubted(at) for at in (9000, 9001, 11999, 12000)] == [False, True, True, False]
    assert not course(LICENCE, [act("resumed", 3000)]).is_doubted(9500)


def test_sites_change_and_the_licence_goes_on() -> None:
    found = course(LICENCE, [act("sites", 4000, sites=("b", "c"))])
    assert found.sites == {"a", "b", "c"}
    assert [found.at(at).allows("a") for at in (3999, 4000)] == [True, False]
    assert found.since(5000) == BEGINS
    assert (found.since(5000, "a"), found.since(5000, "b")) == (4000, BEGINS)
    assert found.last_allowed_until("a", 5000) == 4000


_ACTS = st.lists(
    st.builds(
        act,
        st.sampled_from(["suspended", "resumed", "revoked", "extended"]),
        st.integers(0, 12_000),
        st.integers(1, 15_000),
    ),
    max_size=6,
    unique_by=lambda each: each.key,
)


@given(_ACTS, st.randoms(use_true_random=False), st.integers(0, 16_000))
def test_the_order_in_which_acts_come_does_not_matter(
    acts: list[LicenceAct], shuffle: Any, at_ms: int
) -> None:
    found = course(LICENCE, acts)
    mixed = list(acts)
    shuffle.shuffle(mixed)
    assert course(LICENCE, mixed) == found
    ends = [span.end_ms for span in found.spans]
    assert [0, *ends[:-1]] == [span.start_ms for span in found.spans]
    assert ends[-1] is None
    span = found.at(at_ms)
    assert span.start_ms <= at_ms < (span.end_ms or at_ms + 1)
    assert found.at(found.since(at_ms)).state is span.state


# --- days, in Astana


@pytest.mark.parametrize(
    ("day", "ends"),
    [
        (date(2023, 12, 31), "2024-01-01T00:00+06:00"),
        (date(2024, 2, 28), "2024-02-29T00:00+06:00"),
        (date(2024, 2, 29), "2024-03-01T00:00+05:00"),  # a leap day, of 25 hours
        (date(2024, 3, 1), "2024-03-02T00:00+05:00"),
        (date(2028, 2, 29), "2028-03-01T00:00+05:00"),
    ],
)
def test_valid_through_a_day_ends_when_the_next_begins(day: date, ends: str) -> None:
    assert day_end_ms(day) == moment(ends)
    assert astana(day_end_ms(day) - 1).date() == day
    assert astana(day_end_ms(day)).date() != day


@pytest.mark.parametrize(
    ("ends", "days", "warned"),
    [
        ("2024-03-15T00:00+05:00", 7, "2024-03-08T00:00+05:00"),
        ("2024-03-15T00:00+05:00", 30, "2024-02-14T00:00+06:00"),
        ("2024-03-01T00:00+05:00", 1, "2024-02-29T00:00+06:00"),
        ("2026-11-24T00:00+05:00", 90, "2026-08-26T00:00+05:00"),
    ],
)
def test_days_before_are_days_of_the_calendar(ends: str, days: int, warned: str) -> None:
    assert days_before(moment(ends), days) == moment(warned)
