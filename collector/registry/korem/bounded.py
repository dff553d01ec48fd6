"""Reads a PDF in a process of its own: what it does there harms nobody."""

import subprocess
import sys

from collector.registry.korem import pages
from collector.registry.korem.errors import ResultError
from collector.registry.korem.pages import Page

BYTES_MAX = 20 << 20
_TIMEOUT_S = 2 * pages.CPU_S_MAX
_PROGRAM = pages.__name__.rpartition(".")[0]


def pages_of(content: bytes) -> list[Page]:
    """The pages of a PDF; raises ResultError."""
    if len(content) > BYTES_MAX:
        raise ResultError(
            f"it has {len(content) >> 20} MiB; a daily result has at most {BYTES_MAX >> 20}"
        )
    if b"%PDF-" not in content[:1024]:
        raise ResultError("it is no PDF; the daily result is published as one")
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", _PROGRAM],
            input=content,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _trap() from None
    if done.returncode == pages.REFUSED:
        raise ResultError(done.stdout.decode(errors="replace"))
    if done.returncode:
        raise _trap()
    return pages.load(done.stdout.decode())


def _trap() -> ResultError:
    return ResultError(
        f"reading it takes more than {pages.CPU_S_MAX} s or {pages.MEMORY_MAX >> 20} MiB, as no"
        " daily result does; it is damaged, or made to do harm: download it again"
    )
