"""The followers of a running collector, each a thread: one that fails holds up no other."""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sqlalchemy import Engine

from collector.cli.guarding import guarded
from collector.ledger.followers import Follower, Stride, advance, stride
from collector.storage.leadership import Duties

_TICK_S = 0.1
_YIELD_S = 1.0
_LET_S = 0.02
"""Who writes one thing after another lets others in between."""
_MANY = 200
"""Frames in a tick: with more the patient could not keep up, and would only slow the intake."""

Work = Callable[[], bool]
"""Whether there was any."""


class Following:
    """`urgent` ones feed receipts and orders: the `patient` wait until they have caught up, or a
    second. `then` is what else has to be done behind a follower, by its name.
    """

    def __init__(
        self,
        engine: Engine,
        duties: Duties,
        urgent: Sequence[Follower],
        patient: Sequence[Follower],
        then: Mapping[str, Work],
    ) -> None:
        self._engine = engine
        self._duties = duties
        self.names = [follower.name for follower in (*urgent, *patient)]
        self._then = then
        self._finishing = threading.Event()
        self._caught_up = threading.Event()
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._threads = [
            threading.Thread(target=self._run, args=(each, each in urgent), name=each.name)
            for each in (*urgent, *patient)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Let each follow what is in the ledger, and end."""
        self._finishing.set()
        for thread in self._threads:
            thread.join()

    def _run(self, follower: Follower, is_urgent: bool) -> None:
        paced = Stride()
        step = partial(stride, self._engine, follower, paced)
        then = self._then.get(follower.name)
        while not self._finishing.is_set():
            if not is_urgent:
                self._caught_up.wait(_YIELD_S)
            if not self._duties.has(follower.name):
                self._finishing.wait(_TICK_S)
                continue
            moved = guarded(follower.name, step) or 0
            is_busy = moved > 0 and paced.is_behind
            if then is not None and guarded(follower.name, then):
                is_busy = True
                self._finishing.wait(_LET_S)
            if is_urgent:
                self._tell(follower.name, is_busy or moved > _MANY)
            if not is_busy:  # few frames together are less work than each alone
                self._finishing.wait(_TICK_S)
        rest = partial(advance, self._engine, follower)
        while self._duties.has(follower.name) and guarded(follower.name, rest):
            pass

    def _tell(self, name: str, is_busy: bool) -> None:
        with self._lock:
            (self._busy.add if is_busy else self._busy.discard)(name)
            (self._caught_up.clear if self._busy else self._caught_up.set)()
