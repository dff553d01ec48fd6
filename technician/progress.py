"""What a person sees while a board is written: on standard error, the result stands alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from technician.esptool_program import Piece

Said = Callable[[str], None]


class Bar:
    """How much of the pieces is right; `reached` is told addresses as esptool names them."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._task: Any = None
        self._pieces: list[Piece] = []

    def begin(self, pieces: list[Piece]) -> None:
        self._pieces = pieces
        if self._progress is not None:
            total = sum(len(piece.content) for piece in pieces)
            self._task = self._progress.add_task(pieces[0].what, total=total)

    def reached(self, address: int) -> None:
        before = 0
        for piece in self._pieces:
            if piece.offset <= address <= piece.end:
                self._show(before + address - piece.offset, piece.what)
                return
            before += len(piece.content)

    def end(self) -> None:
        self._show(sum(len(piece.content) for piece in self._pieces), "written")

    def _show(self, count: int, what: str) -> None:
        if self._progress is not None:
            self._progress.update(self._task, completed=count, description=what)


@contextmanager
def shown(*, quiet: bool) -> Iterator[tuple[Said, Bar]]:
    if quiet:
        yield (lambda _: None), Bar(None)
        return
    columns = (
        TextColumn("{task.description:26}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield (lambda text: progress.console.print(f"{text} …")), Bar(progress)
