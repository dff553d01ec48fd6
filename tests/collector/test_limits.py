"""What the wiring of a meter can carry."""

from fractions import Fraction

import pytest

from collector.model.limits import greatest_current_a, greatest_power_w
from collector.registry.profiles import load_profile


@pytest.mark.parametrize(
    ("profile", "ct", "most_a"),
    [
        ("schneider-pm5560", (2000, 1), 2400),  # 10 A at its terminals would be 20 kA
        ("schneider-pm5560", (2000, 5), 2400),
        ("schneider-pm5560", (400, 1), 480),  # another transformer than 2000/5
        ("siemens-pac3200", (2000, 5), 2000),  # 5 A at its terminals
        ("schneider-pm5560", (1, 1), 10),  # no transformer
        ("schneider-pm5560", (5, 5), 10),
        ("carlo-gavazzi-em340", (1, 1), 65),
    ],
)
def test_a_current_is_held_against_the_terminals_and_the_transformer(
    profile: str, ct: tuple[int, int], most_a: int
) -> None:
    found = load_profile(profile)
    assert greatest_current_a(found, ct) == most_a
    assert greatest_power_w(found, ct, Fraction(100)) == 2 * 12_000 * most_a
