"""The board, read and made at most twice a second however many watch it."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable

from fastapi.sse import ServerSentEvent

from collector.web.view_model import Board

PERIOD_S = 1.0
_SHARED_S = 0.5


class Live:
    """`read` and `render`, which makes the fragment of a language, are called in a worker thread.

    All share the board that was read, and all of one language its fragment, which is made only if
    somebody watches it.
    """

    def __init__(self, read: Callable[[], Board], render: Callable[[Board, str], str]) -> None:
        self._read = read
        self._render = render
        self._lock = threading.Lock()
        self._last: tuple[float, Board] | None = None
        self._fragments: dict[str, str] = {}

    def fragment(self, language: str) -> str:
        with self._lock:
            now = time.monotonic()
            if self._last is None or now - self._last[0] >= _SHARED_S:
                self._last = now, self._read()
                self._fragments = {}
            if language not in self._fragments:
                self._fragments[language] = self._render(self._last[1], language)
            return self._fragments[language]

    async def events(self, language: str) -> AsyncIterator[ServerSentEvent]:
        """`board` with the fragment when it has changed, else `beat`, every second.

        A beat means that the board was read again and is the same; without either the page
        says that there is no news.
        """
        shown = ""
        while True:
            fragment = await asyncio.to_thread(self.fragment, language)
            if fragment != shown:
                shown = fragment
                yield ServerSentEvent(raw_data=fragment, event="board")
            else:
                yield ServerSentEvent(raw_data="", event="beat")
            await asyncio.sleep(PERIOD_S)
