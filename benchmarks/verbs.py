"""Verbs of `esep` in one process: an interpreter's start is no part of an order."""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType

_RUN = """
import contextlib, io, json, sys
from esep.main import command
for line in sys.stdin:
    said, asked = io.StringIO(), json.loads(line)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(sys.__stderr__):
            code = command(asked[0])(asked, standalone_mode=False) or 0
    except BaseException as error:
        code, _ = 1, said.write(repr(error))
    print(json.dumps([code, said.getvalue()]), flush=True)
"""


class Verbs:
    """`with Verbs() as verbs: verbs("curtail", "list", folder)`."""

    def __enter__(self) -> "Verbs":
        self._process = subprocess.Popen(
            [sys.executable, "-c", _RUN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self

    def __call__(self, *arguments: str | Path) -> str:
        """What it printed; RuntimeError with that when it fails."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([*map(str, arguments)]) + "\n")
        self._process.stdin.flush()
        code, said = json.loads(self._process.stdout.readline())
        if code:
            raise RuntimeError(f"esep {' '.join(map(str, arguments))}: {said}")
        return str(said)

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
