"""A collector that is killed, a broker, and gateways that are honest."""

import sys
from pathlib import Path

_TESTS = Path(__file__).parents[1]
for room in ("collector", "firmware"):
    sys.path.insert(0, str(_TESTS / room))
