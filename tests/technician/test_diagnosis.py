"""What the doctor makes of the facts that a board tells: the worst first, nothing hidden."""

from typing import Any

import pytest

from technician.diagnosis import diagnose

NOW_MS = 1_795_000_000_000
WELL: dict[str, Any] = {
    "application": {"version": "0.1.0", "slot_state": None},
    "settings": {"faults": [], "waits": False},
    "clock": {"now_ms": NOW_MS, "known": True},
    "journal": {
        "pending": [0, 0],
        "erasures": 1,
        "pressure": 0,
        "fresh": False,
        "dropped": [False, False],
        "failed_starts": 0,
        "refused": "",
    },
    "key": {"retired": None},
    "network": {"up": True, "signal_dbm": -60, "brokers": [], "certificates": {}},
    "configuration": {},
    "meters": [[0, "26010001", 23, 23, ""]],
}


def test_of_a_board_that_is_well_nothing_is_found() -> None:
    assert diagnose(WELL, [], NOW_MS) == []


@pytest.mark.parametrize(
    ("part", "said", "found"),
    [
        ("application", {"slot_state": 3}, "on_trial"),
        ("settings", {"faults": ["root.pub was damaged"]}, "setting_damaged"),
        ("settings", {"waits": True}, "configuration_waits"),
        ("clock", {"known": False}, "clock_not_set"),
        ("clock", {"now_ms": NOW_MS - 61_000}, "clock_differs"),
        ("journal", {"pending": [1, 0]}, "frames_wait"),
        ("journal", {"pressure": 1}, "room_short"),
        ("journal", {"erasures": 90_000}, "flash_worn"),
        ("journal", {"fresh": True}, "journal_new"),
        ("journal", {"dropped": [False, True]}, "frames_gone"),
        ("journal", {"refused": "version 1"}, "configuration_refused"),
        ("key", {"retired": "the site closes"}, "retired"),
        ("network", {"up": False}, "network_down"),
        ("network", {"signal_dbm": -85}, "radio_weak"),
        ("network", {"certificates": {"ca.der": "00"}}, "not_provisioned"),
    ],
)
def test_each_ailment_is_found(part: str, said: dict[str, Any], found: str) -> None:
    facts = WELL | {part: WELL[part] | said}
    assert [each.id for each in diagnose(facts, [], NOW_MS)] == [found]


def test_the_worst_comes_first() -> None:
    facts = WELL | {
        "network": WELL["network"] | {"up": False},
        "key": {"why": "identity record damaged"},
        "configuration": None,
        "meters": None,
    }
    assert [each.id for each in diagnose(facts, [], NOW_MS)] == ["no_look", "network_down"]
