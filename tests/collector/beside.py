"""Another process's transaction, as far as the database can tell: a thread with its own engine."""

import threading
from collections.abc import Callable
from typing import Any

PATIENCE_S = 30
GLANCE_S = 0.3


class Worker:
    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self.done = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # told by `wait`
            self.error = error
        self.done.set()

    def wait(self) -> None:
        assert self.done.wait(PATIENCE_S), "it still waits"
        if self.error is not None:
            raise self.error
