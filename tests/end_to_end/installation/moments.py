"""Random moments that can be had again."""

import os
from random import Random
from secrets import randbelow


def random_moments() -> Random:
    """Prints its seed, which a failing test shows."""
    seed = int(os.environ.get("ESEP_FAULT_SEED", "") or randbelow(2**32))
    print(f"again with: ESEP_FAULT_SEED={seed}")
    return Random(seed)
