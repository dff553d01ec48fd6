"""The board, made at most twice a second however many watch it."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable

from fastapi.sse import ServerSentEvent

PERIOD_S = 1.0
_SHARED_S = 0.5


class Live:
    """`render` makes the fragment; it is called in a worker thread."""

    def __init__(self, render: Callable[[], str]) -> None:
        self._render = render
        self._lock = threading.Lock()
        self._made = 0.0
        self._fragment = ""

    def fragment(self) -> str:
        with self._lock:
            now = time.monotonic()
            if not self._fragment or now - self._made >= _SHARED_S:
                self._fragment = self._render()
                self._made = now
            return self._fragment

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """`board` with the fragment when it has changed, else `beat`, every second.

        A beat means that the board was read again and is the same; without either the page
        says that there is no news.
        """
        shown = ""
        while True:
            fragment = await asyncio.to_thread(self.fragment)
            if fragment != shown:
                shown = fragment
                yield ServerSentEvent(raw_data=fragment, event="board")
            else:
                yield ServerSentEvent(raw_data="", event="beat")
            await asyncio.sleep(PERIOD_S)
