"""What the auditor counts of a certificate's meters."""

from typing import Any

import pytest

from auditor import measured
from auditor.exhibits import Evidence

RULES: dict[str, Any] = {
    "settle_s": "3",
    "before_window_s": 60,
    "min_samples": 3,
    "full_permille": 900,
    "partial_permille": 200,
    "drop": {"hysteresis_permille": 50},
}
PART: dict[str, Any] = {
    "stages": [1],
    "commands": [{"action": "open", "issued_ms": 60_000}],
    "duration": {"opened_ms": 61_000},
}
SAID: dict[str, Any] = {
    "result": "full",
    "before_ms": [0, 60_000],
    "after_ms": [64_000, 90_000],
    "meters": [
        {"point": "delivery", "before": [300.0] * 3, "after": [200.0] * 3},
        {"point": 1, "before": [100.0] * 3, "after": [0.0] * 3},
        {"point": 2, "before": [50.0] * 3, "after": []},
    ],
    "stages": [{"stage": 1, "before_w": 100.0, "after_w": 0.0}],
    "stage_before_w": 100.0,
    "stage_after_w": 0.0,
    "site_before_w": 300.0,
    "site_after_w": 200.0,
    "boundary_drop_w": 100.0,
    "credited_w": 100.0,
}


def test_a_meter_of_another_stage_that_is_silent_on_one_side_counts_on_neither(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def samples(_path: str, name: str, _said: Any, meter: Any, *_: Any) -> list[float]:
        powers: list[float] = meter[name]
        return powers

    monkeypatch.setattr(measured, "_samples", samples)
    measured.judge_measured("m", SAID, PART, {"rules": RULES}, Evidence.__new__(Evidence))
