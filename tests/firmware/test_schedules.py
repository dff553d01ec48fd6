"""The gateway takes schedules as tests/vectors say, and knows what they allow when."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import pytest

CONTENT = json.loads((Path(__file__).parents[1] / "vectors/schedules.json").read_text())
CONTEXT = CONTENT["context"]
HOUR_MS = 3_600_000
FIRST_MS = 1_800_000_000_000
LIMIT, DEFAULT, FAIL_SAFE = [5_000_000, 6_000_000], [0, 0], [200_000, 250_000]

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def ask(start_device: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Ask:
    directory = tmp_path_factory.mktemp("schedules")
    message = directory / "message"
    device = start_device("schedules", str(directory / "flash"), str(message))
    device.ask("trust_in", CONTEXT["root_x"] + CONTEXT["root_y"])

    def asking(request: str, *arguments: Any, about: Any = None) -> Any:
        if about:
            message.write_bytes(bytes.fromhex(about["message"]))
        return device.ask(request, *arguments)

    return asking


def serial_of(vector: Any) -> int:
    body = cbor2.loads(cbor2.loads(bytes.fromhex(vector["message"])).value[2])
    return int(body[2])


def named(name: str) -> Any:
    return next(vector for vector in CONTENT["vectors"] if vector["name"] == name)


@pytest.mark.parametrize("vector", CONTENT["vectors"], ids=lambda vector: vector["name"])
def test_a_schedule_is_judged_as_written_down(ask: Ask, vector: Any) -> None:
    context = CONTEXT | vector.get("context", {})
    ask("begin", context)
    verdict, serial = ask("take", context["held"], about=vector)
    assert verdict == vector["expect"]
    assert serial == (serial_of(vector) if verdict == "ok" else None)
    again = vector.get("again", vector["expect"])
    assert ask("take", serial or context["held"], about=vector) == [again, serial]


def allowed(ask: Ask, name: str, *ranges: tuple[float, float | None]) -> Any:
    """Of the vector, in ranges of hours since the first period began."""
    ask("begin", CONTEXT)
    assert ask("take", 0, about=named(name))[0] == "ok"
    in_ms = [
        [FIRST_MS + round(earliest * HOUR_MS), latest and FIRST_MS + round(latest * HOUR_MS)]
        for earliest, latest in ranges
    ]
    return ask("limits", in_ms)


def test_each_hour_has_its_limit_until_the_cut_off_and_the_default_then(ask: Ask) -> None:
    """40 hours have a value, of 48; the cut-off is after 40, the expiry after 48."""
    assert allowed(ask, "observe", (0, 0), (39.9, 39.9), (40, 40), (47.5, 47.5)) == [
        LIMIT,
        LIMIT,
        DEFAULT,
        DEFAULT,
    ]


def test_before_the_first_hour_the_default_holds(ask: Ask) -> None:
    assert allowed(ask, "observe", (-1, -1)) == [DEFAULT]


def test_past_its_expiry_it_allows_what_the_fail_safe_does(ask: Ask) -> None:
    assert allowed(ask, "observe", (48, 48), (5000, 5000)) == [FAIL_SAFE, FAIL_SAFE]


def test_of_all_hours_that_now_may_be_the_lowest_holds(ask: Ask) -> None:
    """Also past the cut-off and the expiry, as far as they are within the error."""
    ranges: list[tuple[float, float | None]] = [(39.99, 40.01), (38, 39.99), (47.99, 48.01)]
    found = allowed(ask, "observe", *ranges)
    assert found[0] == DEFAULT
    assert found[2] == DEFAULT
    assert found[1] == [LIMIT[0], min(LIMIT)]  # more than an hour of doubt


def test_a_clock_that_nobody_knows_leaves_the_lowest_of_all_that_may_come(ask: Ask) -> None:
    assert allowed(ask, "observe", (0, None), (48.5, None)) == [DEFAULT, [200_000, 200_000]]


def test_where_the_hour_is_in_doubt_the_power_is_the_hours_average(ask: Ask) -> None:
    """However the hours lie, none of them comes to more."""
    assert allowed(ask, "observe", (3, 4.5)) == [[5_000_000, 5_000_000]]


def test_in_an_emergency_its_limit_holds_where_it_is_lower(ask: Ask) -> None:
    """From the second hour on, for two."""
    low = [1_000_000, 1_200_000]
    found = allowed(ask, "emergency", (0.9, 0.9), (1, 1), (2.99, 2.99), (3, 3), (0.99, 1.01))
    assert found == [LIMIT, low, low, LIMIT, low]
    assert allowed(ask, "emergency", (40.5, 40.5)) == [DEFAULT]
