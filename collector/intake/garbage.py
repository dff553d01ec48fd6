"""How often Python looks for circles of objects in a process that runs for long."""

import gc

_YOUNG, _MIDDLE, _OLD = 50_000, 20, 50


def collect_seldom() -> None:
    """Once what stays is loaded. A batch is thousands of objects and no circle: by default all of
    them, and all that stays, would be looked through several times a batch.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
